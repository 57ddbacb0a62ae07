"""Figures of patches, of matches between two images, and of how right they are.

Book: chapters 11 (a local descriptor) and 12 (matching two photographs).
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from ..files import atomic
from ..images import read_image
from .basics import CURVES, DARK_GREY, GREEN, GREY, MARK, PALE_GREY, VERMILION, show

# right matches are full lines, wrong ones dashed
RIGHT = (GREEN, "-")
WRONG = (VERMILION, (0, (3, 2)))
GAP = 8  # pixels between two images


def patch_rows(rows: list[np.ndarray], names: list[str], titles: list[str] | None = None) -> None:
    """Draw patches in a grid.

    Args:
        rows: (n, H, W) grey patches for each row; n may differ.
        names: one name per row, on its left.
        titles: one title per column, or None.
    """
    columns = max(len(row) for row in rows)
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(0.85 * columns + 1, 0.87 * len(rows) + 0.2), squeeze=False
    )
    for line, row, name in zip(axes, rows, names):
        # hide all axes of the line, then show those that get a patch
        for axis in line:
            axis.set(xticks=[], yticks=[])
            axis.set_visible(False)
        for axis, patch in zip(line, row):
            axis.set_visible(True)
            axis.imshow(patch, cmap="gray")
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for axis, title in zip(axes[0], titles or []):
        axis.set_title(title, fontsize=9, pad=3)
    figure.subplots_adjust(wspace=0.06, hspace=0.06)


def patch_attention(
    patches: np.ndarray, maps: list[list[np.ndarray]], at: tuple[int, int], titles: list[str]
) -> None:
    """Draw each patch beside its attention maps, with a dot at the cell that looks.

    All maps share one scale: how many times as much a cell gets as in an even map, where each of
    the N cells gets 1/N.

    Args:
        patches: (n, H, W).
        maps: for each patch its maps (h, w), one under each title; each sums to one.
        at: (row, column) of the cell that looks.
        titles: one title per map.
    """
    columns = len(titles) + 1
    figure, axes = plt.subplots(
        len(patches), columns, figsize=(1.7 * columns + 0.6, 1.7 * len(patches)), squeeze=False
    )
    height, width = patches.shape[1:]

    # in units of 1/N; an even map alone would leave the scale without a range
    units = [[values * values.size for values in row] for row in maps]
    largest = [float(values.max()) for row in units for values in row]
    scale = plt.Normalize(0, max([2.0, *largest]))
    for i, (line, patch, row) in enumerate(zip(axes, patches, units)):
        # the middle of the cell in pixels of the patch
        h, w = row[0].shape
        y = (at[0] + 0.5) * height / h
        x = (at[1] + 0.5) * width / w

        # the patch, then its maps stretched to the patch's size
        line[0].imshow(patch, cmap="gray", extent=(0, width, height, 0))
        for axis, values in zip(line[1:], row):
            axis.imshow(values, cmap="magma", norm=scale, extent=(0, width, height, 0))
        for axis, title in zip(line, ["patch", *titles]):
            axis.plot(x, y, "o", markersize=6, markerfacecolor=MARK, markeredgecolor="white")
            axis.set(xticks=[], yticks=[])
            axis.set_title("" if i else title, fontsize=9, pad=3)
    figure.subplots_adjust(wspace=0.05, hspace=0.05)

    # one colour bar for all maps
    colours = plt.cm.ScalarMappable(scale, "magma")
    bar = figure.colorbar(colours, ax=axes, fraction=0.6 / (1.7 * columns), pad=0.02)
    bar.set_label("attention, in units of 1/N (even: 1)", fontsize=9)
    bar.ax.axhline(1, color="white", linewidth=1.5)


def nearest_patches(
    queries: np.ndarray, nearest: np.ndarray, right: np.ndarray, distances: np.ndarray
) -> None:
    """Draw patches, each beside its nearest ones; right ones have a green frame and a plus sign.

    Args:
        queries: (n, H, W) grey patches.
        nearest: (n, k, H, W) the nearest patches of each, the nearest first.
        right: (n, k) bool, which of them show the point of the query.
        distances: (n, k) of their descriptors.
    """
    lines, columns = right.shape
    figure, axes = plt.subplots(
        lines, columns + 1, figsize=(0.95 * (columns + 1), 1.12 * lines), squeeze=False
    )
    for line, query, row, good, apart in zip(axes, queries, nearest, right, distances):
        show(line[0], _grey_to_rgb(query), "query")
        for axis, patch, is_right, distance in zip(line[1:], row, good, apart):
            # colour and sign say the same
            colour = WRONG[0]
            sign = "-"
            if is_right:
                colour = RIGHT[0]
                sign = "+"
            show(axis, _grey_to_rgb(patch), f"{sign} {distance:.2f}", colour)
    figure.subplots_adjust(wspace=0.12, hspace=0.3)


def _grey_to_rgb(patch: np.ndarray) -> np.ndarray:
    """Repeat a grey patch (H, W) of bytes as (H, W, 3)."""
    return np.repeat(np.asarray(patch, np.uint8)[..., None], 3, 2)


def distance_histograms(panels: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Draw how far the descriptors of right and of wrong pairs are apart, in panels side by side.

    A vertical line is the threshold that accepts 95 % of the right pairs; the share of wrong pairs
    on its left, in the title, is the FPR95.

    Args:
        panels: title -> (distances (M,), same (M,) bool).
    """
    figure, axes = plt.subplots(
        1, len(panels), figsize=(3.4 * len(panels), 3.1), layout="constrained", squeeze=False
    )
    for axis, (title, (distances, same)) in zip(axes[0], panels.items()):
        bins = np.linspace(0, distances.max(), 50)
        groups = {
            "right pairs": (distances[same], RIGHT),
            "wrong pairs": (distances[~same], WRONG),
        }
        for name, (values, (colour, dash)) in groups.items():
            weights = np.full(len(values), 100 / len(values))  # the bars of a group sum to 100
            axis.hist(
                values,
                bins,
                weights=weights,
                histtype="step",
                linewidth=1.8,
                color=colour,
                linestyle=dash,
                label=name,
            )
        threshold = np.sort(distances[same])[int(np.ceil(0.95 * same.sum())) - 1]
        wrong = (distances[~same] <= threshold).mean()
        axis.axvline(threshold, color=GREY, linewidth=1.2)
        axis.set(xlabel="distance", ylabel="percent of the pairs")
        axis.set_title(f"{title}: FPR95 {100 * wrong:.1f} %", fontsize=10)
    # below all panels, where no outline can be
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)


def error_curves(curves: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Draw the share of right pairs accepted over the share of wrong ones, and the 95 % line.

    Args:
        curves: name -> (shares of wrong pairs, shares of right pairs), as `error_curve` gives them;
            at most five names.
    """
    _, axis = plt.subplots(figsize=(6.5, 3.8))
    dashes = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
    for (name, (wrong, right)), colour, dash in zip(curves.items(), CURVES, dashes):
        # below 0.1 % a curve would rest on a handful of wrong pairs
        x = 100 * np.maximum(wrong, 1e-3)
        axis.semilogx(x, 100 * right, color=colour, linestyle=dash, label=name)
    axis.axhline(95, color=GREY, linewidth=1)
    # at the right end and below the line, where no curve passes
    axis.annotate("95 %", (90, 94.3), color=DARK_GREY, fontsize=9, ha="right", va="top")
    axis.set(
        xlabel="wrong pairs accepted, percent",
        ylabel="right pairs accepted, percent",
        ylim=(40, 100.5),
    )
    axis.set_xlim(0.1, 100)
    axis.grid(alpha=0.25)
    axis.legend(frameon=False, loc="lower right", fontsize=9)


def interval_bars(scores: dict[str, dict[str, tuple[float, float, float]]], xlabel: str) -> None:
    """Draw points with intervals, in one or several panels.

    Args:
        scores: panel -> name -> (mean, low, high); at most five names.
        xlabel: words below each axis.
    """
    figure, axes = plt.subplots(
        1, len(scores), figsize=(4.6 * len(scores), 0.42 * 6 + 0.6), squeeze=False
    )
    for axis, (panel, intervals) in zip(axes[0], scores.items()):
        for y, ((mean, low, high), colour) in enumerate(zip(intervals.values(), CURVES)):
            arms = [[mean - low], [high - mean]]  # lengths to the left and to the right
            axis.errorbar(mean, y, xerr=arms, fmt="o", color=colour, capsize=4)
            axis.annotate(
                f"{mean:.2f}",
                (mean, y),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
        axis.set(
            yticks=range(len(intervals)),
            yticklabels=intervals,
            title=panel,
            xlabel=xlabel,
            ylim=(len(intervals) - 0.4, -0.7),
        )
        axis.title.set_fontsize(10)
    figure.tight_layout()


def pixels_of(image) -> np.ndarray:
    """Return an image, given as array, path or PIL image, as an upright array (H, W, 3)."""
    return np.asarray(read_image(image, upright=True))


def draw_matches(axis, a, b, matching, right: np.ndarray | None = None, lines: int = 150) -> None:
    """Draw two images side by side, their keypoints, and lines between matches.

    Args:
        axis: a matplotlib axis.
        a: the first image: a path, a PIL image or an array (H, W, 3) of bytes.
        b: the second image.
        matching: the `Matching` of the two.
        right: (M,) bool, which matches are right; if None, the inliers of the geometry.
        lines: the largest number of lines, spread evenly over all matches.
    """
    a = pixels_of(a)
    b = pixels_of(b)

    # both images on one white sheet; `shift` moves points of the second image to its place
    height = max(len(a), len(b))
    left = a.shape[1] + GAP
    sheet = np.full((height, left + b.shape[1], 3), 255, np.uint8)
    sheet[: len(a), : a.shape[1]] = a
    sheet[: len(b), left:] = b
    shift = np.array([left, 0])
    axis.imshow(sheet)

    # all keypoints, small and pale
    for keypoints, by in ((matching.a.keypoints, 0), (matching.b.keypoints, shift)):
        x, y = (keypoints[:, :2] + by).T
        axis.plot(x, y, ".", markersize=1.2, color=PALE_GREY)

    # the lines; right ones last, so that they lie on top
    if right is None:
        right = matching.geometry.inliers
    first, second = matching.points  # (M, 2) each
    for i in sorted(_spread(len(first), lines), key=lambda i: right[i]):
        x0, y0 = first[i]
        x1, y1 = second[i] + shift
        colour, dash = RIGHT if right[i] else WRONG
        axis.plot((x0, x1), (y0, y1), color=colour, linestyle=dash, linewidth=0.7, alpha=0.9)
    axis.set(xlim=(0, sheet.shape[1]), ylim=(height, 0))
    axis.axis("off")


def _spread(total: int, most: int) -> np.ndarray:
    """Return at most `most` of the numbers below `total`, evenly spread."""
    if total == 0:
        return np.arange(0)
    return np.unique(np.linspace(0, total - 1, min(most, total)).astype(int))


def save_matches(a, b, matching, path: str | Path) -> Path:
    """Draw two images and their matches into a file.

    Args:
        a: the first image: a path, a PIL image or an array (H, W, 3) of bytes.
        b: the second image.
        matching: the `Matching` of the two.
        path: the file, with an ending that matplotlib writes (.png, .jpg, .pdf ...).

    Returns:
        The path.

    Raises:
        OSError: an ending that cannot be written, or a folder that does not exist.
    """
    figure, axis = plt.subplots(figsize=(12, 5))
    draw_matches(axis, a, b, matching)
    path = Path(path)
    ending = path.suffix[1:].lower()
    try:
        if ending not in figure.canvas.get_supported_filetypes() or not path.parent.is_dir():
            raise OSError(
                f"{path}: the image could not be written; expected a name like matches.png, "
                "in a folder"
            )
        with atomic(path) as temporary:
            figure.savefig(temporary, format=ending, bbox_inches="tight", dpi=120)
    finally:
        plt.close(figure)
    return path
