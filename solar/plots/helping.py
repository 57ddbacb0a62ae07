"""Figures of chapter 4: maps of parts, arms side by side, what attention does to the pool.

Book: chapter 4 (when attention helps).
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke

from .basics import (
    BLUE,
    COLOURS,
    DARK_GREY,
    GREEN,
    GREY,
    MARK,
    OCHRE,
    PURPLE,
    SKY,
    VERMILION,
    label_of,
    show,
)

# a sign for each of 64 parts, and a colour for each of 8 materials
# (nothing that looks like another one: no O beside 0, no l beside 1)
SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ" + "23456789" + "ΓΔΘΛΞΠΣΦΨΩαβγδεζηθλμξπστφψω" + "bdegh"
MATERIAL_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, SKY, OCHRE, GREY, "black")
# colour, marker and dash of each arm of an experiment, in every figure
ARMS = {
    "none": (DARK_GREY, "o", ":"),
    "identity": (GREEN, "s", "--"),
    "even": (PURPLE, "D", "-."),
    "soa": (BLUE, "^", "-"),
}


def parts_map(
    axis,
    parts: np.ndarray,
    materials: np.ndarray,
    own: np.ndarray | None = None,
    row: np.ndarray | None = None,
    at: int | None = None,
    title: str = "",
) -> None:
    """Draw a map of the world of parts: a sign for each part, in the colour of its material.

    Args:
        axis: a matplotlib axis.
        parts: (N,) numbers of the parts, row by row; N is a square number.
        materials: (N,) numbers of the materials.
        own: (N,) bool, the positions to underline, or None.
        row: (N,) attention to lay behind the signs, darkest where it is largest, or None.
        at: the position that looks, to frame, or None.
        title: words above the map.
    """
    side = round(len(parts) ** 0.5)
    behind = np.zeros(len(parts)) if row is None else row
    largest = behind.max() or 1
    axis.imshow(behind.reshape(side, side), cmap="Greys", vmin=0, vmax=2.4 * largest)
    for i, (part, material) in enumerate(zip(parts, materials)):
        y, x = divmod(i, side)
        colour = MATERIAL_COLOURS[material]
        sign = axis.text(
            x, y, SIGNS[part], color=colour, ha="center", va="center", fontsize=13, weight="bold"
        )
        # a white seam keeps the sign readable where the position is dark
        sign.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
        # own positions have a line below their sign
        if own is not None and own[i]:
            axis.plot([x - 0.3, x + 0.3], [y + 0.4, y + 0.4], color=colour, linewidth=2)
    if at is not None:
        y, x = divmod(at, side)
        frame = plt.Rectangle((x - 0.48, y - 0.48), 0.96, 0.96, fill=False, linewidth=3)
        frame.set_edgecolor(MARK)
        axis.add_patch(frame)
    # a thin frame all around
    for spine in axis.spines.values():
        spine.set(visible=True, color=GREY)
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=10, pad=4)


def parts_maps(images, titles: list[str], underline: bool = True) -> None:
    """Draw maps of the world of parts side by side.

    Args:
        images: what `solar.world.parts.draw_images` returned.
        titles: one title per image.
        underline: whether the landmark's own positions are underlined.
    """
    number = len(titles)
    _, axes = plt.subplots(
        1, number, figsize=(2.5 * number, 2.8), layout="constrained", squeeze=False
    )
    for i, axis in enumerate(axes[0]):
        own = images.own[i].numpy() if underline else None
        parts_map(axis, images.parts[i].numpy(), images.materials[i].numpy(), own, title=titles[i])


def arm_curves(
    x, curves: dict[str, list], xlabel: str, ylabel: str = "mAP, percent", side_by_side: bool = True
) -> None:
    """Draw one curve for each arm of an experiment; intervals are bars.

    Args:
        x: (n,) numbers, or words, below the curves.
        curves: arm -> n values, or n intervals (mean, low, high). The arms 'none', 'identity',
            'even' and 'soa' look the same in every figure.
        xlabel: words below the axis.
        ylabel: words beside the axis.
        side_by_side: put the values at equal distances, whatever x is.
    """
    _, axis = plt.subplots(figsize=(6.8, 3.7), layout="constrained")
    places = np.arange(len(x)) if side_by_side else np.asarray(x, float)
    for number, (arm, curve) in enumerate(curves.items()):
        colour, marker, dash = ARMS.get(arm, (VERMILION, "v", "-"))
        values = np.asarray(curve, float)  # (n,) or (n, 3)
        shown = places
        if values.ndim == 2:
            # arms stand a little beside each other, so that no interval hides another
            shown = places + 0.05 * (number - (len(curves) - 1) / 2)
            axis.vlines(shown, values[:, 1], values[:, 2], color=colour, linewidth=2)
            values = values[:, 0]
        axis.plot(shown, values, dash, marker=marker, markersize=5, color=colour, label=arm)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    if side_by_side:
        axis.set_xticks(places, [str(value) for value in x])
    axis.grid(axis="y", alpha=0.25)
    axis.legend(frameon=False, fontsize=9)


def looks(images, number: int, at: int, rows: dict[str, np.ndarray]) -> None:
    """Draw where one position of a map of parts looks, once for each attention map.

    Args:
        images: what `solar.world.parts.draw_images` returned.
        number: of the image.
        at: number of the position that looks.
        rows: title -> (N,) attention of that position.
    """
    _, axes = plt.subplots(
        1, len(rows), figsize=(3.1 * len(rows), 3.4), layout="constrained", squeeze=False
    )
    parts = images.parts[number].numpy()
    materials = images.materials[number].numpy()
    own = images.own[number].numpy()
    for axis, (title, row) in zip(axes[0], rows.items()):
        parts_map(axis, parts, materials, own, row, at, title)


def pool_shares(pictures, before: list[np.ndarray], after: list[np.ndarray], names) -> None:
    """Draw the share of each position in the pool before and after attention, and the change.

    All maps are in units of the even share, 1 / N, and have one scale of colours; so have the
    changes.

    Args:
        pictures: PIL images or arrays (H, W, 3).
        before: for each picture the shares (h, w) that GeM gives; they sum to one.
        after: the same, behind the attention.
        names: words beside each picture.
    """
    figure, axes = plt.subplots(
        len(names), 4, figsize=(11.5, 2.3 * len(names)), layout="constrained", squeeze=False
    )
    evens = [(b * b.size, a * a.size) for b, a in zip(before, after)]
    most = max(max(b.max(), a.max()) for b, a in evens)
    change = max(np.abs(a - b).max() for b, a in evens)
    for line, picture, (b, a), name in zip(axes, pictures, evens, names):
        show(line[0], picture)
        line[0].set_ylabel(name)
        first = line[1].imshow(b, cmap="viridis", vmin=0, vmax=most)
        line[2].imshow(a, cmap="viridis", vmin=0, vmax=most)
        last = line[3].imshow(a - b, cmap="PuOr", vmin=-change, vmax=change)
        for axis in line[1:]:
            axis.set(xticks=[], yticks=[])
    for axis, title in zip(axes[0], ("picture", "before", "after", "after - before")):
        axis.set_title(title, fontsize=10, pad=4)
    # the words beside a bar of colours stay clear of the map at their right
    figure.get_layout_engine().set(w_pad=0.08)
    figure.colorbar(first, ax=axes[:, 2], label="times the even share", shrink=0.8)
    figure.colorbar(last, ax=axes[:, 3], label="change", shrink=0.8)


def twins(pictures: dict[str, tuple]) -> None:
    """Draw pictures of two landmarks that are twins, those of each pair beside each other.

    Args:
        pictures: title -> picture of one landmark and the same picture of its twin, PIL images or
            arrays (H, W, 3).
    """
    _, axes = plt.subplots(
        1, 2 * len(pictures), figsize=(5.6 * len(pictures), 2.4), layout="constrained"
    )
    for number, (title, pair) in enumerate(pictures.items()):
        show(axes[2 * number], pair[0], f"{title}: a landmark")
        show(axes[2 * number + 1], pair[1], f"{title}: its twin")


def lists_of_networks(benchmark, rankings: dict[str, np.ndarray], queries, length: int = 6) -> None:
    """Draw the lists of some queries under several networks, those of a query below each other.

    Args:
        benchmark: a `Benchmark`.
        rankings: network -> (Q, k) numbers of database images, best first.
        queries: numbers of the queries to draw.
        length: how many images to draw of each list.
    """
    lines = [(query, name) for query in queries for name in rankings]
    figure, axes = plt.subplots(
        len(lines), length + 1, figsize=(1.6 * (length + 1), 1.45 * len(lines)), squeeze=False
    )
    for row, (query, name) in zip(axes, lines):
        show(row[0], benchmark.queries[query], name, box=benchmark.boxes[query])
        for axis, image in zip(row[1:], rankings[name][query]):
            label = label_of(benchmark.ground_truth[query], int(image))
            show(axis, benchmark.images[image], label, COLOURS[label])
    figure.subplots_adjust(wspace=0.06, hspace=0.22)
