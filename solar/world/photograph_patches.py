"""Cut patches that show the same point in real photographs, under known homographies.

The renderer's photographs have exact geometry and little texture. A real photograph has the texture
and no geometry; but if it is warped by a known homography, every point of it is known in the other
image. So both have a detector's real errors:

1. SIFT finds keypoints in a photograph. Two of them are never at one place.
2. The photograph is warped again and again, with other light, blur and noise, and SIFT finds
   keypoints in each warp anew.
3. A keypoint of the photograph and one of a warp show the same point if the true homography brings
   them together: within 2.5 pixels, half an octave of size and 25 degrees. Each is the other's
   nearest of those.
4. The photograph's keypoint and all that were paired with it are the patches of one point.

Book: chapter 11 (a local descriptor).
"""

import cv2
import numpy as np

from ..images.warping import project, warped
from .formats import PATCH_SIDE
from .patches import WINDOW, cut_patch
from .photographs import PHOTOGRAPHS, read_photograph

LONGEST = 640  # longer side of a photograph in pixels
KEYPOINTS = 1500  # of one image, at most
MIN_DISTANCE = 3.0  # pixels between two keypoints of a photograph

# warps: from gentle to strong
STRENGTHS = (0.05, 0.3)

# when two keypoints show the same point
MAX_DISTANCE = 2.5  # pixels
MAX_OCTAVES = 0.5  # of size
MAX_TURN = 25.0  # degrees

# which points become patches
MAX_POINTS = 1000  # of one photograph
MAX_PATCHES = 6  # of one point


def detect_keypoints(image: np.ndarray) -> np.ndarray:
    """Detect keypoints by SIFT.

    Args:
        image: (H, W, 3) uint8 RGB.

    Returns:
        (n, 4) x, y, size in pixels, angle in degrees, the strongest first. Values are rounded to
        two digits, so that they are the same on every machine.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    keypoints = cv2.SIFT_create(KEYPOINTS).detect(grey, None)
    # equal responses are put in order by their place
    keypoints = sorted(keypoints, key=lambda k: (-round(k.response, 4), k.pt, k.angle))
    rows = [(*k.pt, k.size, k.angle) for k in keypoints[:KEYPOINTS]]
    return np.round(np.array(rows).reshape(-1, 4), 2)


def spread(keypoints: np.ndarray) -> np.ndarray:
    """Keep the keypoints that are not too near to a stronger one.

    Args:
        keypoints: (n, 4), the strongest first.

    Returns:
        (m, 4), in the same order.

    Example:
        >>> import numpy as np
        >>> keypoints = np.array([[5, 5, 4, 0], [6, 5, 4, 90], [9, 5, 4, 0]])
        >>> spread(keypoints)[:, 0].tolist()
        [5, 9]
    """
    kept = np.zeros((0, 4), keypoints.dtype)
    for keypoint in keypoints:
        distances = np.hypot(kept[:, 0] - keypoint[0], kept[:, 1] - keypoint[1])
        if not (distances < MIN_DISTANCE).any():
            kept = np.concatenate([kept, keypoint[None]])
    return kept


def move_keypoints(keypoints: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """Move keypoints by a homography: place, size and angle.

    Args:
        keypoints: (n, 4) x, y, size, angle in degrees.
        homography: (3, 3).

    Returns:
        (n, 4): where each goes, and what becomes of an arrow as long as its size along its angle.

    Example:
        >>> import numpy as np
        >>> move_keypoints(np.array([[3.0, 4.0, 2.0, 90.0]]), np.diag([2, 2, 1])).tolist()
        [[6.0, 8.0, 4.0, 90.0]]
    """
    radians = np.radians(keypoints[:, 3])
    arrows = keypoints[:, 2:3] * np.stack([np.cos(radians), np.sin(radians)], 1)  # (n, 2)
    places = project(homography, keypoints[:, :2])
    moved = project(homography, keypoints[:, :2] + arrows) - places  # (n, 2)
    angles = np.degrees(np.arctan2(moved[:, 1], moved[:, 0]))
    return np.column_stack([places, np.hypot(moved[:, 0], moved[:, 1]), angles])


def pair_keypoints(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Pair keypoints that were expected in an image with those that were found there.

    Args:
        expected: (n, 4) x, y, size, angle in degrees.
        found: (m, 4).

    Returns:
        (p, 2) numbers of rows: each is the nearest of all that the other may be paired with.

    Example:
        >>> import numpy as np
        >>> expected = np.array([[10.0, 10.0, 4.0, 350.0]])
        >>> found = np.array([[10.0, 10.0, 4.0, 90.0], [11.0, 10.0, 5.0, 2.0]])
        >>> pair_keypoints(expected, found).tolist()  # the first is turned too far
        [[0, 1]]
    """
    if not len(expected) or not len(found):
        return np.zeros((0, 2), int)

    # differences of all pairs, (n, m) each
    distances = np.hypot(
        expected[:, None, 0] - found[None, :, 0], expected[:, None, 1] - found[None, :, 1]
    )
    sizes = np.log2(np.maximum(expected[:, 2], 1e-3))[:, None]
    octaves = np.abs(sizes - np.log2(np.maximum(found[:, 2], 1e-3))[None])
    turns = np.abs((expected[:, None, 3] - found[None, :, 3] + 180) % 360 - 180)
    fits = (distances <= MAX_DISTANCE) & (octaves <= MAX_OCTAVES) & (turns <= MAX_TURN)

    # the nearest that fits, both ways
    distances = np.where(fits, distances, np.inf)
    nearest = distances.argmin(1)  # (n,)
    back = distances.argmin(0)  # (m,)
    rows = np.arange(len(expected))
    good = fits[rows, nearest] & (back[nearest] == rows)
    return np.stack([rows[good], nearest[good]], 1)


def _frame(keypoint: np.ndarray) -> np.ndarray:
    """Return the window of a keypoint (4,) as `cut_patch` wants it: pixel centres at halves."""
    x, y, size, angle = keypoint
    return np.array([x + 0.5, y + 0.5, WINDOW * size, np.radians(angle)])


def photograph_patches(number: int, views: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut the patches of one photograph and its warps.

    Args:
        number: of the photograph, in `PHOTOGRAPHS`; it is the seed, too.
        views: how many warps.

    Returns:
        patches (N, 64, 64) uint8, and labels (N, 2): number of the point, number of the image: 0
        for the photograph, 1 and on for its warps.
    """
    image = read_photograph(PHOTOGRAPHS[number], LONGEST)
    keypoints = spread(detect_keypoints(image))  # (n, 4)
    greys = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)]
    # for each keypoint of the photograph: (number of the image, keypoint there)
    shown = [[(0, keypoint)] for keypoint in keypoints]
    for view in range(views):
        rng = np.random.default_rng([number, view, 8])
        other, homography = warped(image, rng, rng.uniform(*STRENGTHS))
        greys.append(cv2.cvtColor(other, cv2.COLOR_RGB2GRAY))
        found = detect_keypoints(other)
        for row, column in pair_keypoints(move_keypoints(keypoints, homography), found):
            shown[row].append((view + 1, found[column]))

    # draw which points are kept, of those that two images show, and which of their patches
    rng = np.random.default_rng([number, 9])
    points = [point for point in shown if len(point) > 1]
    chosen = sorted(rng.permutation(len(points))[:MAX_POINTS])
    labels = []
    patches = []
    for n, i in enumerate(chosen):
        others = sorted(rng.permutation(len(points[i]) - 1)[: MAX_PATCHES - 1] + 1)
        for j in [0, *others]:
            view, keypoint = points[i][j]
            labels.append((n, view))
            patches.append(cut_patch(greys[view], _frame(keypoint)))
    return (
        np.array(patches, np.uint8).reshape(-1, PATCH_SIDE, PATCH_SIDE),
        np.array(labels, int).reshape(-1, 2),
    )
