"""The tiles of the counting pass: files are cut anywhere, tiles are not."""

from solar.search.counting import TILE

from .canvas import Drawing

ALT = (
    "Three files of descriptors of different lengths lie one after the other. Below them, "
    f"tiles of {TILE} rows, cut by the number of the row over all files, so that a tile may "
    "cross from one file to the next. Each tile is multiplied with all queries; the scores "
    "are compared with the scores of the right images; what lies above is counted; the tile "
    "is forgotten. Counts of all tiles, files and machines are added."
)
STEPS = (
    (["queries", "times tile"], f"*Q* × {TILE} scores"),
    (["compare with", "thresholds"], "scores of right images"),
    (["count what", "is above"], "one number for each"),
    (["forget", "the tile"], "memory stays small"),
)


def _rail(drawing: Drawing, y: float, width: float) -> None:
    """Draw files above tiles; all lengths are shares of the width."""
    files = (("database", 0.0, 0.235), ("file 1", 0.235, 0.64), ("file 2", 0.64, 1.0))
    for name, start, end in files:
        left = 2 + start * (width - 4)
        drawing.box(left, y, (end - start) * (width - 4), 32, [name], "pale")
    # equal tiles; the last is not full
    count = 7
    side = (width - 4) / (count - 0.4)
    for i in range(count):
        left = 2 + i * side
        kind = "here" if i == 1 else "plain"
        last = i == count - 1
        drawing.box(left, y + 46, 0.6 * side if last else side, 30, kind=kind)
        if not last:
            drawing.text(left + side / 2, y + 66, f"tile {i}" if width > 400 else str(i), 12.5)


def wide() -> Drawing:
    """Draw from left to right."""
    drawing = Drawing("tiles", 760, 250, ALT)
    drawing.text(2, 16, "files, as long as they happen to be", 12.5, "soft", "start")
    _rail(drawing, 24, 760)
    drawing.text(
        758,
        120,
        f"tiles of {TILE} rows: a row keeps its place, however files are cut",
        12.5,
        "soft",
        "end",
    )
    # one tile goes its way
    side = 756 / 6.6
    middle = 2 + 1.5 * side
    drawing.line([(middle, 100), (middle, 130), (70, 130)], "ochre-line")
    drawing.arrow([(70, 130), (70, 150)], "ochre-line", "ochre")
    x = 4.0
    for words, below in STEPS:
        drawing.box(x, 150, 132, 50, words)
        drawing.text(x + 66, 220, below, 12.5, "soft")
        drawing.arrow([(x + 132, 175), (x + 154, 175)])
        x += 154
    drawing.box(x, 150, 136, 50, ["add the counts of", "all tiles"], "learnt")
    drawing.text(x + 68, 220, "also of other files,", 12.5, "soft")
    drawing.text(x + 68, 236, "processes, machines", 12.5, "soft")
    return drawing


def narrow() -> Drawing:
    """Draw from above to below."""
    drawing = Drawing("tiles-narrow", 360, 506, ALT)
    drawing.text(2, 16, "files, as long as they happen to be", 12.5, "soft", "start")
    _rail(drawing, 24, 360)
    side = 356 / 6.6
    middle = 2 + 1.5 * side
    # beside the arrow
    words = f"tiles of {TILE} rows, across all files"
    drawing.text(middle + 12, 122, words, 12.5, "soft", "start")
    drawing.arrow([(middle, 100), (middle, 138)], "ochre-line", "ochre")
    y = 138.0
    for words, below in STEPS:
        drawing.box(4, y, 150, 50, words)
        drawing.text(166, y + 30, below, 13, "soft", "start")
        drawing.arrow([(middle, y + 50), (middle, y + 70)])
        y += 70
    drawing.box(4, y, 150, 50, ["add the counts of", "all tiles"], "learnt")
    drawing.text(166, y + 22, "also of other files,", 13, "soft", "start")
    drawing.text(166, y + 40, "processes, machines", 13, "soft", "start")
    return drawing


def drawings() -> list[Drawing]:
    """Return the drawing for wide and for narrow pages."""
    return [wide(), narrow()]
