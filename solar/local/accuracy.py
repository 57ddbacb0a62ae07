"""How right the matches of two images are: precision, recall, matching score, homographies.

Some keypoints of one image have no counterpart in the other: their point lies outside, or something
hides it. No method can match these, so they count neither for nor against it. What is counted, with
a match right if it lies within `threshold` pixels of the true place:

* precision: of the matches whose keypoint is covisible, the share that is right
* matching score: right matches / covisible keypoints, of the image that has fewer of them
  (Mikolajczyk and Schmid, 2005)
* recall: right matches / keypoints for which the other image has a keypoint at the true place
* matching accuracy (MMA, of Dusmanu et al., 2019): `matching_accuracy`, over all matches
* AUC of the homography (DeTone et al., 2018; Sarlin et al., 2020): `corner_error`, `error_auc`

Book: chapter 12 (matching two photographs).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..images.warping import project


@dataclass(frozen=True)
class Expected:
    """Where the other image shows what the keypoints of one image show.

    Attributes:
        places: (N, 2) x and y in pixels of the other image.
        seen: (N,) bool, whether the other image shows the point at all.

    Example:
        >>> import numpy as np
        >>> Expected(np.zeros((3, 2)), np.array([True, True, False])).seen.sum()
        np.int64(2)
    """

    places: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True)
class Counts:
    """What was counted on one pair of images.

    Attributes:
        matches: matches whose keypoint in the first image is covisible.
        right: those of them that lie at the true place.
        covisible: covisible keypoints of the image that has fewer of them.
        possible: covisible keypoints of the first image for which the second has a keypoint at the
            true place.

    Example:
        >>> counts = Counts(matches=50, right=40, covisible=100, possible=80)
        >>> counts.precision, counts.recall, counts.matching_score
        (0.8, 0.5, 0.4)
    """

    matches: int
    right: int
    covisible: int
    possible: int

    @property
    def precision(self) -> float:
        """Return the share of matches that are right, 0..1; 0 where there are none."""
        return self.right / max(self.matches, 1)

    @property
    def recall(self) -> float:
        """Return the share of possible matches that were found and are right, 0..1."""
        return self.right / max(self.possible, 1)

    @property
    def matching_score(self) -> float:
        """Return right matches over covisible keypoints, 0..1."""
        return self.right / max(self.covisible, 1)


def under_homography(points: np.ndarray, homography: np.ndarray, size: tuple[int, int]) -> Expected:
    """Return where an image shows the points of another one, if all of it is flat.

    Args:
        points: (N, 2) x and y in pixels; centres of pixels are whole numbers.
        homography: (3, 3), from the points' image to the other one.
        size: width and height of the other image; points outside are not seen.

    Example:
        >>> import numpy as np
        >>> there = under_homography(np.array([[1, 1], [9, 9]]), np.diag([2, 2, 1]), (12, 12))
        >>> there.places.tolist(), there.seen.tolist()
        ([[2.0, 2.0], [18.0, 18.0]], [True, False])
    """
    points = np.asarray(points, float)
    places = project(homography, points)  # (N, 2)
    inside = (places >= -0.5) & (places < np.array(size) - 0.5)

    # a point behind the camera has a negative third coordinate; the sign of the whole matrix means
    # nothing, and is chosen such that it keeps what is left and right
    matrix = np.asarray(homography) * np.sign(np.linalg.det(homography))
    third = np.column_stack([points, np.ones(len(points))]) @ matrix[2]
    return Expected(places, inside.all(1) & (third > 0))


def count_right(
    a: np.ndarray,
    b: np.ndarray,
    matches: np.ndarray,
    a_in_b: Expected,
    b_in_a: Expected,
    threshold: float = 3.0,
) -> Counts:
    """Count right matches among keypoints that both images show.

    Args:
        a: (N, 2 or more) keypoints of the first image, x and y first.
        b: (N', 2 or more) keypoints of the second image.
        matches: (M, 2) numbers of keypoints, in `a` and in `b`.
        a_in_b: where the second image shows the points of `a`.
        b_in_a: where the first image shows the points of `b`.
        threshold: pixels in the second image by which a right match may be off.

    Example:
        >>> import numpy as np
        >>> points = np.array([[0.0, 0.0], [5.0, 5.0], [9.0, 0.0]])
        >>> there = Expected(points, np.array([True, True, False]))  # the same image, one hidden
        >>> count_right(points, points, np.array([[0, 0], [1, 0], [2, 2]]), there, there)
        Counts(matches=2, right=1, covisible=2, possible=2)
    """
    matches = np.asarray(matches, int).reshape(-1, 2)
    b = np.asarray(b, float)[:, :2]

    # matches of covisible keypoints, and how far each is off
    counted = matches[a_in_b.seen[matches[:, 0]]]  # (M', 2)
    off = a_in_b.places[counted[:, 0]] - b[counted[:, 1]]  # (M', 2)
    right = np.hypot(off[:, 0], off[:, 1]) <= threshold

    # covisible keypoints of the first image that could have been matched: row by row, so that
    # never more than N' distances are held
    possible = 0
    for place in a_in_b.places[a_in_b.seen]:
        possible += bool((np.hypot(b[:, 0] - place[0], b[:, 1] - place[1]) <= threshold).any())

    # the image with fewer covisible keypoints limits how many right matches there can be
    fewer = min(int(a_in_b.seen.sum()), int(b_in_a.seen.sum()))
    return Counts(len(counted), int(right.sum()), fewer, possible)


def corner_error(homography: np.ndarray | None, true: np.ndarray, size: tuple[int, int]) -> float:
    """Return how far an estimated homography moves the corners of an image from the truth.

    Source: DeTone et al., SuperPoint (2018): the mean over the four corners.

    Args:
        homography: (3, 3) that was estimated, or None.
        true: (3, 3), the true one.
        size: width and height of the image that they start from.

    Returns:
        Pixels; infinity where there is no homography.

    Example:
        >>> import numpy as np
        >>> moved = np.array([[1, 0, 3], [0, 1, 4], [0, 0, 1]])  # 3 to the right, 4 down
        >>> corner_error(moved, np.eye(3), (640, 480))
        5.0
    """
    if homography is None:  # no answer counts as the worst one
        return np.inf
    width, height = size
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], float)
    off = project(homography, corners) - project(true, corners)  # (4, 2)
    return float(np.hypot(off[:, 0], off[:, 1]).mean())


def error_auc(errors: Sequence[float], thresholds: Sequence[float]) -> dict[float, float]:
    """Return the area under the curve of errors, for each threshold.

    The curve is the share of pairs whose error lies below t, for t from 0 to the threshold; the
    area is divided by the threshold. It is the exact area of the steps; SuperGlue's script joins
    the steps by straight lines, which gives up to half a pair more.

    Args:
        errors: one per pair, in pixels or degrees; infinity where there was no answer.
        thresholds: in the same unit, above zero.

    Returns:
        Threshold -> area (0..1); 0 if there are no errors.

    Example:
        >>> error_auc([1.0, 4.0, float("inf")], (2, 8))  # (0.5 + 0 + 0) / 3, (7/8 + 4/8 + 0) / 3
        {2: 0.16666666666666666, 8: 0.4583333333333333}
    """
    # each pair adds the part of 0..threshold that lies above its error
    values = np.asarray(errors, float)
    if not len(values):
        return dict.fromkeys(thresholds, 0.0)
    return {limit: float(np.maximum(1 - values / limit, 0).mean()) for limit in thresholds}
