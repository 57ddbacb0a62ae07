"""SOLAR at a glance: from a photograph to a descriptor, and to the losses."""

from .canvas import Drawing
from .network import (
    BY_NAME,
    MINI_PHOTO,
    RESNET_PHOTO,
    STATIONS,
    Station,
    in_one_line,
    in_two_lines,
    size_of,
)

ALT = (
    "SOLAR at a glance. A photograph passes conv1 to conv4_x, the attention block SOA4, "
    "conv5_x, the attention block SOA5, GeM pooling and whitening, and becomes a descriptor. "
    "The convolutions are frozen; SOA4, SOA5, GeM's exponent and the whitening learn. At the "
    "end two ways: in search, dot products give a ranked list; in training, the triplet loss "
    "plus lambda times the second-order loss sends its gradient back to what learns."
)
KINDS = {None: "plain", False: "frozen", True: "learnt"}
MIDDLE = 118  # height of the line along which data flows


def photograph(drawing: Drawing, x: float, y: float, width: float, height: float) -> None:
    """Draw a small picture of a castle."""
    drawing.box(x, y, width, height, kind="plain")
    ground = y + 0.82 * height
    drawing.line([(x, ground), (x + width, ground)], "soft-line")
    # two towers, a wall between them, two roofs
    tower = 0.16 * width
    left = x + 0.18 * width
    right = x + 0.66 * width
    top = y + 0.42 * height
    for edge in (left, right):
        drawing.box(edge, top, tower, ground - top, kind="stone")
        roof = [(edge - 2, top), (edge + tower / 2, y + 0.16 * height), (edge + tower + 2, top)]
        drawing.polygon(roof, "learnt")
    wall = y + 0.58 * height
    drawing.box(left + tower, wall, right - left - tower, ground - wall, kind="stone")


def vector(drawing: Drawing, x: float, y: float, width: float, height: float) -> None:
    """Draw a vector as a column of cells."""
    drawing.box(x, y, width, height, kind="plain")
    for i in range(1, 8):
        level = y + i * height / 8
        drawing.line([(x, level), (x + width, level)], "soft-line")


def wide() -> Drawing:
    """Draw from left to right, with the shapes of two networks below."""
    drawing = Drawing("glance", 760, 356, ALT)
    # x, width and height of each station along the line of data
    places = {
        "photograph": (2, 70, 52),
        "conv1": (86, 18, 112),
        "conv2_x": (107, 18, 98),
        "conv3_x": (128, 18, 84),
        "conv4_x": (160, 60, 76),
        "SOA4": (234, 48, 76),
        "conv5_x": (296, 60, 60),
        "SOA5": (370, 48, 60),
        "GeM": (432, 44, 44),
        "whitening": (490, 74, 44),
    }
    for name, (x, width, height) in places.items():
        top = MIDDLE - height / 2
        if name == "photograph":
            photograph(drawing, x, top, width, height)
        else:
            drawing.box(x, top, width, height, kind=KINDS[BY_NAME[name].learnt])
    vector(drawing, 578, MIDDLE - 30, 14, 60)

    # arrows from each to the next; the first three convolutions stand side by side
    stops = [72, 86, 146, 160, 220, 234, 282, 296, 356, 370, 418, 432, 476, 490, 564, 578]
    for start, end in zip(stops[::2], stops[1::2]):
        drawing.arrow([(start, MIDDLE), (end, MIDDLE)])

    # names: inside the box where there is room
    drawing.text(37, MIDDLE + 44, "photograph")
    drawing.text(116, 52, "conv1, 2_x, 3_x")
    for name in ("conv4_x", "SOA4", "conv5_x", "SOA5", "GeM", "whitening"):
        x, width, _ = places[name]
        kind = "ink strong" if name.startswith("SOA") else "ink"
        drawing.text(x + width / 2, MIDDLE + 4, name, 12.5, kind)
    drawing.text(585, MIDDLE + 48, "descriptor")

    _ends(drawing)
    _legend(drawing, 2, 18)
    drawing.arrow([(362, 14), (386, 14)], "ochre-line", "ochre")
    drawing.text(394, 18, "gradient", anchor="start")

    # shapes: those of the whole column are told once, at its last station
    columns = {
        "photograph": 43,
        "conv3_x": 120,
        "conv4_x": 190,
        "SOA4": 258,
        "conv5_x": 326,
        "SOA5": 394,
        "GeM": 454,
        "whitening": 527,
    }
    _shapes(drawing, 204, "mini network", MINI_PHOTO, columns, "mini")
    _shapes(drawing, 284, "ResNet-101", RESNET_PHOTO, columns, "resnet")
    return drawing


def _ends(drawing: Drawing) -> None:
    """Draw what becomes of a descriptor, at the right."""
    drawing.box(626, 58, 132, 42, ["search: dot product,", "ranked list"], size=12)
    drawing.box(626, 122, 132, 58, ["training: triplet", "+ *λ* · second order"], "here", 12.5)
    drawing.arrow([(592, MIDDLE - 12), (608, MIDDLE - 12), (608, 79), (626, 79)])
    drawing.arrow([(592, MIDDLE + 12), (608, MIDDLE + 12), (608, 150), (626, 150)])

    # the gradient goes back, to what learns
    drawing.line([(692, 180), (692, 192), (258, 192)], "ochre-line")
    for x, foot in ((258, 156), (394, 148), (454, 140), (527, 140)):
        drawing.arrow([(x, 192), (x, foot)], "ochre-line", "ochre")


def _legend(drawing: Drawing, x: float, y: float) -> None:
    """Say what frozen and learnt look like."""
    drawing.box(x, y - 12, 22, 15, kind="frozen")
    drawing.text(x + 28, y, "frozen", anchor="start")
    drawing.box(x + 84, y - 12, 22, 15, kind="learnt")
    drawing.text(x + 112, y, "learns in the paper (of GeM: *p*)", anchor="start")


def _shapes(
    drawing: Drawing,
    y: float,
    name: str,
    photo: tuple[int, int],
    columns: dict[str, float],
    network: str,
) -> None:
    """Write the shapes of one network in a row: channels, and below them height and width."""
    height, width = photo
    drawing.box(2, y, 756, 70, kind="pale")
    for station, x in columns.items():
        numbers = getattr(BY_NAME[station], network)
        first, second = in_two_lines(size_of(numbers, photo))
        drawing.text(x, y + 44, first, 12.5)
        drawing.text(x, y + 60, second, 12.5)
    title = f"{name}, a photograph of {width} × {height}: channels, height × width"
    drawing.text(10, y + 20, title, 12.5, "soft", "start")


def narrow() -> Drawing:
    """Draw from above to below, for a telephone."""
    rows = [station for station in STATIONS if station.name not in ("conv1", "conv2_x")]
    drawing = Drawing("glance-narrow", 360, 74 + 50 * len(rows) + 128, ALT)
    _legend(drawing, 2, 18)
    drawing.text(190, 46, "mini network", 13, "soft")
    drawing.text(300, 46, "ResNet-101", 13, "soft")
    drawing.text(190, 62, "(256 × 192)", 12, "soft")
    drawing.text(300, 62, "(1024 × 768)", 12, "soft")
    y = 74.0
    for station in rows:
        _row(drawing, y, station)
        drawing.arrow([(60, y + 34), (60, y + 50)])
        y += 50
    vector(drawing, 53, y, 14, 48)
    drawing.text(76, y + 28, "descriptor", anchor="start")
    drawing.arrow([(60, y + 48), (60, y + 66)])
    drawing.arrow([(150, y + 24), (250, y + 24), (250, y + 66)])
    drawing.box(2, y + 66, 148, 58, ["search: dot product,", "ranked list"], size=13)
    drawing.box(170, y + 66, 188, 58, ["training: triplet", "+ *λ* · second order"], "here")
    return drawing


def _row(drawing: Drawing, y: float, station: Station) -> None:
    """Draw one station with its shapes beside it."""
    name = "conv1, 2_x, 3_x" if station.name == "conv3_x" else station.name
    kind = "ink strong" if name.startswith("SOA") else "ink"
    drawing.box(2, y, 118, 34, [name], KINDS[station.learnt], words_kind=kind)
    drawing.text(190, y + 22, in_one_line(size_of(station.mini, MINI_PHOTO)), 13)
    drawing.text(300, y + 22, in_one_line(size_of(station.resnet, RESNET_PHOTO)), 13)


def drawings() -> list[Drawing]:
    """Return the drawing for wide and for narrow pages."""
    return [wide(), narrow()]
