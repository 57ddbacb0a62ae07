"""Take a photograph: choose a view, see, light, put people and trees in the way, develop.

Book: the mini world (data sheet).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .camera import Camera, Sun
from .clutter import draw_clutter, passers_by
from .landmark import Landmark
from .light import WEATHERS, Weather, illuminate, interleaved, sky
from .surfaces import surfaces
from .visibility import see

SAMPLES = 2  # samples per side of a pixel, against jagged edges
# the tone curve of the camera: 4096 steps of linear light -> 256 grey values
TONE = np.array([round(255 * (i / 4095) ** 0.8) for i in range(4096)], np.uint8)


@dataclass
class Photo:
    """A photograph, and what only the renderer knows about it.

    Args:
        image: (H, W, 3) uint8 RGB.
        own: (H, W) bool, pixels that show the landmark.
        points: (H, W, 3) float32 world positions that the pixels show, metres.
        depth: (H, W) float32 metres along the optical axis, inf in the sky.
        camera: by which it was taken.
        weather: name in `WEATHERS`.
    """

    image: np.ndarray
    own: np.ndarray
    points: np.ndarray
    depth: np.ndarray
    camera: Camera
    weather: str


def _blocked(landmark: Landmark, position: np.ndarray, target: np.ndarray) -> bool:
    """Tell whether a house stands between two points (3,): slab test on its bounding box."""
    way = target - position
    way = np.where(np.abs(way) < 1e-9, 1e-9, way)  # never divide by zero
    for house in landmark.solids[landmark.n_own :]:
        if house is landmark.solids[landmark.ground]:
            continue
        # shares of the way at which it enters and leaves the slab of each axis, 2 metres wider
        first = (house.lo - 2 - position) / way
        last = (house.hi + 2 - position) / way
        enters = np.minimum(first, last).max()
        leaves = np.maximum(first, last).min()
        if max(enters, 0) < min(leaves, 1):
            return True
    return False


def choose_view(
    landmark: Landmark,
    rng: np.random.Generator,
    size: tuple[int, int],
    freedom: float = 1.0,
    aside: float = 0.0,
    farther: float = 1.0,
    zoom: float = 1.0,
) -> Camera:
    """Draw the camera of a tourist, who never stands behind the landmark.

    Args:
        landmark: what is photographed.
        rng: draws place, target, field of view and roll.
        size: (width, height) of the image in pixels.
        freedom: 0 gives a frontal postcard, 1 anything: oblique, far away, cut off, zoomed in.
        aside: walk so much farther round the landmark, radians.
        farther: factor of the distance to the landmark.
        zoom: factor of the focal length, about.

    Returns:
        The camera. If a house hides the landmark, up to 20 views are drawn, and the last is taken.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> camera = choose_view(Landmark(0), rng, (256, 192))
        >>> camera.size
        (256, 192)
    """
    centre = (landmark.lo + landmark.hi) / 2
    extent = landmark.hi - landmark.lo
    # what must fit into the image: high landmarks need more room
    reach = max(extent[2], 0.8 * extent[0], 8.0)
    room = 1.35 if extent[2] > extent[0] else 1.1
    for _ in range(20):
        # direction from the landmark to the camera, and the field of view, radians
        azimuth = rng.uniform(-1, 1) * (0.35 + 0.75 * freedom)
        azimuth = azimuth + np.copysign(aside, azimuth) - np.pi / 2
        field = rng.uniform(0.7, 1.0)
        # metres from the landmark; the eye is at a person's height, on a terrace or in a window
        scale = rng.uniform(0.9, 1.15 + 0.8 * freedom)
        distance = reach * scale / (2 * np.tan(field / 2)) * room + 0.4 * extent[1]
        distance *= farther
        eye = rng.choice([1.7, 1.7, 4.0, 12.0])
        x = centre[0] + distance * np.cos(azimuth)
        y = centre[1] + distance * np.sin(azimuth)
        position = np.array([x, y, eye])
        # what the camera points at: the middle, or beside it
        target = centre + rng.uniform(-1, 1, 3) * extent * (0.3, 0.1, 0.15) * freedom
        target[2] = max(target[2] * rng.uniform(0.75, 1.05), 2.0)
        # or a detail, by zooming in
        if rng.random() < 0.22 * freedom:
            target = centre + rng.uniform(-0.4, 0.4, 3) * extent
            field *= rng.uniform(0.45, 0.7)
        if not _blocked(landmark, position, centre):
            break
    return Camera.looking_at(position, target, field / zoom, size, roll=rng.normal(0, 0.02))


def choose_sun(landmark: Landmark, weather: Weather, rng: np.random.Generator) -> Sun | None:
    """Draw where the sun stands: anywhere before the front.

    Args:
        landmark: what it shines on.
        weather: whether it shines, and how high it stands.
        rng: draws azimuth and elevation; twice in any weather.

    Returns:
        The sun, or None when it does not shine.
    """
    azimuth = rng.uniform(-2.9, -0.25)
    height = rng.uniform(0, 1)
    if not any(weather.sun):
        return None
    elevation = 0.15 + 0.25 * height if weather.low_sun else 0.5 + 0.6 * height
    return Sun.above(landmark.lo, landmark.hi, azimuth, elevation, pixels=320)


def develop(
    image: np.ndarray, rng: np.random.Generator, night: bool, grey: float | None = None
) -> np.ndarray:
    """Turn linear light into an image, as a cheap camera does.

    Args:
        image: (H, W, 3) float32 linear light.
        rng: draws exposure, white balance, contrast, vignette, blur and sensor noise.
        night: twice the sensor noise.
        grey: the brightness that contrast leaves as it is; None: the mean of the image.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = image.shape[:2]
    # exposure, and white balance of the three channels
    gain = rng.uniform(0.85, 1.2) * rng.uniform(0.93, 1.07, 3)
    image = image * gain.astype(np.float32)
    # bright light saturates softly, as on film
    image = image / (1 + 0.18 * image * image) * 1.06
    # contrast
    middle = np.float32(image.mean(dtype=np.float64) if grey is None else grey)
    image = (image - middle) * np.float32(rng.uniform(0.85, 1.2)) + middle
    # vignette: darker towards the corners
    y = np.linspace(-1, 1, height, dtype=np.float32) ** 2
    x = np.linspace(-1, 1, width, dtype=np.float32) ** 2
    image *= (1 - np.float32(rng.uniform(0, 0.18)) * (y[:, None] + x))[..., None]
    # one image in three is a little out of focus
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), width / 256 * rng.uniform(0.5, 1.2))
    # sensor noise
    grain = rng.uniform(0.004, 0.02) * (2 if night else 1)
    image += np.float32(grain) * rng.standard_normal(image.shape, np.float32)
    # tone curve
    return TONE[(np.clip(image, 0, 1) * 4095).astype(np.int32)]


def _paint_sky(
    image: np.ndarray,
    solid: np.ndarray,
    rays: np.ndarray,
    weather: Weather,
    offset: np.ndarray,
) -> None:
    """Paint the sky into `image` (3, H, W) where `solid` (H, W) is False.

    `rays` (3, H, W) are viewing directions, `offset` (2,) moves the clouds.
    """
    if solid.all():
        return
    rows = slice(np.flatnonzero(~solid.all(1))[-1] + 1)  # down to the last row that shows some
    np.copyto(image[:, rows], sky(weather, rays[:, rows], offset), where=~solid[rows])


def photograph(
    landmark: Landmark,
    camera: Camera,
    weather: str = "day",
    seed: int = 0,
    clutter: float = 1.0,
    grey: float | None = None,
) -> Photo:
    """Photograph a landmark.

    Args:
        landmark: what is photographed.
        camera: by which, see `choose_view`.
        weather: a name in `WEATHERS`.
        seed: of sun, clouds, passers-by and the settings of the camera.
        clutter: how much stands in the way: 0 nothing, 1 as much as on a normal day.
        grey: see `develop`; a number makes pixels independent of what else the image shows.

    Returns:
        The photograph, with the exact geometry behind each pixel.

    Example:
        >>> landmark = Landmark(0)
        >>> camera = choose_view(landmark, np.random.default_rng(0), (64, 48))
        >>> photograph(landmark, camera, "night").image.shape
        (48, 64, 3)
    """
    rng = np.random.default_rng([landmark.seed, seed, 9])
    air = WEATHERS[weather]
    sun = choose_sun(landmark, air, rng)
    # render with SAMPLES x SAMPLES samples per pixel: (3, SAMPLES H, SAMPLES W)
    fine = camera.scaled(SAMPLES)
    visible = see(fine, landmark.solids)
    surface = surfaces(landmark, fine, visible)
    solid = visible.solid >= 0
    image = illuminate(landmark, air, sun, visible, surface)
    directions = surface.points - fine.position.astype(np.float32)[:, None, None]
    _paint_sky(image, solid, directions, air, rng.uniform(0, 512, 2))
    # average the samples: (3, SAMPLES H, SAMPLES W) -> (H, W, 3)
    image = cv2.resize(interleaved(image), camera.size, interpolation=cv2.INTER_AREA)

    # geometry cannot be averaged: one sample per pixel, near its centre
    one = slice(SAMPLES // 2, None, SAMPLES)
    depth = np.where(solid[one, one], surface.depth[one, one], np.inf)
    own = (solid & (visible.solid < landmark.n_own))[one, one].copy()
    # trees and passers-by, in the same light
    light = np.clip(np.array(air.ambient) + 0.55 * np.array(air.sun), 0, 1.1).astype(np.float32)
    things = [*landmark.trees, *passers_by(camera, rng, clutter)]
    draw_clutter(image, depth, own, camera, things, light)
    return Photo(
        image=develop(image, rng, weather == "night", grey),
        own=own,
        points=interleaved(surface.points[:, one, one]),
        depth=depth,
        camera=camera,
        weather=weather,
    )
