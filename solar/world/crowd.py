"""Choose views of a landmark by its share of the picture, and put other landmarks into them.

The others stand before the landmark and beside it. They are placed one after the other: those of a
small crowd are among those of a large one, in the same places.

Book: the mini world (data sheet); chapter 4 (when attention helps) counts the others.
"""

from typing import NamedTuple

import numpy as np

from .camera import Camera
from .clutter import passers_by
from .landmark import Landmark
from .neighbours import Other, Placed, Scene, mask, other
from .solids import Polyhedron, convex_solid
from .visibility import box_corners, see

# the landmark's share of the picture, with no others: from ... to
STRATA = ((0.03, 0.06), (0.06, 0.12), (0.12, 0.25), (0.25, 0.5))
MOST_HIDDEN = 0.4  # share of the landmark that the others may hide
LEAST_SHOWN = 0.015  # share of the picture that each other must fill where it is put
CLUTTER = 0.4  # passers-by: few
GAP = 2.0  # metres between two buildings, at least
AWAY = 8.0  # metres between the camera and another landmark, at least
VIEWS = 25  # views to draw before giving up
FARTHER = 150.0  # metres behind the landmark, at most
PLACES = 60  # places to try for each other


def stratum_of(area: float) -> int | None:
    """Return the number of the stratum that holds `area`, a share of the picture, or None.

    Example:
        >>> [stratum_of(area) for area in (0.04, 0.3, 0.7)]
        [0, 3, None]
    """
    for number, (low, high) in enumerate(STRATA):
        if low <= area < high:
            return number
    return None


def bounding_block(lo: np.ndarray, hi: np.ndarray) -> Polyhedron:
    """Return the block from corner `lo` (3,) to corner `hi` (3,), unpainted."""
    sides = ((0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5))
    unpainted = [0, 0, 0, 0]
    faces = [(corners, unpainted, unpainted, 0) for corners in sides]
    return convex_solid(box_corners(lo, hi), faces)


class View(NamedTuple):
    """What all pictures of one view share."""

    camera: Camera
    things: list[tuple]  # trees and passers-by
    area: float  # share of the picture that the landmark fills, with no others
    stratum: int  # its number in `STRATA`


def _framed(
    landmark: Landmark, rng: np.random.Generator, size: tuple[int, int], area: float
) -> Camera:
    """Return a camera in whose picture of `size` the landmark fills the share `area`, about."""
    centre = (landmark.lo + landmark.hi) / 2
    # direction from the landmark to the camera, and the field of view, radians
    azimuth = rng.uniform(-0.7, 0.7) - np.pi / 2
    field = rng.uniform(0.75, 1.0)
    eye = rng.choice([1.7, 1.7, 4.0, 12.0])
    roll = rng.normal(0, 0.015)
    # where the landmark's middle lies in the picture: the smaller it is, the farther aside
    aside = rng.uniform(-0.7, 0.7) * (1 - np.sqrt(area)) * np.tan(field / 2)
    outwards = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
    right = np.array([-outwards[1], outwards[0], 0.0])
    nearest = 0.5 * np.linalg.norm((landmark.hi - landmark.lo)[:2]) + 4
    distance = 60.0
    # three times its bounding box, which it fills to two thirds, then the landmark itself
    own = landmark.solids[: landmark.n_own]
    block = [bounding_block(landmark.lo, landmark.hi)]
    for solids, fill in ((block, 0.67), (block, 0.67), (block, 0.67), (own, 1.0), (None, 1.0)):
        position = centre + outwards * distance
        position[2] = eye
        target = centre + right * (aside * distance)
        target[2] = max(0.8 * target[2], 2.0)
        camera = Camera.looking_at(position, target, field, size, roll)
        if solids is not None:
            # the area falls with the square of the distance
            share = fill * float((see(camera.scaled(0.25), solids).solid >= 0).mean())
            distance = max(distance * np.sqrt(max(share, 1e-3) / area), nearest)
    return camera


def draw_view(
    landmark: Landmark, rng: np.random.Generator, size: tuple[int, int], stratum: int
) -> View:
    """Draw a view in which the landmark's share of the picture lies in a stratum.

    Args:
        landmark: what is photographed.
        rng: draws the camera and the passers-by.
        size: (width, height) in pixels.
        stratum: number of the stratum in `STRATA`.

    Returns:
        The view. A landmark that is too thin to fill so much gets a view of the stratum below.

    Raises:
        RuntimeError: no view was found.

    Example:
        >>> view = draw_view(Landmark(0), np.random.default_rng(0), (64, 48), stratum=1)
        >>> STRATA[1][0] <= view.area < STRATA[1][1]
        True
    """
    low, high = np.log(STRATA[stratum])
    for _ in range(VIEWS):
        # each factor of the area is as likely as any other
        wanted = np.exp(rng.uniform(low, high))
        camera = _framed(landmark, rng, size, wanted)
        things = [*landmark.trees, *passers_by(camera, rng, CLUTTER)]
        area = float(mask(Scene(landmark, things, []), camera).mean())
        if stratum_of(area) == stratum:
            return View(camera, things, area, stratum)
    if stratum == 0:
        raise RuntimeError(f"landmark {landmark.seed}: no view of any stratum was found")
    return draw_view(landmark, rng, size, stratum - 1)


def _shift(
    other: Other, camera: Camera, rng: np.random.Generator, reach: tuple, aside: float
) -> np.ndarray:
    """Draw by how much (3,) metres `other` is moved, so that it stands before the camera.

    `reach` is the smallest and largest distance in metres, `aside` the largest distance from the
    middle of the picture; beyond 1 the edge cuts buildings off.
    """
    half = 0.5 * camera.size[0] / camera.focal  # tangent of half the field of view
    forward = camera.rotation[2] * (1, 1, 0)
    forward = forward / np.linalg.norm(forward)
    away = rng.uniform(*reach)
    right = camera.rotation[0] * (rng.uniform(-aside, aside) * half)
    spot = camera.position + away * (forward + right)
    shift = spot - (other.lo + other.hi) / 2
    shift[2] = 0.0
    return shift


class Square:
    """The ground before a camera: which of it is free, and what the camera sees so far.

    Args:
        landmark: what is photographed.
        camera: by which.
    """

    def __init__(self, landmark: Landmark, camera: Camera):
        self.camera = camera.scaled(0.5)  # coarse: only shares of pixels are counted
        middle = (landmark.lo + landmark.hi) / 2
        self.distance = float(np.linalg.norm((middle - camera.position)[:2]))
        self.taken = [(landmark.lo, landmark.hi)]
        visible = see(self.camera, landmark.solids[: landmark.n_own])
        self.nearness = visible.nearness
        self.own = visible.solid >= 0
        self.least = (1 - MOST_HIDDEN) * self.own.sum()  # pixels of it that must stay

    def place(self, other: Other, rng: np.random.Generator, wide: float = 0.6) -> Placed | None:
        """Find a place for another landmark: in the picture, free, and hiding little.

        Args:
            other: the landmark. Its bounding box stands for it when pixels are counted.
            rng: draws places, until one will do.
            wide: how far beyond the edges of the picture it may stand in the end; 1 is half the
                width of the picture.

        Returns:
            The landmark in its place, which is taken from now on; None if no place was found.
        """
        for attempt in range(PLACES):
            # before the landmark and beside it; when nothing is free, ever farther behind it, ever
            # farther aside, and ever less of it in the picture
            tired = attempt / PLACES
            reach = (0.4 * self.distance, 1.2 * self.distance + FARTHER * tired)
            aside = 0.9 + wide * tired
            least_shown = LEAST_SHOWN * (1 - 0.7 * tired)
            spot = Placed(other, _shift(other, self.camera, rng, reach, aside))
            if not self._is_free(spot.lo, spot.hi):
                continue
            nearness = see(self.camera, [bounding_block(spot.lo, spot.hi)]).nearness
            shown = nearness > self.nearness
            own = self.own & ~shown
            if shown.mean() >= least_shown and own.sum() >= self.least:
                self.taken.append((spot.lo, spot.hi))
                self.nearness = np.maximum(nearness, self.nearness)
                self.own = own
                return spot
        return None

    def _is_free(self, lo: np.ndarray, hi: np.ndarray) -> bool:
        """Tell whether a box stands clear of the camera and of all that is there already."""
        aside = np.maximum(lo - self.camera.position, self.camera.position - hi)
        if np.linalg.norm(np.maximum(aside[:2], 0)) < AWAY:
            return False
        for other_lo, other_hi in self.taken:
            if (lo[:2] < other_hi[:2] + GAP).all() and (hi[:2] > other_lo[:2] - GAP).all():
                return False
        return True


def draw_others(
    landmark: Landmark, camera: Camera, rng: np.random.Generator, seeds: list[int], count: int
) -> list[Placed]:
    """Put other landmarks into the picture of one; the first do not depend on their number.

    Args:
        landmark: what is photographed.
        camera: by which.
        rng: draws where they stand.
        seeds: of the others, in the order in which they are tried; those that find no place are
            left out.
        count: how many others are wanted.

    Returns:
        The others in their places.

    Raises:
        RuntimeError: too few of them find a place.
    """
    square = Square(landmark, camera)
    placed: list[Placed] = []
    # once more, farther aside, when the first ones leave no room in the picture
    for wide in (0.6, 2.5):
        for seed in seeds:
            if len(placed) < count and seed not in [each.other.seed for each in placed]:
                spot = square.place(other(seed), rng, wide)
                placed += [] if spot is None else [spot]
    if len(placed) < count:
        raise RuntimeError(
            f"landmark {landmark.seed}: of {len(seeds)} others only {len(placed)} found a place, "
            f"expected {count}"
        )
    return placed
