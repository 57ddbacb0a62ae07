"""What a set of matches agrees on: a homography or a fundamental matrix.

Book: chapter 12 (matching two photographs).
"""

from dataclasses import dataclass

import cv2
import numpy as np

FEWEST = {"homography": 4, "fundamental": 8}  # model -> the matches that determine one


@dataclass(frozen=True)
class Geometry:
    """What a set of matches agrees on.

    Attributes:
        matrix: the homography or fundamental matrix (3, 3), or None if they agree on nothing.
        inliers: (M,) bool, the matches that agree.
    """

    matrix: np.ndarray | None
    inliers: np.ndarray


def fundamental_of_cameras(
    intrinsics_a: np.ndarray,
    intrinsics_b: np.ndarray,
    rotation: np.ndarray,
    translation: np.ndarray,
) -> np.ndarray:
    """Return the fundamental matrix of two known cameras: it takes a point of a to its line in b.

    F = K_b^-T [t]x R K_a^-1; a point (x, y) of image a has the line F (x, y, 1) in image b.

    Source: Hartley and Zisserman, Multiple View Geometry (2004).
    Equation: eq-fundamental.

    Args:
        intrinsics_a: (3, 3) intrinsic matrix of camera a, pixels.
        intrinsics_b: (3, 3) intrinsic matrix of camera b.
        rotation: (3, 3), from the frame of a to the frame of b.
        translation: (3,), likewise; of any length above zero.

    Example:
        >>> import numpy as np
        >>> sideways = fundamental_of_cameras(np.eye(3), np.eye(3), np.eye(3), np.array([1, 0, 0]))
        >>> (sideways @ [0.2, 0.5, 1]).tolist()  # the row of the point: 0 x - 1 y + 0.5 = 0
        [0.0, -1.0, 0.5]
    """
    x, y, z = np.asarray(translation, float)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])  # cross @ v = translation x v
    return np.linalg.inv(intrinsics_b).T @ cross @ rotation @ np.linalg.inv(intrinsics_a)


def verify_geometry(
    a: np.ndarray, b: np.ndarray, model: str = "homography", threshold: float = 3.0
) -> Geometry:
    """Find the homography or fundamental matrix that most of the matched points agree on.

    The search is OpenCV's USAC with MAGSAC++ (Barath et al., 2020); its result is the same at every
    call.

    Args:
        a: (M, 2) points (x, y) in one image, pixels.
        b: (M, 2) the points matched to them in the other one.
        model: 'homography' (a plane, or a camera that only turned) or 'fundamental'.
        threshold: pixels by which an inlier may be off.

    Raises:
        ValueError: unknown model, or points of other shapes.

    Example:
        >>> import numpy as np
        >>> a = np.random.default_rng(0).uniform(0, 100, (50, 2))
        >>> geometry = verify_geometry(a, a + [10, 5])  # the camera moved sideways
        >>> int(geometry.inliers.sum()), geometry.matrix.shape
        (50, (3, 3))
    """
    if model not in FEWEST:
        raise ValueError(f"model={model!r}: expected 'homography' or 'fundamental'")
    a = np.asarray(a, np.float64)
    b = np.asarray(b, np.float64)
    if a.shape != b.shape or a.shape[1:] != (2,):
        raise ValueError(f"points {a.shape} and {b.shape}: expected (M, 2) twice")

    # fewer matches than the model has unknowns agree on anything, that is on nothing
    nothing = Geometry(None, np.zeros(len(a), bool))
    if len(a) < FEWEST[model]:
        return nothing

    # draw small samples of matches, fit a model to each, keep the one that most matches support
    find = cv2.findHomography if model == "homography" else cv2.findFundamentalMat
    try:
        matrix, mask = find(
            a,
            b,
            method=cv2.USAC_MAGSAC,
            ransacReprojThreshold=threshold,
            maxIters=10_000,
            confidence=0.9999,
        )
    except cv2.error:  # points on one spot or one line: no model
        return nothing
    if matrix is None or matrix.shape != (3, 3):
        return nothing
    return Geometry(matrix, mask.ravel().astype(bool))
