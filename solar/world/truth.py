"""Ground truth by geometry: boxes, and easy / hard / junk from what two photographs both show.

The rule, for a query and a database image of the same landmark:

* overlap  share of the query's visible landmark surface that the image shows too
* area     share of the image that the landmark fills
* angle    median angle between the two lines of sight to the shared surface
* zoom     median ratio of its sizes in the two pictures

**junk** if overlap < 12 % or area < 2 %: nobody could tell.  **easy** if overlap > 50 %, angle < 32
degrees, zoom between 1/2 and 2.2, and the light is neither dusk, night nor fog.  **hard**
otherwise.
"""

from dataclasses import dataclass

import numpy as np

from .light import DARK
from .photo import Photo

JUNK_OVERLAP, JUNK_AREA = 0.12, 0.02
EASY_OVERLAP, EASY_ANGLE, EASY_ZOOM = 0.5, 32.0, (0.5, 2.2)
SAMPLED = 800  # surface points a pair


@dataclass(frozen=True)
class Shared:
    """What two photographs share; see the module's text. `angle` in degrees."""

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
        fair = self.weather not in (*DARK, "fog")
        alike = self.angle < EASY_ANGLE and EASY_ZOOM[0] < self.zoom < EASY_ZOOM[1]
        return "easy" if fair and alike and self.overlap > EASY_OVERLAP else "hard"


def box_of(photo: Photo) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 in pixels around the landmark's visible part; the whole picture if it is not
    seen.
    """
    rows, columns = np.flatnonzero(photo.own.any(1)), np.flatnonzero(photo.own.any(0))
    if not len(rows):
        return 0.0, 0.0, float(photo.camera.size[0]), float(photo.camera.size[1])
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def correspondences(
    a: Photo, b: Photo, rows: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where `b` shows the points that `a` shows at pixels (rows, columns).

    Returns:
        pixels (n, 2): x, y in `b`;  visible (n,) bool: inside, on the landmark and not hidden
        there.
    """
    points = a.points[rows, columns]
    pixels, depth = b.camera.project(points)
    x, y = (np.floor(np.clip(pixels[:, i], -1, 1e6)).astype(int) for i in (0, 1))
    width, height = b.camera.size
    visible = (depth > 0) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x, y = np.where(visible, x, 0), np.where(visible, y, 0)
    visible &= b.own[y, x] & (np.abs(b.depth[y, x] - depth) < 0.03 * depth + 0.4)
    return pixels, visible


def shared(query: Photo, image: Photo) -> Shared:
    """Overlap, area, angle and zoom of a database `image` for a `query` of the same landmark."""
    rows, columns = np.nonzero(query.own)
    area = float(image.own.mean())
    if not len(rows):
        return Shared(0.0, area, 180.0, 1.0, image.weather)
    step = max(1, len(rows) // SAMPLED)
    rows, columns = rows[::step], columns[::step]
    _, visible = correspondences(query, image, rows, columns)
    if not visible.any():
        return Shared(0.0, area, 180.0, 1.0, image.weather)
    points = query.points[rows[visible], columns[visible]].astype(float)
    to_query, to_image = points - query.camera.position, points - image.camera.position
    cosine = (to_query * to_image).sum(1) / np.sqrt((to_query**2).sum(1) * (to_image**2).sum(1))
    angle = np.degrees(np.arccos(np.clip(np.median(cosine), -1, 1)))
    size = [c.focal / c.size[0] / c.project(points)[1] for c in (query.camera, image.camera)]
    return Shared(
        float(visible.mean()),
        area,
        float(angle),
        float(np.median(size[1] / size[0])),
        image.weather,
    )
