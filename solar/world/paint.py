"""Describe how walls are painted, and draw filled polygons, lines and discs into textures.

Textures are as in `textures`: (h, w, 4) float32, RGB and glow, ten texels per metre, row 0 on top.
Positions are (x, y) in texels.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from .textures import Colour, Stones

Point = np.ndarray | tuple[float, float]  # (2,) x, y in texels


@dataclass(frozen=True)
class Style:
    """The paint and proportions of the walls of one landmark."""

    wall: np.ndarray  # (3,) RGB of the stones
    trim: np.ndarray  # (3,) RGB of frames, cornices and columns
    roof: np.ndarray  # (3,) RGB of the tiles
    stones: Stones
    windows: tuple  # by storey, from below: (kind, share of the bay, share of the storey)
    bay: float  # metres between two columns of windows
    storey: float  # metres between two rows of windows
    frame: float  # thickness of a window's frame; 1 is about 1.6 texels
    mullions: int  # columns of panes: a vertical bar between two
    rails: int  # rows of panes: a horizontal bar between two
    sill: int  # 0 no sill, 1 a sill, 2 a sill and a pediment
    course: float  # thickness of the band between two storeys, texels
    dentils: int  # width of the teeth below the cornice, texels; 0 for none
    pilasters: bool  # flat columns between the bays
    petals: int  # of a rose window
    door: str  # kind of the portal: "arch", "lancet" or "rect"

    def with_trim(self, trim: np.ndarray) -> "Style":
        """Return the same style with frames of another colour (3,) and no sills."""
        return replace(self, trim=np.asarray(trim), sill=0)


def opencv_colour(colour: Colour, glow: float = 0.0) -> tuple[float, ...]:
    """Return a colour (3,) and its glow as OpenCV takes them: four plain numbers."""
    red, green, blue = colour
    return float(red), float(green), float(blue), glow


def fill(texture: np.ndarray, points: np.ndarray, colour: Colour, glow: float = 0.0) -> None:
    """Fill a polygon, with smooth edges.

    Args:
        texture: (h, w, 4), changed in place.
        points: (n, 2) corners (x, y), texels.
        colour: (3,) RGB in 0..1.
        glow: 0..1.
    """
    # OpenCV takes whole numbers with three fractional bits: eighths of a texel
    eighths = np.round(points * 8).astype(np.int32)
    cv2.fillPoly(texture, [eighths], opencv_colour(colour, glow), cv2.LINE_AA, 3)


def line(texture: np.ndarray, a: Point, b: Point, colour: Colour, thickness: int = 1) -> None:
    """Draw a line, with smooth edges.

    Args:
        texture: (h, w, 4), changed in place.
        a: (2,) its start (x, y), texels.
        b: (2,) its end (x, y), texels.
        colour: (3,) RGB in 0..1; it does not glow.
        thickness: texels.
    """
    start = tuple(round(value) for value in a)
    end = tuple(round(value) for value in b)
    cv2.line(texture, start, end, opencv_colour(colour), thickness, cv2.LINE_AA)


def disc(
    texture: np.ndarray, centre: tuple[int, int], radius: int, paint: tuple, edge: int = -1
) -> None:
    """Draw a disc or a circle, with smooth edges.

    Args:
        texture: (h, w, 4), changed in place.
        centre: (x, y), texels.
        radius: texels.
        paint: red, green, blue and glow in 0..1.
        edge: thickness of the circle in texels; -1 for a filled disc.
    """
    cv2.circle(texture, centre, radius, paint, edge, cv2.LINE_AA)
