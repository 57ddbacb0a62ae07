"""Ranked lists, scores and what leads to them; each colour has a word beside it."""

import matplotlib.pyplot as plt
import numpy as np

from .basics import show

COLOURS = {
    "easy": "#009E73",
    "hard": "#009E73",
    "junk": "#999999",
    "other": "#D55E00",
}  # right, right, ignored, wrong


def label_of(truth: dict, image: int) -> str:
    """'easy', 'hard' or 'junk' for a query's ground truth, 'other' if the image shows another
    landmark.
    """
    return next((label for label in ("easy", "hard", "junk") if image in truth[label]), "other")


def ranked_lists(benchmark, ranking: np.ndarray, queries, length: int = 7):
    """A row for each of `queries`: the query with its box, then its first `length` images, framed
    green (right), red (wrong) or grey (junk), with the label's word above.

    Args:
        ranking: (Q, k) indices of database images, best first.
        queries: numbers of the queries to draw.
    """
    figure, axes = plt.subplots(
        len(queries), length + 1, figsize=(1.75 * (length + 1), 1.75 * len(queries)), squeeze=False
    )
    for row, q in zip(axes, queries):
        show(row[0], benchmark.queries[q], "query", box=benchmark.boxes[q])
        for axis, image in zip(row[1:], ranking[q]):
            label = label_of(benchmark.ground_truth[q], int(image))
            show(axis, benchmark.images[image], label, COLOURS[label])
    figure.subplots_adjust(wspace=0.06, hspace=0.12)


def score_bars(scores: dict[str, dict[str, float]]):
    """Horizontal bars of mAP (percent): method -> protocol -> value in 0..1."""
    protocols = ("easy", "medium", "hard")
    _, axis = plt.subplots(figsize=(7.5, 0.62 * len(scores) + 0.9))
    for i, (protocol, colour) in enumerate(zip(protocols, ("#009E73", "#0072B2", "#D55E00"))):
        place = np.arange(len(scores)) + 0.27 * (i - 1)
        bars = axis.barh(
            place, [100 * s[protocol] for s in scores.values()], 0.25, color=colour, label=protocol
        )
        axis.bar_label(bars, fmt="%.0f", fontsize=8, padding=2)
    axis.set(yticks=range(len(scores)), yticklabels=scores, xlabel="mAP, percent", xlim=(0, 100))
    axis.invert_yaxis()
    axis.legend(frameon=False, loc="lower right")


def channel_maps(image, maps: np.ndarray, titles):
    """A picture beside some channels (n, h, w) of its feature map."""
    figure, axes = plt.subplots(1, len(maps) + 1, figsize=(2.1 * (len(maps) + 1), 2))
    show(axes[0], image, "photograph")
    for axis, channel, title in zip(axes[1:], maps, titles):
        axis.imshow(channel, cmap="viridis")
        axis.set(xticks=[], yticks=[])
        axis.set_title(title, fontsize=9, pad=3)
    figure.subplots_adjust(wspace=0.06)


def score_over_exponent(
    exponents, scores: list[dict[str, float]], ends: dict[str, float], learnt: float
):
    """Medium mAP (percent) of GeM over its exponent; `ends` are the methods it lies between,
    `learnt` the network's.
    """
    _, axis = plt.subplots(figsize=(7, 3.2))
    axis.plot(exponents, [100 * s["medium"] for s in scores], "o-", color="#0072B2", label="GeM")
    for (name, value), dash in zip(ends.items(), ("--", ":")):
        axis.axhline(100 * value, color="#D55E00", linestyle=dash, label=name)
    axis.axvline(learnt, color="#999999", linewidth=1)
    axis.annotate(" learnt", (learnt, 0.02), xycoords=("data", "axes fraction"), color="#666666")
    axis.set(
        xscale="log", xlabel="exponent p", ylabel="medium mAP, percent", xticks=list(exponents)
    )
    axis.set_xticklabels([f"{p:g}" for p in exponents])
    axis.minorticks_off()
    axis.legend(frameon=False)
