"""HPatches (Balntas et al., 2017): its files, and its three tasks.

Verification, matching and retrieval of patches are each scored by a mean average precision. What is
described has the structure of `load_hpatches`: sequence -> 'ref', 'e1' ... 't5' -> rows (N, D). A
level is 'e' (easy), 'h' (hard) or 't' (tough): how much the patches of the five other images are
displaced.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas

from ..search.protocol import average_precision
from .metrics import Describe, area

HPATCHES_KINDS = tuple(
    f"{kind}{i}" for kind in "eht" for i in range(1, 6)
)  # easy, hard, tough: of the five other images
PAIR, PATCH = ["s1", "t1", "idx1", "s2", "t2", "idx2"], ["s", "idx"]  # columns of the lists


@dataclass(frozen=True)
class HPatchesTasks:
    """What verification and retrieval compare, as tables in the published lists' columns.

    Attributes:
        right, intra, inter: pairs s1, t1, idx1, s2, t2, idx2 of patches of one point, of two points
            of one sequence, of two sequences. A patch is its sequence s, its image t (0 is the
            reference, 1..5 the others) and its number.
        queries, distractors: patches s, idx of the references.
    """

    right: pandas.DataFrame
    intra: pandas.DataFrame
    inter: pandas.DataFrame
    queries: pandas.DataFrame
    distractors: pandas.DataFrame


def load_hpatches_tasks(folder: str | Path, split: str = "full") -> HPatchesTasks:
    """The published lists of a split ('a', 'b', 'c', 'view', 'illum', 'full'): folder `tasks` of
    hpatches-benchmark.

    Raises:
        FileNotFoundError: a list is not there.
        ValueError: a list without the expected columns, or with other than whole numbers in them.
    """
    lists = {f"verif_{kind}": PAIR for kind in ("pos", "neg_intra", "neg_inter")}
    lists |= {f"retr_{kind}": PATCH for kind in ("queries", "distractors")}
    return HPatchesTasks(
        *(_table(Path(folder) / f"{n}_split-{split}.csv", columns) for n, columns in lists.items())
    )


def draw_hpatches_tasks(
    sizes: dict[str, int], rng, pairs: int = 10_000, queries: int = 1000, distractors: int = 5000
) -> HPatchesTasks:
    """Lists drawn at random, for patches that have no published ones.

    Args:
        sizes: sequence -> number of its patches (two or more).  pairs: of each kind.  queries,
            distractors: at most so many; a query is never a distractor.

    Raises:
        ValueError: fewer than two sequences, or one with fewer than two patches.
    """
    names, counts = np.array(list(sizes)), np.array(list(sizes.values()))
    if len(names) < 2 or counts.min() < 2:
        raise ValueError(
            f"sequences of {sizes} patches: expected two sequences or more, of two patches or more"
        )
    one = rng.integers(len(names), size=pairs)
    other = (one + rng.integers(1, len(names), size=pairs)) % len(names)
    images = rng.random((pairs, 6)).argsort(1)[:, :2]  # two of the six
    n = rng.integers(counts[one])
    stranger, elsewhere = (
        (n + rng.integers(1, counts[one])) % counts[one],
        rng.integers(counts[other]),
    )

    def table(second, number):
        return pandas.DataFrame(
            dict(zip(PAIR, (names[one], images[:, 0], n, names[second], images[:, 1], number)))
        )

    every = pandas.DataFrame(
        [(s, i) for s, count in sizes.items() for i in range(count)], columns=PATCH
    )
    order = rng.permutation(len(every))
    chosen = every.iloc[order[:queries]], every.iloc[order[queries : queries + distractors]]
    return HPatchesTasks(
        table(one, n),
        table(one, stranger),
        table(other, elsewhere),
        *(part.reset_index(drop=True) for part in chosen),
    )


def _table(path: Path, columns: list[str]) -> pandas.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: not there; the lists are in tasks/ of github.com/hpatches/hpatches-benchmark"
        )
    try:
        table = pandas.read_csv(path, usecols=columns)[columns]
        return table.astype({name: int for name in columns if not name.startswith("s")})
    except ValueError as error:
        raise ValueError(f"{path}: expected the columns {', '.join(columns)} ({error})") from error


def load_hpatches(folder: str | Path, size: int = 32) -> dict[str, dict[str, np.ndarray]]:
    """The patches of HPatches: sequence (``i_...`` light, ``v_...`` viewpoint) -> 'ref', 'e1' ...
    't5' -> patches.

    Patch n of every file of a sequence shows the same point, (N, size, size) uint8; the files' 65 x
    65 are shrunk.

    Raises:
        FileNotFoundError: no sequence there, or a file of one is missing.
        ValueError: a file that is no column of 65 x 65 patches, or has another number of them.
    """
    found = {}
    for ref in sorted(Path(folder).glob("*/ref.png")):
        found[ref.parent.name] = {
            name: _column(ref.with_name(f"{name}.png"), size) for name in ("ref", *HPATCHES_KINDS)
        }
        for name, patches in found[ref.parent.name].items():
            if len(patches) != len(found[ref.parent.name]["ref"]):
                raise ValueError(
                    f"{ref.with_name(name + '.png')}: {len(patches)} patches; ref.png has others"
                )
    if not found:
        raise FileNotFoundError(
            f"{folder}: no HPatches sequence (a folder with ref.png, e1.png ...) lies here"
        )
    return found


def _column(path: Path, size: int, side: int = 65) -> np.ndarray:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: this file of the HPatches sequence is missing")
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None or picture.shape[1] != side or len(picture) % side:
        raise ValueError(f"{path}: expected a column of {side} x {side} patches")
    patches = picture.reshape(-1, side, side)
    return np.stack(
        [cv2.resize(patch, (size, size), interpolation=cv2.INTER_AREA) for patch in patches]
    )


@dataclass(frozen=True)
class Sequence:
    """Images of one planar scene: paths, and the homography (3, 3) from the first to each, the
    identity first.
    """

    name: str
    images: list[Path]
    homographies: list[np.ndarray]


def load_sequences(folder: str | Path) -> list[Sequence]:
    """HPatches' image sequences: folders with 1.ppm ... 6.ppm and H_1_2 ... H_1_6.

    Raises:
        FileNotFoundError: no such folder there, or an image or homography is missing.
        ValueError: a homography that is not 3 x 3 numbers.
    """
    found = []
    for first in sorted(Path(folder).glob("*/1.ppm")):
        images = [first.with_name(f"{i}.ppm") for i in range(1, 7)]
        tables = [first.with_name(f"H_1_{i}") for i in range(2, 7)]
        for path in [*images, *tables]:
            if not path.is_file():
                raise FileNotFoundError(f"{path}: this file of the sequence is missing")
        found.append(Sequence(first.parent.name, images, [np.eye(3), *map(_homography, tables)]))
    if not found:
        raise FileNotFoundError(
            f"{folder}: no HPatches image sequence (a folder with 1.ppm, H_1_2 ...) lies here"
        )
    return found


def _homography(path: Path) -> np.ndarray:
    try:
        return np.array(path.read_text().split(), float).reshape(3, 3)
    except ValueError as error:
        raise ValueError(f"{path}: expected a homography, 3 x 3 numbers ({error})") from error


# ---- the three tasks ----

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
