"""Figures of descriptors on a circle or a sphere, and of losses over them.

Book: chapter 5 (losses) and chapter 6 (traps of the losses).
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from ..training.losses import second_order_loss, triplet_loss
from .basics import BLUE, DARK_GREY, GREEN, GREY, PURPLE, SKY, VERMILION

# a colour means one thing: query, positive, negative
POINTS = {"q": "black", "p": GREEN, "n": VERMILION}
# colour and dash of a loss, by the words with which the name of its curve begins
LOSSES = {
    "first order": (BLUE, "-"),
    "triplet": (BLUE, "-"),
    "contrastive": (SKY, "-."),
    "second order": (PURPLE, "--"),
}
OTHERS = (DARK_GREY, ":")  # of a sum of losses
CHORDS = (("q", "p", "-"), ("q", "n", "--"), ("p", "n", ":"))  # two points and a dash


def on_circle(degrees) -> torch.Tensor:
    """Return unit vectors at angles.

    Args:
        degrees: angles of any shape (...), counted from the right, against the clock.

    Returns:
        (..., 2), float64.

    Example:
        >>> on_circle([0, 180]).round().tolist()
        [[1.0, 0.0], [-1.0, 0.0]]
    """
    angle = torch.deg2rad(torch.as_tensor(degrees, dtype=torch.float64))
    return torch.stack([angle.cos(), angle.sin()], -1)


def circle(axis, q, p, n, title: str = "", arrows: dict | None = None, chords: bool = True) -> None:
    """Draw query, positive and negative on the unit circle, with their squared distances.

    Args:
        axis: a matplotlib axis.
        q: (2,), the query.
        p: (2,), the positive.
        n: (2,), the negative.
        title: words above the circle.
        arrows: 'q', 'p' or 'n' -> (2,), the way a point is pushed; or None.
        chords: whether to draw lines between the points, with their squared distances.
    """
    points = {"q": np.asarray(q, float), "p": np.asarray(p, float), "n": np.asarray(n, float)}
    axis.add_patch(plt.Circle((0, 0), 1, fill=False, color="0.8", linewidth=1.2))
    if chords:
        _draw_chords(axis, points)

    # the points, with their letters outside the circle
    for name, at in points.items():
        axis.plot(at[0], at[1], "o", color=POINTS[name], markersize=9, zorder=3)
        axis.text(
            1.17 * at[0],
            1.17 * at[1],
            name,
            color=POINTS[name],
            ha="center",
            va="center",
            fontsize=13,
            fontweight="bold",
        )

    # the pushes
    for name, push in (arrows or {}).items():
        end = points[name] + np.asarray(push, float)
        arrow = dict(arrowstyle="-|>", color=POINTS[name], lw=2.2)
        axis.annotate("", end, points[name], zorder=4, arrowprops=arrow)

    axis.set(xlim=(-1.45, 1.45), ylim=(-1.45, 1.45), aspect="equal", xticks=[], yticks=[])
    axis.set_frame_on(False)
    axis.set_title(title, fontsize=10)
    if chords:
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), fontsize=10, frameon=False)


def _draw_chords(axis, points: dict[str, np.ndarray]) -> None:
    """Draw the lines between three points, each with its squared distance for the legend."""
    for a, b, dash in CHORDS:
        squared = ((points[a] - points[b]) ** 2).sum()
        x, y = np.stack([points[a], points[b]], 1)  # (2 coordinates, 2 ends)
        words = f"$d^2({a}, {b})$ = {squared:.2f}"
        axis.plot(x, y, dash, color="0.35", linewidth=1.4, label=words)


def losses_of(q, p, n) -> dict[str, float]:
    """Return the first-order and the second-order loss of one tuple.

    Args:
        q: (D,), the query.
        p: (D,), the positive.
        n: (D,), the negative.

    Returns:
        'first order' -> the triplet loss, 'second order' -> the second-order loss.

    Example:
        >>> losses_of([1, 0], [0, 1], [-1, 0])
        {'first order': 0.0, 'second order': 2.0}
    """
    q = torch.as_tensor(q, dtype=torch.float64)[None]  # (1, D)
    p = torch.as_tensor(p, dtype=torch.float64)[None]
    n = torch.as_tensor(n, dtype=torch.float64)[None, None]  # (1, 1, D)
    return {
        "first order": triplet_loss(q, p, n).item(),
        "second order": second_order_loss(q, p, n).item(),
    }


def loss_bars(axis, values: dict[str, float]) -> None:
    """Draw the losses of one tuple as bars, at a scale that fits every tuple on the circle.

    Args:
        axis: a matplotlib axis.
        values: what `losses_of` gives.
    """
    colours = [_look_of(name)[0] for name in values]
    bars = axis.bar(list(values), list(values.values()), color=colours)
    axis.bar_label(bars, fmt="%.2f", padding=2)
    axis.set(ylim=(0, 5.6), ylabel="loss")
    axis.tick_params(axis="x", labelsize=8)


def _look_of(name: str) -> tuple[str, str]:
    """Return colour and dash of a loss."""
    for words, look in LOSSES.items():
        if name.startswith(words):
            return look
    return OTHERS


def blind_spots(angles, curves: dict[str, dict[str, np.ndarray]], xlabel: str, marks: dict) -> None:
    """Draw losses along a walk, in one or several panels.

    Args:
        angles: (n,) steps of the walk.
        curves: panel title -> curve name -> (n,) values. Names begin with 'first order',
            'triplet', 'contrastive' or 'second order', which have their colours; others are grey.
        xlabel: words below each axis.
        marks: panel title -> where dotted lines stand.
    """
    _, axes = plt.subplots(
        1, len(curves), figsize=(4.7 * len(curves), 3.3), layout="constrained", squeeze=False
    )
    for axis, (title, lines) in zip(axes[0], curves.items()):
        for name, values in lines.items():
            colour, dash = _look_of(name)
            axis.plot(angles, values, dash, color=colour, linewidth=2, label=name)
        for mark in marks.get(title, ()):
            axis.axvline(mark, color="0.6", linestyle=":", linewidth=1)
        axis.set(xlabel=xlabel, ylabel="loss")
        axis.set_title(title, fontsize=11)
        axis.legend(frameon=False, fontsize=9)


def sphere(axis, q, p, colour_of, title: str, label: str) -> None:
    """Draw a map of a sphere, coloured by a value of each place where a negative may lie.

    Args:
        axis: a matplotlib axis with the projection 'mollweide', which keeps areas.
        q: (3,), the query, drawn as a point.
        p: (3,), the positive, drawn as a point.
        colour_of: function of negatives (M, 3) that gives values (M,).
        title: words above the map.
        label: words below the colour bar.
    """
    # places on the sphere by longitude and latitude, in radians
    across, up = np.meshgrid(np.linspace(-np.pi, np.pi, 181), np.linspace(-1, 1, 91) * np.pi / 2)
    x = np.cos(across) * np.cos(up)
    y = np.sin(across) * np.cos(up)
    z = np.sin(up)
    n = np.stack([x, y, z], -1)  # (91, 181, 3)

    values = np.asarray(colour_of(n.reshape(-1, 3))).reshape(across.shape)
    colours = axis.pcolormesh(
        across, up, values, cmap="viridis", vmin=0, shading="gouraud", rasterized=True
    )
    axis.figure.colorbar(colours, ax=axis, orientation="horizontal", shrink=0.6, label=label)

    # query and positive where they lie
    for name, at in (("q", q), ("p", p)):
        x, y, z = np.asarray(at, float)
        longitude = np.arctan2(y, x)
        axis.plot(longitude, np.arcsin(z), "o", color="white", markeredgecolor="black")
        axis.annotate(
            name,
            (longitude, np.arcsin(z)),
            xytext=(0, 8),
            textcoords="offset points",
            color="white",
            ha="center",
            fontweight="bold",
        )
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    axis.set_title(title, fontsize=11)


def surfaces(
    x,
    y,
    values: dict[str, np.ndarray],
    xlabel: str,
    ylabel: str,
    marks: dict[str, tuple[float, float]] | None = None,
) -> None:
    """Draw height maps side by side, hatched where the height is zero.

    Args:
        x: (w,) coordinates.
        y: (h,) coordinates.
        values: title -> heights (h, w).
        xlabel: words below each axis.
        ylabel: words beside the first axis.
        marks: word -> (x, y), a place to mark in every map; or None.
    """
    figure, axes = plt.subplots(
        1,
        len(values),
        figsize=(3.5 * len(values), 3.4),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, (title, height) in zip(axes[0], values.items()):
        # heights as colours, lines of equal height, and hatches where there is no loss
        levels = axis.contourf(x, y, height, 16, cmap="viridis")
        axis.contour(x, y, height, 16, colors="white", linewidths=0.4, alpha=0.6)
        axis.contourf(x, y, height < 1e-9, [0.5, 1.5], colors="none", hatches=["///"])
        for word, at in (marks or {}).items():
            box = dict(boxstyle="circle", facecolor="white", edgecolor="black", pad=0.2)
            axis.annotate(word, at, ha="center", va="center", fontsize=10, bbox=box)
        axis.set(xlabel=xlabel)
        axis.set_title(title, fontsize=11)
        figure.colorbar(levels, ax=axis, label="loss")
    axes[0, 0].set_ylabel(ylabel)


def histograms(groups: dict[str, np.ndarray], xlabel: str, bins) -> None:
    """Draw outlined histograms of shares over each other, with dotted means.

    Args:
        groups: name -> values; negatives first, and what they are compared with last.
        xlabel: words below the axis.
        bins: edges of the bins, as in `numpy.histogram`.
    """
    _, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
    looks = ((VERMILION, "-"), (VERMILION, "--"), (GREY, "-."))
    for (name, values), (colour, dash) in zip(groups.items(), looks):
        weights = np.full(len(values), 1 / len(values))  # the bars of a group sum to one
        axis.hist(
            values,
            bins,
            weights=weights,
            histtype="step",
            linewidth=2,
            color=colour,
            linestyle=dash,
            label=name,
        )
        axis.axvline(np.mean(values), color=colour, linestyle=":", linewidth=1.5)
    axis.set(xlabel=xlabel, ylabel="share")
    axis.legend(frameon=False, fontsize=9)
