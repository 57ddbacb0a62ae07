"""The attention block, with a shape on every arrow."""

from .canvas import Drawing
from .network import BY_NAME, MINI_PHOTO, RESNET_PHOTO, size_of

REDUCTION = 2  # channels per reduced channel in SOA5
ALT = (
    "The attention block. The map x, c times N, goes three ways through one-by-one "
    "convolutions. The first two, with batch norm and ReLU, give the queries q and the keys "
    "k, c-prime times N; the third gives the values v. q-transposed times k, divided by the "
    "root of c-prime, is N times N; a softmax over each row gives A. v times A-transposed "
    "mixes the values, and the convolution W_v, which starts at zero, brings them back to c "
    "times N. The result is added to x."
)
SOURCES = (("*q*", "*W*_{f}"), ("*k*", "*W*_{g}"), ("*v*", "*W*_{h}"))


def numbers() -> list[str]:
    """Say what the letters are in SOA5 of two networks."""
    lines = []
    for name, network, photo in (
        ("the mini network", "mini", MINI_PHOTO),
        ("ResNet-101", "resnet", RESNET_PHOTO),
    ):
        c, height, width = size_of(getattr(BY_NAME["SOA5"], network), photo)
        lines.append(
            f"SOA5 of {name}: *c* = {c}, *c′* = {c // REDUCTION}, "
            f"*N* = {height} · {width} = {height * width}"
        )
    return lines


def attention_map(drawing: Drawing, x: float, y: float, side: float) -> None:
    """Draw A as a square of rows, one of them marked."""
    drawing.box(x, y, side, side, kind="plain")
    rows = 6
    for i in range(1, rows):
        level = y + i * side / rows
        drawing.line([(x, level), (x + side, level)], "soft-line")
    drawing.box(x, y + 2 * side / rows, side, side / rows, kind="here")


def wide() -> Drawing:
    """Draw from left to right."""
    drawing = Drawing("block", 760, 392, ALT, top=44)
    heights = (74, 154, 234)  # of q, k and v

    # the input, and three ways out of it
    drawing.box(4, 128, 46, 80, ["*x*"], size=17)
    drawing.text(27, 226, "*c* × *N*", 12.5, "soft")
    for y, (name, weight) in zip(heights, SOURCES):
        drawing.arrow([(50, 168), (78, 168), (78, y), (100, y)])
        drawing.box(100, y - 20, 62, 40, [weight, "1 × 1"], "learnt", 12.5)
        if name == "*v*":
            drawing.arrow([(162, y), (270, y)])
        else:
            drawing.arrow([(162, y), (184, y)])
            drawing.box(184, y - 20, 64, 40, ["BN", "ReLU"], "learnt", 12)
            drawing.arrow([(248, y), (270, y)])
        drawing.box(270, y - 18, 40, 36, [name], size=16)
        drawing.text(290, y + 33, "*c′* × *N*", 12.5, "soft")

    # queries with keys: a number for each pair of positions
    drawing.arrow([(310, 74), (340, 74), (340, 96), (360, 96)])
    drawing.arrow([(310, 154), (340, 154), (340, 132), (360, 132)])
    drawing.box(360, 86, 68, 56, ["*q*^{⊤}*k*", "÷ √*c′*"], size=14)
    drawing.text(394, 158, "*N* × *N*", 12.5, "soft")
    drawing.arrow([(428, 114), (448, 114)])
    drawing.box(448, 92, 70, 44, ["softmax", "each row"], size=12.5)
    drawing.arrow([(518, 114), (540, 114)])
    attention_map(drawing, 540, 78, 72)
    drawing.text(576, 70, "*A*", 16)
    drawing.text(576, 166, "*N* × *N*", 12.5, "soft")
    drawing.text(620, 98, "row *i*: where", 12.5, "ochre", "start")
    drawing.text(620, 114, "position *i* looks;", 12.5, "ochre", "start")
    drawing.text(620, 130, "sums to one", 12.5, "ochre", "start")

    # the values are mixed and brought back
    drawing.arrow([(310, 234), (548, 234)])
    drawing.arrow([(576, 172), (576, 214)])
    drawing.box(548, 214, 56, 40, ["*v* *A*^{⊤}"], size=14)
    drawing.text(576, 272, "*c′* × *N*", 12.5, "soft")
    drawing.arrow([(604, 234), (622, 234)])
    drawing.box(622, 210, 60, 48, ["*W*_{v}", "1 × 1"], "learnt", 12.5)
    drawing.text(652, 276, "starts at 0", 12.5, "blue")

    # the sum: what came in is added
    drawing.arrow([(682, 234), (700, 234)])
    drawing.circle(712, 234, 12)
    drawing.text(712, 239, "+", 17)
    drawing.arrow([(27, 232), (27, 312), (712, 312), (712, 246)])
    drawing.text(380, 305, "*x* itself: the block starts as the identity", 12.5, "soft")
    drawing.arrow([(724, 234), (738, 234)])
    drawing.text(748, 239, "*y*", 17)
    drawing.text(742, 262, "*c* × *N*", 12.5, "soft")
    _foot(drawing, 344)
    return drawing


def _foot(drawing: Drawing, y: float) -> None:
    """Write what the letters are, and what the colours mean."""
    first, second = numbers()
    drawing.text(4, y, first, 12.5, "soft", "start")
    drawing.text(4, y + 20, second, 12.5, "soft", "start")
    drawing.text(4, y + 40, "blue frames: what learns", 12.5, "blue", "start")


def narrow() -> Drawing:
    """Draw from above to below, for a telephone."""
    drawing = Drawing("block-narrow", 360, 704, ALT)
    drawing.box(140, 4, 60, 34, ["*x*"], size=17)
    drawing.text(206, 26, "*c* × *N*", 13, "soft", "start")
    columns = (60, 170, 280)
    drawing.line([(60, 52), (280, 52)])
    drawing.line([(170, 38), (170, 52)])
    for x, (name, weight) in zip(columns, SOURCES):
        drawing.arrow([(x, 52), (x, 68)])
        drawing.box(x - 38, 68, 76, 34, [f"{weight}  1 × 1"], "learnt")
        if name == "*v*":
            drawing.arrow([(x, 102), (x, 164)])
        else:
            drawing.arrow([(x, 102), (x, 116)])
            drawing.box(x - 38, 116, 76, 34, ["BN, ReLU"], "learnt")
            drawing.arrow([(x, 150), (x, 164)])
        drawing.box(x - 22, 164, 44, 32, [name], size=16)
        drawing.text(x, 214, "*c′* × *N*", 13, "soft")
    drawing.arrow([(60, 220), (60, 240), (100, 240), (100, 258)])
    drawing.arrow([(170, 220), (170, 240), (130, 240), (130, 258)])
    drawing.box(60, 258, 110, 34, ["*q*^{⊤}*k* ÷ √*c′*"], size=14)
    drawing.text(52, 280, "*N* × *N*", 13, "soft", "end")
    drawing.arrow([(115, 292), (115, 312)])
    drawing.box(50, 312, 130, 34, ["softmax, each row"])
    drawing.arrow([(115, 346), (115, 366)])
    attention_map(drawing, 79, 366, 72)
    drawing.text(64, 408, "*A*", 16)
    drawing.text(160, 394, "row *i*:", 13, "ochre", "start")
    drawing.text(160, 411, "where *i* looks;", 13, "ochre", "start")
    drawing.text(160, 428, "sums to one", 13, "ochre", "start")
    drawing.arrow([(115, 438), (115, 480), (220, 480)])
    drawing.arrow([(280, 220), (280, 462)])
    drawing.box(220, 462, 90, 36, ["*v* *A*^{⊤}"], size=14)
    drawing.text(316, 484, "*c′* × *N*", 12, "soft", "start")
    drawing.arrow([(265, 498), (265, 518)])
    drawing.box(220, 518, 90, 36, ["*W*_{v}  1 × 1"], "learnt")
    drawing.text(212, 541, "starts at 0", 13, "blue", "end")
    drawing.arrow([(265, 554), (265, 576)])
    drawing.circle(265, 588, 12)
    drawing.text(265, 593, "+", 17)
    # round the outside: the map itself
    drawing.arrow([(140, 20), (10, 20), (10, 588), (253, 588)])
    drawing.text(20, 581, "*x* itself", 13, "soft", "start")
    drawing.arrow([(265, 600), (265, 622)])
    drawing.text(265, 640, "*y*", 17)
    drawing.text(284, 640, "*c* × *N*", 13, "soft", "start")
    first, second = numbers()
    for y, line in ((666, first), (684, second)):
        # there is little room here
        short = line.replace(" of the mini", ", mini").replace(" of ResNet", ", ResNet")
        drawing.text(4, y, short, 12, "soft", "start")
    drawing.text(4, 702, "blue frames: what learns", 12, "blue", "start")
    return drawing


def drawings() -> list[Drawing]:
    """Return the drawing for wide and for narrow pages."""
    return [wide(), narrow()]
