"""Put solids together: boxes, roofs, columns, domes and stairs with painted walls."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from .facades import facade
from .paint import Style
from .solids import SWATCH, Polyhedron, Quadric, convex_solid, solid_of_revolution
from .textures import Colour, fluted, swatch, tiles

REPEAT_X = [1 / SWATCH, 0, 0, 0]  # texture coordinates of a swatch that runs along x, y or down
REPEAT_Y = [0, 1 / SWATCH, 0, 0]
REPEAT_DOWN = [0, 0, -1 / SWATCH, 0]


@dataclass(frozen=True)
class Walls:
    """How the walls of a box are painted.

    Args:
        style: colours and windows; None: the style of the landmark.
        portal: a door at the front and the back.
        ornament: "rose" or "clock" at the front and the back; None for none.
        storey: height of a storey in metres; None: as the style has it.
    """

    style: Style | None = None
    portal: bool = False
    ornament: str | None = None
    storey: float | None = None


class Builder:
    """Collects the solids and textures of one landmark.

    World axes as in `camera`: z up, metres, the front faces -y. The arguments x, y, z are always
    the middle of a solid's base, sizes are metres, and a texture is named by its number.

    Args:
        rng: draws everything that is painted.
        style: paint and proportions of the landmark.

    Attributes:
        solids: what was built so far.
        textures: (h, w, 4) uint8 each.
        tower: `style` with narrower bays and higher storeys, its windows in reverse order.
        plain, wall, roofing: repeating textures of the trim, the wall and the roof.
        shaft: a fluted texture for columns.
    """

    def __init__(self, rng: np.random.Generator, style: Style):
        self.rng = rng
        self.style = style
        self.tower = replace(
            style, windows=style.windows[::-1], bay=0.8 * style.bay, storey=1.25 * style.storey
        )
        self.solids: list[Polyhedron | Quadric] = []
        self.textures: list[np.ndarray] = []
        # the order of these lines is the order of the random draws
        self.plain = self.swatch(style.trim)
        self.wall = self.swatch(style.wall)
        self.roofing = self.texture(tiles(rng, SWATCH, style.roof, rng.uniform(0.4, 0.9)))
        self.shaft = self.texture(fluted(style.trim))

    def texture(self, image: np.ndarray) -> int:
        """Keep a texture and return its number.

        Args:
            image: (h, w, 4) RGB and glow in 0..1; kept as uint8.
        """
        self.textures.append((np.clip(image, 0, 1) * 255).astype(np.uint8))
        return len(self.textures) - 1

    def swatch(self, colour: Colour) -> int:
        """Paint a repeating piece of masonry and return its number.

        Args:
            colour: (3,) RGB in 0..1.
        """
        return self.texture(swatch(self.rng, SWATCH, colour, self.style.stones))

    def facade(self, width: float, height: float, walls: Walls = Walls()) -> int:
        """Paint a facade and return its number.

        Args:
            width: metres.
            height: metres.
            walls: how it is painted.
        """
        style = walls.style or self.style
        painted = facade(self.rng, style, width, height, walls.portal, walls.ornament, walls.storey)
        return self.texture(painted)

    def polyhedron(self, vertices: list[tuple], faces: list[tuple]) -> None:
        """Add a convex solid.

        Args:
            vertices: (V, 3) corners, metres.
            faces: (corner numbers, u, v, texture) for each, see `solids.convex_solid`.
        """
        self.solids.append(convex_solid(vertices, faces))

    def box(
        self,
        x: float,
        y: float,
        z: float,
        width: float,
        depth: float,
        height: float,
        texture: int | Walls = Walls(),
    ) -> None:
        """Add a block.

        Args:
            x: middle of the base, metres.
            y: middle of the base, metres.
            z: height of the base, metres.
            width: size along x, metres.
            depth: size along y, metres.
            height: size along z, metres.
            texture: of the walls: a repeating swatch, a facade of the right size, or how to paint
                new facades.
        """
        if isinstance(texture, Walls):
            # front and back, then the sides, which have neither portal nor ornament
            front = self.facade(width, height, texture)
            side = self.facade(depth, height, replace(texture, portal=False, ornament=None))
        else:
            front = texture
            side = texture
        x0 = x - width / 2
        x1 = x + width / 2
        y0 = y - depth / 2
        y1 = y + depth / 2
        # corner number: 1 for right, + 2 for back, + 4 for top
        corners = [(a, b, c) for c in (z, z + height) for b in (y0, y1) for a in (x0, x1)]
        if texture in (self.plain, self.wall):  # a swatch repeats
            across = REPEAT_X
            deep = REPEAT_Y
            down = REPEAT_DOWN
        else:  # a facade fits once
            across = [1 / width, 0, 0, -x0 / width]
            deep = [0, 1 / depth, 0, -y0 / depth]
            down = [0, 0, -1 / height, (z + height) / height]
        self.polyhedron(
            corners,
            [
                ((0, 1, 5, 4), across, down, front),
                ((2, 3, 7, 6), across, down, front),
                ((0, 2, 6, 4), deep, down, side),
                ((1, 3, 7, 5), deep, down, side),
                ((4, 5, 7, 6), REPEAT_X, REPEAT_Y, self.plain),  # top
                ((0, 1, 3, 2), REPEAT_X, REPEAT_Y, self.plain),  # bottom
            ],
        )

    def roof(
        self,
        x: float,
        y: float,
        z: float,
        width: float,
        depth: float,
        height: float,
        ridge: float = 0.0,
        texture: int | None = None,
    ) -> None:
        """Add a roof whose ridge runs along y.

        Args:
            x: middle of the base, metres.
            y: middle of the base, metres.
            z: height of the base, metres.
            width: size along x, metres.
            depth: size along y, metres.
            height: of the ridge above the base, metres.
            ridge: length of the ridge, metres: 0 makes a pyramid, `depth` a gable roof, anything
                between them a hip roof.
            texture: repeating texture; None: the landmark's tiles.
        """
        texture = self.roofing if texture is None else texture
        ridge = min(max(ridge, 0.05), depth)
        # the ends of a gable roof are walls, those of a hip roof are roof
        ends = self.wall if depth - ridge < 0.6 else texture
        x0 = x - width / 2
        x1 = x + width / 2
        y0 = y - depth / 2
        y1 = y + depth / 2
        base = [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]
        top = [(x, y - ridge / 2, z + height), (x, y + ridge / 2, z + height)]
        self.polyhedron(
            base + top,
            [
                ((1, 2, 5, 4), REPEAT_Y, REPEAT_DOWN, texture),
                ((3, 0, 4, 5), REPEAT_Y, REPEAT_DOWN, texture),
                ((0, 1, 4), REPEAT_X, REPEAT_DOWN, ends),
                ((2, 3, 5), REPEAT_X, REPEAT_DOWN, ends),
                ((0, 3, 2, 1), REPEAT_X, REPEAT_Y, texture),  # bottom
            ],
        )

    def cylinder(
        self,
        x: float,
        y: float,
        z: float,
        radius: float,
        height: float,
        taper: float = 0.0,
        texture: int | None = None,
    ) -> None:
        """Add a column or round tower.

        Args:
            x: middle of the base, metres.
            y: middle of the base, metres.
            z: height of the base, metres.
            radius: of the base, metres.
            height: metres.
            taper: share of the radius that is lost on the way up; 1 makes a cone.
            texture: once around; None: the landmark's trim.
        """
        texture = self.plain if texture is None else texture
        # x^2 + y^2 = (1 - taper z)^2
        shape = (-taper * taper, 2 * taper, -1.0)
        self.solids.append(solid_of_revolution((x, y, z), radius, height, shape, texture))

    def cone(self, x: float, y: float, z: float, radius: float, height: float) -> None:
        """Add a pointed round roof.

        Args:
            x: middle of the base, metres.
            y: middle of the base, metres.
            z: height of the base, metres.
            radius: of the base, metres.
            height: metres.
        """
        self.cylinder(x, y, z, radius, height, 1.0, self.roofing)

    def dome(
        self, x: float, y: float, z: float, radius: float, height: float, bulb: float = 0.0
    ) -> None:
        """Add half an ellipsoid, or an onion.

        Args:
            x: middle of the base, metres.
            y: middle of the base, metres.
            z: height of the base, metres.
            radius: of the widest part, metres.
            height: metres.
            bulb: share of the height at which the widest part lies: 0 a dome, 0.3 an onion.
        """
        # x^2 + y^2 = 1 - ((z - bulb) / (1 - bulb))^2
        s = 1 / (1 - bulb)
        shape = (s * s, -2 * bulb * s * s, bulb * bulb * s * s - 1)
        self.solids.append(solid_of_revolution((x, y, z), radius, height, shape, self.roofing))

    def column(self, x: float, y: float, z: float, radius: float, height: float) -> None:
        """Add a fluted column with base and capital.

        Args:
            x: middle of the base, metres.
            y: middle of the base, metres.
            z: height of the base, metres.
            radius: of the shaft, metres; base and capital are 2.7 radii wide.
            height: with base and capital, metres.
        """
        side = 2.7 * radius
        self.box(x, y, z, side, side, 0.05 * height, self.plain)
        self.cylinder(x, y, z + 0.05 * height, radius, 0.9 * height, 0.12, self.shaft)
        self.box(x, y, z + 0.93 * height, side, side, 0.07 * height, self.plain)

    def columns(
        self, along: Iterable[float], y: float, z: float, radius: float, height: float
    ) -> None:
        """Add a row of columns.

        Args:
            along: the x of each column, metres.
            y: of all, metres.
            z: height of the base, metres.
            radius: of the shafts, metres.
            height: metres.
        """
        for x in along:
            self.column(x, y, z, radius, height)

    def merlons(self, x0: float, x1: float, y: float, z: float) -> None:
        """Add battlements: a row of cubes with sides of 1.3 metres, one every 2.4 metres.

        Args:
            x0: where the row begins, metres.
            x1: where it ends, metres.
            y: middle of the row, metres.
            z: height of its base, metres.
        """
        size = 1.3
        for x in np.arange(x0 + size / 2, x1, 2.4):
            self.box(x, y, z, size, size, size, self.wall)

    def steps(self, width: float, depth: float, count: int, y: float) -> float:
        """Add stairs on all sides and return the height of the platform on top.

        Args:
            width: of the platform along x, metres.
            depth: of the platform along y, metres.
            count: steps, 0.45 metres high each.
            y: middle of the platform, metres; its x is 0.
        """
        for k in range(count):
            out = 1.6 * (count - k)
            self.box(0, y, 0.45 * k, width + out, depth + out, 0.45, self.plain)
        return 0.45 * count
