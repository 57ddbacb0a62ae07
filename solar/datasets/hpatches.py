"""HPatches (Balntas et al., 2017) on disk: patches, image sequences, and the lists of what its
tasks compare.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas

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
