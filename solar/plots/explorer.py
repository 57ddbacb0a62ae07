"""Figures of the share of attention that falls on parts of an image.

Book: chapter 3 (the SOA explorer).
"""

import matplotlib.pyplot as plt

from .basics import BLUE, DARK_GREY, VERMILION

LOOKS = ((VERMILION, "o", -0.13), (BLUE, "s", 0.13))  # colour, marker, vertical shift


def shares(
    panels: dict[str, dict[str, dict[str, tuple[float, float, float]]]], xlabel: str
) -> None:
    """Draw differences of shares as dots with their intervals, beside a line at zero.

    Args:
        panels: title -> line -> name -> (mean, low, high): share of attention less the share that
            even attention would have, between -1 and 1. At most two names.
        xlabel: words below each axis.
    """
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(4.6 * len(panels), 3.1),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, (title, lines) in zip(axes[0], panels.items()):
        axis.axvline(0, color=DARK_GREY, linewidth=1)
        for y, values in enumerate(lines.values()):
            # the interval as a line and the mean as a marker on it
            for (name, (mean, low, high)), (colour, marker, shift) in zip(values.items(), LOOKS):
                words = "" if y else name  # only the first line adds words to the legend
                axis.plot([100 * low, 100 * high], [y + shift] * 2, color=colour, linewidth=2)
                axis.plot([100 * mean], [y + shift], marker, color=colour, label=words)
        axis.set(title=title, xlabel=xlabel, yticks=range(len(lines)), yticklabels=lines)
        axis.grid(axis="x", alpha=0.25)
    axes[0, 0].invert_yaxis()  # the first line on top
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False
    )
