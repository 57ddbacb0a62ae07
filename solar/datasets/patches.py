"""Patches for local descriptors on disk, in the format of PhotoTour (Brown et al., 2011).

* `patches0000.bmp` ...: sheets of 16 x 16 patches of 64 x 64 pixels, in reading order
* `info.txt`: one line per patch: number of its 3-D point, number of its photograph
* `m50_N_N_0.txt`: one test pair per line: patch, point, 0, patch, point, 0

Book: chapter 11 (a local descriptor).
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..files import imread, in_one_line, read_lines
from ..published.catalogue import how_to_get
from ..world.formats import INFO_FILE, PATCH_SIDE, PATCHES_PER_SHEET, SHEET_PIXELS, SHEET_SIDE
from .names import PUBLISHED_NAMES, entry_of, folder_of, is_name


@dataclass(frozen=True)
class Patches:
    """A set in PhotoTour's format.

    Attributes:
        name: name of its folder.
        patches: (N, size, size) uint8.
        points: (N,) number of the 3-D point that each patch shows.
        photographs: (N,) number of the photograph that each was cut from, as the file states it.
        pairs: (M, 2) test pairs, numbers of patches.
        same: (M,) bool, whether both patches of a pair show one point.
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
        points = len(np.unique(self.points))
        return f"Patches({self.name!r}): {len(self)} of {points} points, {len(self.pairs)} pairs"


def load_patches(name: str | Path, root: str | Path | None = None, size: int = 32) -> Patches:
    """Open a set of patches by name or path; a mini one is made on first use.

    Args:
        name: 'mini-phototour' (to learn from), 'mini-phototour-validation', 'mini-phototour-test';
            'mini-photographs' and its '-validation' and '-test', cut from real photographs;
            'liberty', 'notredame', 'yosemite'; or a folder in that format. Names joined by '+', as
            'mini-phototour+mini-photographs', give all their patches as one set.
        root: the folder that holds dataset folders; `$SOLAR_HOME/data` if None.
        size: side in pixels to which the 64 x 64 patches are shrunk.

    Raises:
        ValueError: unknown name, or a file that is not as published.
        FileNotFoundError: published patches that are not there; says what to fetch and where to put
            it.

    Example:
        >>> load_patches("stonehenge")
        Traceback (most recent call last):
        ValueError: unknown patches 'stonehenge': expected one of mini-phototour, ...
    """
    # several sets: each by its name
    parts = str(name).split("+")
    if len(parts) > 1 and all(is_name(part, "patches") for part in parts):
        return join_patches([load_patches(part, root, size) for part in parts])

    folder = folder_of(name, root, use="patches")
    info_file = folder / INFO_FILE
    if not info_file.is_file():
        how = "it is no folder in PhotoTour's format"
        if name in PUBLISHED_NAMES["patches"]:
            how = how_to_get(entry_of(str(name)))
        raise FileNotFoundError(f"{info_file}: not there; {how}")

    # 1. point and photograph of each patch
    info = _read_numbers(info_file, columns=2)  # (N, 2)

    # 2. the patches; the last sheet is filled up, so that sheets may hold more than N
    sheets = sorted(folder.glob("patches[0-9]*.bmp"))
    if len(sheets) * PATCHES_PER_SHEET < len(info):
        raise ValueError(
            f"{folder}: {len(sheets)} sheets of patches hold fewer than the {len(info)} of "
            f"{INFO_FILE}"
        )
    none = np.zeros((0, size, size), np.uint8)
    patches = np.concatenate([none, *(_read_sheet(sheet, size) for sheet in sheets)])

    # 3. test pairs: a pair matches if both patches show one point
    table = _read_pairs(folder, len(info))  # (M, 6)
    return Patches(
        name=folder.name,
        patches=patches[: len(info)],
        points=info[:, 0],
        photographs=info[:, 1],
        pairs=table[:, [0, 3]],
        same=table[:, 1] == table[:, 4],
    )


def join_patches(sets: list[Patches]) -> Patches:
    """Put sets of patches together; points and photographs of different sets stay different.

    Args:
        sets: one or more, with patches of one size.

    Example:
        >>> import numpy as np
        >>> one = Patches("a", np.zeros((2, 32, 32), np.uint8), np.array([0, 0]),
        ...               np.array([0, 1]), np.array([[0, 1]]), np.array([True]))
        >>> both = join_patches([one, one])
        >>> both
        Patches('a+a'): 4 of 2 points, 2 pairs
        >>> both.points.tolist(), both.pairs.tolist()
        ([0, 0, 1, 1], [[0, 1], [2, 3]])
    """
    points = []
    photographs = []
    pairs = []
    # the first free number of a point, of a photograph and of a patch
    first_point = 0
    first_photograph = 0
    first_patch = 0
    for one in sets:
        points.append(one.points + first_point)
        photographs.append(one.photographs + first_photograph)
        pairs.append(one.pairs + first_patch)
        first_point += one.points.max(initial=-1) + 1
        first_photograph += one.photographs.max(initial=-1) + 1
        first_patch += len(one)
    return Patches(
        name="+".join(one.name for one in sets),
        patches=np.concatenate([one.patches for one in sets]),
        points=np.concatenate(points),
        photographs=np.concatenate(photographs),
        pairs=np.concatenate(pairs),
        same=np.concatenate([one.same for one in sets]),
    )


def _read_pairs(folder: Path, count: int) -> np.ndarray:
    """Read the largest set of test pairs in a folder, (M, 6); `count` patches exist."""
    files = sorted(folder.glob("m50_*.txt"), key=lambda path: path.stat().st_size)
    if not files:
        return np.zeros((0, 6), int)
    table = _read_numbers(files[-1], columns=6)
    numbers = table[:, [0, 3]]
    if ((numbers < 0) | (numbers >= count)).any():
        raise ValueError(f"{files[-1]}: it names patches beyond the {count} of {INFO_FILE}")
    return table


def _read_numbers(path: Path, columns: int) -> np.ndarray:
    """Read the first `columns` whole numbers of each line that is not blank, (lines, columns)."""
    table = []
    width = columns  # of the first line, and so of all; numbers beyond `columns` are not used
    for number, line in enumerate(read_lines(path, blank=True), 1):
        words = line.split()
        if not words:
            continue
        if not table:
            width = max(columns, len(words))
        try:
            values = [_whole_number(word) for word in words]
        except ValueError:
            values = []
        if len(values) != width:
            raise ValueError(
                f"{in_one_line(path, 300)}: expected {columns} whole numbers per line, and as many "
                f"on each; line {number} is {in_one_line(line)!r}"
            )
        table.append(values[:columns])
    return np.array(table, np.int64).reshape(-1, columns)


def _whole_number(word: str) -> int:
    """Return a whole number, also if it is written as 12.0 or 1.2e1.

    Raises:
        ValueError: it is none, or larger than 64 bits hold.
    """
    try:
        number = int(word)
    except ValueError:
        value = float(word)
        if not value.is_integer():
            raise
        number = int(value)
    if abs(number) >= 1 << 63:
        raise ValueError(f"{in_one_line(word)} is too large")
    return number


def _read_sheet(path: Path, size: int) -> np.ndarray:
    """Read the patches of one sheet, shrunk to `size`: (256, size, size) uint8."""
    sheet = imread(path, cv2.IMREAD_GRAYSCALE)
    if sheet is None or sheet.shape != (SHEET_PIXELS, SHEET_PIXELS):
        raise ValueError(
            f"{in_one_line(path, 300)}: expected a sheet of {SHEET_SIDE} x {SHEET_SIDE} patches, "
            f"{SHEET_PIXELS} pixels per side"
        )
    # shrinking the sheet shrinks each patch by itself: a pixel averages within its own patch
    if size != PATCH_SIDE:
        side = SHEET_SIDE * size
        sheet = cv2.resize(sheet, (side, side), interpolation=cv2.INTER_AREA)
    # (rows, size, columns, size) -> (rows, columns, size, size) -> (256, size, size)
    grid = sheet.reshape(SHEET_SIDE, size, SHEET_SIDE, size).swapaxes(1, 2)
    return grid.reshape(PATCHES_PER_SHEET, size, size)
