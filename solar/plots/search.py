"""Figures of ranked lists and scores, and of feature maps and pooling that lead to them.

Book: chapter 1 (finding a landmark again).
"""

import matplotlib.pyplot as plt
import numpy as np

from .basics import BLUE, COLOURS, DARK_GREY, GREY, PROTOCOL_COLOURS, VERMILION, label_of, show


def ranked_lists(benchmark, ranking: np.ndarray, queries, length: int = 7) -> None:
    """Draw one row per query: the query with its box, then its best images.

    A frame is green for a right image, red for a wrong one and grey for junk; the label stands
    above it.

    Args:
        benchmark: a `Benchmark` with `images`, `queries`, `boxes` and `ground_truth`.
        ranking: (Q, k) numbers of database images, best first.
        queries: numbers of the queries to draw.
        length: how many images to draw for each query.
    """
    figure, axes = plt.subplots(
        len(queries), length + 1, figsize=(1.75 * (length + 1), 1.75 * len(queries)), squeeze=False
    )
    for row, q in zip(axes, queries):
        # the query first
        show(row[0], benchmark.queries[q], "query", box=benchmark.boxes[q])

        # then its list; `zip` stops after `length` images
        for axis, image in zip(row[1:], ranking[q]):
            label = label_of(benchmark.ground_truth[q], int(image))
            show(axis, benchmark.images[image], label, COLOURS[label])
    figure.subplots_adjust(wspace=0.06, hspace=0.12)


def score_bars(scores: dict[str, dict[str, float]]) -> None:
    """Draw mAP in percent as horizontal bars, three for each method.

    Args:
        scores: method -> {'easy', 'medium' and 'hard': mAP in 0..1}.
    """
    _, axis = plt.subplots(figsize=(7.5, 0.62 * len(scores) + 0.9))
    for i, (protocol, colour) in enumerate(PROTOCOL_COLOURS.items()):
        # the three bars of a method stand one below the other, around its whole number
        heights = np.arange(len(scores)) + 0.27 * (i - 1)
        values = [100 * score[protocol] for score in scores.values()]
        bars = axis.barh(heights, values, 0.25, color=colour, label=protocol)
        axis.bar_label(bars, fmt="%.0f", fontsize=8, padding=2)
    axis.set(yticks=range(len(scores)), yticklabels=scores, xlabel="mAP, percent", xlim=(0, 100))
    axis.invert_yaxis()  # the first method on top
    axis.legend(frameon=False, loc="upper right")


def channel_maps(image, maps: np.ndarray, titles) -> None:
    """Draw an image beside some channels of its feature map.

    Args:
        image: a path, a PIL image or an array (H, W, 3).
        maps: (n, h, w), one map per channel.
        titles: n titles.
    """
    figure, axes = plt.subplots(1, len(maps) + 1, figsize=(2.1 * (len(maps) + 1), 2))
    show(axes[0], image, "photograph")
    for axis, channel, title in zip(axes[1:], maps, titles):
        axis.imshow(channel, cmap="viridis")
        axis.set(xticks=[], yticks=[])
        axis.set_title(title, fontsize=9, pad=3)
    figure.subplots_adjust(wspace=0.06)


def score_over_exponent(
    exponents, scores: list[dict[str, float]], ends: dict[str, float], learnt: float
) -> None:
    """Draw the medium mAP of GeM, in percent, over its exponent.

    Args:
        exponents: (n,) exponents p.
        scores: for each exponent {protocol: mAP in 0..1}.
        ends: name -> medium mAP of the two methods between which GeM lies.
        learnt: the exponent of the network.
    """
    _, axis = plt.subplots(figsize=(7, 3.2))

    # the curve, and the two methods at its ends as horizontal lines
    medium = [100 * score["medium"] for score in scores]
    axis.plot(exponents, medium, "o-", color=BLUE, label="GeM")
    for (name, value), dash in zip(ends.items(), ("--", ":")):
        axis.axhline(100 * value, color=VERMILION, linestyle=dash, label=name)

    # the learnt exponent as a vertical line with its word
    axis.axvline(learnt, color=GREY, linewidth=1)
    axis.annotate(" learnt", (learnt, 0.4), xycoords=("data", "axes fraction"), color=DARK_GREY)
    axis.set(
        xscale="log", xlabel="exponent p", ylabel="medium mAP, percent", xticks=list(exponents)
    )
    axis.set_xticklabels([f"{p:g}" for p in exponents])
    axis.minorticks_off()
    axis.legend(frameon=False)
