"""Deferred shading, first half: position, normal and painted colour of every visible point, in one
pass a view.

Vectors and colours are planar, (3, H, W): numpy runs over pixels then, not over three numbers at a
time.
"""

from functools import lru_cache

import cv2
import numpy as np

from .solids import Quadric
from .textures import TEXELS_PER_METRE
from .visibility import Visible


@lru_cache(maxsize=2)
def face_tables(landmark) -> dict[str, np.ndarray]:
    """Tables over all F faces: first face of each solid, normal (3, F), texture axes and rectangle
    (4, F).
    """
    first, normal, u, v, texture = [], [], [], [], []
    for solid in landmark.solids:
        first.append(len(normal))
        curved = isinstance(solid, Quadric)
        for face in [solid] if curved else solid.faces:
            normal.append(np.zeros(3) if curved else face.normal)
            u.append(np.zeros(4) if curved else face.u)
            v.append(np.zeros(4) if curved else face.v)
            texture.append(face.texture)
    tables = dict(first=np.array(first))
    planar = {
        k: np.array(x, np.float32).T.copy() for k, x in (("normal", normal), ("u", u), ("v", v))
    }
    return tables | planar | dict(rect=landmark.rects[texture].T.copy())


def _curved(solids, visible: Visible, points, normal, u, v) -> None:
    """Overwrite normal and texture coordinates where the surface is a quadric."""
    for index, solid in enumerate(solids):
        if not isinstance(solid, Quadric):
            continue
        y0, y1, x0, x1 = _extent(visible.solid, index)
        if y1 <= y0:
            continue
        window = np.s_[y0:y1, x0:x1]
        here = visible.solid[window] == index
        centre, scale = (
            vector.astype(np.float32)[:, None] for vector in (solid.centre, solid.scale)
        )
        x, y, z = (points[:, *window][:, here] - centre) / scale  # (3, n)
        A, B, _ = solid.shape
        gradient = np.stack([x, y, np.float32(A) * z + np.float32(B / 2)]) / scale
        normal[:, *window][:, here] = gradient / (np.sqrt((gradient**2).sum(0)) + 1e-9)
        u[window][here] = np.arctan2(x, -y) / (2 * np.pi) + 0.5
        v[window][here] = 1 - z


def _extent(solid: np.ndarray, index: int) -> tuple[int, int, int, int]:
    rows = np.flatnonzero((solid == index).any(1))
    if not len(rows):
        return 0, 0, 0, 0
    columns = np.flatnonzero((solid[rows[0] : rows[-1] + 1] == index).any(0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def surfaces(landmark, camera, visible: Visible) -> tuple[np.ndarray, ...]:
    """What lies behind every pixel.

    Returns:
        colour (4, H, W) float32 in 0..1, RGB and glow; normal (3, H, W) unit, towards the camera;
        points (3, H, W) world positions; depth (H, W) metres. All are meaningless where
        `visible.solid` is -1.
    """
    tables = face_tables(landmark)
    height, width = visible.solid.shape
    columns, rows = (
        np.arange(width, dtype=np.float32) + 0.5,
        np.arange(height, dtype=np.float32) + 0.5,
    )
    rays = camera.directions(columns[None], rows[:, None])  # (3, H, W)
    depth = camera.depth_from(visible.nearness)
    points = camera.position.astype(np.float32)[:, None, None] + depth * rays

    number = np.where(visible.solid >= 0, tables["first"][visible.solid] + visible.face, 0)
    normal = tables["normal"][:, number]
    u, v = (
        axis[3][number] + sum(axis[i][number] * points[i] for i in range(3))
        for axis in (tables["u"], tables["v"])
    )
    _curved(landmark.solids, visible, points, normal, u, v)
    towards = sum(normal[i] * rays[i] for i in range(3))
    normal *= -np.sign(towards)

    left, top, wide, high = (edge[number] for edge in tables["rect"])  # texels
    x = left + (u - np.floor(u)) * (wide - 1)
    v = np.where(v == 1, np.float32(0.9999), v - np.floor(v))
    y = top + v * (high - 1)
    texels = (
        TEXELS_PER_METRE * depth / camera.focal / np.sqrt(np.maximum(np.abs(towards), 0.08))
    )  # texels a pixel
    return _sample(landmark.mips, x, y, texels), normal, points, depth


def _sample(mips, x, y, texels) -> np.ndarray:
    """Read the atlas at the level whose texels are about as large as a pixel: (4, H, W) float32 in
    0..1.
    """
    out = np.zeros((*x.shape, 4), np.uint8)
    pixels = out.view(np.uint32)[..., 0]  # all four bytes of a pixel at once
    level = np.clip(np.searchsorted([1.8, 3.6], texels), 0, len(mips) - 1)
    for k, mip in enumerate(mips):
        rows = np.flatnonzero((level == k).any(1))
        if not len(rows):
            continue
        window = np.s_[rows[0] : rows[-1] + 1]
        mapx, mapy = ((m[window] + 0.5) / 2**k - 0.5 for m in (x, y))
        colour = cv2.remap(mip, mapx.astype(np.float32), mapy.astype(np.float32), cv2.INTER_LINEAR)
        np.copyto(pixels[window], colour.view(np.uint32)[..., 0], where=level[window] == k)
    return out.transpose(2, 0, 1).astype(np.float32, order="C") / 255
