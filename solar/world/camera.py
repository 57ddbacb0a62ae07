"""Model the two cameras of the mini world: a pinhole that photographs, a parallel one for the sun.

World axes: z up, metres; the front of a landmark faces -y. Image axes: u to the right, v
downwards, pixels; pixel centres lie at half-integers. Both classes answer the same questions
(`project`, `rays`, `nearness`, `facing`), so that `visibility.see` draws with either.

Nearness is what the depth buffer compares: a number that grows towards the camera and is an affine
function of the pixel, a u + b v + c, on every plane. For the pinhole it is 1 / depth, for the
parallel camera -depth.

Book: the mini world (data sheet).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

NEAR = 0.3  # metres: nothing closer than this is drawn


def look_along(forward: np.ndarray, roll: float = 0.0) -> np.ndarray:
    """Return the rotation of a camera that looks in the direction `forward`.

    Args:
        forward: (3,) viewing direction in the world, of any length, not vertical.
        roll: angle in radians by which the camera turns around its optical axis.

    Returns:
        (3, 3) rows: the right, down and forward axes of the camera in the world.
    """
    # without roll, the right axis is horizontal: perpendicular to the view and to "up"
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    # roll turns right and down within the image plane
    c = np.cos(roll)
    s = np.sin(roll)
    return np.stack([c * right + s * down, -s * right + c * down, forward])


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    Args:
        position: (3,) centre of projection, metres.
        rotation: (3, 3) rows right, down, forward.
        focal: focal length in pixels.
        size: (width, height) in pixels.

    Example:
        >>> camera = Camera.looking_at((0, -40, 2), (0, 0, 2), 0.9, (256, 192))
        >>> pixel, depth = camera.project((0, 0, 2))  # the target: in the middle, 40 metres away
        >>> pixel.tolist(), float(depth)
        ([128.0, 96.0], 40.0)
    """

    position: np.ndarray
    rotation: np.ndarray
    focal: float
    size: tuple[int, int]

    @classmethod
    def looking_at(
        cls,
        position: ArrayLike,
        target: ArrayLike,
        field_of_view: float,
        size: tuple[int, int],
        roll: float = 0.0,
    ) -> "Camera":
        """Return a camera at `position` that has `target` in the middle of its image.

        Args:
            position: (3,) centre of projection, metres.
            target: (3,) the point to look at, metres.
            field_of_view: angle in radians that the longer side of the image spans.
            size: (width, height) in pixels.
            roll: rotation around the optical axis, radians.
        """
        position = np.asarray(position, float)
        target = np.asarray(target, float)
        focal = 0.5 * max(size) / np.tan(0.5 * field_of_view)
        return cls(position, look_along(target - position, roll), float(focal), tuple(size))

    def scaled(self, factor: float) -> "Camera":
        """Return the same view with more or fewer pixels.

        Args:
            factor: new number of pixels per side over the present one.
        """
        size = (round(self.size[0] * factor), round(self.size[1] * factor))
        return Camera(self.position, self.rotation, self.focal * factor, size)

    def project(self, points: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Project world points into the image.

        Args:
            points: (..., 3) world points, metres.

        Returns:
            pixels (..., 2) as (u, v), and the depth (...) along the optical axis in metres. A point
            with depth <= 0 lies behind the camera; its pixel is meaningless.
        """
        # world -> camera coordinates (right, down, forward)
        local = (np.asarray(points) - self.position) @ self.rotation.T
        depth = local[..., 2]
        # divide by the depth, but never by zero
        safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
        pixels = local[..., :2] / safe[..., None] * self.focal + np.array(self.size) / 2
        return pixels, depth

    def directions(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the viewing rays through pixels.

        Args:
            u: horizontal pixel coordinates, of any shape.
            v: vertical pixel coordinates, of a shape that broadcasts with `u`.

        Returns:
            (3, ...) directions d, so long that `position + depth * d` is the point at that depth.
        """
        # the pixel on the plane at depth 1
        x = (u - self.size[0] / 2) / self.focal
        y = (v - self.size[1] / 2) / self.focal
        # camera -> world, one world axis at a time
        right, down, forward = self.rotation.astype(u.dtype)
        return np.stack([x * right[i] + (y * down[i] + forward[i]) for i in range(3)])

    def rays(self, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rays through pixels, for any kind of camera.

        Args:
            u: horizontal pixel coordinates, of any shape.
            v: vertical pixel coordinates, of a shape that broadcasts with `u`.

        Returns:
            The common origin (3,) and the directions (3, ...).
        """
        return self.position, self.directions(u, v)

    def nearness(self, normal: np.ndarray, offset: float) -> np.ndarray:
        """Return the nearness of a plane as an affine function of the pixel.

        Args:
            normal: (3,) unit normal of the plane normal . x = offset.
            offset: metres.

        Returns:
            (3,) numbers a, b, c: at pixel (u, v) the plane has 1 / depth = a u + b v + c.
        """
        # A point at depth d is x = position + d * ray, hence
        # 1 / d = (normal . ray) / (offset - normal . position), and the ray is affine in (u, v).
        a, b, c = self.rotation @ normal / (offset - normal @ self.position)
        f = self.focal
        w, h = self.size
        # move the origin from the middle of the image to its corner
        return np.array([a / f, b / f, c - a * w / 2 / f - b * h / 2 / f])

    def depth_from(self, nearness: np.ndarray) -> np.ndarray:
        """Return depth in metres from nearness, arrays of any shape; 0 means infinitely far."""
        return 1 / np.maximum(nearness, 1e-6)

    def to_nearness(self, depth: np.ndarray | np.floating) -> np.ndarray:
        """Return nearness from depth in metres: the inverse of `depth_from`."""
        return 1 / depth

    def facing(self, normal: np.ndarray, offset: float) -> bool:
        """Tell whether the front of a plane can be seen.

        Args:
            normal: (3,) unit normal of the plane normal . x = offset.
            offset: metres.
        """
        return bool(normal @ self.position - offset > 1e-6)


@dataclass(frozen=True)
class Sun:
    """A parallel camera in the direction of the sun: what it sees is lit, the rest is in shadow.

    Args:
        centre: (3,) the point in the middle of its image.
        rotation: (3, 3) rows right, down, forward; light travels forward.
        scale: pixels per metre.
        size: (width, height) in pixels.
        far: metres from the sun's image plane to `centre`.
    """

    centre: np.ndarray
    rotation: np.ndarray
    scale: float
    size: tuple[int, int]
    far: float = 1000.0

    @classmethod
    def above(
        cls, lo: np.ndarray, hi: np.ndarray, azimuth: float, elevation: float, pixels: int
    ) -> "Sun":
        """Return the sun over a box, which just fits into the sun's square image.

        Args:
            lo: (3,) lowest corner of the box, metres.
            hi: (3,) highest corner of the box, metres.
            azimuth: direction of the sun around z in radians, from the x axis.
            elevation: height of the sun above the horizon in radians.
            pixels: side of the image.
        """
        # the light travels from the sun to the ground
        travel = -np.array(
            [
                np.cos(elevation) * np.cos(azimuth),
                np.cos(elevation) * np.sin(azimuth),
                np.sin(elevation),
            ]
        )
        anywhere = cls(np.zeros(3), look_along(travel), 1.0, (pixels, pixels))
        return anywhere.over(lo, hi)

    def over(self, lo: np.ndarray, hi: np.ndarray) -> "Sun":
        """Return the same sun over another box, which just fits into its image.

        Args:
            lo: (3,) lowest corner of the box, metres.
            hi: (3,) highest corner of the box, metres.
        """
        # the ball around the box fits into the image from every direction
        radius = 0.5 * np.linalg.norm(np.asarray(hi) - lo)
        centre = (np.asarray(lo) + hi) / 2
        return replace(self, centre=centre, scale=self.size[0] / (2 * radius))

    def project(self, points: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Project world points into the image.

        Args:
            points: (..., 3) world points, metres.

        Returns:
            pixels (..., 2) as (u, v), and the depth (...) along the light in metres.
        """
        local = (np.asarray(points) - self.centre) @ self.rotation.T
        pixels = local[..., :2] * self.scale + np.array(self.size) / 2
        return pixels, local[..., 2] + self.far

    def rays(self, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rays through pixels.

        Args:
            u: horizontal pixel coordinates, of any shape.
            v: vertical pixel coordinates, of a shape that broadcasts with `u`.

        Returns:
            The origins (3, ...) and the common direction (3,).
        """
        right, down, forward = self.rotation
        # metres from the middle of the image
        x = (u - self.size[0] / 2) / self.scale
        y = (v - self.size[1] / 2) / self.scale
        start = self.centre - self.far * forward
        return np.stack([start[i] + x * right[i] + y * down[i] for i in range(3)]), forward

    def nearness(self, normal: np.ndarray, offset: float) -> np.ndarray:
        """Return the nearness of a plane as an affine function of the pixel.

        Args:
            normal: (3,) unit normal of the plane normal . x = offset.
            offset: metres.

        Returns:
            (3,) numbers a, b, c: at pixel (u, v) the plane has -depth = a u + b v + c.
        """
        # a plane along the light has no depth of its own: tilt it a little
        along = normal @ self.rotation[2]
        along = along if abs(along) > 1e-6 else -1e-6
        # slopes per pixel, and the value in the middle of the image
        a = normal @ self.rotation[0] / along / self.scale
        b = normal @ self.rotation[1] / along / self.scale
        c = -(offset - normal @ (self.centre - self.far * self.rotation[2])) / along
        # move the origin from the middle of the image to its corner
        return np.array([a, b, c - a * self.size[0] / 2 - b * self.size[1] / 2])

    def depth_from(self, nearness: np.ndarray) -> np.ndarray:
        """Return depth in metres from nearness, arrays of any shape."""
        return -nearness

    def to_nearness(self, depth: np.ndarray | np.floating) -> np.ndarray:
        """Return nearness from depth in metres: the inverse of `depth_from`."""
        return -depth

    def facing(self, normal: np.ndarray, offset: float) -> bool:
        """Tell whether the front of a plane is turned to the sun.

        Args:
            normal: (3,) unit normal of the plane.
            offset: not used: the sun is far away.
        """
        return bool(normal @ self.rotation[2] < -1e-6)
