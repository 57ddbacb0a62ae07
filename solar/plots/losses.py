"""Three descriptors on a circle or a sphere, what losses ask of them, and the landscapes that
follow.
"""

import io

import matplotlib.pyplot as plt
import numpy as np
import torch

from ..training.losses import second_order_loss, triplet_loss

POINTS = {"q": "#0072B2", "p": "#009E73", "n": "#D55E00"}  # query, positive, negative
ORDERS = {"first order": "#0072B2", "second order": "#D55E00"}


def on_circle(degrees) -> torch.Tensor:
    """Unit vectors (..., 2) at angles, counted from the right, against the clock."""
    angle = torch.deg2rad(torch.as_tensor(degrees, dtype=torch.float64))
    return torch.stack([angle.cos(), angle.sin()], -1)


def circle(axis, q, p, n, title: str = "", arrows: dict | None = None, chords: bool = True) -> None:
    """Draw q, p, n, vectors (2,), on the unit circle, with their squared distances.

    Args:
        arrows: point's letter -> (2,) where it is pushed.
    """
    points = {name: np.asarray(value, float) for name, value in dict(q=q, p=p, n=n).items()}
    axis.add_patch(plt.Circle((0, 0), 1, fill=False, color="0.8", linewidth=1.2))
    for a, b, style in (("q", "p", "-"), ("q", "n", "--"), ("p", "n", ":")) if chords else ():
        ends = np.stack([points[a], points[b]], 1)  # (2 coordinates, 2 ends)
        words = f"$d^2({a}, {b})$ = {((points[a] - points[b]) ** 2).sum():.2f}"
        axis.plot(*ends, style, color="0.35", linewidth=1.4, label=words)
    for name, at in points.items():
        axis.plot(*at, "o", color=POINTS[name], markersize=9, zorder=3)
        axis.text(
            *(1.17 * at),
            name,
            color=POINTS[name],
            ha="center",
            va="center",
            fontsize=13,
            fontweight="bold",
        )
    for name, push in (arrows or {}).items():
        end = points[name] + np.asarray(push, float)
        axis.annotate(
            "",
            end,
            points[name],
            zorder=4,
            arrowprops=dict(arrowstyle="-|>", color=POINTS[name], lw=2.2),
        )
    axis.set(xlim=(-1.45, 1.45), ylim=(-1.45, 1.45), aspect="equal", xticks=[], yticks=[])
    axis.set_frame_on(False)
    axis.set_title(title, fontsize=10)
    if chords:
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), fontsize=10, frameon=False)


def losses_of(q, p, n) -> dict[str, float]:
    """First- and second-order loss of one tuple: vectors (D,)."""
    q, p, n = (torch.as_tensor(v, dtype=torch.float64)[None] for v in (q, p, n))
    n = n[:, None]  # (1, 1, D)
    return {
        "first order": triplet_loss(q, p, n).item(),
        "second order": second_order_loss(q, p, n).item(),
    }


class LiveCircle:
    """Sliders for three points on the circle, with distances and both losses; needs a running
    notebook.

    Attributes:
        sliders: name -> slider, angles of q, p and n in degrees.  picture: the image widget.
        box: all of it, to stand last in a cell.
    """

    def __init__(self, q: float = 75, p: float = 105, n: float = 10):
        import ipywidgets

        wide = ipywidgets.Layout(width="420px")
        self.sliders = {
            name: ipywidgets.FloatSlider(
                value, min=-180, max=180, step=1, description=f"{name}, degrees", layout=wide
            )
            for name, value in dict(q=q, p=p, n=n).items()
        }
        self.picture = ipywidgets.Image(format="png", layout=ipywidgets.Layout(width="560px"))
        self.box = ipywidgets.VBox([*self.sliders.values(), self.picture])
        for slider in self.sliders.values():
            slider.observe(lambda change: self.draw(), "value")
        self.draw()

    def draw(self) -> None:
        """Draw the points as the sliders say."""
        points = [on_circle(slider.value) for slider in self.sliders.values()]
        figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.8), width_ratios=(2, 1))
        circle(left, *points)
        loss_bars(right, losses_of(*points))
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=90)
        plt.close(figure)
        self.picture.value = content.getvalue()


def loss_bars(axis, values: dict[str, float]) -> None:
    """Bars of both orders, at a scale that fits every place on the circle."""
    bars = axis.bar(list(values), list(values.values()), color=[ORDERS[name] for name in values])
    axis.bar_label(bars, fmt="%.2f", padding=2)
    axis.set(ylim=(0, 5.6), ylabel="loss")
    axis.tick_params(axis="x", labelsize=8)


def blind_spots(angles, curves: dict[str, dict[str, np.ndarray]], xlabel: str, marks: dict) -> None:
    """Losses along a walk: panel title -> curve name -> values; `marks`: panel title -> where
    dotted lines stand.
    """
    _, axes = plt.subplots(
        1, len(curves), figsize=(4.7 * len(curves), 3.3), layout="constrained", squeeze=False
    )
    for axis, (title, lines) in zip(axes[0], curves.items()):
        for (name, values), colour, dash in zip(
            lines.items(), ("#0072B2", "#D55E00", "#009E73"), ("-", "--", "-.")
        ):
            axis.plot(angles, values, dash, color=colour, linewidth=2, label=name)
        for mark in marks.get(title, ()):
            axis.axvline(mark, color="0.6", linestyle=":", linewidth=1)
        axis.set(xlabel=xlabel, ylabel="loss")
        axis.set_title(title, fontsize=10)
        axis.legend(frameon=False, fontsize=9)


def sphere(axis, q, p, colour_of, title: str, label: str) -> None:
    """A sphere in 3-D, coloured by `colour_of(n)` (M, 3) -> (M,) where a negative n may lie, with q
    and p on it.
    """
    across, up = np.meshgrid(np.linspace(0, 2 * np.pi, 97), np.linspace(0, np.pi, 49))
    n = np.stack(
        [np.cos(across) * np.sin(up), np.sin(across) * np.sin(up), np.cos(up)], -1
    )  # (49, 97, 3)
    values = np.asarray(colour_of(n.reshape(-1, 3))).reshape(across.shape)
    colours = plt.colormaps["viridis"](values / values.max())
    axis.plot_surface(
        *np.moveaxis(n, -1, 0),
        facecolors=colours,
        rstride=1,
        cstride=1,
        shade=False,
        antialiased=False,
    )
    for name, at in dict(q=q, p=p).items():
        x, y, z = 1.03 * np.asarray(at)
        axis.plot([x], [y], [z], "o", color="white", markeredgecolor="black", zorder=9)
        axis.text(x, y, z + 0.12, name, color="white", fontsize=13, fontweight="bold", zorder=10)
    axis.set_axis_off()
    axis.set_box_aspect((1, 1, 1), zoom=1.35)
    axis.view_init(elev=22, azim=20)
    axis.set_title(title, fontsize=10)
    scale = plt.cm.ScalarMappable(plt.Normalize(0, values.max()), "viridis")
    axis.figure.colorbar(scale, ax=axis, shrink=0.6, label=label)


def surfaces(x, y, values: dict[str, np.ndarray], xlabel: str, ylabel: str) -> None:
    """Height maps side by side, hatched where the height is zero: title -> (len(y), len(x))."""
    shape = dict(figsize=(3.3 * len(values), 3.2), sharey=True, squeeze=False, layout="constrained")
    figure, axes = plt.subplots(1, len(values), **shape)
    for axis, (title, height) in zip(axes[0], values.items()):
        levels = axis.contourf(x, y, height, 16, cmap="viridis")
        axis.contour(x, y, height, 16, colors="white", linewidths=0.4, alpha=0.6)
        axis.contourf(x, y, height < 1e-9, [0.5, 1.5], colors="none", hatches=["///"])
        axis.set(xlabel=xlabel)
        axis.set_title(title, fontsize=10)
        figure.colorbar(levels, ax=axis)
    axes[0, 0].set_ylabel(ylabel)


def histograms(groups: dict[str, np.ndarray], xlabel: str, bins) -> None:
    """Outlined histograms over each other, by share, means dotted."""
    _, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
    for (name, values), colour, dash in zip(
        groups.items(), ("#0072B2", "#D55E00", "#009E73"), ("-", "--", "-.")
    ):
        weights = np.full(len(values), 1 / len(values))
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
