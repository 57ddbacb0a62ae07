"""HPatches (Balntas et al., 2017): its three tasks, verification, matching and retrieval.

Each is scored by a mean average precision. The structure of patches and descriptors, and what a
level is, stands in `solar.local.hpatches_files`, whose loaders are found here too.

Book: chapter 11 (a local descriptor).
"""

from collections.abc import Sequence

import numpy as np
import pandas
from numpy.typing import ArrayLike

from ..search.protocol import average_precision
from .hpatches_files import (
    HPATCHES_KINDS,
    PATCH,
    HPatches,
    HPatchesTasks,
    load_hpatches,
    load_hpatches_tasks,
    load_sequences,
)
from .metrics import Describe, area

__all__ = [
    "HPATCHES_KINDS",
    "POOLS",
    "HPatches",
    "HPatchesTasks",
    "describe_hpatches",
    "draw_hpatches_tasks",
    "load_hpatches",
    "load_hpatches_tasks",
    "load_sequences",
    "matching",
    "retrieval",
    "verification",
]

# sizes of the pools of retrieval: five copies among so many patches
POOLS = (100, 500, 1000, 5000, 10_000, 15_000, 20_000)


def draw_hpatches_tasks(
    sizes: dict[str, int],
    rng: np.random.Generator,
    pairs: int = 10_000,
    queries: int = 1000,
    distractors: int = 5000,
) -> HPatchesTasks:
    """Draw lists at random, for patches that have no published ones.

    Args:
        sizes: sequence -> number of its patches (two or more).
        rng: NumPy's generator of random numbers.
        pairs: number of pairs of each kind.
        queries: largest number of queries.
        distractors: largest number of distractors; a query is never a distractor.

    Raises:
        ValueError: fewer than two sequences, or one with fewer than two patches.
    """
    # sequences are drawn by number
    names = np.array(list(sizes))
    counts = np.array(list(sizes.values()))
    if len(names) < 2 or counts.min() < 2:
        raise ValueError(
            f"sequences of {sizes} patches: expected two sequences or more, of two patches or more"
        )

    # pairs of patches by number: a sequence and another one, two of the six images, a patch of the
    # sequence, another patch of it, and a patch of the other sequence
    one = rng.integers(len(names), size=pairs)
    other = (one + rng.integers(1, len(names), size=pairs)) % len(names)
    images = rng.random((pairs, 6)).argsort(1)[:, :2]
    number = rng.integers(counts[one])
    stranger = (number + rng.integers(1, counts[one])) % counts[one]  # never `number` itself
    elsewhere = rng.integers(counts[other])

    # all kinds of pairs begin with the same patches
    first = dict(s1=names[one], t1=images[:, 0], idx1=number)
    right = dict(s2=names[one], t2=images[:, 1], idx2=number)
    intra = dict(s2=names[one], t2=images[:, 1], idx2=stranger)
    inter = dict(s2=names[other], t2=images[:, 1], idx2=elsewhere)

    # patches of the references: shuffled, then dealt out
    every = [(name, number) for name, count in sizes.items() for number in range(count)]
    order = rng.permutation(len(every))
    shuffled = pandas.DataFrame(every, columns=PATCH).iloc[order].reset_index(drop=True)
    rest = shuffled[queries : queries + distractors]
    return HPatchesTasks(
        right=pandas.DataFrame(first | right),
        intra=pandas.DataFrame(first | intra),
        inter=pandas.DataFrame(first | inter),
        queries=shuffled[:queries],
        distractors=rest.reset_index(drop=True),
    )


def describe_hpatches(describe: Describe, patches: HPatches) -> HPatches:
    """Put descriptors (N, D) in place of the patches of `load_hpatches`."""
    return {
        name: {kind: describe(column) for kind, column in files.items()}
        for name, files in patches.items()
    }


def verification(
    descriptors: HPatches, level: str, tasks: HPatchesTasks, imbalance: int = 5
) -> dict[str, float]:
    """Score the question whether two patches show one point.

    All wrong pairs of a list count, and as many right ones from the beginning of theirs as the
    balance asks for.

    Args:
        descriptors: as `describe_hpatches` returns them.
        level: 'e', 'h' or 't'.
        tasks: the lists.
        imbalance: wrong pairs per right pair.

    Returns:
        AP (0..1) with wrong pairs from one sequence ('intra') and from two ('inter').

    Raises:
        KeyError: the lists name a sequence that `descriptors` lacks.
        IndexError: the lists name a patch that its sequence lacks.
    """
    table = _Table(descriptors, level)
    right = table.distances(tasks.right)  # (M,)
    scores = {}
    for kind, pairs in (("intra", tasks.intra), ("inter", tasks.inter)):
        # as many right pairs as the balance asks for
        wrong = table.distances(pairs)
        some = right[: len(wrong) // imbalance]

        # one list of both: the wrong ones come first in it, and so win ties
        distances = np.concatenate([wrong, some])
        scores[kind] = area(distances, np.arange(len(distances)) >= len(wrong))
    return scores


def matching(descriptors: HPatches, level: str) -> float:
    """Score matching: every patch of a reference looks for its nearest in another image.

    Args:
        descriptors: as `describe_hpatches` returns them.
        level: 'e', 'h' or 't'.

    Returns:
        Mean AP (0..1) over pairs of images of one sequence.
    """
    scores = []
    for files in descriptors.values():
        for number in range(1, 6):
            # each patch of the reference takes the most similar one of the other image
            similar = files["ref"] @ files[f"{level}{number}"].T  # (N, N)
            nearest = similar.argmax(1)
            right = nearest == np.arange(len(nearest))

            # the list of these matches, the most similar first; all N could have been right
            scores.append(area(-similar.max(1), right, len(nearest)))
    return float(np.mean(scores))


def retrieval(
    descriptors: HPatches, level: str, tasks: HPatchesTasks, pools: Sequence[int] = POOLS
) -> dict[int, float]:
    """Score retrieval: a reference patch looks for its five copies among other patches.

    A pool holds the five copies, and the first distractors of the list that come from other
    sequences. Published tables give the mean over all pools.

    Args:
        descriptors: as `describe_hpatches` returns them.
        level: 'e', 'h' or 't'.
        tasks: the lists.
        pools: sizes of pools; those beyond the list are left out.

    Returns:
        Size of the pool -> mean AP (0..1) over queries.

    Raises:
        KeyError: the lists name a sequence that `descriptors` lacks.
        IndexError: the lists name a patch that its sequence lacks.
    """
    table = _Table(descriptors, level)

    # the distractors are the same for all queries, but for those of the query's own sequence
    pools = [size for size in pools if 5 < size <= len(tasks.distractors) + 5]
    homes = tasks.distractors["s"].to_numpy()
    strangers = table.at(homes, 0, tasks.distractors["idx"])  # (M, D)
    scores = {size: [] for size in pools}
    for name, number in tasks.queries.itertuples(index=False):
        # distances to the five copies, and to the distractors of other sequences
        query = table.at([name], 0, number)[0]  # (D,)
        copies = table.at([name] * 5, np.arange(1, 6), number)  # (5, D)
        copy_distances = np.sort(np.linalg.norm(copies - query, axis=1))
        other_distances = np.linalg.norm(strangers[homes != name] - query, axis=1)

        # ranks by counting: a distractor as near as a copy stands behind it
        for size in pools:
            nearer = np.searchsorted(np.sort(other_distances[: size - 5]), copy_distances)
            scores[size].append(average_precision(nearer + np.arange(5)))
    return {size: float(np.mean(each)) for size, each in scores.items()}


class _Table:
    """All descriptors of one level as one matrix: a list of a million patches is one look-up."""

    def __init__(self, descriptors: HPatches, level: str):
        kinds = ["ref", *(f"{level}{number}" for number in range(1, 6))]
        parts = [files[kind] for files in descriptors.values() for kind in kinds]
        self.matrix = np.concatenate(parts)

        # patches per image of each sequence, and the row where its six images begin
        self.size = pandas.Series({name: len(files["ref"]) for name, files in descriptors.items()})
        self.first = (6 * self.size).cumsum() - 6 * self.size

    def at(self, sequences: ArrayLike, images: ArrayLike, numbers: ArrayLike) -> np.ndarray:
        """Return the descriptors (n, D) of patches; image 0 is the reference."""
        size = self.size.loc[sequences].to_numpy()
        first = self.first.loc[sequences].to_numpy()
        images = np.asarray(images)
        numbers = np.asarray(numbers)

        # a wrong number would silently give a patch of another image or sequence
        if ((numbers < 0) | (numbers >= size) | (images < 0) | (images > 5)).any():
            raise IndexError(
                "the lists name a patch that its sequence does not have: are they of this release?"
            )
        return self.matrix[first + images * size + numbers]

    def distances(self, pairs: pandas.DataFrame, chunk: int = 50_000) -> np.ndarray:
        """Return the Euclidean distances (M,) of pairs, by chunks to save memory."""
        parts = [np.zeros(0)]
        for start in range(0, len(pairs), chunk):
            part = pairs.iloc[start : start + chunk]
            a = self.at(part["s1"], part["t1"], part["idx1"])  # (n, D)
            b = self.at(part["s2"], part["t2"], part["idx2"])
            parts.append(np.linalg.norm(a - b, axis=1))
        return np.concatenate(parts)
