"""Figures of chapter 14: differences over the layers of a network, how often images are drawn.

Book: chapter 14 (parity).
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np

from .basics import BLUE, CURVES, DARK_GREY, GREY, VERMILION


def over_layers(
    curves: dict[str, Sequence[float]], layers: Sequence[str], tolerance: float
) -> None:
    """Draw differences in units of rounding over the layers of a network, each curve named.

    Layers that are equal to the last bit stand on the lowest line, which says 0.

    Args:
        curves: name -> a difference for each layer.
        layers: names of the layers, in the order in which they run.
        tolerance: what rounding alone may do, drawn as a dashed line.
    """
    _, axis = plt.subplots(figsize=(8.5, 3.6))
    places = np.arange(len(layers))
    lowest = 0.1  # where zero is drawn
    for (name, values), colour, marker in zip(curves.items(), CURVES, "osD^v"):
        heights = np.maximum(np.asarray(values, float), lowest)
        axis.semilogy(places, heights, marker=marker, markersize=4, color=colour, label=name)
    axis.axhline(tolerance, color=GREY, linestyle="--")
    axis.annotate(
        "tolerance",
        (1, tolerance),
        xytext=(0, 4),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        fontsize=9,
    )

    # powers of ten beside the axis, and zero at its foot
    top = max(max(values) for values in curves.values())
    powers = range(int(np.ceil(np.log10(max(top, 10)))) + 1)
    axis.set_yticks([lowest, *(10.0**power for power in powers)])
    axis.set_yticklabels(["0", *(f"{10**power:,}" for power in powers)])
    axis.minorticks_off()
    axis.set_xticks(places)
    axis.set_xticklabels(layers, rotation=60, ha="right", fontsize=8)
    axis.set(ylabel="largest difference,\nin roundings")
    axis.legend(frameon=False, loc="upper left", fontsize=9)
    axis.grid(axis="y", alpha=0.25)


def drawn(counts: dict[str, Sequence[float]], xlabel: str, ylabel: str) -> None:
    """Draw for each image of a landmark how often it is drawn under two rules, as bars in pairs.

    Args:
        counts: rule -> a number for each image; two rules.
        xlabel: words below the axis.
        ylabel: words beside the axis.
    """
    _, axis = plt.subplots(figsize=(6.5, 3))
    looks = zip((VERMILION, BLUE), ("//", ""))
    for number, ((rule, values), (colour, hatch)) in enumerate(zip(counts.items(), looks)):
        places = np.arange(1, len(values) + 1) + 0.4 * (number - 0.5)
        bars = axis.bar(
            places, values, width=0.38, color=colour, hatch=hatch, edgecolor="white", label=rule
        )
        axis.bar_label(bars, fmt="%.1f", fontsize=8, color=DARK_GREY)
    axis.set(xlabel=xlabel, ylabel=ylabel, xticks=range(1, len(values) + 1))
    axis.margins(y=0.15)
    axis.legend(frameon=False, loc="upper left")
