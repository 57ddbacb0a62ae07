"""The parts that all figures share: the palette, the page style, images, labels and curves.

The colours are those of Okabe and Ito, which colour-blind readers can tell apart. In every figure a
word, a marker or a dash says the same as the colour.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ..images import read_image
from .formats import use_in_notebooks

# the palette: no other module of the figures names a colour by its number
BLUE = "#0072B2"
VERMILION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
SKY = "#56B4E9"
YELLOW = "#F0E442"
OCHRE = "#B07D00"  # yellow that can be read on white
GREY = "#999999"  # what does not count, and lines to compare with
DARK_GREY = "#666666"  # words beside a line
PALE_GREY = "#BBBBBB"  # keypoints without a match

CURVES = (BLUE, VERMILION, GREEN, PURPLE, "#777777")  # curves of one figure, in this order
BOX = YELLOW  # the box of a query
MARK = SKY  # the position that looks

# images by their label: right ones, ignored ones, wrong ones
COLOURS = {
    "query": YELLOW,
    "easy": GREEN,
    "hard": GREEN,
    "ok": GREEN,
    "junk": GREY,
    "other": VERMILION,
}
PROTOCOL_COLOURS = {"easy": GREEN, "medium": BLUE, "hard": VERMILION}


def style() -> None:
    """Set white paper, also in dark mode, readable sizes and formats: once a notebook."""
    plt.rcParams.update(
        {
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.dpi": 80,
            "font.size": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "savefig.bbox": "tight",
            "svg.hashsalt": "solar",  # names in a drawing are the same at every run
        }
    )
    pd.set_option("display.max_colwidth", None)  # no cell of a table is cut
    use_in_notebooks()


def label_of(truth: dict, image: int) -> str:
    """Return what an image is for a query.

    Args:
        truth: the query's ground truth: label -> image numbers, with the labels 'easy', 'hard' and
            'junk' of the revisited protocol, or 'ok' and 'junk' of the original one.
        image: number of a database image.

    Returns:
        The label, or 'other' for an image of another landmark.

    Example:
        >>> truth = {"easy": [4], "hard": [7], "junk": [2]}
        >>> label_of(truth, 7)
        'hard'
        >>> label_of(truth, 1)
        'other'
    """
    for label in ("easy", "hard", "ok", "junk"):
        if image in truth.get(label, ()):
            return label
    return "other"


def show(axis, image, title: str = "", frame: str | None = None, box=None) -> None:
    """Draw one image.

    Args:
        axis: a matplotlib axis.
        image: a path, a PIL image or an array (H, W, 3).
        title: words above the image, in the frame's colour.
        frame: colour of a frame around the image, or None.
        box: (x0, y0, x1, y1) in pixels of a rectangle to draw, or None.
    """
    pixels = image if isinstance(image, np.ndarray) else read_image(image)
    axis.imshow(pixels)
    axis.set(xticks=[], yticks=[])
    # letters that reach below the line stay clear of the frame
    axis.set_title(title, fontsize=9, color=frame or "black", pad=5 if frame else 3)

    # the four spines of the axis are the frame
    for spine in axis.spines.values():
        spine.set(visible=frame is not None, color=frame, linewidth=4)
    if box is not None:
        x0, y0, x1, y1 = box
        rectangle = plt.Rectangle(
            (x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=BOX, linewidth=3
        )
        axis.add_patch(rectangle)


def growth(x, curves: dict[str, list[float]], xlabel: str, ylabel: str) -> None:
    """Draw curves on logarithmic axes, each named at its end.

    Args:
        x: (n,) positive numbers.
        curves: name -> n positive values; at most three curves.
        xlabel: words below the axis.
        ylabel: words beside the axis.
    """
    _, axis = plt.subplots(figsize=(6.5, 3.6))
    looks = zip((VERMILION, BLUE, GREEN), "os^")
    for (name, values), (colour, marker) in zip(curves.items(), looks):
        axis.loglog(x, values, marker=marker, color=colour)
        axis.annotate(f"  {name}", (x[-1], values[-1]), color=colour, va="center")
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.grid(alpha=0.25)
    axis.margins(x=0.16)  # room for the names
