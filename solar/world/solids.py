"""What landmarks are built of: convex solids with painted faces, and curved ones given by one
quadratic equation.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from .textures import facade, swatch, tiles

ATLAS_WIDTH = 1536  # texels
SWATCH = 12.8  # metres: side of the repeating pieces of wall and roof


@dataclass
class Face:
    """A convex plane face.

    polygon (V, 3) metres, counter-clockwise seen from outside; normal (3,) unit, outwards; u, v
    (4,): the texture coordinate at point x is u . (x, 1), 1 being the texture's width (height); it
    repeats.
    """

    polygon: np.ndarray
    normal: np.ndarray
    u: np.ndarray
    v: np.ndarray
    texture: int


@dataclass
class Polyhedron:
    """A convex solid; lo, hi (3,) bound it."""

    faces: list[Face]
    lo: np.ndarray
    hi: np.ndarray


@dataclass
class Quadric:
    """x^2 + y^2 + A z^2 + B z + C = 0 for z in [0, 1], in coordinates (point - centre) / scale;
    shape = (A, B, C).

    Cylinders, cones, domes and onions are all of this kind. The texture runs once around and once
    up.
    """

    centre: np.ndarray
    scale: np.ndarray
    shape: tuple[float, float, float]
    texture: int
    lo: np.ndarray
    hi: np.ndarray


@dataclass(frozen=True)
class Style:
    """How one landmark's walls are painted: colours, stones (course, length, joint, rough), windows
    from below upwards (kind, share of the bay, share of the storey), bay and storey in metres, and
    the ornaments' sizes in texels.
    """

    wall: np.ndarray
    trim: np.ndarray
    roof: np.ndarray
    stones: tuple[float, float, float, float]
    windows: tuple
    bay: float
    storey: float
    frame: float
    mullions: int
    rails: int
    sill: int
    course: float
    dentils: int
    pilasters: bool
    petals: int
    door: str

    def with_trim(self, trim) -> "Style":
        """The same style with frames of another colour and no sills."""
        return replace(self, trim=np.asarray(trim), sill=0)


class Builder:
    """Puts solids together: z up, metres, the front faces -y; (x, y, z) is always the middle of a
    solid's base.
    """

    def __init__(self, rng, style: Style):
        self.rng, self.style = rng, style
        self.tower = replace(
            style, windows=style.windows[::-1], bay=0.8 * style.bay, storey=1.25 * style.storey
        )
        self.solids, self.textures = [], []
        self.plain = self.swatch(style.trim)
        self.wall = self.swatch(style.wall)
        self.roofing = self.texture(tiles(rng, SWATCH, style.roof, rng.uniform(0.4, 0.9)))
        flutes = 1 + 0.12 * np.sin(np.linspace(0, 40 * np.pi, 160, dtype=np.float32))
        shaft = np.zeros((60, 160, 4), np.float32)
        shaft[..., :3] = flutes[None, :, None] * style.trim
        self.shaft = self.texture(shaft)

    def texture(self, image: np.ndarray) -> int:
        """Keep a texture; returns its number."""
        self.textures.append((np.clip(image, 0, 1) * 255).astype(np.uint8))
        return len(self.textures) - 1

    def swatch(self, colour) -> int:
        """A repeating piece of masonry."""
        return self.texture(swatch(self.rng, SWATCH, colour, *self.style.stones))

    def facade(self, width, height, style=None, **options) -> int:
        """Paint a facade; `options` as in `textures.facade`."""
        return self.texture(facade(self.rng, style or self.style, width, height, **options))

    def polyhedron(self, vertices, faces) -> None:
        """Add a convex solid: vertices (V, 3); faces as (vertex numbers, u, v, texture)."""
        vertices, built = np.asarray(vertices, float), []
        middle = vertices.mean(0)
        for corners, u, v, texture in faces:
            polygon = vertices[list(corners)]
            normal = np.cross(polygon[1] - polygon[0], polygon[2] - polygon[0])
            normal /= np.linalg.norm(normal)
            if normal @ (polygon[0] - middle) < 0:
                polygon, normal = polygon[::-1], -normal
            built.append(Face(polygon, normal, np.array(u, float), np.array(v, float), texture))
        self.solids.append(Polyhedron(built, vertices.min(0), vertices.max(0)))

    def box(
        self,
        x,
        y,
        z,
        width,
        depth,
        height,
        texture=None,
        style=None,
        portal=False,
        ornament=None,
        storey=None,
    ):
        """A block; its walls are painted as facades unless a repeating or fitted `texture` is
        given.
        """
        front = side = texture
        if texture is None:
            front = self.facade(
                width, height, style, portal=portal, ornament=ornament, storey=storey
            )
            side = self.facade(depth, height, style, storey=storey)
        x0, x1, y0, y1 = x - width / 2, x + width / 2, y - depth / 2, y + depth / 2
        corners = [(a, b, c) for c in (z, z + height) for b in (y0, y1) for a in (x0, x1)]
        if texture in (self.plain, self.wall):  # a swatch repeats; a facade fits once
            across, deep, down = (
                [1 / SWATCH, 0, 0, 0],
                [0, 1 / SWATCH, 0, 0],
                [0, 0, -1 / SWATCH, 0],
            )
        else:
            across, deep = [1 / width, 0, 0, -x0 / width], [0, 1 / depth, 0, -y0 / depth]
            down = [0, 0, -1 / height, (z + height) / height]
        flat = ([1 / SWATCH, 0, 0, 0], [0, 1 / SWATCH, 0, 0])
        self.polyhedron(
            corners,
            [
                ((0, 1, 5, 4), across, down, front),
                ((2, 3, 7, 6), across, down, front),
                ((0, 2, 6, 4), deep, down, side),
                ((1, 3, 7, 5), deep, down, side),
                ((4, 5, 7, 6), *flat, self.plain),
                ((0, 1, 3, 2), *flat, self.plain),
            ],
        )

    def roof(self, x, y, z, width, depth, height, ridge=0.0, texture=None) -> None:
        """A roof whose ridge runs along y: length 0 makes a pyramid, `depth` a gable, between them
        a hip.
        """
        texture = self.roofing if texture is None else texture
        ridge = min(max(ridge, 0.05), depth)
        ends = self.wall if depth - ridge < 0.6 else texture
        x0, x1, y0, y1 = x - width / 2, x + width / 2, y - depth / 2, y + depth / 2
        base = [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]
        top = [(x, y - ridge / 2, z + height), (x, y + ridge / 2, z + height)]
        k = 1 / SWATCH
        self.polyhedron(
            base + top,
            [
                ((1, 2, 5, 4), [0, k, 0, 0], [0, 0, -k, 0], texture),
                ((3, 0, 4, 5), [0, k, 0, 0], [0, 0, -k, 0], texture),
                ((0, 1, 4), [k, 0, 0, 0], [0, 0, -k, 0], ends),
                ((2, 3, 5), [k, 0, 0, 0], [0, 0, -k, 0], ends),
                ((0, 3, 2, 1), [k, 0, 0, 0], [0, k, 0, 0], texture),
            ],
        )

    def _quadric(self, x, y, z, radius, height, shape, texture, widest=1.0) -> None:
        reach = radius * widest
        self.solids.append(
            Quadric(
                np.array([x, y, z], float),
                np.array([radius, radius, height], float),
                shape,
                texture,
                np.array([x - reach, y - reach, z], float),
                np.array([x + reach, y + reach, z + height], float),
            )
        )

    def cylinder(self, x, y, z, radius, height, taper=0.0, texture=None) -> None:
        """A column or round tower; `taper` 1 ends in a point."""
        texture = self.plain if texture is None else texture
        self._quadric(x, y, z, radius, height, (-taper * taper, 2 * taper, -1.0), texture)

    def cone(self, x, y, z, radius, height) -> None:
        """A pointed roof."""
        self.cylinder(x, y, z, radius, height, 1.0, self.roofing)

    def dome(self, x, y, z, radius, height, bulb=0.0, texture=None) -> None:
        """Half an ellipsoid; `bulb` > 0 lifts its widest part to that share of the height: an
        onion.

        `radius` is the widest one.
        """
        s = 1 / (1 - bulb)
        shape = (s * s, -2 * bulb * s * s, bulb * bulb * s * s - 1)
        self._quadric(x, y, z, radius, height, shape, self.roofing if texture is None else texture)

    def column(self, x, y, z, radius, height) -> None:
        """A fluted column with base and capital."""
        self.box(x, y, z, 2.7 * radius, 2.7 * radius, 0.05 * height, self.plain)
        self.cylinder(x, y, z + 0.05 * height, radius, 0.9 * height, 0.12, self.shaft)
        self.box(x, y, z + 0.93 * height, 2.7 * radius, 2.7 * radius, 0.07 * height, self.plain)

    def columns(self, x0, x1, y, z, count, radius, height) -> None:
        """A row of columns."""
        for x in np.linspace(x0, x1, count):
            self.column(x, y, z, radius, height)

    def merlons(self, x0, x1, y, z, size=1.3, gap=2.4) -> None:
        """Battlements along x."""
        for x in np.arange(x0 + size / 2, x1, gap):
            self.box(x, y, z, size, size, size, self.wall)

    def steps(self, width, depth, count, y) -> float:
        """Stairs all around; returns the height of the platform on top."""
        for k in range(count):
            out = 1.6 * (count - k)
            self.box(0, y, 0.45 * k, width + out, depth + out, 0.45, self.plain)
        return 0.45 * count


def pack(textures: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Put all textures on shelves of one picture.

    Returns:
        atlas (H, ATLAS_WIDTH, 4) uint8;  rects (T, 4) float32: x, y, w, h of each texture in it.
    """
    x = y = shelf = 0
    rects = np.zeros((len(textures), 4), np.float32)
    for i in sorted(range(len(textures)), key=lambda i: -textures[i].shape[0]):
        h, w = textures[i].shape[:2]
        if x + w > ATLAS_WIDTH:
            x, y, shelf = 0, y + shelf, 0
        rects[i] = x, y, w, h
        x, shelf = x + w, max(shelf, h)
    atlas = np.zeros((y + shelf, ATLAS_WIDTH, 4), np.uint8)
    for (x, y, w, h), texture in zip(rects.astype(int), textures):
        atlas[y : y + h, x : x + w] = texture
    return atlas, rects


def mipmaps(atlas: np.ndarray, levels: int = 3) -> list[np.ndarray]:
    """The atlas at full, half, quarter ... size."""
    return [atlas] + [
        cv2.resize(atlas, None, fx=0.5**k, fy=0.5**k, interpolation=cv2.INTER_AREA)
        for k in range(1, levels)
    ]
