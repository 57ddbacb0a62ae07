"""Two cameras, one interface: a pinhole that takes the photographs, and a parallel one that stands
for the sun.

World axes: z up, metres, a landmark's front faces -y. Pixel centres lie at half-integers; u runs
right, v runs down.
"""

from dataclasses import dataclass

import numpy as np

NEAR = 0.3  # metres: nothing closer than this is drawn


def look_along(forward: np.ndarray, roll: float = 0.0) -> np.ndarray:
    """Rotation (3, 3) whose rows are the camera's right, down and forward axes in the world."""
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(roll), np.sin(roll)
    return np.stack([c * right + s * down, -s * right + c * down, forward])


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    Args:
        position: (3,) centre of projection, metres.
        rotation: (3, 3) rows right, down, forward.
        focal: focal length in pixels.
        size: (width, height) in pixels.
    """

    position: np.ndarray
    rotation: np.ndarray
    focal: float
    size: tuple[int, int]

    @classmethod
    def looking_at(
        cls, position, target, field_of_view: float, size, roll: float = 0.0
    ) -> "Camera":
        """Camera at `position` whose longer side spans `field_of_view` radians around `target`."""
        position, target = np.asarray(position, float), np.asarray(target, float)
        focal = 0.5 * max(size) / np.tan(0.5 * field_of_view)
        return cls(position, look_along(target - position, roll), float(focal), tuple(size))

    def scaled(self, factor: float) -> "Camera":
        """The same view with `factor` times as many pixels a side."""
        size = (round(self.size[0] * factor), round(self.size[1] * factor))
        return Camera(self.position, self.rotation, self.focal * factor, size)

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """World points (..., 3) -> pixels (..., 2) and depth along the optical axis (...), metres.

        A point with depth <= 0 lies behind the camera; its pixel is meaningless.
        """
        local = (np.asarray(points) - self.position) @ self.rotation.T
        depth = local[..., 2]
        safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
        return local[..., :2] / safe[..., None] * self.focal + np.array(self.size) / 2, depth

    def directions(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Viewing rays (3, ...) at pixels (u, v); `position + depth * direction` is the point at
        that depth.
        """
        x = (u - self.size[0] / 2) / self.focal
        y = (v - self.size[1] / 2) / self.focal
        right, down, forward = self.rotation.astype(u.dtype)
        return np.stack([x * right[i] + (y * down[i] + forward[i]) for i in range(3)])

    def rays(self, u, v) -> tuple[np.ndarray, np.ndarray]:
        """The common origin (3,) and the directions (3, ...) of the rays through pixels (u, v)."""
        return self.position, self.directions(u, v)

    def nearness(self, normal: np.ndarray, offset: float) -> np.ndarray:
        """(a, b, c): the plane normal . x = offset is seen at 1 / depth = a u + b v + c. Larger is
        nearer.
        """
        f, (w, h) = self.focal, self.size
        a, b, c = self.rotation @ normal / (offset - normal @ self.position)
        return np.array([a / f, b / f, c - a * w / 2 / f - b * h / 2 / f])

    def depth_from(self, nearness: np.ndarray) -> np.ndarray:
        """Depth in metres from the affine quantity of `nearness` (0 means infinitely far)."""
        return 1 / np.maximum(nearness, 1e-6)

    def to_nearness(self, depth: np.ndarray) -> np.ndarray:
        """The inverse of `depth_from`."""
        return 1 / depth

    def facing(self, normal: np.ndarray, offset: float) -> bool:
        """True if the front of the plane normal . x = offset can be seen."""
        return normal @ self.position - offset > 1e-6


@dataclass(frozen=True)
class Sun:
    """A parallel camera far away in the direction of the sun: what it sees is lit, the rest lies in
    shadow.

    Args:
        centre: (3,) the point in the middle of its picture.
        rotation: (3, 3) rows right, down, forward; forward is the way the light travels.
        scale: pixels a metre.
        size: (width, height) in pixels.
    """

    centre: np.ndarray
    rotation: np.ndarray
    scale: float
    size: tuple[int, int]
    far: float = 1000.0

    @classmethod
    def above(cls, lo, hi, azimuth: float, elevation: float, pixels: int) -> "Sun":
        """Sun at `azimuth`, `elevation` (radians) over the box lo..hi, which just fits into its
        picture.
        """
        travel = -np.array(
            [
                np.cos(elevation) * np.cos(azimuth),
                np.cos(elevation) * np.sin(azimuth),
                np.sin(elevation),
            ]
        )
        radius = 0.5 * np.linalg.norm(np.asarray(hi) - lo)
        return cls(
            (np.asarray(lo) + hi) / 2, look_along(travel), pixels / (2 * radius), (pixels, pixels)
        )

    def project(self, points):
        """World points (..., 3) -> pixels (..., 2) and depth along the light (...)."""
        local = (np.asarray(points) - self.centre) @ self.rotation.T
        return local[..., :2] * self.scale + np.array(self.size) / 2, local[..., 2] + self.far

    def rays(self, u, v):
        """Origins (3, ...) and the common direction (3,) of the rays through pixels (u, v)."""
        right, down, forward = self.rotation
        x, y = (u - self.size[0] / 2) / self.scale, (v - self.size[1] / 2) / self.scale
        start = self.centre - self.far * forward
        return np.stack([start[i] + x * right[i] + y * down[i] for i in range(3)]), forward

    def nearness(self, normal, offset):
        """(a, b, c): the plane is seen at -depth = a u + b v + c. Larger is nearer."""
        along = normal @ self.rotation[2]
        along = along if abs(along) > 1e-6 else -1e-6
        a, b = (
            normal @ self.rotation[0] / along / self.scale,
            normal @ self.rotation[1] / along / self.scale,
        )
        c = -(offset - normal @ (self.centre - self.far * self.rotation[2])) / along
        return np.array([a, b, c - a * self.size[0] / 2 - b * self.size[1] / 2])

    def depth_from(self, nearness):
        """Depth in metres from the affine quantity of `nearness`."""
        return -nearness

    def to_nearness(self, depth):
        """The inverse of `depth_from`."""
        return -depth

    def facing(self, normal, offset):
        """True if the front of the plane is turned to the sun."""
        return normal @ self.rotation[2] < -1e-6
