"""Paint windows and doors: frame, glass, bars, sill and pediment.

Positions and sizes are in texels; y runs downwards.
"""

from typing import NamedTuple

import numpy as np

from .paint import Style, fill, line

GLASS = (0.11, 0.13, 0.16)  # RGB of a dark window


class Opening(NamedTuple):
    """Where a window or door lies in a texture.

    Args:
        kind: "rect", "arch", "lancet" or "round".
        x: column of the middle of its base, texels.
        y: row of its base, texels.
        width: texels.
        height: texels.
    """

    kind: str
    x: float
    y: float
    width: float
    height: float


def outline(opening: Opening) -> np.ndarray:
    """Return the outline (n, 2) of an opening: x, y in texels."""
    # drawn for a width of 1 and a base centre at (0, 0); y runs downwards
    angle = np.linspace(0, np.pi, 13)
    tall = opening.height / opening.width
    if opening.kind == "rect":
        points = np.array([(-0.5, 0), (-0.5, -tall), (0.5, -tall), (0.5, 0)])
    elif opening.kind == "round":
        # a circle below the top edge
        points = np.stack([0.5 * np.cos(2 * angle), -tall / 2 - 0.5 * np.sin(2 * angle)], 1)
    elif opening.kind == "lancet":
        # right side from the springing to the tip, then its mirror image downwards
        s = np.linspace(0, 1, 8)
        side = np.stack([0.5 - 0.5 * s**1.8, -tall + 0.9 * (1 - s)], 1)
        points = np.concatenate([[(0.5, 0)], side, side[::-1] * (-1, 1), [(-0.5, 0)]])
    else:
        # a half circle on two posts
        top = np.stack([0.5 * np.cos(angle), -tall + 0.5 - 0.5 * np.sin(angle)], 1)
        points = np.concatenate([[(0.5, 0)], top, [(-0.5, 0)]])
    return points * opening.width + (opening.x, opening.y)


def window(
    texture: np.ndarray,
    rng: np.random.Generator,
    opening: Opening,
    style: Style,
    lit: float | None = None,
    bars: bool = True,
) -> None:
    """Paint a framed window.

    Args:
        texture: (h, w, 4) the wall, changed in place.
        rng: draws whether lamps are lit behind it, and the brightness of the glass.
        opening: its kind, place and size.
        style: colours, frame, bars, sill.
        lit: its glow in 0..1; None: six windows in ten glow, by 0.5 to 1.
        bars: False for a door: no bars.
    """
    shape = outline(opening)
    # the frame: the outline, enlarged around its centre
    centre = shape.mean(0)
    frame = 1 + 3.2 * style.frame / max(opening.width, 4)
    fill(texture, (shape - centre) * frame + centre, style.trim)
    # the reveal (depth of the wall) throws a shadow on the glass, left and above
    glow = (rng.random() < 0.6) * rng.uniform(0.5, 1) if lit is None else lit
    fill(texture, shape, np.array(GLASS) * 0.8)
    glass = np.clip(shape + 0.07 * opening.width, shape.min(0), shape.max(0))
    fill(texture, glass, np.array(GLASS) * rng.uniform(1.3, 2), glow)
    if bars:
        _bars(texture, opening, style)
    _sill(texture, opening, style)


def _bars(texture: np.ndarray, opening: Opening, style: Style) -> None:
    """Draw the vertical and horizontal bars of a window."""
    _, x, y, w, h = opening
    colour = style.trim * 0.8
    for k in range(1, style.mullions):
        column = x - w / 2 + k * w / style.mullions
        line(texture, (column, y), (column, y - 0.92 * h), colour)
    for k in range(1, style.rails):
        row = y - k * h / style.rails
        line(texture, (x - 0.46 * w, row), (x + 0.46 * w, row), colour)


def _sill(texture: np.ndarray, opening: Opening, style: Style) -> None:
    """Draw the sill below a window, and the pediment above it, if the style has them."""
    _, x, y, w, h = opening
    # a bar two texels high, wider than the window
    if style.sill:
        left = x - 0.65 * w
        right = x + 0.65 * w
        corners = [(left, y), (right, y), (right, y + 2), (left, y + 2)]
        fill(texture, np.array(corners), style.trim)
    # a flat triangle
    if style.sill > 1:
        top = y - h - 3
        corners = [(x - 0.7 * w, top), (x, top - 0.35 * w), (x + 0.7 * w, top)]
        fill(texture, np.array(corners), style.trim)
