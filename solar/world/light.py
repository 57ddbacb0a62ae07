"""Light and weather: sun, sky, shadow, fog, lit windows; plain arithmetic, so that bytes agree."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from .camera import Sun
from .textures import noise
from .visibility import see

WARM = np.array([1.0, 0.78, 0.44], np.float32)  # colour of lamps and lit windows


@dataclass(frozen=True)
class Weather:
    """Linear RGB of sun, ambient light, zenith and horizon; cloud cover; fog per metre; lamps 0..1."""

    sun: tuple
    ambient: tuple
    zenith: tuple
    horizon: tuple
    clouds: float
    fog: float
    lamps: float = 0.0
    low_sun: bool = False


WEATHERS = {
    "day": Weather(
        (1.0, 0.96, 0.88), (0.42, 0.47, 0.55), (0.25, 0.47, 0.80), (0.72, 0.83, 0.93), 0.5, 0.0015
    ),
    "evening": Weather(
        (1.15, 0.78, 0.45),
        (0.36, 0.36, 0.45),
        (0.35, 0.45, 0.68),
        (0.98, 0.78, 0.55),
        0.5,
        0.003,
        low_sun=True,
    ),
    "overcast": Weather(
        (0, 0, 0), (0.80, 0.82, 0.86), (0.66, 0.69, 0.73), (0.80, 0.82, 0.84), 0.9, 0.004
    ),
    "fog": Weather(
        (0, 0, 0), (0.74, 0.76, 0.79), (0.72, 0.74, 0.77), (0.78, 0.79, 0.81), 0.9, 0.016
    ),
    "dusk": Weather(
        (0.22, 0.12, 0.12),
        (0.27, 0.28, 0.42),
        (0.12, 0.16, 0.36),
        (0.62, 0.42, 0.42),
        0.6,
        0.003,
        0.4,
        True,
    ),
    "night": Weather(
        (0, 0, 0), (0.10, 0.11, 0.18), (0.02, 0.03, 0.08), (0.12, 0.12, 0.20), 0.3, 0.002, 1.0
    ),
}
DARK = ("dusk", "night")


@cache
def cloud_map() -> np.ndarray:
    """(512, 512) float32 tileable clouds, zero mean and unit variance."""
    return noise(512, roughness=1.7, seed=3)


def _planar(colour) -> np.ndarray:
    return np.array(colour, np.float32)[:, None, None]  # (3, 1, 1)


def interleaved(planes: np.ndarray) -> np.ndarray:
    """(3, H, W) -> (H, W, 3) float32, as OpenCV wants pictures."""
    return planes.transpose(1, 2, 0).astype(np.float32, order="C")


def sky(weather: Weather, directions: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Colour (3, H, W) of the sky along `directions` (3, H, W); `offset` (2,) moves the clouds."""
    horizon, zenith, sun = (
        _planar(colour) for colour in (weather.horizon, weather.zenith, weather.sun)
    )
    length = np.sqrt((directions**2).sum(0))
    up = directions[2] / length
    rise = np.sqrt(np.clip(up * 1.6, 0, 1))
    colour = horizon * (1 - rise) + zenith * rise
    reach = 90 / np.maximum(up, 0.03) / length
    x, y = (directions[i] * reach + np.float32(offset[i]) for i in (0, 1))
    cloud = cv2.remap(
        cloud_map(),
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    cover = np.clip((cloud + 2 * weather.clouds - 1.8) * 0.9, 0, 0.85) * np.clip(up * 8, 0, 1)
    tint = (
        np.clip(horizon * 0.6 + sun * 0.45 + 0.03, 0, 1) if weather.clouds < 0.8 else horizon * 0.74
    )
    return colour + cover * (tint - colour)


def sunlit(landmark, sun: Sun, points: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Share 0..1 (H, W) of direct sun at points (3, H, W): a picture taken from the sun shows what
    it reaches.
    """
    seen = see(sun, landmark.solids[: landmark.n_own])
    pixels, depth = sun.project(interleaved(points + normal * np.float32(0.12)))
    x, y = (pixels[..., i].astype(np.float32) - 0.5 for i in (0, 1))
    nearest = cv2.remap(
        seen.nearness, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=-5000.0
    )
    lit = (depth < sun.depth_from(nearest) + 0.15).astype(np.float32)
    return cv2.blur(lit, (3, 3))


def illuminate(
    landmark, camera, weather: Weather, sun: Sun | None, seen, colour, normal, points, depth
) -> np.ndarray:
    """Colour (3, H, W) of every surface under sun, sky, lamps and fog; arguments as `surfaces`
    returns them.
    """
    ambient, direct, horizon, warm = (
        _planar(c) for c in (weather.ambient, weather.sun, weather.horizon, WARM)
    )
    height, up, front = np.maximum(points[2], 0), normal[2], np.maximum(-normal[1], 0)
    near_ground = 1 - 0.35 / (1 + height * height) * (np.abs(up) < 0.5)
    light = ambient * ((0.62 + 0.38 * up) * near_ground)
    if sun is not None:
        towards = -sun.rotation[2].astype(np.float32)
        lambert = np.maximum(sum(normal[i] * towards[i] for i in range(3)), 0)
        half = np.s_[:, ::2, ::2]  # shadows are soft: a quarter of the samples will do
        share = sunlit(landmark, sun, points[half], normal[half])
        share = cv2.resize(share, lambert.shape[::-1], interpolation=cv2.INTER_LINEAR)
        bounce = 0.06 + 0.10 * np.maximum(-up, 0)
        light += direct * (lambert * share + bounce)
    if weather.lamps:
        own = (seen.solid >= 0) & (seen.solid < landmark.n_own)
        flood = np.where(
            own, 0.75 * weather.lamps / (1 + height / 12) * (0.45 + 0.55 * front), 0.05
        )
        light += warm * flood.astype(np.float32)
    lamps = np.float32(weather.lamps)
    image = colour[:3] * light
    image += (lamps * warm + (0.1 * (1 - lamps)) * horizon) * colour[
        3
    ]  # windows glow, or mirror the sky
    haze = weather.fog * depth
    haze = haze / (1 + haze)
    return image + haze * (horizon - image)
