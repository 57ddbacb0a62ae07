"""Paint materials: noise, masonry and roof tiles.

A texture is an array (h, w, 4) float32: red, green and blue in 0..1, and glow, which says how much
the spot shines when lamps are lit. There are ten texels (pixels of a texture) per metre. Row 0 is
the top of a wall.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

TEXELS_PER_METRE = 10
Colour = np.ndarray | tuple[float, float, float]  # (3,) red, green, blue in 0..1

# the colours of walls and roofs, shared by all landmarks: colour alone does not find one
WALLS = np.array(
    [
        (0.80, 0.70, 0.54),
        (0.74, 0.71, 0.66),
        (0.58, 0.58, 0.58),
        (0.62, 0.38, 0.30),
        (0.86, 0.80, 0.68),
        (0.84, 0.83, 0.80),
        (0.72, 0.58, 0.42),
        (0.70, 0.60, 0.55),
    ],
    np.float32,
)
ROOFS = np.array(
    [
        (0.34, 0.36, 0.40),
        (0.62, 0.34, 0.24),
        (0.42, 0.58, 0.52),
        (0.45, 0.40, 0.36),
        (0.52, 0.50, 0.48),
    ],
    np.float32,
)


class Stones(NamedTuple):
    """The stones or bricks of a wall.

    Args:
        course: height of a stone in metres.
        length: length of a stone in metres.
        joint: width of the mortar between two stones in metres.
        rough: standard deviation of the brightness from stone to stone.
    """

    course: float = 0.6
    length: float = 1.2
    joint: float = 0.1
    rough: float = 0.05


ASHLAR = Stones()  # squared stones: the default


def noise(size: int, roughness: float = 1.6, seed: int = 0) -> np.ndarray:
    """Return fractal noise that repeats without a seam.

    Args:
        size: side in pixels.
        roughness: exponent of the spectrum, 1 / frequency**roughness; larger is smoother.
        seed: of the random numbers.

    Returns:
        (size, size) float32 of zero mean and unit variance, rounded to four digits.

    Example:
        >>> noise(8).shape
        (8, 8)
    """
    # white noise, filtered in the Fourier domain: fine details become weak
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size))
    frequency = np.sqrt(x * x + y * y)
    frequency[0, 0] = 1  # the mean: not divided by zero
    field = np.fft.ifft2(np.fft.fft2(rng.standard_normal((size, size))) / frequency**roughness).real
    # rounding gives the same numbers on every machine
    return ((field - field.mean()) / field.std()).round(4).astype(np.float32)


@cache
def _stains(size: int = 1024, period: int = 256) -> np.ndarray:
    """Return (size, size) noise that repeats every `period` texels: dirt on walls."""
    return np.tile(noise(period), (size // period, size // period))


def _lay_stones(
    rng: np.random.Generator,
    size: tuple[int, int],
    colour: Colour,
    stones: Stones,
    stain: np.ndarray,
    damp: np.ndarray | float,
) -> np.ndarray:
    """Return a texture (h, w, 4) of stones in courses; `stain`, `damp` (h, w) change brightness."""
    w, h = size
    # positions of the texels in metres
    y = np.arange(h, dtype=np.float32) / TEXELS_PER_METRE
    x = np.arange(w, dtype=np.float32) / TEXELS_PER_METRE
    # the course (row of stones) of each texel, (h,), and its position along it in stones, (h, w):
    # every other course is shifted by half a stone
    row = (y / stones.course).astype(int)
    along = x[None] / stones.length + 0.5 * (row % 2)[:, None]
    stone = along.astype(int)
    # the stone that the right edge cuts goes on at the left edge
    last = max(1, round(w / TEXELS_PER_METRE / stones.length))
    # every stone has a tone of its own, read from a table of 64 x 64 tones
    tones = rng.normal(0, stones.rough, (64, 64)).astype(np.float32)
    tone = tones[row[:, None] % 64, (stone % last) % 64]
    # mortar: below and to the left of every stone
    bed = (y / stones.course) % 1 < 0.6 * stones.joint / stones.course
    head = along - stone < 0.6 * stones.joint / stones.length
    seam = bed[:, None] | head
    luminance = 1 + tone + 0.05 * stain - 0.16 * seam - damp
    # one colour, lighter and darker; the glow stays 0
    texture = np.zeros((h, w, 4), np.float32)
    texture[..., :3] = np.asarray(colour, np.float32) * luminance[..., None]
    return texture


def _texels(metres: float) -> int:
    """Return a length in texels, between 8 and 1024."""
    return int(np.clip(round(metres * TEXELS_PER_METRE), 8, 1024))


def masonry(
    rng: np.random.Generator,
    width: float,
    height: float,
    colour: Colour,
    stones: Stones = ASHLAR,
) -> np.ndarray:
    """Paint a wall of stones or bricks, stained, and damp at its foot.

    Args:
        rng: draws where the stains lie and the tone of each stone.
        width: of the wall, metres.
        height: of the wall, metres.
        colour: (3,) RGB in 0..1.
        stones: size and roughness of the stones.

    Returns:
        (h, w, 4) float32 texture.
    """
    w = _texels(width)
    h = _texels(height)
    stain = np.roll(_stains(), tuple(rng.integers(0, 256, 2)), (0, 1))[:h, :w]
    # damp rises from the ground and ends 2.5 metres above it, (h, 1)
    wet = np.clip(1 - np.arange(h, dtype=np.float32)[::-1] / (2.5 * TEXELS_PER_METRE), 0, 1)
    damp = 0.12 * wet[:, None] * (stain > -0.3)
    return _lay_stones(rng, (w, h), colour, stones, stain, damp)


def swatch(
    rng: np.random.Generator, side: float, colour: Colour, stones: Stones = ASHLAR
) -> np.ndarray:
    """Paint a square of masonry that repeats without a seam.

    Args:
        rng: draws where the stains lie and the tone of each stone.
        side: of the square, metres: 12.8 or 25.6.
        colour: (3,) RGB in 0..1.
        stones: wanted size and roughness of the stones.

    Returns:
        (h, h, 4) float32 texture.
    """
    size = round(side * TEXELS_PER_METRE)
    # whole stones, and an even number of courses, because every other one is shifted
    course = side / (2 * max(1, round(side / stones.course / 2)))
    length = side / max(1, round(side / stones.length))
    fitted = stones._replace(course=course, length=length)
    stain = np.roll(_stains(size, size), tuple(rng.integers(0, size, 2)), (0, 1))
    return _lay_stones(rng, (size, size), colour, fitted, stain, 0)


def tiles(rng: np.random.Generator, side: float, colour: Colour, pitch: float) -> np.ndarray:
    """Paint a square of roof tiles that repeats without a seam.

    Args:
        rng: draws where the stains lie and the tone of each tile.
        side: of the square, metres: 12.8 or 25.6.
        colour: (3,) RGB in 0..1.
        pitch: wanted side of a tile, metres.

    Returns:
        (h, h, 4) float32 texture.
    """
    # square "stones", an even number of them
    count = 2 * max(1, round(side / pitch / 2))
    texture = swatch(rng, side, colour, Stones(side / count, side / count, 0.08, 0.07))
    # each tile gets brighter from its upper edge to its lower one
    slope = (np.arange(len(texture)) * count / len(texture)) % 1
    texture[..., :3] *= (0.82 + 0.3 * slope)[:, None, None]
    return texture


def fluted(colour: np.ndarray) -> np.ndarray:
    """Paint the shaft of a column with twenty vertical grooves.

    Args:
        colour: (3,) RGB in 0..1.

    Returns:
        (60, 160, 4) float32 texture.
    """
    flutes = 1 + 0.12 * np.sin(np.linspace(0, 40 * np.pi, 160, dtype=np.float32))
    shaft = np.zeros((60, 160, 4), np.float32)
    shaft[..., :3] = flutes[None, :, None] * colour
    return shaft
