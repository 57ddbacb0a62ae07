"""The files of HPatches (Balntas et al., 2017): patches, image sequences, and lists of pairs.

Patches, and the descriptors computed from them, have one structure: sequence -> 'ref', 'e1' ...
't5' -> array, whose row n shows the same point in every file of a sequence. 'ref' is the reference
image, 1 to 5 are the other ones. A level is 'e' (easy), 'h' (hard) or 't' (tough): how much the
patches of the other images are displaced.

Book: chapter 11 (a local descriptor).
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas

from ..files import imread

HPATCHES_KINDS = tuple(f"{level}{number}" for level in "eht" for number in range(1, 6))
SIDE = 65  # height and width of the patches in the files, pixels
PAIR = ["s1", "t1", "idx1", "s2", "t2", "idx2"]  # columns of a list of pairs
PATCH = ["s", "idx"]  # columns of a list of patches

HPatches = dict[str, dict[str, np.ndarray]]


# ---- patches and images ----


def load_hpatches(folder: str | Path, size: int = 32) -> HPatches:
    """Load the patches of HPatches.

    Args:
        folder: where the sequences lie (``i_...``: the light changes, ``v_...``: the viewpoint).
        size: height and width of the patches returned; those of the files, 65 x 65, are shrunk.

    Returns:
        Sequence -> 'ref', 'e1' ... 't5' -> patches (N, size, size) uint8.

    Raises:
        FileNotFoundError: no sequence there, or a file of one is missing.
        ValueError: a file that is no column of 65 x 65 patches, or has another number of them.
    """
    # a sequence is a folder with a reference; the other files must have as many patches
    sequences = {}
    for reference in sorted(Path(folder).glob("*/ref.png")):
        files = {}
        for kind in ("ref", *HPATCHES_KINDS):
            path = reference.with_name(f"{kind}.png")
            files[kind] = _read_column(path, size)
            if len(files[kind]) != len(files["ref"]):
                raise ValueError(f"{path}: {len(files[kind])} patches; ref.png has others")
        sequences[reference.parent.name] = files
    if not sequences:
        raise FileNotFoundError(
            f"{folder}: no HPatches sequence (a folder with ref.png, e1.png ...) lies here"
        )
    return sequences


def _read_column(path: Path, size: int) -> np.ndarray:
    """Read patches that lie below each other in one image: (N, size, size) uint8."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: this file of the HPatches sequence is missing")
    column = imread(path, cv2.IMREAD_GRAYSCALE)  # (N * 65, 65)
    if column is None or column.shape[1] != SIDE or len(column) % SIDE:
        raise ValueError(f"{path}: expected a column of {SIDE} x {SIDE} patches")

    # shrink each patch by itself, so that neighbours do not mix
    patches = column.reshape(-1, SIDE, SIDE)  # (N, 65, 65)
    return np.stack(
        [cv2.resize(patch, (size, size), interpolation=cv2.INTER_AREA) for patch in patches]
    )


@dataclass(frozen=True)
class Sequence:
    """Six images of one planar scene.

    Attributes:
        name: of the folder.
        images: paths, the reference first.
        homographies: from the reference to each image, (3, 3); the identity first.
    """

    name: str
    images: list[Path]
    homographies: list[np.ndarray]


def load_sequences(folder: str | Path) -> list[Sequence]:
    """Load HPatches' image sequences: folders with 1.ppm ... 6.ppm and H_1_2 ... H_1_6.

    Args:
        folder: where those folders lie.

    Raises:
        FileNotFoundError: no such folder there, or an image or homography is missing.
        ValueError: a homography that is not 3 x 3 numbers.
    """
    # all twelve files of a sequence must be there
    sequences = []
    for first in sorted(Path(folder).glob("*/1.ppm")):
        images = [first.with_name(f"{number}.ppm") for number in range(1, 7)]
        tables = [first.with_name(f"H_1_{number}") for number in range(2, 7)]
        for path in [*images, *tables]:
            if not path.is_file():
                raise FileNotFoundError(f"{path}: this file of the sequence is missing")
        # the reference itself needs no moving
        homographies = [np.eye(3), *(_read_homography(path) for path in tables)]
        sequences.append(Sequence(first.parent.name, images, homographies))
    if not sequences:
        raise FileNotFoundError(
            f"{folder}: no HPatches image sequence (a folder with 1.ppm, H_1_2 ...) lies here"
        )
    return sequences


def _read_homography(path: Path) -> np.ndarray:
    """Read a text of nine numbers, (3, 3)."""
    try:
        return np.array(path.read_text("utf-8-sig").split(), float).reshape(3, 3)
    except ValueError as error:
        raise ValueError(f"{path}: expected a homography, 3 x 3 numbers ({error})") from error


# ---- lists of what is compared ----


@dataclass(frozen=True)
class HPatchesTasks:
    """What verification and retrieval compare, as tables in the published lists' columns.

    A patch is its sequence s, its image t (0 is the reference, 1 to 5 the others) and its number.

    Attributes:
        right: pairs s1, t1, idx1, s2, t2, idx2 of patches that show one point.
        intra: pairs of patches that show two points of one sequence.
        inter: pairs of patches of two sequences.
        queries: patches s, idx of references, which look for their copies.
        distractors: patches s, idx of references, which stand in the way.
    """

    right: pandas.DataFrame
    intra: pandas.DataFrame
    inter: pandas.DataFrame
    queries: pandas.DataFrame
    distractors: pandas.DataFrame


def load_hpatches_tasks(folder: str | Path, split: str = "full") -> HPatchesTasks:
    """Load the published lists of a split.

    Args:
        folder: folder `tasks` of hpatches-benchmark.
        split: 'a', 'b', 'c', 'view', 'illum' or 'full'.

    Raises:
        FileNotFoundError: a list is not there.
        ValueError: a list without the expected columns, or with other than whole numbers in them.
    """
    folder = Path(folder)
    return HPatchesTasks(
        right=_read_list(folder / f"verif_pos_split-{split}.csv", PAIR),
        intra=_read_list(folder / f"verif_neg_intra_split-{split}.csv", PAIR),
        inter=_read_list(folder / f"verif_neg_inter_split-{split}.csv", PAIR),
        queries=_read_list(folder / f"retr_queries_split-{split}.csv", PATCH),
        distractors=_read_list(folder / f"retr_distractors_split-{split}.csv", PATCH),
    )


def _read_list(path: Path, columns: list[str]) -> pandas.DataFrame:
    """Read some columns of a list; all but the sequences are whole numbers."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: not there; the lists are in tasks/ of github.com/hpatches/hpatches-benchmark"
        )
    # a number that is not whole, or a column that is missing, is a ValueError of pandas
    try:
        table = pandas.read_csv(path, usecols=columns).loc[:, columns]
        return table.astype({name: int for name in columns if not name.startswith("s")})
    except ValueError as error:
        raise ValueError(f"{path}: expected the columns {', '.join(columns)} ({error})") from error
