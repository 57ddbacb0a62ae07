"""A landmark: a building of some style, its paint, its ground, its neighbours and its trees, all
from one seed.
"""

from dataclasses import replace

import numpy as np

from .solids import SWATCH, Builder, Style, mipmaps, pack
from .styles import STYLES, maybe, pick
from .textures import ROOFS, WALLS, swatch, tiles

GROUND = 25.6  # metres: side of the repeating piece of ground


def draw_style(rng) -> Style:
    """Paint and proportions of one landmark; wall and roof colours are shared by all."""
    wall = WALLS[rng.integers(len(WALLS))] * rng.uniform(0.93, 1.05)
    light = maybe(rng, 0.7)
    kinds = ("rect", "arch", "lancet", "rect", "arch", "round")
    return Style(
        wall=wall,
        trim=np.clip(wall * rng.uniform(1.08, 1.3), 0, 0.95) if light else wall * 0.7,
        roof=ROOFS[rng.integers(len(ROOFS))] * rng.uniform(0.9, 1.1),
        stones=(
            rng.uniform(0.35, 1.1),
            rng.uniform(0.8, 2.2),
            rng.uniform(0.04, 0.14),
            rng.uniform(0.02, 0.09),
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


def surroundings(b: Builder, rng) -> int:
    """Ground and neighbouring houses; returns the number of the ground's solid."""
    colour = pick(
        rng, (0.55, 0.53, 0.50), (0.40, 0.50, 0.28), (0.62, 0.56, 0.46), (0.42, 0.42, 0.44)
    )
    slab = rng.uniform(0.6, 2.4)
    joint = 0.0 if colour[1] > colour[0] else 0.08  # grass has none
    ground = b.texture(swatch(rng, GROUND, colour, slab, slab, joint, 0.05))
    k, far = 1 / GROUND, 400.0
    plane = [(-far, -far, 0), (far, -far, 0), (far, far, 0), (-far, far, 0), (0, 0, -1)]
    b.polyhedron(plane, [((0, 1, 2, 3), [k, 0, 0, 0], [0, k, 0, 0], ground)])
    number = len(b.solids) - 1
    colours = [WALLS[i] * 0.92 for i in rng.integers(len(WALLS), size=3)]
    walls = [b.facade(13, 9, _house(b.style, c)) for c in colours]
    roofs = [b.texture(tiles(rng, SWATCH, ROOFS[i], 0.6)) for i in rng.integers(len(ROOFS), size=2)]
    for _ in range(int(rng.integers(5, 10))):
        angle, away = rng.uniform(-0.35, np.pi + 0.35), rng.uniform(42, 75)
        w, d, h = rng.uniform(9, 18), rng.uniform(9, 16), rng.uniform(6, 13)
        x, y = away * np.cos(angle), 10 + away * np.sin(angle)
        b.box(x, y, 0, w, d, h, pick(rng, *walls))
        if maybe(rng, 0.7):
            b.roof(x, y, h, w + 0.5, d + 0.5, 3.5, pick(rng, 0, d + 0.5), pick(rng, *roofs))
    return number


def _house(style: Style, colour) -> Style:
    plain = dict(
        windows=(("rect", 0.4, 0.5),),
        bay=3.4,
        storey=3.6,
        pilasters=False,
        frame=0.6,
        sill=0,
        course=0.0,
    )
    return replace(style, wall=colour, trim=colour * 1.1, **plain)


class Landmark:
    """The building that belongs to `seed`, with its surroundings.

    Attributes:
        style: name in `STYLES`.  solids: its own `n_own` first, then ground (number `ground`) and
            houses.
        lo, hi: (3,) bounds of its own solids, metres.  trees: (x, y, height, kind) each.
        atlas, rects, mips: all textures in one picture, see `solids.pack`.
    """

    def __init__(self, seed: int):
        rng = np.random.default_rng([seed, 77])
        self.seed, self.style = seed, str(rng.choice(list(STYLES)))
        builder = Builder(rng, draw_style(rng))
        STYLES[self.style](builder, rng)
        self.n_own = len(builder.solids)
        self.lo = np.min([s.lo for s in builder.solids], 0)
        self.hi = np.max([s.hi for s in builder.solids], 0)
        self.ground = surroundings(builder, rng)
        self.solids = builder.solids
        trees = [
            (rng.uniform(-34, 34), rng.uniform(-9, 26), rng.uniform(5, 11), int(rng.integers(8)))
            for _ in range(8)
        ]
        trees = trees[: int(rng.integers(2, 9))]
        self.trees = [t for t in trees if not self.lo[0] - 2 < t[0] < self.hi[0] + 2]
        self.atlas, self.rects = pack(builder.textures)
        self.mips = mipmaps(self.atlas)

    def __repr__(self) -> str:
        return f"Landmark({self.seed}): {self.style}, {self.n_own} solids"
