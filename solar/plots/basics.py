"""What every figure shares: paper, pictures, curves. Colours are safe for the colour-blind (Okabe
and Ito).
"""

import matplotlib.pyplot as plt
import numpy as np

from ..images import read_image

BOX = "#F0E442"


def style() -> None:
    """White paper also in dark mode, and a readable size. Call it once at the top of a notebook."""
    plt.rcParams.update(
        {
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.dpi": 80,
            "font.size": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "savefig.bbox": "tight",
        }
    )


def show(axis, image, title: str = "", frame: str | None = None, box=None) -> None:
    """Draw one picture (path, PIL image or array), perhaps with a coloured `frame` and a `box` (x0,
    y0, x1, y1).
    """
    axis.imshow(image if isinstance(image, np.ndarray) else read_image(image))
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=9, color=frame or "black", pad=3)
    for spine in axis.spines.values():
        spine.set(visible=frame is not None, color=frame, linewidth=4)
    if box is not None:
        x0, y0, x1, y1 = box
        axis.add_patch(
            plt.Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=BOX, linewidth=3)
        )


def growth(x, curves: dict[str, list[float]], xlabel: str, ylabel: str) -> None:
    """Curves on logarithmic axes, each named at its end."""
    _, axis = plt.subplots(figsize=(6.5, 3.6))
    for (name, values), colour, marker in zip(
        curves.items(), ("#D55E00", "#0072B2", "#009E73"), "os^"
    ):
        axis.loglog(x, values, marker=marker, color=colour)
        axis.annotate(f"  {name}", (x[-1], values[-1]), color=colour, va="center")
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.grid(alpha=0.25)
    axis.margins(x=0.16)
