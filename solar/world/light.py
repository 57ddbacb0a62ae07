"""Compute light and weather: sun, sky, shadow, fog, and lit windows.

Colours are linear RGB; images are planar, (3, H, W). Only plain arithmetic is used, so that every
machine computes the same bytes.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from .camera import Sun
from .landmark import Landmark
from .solids import Polyhedron, Quadric
from .surfaces import Surfaces
from .textures import Colour, noise
from .visibility import Visible, see

WARM = np.array([1.0, 0.78, 0.44], np.float32)  # RGB of lamps and lit windows


@dataclass(frozen=True)
class Weather:
    """The light at one time of day in one weather."""

    sun: tuple[float, float, float]  # RGB of direct sunlight; zeros when it does not shine
    ambient: tuple[float, float, float]  # RGB of the light that comes from all sides
    zenith: tuple[float, float, float]  # RGB of the sky straight above
    horizon: tuple[float, float, float]  # RGB of the sky at the horizon, and of fog
    clouds: float  # cover: 0.5 some, 0.9 all
    fog: float  # density per metre
    lamps: float = 0.0  # 0 all lamps are off, 1 all are on
    low_sun: bool = False  # the sun stands near the horizon


WEATHERS = {
    "day": Weather(
        sun=(1.0, 0.96, 0.88),
        ambient=(0.42, 0.47, 0.55),
        zenith=(0.25, 0.47, 0.80),
        horizon=(0.72, 0.83, 0.93),
        clouds=0.5,
        fog=0.0015,
    ),
    "evening": Weather(
        sun=(1.15, 0.78, 0.45),
        ambient=(0.36, 0.36, 0.45),
        zenith=(0.35, 0.45, 0.68),
        horizon=(0.98, 0.78, 0.55),
        clouds=0.5,
        fog=0.003,
        low_sun=True,
    ),
    "overcast": Weather(
        sun=(0, 0, 0),
        ambient=(0.80, 0.82, 0.86),
        zenith=(0.66, 0.69, 0.73),
        horizon=(0.80, 0.82, 0.84),
        clouds=0.9,
        fog=0.004,
    ),
    "fog": Weather(
        sun=(0, 0, 0),
        ambient=(0.74, 0.76, 0.79),
        zenith=(0.72, 0.74, 0.77),
        horizon=(0.78, 0.79, 0.81),
        clouds=0.9,
        fog=0.016,
    ),
    "dusk": Weather(
        sun=(0.22, 0.12, 0.12),
        ambient=(0.27, 0.28, 0.42),
        zenith=(0.12, 0.16, 0.36),
        horizon=(0.62, 0.42, 0.42),
        clouds=0.6,
        fog=0.003,
        lamps=0.4,
        low_sun=True,
    ),
    "night": Weather(
        sun=(0, 0, 0),
        ambient=(0.10, 0.11, 0.18),
        zenith=(0.02, 0.03, 0.08),
        horizon=(0.12, 0.12, 0.20),
        clouds=0.3,
        fog=0.002,
        lamps=1.0,
    ),
}
DARK = ("dusk", "night")


def grey_wall(weather: str) -> float:
    """Return how bright a grey wall is in a weather, whatever else a picture shows.

    Args:
        weather: a name in `WEATHERS`.

    Example:
        >>> round(grey_wall("day"), 2)
        0.48
    """
    air = WEATHERS[weather]
    return 0.5 * float(np.mean(air.ambient) + 0.5 * np.mean(air.sun))


@cache
def cloud_map() -> np.ndarray:
    """Return clouds (512, 512) float32 that repeat without a seam: zero mean, unit variance."""
    return noise(512, roughness=1.7, seed=3)


def _planar(colour: Colour) -> np.ndarray:
    """Return a colour (3,) as (3, 1, 1) float32."""
    return np.array(colour, np.float32)[:, None, None]


def interleaved(planes: np.ndarray) -> np.ndarray:
    """Return (3, H, W) planes as (H, W, 3) float32, as OpenCV wants images."""
    return planes.transpose(1, 2, 0).astype(np.float32, order="C")


def sky(weather: Weather, directions: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Paint the sky.

    Args:
        weather: its colours and clouds.
        directions: (3, H, W) viewing rays, of any length.
        offset: (2,) pixels of the cloud map by which the clouds have moved.

    Returns:
        (3, H, W) colours.
    """
    horizon = _planar(weather.horizon)
    zenith = _planar(weather.zenith)
    sun = _planar(weather.sun)
    # from the colour of the horizon to that of the zenith; `up` is the sine of the elevation
    length = np.sqrt((directions**2).sum(0))
    up = directions[2] / length
    rise = np.sqrt(np.clip(up * 1.6, 0, 1))
    colour = horizon * (1 - rise) + zenith * rise
    # clouds lie on a plane above: where each ray meets it, in pixels of the cloud map
    reach = 90 / np.maximum(up, 0.03) / length
    x = directions[0] * reach + np.float32(offset[0])
    y = directions[1] * reach + np.float32(offset[1])
    cloud = cv2.remap(
        cloud_map(),
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    # how much of the sky a cloud hides: nothing at the horizon
    cover = np.clip((cloud + 2 * weather.clouds - 1.8) * 0.9, 0, 0.85) * np.clip(up * 8, 0, 1)
    # single clouds are lit by the sun, a closed cover is grey
    if weather.clouds < 0.8:
        tint = np.clip(horizon * 0.6 + sun * 0.45 + 0.03, 0, 1)
    else:
        tint = horizon * 0.74
    return colour + cover * (tint - colour)


def sunlit(landmark: Landmark, sun: Sun, points: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return which points the sun reaches: an image from the sun's place shows them (shadow map).

    Args:
        landmark: the buildings that it names throw shadows.
        sun: a parallel camera.
        points: (3, H, W) world positions, metres.
        normal: (3, H, W) unit vectors.

    Returns:
        (H, W) float32 share of direct sun, 0..1, blurred over 3 x 3 pixels.
    """
    # 12 centimetres off the surface, so that no surface shadows itself
    above = interleaved(points + normal * np.float32(0.12))
    lit = np.ones(points.shape[1:], np.float32)
    for solids in landmark.throws_shadow:
        # each building has an image of its own, as large as it is
        lo = np.min([solid.lo for solid in solids], 0)
        hi = np.max([solid.hi for solid in solids], 0)
        lit *= _outside_shadow(solids, sun.over(lo, hi), above)
    return cv2.blur(lit, (3, 3))


def _outside_shadow(solids: list[Polyhedron | Quadric], sun: Sun, points: np.ndarray) -> np.ndarray:
    """Return (H, W) float32: 0 at the points (H, W, 3) in the shadow of `solids`, 1 elsewhere."""
    visible = see(sun, solids)
    pixels, depth = sun.project(points)
    x = pixels[..., 0].astype(np.float32) - 0.5
    y = pixels[..., 1].astype(np.float32) - 0.5
    nearest = cv2.remap(
        visible.nearness,
        x,
        y,
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=-5000.0,
    )
    # lit: nothing lies more than 15 centimetres nearer to the sun
    return (depth < sun.depth_from(nearest) + 0.15).astype(np.float32)


def _sunlight(landmark: Landmark, weather: Weather, sun: Sun, surface: Surfaces) -> np.ndarray:
    """Return the light (3, H, W) of the sun, direct and reflected from the ground."""
    normal = surface.normal
    # Lambert's law: cosine of the angle between normal and sun
    towards = -sun.rotation[2].astype(np.float32)
    lambert = np.maximum(sum(normal[i] * towards[i] for i in range(3)), 0)
    # shadows are soft: every second pixel of every second row is enough
    half = np.s_[:, ::2, ::2]
    share = sunlit(landmark, sun, surface.points[half], normal[half])
    share = cv2.resize(share, lambert.shape[::-1], interpolation=cv2.INTER_LINEAR)
    # surfaces that look down get more from the ground
    bounce = 0.06 + 0.10 * np.maximum(-normal[2], 0)
    return _planar(weather.sun) * (lambert * share + bounce)


def _floodlight(
    landmark: Landmark, weather: Weather, visible: Visible, surface: Surfaces
) -> np.ndarray:
    """Return the light (3, H, W) of lamps at the foot of the landmark, strongest on its front."""
    height = np.maximum(surface.points[2], 0)
    front = np.maximum(-surface.normal[1], 0)
    own = (visible.solid >= 0) & (visible.solid < landmark.n_own)
    strength = 0.75 * weather.lamps / (1 + height / 12) * (0.45 + 0.55 * front)
    flood = np.where(own, strength, 0.05)
    return _planar(WARM) * flood.astype(np.float32)


def illuminate(
    landmark: Landmark, weather: Weather, sun: Sun | None, visible: Visible, surface: Surfaces
) -> np.ndarray:
    """Light every surface by sun, sky and lamps, and hide it in fog.

    Args:
        landmark: what is seen.
        weather: colours and strengths of the light.
        sun: where it stands; None when it does not shine.
        visible: what `visibility.see` returned.
        surface: what `surfaces.surfaces` returned.

    Returns:
        (3, H, W) float32 colours; meaningless in the sky.
    """
    horizon = _planar(weather.horizon)
    warm = _planar(WARM)
    height = np.maximum(surface.points[2], 0)  # metres above the ground
    up = surface.normal[2]
    # light from the sky: more on what looks up, less on walls near the ground
    near_ground = 1 - 0.35 / (1 + height * height) * (np.abs(up) < 0.5)
    light = _planar(weather.ambient) * ((0.62 + 0.38 * up) * near_ground)
    if sun is not None:
        light += _sunlight(landmark, weather, sun, surface)
    if weather.lamps:
        light += _floodlight(landmark, weather, visible, surface)
    image = surface.colour[:3] * light
    # windows glow when lamps are lit, and mirror the sky when they are not
    lamps = np.float32(weather.lamps)
    image += (lamps * warm + (0.1 * (1 - lamps)) * horizon) * surface.colour[3]
    # fog replaces a share of the colour that grows with the depth
    haze = weather.fog * surface.depth
    haze = haze / (1 + haze)
    return image + haze * (horizon - image)
