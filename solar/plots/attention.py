"""Attention maps laid over images, on one scale.

A map is drawn in units of the even share 1 / N: 1 is what each of N positions would get if all were
treated alike. The colours mean the same in all maps, whatever network, layer or image they come
from, and a colour bar stands beside them.

Book: chapter 2 (second-order attention) and chapter 3 (the SOA explorer).
"""

import cv2
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.ticker import NullLocator

from .basics import MARK, show

MOST_ELONGATED = 4  # the longer side of one row over its shorter one, at most
WIDTH = 2.9  # of one image in inches
OPACITY = 0.6  # of the colours over the grey image

# the colours of a map: from a quarter of the even share to 64 times the even share
LEAST = 1 / 4
MOST = 64
TICKS = {1 / 4: "1/4", 1: "1", 4: "4", 16: "16", 64: "64"}


def mark(axis, place: tuple[float, float]) -> None:
    """Draw a dot at a place.

    Args:
        axis: a matplotlib axis that shows an image.
        place: (row, column) in pixels.
    """
    axis.plot(
        place[1],
        place[0],
        "o",
        markersize=9,
        markerfacecolor=MARK,
        markeredgecolor="white",
        markeredgewidth=2,
    )


def middle_of(
    cell: tuple[int, int], grid: tuple[int, int], size: tuple[int, int]
) -> tuple[float, float]:
    """Return the pixel in the middle of a cell.

    Args:
        cell: (row, column) on the grid.
        grid: (h, w), the number of cells.
        size: (H, W) of the image in pixels.

    Returns:
        (row, column) in pixels.

    Example:
        >>> middle_of((0, 1), (2, 4), (32, 64))
        (8.0, 24.0)
    """
    row = (cell[0] + 0.5) * size[0] / grid[0]
    column = (cell[1] + 0.5) * size[1] / grid[1]
    return row, column


def attention_map(axis, image, row: np.ndarray, place=None, title: str = "") -> ScalarMappable:
    """Lay a map over a grey image, in units of the even share.

    Values below `LEAST` or above `MOST` times the even share get the colour at the end of the
    scale.

    Args:
        axis: a matplotlib axis.
        image: a PIL image or an array (H, W, 3) of bytes.
        row: (h, w), weights or shares, which would all be 1 / (h w) if they were even.
        place: (row, column) in pixels of a place to mark, or None.
        title: words above the image.

    Returns:
        What `colour_bar` needs.
    """
    times_even = row * row.size  # (h, w)
    norm = LogNorm(LEAST, MOST, clip=True)
    colours = _lay_over(axis, image, times_even, plt.colormaps["magma"], norm, title)
    if place is not None:
        mark(axis, place)
    return colours


def colour_bar(colours: ScalarMappable, axes) -> None:
    """Draw the scale of attention maps beside them.

    Args:
        colours: what `attention_map` returned.
        axes: the axes that the scale belongs to.
    """
    bar = plt.gcf().colorbar(colours, ax=axes, extend="both", shrink=0.8, pad=0.02)
    bar.ax.yaxis.set_major_locator(plt.FixedLocator(list(TICKS)))
    bar.ax.yaxis.set_major_formatter(plt.FixedFormatter(list(TICKS.values())))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.tick_params(labelsize=9)
    bar.set_label("times the even share", fontsize=9)


def attention_grid(
    image,
    maps: list[list[np.ndarray]],
    places: list[tuple[float, float]],
    titles: list[str],
    names=None,
) -> None:
    """Draw one row per place: the image with a dot at it, then its maps, one under each title.

    Args:
        image: a PIL image or an array (H, W, 3) of bytes.
        maps: for each place its maps (h, w), of one size or of several.
        places: (row, column) of each place in pixels.
        titles: one title per map.
        names: what lies at the places, written beside the rows, or None.
    """
    size = np.asarray(image).shape[:2]
    columns = len(titles) + 1
    elongation = np.clip(size[0] / size[1], 1 / MOST_ELONGATED, MOST_ELONGATED)
    height = WIDTH * elongation * len(places)
    figure, axes = plt.subplots(
        len(places),
        columns,
        figsize=(WIDTH * columns, height),
        squeeze=False,
        layout="constrained",
    )
    for i, line in enumerate(axes):
        # the place in the image; titles stand above the first row only
        show(line[0], np.asarray(image), "" if i else "the place that asks")
        mark(line[0], places[i])
        line[0].set_ylabel(names[i] if names else "")

        # its maps
        for axis, row, title in zip(line[1:], maps[i], titles):
            colours = attention_map(axis, image, row, places[i], "" if i else title)
    colour_bar(colours, axes)
    figure.get_layout_engine().set(wspace=0.01, hspace=0.01)


def pool_change(image, before: np.ndarray, after: np.ndarray, moved: np.ndarray) -> None:
    """Draw what a layer does to the pool: four maps, each with its scale.

    Args:
        image: a PIL image or an array (H, W, 3) of bytes.
        before: (h, w), the share of each position in the pool without the layer; sums to one.
        after: (h, w), the same with the layer.
        moved: (h, w), how far the layer moves the feature of each position, relative to its length.
    """
    pixels = np.asarray(image)
    height = 2 * 3.7 * pixels.shape[0] / pixels.shape[1]
    _, axes = plt.subplots(2, 2, figsize=(9, height), layout="constrained")
    first, second = axes[0]
    third, fourth = axes[1]

    # both shares on the scale of all maps
    attention_map(first, image, before, title="share in the pool before the layer")
    colours = attention_map(second, image, after, title="share in the pool after it")
    colour_bar(colours, [first, second])

    # their difference: zero in the middle of the colours
    difference = (after - before) * before.size
    most = np.abs(difference).max()
    norm = Normalize(-most, most)
    title = "after minus before"
    colours = _lay_over(third, image, difference, plt.colormaps["PuOr_r"], norm, title)
    _plain_bar(colours, third, "times the even share")

    # the length of what is added
    norm = Normalize(0, 100 * moved.max())
    title = "change of the feature"
    colours = _lay_over(fourth, image, 100 * moved, plt.colormaps["viridis"], norm, title)
    _plain_bar(colours, fourth, "percent of its length")


def _plain_bar(colours: ScalarMappable, axis, label: str) -> None:
    """Draw the scale of one map beside it."""
    bar = plt.gcf().colorbar(colours, ax=axis, shrink=0.8, pad=0.02)
    bar.ax.tick_params(labelsize=9)
    bar.set_label(label, fontsize=9)


def _lay_over(
    axis, image, values: np.ndarray, colour_map: Colormap, norm: Normalize, title: str
) -> ScalarMappable:
    """Lay coloured values (h, w) over a grey image; return the colours for a colour bar."""
    pixels = np.asarray(image) / 255  # (H, W, 3)
    grey = pixels.mean(-1, keepdims=True)

    # the colours of the values, at the image's size: (H, W, 3)
    values = cv2.resize(
        values.astype(np.float32), pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR
    )
    colours = colour_map(norm(values))[..., :3]
    axis.imshow(np.clip((1 - OPACITY) * grey + OPACITY * colours, 0, 1))
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=9, pad=3)
    axis.spines[:].set_visible(False)

    # the bar shows the colours as they look over a middle grey
    table = (1 - OPACITY) * 0.5 + OPACITY * colour_map(np.linspace(0, 1, 256))[:, :3]
    return ScalarMappable(norm, ListedColormap(table))


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
