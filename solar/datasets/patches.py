"""Patches for local descriptors: PhotoTour (Brown et al., 2011) and HPatches (Balntas et al., 2017), on disk."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..files import home
from ..manifest import how_to_get
from ..world import DATASETS, make
from ..world.patches import PATCH
from ..world.phototour import SHEET

PHOTOTOUR = ("liberty", "notredame", "yosemite")
KINDS = tuple(f"{kind}{i}" for kind in "eht" for i in range(1, 6))  # easy, hard, tough: of the five other images


@dataclass(frozen=True)
class Patches:
    """A set in PhotoTour's format.

    Attributes:
        patches: (N, size, size) uint8.  points: (N,) number of the 3-D point that each shows.
        photographs: (N,) number of the photograph each was cut from (as the file states it).
        pairs: (M, 2) test pairs, numbers of patches.  same: (M,) bool, whether a pair shows one point.
    """

    name: str
    patches: np.ndarray
    points: np.ndarray
    photographs: np.ndarray
    pairs: np.ndarray
    same: np.ndarray

    def __len__(self) -> int:
        return len(self.patches)

    def __repr__(self) -> str:
        return f"Patches({self.name!r}): {len(self)} of {len(np.unique(self.points))} points, {len(self.pairs)} pairs"


def load_patches(name: str | Path, root: str | Path | None = None, size: int = 32) -> Patches:
    """Open a set of patches; a mini one is made on first use.

    Args:
        name: 'mini-phototour' (to learn from), 'mini-phototour-validation', 'mini-phototour-test'; 'liberty',
            'notredame', 'yosemite'; or a folder in that format.
        root: folder that holds those folders; `$SOLAR_HOME/data` if None.
        size: side in pixels to which the 64 x 64 patches are shrunk.

    Raises:
        ValueError: unknown name, or a file that is not as published.
        FileNotFoundError: published patches that are not there; says what to fetch and where to put it.
    """
    folder = Path(root) / name if root is not None else home() / "data" / name
    if name in DATASETS and DATASETS[name].kind == "patches":
        folder = make(name, folder.parent)
    elif Path(name).is_dir():
        folder = Path(name)
    elif name not in PHOTOTOUR:
        known = [n for n, recipe in DATASETS.items() if recipe.kind == "patches"] + list(PHOTOTOUR)
        raise ValueError(f"unknown patches {str(name)!r}: expected one of {', '.join(known)}, or a folder")
    if not (folder / "info.txt").is_file():
        how = how_to_get(f"phototour-{name}") if name in PHOTOTOUR else "it is no folder in PhotoTour's format"
        raise FileNotFoundError(f"{folder / 'info.txt'}: not there; {how}")
    info = _numbers(folder / "info.txt", 2)
    sheets = sorted(folder.glob("patches[0-9]*.bmp"))
    if len(sheets) * SHEET**2 < len(info):
        raise ValueError(f"{folder}: {len(sheets)} sheets of patches hold fewer than the {len(info)} of info.txt")
    patches = np.concatenate([np.zeros((0, size, size), np.uint8), *(_sheet(path, size) for path in sheets)])
    tables = sorted(folder.glob("m50_*.txt"), key=lambda path: path.stat().st_size)  # the largest set of test pairs
    table = _numbers(tables[-1], 6) if tables else np.zeros((0, 6), int)
    if len(table) and not 0 <= table[:, [0, 3]].min() <= table[:, [0, 3]].max() < len(info):
        raise ValueError(f"{tables[-1]}: it names patches beyond the {len(info)} of info.txt")
    pairs, same = table[:, [0, 3]], table[:, 1] == table[:, 4]
    return Patches(folder.name, patches[: len(info)], info[:, 0], info[:, 1], pairs, same)


def _numbers(path: Path, columns: int) -> np.ndarray:
    """A table of whole numbers, (n, columns); further columns are left out."""
    try:
        return np.array([[int(v) for v in line.split()[:columns]] for line in path.open()]).reshape(-1, columns)
    except ValueError as error:
        raise ValueError(f"{path}: expected {columns} whole numbers a line ({error})") from error


def _sheet(path: Path, size: int) -> np.ndarray:
    """The patches of one sheet, (256, size, size)."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None or picture.shape != (SHEET * PATCH, SHEET * PATCH):
        raise ValueError(f"{path}: expected a sheet of 16 x 16 patches, {SHEET * PATCH} pixels a side")
    if size != PATCH:
        picture = cv2.resize(picture, (SHEET * size, SHEET * size), interpolation=cv2.INTER_AREA)
    return picture.reshape(SHEET, size, SHEET, size).swapaxes(1, 2).reshape(-1, size, size)


def load_hpatches(folder: str | Path, size: int = 32) -> dict[str, dict[str, np.ndarray]]:
    """The patches of HPatches: sequence (``i_...`` light, ``v_...`` viewpoint) -> 'ref', 'e1' ... 't5' -> patches.

    Patch n of every file of a sequence shows the same point, (N, size, size) uint8; the files' 65 x 65 are shrunk.

    Raises:
        FileNotFoundError: no sequence there, or a file of one is missing.
        ValueError: a file that is no column of 65 x 65 patches, or has another number of them.
    """
    found = {}
    for ref in sorted(Path(folder).glob("*/ref.png")):
        found[ref.parent.name] = {name: _column(ref.with_name(f"{name}.png"), size) for name in ("ref", *KINDS)}
        for name, patches in found[ref.parent.name].items():
            if len(patches) != len(found[ref.parent.name]["ref"]):
                raise ValueError(f"{ref.with_name(name + '.png')}: {len(patches)} patches; ref.png has others")
    if not found:
        raise FileNotFoundError(f"{folder}: no HPatches sequence (a folder with ref.png, e1.png ...) lies here")
    return found


def _column(path: Path, size: int, side: int = 65) -> np.ndarray:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: this file of the HPatches sequence is missing")
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None or picture.shape[1] != side or len(picture) % side:
        raise ValueError(f"{path}: expected a column of {side} x {side} patches")
    patches = picture.reshape(-1, side, side)
    return np.stack([cv2.resize(patch, (size, size), interpolation=cv2.INTER_AREA) for patch in patches])


@dataclass(frozen=True)
class Sequence:
    """Images of one planar scene: paths, and the homography (3, 3) from the first to each, the identity first."""

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
        raise FileNotFoundError(f"{folder}: no HPatches image sequence (a folder with 1.ppm, H_1_2 ...) lies here")
    return found


def _homography(path: Path) -> np.ndarray:
    try:
        return np.array(path.read_text().split(), float).reshape(3, 3)
    except ValueError as error:
        raise ValueError(f"{path}: expected a homography, 3 x 3 numbers ({error})") from error
