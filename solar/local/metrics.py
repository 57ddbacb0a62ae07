"""How good local descriptors are: false positives at 95 % recall, matching accuracy, pose."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from ..datasets import Patches
from ..search.protocol import average_precision
from .matching import WINDOW, describe_patches, root_sift

Describe = Callable[
    [np.ndarray], np.ndarray
]  # patches (N, 32, 32) uint8 -> descriptors (N, D), rows of unit length


def described_by(net) -> Describe:
    """A network as a function of patches."""
    return lambda patches: describe_patches(net, patches)


def raw_pixels(patches: np.ndarray) -> np.ndarray:
    """The patch itself as its descriptor: mean taken off, then unit length; (N, H, W) -> (N, H *
    W).
    """
    rows = patches.reshape(len(patches), -1).astype(np.float32)
    rows = rows - rows.mean(1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def sift_of_patches(patches: np.ndarray) -> np.ndarray:
    """RootSIFT of patches (N, H, H) uint8: one upright keypoint whose window is the patch, (N,
    128).
    """
    side = patches.shape[1]
    whole = cv2.KeyPoint((side - 1) / 2, (side - 1) / 2, side / WINDOW, 0)
    sift = cv2.SIFT_create()
    return root_sift(
        np.concatenate(
            [np.zeros((0, 128)), *(sift.compute(patch, [whole])[1] for patch in patches)]
        )
    )


def pair_distances(descriptors: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Euclidean distance of each pair (M, 2) of rows."""
    return np.linalg.norm(descriptors[pairs[:, 0]] - descriptors[pairs[:, 1]], axis=1)


def fpr95(distances: np.ndarray, same: np.ndarray) -> float:
    """Share (0..1) of the pairs of different points that are accepted at the threshold which
    accepts 95 % of the same.

    The measure of PhotoTour (Brown et al., 2011). A pair is accepted if its distance is at most the
    threshold, the smallest with which at least 95 % of the pairs of one point are.

    Raises:
        ValueError: no pair of one point, or none of different points.
    """
    same = np.asarray(same, bool)
    if same.all() or not same.any():
        raise ValueError(
            "pairs of one kind only: expected some that show one point, and some that do not"
        )
    near = np.sort(np.asarray(distances)[same])
    threshold = near[int(np.ceil(0.95 * len(near))) - 1]
    return float((np.asarray(distances)[~same] <= threshold).mean())


def error_curve(distances: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares accepted, of different points and of the same, as the threshold rises: (M + 1,) each,
    from 0 to 1.
    """
    same = np.asarray(same, bool)[np.argsort(distances, kind="stable")]
    wrong, right = np.cumsum(~same) / max((~same).sum(), 1), np.cumsum(same) / max(same.sum(), 1)
    return np.concatenate([[0], wrong]), np.concatenate([[0], right])


def score_patches(describe: Describe, data: Patches) -> float:
    """FPR95 (0..1) of a descriptor on the test pairs of `data`."""
    return fpr95(pair_distances(describe(data.patches), data.pairs), data.same)


def area(distances: np.ndarray, right: np.ndarray, positives: int | None = None) -> float:
    """Average precision of a list sorted by distance; `positives` if more could have been found
    than are in it.
    """
    ranks = np.flatnonzero(np.asarray(right, bool)[np.argsort(distances, kind="stable")])
    return average_precision(ranks) * len(ranks) / (positives or len(ranks)) if len(ranks) else 0.0


def project(homography: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (M, 2) under a homography (3, 3)."""
    moved = np.column_stack([points, np.ones(len(points))]) @ np.asarray(homography).T
    return moved[:, :2] / np.where(np.abs(moved[:, 2:]) < 1e-12, 1e-12, moved[:, 2:])


def matching_accuracy(
    a: np.ndarray, b: np.ndarray, homography: np.ndarray, thresholds: Sequence = (1, 3, 5)
) -> dict:
    """Share of matches (M, 2), (M, 2) that the true homography confirms: {pixels: share}, 0 where
    there are none.
    """
    error = np.linalg.norm(project(homography, a) - b, axis=1)
    return {t: float((error <= t).mean()) if len(error) else 0.0 for t in thresholds}


def warped(image: np.ndarray, rng, strength: float = 0.15) -> tuple[np.ndarray, np.ndarray]:
    """A picture (H, W, 3) as seen from elsewhere, in other light, by another camera: the picture,
    and the homography.

    Args:
        strength: how far the corners move, as a share of the sides; it also turns, by up to as many
            radians.
    """
    height, width = image.shape[:2]
    corners = np.array(
        [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32
    )
    moved = corners + rng.uniform(-strength, strength, (4, 2)).astype(np.float32) * (width, height)
    centre, angle = (
        ((width - 1) / 2, (height - 1) / 2),
        np.degrees(rng.uniform(-strength, strength)),
    )
    turn = np.vstack([cv2.getRotationMatrix2D(centre, angle, 1), [0, 0, 1]])
    homography = turn @ cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    other = cv2.warpPerspective(image, homography, (width, height), flags=cv2.INTER_AREA) / 255.0
    other = other ** rng.uniform(0.6, 1.6) * rng.uniform(0.6, 1.1)
    other = cv2.GaussianBlur(other, (0, 0), rng.uniform(0.4, 1.2)) + rng.normal(
        0, 0.02, other.shape
    )
    return (255 * other.clip(0, 1)).round().astype(np.uint8), homography


def relative_pose(
    a: np.ndarray, b: np.ndarray, inner_a: np.ndarray, inner_b: np.ndarray, threshold: float = 0.5
):
    """Rotation (3, 3) and direction (3,) of camera b against a, from matched pixels (M, 2); None if
    there is none.

    Args:
        inner_a, inner_b: (3, 3) inner matrices of both cameras, for the same pixels.  threshold:
            pixels.
    """
    if len(a) < 5:
        return None
    a, b = (project(np.linalg.inv(inner), points) for inner, points in ((inner_a, a), (inner_b, b)))
    focal = (inner_a[0, 0] + inner_b[0, 0]) / 2
    options = dict(method=cv2.USAC_MAGSAC, prob=0.9999, threshold=threshold / focal)
    essential, mask = cv2.findEssentialMat(a, b, np.eye(3), **options)
    if essential is None or essential.shape != (3, 3):
        return None
    _, rotation, direction, _ = cv2.recoverPose(essential, a, b, np.eye(3), mask=mask)
    return rotation, direction.ravel()


def pose_error(found, rotation: np.ndarray, translation: np.ndarray) -> float:
    """The larger of the two angles, in degrees, by which rotation and direction are off; 180 where
    none was found.
    """
    if found is None:
        return 180.0
    turned = np.degrees(np.arccos(np.clip((np.trace(found[0].T @ rotation) - 1) / 2, -1, 1)))
    cosine = (
        found[1] @ translation / max(np.linalg.norm(found[1]) * np.linalg.norm(translation), 1e-12)
    )
    return float(max(turned, np.degrees(np.arccos(np.clip(cosine, -1, 1)))))


def pose_auc(errors: Sequence[float], thresholds: Sequence = (5, 10, 20)) -> dict:
    """Area under the share of pairs whose pose error lies below t, for t from 0 to each threshold:
    {degrees: 0..1}.
    """
    errors = np.asarray(errors, float)
    return {t: float(np.maximum(1 - errors / t, 0).mean()) for t in thresholds}
