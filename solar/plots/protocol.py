"""Figures of the revisited protocol, of what a mean score hides, and of a million distractors.

Book: chapters 9 (the revisited protocol) and 10 (one million distractors).
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from ..images import prepare
from ..search.protocol import PROTOCOLS
from .basics import BLUE, COLOURS, CURVES, GREY, PROTOCOL_COLOURS, VERMILION, label_of, show


def precision_steps(right: list[bool]) -> None:
    """Draw a ranked list and its precision over recall.

    The area below the curve is one trapezoid for each right image.

    Args:
        right: for each image of the list, best first, whether it is right.
    """
    _, (top, axis) = plt.subplots(
        2, 1, figsize=(7, 4.6), height_ratios=[1, 5], layout="constrained"
    )
    _draw_list(top, right)

    total = sum(right)
    seen = 0  # right images above this rank
    for rank, good in enumerate(right):
        if not good:
            continue
        # precision just before and just after this image; before the first rank it is 1
        before = seen / rank if rank else 1
        after = (seen + 1) / (rank + 1)

        # its trapezoid is one step of recall wide
        recall = [seen / total, (seen + 1) / total]
        axis.fill_between(recall, [before, after], color=BLUE, alpha=0.25)
        axis.plot(recall, [before, after], "o-", color=BLUE)
        axis.annotate(f"{(before + after) / 2:.2f}", (np.mean(recall), 0.06), ha="center")
        seen += 1
    axis.set(
        xlabel="recall: share of the right images that was found",
        ylabel="precision",
        xlim=(0, 1),
        ylim=(0, 1.08),
    )


def _draw_list(axis, right: list[bool]) -> None:
    """Draw a row of boxes, one per rank, each with the word 'right' or 'wrong'."""
    for rank, good in enumerate(right):
        colour = COLOURS["easy" if good else "other"]
        word = "right" if good else "wrong"
        axis.add_patch(plt.Rectangle((rank + 0.05, 0), 0.9, 1, facecolor=colour))
        axis.text(rank + 0.5, 0.5, word, ha="center", va="center", color="white", fontsize=9)
    axis.set(xlim=(0, len(right)), ylim=(0, 1), xlabel="rank", yticks=[])
    axis.set_xticks(np.arange(len(right)) + 0.5, range(len(right)))


def protocol_lists(benchmark, ranking: np.ndarray, query: int, length: int = 8) -> None:
    """Draw the list of one query, and below it the list as each protocol sees it.

    Images that a protocol ignores fall out of its list, and the others move up.

    Args:
        benchmark: a `Benchmark` with `images`, `queries`, `boxes` and `ground_truth`.
        ranking: (N,) numbers of database images, best first.
        query: number of the query.
        length: how many images to draw for each protocol.
    """
    truth = benchmark.ground_truth[query]
    labels = {int(image): label_of(truth, int(image)) for image in ranking}
    figure, axes = plt.subplots(4, length + 1, figsize=(1.45 * (length + 1), 6.1))

    # first the whole list, each image with its label
    show(axes[0, 0], benchmark.queries[query], box=benchmark.boxes[query])
    axes[0, 0].set_ylabel("whole list", fontsize=11)
    for axis, (image, label) in zip(axes[0, 1:], labels.items()):
        show(axis, benchmark.images[image], label, COLOURS[label])

    for row, (protocol, (_, ignored)) in zip(axes[1:], PROTOCOLS.items()):
        show(row[0], benchmark.queries[query], box=benchmark.boxes[query])
        row[0].set_ylabel(protocol, fontsize=11)

        # the list without the ignored images
        counted = [image for image, label in labels.items() if label not in ignored]
        for axis, image in zip(row[1:], counted[:length]):
            label = labels[image]
            title = "wrong" if label == "other" else f"right: {label}"
            show(axis, benchmark.images[image], title, COLOURS[label])
    figure.subplots_adjust(wspace=0.06, hspace=0.16)


def thumbnail_map(places: np.ndarray, images, colours, size: int = 40) -> None:
    """Draw images as thumbnails on a map, each framed in its colour.

    Args:
        places: (N, 2), where the middles of the images lie.
        images: N paths or PIL images.
        colours: N colours.
        size: the longer side of a thumbnail in pixels.
    """
    _, axis = plt.subplots(figsize=(11, 8))

    # invisible points, so that the axes reach around all places
    axis.scatter(places[:, 0], places[:, 1], s=1, color="white")
    for place, image, colour in zip(places, images, colours):
        thumbnail = OffsetImage(np.asarray(prepare(image, None, size)), zoom=0.8)
        box = AnnotationBbox(thumbnail, place, pad=0.12)
        box.patch.set(edgecolor=colour, linewidth=1.6)
        axis.add_artist(box)
    axis.set(xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set_visible(False)


def each_query(before: np.ndarray, after: np.ndarray, names: tuple[str, str]) -> None:
    """Draw the AP of every query under two methods: a dot above the diagonal has gained.

    Args:
        before: (Q,) AP in 0..1 under the first method.
        after: (Q,) AP in 0..1 under the second method.
        names: of the two methods.
    """
    _, axis = plt.subplots(figsize=(4.6, 4.4))
    axis.plot([0, 100], [0, 100], color=GREY, linewidth=1)
    gained = after >= before
    for chosen, colour, marker in ((gained, BLUE, "o"), (~gained, VERMILION, "v")):
        x = 100 * before[chosen]
        y = 100 * after[chosen]
        axis.plot(x, y, marker, color=colour, markersize=5, alpha=0.8)
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
    """Draw mAP in percent over the number of distractors.

    Args:
        curves: name -> (numbers of distractors, {protocol: mAP in 0..1} for each number). The
            curves of the first name are full, those of the second dashed.
        protocols: the protocols to draw.
    """
    _, axis = plt.subplots(figsize=(7.5, 3.8))
    looks = zip(("-", "--"), "os")
    for (name, (numbers, scores)), (dash, marker) in zip(curves.items(), looks):
        for protocol in protocols:
            axis.plot(
                numbers,
                [100 * score[protocol] for score in scores],
                marker=marker,
                linestyle=dash,
                color=PROTOCOL_COLOURS[protocol],
                label=f"{protocol}, {name}",
                ms=4,
            )
    kinds = [f"{words} {name}" for words, name in zip(("full lines:", "dashed:"), curves)]
    axis.set(xscale="log", xlabel=f"distractors ({', '.join(kinds)})", ylabel="mAP, percent")
    axis.grid(alpha=0.25)
    axis.legend(frameon=False, fontsize=9, bbox_to_anchor=(1, 1))


def costs(runs: dict[str, list[dict]], names: dict[str, str]) -> None:
    """Draw seconds and memory over the number of images, for several ways to evaluate.

    Args:
        runs: way -> [dict(images=..., seconds=..., gb=...), ...].
        names: way -> its name in the legend; ways that are not named are not drawn.
    """
    _, axes = plt.subplots(1, 2, figsize=(10.5, 3.6), layout="constrained")
    for axis, key, label in zip(axes, ("seconds", "gb"), ("seconds", "memory at most, GB")):
        for (way, name), colour, marker in zip(names.items(), CURVES, "os^D"):
            images = [run["images"] for run in runs[way]]
            values = [run[key] for run in runs[way]]
            axis.loglog(images, values, marker=marker, color=colour, label=name)
        axis.set(xlabel="simulated images", ylabel=label)
        axis.grid(alpha=0.25)
    axes[0].legend(frameon=False, fontsize=9)
