"""Paint facades: rows of windows, cornices, portals, rose windows and clocks.

Textures are as in `textures`: (h, w, 4) float32, RGB and glow, ten texels per metre, row 0 on top.
Everything here is measured in texels, except the width and height of a facade (metres).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .paint import Style, disc, line, opencv_colour
from .textures import Colour, masonry
from .windows import Opening, window

# RGB of the two kinds of clock
DIAL_WHITE = (0.93, 0.92, 0.86)
DIAL_BLUE = (0.13, 0.17, 0.34)
INK_BLACK = (0.1, 0.1, 0.1)
INK_GOLD = (0.9, 0.74, 0.32)


def band(texture: np.ndarray, y: float, thickness: float, colour: Colour, dentils: int = 0) -> None:
    """Paint a cornice across the texture, with its shadow and perhaps dentils (teeth).

    Args:
        texture: (h, w, 4) the wall, changed in place.
        y: its upper row.
        thickness: texels.
        colour: (3,) RGB.
        dentils: width of a tooth in texels; 0 for none.
    """
    top = max(int(y), 0)
    bottom = top + max(1, int(thickness))
    texture[top:bottom] = (*colour, 0)
    # a shadow two texels high
    texture[bottom : bottom + 2, :, :3] *= 0.6
    if dentils:
        every = (np.arange(texture.shape[1]) // dentils) % 2 == 0
        texture[bottom : bottom + 3, every, :3] *= 0.55


def rose(
    texture: np.ndarray,
    rng: np.random.Generator,
    centre: tuple[float, float],
    radius: float,
    style: Style,
) -> None:
    """Paint a round window with petals.

    Args:
        texture: (h, w, 4) the wall, changed in place.
        rng: not used; every ornament takes the same arguments.
        centre: x, y in texels.
        radius: texels.
        style: colour of the frame, number of petals.
    """
    middle = (int(centre[0]), int(centre[1]))
    whole = int(radius)
    trim = opencv_colour(style.trim)
    # frame, then glass that glows
    disc(texture, middle, whole + 2, trim)
    disc(texture, middle, int(0.86 * radius), (0.12, 0.13, 0.2, 0.8))
    # spokes between the petals
    for angle in np.arange(style.petals) * 2 * np.pi / style.petals:
        tip = (centre[0] + 0.9 * radius * np.cos(angle), centre[1] + 0.9 * radius * np.sin(angle))
        line(texture, centre, tip, style.trim, 2 if whole > 14 else 1)
    disc(texture, middle, int(0.35 * radius), trim, 2)


def clock(
    texture: np.ndarray,
    rng: np.random.Generator,
    centre: tuple[float, float],
    radius: float,
    style: Style,
) -> None:
    """Paint the face of a clock in a dark ring, lit at night, that shows a time of its own.

    Args:
        texture: (h, w, 4) the wall, changed in place.
        rng: draws the colours (black on white, or gold on blue) and the time.
        centre: x, y in texels.
        radius: texels.
        style: colour of the frame.
    """
    white = rng.random() < 0.6
    face = (*DIAL_WHITE, 1.0) if white else (*DIAL_BLUE, 0.3)
    ink = INK_BLACK if white else INK_GOLD
    # frame, dark ring, dial
    middle = (int(centre[0]), int(centre[1]))
    disc(texture, middle, int(radius) + 2, opencv_colour(style.trim))
    disc(texture, middle, int(0.94 * radius), (0.16, 0.14, 0.13, 0.0))
    disc(texture, middle, int(0.8 * radius), face)

    def spoke(angle: float, start: float, end: float, thickness: int) -> None:
        # `start` and `end` are shares of the radius
        way = np.array([np.cos(angle), np.sin(angle)]) * radius
        line(texture, centre + start * way, centre + end * way, ink, thickness)

    # twelve marks for the hours, then the two hands
    for hour in np.arange(12) * np.pi / 6:
        spoke(hour, 0.62, 0.74, 1)
    for length in (0.62, 0.42):
        spoke(rng.uniform(0, 2 * np.pi), 0, length, 2)


ORNAMENTS: dict[str, Callable] = {"rose": rose, "clock": clock}


@dataclass(frozen=True)
class _Layout:
    """The grid of bays (columns) and storeys (rows) of one facade; sizes in texels."""

    width: int
    height: int
    bays: int
    storeys: int

    @property
    def bay(self) -> float:
        """Width of a bay."""
        return self.width / self.bays

    @property
    def level(self) -> float:
        """Height of a storey."""
        return self.height / self.storeys

    @property
    def middle(self) -> int:
        """Bays that the middle of the facade takes: 1, or 2 if their number is even."""
        return 1 + (self.bays % 2 == 0)

    def off_centre(self, bay: int) -> float:
        """Return how many bays lie between bay number `bay` and the middle."""
        return abs(bay - (self.bays - 1) / 2)


def facade(
    rng: np.random.Generator,
    style: Style,
    width: float,
    height: float,
    portal: bool = False,
    ornament: str | None = None,
    storey: float | None = None,
) -> np.ndarray:
    """Paint a wall with rows of windows.

    Args:
        rng: draws stones, stains, lit windows and what the clock shows.
        style: colours and proportions.
        width: of the wall, metres.
        height: of the wall, metres.
        portal: a door in the middle of the lowest storey.
        ornament: "rose" or "clock" in the middle of the highest storey; None for none.
        storey: height of a storey in metres, instead of the style's.

    Returns:
        (h, w, 4) float32 texture.
    """
    texture = masonry(rng, width, height, style.wall, style.stones)
    h, w = texture.shape[:2]
    # whole bays and storeys, about as large as the style wants them
    bays = max(1, round(width / style.bay))
    storeys = max(1, round(height / (storey or style.storey)))
    layout = _Layout(w, h, bays, storeys)
    if style.pilasters:
        _pilasters(texture, layout, style)
    for j in range(storeys):
        _window_row(texture, rng, layout, style, j, portal and j == 0, ornament)
    # bands between the storeys, the cornice on top, and a plinth five texels high at the foot
    for j in range(1, storeys):
        if style.course:
            band(texture, h - j * layout.level, style.course, style.trim * 0.95)
    band(texture, 0, 0.07 * min(layout.level, 40) + 2, style.trim, style.dentils)
    texture[h - 5 :, :, :3] *= 0.75
    if portal:
        _portal(texture, rng, layout, style)
    if ornament:
        radius = 1.15 * min(0.36 * layout.bay * layout.middle, 0.38 * layout.level, 0.4 * w)
        centre = (w / 2, h - (storeys - 0.5) * layout.level)
        ORNAMENTS[ornament](texture, rng, centre, radius, style)
    return texture


def _pilasters(texture: np.ndarray, layout: _Layout, style: Style) -> None:
    """Paint a flat column with its shadow on every border between two bays."""
    for i in range(layout.bays + 1):
        x = int(i * layout.bay)
        texture[:, max(0, x - 3) : x + 3, :3] = style.trim * 0.97
        texture[:, x + 3 : x + 5, :3] *= 0.6


def _window_row(
    texture: np.ndarray,
    rng: np.random.Generator,
    layout: _Layout,
    style: Style,
    j: int,
    portal: bool,
    ornament: str | None,
) -> None:
    """Paint the windows of storey `j`, but none where a portal or an ornament comes."""
    # higher storeys than the style knows look like its last one
    kind, wide, tall = style.windows[min(j, len(style.windows) - 1)]
    decorated = ornament and j == layout.storeys - 1
    for i in range(layout.bays):
        off = layout.off_centre(i)
        if decorated and off < 0.6 * (1 + layout.bays % 2):
            continue
        if portal and off <= 0.5:
            continue
        width = max(3, wide * layout.bay)
        height = min(tall * layout.level, 0.8 * layout.level)
        if kind != "rect":  # anything with a curve is higher than wide
            width = min(width, 0.95 * height)
        x = (i + 0.5) * layout.bay
        y = layout.height - (j + 0.18) * layout.level
        window(texture, rng, Opening(kind, x, y, width, height), style)


def _portal(texture: np.ndarray, rng: np.random.Generator, layout: _Layout, style: Style) -> None:
    """Paint a door in three nested frames, each smaller and darker than the one around it."""
    w = layout.width
    h = layout.height
    tall = min(0.78 * layout.level, 0.8 * h)
    wide = min(0.75 * layout.bay * layout.middle, 0.5 * w, 0.8 * tall)
    for k in range(3):
        inner = style.with_trim(style.trim * (1 - 0.22 * k))
        opening = Opening(style.door, w / 2, h, wide * (1.5 - 0.22 * k), tall * (1.18 - 0.09 * k))
        window(texture, rng, opening, inner, lit=0.4, bars=False)
