"""What a camera sees: for every pixel the nearest surface and its depth.

Plane faces are drawn as polygons: the reciprocal of their depth is affine in the picture, so a
z-buffer needs one comparison a pixel. Curved solids (quadrics) solve one quadratic equation a
pixel, inside their bounding rectangle only.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .camera import NEAR
from .solids import Quadric

SUBPIXEL = 4  # fractional bits of polygon corners


@dataclass
class Visible:
    """Buffers of one view.

    solid, face: (H, W) int16 indices of the nearest surface, -1 for the sky.
    nearness: (H, W) float32, larger is nearer.
    """

    solid: np.ndarray
    face: np.ndarray
    nearness: np.ndarray

    def put(self, window, where: np.ndarray, nearness: np.ndarray, solid: int, face: int) -> None:
        """Enter a surface at the pixels of `window` that are true in `where`."""
        for buffer, value in ((self.nearness, nearness), (self.solid, solid), (self.face, face)):
            np.copyto(buffer[window], value, where=where)


def cut(polygon: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Cut a convex polygon (V, d) where the affine quantity `inside` (V,), given at its corners, is
    negative.
    """
    kept = []
    for i, (point, value) in enumerate(zip(polygon, inside)):
        before, previous = polygon[i - 1], inside[i - 1]
        if (value > 0) != (previous > 0):
            kept.append(before + previous / (previous - value) * (point - before))
        if value > 0:
            kept.append(point)
    return np.array(kept).reshape(-1, polygon.shape[1])


def cut_to_picture(pixels: np.ndarray, size, margin: float = 64) -> np.ndarray:
    """Cut a polygon (V, 2) to the picture and a margin around it, so that its corners fit
    fixed-point numbers.
    """
    for axis in (0, 1):
        pixels = cut(pixels, pixels[:, axis] + margin)
        pixels = cut(pixels, size[axis] + margin - pixels[:, axis])
    return pixels


def bounding_rectangle(pixels: np.ndarray, size) -> tuple[int, int, int, int]:
    """Integer rectangle x0, y0, x1, y1 around points (V, 2), cut to the picture (may be empty)."""
    (x0, y0), (x1, y1) = np.floor(pixels.min(0)), np.ceil(pixels.max(0)) + 1
    return max(int(x0), 0), max(int(y0), 0), min(int(x1), size[0]), min(int(y1), size[1])


def _draw_face(camera, face, number, visible: Visible, index: int) -> None:
    offset = face.normal @ face.polygon[0]
    if not camera.facing(face.normal, offset):
        return
    pixels, depth = camera.project(face.polygon)
    if (depth <= NEAR).any():
        polygon = cut(face.polygon, depth - NEAR)
        if len(polygon) < 3:
            return
        pixels, _ = camera.project(polygon)
    if np.abs(pixels).max() > 4 * max(camera.size):
        pixels = cut_to_picture(pixels, camera.size)
    if len(pixels) < 3:
        return
    x0, y0, x1, y1 = bounding_rectangle(pixels, camera.size)
    if x1 <= x0 or y1 <= y0:
        return
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    corners = (pixels - (x0 + 0.5, y0 + 0.5)) * 2**SUBPIXEL
    cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), 1, cv2.LINE_8, SUBPIXEL)
    a, b, c = camera.nearness(face.normal, offset)
    u = (np.arange(x0, x1) + 0.5) * a
    v = (np.arange(y0, y1) + 0.5) * b + c
    near = (u[None] + v[:, None]).astype(np.float32)
    window = np.s_[y0:y1, x0:x1]
    closer = (near > visible.nearness[window]) & mask.view(bool)
    visible.put(window, closer, near, index, number)


def box_corners(lo, hi) -> np.ndarray:
    """The eight corners (8, 3) of the box lo..hi."""
    return np.stack(np.meshgrid(*zip(lo, hi), indexing="ij"), -1).reshape(-1, 3)


def intersect_quadric(quadric: Quadric, origin, direction) -> np.ndarray:
    """Depth (...) at which rays origin + depth * direction, (3, ...), first meet the quadric, inf
    where they miss.
    """
    local = zip(origin, direction, quadric.centre, quadric.scale)
    rays = [(((o - c) / s).astype(np.float32), (d / s).astype(np.float32)) for o, d, c, s in local]
    (ox, dx), (oy, dy), (oz, dz) = rays
    A, B, C = (np.float32(x) for x in quadric.shape)
    a = dx * dx + dy * dy + A * dz * dz
    half_b = ox * dx + oy * dy + A * oz * dz + np.float32(0.5) * B * dz
    c = ox * ox + oy * oy + A * oz * oz + B * oz + C
    a = np.where(np.abs(a) < 1e-9, np.float32(1e-9), a)
    discriminant = half_b * half_b - a * c
    root = np.sqrt(np.maximum(discriminant, 0))
    best = np.full(np.broadcast(a, c).shape, np.inf, np.float32)
    for t in ((-half_b - root) / a, (-half_b + root) / a):
        z = oz + t * dz
        met = (discriminant > 0) & (t > NEAR) & (z >= 0) & (z <= 1) & (t < best)
        best = np.where(met, t, best)
    return best


def _draw_quadric(camera, quadric: Quadric, visible: Visible, index: int) -> None:
    pixels, depth = camera.project(box_corners(quadric.lo, quadric.hi))
    if (depth <= NEAR).all():
        return
    x0, y0, x1, y1 = (
        (0, 0, *camera.size) if (depth <= NEAR).any() else bounding_rectangle(pixels, camera.size)
    )
    if x1 <= x0 or y1 <= y0:
        return
    u, v = np.arange(x0, x1)[None] + 0.5, np.arange(y0, y1)[:, None] + 0.5
    depth = intersect_quadric(quadric, *camera.rays(u, v))
    near = np.where(np.isfinite(depth), camera.to_nearness(depth), -np.inf).astype(np.float32)
    window = np.s_[y0:y1, x0:x1]
    closer = near > visible.nearness[window]
    visible.put(window, closer, near, index, 0)


def see(camera, solids: list) -> Visible:
    """Nearest surface at every pixel of `camera` (a Camera or a Sun) among `solids`."""
    width, height = camera.size
    visible = Visible(
        np.full((height, width), -1, np.int16),
        np.full((height, width), -1, np.int16),
        np.full((height, width), camera.to_nearness(np.float32(5000.0)), np.float32),
    )
    for index, solid in enumerate(solids):
        if isinstance(solid, Quadric):
            _draw_quadric(camera, solid, visible, index)
        else:
            for number, face in enumerate(solid.faces):
                _draw_face(camera, face, number, visible, index)
    return visible
