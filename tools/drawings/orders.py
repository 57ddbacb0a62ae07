"""Triplet and second order in one drawing, with the lists of q and p.

The lists are sorted by the distances of the drawing itself.
"""

import math

from .canvas import Drawing

# points of the drawing: before a step of the second-order loss, and after some
QUERY = (96.0, 118.0)
BEFORE = (152.0, 166.0)
AFTER = (134.0, 98.0)
NEGATIVES = {"n_{1}": (62.0, 26.0), "n_{2}": (316.0, 82.0), "n_{3}": (120.0, 238.0)}
LOOKS = {"n_{1}": "vermilion", "n_{2}": "blue", "n_{3}": "green"}
TITLES = ("before: two orders", "after: one order")
SOLID = "the triplet reads"
ALT = (
    "Two panels with a query q, its positive p and three negatives. Solid lines from q to p and "
    "from q to the negatives are the distances that the triplet reads. Dashed lines from p to "
    "the negatives are what the second-order loss reads as well: for each negative, both lines "
    "are to be equally long. Left, all negatives are farther from q than p is, and yet the lists "
    "of q and p have different orders. Right, p has moved, and both lists have the same order."
)


def ranked(point: tuple[float, float]) -> list[str]:
    """Return the names of the negatives, the nearest first."""
    return sorted(NEGATIVES, key=lambda name: math.dist(point, NEGATIVES[name]))


def _points(drawing: Drawing, x: float, y: float, positive: tuple[float, float]) -> None:
    """Draw q, p and the negatives with all lines; (x, y) is the panel's corner."""
    q = (x + QUERY[0], y + QUERY[1])
    p = (x + positive[0], y + positive[1])
    for name, (nx, ny) in NEGATIVES.items():
        n = (x + nx, y + ny)
        drawing.line([q, n], f"{LOOKS[name]}-line")
        drawing.line([p, n], f"{LOOKS[name]}-line dashed")
    drawing.line([q, p], "line")
    for name, (nx, ny) in NEGATIVES.items():
        drawing.circle(x + nx, y + ny, 14)
        drawing.text(x + nx, y + ny + 4, name, 13, f"{LOOKS[name]} strong")
    for name, (px, py) in (("*q*", q), ("*p*", p)):
        drawing.circle(px, py, 15, "here")
        drawing.text(px, py + 5, name, 16, "ink strong")


def _lists(drawing: Drawing, x: float, y: float, positive: tuple[float, float]) -> None:
    """Draw the lists of q and p, and join what is the same in both."""
    columns = {}
    for row, (name, point) in enumerate((("*q*", QUERY), ("*p*", positive))):
        level = y + 64 * row
        drawing.text(x, level + 5, f"list of {name}", 13, anchor="start")
        for place, negative in enumerate(ranked(point)):
            columns[row, negative] = x + 110 + 76 * place
    for negative, look in LOOKS.items():
        ends = [(columns[0, negative], y + 15), (columns[1, negative], y + 49)]
        drawing.line(ends, f"{look}-line")
    for (row, negative), middle in columns.items():
        drawing.box(middle - 24, y + 64 * row - 15, 48, 30)
        drawing.text(middle, y + 64 * row + 5, negative, 13, f"{LOOKS[negative]} strong")


def _panel(drawing: Drawing, x: float, y: float, title: str, positive: tuple[float, float]) -> None:
    """Draw one panel."""
    drawing.text(x + 4, y + 16, title, 14, "ink strong", "start")
    _points(drawing, x, y + 22, positive)
    _lists(drawing, x + 4, y + 310, positive)


def _legend(drawing: Drawing, places: list[tuple[float, float]], words: tuple[str, str]) -> None:
    """Say what solid and dashed lines are."""
    for (x, y), kind, line in zip(places, ("line", "line dashed"), words):
        drawing.line([(x, y - 4), (x + 34, y - 4)], kind)
        drawing.text(x + 42, y, line, 12.5, "soft", "start")


def drawings() -> list[Drawing]:
    """Return the drawing for wide and for narrow pages."""
    wide = Drawing("orders", 760, 432, ALT)
    _panel(wide, 0, 0, TITLES[0], BEFORE)
    _panel(wide, 400, 0, TITLES[1], AFTER)
    words = "second order reads as well, and asks: are both of a colour equally long?"
    _legend(wide, [(4, 424), (190, 424)], (SOLID, words))

    narrow = Drawing("orders-narrow", 360, 860, ALT)
    _panel(narrow, 0, 0, TITLES[0], BEFORE)
    _panel(narrow, 0, 405, TITLES[1], AFTER)
    words = "second order: both of a colour equally long?"
    _legend(narrow, [(4, 828), (4, 850)], (SOLID, words))
    return [wide, narrow]
