"""An image as another camera would see it, if what it shows were flat: homographies.

Book: chapter 12 (matching two photographs).
"""

import cv2
import numpy as np


def project(homography: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Move points by a homography.

    Args:
        homography: (3, 3).
        points: (M, 2) x and y.

    Returns:
        (M, 2) where they go.

    Example:
        >>> import numpy as np
        >>> project(np.diag([2, 2, 1]), np.array([[3, 4]])).tolist()
        [[6.0, 8.0]]
    """
    moved = np.column_stack([points, np.ones(len(points))]) @ np.asarray(homography).T  # (M, 3)
    depth = moved[:, 2:]  # (M, 1); a point at infinity has depth zero
    return moved[:, :2] / np.where(np.abs(depth) < 1e-12, 1e-12, depth)


def warped(
    image: np.ndarray, rng: np.random.Generator, strength: float = 0.15
) -> tuple[np.ndarray, np.ndarray]:
    """Show an image as if from elsewhere, in other light, by another camera.

    Args:
        image: (H, W, 3) uint8.
        rng: NumPy's generator of random numbers.
        strength: largest shift of a corner, as a share of the sides; largest turn, in radians.

    Returns:
        The other image (H, W, 3) uint8, and the homography (3, 3) from `image` to it.

    Example:
        >>> import numpy as np
        >>> other, homography = warped(np.zeros((48, 64, 3), np.uint8), np.random.default_rng(0))
        >>> other.shape, homography.shape
        ((48, 64, 3), (3, 3))
    """
    height, width = image.shape[:2]

    # another viewpoint: every corner moves, then the image is turned about its centre
    corners = np.array(
        [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32
    )
    shifts = rng.uniform(-strength, strength, (4, 2)).astype(np.float32) * (width, height)
    moved = (corners + shifts).astype(np.float32)
    angle = np.degrees(rng.uniform(-strength, strength))
    centre = ((width - 1) / 2, (height - 1) / 2)
    turn = np.vstack([cv2.getRotationMatrix2D(centre, angle, 1), [0, 0, 1]])
    homography = turn @ cv2.getPerspectiveTransform(corners, moved)
    other = cv2.warpPerspective(image, homography, (width, height), flags=cv2.INTER_AREA) / 255.0

    # other light: gamma and brightness
    other = np.asarray(other ** rng.uniform(0.6, 1.6) * rng.uniform(0.6, 1.1), np.float64)

    # another camera: blur and noise
    blurred = cv2.GaussianBlur(other, (0, 0), rng.uniform(0.4, 1.2))
    other = blurred + rng.normal(0, 0.02, other.shape)
    return (255 * other.clip(0, 1)).round().astype(np.uint8), homography
