"""Still pictures of the live figures: for print, and where nothing can run."""

import io

import numpy as np
from PIL import Image

DPI = 160  # twice what is shown
PAPER = "white"
INK = "0.35"
BLUE = "#0072B2"
GREEN = "#009E73"
VERMILION = "#D55E00"
GREY = "#999999"
POINTS = {"q": "black", "p": GREEN, "n": VERMILION}
LOSSES = {"triplet": (BLUE, 1.0), "second order": ("#CC79A7", 0.9)}  # colour, distance
CHORDS = (("qp", "-"), ("qn", "--"), ("pn", ":"))
LABELS = {"easy": GREEN, "hard": GREEN, "junk": GREY, "other": VERMILION}
ARROW = 0.2  # the length of the arrow of a push of one, as in circle.js
GAP = 8  # pixels between two photographs, as in matches.js


def circle_still(
    points: dict[str, list[float]],
    pushes: dict[str, dict[str, float]],
    distances: dict[str, float],
    losses: dict[str, float],
) -> Image.Image:
    """Draw three points on a circle with their pushes, distances and losses.

    Args:
        points: 'q', 'p', 'n' -> (2,).
        pushes: loss -> point -> its push along the circle, against the clock; none to leave out.
        distances: 'qp', 'qn', 'pn' -> squared distance.
        losses: loss -> value.
    """
    figure, axis = _paper(6.4, 3.4)
    axis.add_patch(_circle())
    for pair, dash in CHORDS:
        first = points[pair[0]]
        second = points[pair[1]]
        axis.plot([first[0], second[0]], [first[1], second[1]], dash, color=INK, linewidth=1.2)

    # the points, their letters outside of the circle, and where they are pushed
    for name, (x, y) in points.items():
        axis.plot(x, y, "o", color=POINTS[name], markersize=9, zorder=3)
        axis.text(
            1.2 * x,
            1.2 * y,
            name,
            color=POINTS[name],
            ha="center",
            va="center",
            fontsize=13,
            weight="bold",
        )
        for loss, values in pushes.items():
            _draw_push(axis, (x, y), values[name], loss)

    # the numbers beside it
    lines = [f"d²({pair[0]}, {pair[1]}) = {value:.2f}" for pair, value in distances.items()]
    lines += [f"{name}: {value:.2f}" for name, value in losses.items()]
    axis.text(1.7, 0, "\n".join(lines), va="center", fontsize=11, linespacing=1.7)
    axis.set(xlim=(-1.45, 3.6), ylim=(-1.45, 1.45), aspect="equal")
    return _image_of(figure)


def list_still(
    labels: list[str],
    sides: tuple[tuple[str, ...], tuple[str, ...]],
    pictures: list[np.ndarray] | None,
    title: str,
) -> Image.Image:
    """Draw a ranked list: for each image a tile in its colour, its rank, and what it counts as.

    Args:
        labels: of the images, best first.
        sides: labels that are right, and labels that are ignored.
        pictures: for each image an array (h, w, 3), or None for plain tiles.
        title: words above the list.
    """
    right, ignored = sides
    columns = min(len(labels), 6)
    lines = -(-len(labels) // columns)
    figure, axis = _paper(1.25 * columns, 1.35 * lines + 0.4)
    rank = 0
    for i, label in enumerate(labels):
        x = i % columns
        y = -(i // columns)
        _draw_tile(axis, (x, y), LABELS[label], None if pictures is None else pictures[i])

        # its rank, unless it is taken out
        words = "ignored"
        if label not in ignored:
            words = f"{rank}: " + ("right" if label in right else "wrong")
            rank += 1
        axis.text(x + 0.45, y - 0.08, f"{words}\n({label})", ha="center", va="top", fontsize=9)
    axis.set_title(title, fontsize=11, loc="left")
    axis.set(xlim=(-0.05, columns), ylim=(-lines + 0.55, 0.7), aspect="auto")
    return _image_of(figure)


def match_still(
    images: list[Image.Image],
    here: np.ndarray,
    there: np.ndarray,
    right: np.ndarray | None,
    title: str,
) -> Image.Image:
    """Draw two photographs side by side and lines between matches.

    Args:
        images: both photographs.
        here: (M, 2) places x, y in the first one.
        there: (M, 2) places in the second one.
        right: (M,) bool, which matches are right; None if nobody knows.
        title: words above.
    """
    first, second = images
    left = first.width + GAP
    height = max(first.height, second.height)
    sheet = Image.new("RGB", (left + second.width, height), PAPER)
    sheet.paste(first, (0, 0))
    sheet.paste(second, (left, 0))

    figure, axis = _paper(8, 8 * height / sheet.width + 0.3)
    axis.imshow(np.asarray(sheet))
    for i, ((x, y), (u, v)) in enumerate(zip(here, there)):
        colour = BLUE
        dash = "-"
        if right is not None:
            colour = GREEN if right[i] else VERMILION
            dash = "-" if right[i] else "--"
        axis.plot([x, u + left], [y, v], dash, color=colour, linewidth=0.8)
    axis.set_title(title, fontsize=11, loc="left")
    return _image_of(figure)


def _paper(width: float, height: float):
    """Return a figure of some inches on white paper, and its empty axis."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # slow to import
    from matplotlib.figure import Figure

    figure = Figure((width, height), DPI, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.add_subplot()
    axis.axis("off")
    return figure, axis


def _circle():
    """Return the unit circle."""
    from matplotlib.patches import Circle  # slow to import

    return Circle((0, 0), 1, fill=False, color="0.7", linewidth=1.2)


def _draw_push(axis, at: tuple[float, float], push: float, loss: str) -> None:
    """Draw an arrow along the circle, for a push that can be seen."""
    if abs(ARROW * push) < 0.01:
        return
    colour, radius = LOSSES[loss]
    start = (radius * at[0], radius * at[1])
    end = (start[0] - ARROW * push * at[1], start[1] + ARROW * push * at[0])
    look = dict(arrowstyle="-|>", color=colour, lw=2, shrinkA=0, shrinkB=0)
    axis.annotate("", end, start, arrowprops=look, zorder=4)


def _draw_tile(axis, corner: tuple[float, float], colour: str, picture: np.ndarray | None) -> None:
    """Draw a tile of 0.9 x 0.6 in a colour, with a picture in it or without."""
    from matplotlib.patches import Rectangle  # slow to import

    x, y = corner
    axis.add_patch(Rectangle((x, y), 0.9, 0.6, facecolor=colour))
    if picture is not None:
        extent = (x + 0.05, x + 0.85, y + 0.05, y + 0.55)
        axis.imshow(picture, extent=extent, aspect="auto", zorder=2)


def _image_of(figure) -> Image.Image:
    """Return a figure as an image."""
    file = io.BytesIO()
    figure.savefig(file, format="png", facecolor=PAPER)
    return Image.open(file).convert("RGB")
