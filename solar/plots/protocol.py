"""What a protocol counts, what a score hides, and what a million distractors cost."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from ..images import prepare
from ..search.protocol import PROTOCOLS
from .basics import show
from .search import COLOURS, label_of

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")


def precision_steps(right: list[bool]) -> None:
    """A list of images, right or wrong, and its precision over recall: the area is a trapezoid for
    each right one.
    """
    figure, (top, axis) = plt.subplots(
        2, 1, figsize=(7, 4.6), height_ratios=[1, 5], layout="constrained"
    )
    for i, good in enumerate(right):
        colour = COLOURS["easy" if good else "other"]
        top.add_patch(plt.Rectangle((i + 0.05, 0), 0.9, 1, facecolor=colour))
        top.text(
            i + 0.5,
            0.5,
            "right" if good else "wrong",
            ha="center",
            va="center",
            color="white",
            fontsize=9,
        )
    top.set(xlim=(0, len(right)), ylim=(0, 1), xlabel="rank", yticks=[])
    top.set_xticks(np.arange(len(right)) + 0.5, range(len(right)))
    found, total = 0, sum(right)
    for rank, good in enumerate(right):
        if good:
            before, after = (found / rank if rank else 1), (found + 1) / (rank + 1)
            x = [found / total, (found + 1) / total]
            axis.fill_between(x, [before, after], color="#0072B2", alpha=0.25)
            axis.plot(x, [before, after], "o-", color="#0072B2")
            axis.annotate(f"{(before + after) / 2:.2f}", (np.mean(x), 0.06), ha="center")
            found += 1
    axis.set(
        xlabel="recall: share of the right images that was found",
        ylabel="precision",
        xlim=(0, 1),
        ylim=(0, 1.08),
    )


def protocol_lists(benchmark, ranking: np.ndarray, query: int, length: int = 8) -> None:
    """The list of one query as each protocol sees it: ignored images fall out, the others move up.

    Args:
        ranking: (N,) indices of database images, best first.
    """
    truth = benchmark.ground_truth[query]
    figure, axes = plt.subplots(3, length + 1, figsize=(1.45 * (length + 1), 4.6))
    for row, (protocol, (_, ignored)) in zip(axes, PROTOCOLS.items()):
        show(row[0], benchmark.queries[query], box=benchmark.boxes[query])
        row[0].set_ylabel(protocol, fontsize=11)
        kept = [int(i) for i in ranking if label_of(truth, int(i)) not in ignored][:length]
        for axis, image in zip(row[1:], kept):
            label = label_of(truth, image)
            show(
                axis,
                benchmark.images[image],
                "wrong" if label == "other" else f"right: {label}",
                COLOURS[label],
            )
    figure.subplots_adjust(wspace=0.06, hspace=0.16)


def thumbnail_map(places: np.ndarray, images, colours, size: int = 40) -> None:
    """Pictures at their `places` (N, 2), each framed in its colour."""
    _, axis = plt.subplots(figsize=(11, 8))
    axis.scatter(*places.T, s=1, color="white")
    for place, image, colour in zip(places, images, colours):
        box = AnnotationBbox(
            OffsetImage(np.asarray(prepare(image, None, size)), zoom=0.8), place, pad=0.12
        )
        box.patch.set(edgecolor=colour, linewidth=1.6)
        axis.add_artist(box)
    axis.set(xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set_visible(False)


def each_query(before: np.ndarray, after: np.ndarray, names: tuple[str, str]) -> None:
    """AP of every query under two methods (Q,), percent: a dot above the diagonal gained."""
    _, axis = plt.subplots(figsize=(4.6, 4.4))
    axis.plot([0, 100], [0, 100], color="#999999", linewidth=1)
    gained = after >= before
    for chosen, colour, marker in ((gained, LINES[0], "o"), (~gained, LINES[1], "v")):
        axis.plot(
            100 * before[chosen], 100 * after[chosen], marker, color=colour, markersize=5, alpha=0.8
        )
    axis.set(
        xlabel=f"AP, {names[0]}",
        ylabel=f"AP, {names[1]}",
        xlim=(-2, 102),
        ylim=(-2, 102),
        aspect="equal",
    )


def falling_scores(
    curves: dict[str, tuple[list, list[dict]]], protocols=("easy", "medium", "hard")
) -> None:
    """mAP over the number of distractors: name -> (numbers, score maps); the first curves full,
    others dashed.
    """
    _, axis = plt.subplots(figsize=(7.5, 3.8))
    for (name, (numbers, scores)), dash, marker in zip(curves.items(), ("-", "--"), "os"):
        for protocol, colour in zip(protocols, LINES[2:3] + LINES[:2]):
            values = [100 * score[protocol] for score in scores]
            axis.plot(
                numbers,
                values,
                marker=marker,
                linestyle=dash,
                color=colour,
                label=f"{protocol}, {name}",
                ms=4,
            )
    axis.set(xscale="log", xlabel="distractors", ylabel="mAP, percent")
    axis.grid(alpha=0.25)
    axis.legend(frameon=False, fontsize=9, bbox_to_anchor=(1, 1))


def costs(runs: dict[str, list[dict]], names: dict[str, str]) -> None:
    """Seconds and GB over the number of images: way -> [dict(images, seconds, gb), ...]; ways of
    `names` are drawn.
    """
    _, axes = plt.subplots(1, 2, figsize=(10.5, 3.6), layout="constrained")
    for axis, key, label in zip(axes, ("seconds", "gb"), ("seconds", "memory at most, GB")):
        for (way, name), colour, marker in zip(names.items(), LINES, "os^D"):
            images, values = ([run[what] for run in runs[way]] for what in ("images", key))
            axis.loglog(images, values, marker=marker, color=colour, label=name)
        axis.set(xlabel="images", ylabel=label)
        axis.grid(alpha=0.25)
    axes[0].legend(frameon=False, fontsize=9)
