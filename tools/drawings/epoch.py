"""The timeline of an epoch: draw, describe, mine, step, validate, save."""

from solar.training.config import GLOBAL_PRESETS

from .canvas import Drawing

PAPER = GLOBAL_PRESETS["paper"]
STEPS = PAPER.queries_per_epoch // PAPER.batch_size
ALT = (
    f"An epoch from left to right: draw {PAPER.queries_per_epoch} queries with a positive "
    f"each, and a pool; describe {PAPER.pool_size} images of the pool without gradients; mine "
    f"the hardest negatives of each query; {STEPS} steps, each with {PAPER.batch_size} tuples: "
    "describe, both losses, gradient, step; validate; save the state. Then the next epoch "
    "begins and mines anew."
)


def stages() -> list[tuple[str, list[str], str]]:
    """Return what happens in an epoch: title, words, look."""
    images = PAPER.batch_size * (2 + PAPER.negatives)
    return [
        (
            "draw",
            [f"{PAPER.queries_per_epoch:,} queries,", "a positive each,", "and a pool"],
            "plain",
        ),
        (
            "describe",
            [f"{PAPER.pool_size:,} images", f"at {PAPER.mining_size} pixels,", "no gradients"],
            "frozen",
        ),
        ("mine", [f"{PAPER.negatives} hardest", "negatives for", "each query"], "frozen"),
        (
            f"{STEPS} steps",
            [
                f"each: {PAPER.batch_size} tuples,",
                f"{images} images,",
                "both losses,",
                "gradient, step",
            ],
            "learnt",
        ),
        ("validate", ["on landmarks", "held out"], "plain"),
        ("save", ["weights and", "all that a", "restart needs"], "plain"),
    ]


def wide() -> Drawing:
    """Draw the timeline from left to right."""
    drawing = Drawing("epoch", 760, 206, ALT)
    widths = (112, 120, 100, 156, 102, 110)
    x = 2.0
    for (title, words, kind), width in zip(stages(), widths):
        drawing.box(x, 42, width, 104, kind=kind)
        drawing.text(x + width / 2, 62, title, 14, "ink strong")
        drawing.lines(x + width / 2, 106, words, 12.5)
        if kind == "learnt":
            _ticks(drawing, x, width, 40)
        x += width
        if title != "save":
            drawing.arrow([(x, 94), (x + 11, 94)])
            x += 11
    _again(drawing)
    return drawing


def _ticks(drawing: Drawing, x: float, width: float, y: float) -> None:
    """Draw a row of small ticks above the steps."""
    for i in range(1, 20):
        tick = x + i * width / 20
        drawing.line([(tick, y - 8), (tick, y)], "blue-line")
    drawing.text(x + width / 2, y - 14, "one tick, a few steps", 12, "blue")


def _again(drawing: Drawing) -> None:
    """Draw the way back to the next epoch."""
    drawing.arrow([(700, 146), (700, 176), (58, 176), (58, 147)], "rail", "soft")
    words = "the next epoch draws and mines anew: the network has changed, and with it what is hard"
    drawing.text(379, 196, words, 12.5, "soft")


def narrow() -> Drawing:
    """Draw the timeline from above to below."""
    drawing = Drawing("epoch-narrow", 360, 452, ALT)
    y = 4.0
    for title, words, kind in stages():
        drawing.box(30, y, 326, 58, kind=kind)
        drawing.text(42, y + 34, title, 14, "ink strong", "start")
        half = (len(words) + 1) // 2
        drawing.lines(240, y + 29, [" ".join(words[:half]), " ".join(words[half:])], 12.5)
        y += 58
        if title != "save":
            drawing.arrow([(190, y), (190, y + 14)])
            y += 14
    drawing.arrow([(30, y - 29), (12, y - 29), (12, 33), (29, 33)], "rail", "soft")
    drawing.text(30, 446, "the next epoch draws and mines anew", 12.5, "soft", "start")
    return drawing


def drawings() -> list[Drawing]:
    """Return the drawing for wide and for narrow pages."""
    return [wide(), narrow()]
