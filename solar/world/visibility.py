"""Find what a camera sees: the nearest surface at every pixel, and how near it is.

Plane faces are drawn as polygons into a depth buffer. Their nearness (see `camera`) is an affine
function of the pixel, so that one comparison per pixel is enough. Curved solids solve one quadratic
equation per pixel, only within the rectangle of the image that can show them.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .camera import NEAR, Camera, Sun
from .solids import Face, Polyhedron, Quadric

SUBPIXEL = 4  # fractional bits of the corners of a polygon
FARTHEST = np.float32(5000.0)  # metres: the sky
MARGIN = 64  # pixels around the image in which polygons are kept when they are clipped


@dataclass
class Visible:
    """Buffers of one view.

    Args:
        solid: (H, W) int16 number of the nearest solid, -1 for the sky.
        face: (H, W) int16 number of its face, 0 for curved solids, -1 for the sky.
        nearness: (H, W) float32, larger is nearer.
    """

    solid: np.ndarray
    face: np.ndarray
    nearness: np.ndarray

    def put(
        self,
        window: tuple[slice, slice],
        where: np.ndarray,
        nearness: np.ndarray,
        solid: int,
        face: int,
    ) -> None:
        """Enter a surface at the pixels of `window` that are True in `where`.

        Args:
            window: rows and columns of the buffers.
            where: (h, w) bool.
            nearness: (h, w) float32 of the surface.
            solid: its number.
            face: its number in the solid.
        """
        np.copyto(self.nearness[window], nearness, where=where)
        np.copyto(self.solid[window], solid, where=where)
        np.copyto(self.face[window], face, where=where)


def clip(polygon: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Clip a convex polygon at a line or plane (Sutherland and Hodgman).

    Args:
        polygon: (V, d) corners in order.
        inside: (V,) values of an affine function at the corners; the part where it is positive is
            kept.

    Returns:
        (V', d) corners of that part; none if nothing is left.
    """
    corners = []
    for i, (point, value) in enumerate(zip(polygon, inside)):
        before = polygon[i - 1]
        value_before = inside[i - 1]
        # the edge from the corner before crosses the line: a new corner where it does
        if (value > 0) != (value_before > 0):
            share = value_before / (value_before - value)
            corners.append(before + share * (point - before))
        if value > 0:
            corners.append(point)
    return np.array(corners).reshape(-1, polygon.shape[1])


def clip_to_image(pixels: np.ndarray, size: tuple[int, int], margin: float = MARGIN) -> np.ndarray:
    """Clip a polygon to the image, so that its corners fit the fixed-point numbers of OpenCV.

    Args:
        pixels: (V, 2) corners (u, v) of a convex polygon, pixels.
        size: (width, height) of the image.
        margin: pixels around the image that are kept too.

    Returns:
        (V', 2) corners; none if nothing is left.
    """
    for axis in (0, 1):
        pixels = clip(pixels, pixels[:, axis] + margin)
        pixels = clip(pixels, size[axis] + margin - pixels[:, axis])
    return pixels


def bounding_rectangle(pixels: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the part of the image around points.

    Args:
        pixels: (V, 2) points as (u, v).
        size: (width, height) of the image.

    Returns:
        x0, y0, x1, y1 whole pixels, x1 and y1 excluded; empty (x1 <= x0 or y1 <= y0) if all points
        lie on one side of the image.
    """
    x0, y0 = np.floor(pixels.min(0))
    x1, y1 = np.ceil(pixels.max(0)) + 1
    return max(int(x0), 0), max(int(y0), 0), min(int(x1), size[0]), min(int(y1), size[1])


def _project_face(camera: Camera | Sun, face: Face) -> np.ndarray:
    """Return the polygon (V, 2) of a face in the image, clipped; fewer than 3 corners if unseen."""
    pixels, depth = camera.project(face.polygon)
    # a part lies behind the camera: clip in the world, then project again
    if (depth <= NEAR).any():
        polygon = clip(face.polygon, depth - NEAR)
        if len(polygon) < 3:
            return polygon[:, :2]
        pixels, _ = camera.project(polygon)
    # corners far outside the image would not fit the numbers that OpenCV takes
    if np.abs(pixels).max() > 4 * max(camera.size):
        pixels = clip_to_image(pixels, camera.size)
    return pixels


def _draw_face(camera: Camera | Sun, face: Face, number: int, visible: Visible, index: int) -> None:
    """Draw face `number` of solid `index` into the buffers."""
    # faces that turn their back to the camera are hidden by the front of their solid
    offset = face.normal @ face.polygon[0]
    if not camera.facing(face.normal, offset):
        return
    pixels = _project_face(camera, face)
    if len(pixels) < 3:
        return
    x0, y0, x1, y1 = bounding_rectangle(pixels, camera.size)
    if x1 <= x0 or y1 <= y0:
        return
    # which pixels of the rectangle lie in the polygon; OpenCV's pixel centres are whole numbers
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    corners = (pixels - (x0 + 0.5, y0 + 0.5)) * 2**SUBPIXEL
    cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), 1, cv2.LINE_8, SUBPIXEL)
    # nearness a u + b v + c at the pixel centres, (h, w)
    a, b, c = camera.nearness(face.normal, offset)
    along_u = (np.arange(x0, x1) + 0.5) * a
    along_v = (np.arange(y0, y1) + 0.5) * b + c
    near = (along_u[None] + along_v[:, None]).astype(np.float32)
    # depth test
    window = np.s_[y0:y1, x0:x1]
    closer = (near > visible.nearness[window]) & mask.view(bool)
    visible.put(window, closer, near, index, number)


def box_corners(lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """Return the eight corners (8, 3) of the box from `lo` (3,) to `hi` (3,)."""
    return np.stack(np.meshgrid(*zip(lo, hi), indexing="ij"), -1).reshape(-1, 3)


def intersect_quadric(quadric: Quadric, origin: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return where rays first meet a curved solid.

    Args:
        quadric: the solid.
        origin: (3, ...) or (3,) start of the rays, metres.
        direction: (3, ...) or (3,) direction of the rays.

    Returns:
        (...) depth t: the ray meets it at origin + t * direction; inf where it misses.
    """
    # world -> the solid's own coordinates, one axis at a time
    starts = []
    ways = []
    for i in range(3):
        start = (origin[i] - quadric.centre[i]) / quadric.scale[i]
        starts.append(start.astype(np.float32))
        ways.append((direction[i] / quadric.scale[i]).astype(np.float32))
    ox, oy, oz = starts
    dx, dy, dz = ways
    # the ray in the equation of the surface: a t^2 + 2 half_b t + c = 0
    A = np.float32(quadric.shape[0])
    B = np.float32(quadric.shape[1])
    C = np.float32(quadric.shape[2])
    a = dx * dx + dy * dy + A * dz * dz
    half_b = ox * dx + oy * dy + A * oz * dz + np.float32(0.5) * B * dz
    c = ox * ox + oy * oy + A * oz * oz + B * oz + C
    a = np.where(np.abs(a) < 1e-9, np.float32(1e-9), a)  # never divide by zero
    discriminant = half_b * half_b - a * c
    root = np.sqrt(np.maximum(discriminant, 0))
    # the nearer of both solutions that lies before the camera and between base and top
    best = np.full(np.broadcast(a, c).shape, np.inf, np.float32)
    for t in ((-half_b - root) / a, (-half_b + root) / a):
        z = oz + t * dz
        met = (discriminant > 0) & (t > NEAR) & (z >= 0) & (z <= 1) & (t < best)
        best = np.where(met, t, best)
    return best


def _draw_quadric(camera: Camera | Sun, quadric: Quadric, visible: Visible, index: int) -> None:
    """Draw curved solid `index` into the buffers."""
    # the part of the image that can show it: around its bounding box, or all of it if the camera
    # stands beside or in the box
    pixels, depth = camera.project(box_corners(quadric.lo, quadric.hi))
    if (depth <= NEAR).all():
        return
    if (depth <= NEAR).any():
        x0 = 0
        y0 = 0
        x1, y1 = camera.size
    else:
        x0, y0, x1, y1 = bounding_rectangle(pixels, camera.size)
    if x1 <= x0 or y1 <= y0:
        return
    # one ray per pixel centre, (h, w)
    u = np.arange(x0, x1)[None] + 0.5
    v = np.arange(y0, y1)[:, None] + 0.5
    origin, direction = camera.rays(u, v)
    depth = intersect_quadric(quadric, origin, direction)
    near = np.where(np.isfinite(depth), camera.to_nearness(depth), -np.inf).astype(np.float32)
    # depth test
    window = np.s_[y0:y1, x0:x1]
    closer = near > visible.nearness[window]
    visible.put(window, closer, near, index, 0)


def see(camera: Camera | Sun, solids: list[Polyhedron | Quadric]) -> Visible:
    """Return the nearest surface at every pixel of a camera.

    Args:
        camera: a camera or the sun.
        solids: what there is to see.
    """
    width, height = camera.size
    # at first there is only the sky
    visible = Visible(
        solid=np.full((height, width), -1, np.int16),
        face=np.full((height, width), -1, np.int16),
        nearness=np.full((height, width), camera.to_nearness(FARTHEST), np.float32),
    )
    for index, solid in enumerate(solids):
        if isinstance(solid, Quadric):
            _draw_quadric(camera, solid, visible, index)
        else:
            for number, face in enumerate(solid.faces):
                _draw_face(camera, face, number, visible, index)
    return visible
