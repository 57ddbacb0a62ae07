"""The figures of the book. Colours are safe for the colour-blind (Okabe and Ito), and each has a word beside it."""

import cv2
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from .images import read_image

COLOURS = {"easy": "#009E73", "hard": "#009E73", "junk": "#999999", "other": "#D55E00"}  # right, right, ignored, wrong
BOX = "#F0E442"


def style() -> None:
    """White paper also in dark mode, and a readable size. Call it once at the top of a notebook."""
    plt.rcParams.update({
        "figure.facecolor": "white", "savefig.facecolor": "white", "figure.dpi": 80, "font.size": 11,
        "axes.spines.top": False, "axes.spines.right": False, "savefig.bbox": "tight",
    })  # fmt: skip


def show(axis, image, title: str = "", frame: str | None = None, box=None) -> None:
    """Draw one picture (path, PIL image or array), perhaps with a coloured `frame` and a `box` (x0, y0, x1, y1)."""
    axis.imshow(image if isinstance(image, np.ndarray) else read_image(image))
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=9, color=frame or "black", pad=3)
    for spine in axis.spines.values():
        spine.set(visible=frame is not None, color=frame, linewidth=4)
    if box is not None:
        x0, y0, x1, y1 = box
        axis.add_patch(plt.Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=BOX, linewidth=3))


def label_of(truth: dict, image: int) -> str:
    """'easy', 'hard' or 'junk' for a query's ground truth, 'other' if the image shows another landmark."""
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
        bars = axis.barh(place, [100 * s[protocol] for s in scores.values()], 0.25, color=colour, label=protocol)
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


def score_over_exponent(exponents, scores: list[dict[str, float]], ends: dict[str, float], learnt: float):
    """Medium mAP (percent) of GeM over its exponent; `ends` are the methods it lies between, `learnt` the network's."""
    _, axis = plt.subplots(figsize=(7, 3.2))
    axis.plot(exponents, [100 * s["medium"] for s in scores], "o-", color="#0072B2", label="GeM")
    for (name, value), dash in zip(ends.items(), ("--", ":")):
        axis.axhline(100 * value, color="#D55E00", linestyle=dash, label=name)
    axis.axvline(learnt, color="#999999", linewidth=1)
    axis.annotate(" learnt", (learnt, 0.02), xycoords=("data", "axes fraction"), color="#666666")
    axis.set(xscale="log", xlabel="exponent p", ylabel="medium mAP, percent", xticks=list(exponents))
    axis.set_xticklabels([f"{p:g}" for p in exponents])
    axis.minorticks_off()
    axis.legend(frameon=False)


def mark(axis, at: tuple[int, int], grid: tuple[int, int], size: tuple[int, int]) -> None:
    """A dot at the middle of cell `at` = (row, column) of a `grid` (h, w) laid over a picture of `size` (H, W)."""
    y, x = ((i + 0.5) * length / cells for i, cells, length in zip(at, grid, size))
    axis.plot(x, y, "o", markersize=9, markerfacecolor="#56B4E9", markeredgecolor="white", markeredgewidth=2)


def attention_map(axis, image, row: np.ndarray, at=None, title: str = "", opacity: float = 0.6) -> None:
    """Lay a map (h, w) over a grey picture, brightest where it is largest, and mark the position `at` = (row, column).

    Every map is stretched from its own minimum to its own maximum: compare shapes, not brightness.
    """
    picture = np.asarray(image) / 255  # (H, W, 3)
    heat = (row - row.min()) / (np.ptp(row) or 1)
    heat = cv2.resize(heat, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    grey = picture.mean(-1, keepdims=True)
    axis.imshow(np.clip((1 - opacity) * grey + opacity * plt.colormaps["magma"](heat)[..., :3], 0, 1))
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=9, pad=3)
    if at is not None:
        mark(axis, at, row.shape, picture.shape[:2])


def attention_grid(image, maps: list[list[np.ndarray]], at: list[tuple[int, int]], titles: list[str], names=None):
    """For each position a row: the picture with a dot at it, then its maps, one a title.

    Args:
        maps: for each position, arrays (h, w), all of one size.  at: positions (row, column) on that grid.
        names: what lies at the positions, written beside the rows.
    """
    size = np.asarray(image).shape[:2]
    columns, high = len(titles) + 1, 2.9 * size[0] / size[1]
    figure, axes = plt.subplots(len(at), columns, figsize=(2.9 * columns, high * len(at)), squeeze=False)
    for i, line in enumerate(axes):
        show(line[0], np.asarray(image), "" if i else "position")
        mark(line[0], at[i], maps[i][0].shape, size)
        line[0].set_ylabel(names[i] if names else "")
        for axis, row, title in zip(line[1:], maps[i], titles):
            attention_map(axis, image, row, at[i], "" if i else title)
    figure.subplots_adjust(wspace=0.04, hspace=0.05)


def to_grid(row: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """A map (h, w) on a coarser grid: the mean over each of its cells."""
    return cv2.resize(row, grid[::-1], interpolation=cv2.INTER_AREA)


def growth(x, curves: dict[str, list[float]], xlabel: str, ylabel: str) -> None:
    """Curves on logarithmic axes, each named at its end."""
    _, axis = plt.subplots(figsize=(6.5, 3.6))
    for (name, values), colour, marker in zip(curves.items(), ("#D55E00", "#0072B2", "#009E73"), "os^"):
        axis.loglog(x, values, marker=marker, color=colour)
        axis.annotate(f"  {name}", (x[-1], values[-1]), color=colour, va="center")
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.grid(alpha=0.25)
    axis.margins(x=0.16)


def validation_curves(curves: dict[str, list[float]], near: float = 2.5) -> None:
    """Validation mAP in percent, the start first and then after every epoch, one curve a run.

    On the left all of it, on the right what lies within `near` points of the start.
    """
    _, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    for axis in axes:
        for (name, values), colour, marker in zip(curves.items(), ("#0072B2", "#D55E00", "#009E73", "#CC79A7"), "os^D"):
            axis.plot(range(len(values)), values, marker=marker, markersize=4, color=colour, label=name)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set(xlabel="epoch", ylabel="held-out mAP, percent")
    start = next(iter(curves.values()))[0]
    axes[1].set(ylim=(start - near, start + near), title="the same, near the start")
    axes[0].legend(frameon=False, fontsize=9)
