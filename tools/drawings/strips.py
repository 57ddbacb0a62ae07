"""The small map atop every chapter: the book's way in two lines, with "you are here"."""

from .canvas import Drawing

NETWORK = (
    "photograph",
    "conv1–4",
    "SOA4",
    "conv5",
    "SOA5",
    "GeM",
    "whitening",
    "descriptor",
)
USES = ("losses", "training", "ranked list", "score", "a million more", "patches", "matches")
BLOCKS = ("SOA4", "SOA5")

# chapter -> where it is on the map
HERE = {
    0: (*NETWORK, *USES),
    1: ("photograph", "conv1–4", "conv5", "GeM", "whitening", "descriptor", "ranked list"),
    2: BLOCKS,
    3: BLOCKS,
    4: BLOCKS,
    5: ("losses",),
    6: ("losses",),
    7: ("training",),
    8: (*BLOCKS, "losses"),
    9: ("ranked list", "score"),
    10: ("ranked list", "score", "a million more"),
    11: ("patches", "losses", "training"),
    12: ("patches", "matches"),
    13: (*NETWORK, "ranked list", "score", "a million more"),
    14: (*NETWORK, "losses", "score"),
}
WIDE = (NETWORK, USES)
NARROW = (NETWORK[:4], NETWORK[4:], USES[:4], USES[4:])


def alt_of(chapter: int) -> str:
    """Say in words where a chapter is."""
    places = HERE[chapter]
    if len(places) == len(NETWORK) + len(USES):
        return "You are here: the whole way, from a photograph to its matches"
    return f"You are here: {', '.join(places)}"


def line_of(chapter: int) -> str:
    """Return the line of Markdown that stands below a chapter's title."""
    return f"![{alt_of(chapter)}](../book/images/here-{chapter:02}.svg)"


def strip(
    chapter: int, rows: tuple[tuple[str, ...], ...], width: int, ending: str, size: float
) -> Drawing:
    """Draw the map of one chapter.

    Args:
        chapter: its number.
        rows: the stations of each line.
        width: of the drawing.
        ending: of its name.
        size: of the letters.
    """
    step = 40
    name = f"here-{chapter:02}{ending}"
    drawing = Drawing(name, width, 14 + step * len(rows), alt_of(chapter))
    for number, row in enumerate(rows):
        y = 10 + step * number
        _line(drawing, row, y, HERE[chapter], size)
    return drawing


def _line(
    drawing: Drawing, row: tuple[str, ...], y: float, here: tuple[str, ...], size: float
) -> None:
    """Draw one line of stations, as wide as the drawing."""
    # each box as wide as its word, and the rest shared out among the gaps
    widths = [size * (0.58 * len(name) + 1.25) for name in row]
    gap = (drawing.width - 4 - sum(widths)) / (len(row) - 1)
    x = 2.0
    for name, width in zip(row, widths):
        is_here = name in here
        drawing.box(
            x,
            y,
            width,
            28,
            [name],
            kind="here" if is_here else "pale",
            size=size,
            words_kind="ink strong" if is_here else "soft",
        )
        # an arrow where one thing becomes the next
        if name != row[-1] and name not in ("training", "a million more"):
            drawing.arrow(
                [(x + width + 1, y + 14), (x + width + gap - 1, y + 14)], "soft-line", "soft"
            )
        x += width + gap


def drawings() -> list[Drawing]:
    """Return the maps of all chapters, for wide and for narrow pages."""
    both = []
    for chapter in HERE:
        both.append(strip(chapter, WIDE, 760, "", 13))
        both.append(strip(chapter, NARROW, 360, "-narrow", 12.5))
    return both
