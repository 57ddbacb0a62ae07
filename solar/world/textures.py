"""What walls and roofs look like: masonry, tiles, and facades painted with windows, doors, clocks.

A texture is (h, w, 4) float32: RGB in 0..1 and glow, how much the spot shines when lamps are lit.
Ten texels a metre.
"""

from functools import cache

import cv2
import numpy as np

TEXELS_PER_METRE = 10
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
GLASS = (0.11, 0.13, 0.16)


def noise(size: int, roughness: float = 1.6, seed: int = 0) -> np.ndarray:
    """(size, size) float32 tileable fractal noise, zero mean, unit variance; larger `roughness` is
    smoother.
    """
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size))
    frequency = np.sqrt(x * x + y * y)
    frequency[0, 0] = 1
    field = np.fft.ifft2(np.fft.fft2(rng.standard_normal((size, size))) / frequency**roughness).real
    return ((field - field.mean()) / field.std()).round(4).astype(np.float32)


@cache
def _stains(size: int = 1024, period: int = 256) -> np.ndarray:
    return np.tile(noise(period), (size // period, size // period))


def _stones(rng, w: int, h: int, colour, course, length, joint, rough, stain, damp) -> np.ndarray:
    y, x = (
        np.arange(h, dtype=np.float32) / TEXELS_PER_METRE,
        np.arange(w, dtype=np.float32) / TEXELS_PER_METRE,
    )
    row = (y / course).astype(int)
    along = (
        x[None] / length + 0.5 * (row % 2)[:, None]
    )  # (h, w): every other course is shifted by half a stone
    stone = along.astype(int)
    last = max(
        1, round(w / TEXELS_PER_METRE / length)
    )  # the stone cut by the right edge goes on at the left one
    tone = rng.normal(0, rough, (64, 64)).astype(np.float32)[row[:, None] % 64, (stone % last) % 64]
    seam = ((y / course) % 1 < 0.6 * joint / course)[:, None] | (
        along - stone < 0.6 * joint / length
    )
    luminance = 1 + tone + 0.05 * stain - 0.16 * seam - damp
    texture = np.zeros((h, w, 4), np.float32)
    texture[..., :3] = np.asarray(colour, np.float32) * luminance[..., None]
    return texture


def masonry(
    rng, width: float, height: float, colour, course=0.6, length=1.2, joint=0.1, rough=0.05
) -> np.ndarray:
    """A wall of stones or bricks, `width` x `height` metres; `course` and `length` are a stone's
    size in metres.
    """
    w, h = (int(np.clip(round(x * TEXELS_PER_METRE), 8, 1024)) for x in (width, height))
    stain = np.roll(_stains(), tuple(rng.integers(0, 256, 2)), (0, 1))[:h, :w]
    wet = np.clip(1 - np.arange(h, dtype=np.float32)[::-1] / (2.5 * TEXELS_PER_METRE), 0, 1)[
        :, None
    ]
    return _stones(
        rng, w, h, colour, course, length, joint, rough, stain, 0.12 * wet * (stain > -0.3)
    )


def swatch(rng, side: float, colour, course=0.6, length=1.2, joint=0.1, rough=0.05) -> np.ndarray:
    """A square of masonry, `side` metres (12.8 or 25.6), that repeats without a seam: whole
    courses, whole stones.
    """
    size = round(side * TEXELS_PER_METRE)
    course, length = (
        side / (2 * max(1, round(side / course / 2))),
        side / max(1, round(side / length)),
    )
    stain = np.roll(_stains(size, size), tuple(rng.integers(0, size, 2)), (0, 1))
    return _stones(rng, size, size, colour, course, length, joint, rough, stain, 0)


def tiles(rng, side: float, colour, pitch: float) -> np.ndarray:
    """A square of roof tiles, `side` metres (12.8 or 25.6), that repeats without a seam; `pitch` is
    a tile's size.
    """
    count = 2 * max(1, round(side / pitch / 2))
    texture = swatch(rng, side, colour, side / count, side / count, 0.08, 0.07)
    slope = (np.arange(len(texture)) * count / len(texture)) % 1
    texture[..., :3] *= (0.82 + 0.3 * slope)[:, None, None]
    return texture


def outline(kind: str, x: float, y: float, w: float, h: float) -> np.ndarray:
    """Outline (n, 2) in texels of a 'rect', 'arch', 'lancet' or 'round' window with base centre (x,
    y).
    """
    a = np.linspace(0, np.pi, 13)
    tall = h / w
    if kind == "rect":
        points = np.array([(-0.5, 0), (-0.5, -tall), (0.5, -tall), (0.5, 0)])
    elif kind == "round":
        points = np.stack([0.5 * np.cos(2 * a), -tall / 2 - 0.5 * np.sin(2 * a)], 1)
    elif kind == "lancet":
        s = np.linspace(0, 1, 8)
        side = np.stack([0.5 - 0.5 * s**1.8, -tall + 0.9 * (1 - s)], 1)
        points = np.concatenate([[(0.5, 0)], side, side[::-1] * (-1, 1), [(-0.5, 0)]])
    else:
        top = np.stack([0.5 * np.cos(a), -tall + 0.5 - 0.5 * np.sin(a)], 1)
        points = np.concatenate([[(0.5, 0)], top, [(-0.5, 0)]])
    return points * w + (x, y)


def fill(texture, points, colour, glow: float = 0.0) -> None:
    """Fill a polygon (n, 2) with a colour, anti-aliased."""
    cv2.fillPoly(
        texture,
        [np.round(points * 8).astype(np.int32)],
        (*map(float, colour), glow),
        cv2.LINE_AA,
        3,
    )


def line(texture, a, b, colour, thickness: int = 1) -> None:
    """Draw a line between two texels."""
    ends = [tuple(int(round(v)) for v in p) for p in (a, b)]
    cv2.line(texture, *ends, (*map(float, colour), 0.0), thickness, cv2.LINE_AA)


def window(
    texture, rng, kind: str, x, y, w, h, style, lit: float | None = None, bars: bool = True
) -> None:
    """Paint a framed window with base centre (x, y), w x h texels; `lit` is its glow (None: lit by
    chance).
    """
    shape = outline(kind, x, y, w, h)
    centre = shape.mean(0)
    frame = 1 + 3.2 * style.frame / max(w, 4)
    fill(texture, (shape - centre) * frame + centre, style.trim)
    glow = (rng.random() < 0.6) * rng.uniform(0.5, 1) if lit is None else lit
    fill(texture, shape, np.array(GLASS) * 0.8)
    reveal = np.clip(
        shape + 0.07 * w, shape.min(0), shape.max(0)
    )  # the reveal's shadow, left and above
    fill(texture, reveal, np.array(GLASS) * rng.uniform(1.3, 2), glow)
    bar = style.trim * 0.8
    for k in range(1, style.mullions if bars else 0):
        at = x - w / 2 + k * w / style.mullions
        line(texture, (at, y), (at, y - 0.92 * h), bar)
    for k in range(1, style.rails if bars else 0):
        at = y - k * h / style.rails
        line(texture, (x - 0.46 * w, at), (x + 0.46 * w, at), bar)
    if style.sill:
        fill(
            texture,
            np.array(
                [(x - 0.65 * w, y), (x + 0.65 * w, y), (x + 0.65 * w, y + 2), (x - 0.65 * w, y + 2)]
            ),
            style.trim,
        )
    if style.sill > 1:  # pediment
        top = y - h - 3
        fill(
            texture,
            np.array([(x - 0.7 * w, top), (x, top - 0.35 * w), (x + 0.7 * w, top)]),
            style.trim,
        )


def band(texture, y: float, thickness: float, colour, dentils: int = 0) -> None:
    """A cornice or string course across the texture at row `y`, with its shadow and perhaps
    dentils.
    """
    y, thickness = max(int(y), 0), max(1, int(thickness))
    texture[y : y + thickness] = (*colour, 0)
    texture[y + thickness : y + thickness + 2, :, :3] *= 0.6
    if dentils:
        every = (np.arange(texture.shape[1]) // dentils) % 2 == 0
        texture[y + thickness : y + thickness + 3, every, :3] *= 0.55


def rose(texture, rng, centre, radius: float, style) -> None:
    """A round window with petals."""
    at, r = tuple(int(c) for c in centre), int(radius)
    trim = (*map(float, style.trim), 0.0)
    cv2.circle(texture, at, r + 2, trim, -1, cv2.LINE_AA)
    cv2.circle(texture, at, int(0.86 * radius), (0.12, 0.13, 0.2, 0.8), -1, cv2.LINE_AA)
    for a in np.arange(style.petals) * 2 * np.pi / style.petals:
        tip = (centre[0] + 0.9 * radius * np.cos(a), centre[1] + 0.9 * radius * np.sin(a))
        line(texture, centre, tip, style.trim, 2 if r > 14 else 1)
    cv2.circle(texture, at, int(0.35 * radius), trim, 2, cv2.LINE_AA)


def clock(texture, rng, centre, radius: float, style) -> None:
    """A clock's face in a dark ring, black on white or gold on blue, lit at night, showing a time
    of its own.
    """
    at = tuple(int(c) for c in centre)
    white = rng.random() < 0.6
    face, ink = (
        ((0.93, 0.92, 0.86), (0.1, 0.1, 0.1)) if white else ((0.13, 0.17, 0.34), (0.9, 0.74, 0.32))
    )
    cv2.circle(texture, at, int(radius) + 2, (*map(float, style.trim), 0.0), -1, cv2.LINE_AA)
    cv2.circle(texture, at, int(0.94 * radius), (0.16, 0.14, 0.13, 0.0), -1, cv2.LINE_AA)
    cv2.circle(texture, at, int(0.8 * radius), (*face, 1.0 if white else 0.3), -1, cv2.LINE_AA)

    def spoke(angle, start, end, thickness):
        way = np.array([np.cos(angle), np.sin(angle)]) * radius
        line(texture, centre + start * way, centre + end * way, ink, thickness)

    for hour in np.arange(12) * np.pi / 6:
        spoke(hour, 0.62, 0.74, 1)
    for length in (0.62, 0.42):
        spoke(rng.uniform(0, 2 * np.pi), 0, length, 2)


ORNAMENTS = {"rose": rose, "clock": clock}


def facade(rng, style, width, height, portal=False, ornament=None, storey=None) -> np.ndarray:
    """A wall with rows of windows in `style`; perhaps a portal below and a rose or clock
    (`ornament`) on top.
    """
    texture = masonry(rng, width, height, style.wall, *style.stones)
    h, w = texture.shape[:2]
    bays, storeys = (
        max(1, round(width / style.bay)),
        max(1, round(height / (storey or style.storey))),
    )
    bay, level = w / bays, h / storeys
    if style.pilasters:
        for i in range(bays + 1):
            x = int(i * bay)
            texture[:, max(0, x - 3) : x + 3, :3] = style.trim * 0.97
            texture[:, x + 3 : x + 5, :3] *= 0.6
    for j in range(storeys):
        kind, wide, tall = style.windows[min(j, len(style.windows) - 1)]
        for i in range(bays):
            middle = abs(i - (bays - 1) / 2)
            if (ornament and j == storeys - 1 and middle < 0.6 * (1 + bays % 2)) or (
                portal and j == 0 and middle <= 0.5
            ):
                continue
            ww, hh = max(3, wide * bay), min(tall * level, 0.8 * level)
            window(
                texture,
                rng,
                kind,
                (i + 0.5) * bay,
                h - (j + 0.18) * level,
                ww if kind == "rect" else min(ww, 0.95 * hh),
                hh,
                style,
            )
    for j in range(1, storeys):
        if style.course:
            band(texture, h - j * level, style.course, style.trim * 0.95)
    band(texture, 0, 0.07 * min(level, 40) + 2, style.trim, style.dentils)
    texture[h - 5 :, :, :3] *= 0.75
    even = 1 + (bays % 2 == 0)
    if portal:
        tall = min(0.78 * level, 0.8 * h)
        wide = min(0.75 * bay * even, 0.5 * w, 0.8 * tall)
        for k in range(3):  # three nested frames
            inner = style.with_trim(style.trim * (1 - 0.22 * k))
            window(
                texture,
                rng,
                style.door,
                w / 2,
                h,
                wide * (1.5 - 0.22 * k),
                tall * (1.18 - 0.09 * k),
                inner,
                0.4,
                False,
            )
    if ornament:
        radius = 1.15 * min(0.36 * bay * even, 0.38 * level, 0.4 * w)
        ORNAMENTS[ornament](texture, rng, (w / 2, h - (storeys - 0.5) * level), radius, style)
    return texture
