"""Figures of the share of attention that falls on parts of an image.

Book: chapter 3 (the SOA explorer).
"""

import matplotlib.pyplot as plt

from .basics import BLUE, DARK_GREY, VERMILION

LOOKS = ((VERMILION, "o", -0.13), (BLUE, "s", 0.13))  # colour, marker, vertical shift


def shares(
    panels: dict[str, dict[str, dict[str, tuple[float, float, float]]]],
    even: dict[str, float],
    xlabel: str,
) -> None:
    """Draw shares as dots with their intervals.

    Args:
        panels: title -> line -> name -> (mean, low, high), shares between 0 and 1. At most two
            names.
        even: line -> the share that attention would have if it looked everywhere alike, drawn as a
            grey tick.
        xlabel: words below each axis.
    """
    figure, _ = plt.subplots(
        1, len(panels), figsize=(4.6 * len(panels), 3.1), sharey=True, layout="constrained"
    )
    for axis, (title, lines) in zip(figure.axes, panels.items()):
        for y, (line, values) in enumerate(lines.items()):
            # what even attention gives; only the first line adds words to the legend
            words = "" if y else "even attention"
            axis.plot([100 * even[line]], [y], "|", color=DARK_GREY, markersize=26, label=words)

            # the interval as a line and the mean as a marker on it
            for (name, (mean, low, high)), (colour, marker, shift) in zip(values.items(), LOOKS):
                words = "" if y else name
                axis.plot([100 * low, 100 * high], [y + shift] * 2, color=colour, linewidth=2)
                axis.plot([100 * mean], [y + shift], marker, color=colour, label=words)
        axis.set(
            title=title, xlabel=xlabel, xlim=(0, 100), yticks=range(len(lines)), yticklabels=lines
        )
        axis.grid(axis="x", alpha=0.25)
    figure.axes[0].invert_yaxis()  # the first line on top
    figure.axes[0].legend(frameon=False, fontsize=9, loc="center right")
