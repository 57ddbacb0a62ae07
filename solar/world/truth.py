"""Compute ground truth from geometry: boxes, correspondences, and easy / hard / junk labels.

The rule for a query and a database image of the same landmark:

* overlap: share of the query's visible landmark surface that the image shows too
* area: share of the image that the landmark fills
* angle: median angle between the two lines of sight to the shared surface
* zoom: median ratio of its sizes in the two images

**junk** if overlap < 10 % or area < 1 %: nobody could tell. **easy** if overlap > 50 %, angle < 50
degrees, zoom between 1/2 and 2.2, and the light is neither dusk, night nor fog. **hard** otherwise.

Book: the mini world (data sheet); chapter 9 (the revisited protocol) uses the labels.
"""

from dataclasses import dataclass

import numpy as np

from .light import DARK
from .photo import Photo

JUNK_OVERLAP = 0.1
JUNK_AREA = 0.01
EASY_OVERLAP = 0.5
EASY_ANGLE = 50.0  # degrees
EASY_ZOOM = (0.5, 2.2)
SAMPLED = 800  # surface points per pair of images, about


@dataclass(frozen=True)
class Shared:
    """What a query and a database image share; see the top of this module.

    Args:
        overlap: share of the query's landmark surface, 0..1.
        area: share of the image, 0..1.
        angle: degrees.
        zoom: how much larger the landmark is in the image than in the query.
        weather: of the database image.

    Example:
        >>> Shared(overlap=0.8, area=0.3, angle=10.0, zoom=1.1, weather="day").label
        'easy'
        >>> Shared(overlap=0.8, area=0.3, angle=10.0, zoom=1.1, weather="night").label
        'hard'
    """

    overlap: float
    area: float
    angle: float
    zoom: float
    weather: str

    @property
    def label(self) -> str:
        """'easy', 'hard' or 'junk'."""
        if self.overlap < JUNK_OVERLAP or self.area < JUNK_AREA:
            return "junk"
        # easy: every condition holds
        fair_light = self.weather not in (*DARK, "fog")
        same_side = self.angle < EASY_ANGLE
        same_size = EASY_ZOOM[0] < self.zoom < EASY_ZOOM[1]
        enough = self.overlap > EASY_OVERLAP
        return "easy" if fair_light and same_side and same_size and enough else "hard"


def box_of(photo: Photo) -> tuple[float, float, float, float]:
    """Return the box around the visible part of the landmark.

    Args:
        photo: a photograph.

    Returns:
        x0, y0, x1, y1 in pixels, x1 and y1 excluded; the whole image if the landmark is not seen.

    Example:
        >>> import numpy as np
        >>> from solar.world import Landmark, choose_view, photograph
        >>> landmark = Landmark(0)
        >>> camera = choose_view(landmark, np.random.default_rng(1), (64, 48), freedom=0.0)
        >>> box_of(photograph(landmark, camera, clutter=0))
        (18.0, 0.0, 45.0, 46.0)
    """
    rows = np.flatnonzero(photo.own.any(1))
    columns = np.flatnonzero(photo.own.any(0))
    if not len(rows):
        width, height = photo.camera.size
        return 0.0, 0.0, float(width), float(height)
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def correspondences(
    a: Photo, b: Photo, rows: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find where one photograph shows the points that another shows.

    Args:
        a: a photograph.
        b: another photograph of the same landmark.
        rows: (n,) rows of pixels in `a`.
        columns: (n,) columns of the same pixels.

    Returns:
        pixels (n, 2): x, y in `b`, and visible (n,) bool: the point lies inside `b`, on the
        landmark, and is not hidden there.

    Example:
        >>> import numpy as np
        >>> from solar.world import Landmark, choose_view, photograph
        >>> landmark = Landmark(0)
        >>> camera = choose_view(landmark, np.random.default_rng(1), (64, 48), freedom=0.0)
        >>> photo = photograph(landmark, camera, clutter=0)
        >>> pixels, visible = correspondences(photo, photo, np.array([24]), np.array([32]))
        >>> visible.item(), np.floor(pixels).tolist()  # the pixel itself
        (True, [[32.0, 24.0]])
    """
    points = a.points[rows, columns]
    pixels, depth = b.camera.project(points)
    # the pixel of `b` that each point falls into; clipped, so that the integers do not overflow
    x = np.floor(np.clip(pixels[:, 0], -1, 1e6)).astype(int)
    y = np.floor(np.clip(pixels[:, 1], -1, 1e6)).astype(int)
    width, height = b.camera.size
    visible = (depth > 0) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x = np.where(visible, x, 0)
    y = np.where(visible, y, 0)
    # not hidden: what `b` shows there is the landmark, at about the right depth
    visible &= b.own[y, x] & (np.abs(b.depth[y, x] - depth) < 0.03 * depth + 0.4)
    return pixels, visible


def _apparent_size(photo: Photo, points: np.ndarray) -> np.ndarray:
    """Return how large one metre at each point (n, 3) is, as a share of the image's width."""
    camera = photo.camera
    _, depth = camera.project(points)
    return camera.focal / camera.size[0] / depth


def shared(query: Photo, image: Photo) -> Shared:
    """Measure what a query and a database image of the same landmark share.

    Args:
        query: photograph of the query.
        image: photograph of the database.

    Returns:
        Overlap, area, angle and zoom; their label follows from them.
    """
    rows, columns = np.nonzero(query.own)
    area = float(image.own.mean())
    nothing = Shared(overlap=0.0, area=area, angle=180.0, zoom=1.0, weather=image.weather)
    if not len(rows):
        return nothing
    # about SAMPLED points of the query's landmark, and which of them the image shows
    step = max(1, len(rows) // SAMPLED)
    rows = rows[::step]
    columns = columns[::step]
    _, visible = correspondences(query, image, rows, columns)
    if not visible.any():
        return nothing
    points = query.points[rows[visible], columns[visible]].astype(float)
    # angle between the lines of sight from both cameras
    to_query = points - query.camera.position
    to_image = points - image.camera.position
    lengths = np.sqrt((to_query**2).sum(1) * (to_image**2).sum(1))
    cosine = (to_query * to_image).sum(1) / lengths
    angle = np.degrees(np.arccos(np.clip(np.median(cosine), -1, 1)))
    zoom = np.median(_apparent_size(image, points) / _apparent_size(query, points))
    return Shared(
        overlap=float(visible.mean()),
        area=area,
        angle=float(angle),
        zoom=float(zoom),
        weather=image.weather,
    )
