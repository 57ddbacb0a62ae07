"""Build a landmark from its seed: building, paint, ground, neighbouring houses and trees.

Book: the mini world (data sheet).
"""

from dataclasses import replace

import numpy as np

from .atlas import mipmaps, pack
from .builder import Builder, Walls
from .chance import maybe, pick
from .paint import Style
from .solids import SWATCH
from .styles import STYLES
from .textures import ROOFS, WALLS, Stones, swatch, tiles

GROUND = 25.6  # metres: side of the repeating piece of ground
GROUND_REACH = 400.0  # metres from the middle to the edges of the ground
PAVINGS = ((0.55, 0.53, 0.50), (0.40, 0.50, 0.28), (0.62, 0.56, 0.46), (0.42, 0.42, 0.44))


def draw_style(rng: np.random.Generator) -> Style:
    """Draw the paint and proportions of one landmark.

    The colours of walls and roofs come from short lists that all landmarks share.

    Args:
        rng: draws every number of the style.
    """
    wall = WALLS[rng.integers(len(WALLS))] * rng.uniform(0.93, 1.05)
    # the trim is lighter than the wall, or else darker
    light = maybe(rng, 0.7)
    kinds = ("rect", "arch", "lancet", "rect", "arch", "round")
    # arguments are drawn in the order in which they are written: do not change it
    return Style(
        wall=wall,
        trim=np.clip(wall * rng.uniform(1.08, 1.3), 0, 0.95) if light else wall * 0.7,
        roof=ROOFS[rng.integers(len(ROOFS))] * rng.uniform(0.9, 1.1),
        stones=Stones(
            course=rng.uniform(0.35, 1.1),
            length=rng.uniform(0.8, 2.2),
            joint=rng.uniform(0.04, 0.14),
            rough=rng.uniform(0.02, 0.09),
        ),
        windows=tuple(
            (pick(rng, *kinds), rng.uniform(0.3, 0.62), rng.uniform(0.42, 0.72)) for _ in range(4)
        ),
        bay=rng.uniform(2.4, 5.5),
        storey=rng.uniform(3.2, 7),
        frame=rng.uniform(0, 2.2),
        mullions=int(rng.integers(1, 4)),
        rails=int(rng.integers(1, 5)),
        sill=int(rng.integers(0, 3)),
        course=float(pick(rng, 0, 2, 3)),
        dentils=int(pick(rng, 0, 3, 5)),
        pilasters=maybe(rng, 0.35),
        petals=int(rng.integers(6, 13)),
        door=pick(rng, "arch", "lancet", "rect"),
    )


def pave(build: Builder, rng: np.random.Generator) -> int:
    """Build the ground of a place, and return the number of its solid.

    Args:
        build: holds what stands on it.
        rng: draws the paving.
    """
    # slabs with joints, or grass, which has none
    colour = pick(rng, *PAVINGS)
    slab = rng.uniform(0.6, 2.4)
    is_grass = colour[1] > colour[0]
    stones = Stones(slab, slab, joint=0.0 if is_grass else 0.08)
    texture = build.texture(swatch(rng, GROUND, colour, stones))
    # one face that looks up; a fifth corner below tells which way is out
    k = 1 / GROUND
    far = GROUND_REACH
    corners = [(-far, -far, 0), (far, -far, 0), (far, far, 0), (-far, far, 0), (0, 0, -1)]
    build.polyhedron(corners, [((0, 1, 2, 3), [k, 0, 0, 0], [0, k, 0, 0], texture)])
    return len(build.solids) - 1


def surroundings(build: Builder, rng: np.random.Generator) -> int:
    """Build the ground and five to nine houses around a landmark.

    Args:
        build: holds the landmark already.
        rng: draws the paving, and the places, sizes and paint of the houses.

    Returns:
        The number of the ground's solid.
    """
    number = pave(build, rng)
    _houses(build, rng)
    return number


def _houses(build: Builder, rng: np.random.Generator) -> None:
    """Build houses beside and behind the landmark, never before it."""
    # three facades and two kinds of tiles, shared by all houses
    colours = [WALLS[i] * 0.92 for i in rng.integers(len(WALLS), size=3)]
    walls = [build.facade(13, 9, Walls(_house_style(build.style, c))) for c in colours]
    roof_colours = rng.integers(len(ROOFS), size=2)
    roofs = [build.texture(tiles(rng, SWATCH, ROOFS[i], 0.6)) for i in roof_colours]
    for _ in range(int(rng.integers(5, 10))):
        # direction in radians from the x axis, distance and sizes in metres
        angle = rng.uniform(-0.35, np.pi + 0.35)
        away = rng.uniform(42, 75)
        width = rng.uniform(9, 18)
        depth = rng.uniform(9, 16)
        height = rng.uniform(6, 13)
        x = away * np.cos(angle)
        y = 10 + away * np.sin(angle)
        build.box(x, y, 0, width, depth, height, pick(rng, *walls))
        # a pyramid or a gable roof, or none
        if maybe(rng, 0.7):
            ridge = pick(rng, 0, depth + 0.5)
            build.roof(x, y, height, width + 0.5, depth + 0.5, 3.5, ridge, pick(rng, *roofs))


def _house_style(style: Style, colour: np.ndarray) -> Style:
    """Return a plain style for houses, with walls of `colour` (3,)."""
    return replace(
        style,
        wall=colour,
        trim=colour * 1.1,
        windows=(("rect", 0.4, 0.5),),
        bay=3.4,
        storey=3.6,
        pilasters=False,
        frame=0.6,
        sill=0,
        course=0.0,
    )


def building(seed: int) -> tuple[str, Builder]:
    """Build the landmark of a seed alone: without ground, houses and trees.

    Args:
        seed: number of the landmark.

    Returns:
        Its style, and the builder that holds its solids and textures.
    """
    rng = np.random.default_rng([seed, 77])
    style = str(rng.choice(list(STYLES)))
    builder = Builder(rng, draw_style(rng))
    STYLES[style](builder, rng)
    return style, builder


class Landmark:
    """The building that belongs to a seed, with its surroundings.

    Args:
        seed: number of the landmark; the same seed gives the same landmark on every machine.

    Attributes:
        style: name in `STYLES`.
        solids: first the `n_own` solids of the building, then the ground (number `ground`) and the
            houses.
        lo: (3,) lowest corner of the building's bounding box, metres.
        hi: (3,) highest corner of the building's bounding box, metres.
        throws_shadow: the solids of each building that throws shadows: of this one alone.
        trees: (x, y, height, kind) of each tree; metres, and the number of its sprite.
        atlas: (H, W, 4) uint8, all textures in one image.
        rects: (T, 4) float32, where each texture lies in it, see `atlas.pack`.
        mips: the atlas at full, half and quarter size.

    Example:
        >>> Landmark(200_003)
        Landmark(200003): palace, 5 solids
    """

    def __init__(self, seed: int):
        self.seed = seed
        # the building
        self.style, builder = building(seed)
        rng = builder.rng
        self.n_own = len(builder.solids)
        self.lo = np.min([solid.lo for solid in builder.solids], 0)
        self.hi = np.max([solid.hi for solid in builder.solids], 0)
        self.throws_shadow = [list(builder.solids)]
        # what stands around it
        self.ground = surroundings(builder, rng)
        self.solids = builder.solids
        self.trees = self._draw_trees(rng)
        # all textures in one image, at three sizes
        self.atlas, self.rects = pack(builder.textures)
        self.mips = mipmaps(self.atlas)

    def _draw_trees(self, rng: np.random.Generator) -> list[tuple[float, float, float, int]]:
        """Return two to eight trees (x, y, height, kind), without those in the building."""
        trees = []
        for _ in range(8):
            x = rng.uniform(-34, 34)
            y = rng.uniform(-9, 26)
            height = rng.uniform(5, 11)
            kind = int(rng.integers(8))
            trees.append((x, y, height, kind))
        # eight are drawn always, so that their number does not change where they stand
        trees = trees[: int(rng.integers(2, 9))]
        return [tree for tree in trees if not self.lo[0] - 2 < tree[0] < self.hi[0] + 2]

    def __repr__(self) -> str:
        return f"Landmark({self.seed}): {self.style}, {self.n_own} solids"
