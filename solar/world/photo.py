"""Taking a photograph: choose a view, see, shade, put people and trees in the way, develop."""

from dataclasses import dataclass

import cv2
import numpy as np

from .camera import Camera, Sun
from .clutter import passers_by, put_in
from .light import WEATHERS, illuminate, interleaved, sky
from .surfaces import surfaces
from .visibility import see

SAMPLES = 2  # samples a side in every pixel, against jagged edges
TONE = np.array(
    [round(255 * (i / 4095) ** 0.8) for i in range(4096)], np.uint8
)  # camera curve as a table


@dataclass
class Photo:
    """A photograph and what only the renderer knows about it.

    image: (H, W, 3) uint8 RGB.  own: (H, W) bool, pixels that show the landmark.  points: (H, W, 3)
        float32 world
    positions seen there.  depth: (H, W) metres, inf in the sky.
    """

    image: np.ndarray
    own: np.ndarray
    points: np.ndarray
    depth: np.ndarray
    camera: Camera
    weather: str


def _blocked(landmark, position, target) -> bool:
    """True if a neighbouring house stands on the line of sight (slab test on bounding boxes)."""
    way = target - position
    way = np.where(np.abs(way) < 1e-9, 1e-9, way)
    for house in landmark.solids[landmark.n_own :]:
        if house is landmark.solids[landmark.ground]:
            continue
        a, b = (house.lo - 2 - position) / way, (house.hi + 2 - position) / way
        if max(np.minimum(a, b).max(), 0) < min(np.maximum(a, b).min(), 1):
            return True
    return False


def choose_view(landmark, rng, size, freedom: float = 1.0, behind: bool = False) -> Camera:
    """A tourist's camera. `freedom` 0 is a frontal postcard, 1 anything: oblique, far, cut off,
    zoomed in.
    """
    centre, extent = (landmark.lo + landmark.hi) / 2, landmark.hi - landmark.lo
    for _ in range(20):
        azimuth = rng.uniform(-1, 1) * (0.35 + 0.75 * freedom) + (
            np.pi / 2 if behind else -np.pi / 2
        )
        field = rng.uniform(0.7, 1.0)
        reach = max(extent[2], 0.8 * extent[0], 8.0)
        tall = 1.35 if extent[2] > extent[0] else 1.1
        distance = (
            reach * rng.uniform(0.9, 1.15 + 0.8 * freedom) / (2 * np.tan(field / 2)) * tall
            + 0.4 * extent[1]
        )
        eye = rng.choice([1.7, 1.7, 4.0, 12.0])
        position = np.array(
            [centre[0] + distance * np.cos(azimuth), centre[1] + distance * np.sin(azimuth), eye]
        )
        target = centre + rng.uniform(-1, 1, 3) * extent * (0.3, 0.1, 0.15) * freedom
        target[2] = max(target[2] * rng.uniform(0.75, 1.05), 2.0)
        if rng.random() < 0.22 * freedom:  # a detail, by zooming
            target = centre + rng.uniform(-0.4, 0.4, 3) * extent
            field *= rng.uniform(0.45, 0.7)
        if not _blocked(landmark, position, centre):
            break
    return Camera.looking_at(position, target, field, size, roll=rng.normal(0, 0.02))


def choose_sun(landmark, weather, rng) -> Sun | None:
    """Where the sun stands: anywhere on the front's side of the sky; None when it does not shine."""
    azimuth, height = rng.uniform(-2.9, -0.25), rng.uniform(0, 1)
    if not any(weather.sun):
        return None
    elevation = 0.15 + 0.25 * height if weather.low_sun else 0.5 + 0.6 * height
    return Sun.above(landmark.lo, landmark.hi, azimuth, elevation, pixels=320)


def develop(image: np.ndarray, rng, night: bool) -> np.ndarray:
    """Linear light (H, W, 3) -> uint8: exposure, white balance, contrast, vignette, blur, sensor
    noise, tone curve.
    """
    height, width = image.shape[:2]
    image = image * (rng.uniform(0.85, 1.2) * rng.uniform(0.93, 1.07, 3)).astype(np.float32)
    image = image / (1 + 0.18 * image * image) * 1.06  # film-like shoulder
    mean = np.float32(image.mean(dtype=np.float64))
    image = (image - mean) * np.float32(rng.uniform(0.85, 1.2)) + mean
    y, x = (
        np.linspace(-1, 1, height, dtype=np.float32) ** 2,
        np.linspace(-1, 1, width, dtype=np.float32) ** 2,
    )
    image *= (1 - np.float32(rng.uniform(0, 0.18)) * (y[:, None] + x))[..., None]
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), width / 256 * rng.uniform(0.5, 1.2))
    grain = rng.uniform(0.004, 0.02) * (2 if night else 1)
    image += np.float32(grain) * rng.standard_normal(image.shape, np.float32)
    return TONE[(np.clip(image, 0, 1) * 4095).astype(np.int32)]


def photograph(
    landmark, camera: Camera, weather: str = "day", seed: int = 0, clutter: float = 1.0
) -> Photo:
    """Photograph `landmark` with `camera`.

    Args:
        weather: a name in `WEATHERS`.
        seed: sun, clouds, passers-by and the camera's settings.
        clutter: how much stands in the way; 0 nothing, 1 a normal day.
    """
    rng, air = np.random.default_rng([landmark.seed, seed, 9]), WEATHERS[weather]
    sun = choose_sun(landmark, air, rng)
    fine = camera.scaled(SAMPLES)
    seen = see(fine, landmark.solids)
    colour, normal, points, depth = surfaces(landmark, fine, seen)
    solid = seen.solid >= 0
    image = illuminate(landmark, fine, air, sun, seen, colour, normal, points, depth)
    offset = rng.uniform(0, 512, 2)
    if not solid.all():
        rows = np.s_[: np.flatnonzero(~solid.all(1))[-1] + 1]  # the sky ends at the last open row
        directions = points[:, rows] - fine.position.astype(np.float32)[:, None, None]
        np.copyto(image[:, rows], sky(air, directions, offset), where=~solid[rows])
    image = cv2.resize(
        interleaved(image), camera.size, interpolation=cv2.INTER_AREA
    )  # (3, H, W) -> (H, W, 3)

    one = np.s_[SAMPLES // 2 :: SAMPLES, SAMPLES // 2 :: SAMPLES]
    depth = np.where(solid[one], depth[one], np.inf)
    own = (solid & (seen.solid < landmark.n_own))[one].copy()
    light = np.clip(np.array(air.ambient) + 0.55 * np.array(air.sun), 0, 1.1).astype(np.float32)
    put_in(image, depth, own, camera, [*landmark.trees, *passers_by(camera, rng, clutter)], light)
    return Photo(
        develop(image, rng, weather == "night"),
        own,
        interleaved(points[:, *one]),
        depth,
        camera,
        weather,
    )
