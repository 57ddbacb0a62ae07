"""Attention maps laid over images.

Book: chapter 2 (second-order attention).
"""

import cv2
import matplotlib.pyplot as plt
import numpy as np

from .basics import MARK, show

MOST_ELONGATED = 4  # the longer side of one row over its shorter one, at most


def mark(axis, at: tuple[int, int], grid: tuple[int, int], size: tuple[int, int]) -> None:
    """Draw a dot at the middle of a cell.

    Args:
        axis: a matplotlib axis that shows an image.
        at: (row, column) of the cell.
        grid: (h, w), the number of cells.
        size: (H, W) of the image in pixels.
    """
    y = (at[0] + 0.5) * size[0] / grid[0]
    x = (at[1] + 0.5) * size[1] / grid[1]
    axis.plot(
        x,
        y,
        "o",
        markersize=9,
        markerfacecolor=MARK,
        markeredgecolor="white",
        markeredgewidth=2,
    )


def attention_map(
    axis, image, row: np.ndarray, at=None, title: str = "", opacity: float = 0.6
) -> None:
    """Lay a map over a grey image, brightest where the map is largest.

    Every map is stretched from its own minimum to its own maximum: compare shapes, not brightness.

    Args:
        axis: a matplotlib axis.
        image: a PIL image or an array (H, W, 3) of bytes.
        row: (h, w), the map.
        at: (row, column) of the cell to mark, or None.
        title: words above the image.
        opacity: of the map, 0 to 1.
    """
    pixels = np.asarray(image) / 255  # (H, W, 3)
    grey = pixels.mean(-1, keepdims=True)

    # stretch the map to 0..1 (an even map has no range: divide by one) and to the image's size
    heat = (row - row.min()) / (np.ptp(row) or 1)  # (h, w)
    heat = cv2.resize(heat, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)  # (H, W)

    # blend the grey image with the map's colours
    colours = plt.colormaps["magma"](heat)[..., :3]
    blend = (1 - opacity) * grey + opacity * colours
    axis.imshow(np.clip(blend, 0, 1))
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=9, pad=3)
    if at is not None:
        mark(axis, at, row.shape, pixels.shape[:2])


def attention_grid(
    image, maps: list[list[np.ndarray]], at: list[tuple[int, int]], titles: list[str], names=None
) -> None:
    """Draw one row per position: the image with a dot at it, then its maps, one under each title.

    Args:
        image: a PIL image or an array (H, W, 3) of bytes.
        maps: for each position its maps (h, w), all of one size.
        at: (row, column) of each position on that grid.
        titles: one title per map.
        names: what lies at the positions, written beside the rows, or None.
    """
    size = np.asarray(image).shape[:2]
    columns = len(titles) + 1
    elongation = np.clip(size[0] / size[1], 1 / MOST_ELONGATED, MOST_ELONGATED)
    height = 2.9 * elongation  # of one row, in inches
    figure, axes = plt.subplots(
        len(at), columns, figsize=(2.9 * columns, height * len(at)), squeeze=False
    )
    for i, line in enumerate(axes):
        # the position in the image; titles stand above the first row only
        show(line[0], np.asarray(image), "" if i else "position")
        mark(line[0], at[i], maps[i][0].shape, size)
        line[0].set_ylabel(names[i] if names else "")

        # its maps
        for axis, row, title in zip(line[1:], maps[i], titles):
            attention_map(axis, image, row, at[i], "" if i else title)
    figure.subplots_adjust(wspace=0.04, hspace=0.05)


def to_grid(row: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Bring a map to a coarser grid by the mean over each of its cells.

    Args:
        row: (h, w), the map.
        grid: (h', w'), fewer cells.

    Returns:
        (h', w').

    Example:
        >>> to_grid(np.array([[1.0, 3.0], [2.0, 2.0]]), (1, 2)).tolist()
        [[1.5, 2.5]]
    """
    return cv2.resize(row, grid[::-1], interpolation=cv2.INTER_AREA)
