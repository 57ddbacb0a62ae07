"""Patches, matches and how well they do."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from ..files import atomic
from ..images import read_image

RIGHT, WRONG, IDLE = (
    "#009E73",
    "#D55E00",
    "#BBBBBB",
)  # and lines of right matches are solid, of wrong ones dashed


def patch_rows(rows: list[np.ndarray], names: list[str], titles: list[str] | None = None) -> None:
    """Patches in a grid: rows (n, H, W) of grey patches, each row named on its left."""
    columns = max(len(row) for row in rows)
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(0.85 * columns + 1, 0.87 * len(rows) + 0.2), squeeze=False
    )
    for line, row, name in zip(axes, rows, names):
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
    """Each patch (n, H, W) beside its maps (h, w), one a title; a dot marks the cell `at` that
    looks.
    """
    columns = len(titles) + 1
    figure, axes = plt.subplots(
        len(patches), columns, figsize=(1.7 * columns, 1.7 * len(patches)), squeeze=False
    )
    for i, (line, patch, row) in enumerate(zip(axes, patches, maps)):
        cells = row[0].shape
        for axis, picture, title in zip(line, [patch, *row], ["patch", *titles]):
            whole = (0, patch.shape[1], patch.shape[0], 0)
            axis.imshow(picture, cmap="gray" if picture is patch else "magma", extent=whole)
            y, x = ((n + 0.5) * length / c for n, length, c in zip(at, patch.shape, cells))
            axis.plot(x, y, "o", markersize=6, markerfacecolor="#56B4E9", markeredgecolor="white")
            axis.set(xticks=[], yticks=[])
            axis.set_title("" if i else title, fontsize=9, pad=3)
    figure.subplots_adjust(wspace=0.05, hspace=0.05)


def error_curves(curves: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Share of right pairs accepted over the share of wrong ones, as `error_curve` gives them, and
    the 95 % line.
    """
    _, axis = plt.subplots(figsize=(6.5, 3.8))
    dashes = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
    for (name, (wrong, right)), colour, dash in zip(curves.items(), _COLOURS, dashes):
        axis.semilogx(
            100 * np.maximum(wrong, 1e-4), 100 * right, color=colour, linestyle=dash, label=name
        )
    axis.axhline(95, color="#999999", linewidth=1)
    axis.annotate("95 %", (0.011, 95.5), color="#666666", fontsize=9)
    axis.set(
        xlabel="wrong pairs accepted, percent",
        ylabel="right pairs accepted, percent",
        ylim=(40, 100.5),
    )
    axis.set_xlim(0.01, 100)
    axis.grid(alpha=0.25)
    axis.legend(frameon=False, loc="lower right", fontsize=9)


_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777")


def interval_bars(scores: dict[str, dict[str, tuple[float, float, float]]], xlabel: str) -> None:
    """Points with intervals: panel -> name -> (mean, low, high)."""
    figure, axes = plt.subplots(
        1, len(scores), figsize=(4.6 * len(scores), 0.42 * 6 + 0.6), squeeze=False
    )
    for axis, (panel, rows) in zip(axes[0], scores.items()):
        for place, ((mean, low, high), colour) in enumerate(zip(rows.values(), _COLOURS)):
            axis.errorbar(
                mean, place, xerr=[[mean - low], [high - mean]], fmt="o", color=colour, capsize=4
            )
            axis.annotate(
                f"{mean:.2f}",
                (mean, place),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
        axis.set(
            yticks=range(len(rows)),
            yticklabels=rows,
            title=panel,
            xlabel=xlabel,
            ylim=(len(rows) - 0.4, -0.7),
        )
        axis.title.set_fontsize(10)
    figure.tight_layout()


def draw_matches(axis, a, b, matching, right: np.ndarray | None = None, lines: int = 150) -> None:
    """Two pictures side by side, their keypoints, and lines between matches.

    Args:
        matching: a `Matching` of them.  right: (M,) bool, which matches are right; the geometry's
            inliers if None.
        lines: drawn at most, spread evenly over all matches.
    """
    a, b = (
        np.asarray(read_image(image)) if not isinstance(image, np.ndarray) else image
        for image in (a, b)
    )
    height, gap = max(len(a), len(b)), 8
    sheet = np.full((height, a.shape[1] + gap + b.shape[1], 3), 255, np.uint8)
    sheet[: len(a), : a.shape[1]], sheet[: len(b), a.shape[1] + gap :] = a, b
    axis.imshow(sheet)
    shift = np.array([a.shape[1] + gap, 0])
    for keypoints, by in ((matching.a.keypoints, 0), (matching.b.keypoints, shift)):
        axis.plot(*(keypoints[:, :2] + by).T, ".", markersize=1.2, color=IDLE)
    right = matching.geometry.inliers if right is None else right
    first, second = matching.points
    chosen = (
        np.unique(np.linspace(0, len(first) - 1, min(lines, len(first))).astype(int))
        if len(first)
        else []
    )
    for i in sorted(chosen, key=lambda i: right[i]):
        (x0, y0), (x1, y1) = first[i], second[i] + shift
        colour, dash = (RIGHT, "-") if right[i] else (WRONG, (0, (3, 2)))
        axis.plot((x0, x1), (y0, y1), color=colour, linestyle=dash, linewidth=0.7, alpha=0.9)
    axis.set(xlim=(0, sheet.shape[1]), ylim=(height, 0))
    axis.axis("off")


def save_matches(a, b, matching, path: str | Path) -> Path:
    """Draw two pictures and their matches into the file `path` (.png, .jpg, .pdf ...).

    Raises:
        OSError: an ending that no writer knows, or a folder that is not there.
    """
    figure, axis = plt.subplots(figsize=(12, 5))
    draw_matches(axis, a, b, matching)
    path = Path(path)
    kind = path.suffix[1:].lower()
    try:
        if kind not in figure.canvas.get_supported_filetypes() or not path.parent.is_dir():
            raise OSError(
                f"{path}: the picture could not be written; expected a name like matches.png, in a folder"
            )
        with atomic(path) as temporary:
            figure.savefig(temporary, format=kind, bbox_inches="tight", dpi=120)
    finally:
        plt.close(figure)
    return path
