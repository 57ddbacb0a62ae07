"""How good local descriptors are: false positives at 95 % recall, matching accuracy, pose.

Book: chapters 11 (a local descriptor) and 12 (matching two photographs).
"""

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np

from ..datasets import Patches
from ..images.warping import project, warped
from ..nets.local_net import LocalNet
from ..nets.pooling import l2n
from ..search.protocol import average_precision
from .accuracy import error_auc
from .keypoints import describe_patches, root_sift
from .patches import WINDOW

__all__ = [
    "Describe",
    "Pose",
    "area",
    "described_by",
    "error_curve",
    "fpr95",
    "matching_accuracy",
    "pair_distances",
    "pose_auc",
    "pose_error",
    "project",
    "raw_pixels",
    "relative_pose",
    "score_patches",
    "sift_of_patches",
    "warped",
]

# patches (N, 32, 32) uint8 -> descriptors (N, D), rows of unit length
Describe = Callable[[np.ndarray], np.ndarray]


# ---- descriptors to compare ----


def described_by(net: LocalNet) -> Describe:
    """Turn a local network into a function of patches."""
    return partial(describe_patches, net)


def raw_pixels(patches: np.ndarray) -> np.ndarray:
    """Take the patch itself as its descriptor: its mean taken off, then scaled to unit length.

    Args:
        patches: (N, H, W) grey values.

    Returns:
        (N, H * W) float32; the row of a blank patch is zero.
    """
    pixels = patches.reshape(len(patches), -1).astype(np.float32)  # (N, H, W) -> (N, H * W)
    # brighter light adds to all pixels, and stronger contrast multiplies them: both are taken off
    pixels = pixels - pixels.mean(1, keepdims=True)
    return l2n(pixels)


def sift_of_patches(patches: np.ndarray) -> np.ndarray:
    """Describe patches by RootSIFT: one upright keypoint, whose window is the patch.

    Args:
        patches: (N, H, H) uint8 grey values.

    Returns:
        (N, 128) float32, rows of unit length.
    """
    # a keypoint in the middle, of the size whose window is as wide as the patch
    side = patches.shape[1]
    middle = (side - 1) / 2
    keypoint = cv2.KeyPoint(middle, middle, side / WINDOW, 0)

    # OpenCV describes one image at a time
    sift = cv2.SIFT.create()
    histograms = [np.zeros((0, 128))]
    for patch in patches:
        _, histogram = sift.compute(patch, [keypoint])  # (1, 128)
        histograms.append(histogram)
    return root_sift(np.concatenate(histograms))


# ---- pairs of patches: do they show one point? ----


def pair_distances(descriptors: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return the Euclidean distance of each pair of descriptors.

    Args:
        descriptors: (N, D).
        pairs: (M, 2) numbers of rows.

    Returns:
        (M,) distances.
    """
    first = descriptors[pairs[:, 0]]  # (M, D)
    second = descriptors[pairs[:, 1]]
    return np.linalg.norm(first - second, axis=1)


def fpr95(distances: np.ndarray, same: np.ndarray) -> float:
    """Return the false positive rate at 95 % recall, the measure of PhotoTour (Brown et al., 2011).

    A pair is accepted if its distance is at most a threshold: the smallest one that accepts at
    least 95 % of the pairs that show one point.

    Args:
        distances: (M,) distances of pairs.
        same: (M,) bool, True where both patches show one point.

    Returns:
        The share (0..1) of the pairs of different points that are accepted too.

    Raises:
        ValueError: no pair of one point, or none of different points.

    Example:
        >>> import numpy as np
        >>> from solar.local import fpr95
        >>> fpr95(np.array([0.1, 0.2, 0.15, 0.9]), np.array([True, True, False, False]))
        0.5
    """
    distances = np.asarray(distances)
    same = np.asarray(same, bool)
    if same.all() or not same.any():
        raise ValueError(
            "pairs of one kind only: expected some that show one point, and some that do not"
        )
    # the threshold: the distance of the last pair of one point that must be accepted
    near = np.sort(distances[same])
    threshold = near[int(np.ceil(0.95 * len(near))) - 1]

    # the pairs of different points that come in with them
    return float((distances[~same] <= threshold).mean())


def error_curve(distances: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of pairs accepted as the threshold rises.

    Args:
        distances: (M,) distances of pairs.
        same: (M,) bool, True where both patches show one point.

    Returns:
        Of the pairs of different points, and of the pairs of one point: (M + 1,) each, 0 to 1.
    """
    # from the nearest pair to the farthest: each one accepted is a step of one of the curves
    same = np.asarray(same, bool)[np.argsort(distances, kind="stable")]
    wrong = np.cumsum(~same) / max((~same).sum(), 1)
    right = np.cumsum(same) / max(same.sum(), 1)
    return np.concatenate([[0], wrong]), np.concatenate([[0], right])


def score_patches(describe: Describe, data: Patches) -> float:
    """Return FPR95 (0..1) of a descriptor on the test pairs of `data`."""
    return fpr95(pair_distances(describe(data.patches), data.pairs), data.same)


def area(distances: np.ndarray, right: np.ndarray, positives: int | None = None) -> float:
    """Return the average precision of a list sorted by distance.

    Args:
        distances: (M,) distances.
        right: (M,) bool, the entries that are right.
        positives: how many right entries could have been in the list; None means those in it.

    Returns:
        The area under precision over recall, 0..1.
    """
    # the ranks of the right entries, counted from zero
    order = np.argsort(distances, kind="stable")
    ranks = np.flatnonzero(np.asarray(right, bool)[order])
    if len(ranks) == 0:
        return 0.0

    # the mean over those that were found, then over those that could have been
    return average_precision(ranks) * len(ranks) / (positives or len(ranks))


# ---- matches under a known homography ----


def matching_accuracy(
    a: np.ndarray, b: np.ndarray, homography: np.ndarray, thresholds: Sequence[float] = (1, 3, 5)
) -> dict[float, float]:
    """Return the share of matches that the true homography confirms.

    Args:
        a: (M, 2) points (x, y) in one image, pixels.
        b: (M, 2) the points matched to them in the other one.
        homography: (3, 3), from the first image to the second.
        thresholds: pixels by which a confirmed match may be off.

    Returns:
        Threshold -> share (0..1), 0 where there are no matches.

    Example:
        >>> import numpy as np
        >>> from solar.local import matching_accuracy
        >>> a = np.array([[0.0, 0.0], [5.0, 5.0]])
        >>> matching_accuracy(a, a + [[0, 0], [2, 0]], np.eye(3))
        {1: 0.5, 3: 1.0, 5: 1.0}
    """
    error = np.linalg.norm(project(homography, a) - b, axis=1)  # (M,)
    if len(error) == 0:
        return dict.fromkeys(thresholds, 0.0)
    return {threshold: float((error <= threshold).mean()) for threshold in thresholds}


# ---- the pose of the second camera ----

Pose = tuple[np.ndarray, np.ndarray]  # rotation (3, 3), direction of the translation (3,)


def relative_pose(
    a: np.ndarray, b: np.ndarray, inner_a: np.ndarray, inner_b: np.ndarray, threshold: float = 0.5
) -> Pose | None:
    """Find the pose of camera b relative to camera a, from matched points.

    Args:
        a: (M, 2) points (x, y) in the image of camera a, pixels.
        b: (M, 2) the points matched to them in the image of camera b.
        inner_a: (3, 3) inner matrix of camera a, for the same pixels.
        inner_b: (3, 3) inner matrix of camera b.
        threshold: pixels by which an inlier may be off.

    Returns:
        Rotation (3, 3) and direction of the translation (3,); None if there is no pose.
    """
    if len(a) < 5:
        return None

    # pixels become rays: the plane at distance one in front of each camera
    a = project(np.linalg.inv(inner_a), a)
    b = project(np.linalg.inv(inner_b), b)
    focal = (inner_a[0, 0] + inner_b[0, 0]) / 2  # pixels per unit on that plane

    essential, mask = cv2.findEssentialMat(
        a, b, np.eye(3), method=cv2.USAC_MAGSAC, prob=0.9999, threshold=threshold / focal
    )
    if essential is None or essential.shape != (3, 3):
        return None

    # four poses have this essential matrix: points must lie in front of both cameras
    _, rotation, direction, _ = cv2.recoverPose(essential, a, b, np.eye(3), mask=mask)
    return rotation, direction.ravel()


def pose_error(pose: Pose | None, rotation: np.ndarray, translation: np.ndarray) -> float:
    """Return the larger of the angles by which rotation and direction are off.

    Args:
        pose: what `relative_pose` returned.
        rotation: the true rotation (3, 3).
        translation: the true translation (3,), of any length.

    Returns:
        Degrees; 180 where there is no pose.
    """
    if pose is None:  # no answer counts as the worst one
        return 180.0
    pose_rotation, direction = pose

    # the angle of the rotation that remains: trace = 1 + 2 cos(angle)
    cosine = (np.trace(pose_rotation.T @ rotation) - 1) / 2
    rotation_error = np.degrees(np.arccos(np.clip(cosine, -1, 1)))

    # the angle between the directions; how far the camera moved cannot be known
    lengths = np.linalg.norm(direction) * np.linalg.norm(translation)
    cosine = direction @ translation / max(lengths, 1e-12)
    direction_error = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return float(max(rotation_error, direction_error))


def pose_auc(
    errors: Sequence[float], thresholds: Sequence[float] = (5, 10, 20)
) -> dict[float, float]:
    """Return the area under the curve of pose errors, for each threshold.

    The curve is the share of pairs whose error lies below t, for t from 0 to the threshold (see
    `accuracy.error_auc`).

    Args:
        errors: degrees, one per pair.
        thresholds: degrees.

    Returns:
        Threshold -> area (0..1).
    """
    return error_auc(errors, thresholds)
