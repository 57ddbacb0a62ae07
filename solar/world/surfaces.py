"""Look up position, normal and painted colour of every visible point, one pass per view.

This is the first half of deferred shading; `light` is the second. Vectors and colours are planar,
(3, H, W), so that NumPy runs along pixels instead of along three numbers at a time.
"""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from .camera import Camera
from .landmark import Landmark
from .solids import Polyhedron, Quadric
from .textures import TEXELS_PER_METRE
from .visibility import Visible


class FaceTables(NamedTuple):
    """One column per face, over all solids of a landmark; a curved solid counts as one face.

    Args:
        first: (S,) number of the first face of each solid.
        normal: (3, F) float32 unit normals; zeros for curved solids.
        u: (4, F) float32 texture coordinate, see `solids.Face`; zeros for curved solids.
        v: (4, F) float32 texture coordinate.
        rect: (4, F) float32 x, y, width and height of the face's texture in the atlas, texels.
    """

    first: np.ndarray
    normal: np.ndarray
    u: np.ndarray
    v: np.ndarray
    rect: np.ndarray


class Surfaces(NamedTuple):
    """What lies behind every pixel; meaningless where there is only sky.

    Args:
        colour: (4, H, W) float32 in 0..1, red, green, blue and glow.
        normal: (3, H, W) float32 unit vectors, turned towards the camera.
        points: (3, H, W) float32 world positions, metres.
        depth: (H, W) float32 metres along the optical axis.
    """

    colour: np.ndarray
    normal: np.ndarray
    points: np.ndarray
    depth: np.ndarray


@lru_cache(maxsize=2)
def face_tables(landmark: Landmark) -> FaceTables:
    """Return the tables of all faces of `landmark`; those of the last two are remembered."""
    first = []
    normal = []
    u = []
    v = []
    texture = []
    for solid in landmark.solids:
        first.append(len(normal))
        if isinstance(solid, Quadric):
            # filled in later, pixel by pixel
            normal.append(np.zeros(3))
            u.append(np.zeros(4))
            v.append(np.zeros(4))
            texture.append(solid.texture)
            continue
        for face in solid.faces:
            normal.append(face.normal)
            u.append(face.u)
            v.append(face.v)
            texture.append(face.texture)
    return FaceTables(
        first=np.array(first),
        normal=np.array(normal, np.float32).T.copy(),
        u=np.array(u, np.float32).T.copy(),
        v=np.array(v, np.float32).T.copy(),
        rect=landmark.rects[texture].T.copy(),
    )


def _fill_in_curved(
    solids: list[Polyhedron | Quadric],
    visible: Visible,
    points: np.ndarray,
    normal: np.ndarray,
    u: np.ndarray,
    v: np.ndarray,
) -> None:
    """Overwrite normal (3, H, W) and texture coordinates (H, W) where the surface is a quadric."""
    for index, solid in enumerate(solids):
        if not isinstance(solid, Quadric):
            continue
        rows, columns = _extent(visible.solid, index)
        here = visible.solid[rows, columns] == index  # (h, w)
        if not here.any():
            continue
        # the n points in the solid's own coordinates, (3, n)
        centre = solid.centre.astype(np.float32)[:, None]
        scale = solid.scale.astype(np.float32)[:, None]
        x, y, z = (points[:, rows, columns][:, here] - centre) / scale
        # the normal is the gradient of x^2 + y^2 + A z^2 + B z + C, back in world units
        A, B, _ = solid.shape
        gradient = np.stack([x, y, np.float32(A) * z + np.float32(B / 2)]) / scale
        length = np.sqrt((gradient**2).sum(0)) + 1e-9
        normal[:, rows, columns][:, here] = gradient / length
        # the texture runs once around, and from the top (0) to the base (1)
        u[rows, columns][here] = np.arctan2(x, -y) / (2 * np.pi) + 0.5
        v[rows, columns][here] = 1 - z


def _extent(solid: np.ndarray, index: int) -> tuple[slice, slice]:
    """Return the rows and columns of `solid` (H, W) between which `index` occurs."""
    rows = np.flatnonzero((solid == index).any(1))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    inner = slice(rows[0], rows[-1] + 1)
    columns = np.flatnonzero((solid[inner] == index).any(0))
    return inner, slice(columns[0], columns[-1] + 1)


def _texture_coordinate(axis: np.ndarray, number: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return axis . (point, 1), (H, W), with the axis (4, F) of each pixel's face `number`."""
    return axis[3][number] + sum(axis[i][number] * points[i] for i in range(3))


def surfaces(landmark: Landmark, camera: Camera, visible: Visible) -> Surfaces:
    """Return position, normal and colour of what lies behind every pixel.

    Args:
        landmark: what was seen.
        camera: by which it was seen.
        visible: what `visibility.see` returned.
    """
    tables = face_tables(landmark)
    height, width = visible.solid.shape
    # positions: along the rays through the pixel centres, as far as the depth buffer says
    columns = np.arange(width, dtype=np.float32) + 0.5
    rows = np.arange(height, dtype=np.float32) + 0.5
    rays = camera.directions(columns[None], rows[:, None])  # (3, H, W)
    depth = camera.depth_from(visible.nearness)
    points = camera.position.astype(np.float32)[:, None, None] + depth * rays

    # number of the face, (H, W), then its normal and texture coordinates
    number = np.where(visible.solid >= 0, tables.first[visible.solid] + visible.face, 0)
    normal = tables.normal[:, number]
    u = _texture_coordinate(tables.u, number, points)
    v = _texture_coordinate(tables.v, number, points)
    _fill_in_curved(landmark.solids, visible, points, normal, u, v)
    # turn normals towards the camera
    towards = sum(normal[i] * rays[i] for i in range(3))
    normal *= -np.sign(towards)

    # texture coordinates -> texels in the atlas; textures repeat
    left, top, wide, high = tables.rect[:, number]
    x = left + (u - np.floor(u)) * (wide - 1)
    v = np.where(v == 1, np.float32(0.9999), v - np.floor(v))  # the foot of a wall is not its top
    y = top + v * (high - 1)
    # how many texels one pixel covers: more when far away or seen at a slant
    slant = np.sqrt(np.maximum(np.abs(towards), 0.08))
    texels = TEXELS_PER_METRE * depth / camera.focal / slant
    colour = _sample(landmark.mips, x, y, texels)
    return Surfaces(colour, normal, points, depth)


def _sample(mips: list[np.ndarray], x: np.ndarray, y: np.ndarray, texels: np.ndarray) -> np.ndarray:
    """Read the atlas at (x, y), from the copy whose texels are about as large as a pixel.

    Returns (4, H, W) float32 in 0..1.
    """
    out = np.zeros((*x.shape, 4), np.uint8)
    pixels = out.view(np.uint32)[..., 0]  # (H, W): all four bytes of a pixel at once
    level = np.clip(np.searchsorted([1.8, 3.6], texels), 0, len(mips) - 1)
    for k, mip in enumerate(mips):
        # only the rows of the image that need this copy
        rows = np.flatnonzero((level == k).any(1))
        if not len(rows):
            continue
        window = slice(rows[0], rows[-1] + 1)
        # texel centres lie at half-integers in every copy, at whole numbers in OpenCV
        map_x = (x[window] + 0.5) / 2**k - 0.5
        map_y = (y[window] + 0.5) / 2**k - 0.5
        colour = cv2.remap(
            mip, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR
        )
        np.copyto(pixels[window], colour.view(np.uint32)[..., 0], where=level[window] == k)
    return out.transpose(2, 0, 1).astype(np.float32, order="C") / 255
