"""Deferred shading, first half: position, normal and painted colour of every visible point, in one pass a view."""

from functools import lru_cache

import cv2
import numpy as np

from .solids import Quadric
from .textures import TEXELS_PER_METRE
from .visibility import Visible


@lru_cache(maxsize=2)
def face_tables(landmark) -> dict[str, np.ndarray]:
    """Tables over all faces of a landmark: first face of each solid, normals, texture axes, texture number."""
    first, normal, u, v, texture = [], [], [], [], []
    for solid in landmark.solids:
        first.append(len(normal))
        curved = isinstance(solid, Quadric)
        for face in [solid] if curved else solid.faces:
            normal.append(np.zeros(3) if curved else face.normal)
            u.append(np.zeros(4) if curved else face.u)
            v.append(np.zeros(4) if curved else face.v)
            texture.append(face.texture)
    tables = dict(first=np.array(first), texture=np.array(texture))
    return tables | {k: np.array(x, np.float32) for k, x in (("normal", normal), ("u", u), ("v", v))}


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
        local = (points[window][here] - solid.centre.astype(np.float32)) / solid.scale.astype(np.float32)
        A, B, _ = solid.shape
        gradient = np.stack([local[:, 0], local[:, 1], np.float32(A) * local[:, 2] + np.float32(B / 2)], 1)
        gradient /= solid.scale.astype(np.float32)
        normal[window][here] = gradient / (np.sqrt((gradient**2).sum(1, keepdims=True)) + 1e-9)
        u[window][here] = np.arctan2(local[:, 0], -local[:, 1]) / (2 * np.pi) + 0.5
        v[window][here] = 1 - local[:, 2]


def _extent(solid: np.ndarray, index: int) -> tuple[int, int, int, int]:
    rows = np.flatnonzero((solid == index).any(1))
    if not len(rows):
        return 0, 0, 0, 0
    columns = np.flatnonzero((solid[rows[0] : rows[-1] + 1] == index).any(0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def surfaces(landmark, camera, visible: Visible) -> tuple[np.ndarray, ...]:
    """What lies behind every pixel.

    Returns:
        colour (H, W, 4) float32 in 0..1, RGB and glow; normal (H, W, 3) unit, towards the camera;
        points (H, W, 3) world positions; depth (H, W) metres. All are meaningless where `visible.solid` is -1.
    """
    tables = face_tables(landmark)
    height, width = visible.solid.shape
    columns, rows = np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5
    rays = camera.directions(columns[None], rows[:, None])  # (H, W, 3)
    depth = camera.depth_from(visible.nearness)
    points = camera.position.astype(np.float32) + depth[..., None] * rays

    number = np.where(visible.solid >= 0, tables["first"][visible.solid] + visible.face, 0)
    normal = tables["normal"][number]
    axes_u, axes_v = tables["u"][number], tables["v"][number]  # (H, W, 4)
    u = axes_u[..., 3] + sum(axes_u[..., i] * points[..., i] for i in range(3))
    v = axes_v[..., 3] + sum(axes_v[..., i] * points[..., i] for i in range(3))
    _curved(landmark.solids, visible, points, normal, u, v)
    towards = sum(normal[..., i] * rays[..., i] for i in range(3))
    normal = normal * -np.sign(towards)[..., None]

    rect = landmark.rects[tables["texture"][number]]  # (H, W, 4): x, y, w, h in texels
    x = rect[..., 0] + (u - np.floor(u)) * (rect[..., 2] - 1)
    v = np.where(v == 1, np.float32(0.9999), v - np.floor(v))
    y = rect[..., 1] + v * (rect[..., 3] - 1)
    texels = TEXELS_PER_METRE * depth / camera.focal / np.sqrt(np.maximum(np.abs(towards), 0.08))  # texels a pixel
    return _sample(landmark.mips, x, y, texels), normal, points, depth


def _sample(mips, x, y, texels) -> np.ndarray:
    """Read the atlas at the level whose texels are about as large as a pixel."""
    out = np.zeros((*x.shape, 4), np.uint8)
    level = np.clip(np.searchsorted([1.8, 3.6], texels), 0, len(mips) - 1)
    for k, mip in enumerate(mips):
        rows = np.flatnonzero((level == k).any(1))
        if not len(rows):
            continue
        window = np.s_[rows[0] : rows[-1] + 1]
        mapx, mapy = ((m[window] + 0.5) / 2**k - 0.5 for m in (x, y))
        colour = cv2.remap(mip, mapx.astype(np.float32), mapy.astype(np.float32), cv2.INTER_LINEAR)
        here = level[window] == k
        out[window][here] = colour[here]
    return out.astype(np.float32) / 255
