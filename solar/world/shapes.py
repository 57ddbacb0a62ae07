"""Twenty small buildings that differ in shape alone, and the paints they can wear.

Book: the mini world (data sheet); chapter 4 (when attention helps) binds shapes by paint.
"""

import numpy as np

from .builder import Builder
from .solids import SWATCH
from .textures import Stones, swatch

COLOURS = (
    (0.78, 0.20, 0.16),
    (0.90, 0.52, 0.14),
    (0.92, 0.82, 0.26),
    (0.36, 0.58, 0.20),
    (0.14, 0.46, 0.42),
    (0.30, 0.66, 0.82),
    (0.16, 0.28, 0.66),
    (0.50, 0.26, 0.62),
    (0.86, 0.48, 0.64),
    (0.92, 0.90, 0.86),
    (0.26, 0.24, 0.24),
    (0.46, 0.30, 0.18),
)
# large blocks without a pattern, or small stones with wide joints
PATTERNS = (Stones(6.4, 6.4, 0.0, 0.0), Stones(0.9, 1.6, 0.35, 0.16))


def paint(build: Builder, number: int) -> None:
    """Let the builder use one paint, for walls, roofs and columns alike.

    Args:
        build: the builder; what stands already keeps its paint.
        number: of the colour, plus the number of colours times that of the pattern.
    """
    stones = PATTERNS[number // len(COLOURS)]
    texture = build.texture(swatch(build.rng, SWATCH, COLOURS[number % len(COLOURS)], stones))
    build.plain = texture
    build.wall = texture
    build.roofing = texture
    build.shaft = texture


def _block(build: Builder, x: float, y: float) -> None:
    build.box(x, y, 0, 7, 7, 5, build.wall)


def _tower(build: Builder, x: float, y: float) -> None:
    build.box(x, y, 0, 4, 4, 9.5, build.wall)


def _round_tower(build: Builder, x: float, y: float) -> None:
    build.cylinder(x, y, 0, 2.4, 5)
    build.cone(x, y, 5, 3.4, 4.5)


def _house(build: Builder, x: float, y: float) -> None:
    build.box(x, y, 0, 7, 8, 3.5, build.wall)
    build.roof(x, y, 3.5, 8, 8.6, 3.5, 8.6)


def _pyramid(build: Builder, x: float, y: float) -> None:
    build.roof(x, y, 0, 9.5, 9.5, 7.5)


def _dome(build: Builder, x: float, y: float) -> None:
    build.dome(x, y, 0, 4.8, 5)


def _column(build: Builder, x: float, y: float) -> None:
    build.column(x, y, 0, 1.1, 9.5)


def _gate(build: Builder, x: float, y: float) -> None:
    for side in (-3.2, 3.2):
        build.box(x + side, y, 0, 2.2, 3, 5.5, build.wall)
    build.box(x, y, 5.5, 8.6, 3, 2.2, build.wall)


def _terraces(build: Builder, x: float, y: float) -> None:
    for level, side in enumerate((9.5, 6.5, 3.5)):
        build.box(x, y, 2.2 * level, side, side, 2.2, build.wall)


def _obelisk(build: Builder, x: float, y: float) -> None:
    build.box(x, y, 0, 5, 5, 1, build.wall)
    build.roof(x, y, 1, 2.6, 2.6, 9)


def _onion(build: Builder, x: float, y: float) -> None:
    build.cylinder(x, y, 0, 1.7, 3.5)
    build.dome(x, y, 3.5, 3.4, 5.5, 0.35)


def _twins(build: Builder, x: float, y: float) -> None:
    for side in (-2.8, 2.8):
        build.box(x + side, y, 0, 2.4, 2.4, 8.5, build.wall)


def _cross(build: Builder, x: float, y: float) -> None:
    build.box(x, y, 0, 10, 3, 3, build.wall)
    build.box(x, y, 0, 3, 10, 3, build.wall)


def _tent(build: Builder, x: float, y: float) -> None:
    build.cone(x, y, 0, 4.8, 6.5)


def _mushroom(build: Builder, x: float, y: float) -> None:
    build.cylinder(x, y, 0, 1.3, 5)
    build.dome(x, y, 5, 4.2, 2.8)


def _temple(build: Builder, x: float, y: float) -> None:
    build.box(x, y, 0, 9, 7, 0.8, build.wall)
    for side in (-3.3, -1.1, 1.1, 3.3):
        for front in (-2.5, 2.5):
            build.cylinder(x + side, y + front, 0.8, 0.5, 4)
    build.roof(x, y, 4.8, 9, 7, 2.4, 7)


def _chimney(build: Builder, x: float, y: float) -> None:
    build.cylinder(x, y, 0, 1.9, 10, 0.5)


def _wall(build: Builder, x: float, y: float) -> None:
    build.box(x, y, 0, 10, 2, 4, build.wall)
    build.merlons(x - 5, x + 5, y, 4)


def _hammer(build: Builder, x: float, y: float) -> None:
    build.box(x, y, 0, 2.2, 2.2, 6, build.wall)
    build.box(x, y, 6, 8.5, 3, 2.5, build.wall)


def _drum(build: Builder, x: float, y: float) -> None:
    build.cylinder(x, y, 0, 4.6, 3.6)
    build.cylinder(x, y, 3.6, 4.6, 0.4, 0.99)


# a landmark is drawn by the numbers of its shapes: never change the order
SHAPES = {
    "block": _block,
    "tower": _tower,
    "round tower": _round_tower,
    "house": _house,
    "pyramid": _pyramid,
    "dome": _dome,
    "column": _column,
    "gate": _gate,
    "terraces": _terraces,
    "obelisk": _obelisk,
    "onion": _onion,
    "twins": _twins,
    "cross": _cross,
    "tent": _tent,
    "mushroom": _mushroom,
    "temple": _temple,
    "chimney": _chimney,
    "wall": _wall,
    "hammer": _hammer,
    "drum": _drum,
}


def place_shape(build: Builder, name: str, middle: np.ndarray) -> None:
    """Build a shape in the paint that the builder uses now.

    Args:
        build: the builder.
        name: in `SHAPES`.
        middle: (2,) x and y of the middle of its base, metres.
    """
    SHAPES[name](build, float(middle[0]), float(middle[1]))
