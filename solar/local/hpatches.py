"""HPatches' three tasks (Balntas et al., 2017): verification, matching and retrieval of patches,
each a mean AP.

What is described has the structure of `load_hpatches`: sequence -> 'ref', 'e1' ... 't5' -> rows (N,
D). A level is 'e' (easy), 'h' (hard) or 't' (tough): how much the patches of the five other images
are shaken.
"""

import numpy as np
import pandas

from ..datasets import HPATCHES_KINDS, HPatchesTasks
from ..search.protocol import average_precision
from .metrics import Describe, area

HPatches = dict[str, dict[str, np.ndarray]]
POOLS = (
    100,
    500,
    1000,
    5000,
    10_000,
    15_000,
    20_000,
)  # of retrieval: five copies among so many patches


def describe_hpatches(describe: Describe, data: HPatches) -> HPatches:
    """Descriptors in place of the patches of `load_hpatches`."""
    return {
        name: {kind: describe(patches) for kind, patches in files.items()}
        for name, files in data.items()
    }


def verification(
    found: HPatches, level: str, tasks: HPatchesTasks, imbalance: int = 5
) -> dict[str, float]:
    """Do two patches show one point? AP (0..1) over one right pair to `imbalance` wrong ones.

    Wrong pairs come from one sequence ('intra') or from two ('inter'). All wrong pairs of the list
    count, and as many right ones from its beginning as the balance asks for.

    Raises:
        KeyError, IndexError: the lists name a sequence or a patch that `found` lacks.
    """
    rows = _Rows(found, level)
    right, scores = rows.distances(tasks.right), {}
    for kind, pairs in (("intra", tasks.intra), ("inter", tasks.inter)):
        wrong = rows.distances(pairs)
        some = right[: len(wrong) // imbalance]
        scores[kind] = area(
            np.concatenate([wrong, some]), np.arange(len(wrong) + len(some)) >= len(wrong)
        )
    return scores


def matching(found: HPatches, level: str) -> float:
    """Every patch of a reference looks for its nearest in another image of its sequence: mean AP
    over image pairs.
    """
    scores = []
    for files in found.values():
        for kind in (kind for kind in HPATCHES_KINDS if kind[0] == level):
            similar = files["ref"] @ files[kind].T  # (N, N)
            nearest = similar.argmax(1)
            scores.append(area(-similar.max(1), nearest == np.arange(len(nearest)), len(nearest)))
    return float(np.mean(scores))


def retrieval(found: HPatches, level: str, tasks: HPatchesTasks, pools=POOLS) -> dict[int, float]:
    """A reference patch looks for its five copies among the references of other sequences: pool
    size -> mean AP.

    A pool holds the five copies and the first distractors of the list that come from other
    sequences. Published tables give the mean over all pools. Sizes beyond the list are left out.
    """
    rows = _Rows(found, level)
    pools = [size for size in pools if 5 < size <= len(tasks.distractors) + 5]
    strangers = rows.at(tasks.distractors["s"], 0, tasks.distractors["idx"])  # (M, D)
    home = tasks.distractors["s"].to_numpy()
    scores = {size: [] for size in pools}
    for name, number in tasks.queries.itertuples(index=False):
        query = rows.at([name], 0, number)[0]
        copies = np.sort(
            np.linalg.norm(rows.at([name] * 5, np.arange(1, 6), number) - query, axis=1)
        )
        others = np.linalg.norm(strangers[home != name] - query, axis=1)
        for size in pools:  # ranks by counting; a stranger as near as a copy stands behind it
            above = np.searchsorted(np.sort(others[: size - 5]), copies)
            scores[size].append(average_precision(above + np.arange(5)))
    return {size: float(np.mean(each)) for size, each in scores.items()}


class _Rows:
    """All descriptors of one level as one matrix, so that a list of a million patches is one
    look-up.
    """

    def __init__(self, found: HPatches, level: str):
        kinds = ["ref", *(kind for kind in HPATCHES_KINDS if kind[0] == level)]
        self.matrix = np.concatenate([files[kind] for files in found.values() for kind in kinds])
        self.size = pandas.Series({name: len(files["ref"]) for name, files in found.items()})
        self.first = (6 * self.size).cumsum() - 6 * self.size

    def at(self, sequences, images, numbers) -> np.ndarray:
        """Descriptors (n, D) of patches; image 0 is the reference."""
        size, first = (table.loc[sequences].to_numpy() for table in (self.size, self.first))
        images, numbers = np.asarray(images), np.asarray(numbers)
        if ((numbers < 0) | (numbers >= size) | (images < 0) | (images > 5)).any():
            raise IndexError(
                "the lists name a patch that its sequence does not have: are they of this release?"
            )
        return self.matrix[first + images * size + numbers]

    def distances(self, pairs: pandas.DataFrame, chunk: int = 50_000) -> np.ndarray:
        """Euclidean distances of pairs (M, 6)."""
        found = []
        for start in range(0, len(pairs), chunk):
            part = pairs.iloc[start : start + chunk]
            a, b = (self.at(part[f"s{i}"], part[f"t{i}"], part[f"idx{i}"]) for i in "12")
            found.append(np.linalg.norm(a - b, axis=1))
        return np.concatenate([np.zeros(0), *found])
