"""Attention maps laid over pictures."""

import cv2
import matplotlib.pyplot as plt
import numpy as np

from .basics import show


def mark(axis, at: tuple[int, int], grid: tuple[int, int], size: tuple[int, int]) -> None:
    """A dot at the middle of cell `at` = (row, column) of a `grid` (h, w) laid over a picture of
    `size` (H, W).
    """
    y, x = ((i + 0.5) * length / cells for i, cells, length in zip(at, grid, size))
    axis.plot(
        x,
        y,
        "o",
        markersize=9,
        markerfacecolor="#56B4E9",
        markeredgecolor="white",
        markeredgewidth=2,
    )


def attention_map(
    axis, image, row: np.ndarray, at=None, title: str = "", opacity: float = 0.6
) -> None:
    """Lay a map (h, w) over a grey picture, brightest where it is largest, and mark the position
    `at` = (row, column).

    Every map is stretched from its own minimum to its own maximum: compare shapes, not brightness.
    """
    picture = np.asarray(image) / 255  # (H, W, 3)
    heat = (row - row.min()) / (np.ptp(row) or 1)
    heat = cv2.resize(heat, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    grey = picture.mean(-1, keepdims=True)
    axis.imshow(
        np.clip((1 - opacity) * grey + opacity * plt.colormaps["magma"](heat)[..., :3], 0, 1)
    )
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=9, pad=3)
    if at is not None:
        mark(axis, at, row.shape, picture.shape[:2])


def attention_grid(
    image, maps: list[list[np.ndarray]], at: list[tuple[int, int]], titles: list[str], names=None
):
    """For each position a row: the picture with a dot at it, then its maps, one a title.

    Args:
        maps: for each position, arrays (h, w), all of one size.  at: positions (row, column) on
            that grid.
        names: what lies at the positions, written beside the rows.
    """
    size = np.asarray(image).shape[:2]
    columns, high = len(titles) + 1, 2.9 * size[0] / size[1]
    figure, axes = plt.subplots(
        len(at), columns, figsize=(2.9 * columns, high * len(at)), squeeze=False
    )
    for i, line in enumerate(axes):
        show(line[0], np.asarray(image), "" if i else "position")
        mark(line[0], at[i], maps[i][0].shape, size)
        line[0].set_ylabel(names[i] if names else "")
        for axis, row, title in zip(line[1:], maps[i], titles):
            attention_map(axis, image, row, at[i], "" if i else title)
    figure.subplots_adjust(wspace=0.04, hspace=0.05)


def to_grid(row: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """A map (h, w) on a coarser grid: the mean over each of its cells."""
    return cv2.resize(row, grid[::-1], interpolation=cv2.INTER_AREA)
