"""Patches for local descriptors on disk: PhotoTour (Brown et al., 2011)."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..files import home
from ..published.catalogue import how_to_get
from ..world import DATASETS, make
from ..world.patches import PATCH
from ..world.phototour import SHEET

PHOTOTOUR = ("liberty", "notredame", "yosemite")


@dataclass(frozen=True)
class Patches:
    """A set in PhotoTour's format.

    Attributes:
        patches: (N, size, size) uint8.  points: (N,) number of the 3-D point that each shows.
        photographs: (N,) number of the photograph each was cut from (as the file states it).
        pairs: (M, 2) test pairs, numbers of patches.  same: (M,) bool, whether a pair shows one
            point.
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
        name: 'mini-phototour' (to learn from), 'mini-phototour-validation', 'mini-phototour-test';
            'liberty', 'notredame', 'yosemite'; or a folder in that format.
        root: folder that holds those folders; `$SOLAR_HOME/data` if None.
        size: side in pixels to which the 64 x 64 patches are shrunk.

    Raises:
        ValueError: unknown name, or a file that is not as published.
        FileNotFoundError: published patches that are not there; says what to fetch and where to put
            it.
    """
    folder = Path(root) / name if root is not None else home() / "data" / name
    if name in DATASETS and DATASETS[name].kind == "patches":
        folder = make(name, folder.parent)
    elif Path(name).is_dir():
        folder = Path(name)
    elif name not in PHOTOTOUR:
        known = [n for n, recipe in DATASETS.items() if recipe.kind == "patches"] + list(PHOTOTOUR)
        raise ValueError(
            f"unknown patches {str(name)!r}: expected one of {', '.join(known)}, or a folder"
        )
    if not (folder / "info.txt").is_file():
        how = (
            how_to_get(f"phototour-{name}")
            if name in PHOTOTOUR
            else "it is no folder in PhotoTour's format"
        )
        raise FileNotFoundError(f"{folder / 'info.txt'}: not there; {how}")
    info = _numbers(folder / "info.txt", 2)
    sheets = sorted(folder.glob("patches[0-9]*.bmp"))
    if len(sheets) * SHEET**2 < len(info):
        raise ValueError(
            f"{folder}: {len(sheets)} sheets of patches hold fewer than the {len(info)} of info.txt"
        )
    patches = np.concatenate(
        [np.zeros((0, size, size), np.uint8), *(_sheet(path, size) for path in sheets)]
    )
    tables = sorted(
        folder.glob("m50_*.txt"), key=lambda path: path.stat().st_size
    )  # the largest set of test pairs
    table = _numbers(tables[-1], 6) if tables else np.zeros((0, 6), int)
    if len(table) and not 0 <= table[:, [0, 3]].min() <= table[:, [0, 3]].max() < len(info):
        raise ValueError(f"{tables[-1]}: it names patches beyond the {len(info)} of info.txt")
    pairs, same = table[:, [0, 3]], table[:, 1] == table[:, 4]
    return Patches(folder.name, patches[: len(info)], info[:, 0], info[:, 1], pairs, same)


def _numbers(path: Path, columns: int) -> np.ndarray:
    """A table of whole numbers, (n, columns); further columns are left out."""
    try:
        return np.array([[int(v) for v in line.split()[:columns]] for line in path.open()]).reshape(
            -1, columns
        )
    except ValueError as error:
        raise ValueError(f"{path}: expected {columns} whole numbers a line ({error})") from error


def _sheet(path: Path, size: int) -> np.ndarray:
    """The patches of one sheet, (256, size, size)."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None or picture.shape != (SHEET * PATCH, SHEET * PATCH):
        raise ValueError(
            f"{path}: expected a sheet of 16 x 16 patches, {SHEET * PATCH} pixels a side"
        )
    if size != PATCH:
        picture = cv2.resize(picture, (SHEET * size, SHEET * size), interpolation=cv2.INTER_AREA)
    return picture.reshape(SHEET, size, SHEET, size).swapaxes(1, 2).reshape(-1, size, size)
