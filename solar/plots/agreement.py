"""Figures of two ranked lists that agree or not, and of what a weight in a loss changes.

Book: chapter 5 (losses) and chapter 6 (traps of the losses).
"""

import matplotlib.pyplot as plt
import numpy as np

from .basics import DARK_GREY, GREY, PROTOCOL_COLOURS, PURPLE, VERMILION, show

# colour, marker and dash of what is drawn over a weight, by the words of its name
LOOKS = {
    "easy": (PROTOCOL_COLOURS["easy"], "^", "-"),
    "medium": (PROTOCOL_COLOURS["medium"], "o", "-"),
    "hard": (PROTOCOL_COLOURS["hard"], "v", "-"),
    "SOLAR": (PURPLE, "o", "-"),
    "SOSNet": (DARK_GREY, "s", "--"),
}
GREYS = ((PURPLE, "o", "-"), (DARK_GREY, "s", "--"), (GREY, "^", ":"))  # of other names


def two_lists(
    queries, boxes, images, similarities: np.ndarray, kept: np.ndarray, length: int = 6
) -> None:
    """Draw the lists of two queries, one below the other; each image says its place in both lists.

    Args:
        queries: two paths of query images.
        boxes: two boxes (x0, y0, x1, y1) in pixels.
        images: (N,) paths of the database.
        similarities: (2, N) of the queries and the database.
        kept: (N,) bool, the images that are ranked.
        length: how many images to draw of each list.
    """
    shown = np.flatnonzero(kept)  # numbers of the images that are ranked
    lists = np.argsort(-similarities[:, shown], axis=1, kind="stable")  # (2, M)
    places = np.argsort(lists, axis=1)  # (2, M): the place of each image, from 0

    figure, axes = plt.subplots(2, length + 1, figsize=(1.75 * (length + 1), 3.5))
    for row, name in enumerate("qp"):
        show(axes[row, 0], queries[row], f"query {name}", box=boxes[row])
        for axis, image in zip(axes[row, 1:], lists[row]):
            here = places[row, image] + 1
            there = places[1 - row, image] + 1
            other = "qp"[1 - row]
            show(axis, images[shown[image]], f"{name}: {here}    {other}: {there}")
    figure.subplots_adjust(wspace=0.06, hspace=0.16)


def rank_pairs(panels: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Draw each database image as a point: its rank for one query and its rank for another.

    Args:
        panels: title -> two arrays (M,) of ranks, from 1.
    """
    _, axes = plt.subplots(
        1, len(panels), figsize=(3.4 * len(panels), 3.4), layout="constrained", squeeze=False
    )
    for axis, (title, (ours, theirs)) in zip(axes[0], panels.items()):
        axis.plot(ours, theirs, ".", color=VERMILION, markersize=4)
        last = max(ours.max(), theirs.max())
        axis.plot([1, last], [1, last], color=GREY, linewidth=1)
        axis.set(xlabel="rank in the list of q", aspect="equal")
        axis.set_title(title, fontsize=11)
    axes[0, 0].set_ylabel("rank in the list of p")


def over_weight(
    weights, panels: dict[str, dict[str, list]], xlabel: str, ylabels: dict[str, str]
) -> None:
    """Draw means with their 95 % intervals over the weights of a loss, in one or several panels.

    Args:
        weights: (W,) weights; they stand side by side at equal distances.
        panels: panel title -> name of a line -> W intervals (mean, low, high). Names that begin
            with 'easy', 'medium', 'hard', 'SOLAR' or 'SOSNet' have their colours.
        xlabel: words below each axis.
        ylabels: panel title -> words beside its axis. A grey line marks zero where the axis
            reaches it.
    """
    _, axes = plt.subplots(
        1, len(panels), figsize=(4.4 * len(panels), 3.5), layout="constrained", squeeze=False
    )
    for axis, (title, lines) in zip(axes[0], panels.items()):
        for number, (name, intervals) in enumerate(lines.items()):
            colour, marker, dash = _look_of(name, number)
            mean, low, high = np.asarray(intervals, float).T
            # lines stand a little beside each other, so that no interval hides another
            place = np.arange(len(weights)) + 0.1 * (number - (len(lines) - 1) / 2)
            axis.errorbar(
                place,
                mean,
                [mean - low, high - mean],
                color=colour,
                marker=marker,
                linestyle=dash,
                capsize=3,
                label=name,
            )
        bottom, top = axis.get_ylim()
        if bottom <= 0 <= top:
            axis.axhline(0, color=GREY, linewidth=1)
        axis.set(xlabel=xlabel, ylabel=ylabels[title], xticks=range(len(weights)))
        axis.set_xticklabels([f"{weight:g}" for weight in weights])
        axis.set_title(title, fontsize=11)
        axis.legend(frameon=False, fontsize=9)


def _look_of(name: str, number: int) -> tuple[str, str, str]:
    """Return colour, marker and dash of a line."""
    for words, look in LOOKS.items():
        if name.startswith(words):
            return look
    return GREYS[number % len(GREYS)]


def distance_curves(curves: dict[str, dict[str, np.ndarray]], start: float, ylabel: str) -> None:
    """Draw the distance of negatives over the steps of several trainings.

    Args:
        curves: panel title -> name of a training -> (n,) distances; at most three trainings.
        start: the distance before any step, a grey line.
        ylabel: words beside the first axis.
    """
    _, axes = plt.subplots(
        1,
        len(curves),
        figsize=(4.4 * len(curves), 3.3),
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    looks = (("0.6", "-"), ("0.35", "--"), ("black", "-."))
    for axis, (title, lines) in zip(axes[0], curves.items()):
        axis.axhline(start, color=GREY, linewidth=1)
        for (name, values), (colour, dash) in zip(lines.items(), looks):
            axis.plot(np.arange(1, len(values) + 1), values, dash, color=colour, label=name)
        axis.set(xlabel="step", ylim=(0, None))
        axis.set_title(title, fontsize=11)
        axis.legend(frameon=False, fontsize=9)
    axes[0, 0].set_ylabel(ylabel)
