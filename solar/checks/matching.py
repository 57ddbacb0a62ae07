"""Checks of the exercises on matching two photographs.

Book: chapter 12 (matching two photographs).
"""

from collections.abc import Callable

import numpy as np

from ..local.matching import WINDOW
from ..local.matching import match as right_match
from ..local.metrics import project as right_project
from .basics import judge, same


def _unit_rows(x: np.ndarray) -> np.ndarray:
    """Divide each row of x (N, D) by its length."""
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    """Tell whether two arrays have one shape and the same numbers."""
    return a.shape == b.shape and bool((a == b).all())


def why_wrong_matches(function: Callable) -> str | None:
    """Return the first reason why `function` does not match descriptors, or None."""
    # 40 descriptors in one image, noisy copies of 25 of them in the other
    rng = np.random.default_rng(4)
    b = rng.normal(size=(40, 5))
    a = b[:25] + 0.35 * rng.normal(size=(25, 5))
    a = _unit_rows(a)
    b = _unit_rows(b)
    answer = np.asarray(function(a, b, 0.8))
    right = right_match(a, b, 0.8)

    # the ratio test from b to a: matches (j, i), turned to (i, j) and sorted by i
    swapped = right_match(b, a, 0.8)[:, ::-1]
    swapped = swapped[np.argsort(swapped[:, 0])]

    if answer.ndim != 2 or answer.shape[1] != 2:
        return f"The shape is {answer.shape}; expected (M, 2)."
    if _equal(answer, right_match(a, b, None)):
        return "The ratio test is missing."
    if _equal(answer, right_match(a, b, 0.8, mutual=False)):
        return "The mutual check is missing."
    if _equal(answer, right_match(a, b, None, mutual=False)):
        return "These are all nearest neighbours: now the two tests."
    if _equal(answer, right_match(a, b, 0.8**0.5)):
        return "These are squared distances: 0.8 is a ratio of plain ones."
    if _equal(answer, swapped) and not _equal(answer, right):
        return "The ratio test runs in the wrong picture: it compares two rows of b for one of a."
    if not _equal(answer, right):
        return "Nearest below 0.8 x second nearest, and nearest both ways."
    return None


def matches(function: Callable) -> None:
    """Check the exercise on matching and print a verdict.

    Args:
        function: `function(a, b, ratio)` gives the pairs (M, 2) of row numbers of descriptors a
            (N, D) and b (N', D) that are mutual nearest neighbours and pass the ratio test.

    Example:
        >>> matches(lambda a, b, ratio: np.arange(25))
        matches: not yet. The shape is (25,); expected (M, 2).
    """
    judge("matches", why_wrong_matches, function)


def why_wrong_corners(function: Callable) -> str | None:
    """Return the first reason why `function` does not find a window's corners, or None."""
    x = 50.0
    y = 40.0
    size = 4.0
    angle = 30.0
    answer = np.asarray(function(x, y, size, angle), float)
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * size * WINDOW / 2  # (4, 2)

    def turned(radians: float, square: np.ndarray = square) -> np.ndarray:
        # turn the square by an angle and move it to (x, y)
        c = np.cos(radians)
        s = np.sin(radians)
        return np.array([x, y]) + square @ np.array([[c, s], [-s, c]])

    right = turned(np.radians(angle))

    if answer.shape != (4, 2):
        return f"The shape is {answer.shape}; expected (4, 2)."
    if same(answer, turned(angle)):
        return "The angle is in degrees; cosine wants radians."
    if same(answer, turned(-np.radians(angle))):
        return "It turns the other way: y points down, angles run clockwise."
    if same(answer, turned(0.0)):
        return "It is not turned."
    if same(answer, turned(np.radians(angle), 2 * square)):
        return "Twice too large: half the side either way."
    if same(answer, turned(np.radians(angle), square / WINDOW)):
        return "The window is WINDOW times the keypoint's size."
    if not same(answer, right):
        return "Scale a square, turn it, move it to (x, y)."
    return None


def corners(function: Callable) -> None:
    """Check the exercise on a keypoint's window and print a verdict.

    Args:
        function: `function(x, y, size, angle)` gives the corners (4, 2) of the window of a keypoint
            at (x, y) pixels, of a size in pixels and an angle in degrees; first (-, -), then
            (+, -), (+, +), (-, +) of the window's own axes.

    Example:
        >>> corners(lambda x, y, size, angle: np.zeros((4, 2)))
        corners: not yet. Scale a square, turn it, move it to (x, y).
    """
    judge("corners", why_wrong_corners, function)


def why_wrong_project(function: Callable) -> str | None:
    """Return the first reason why `function` does not apply a homography, or None."""
    homography = np.array([[1.2, 0.1, 5], [-0.2, 0.9, 3], [1e-3, 2e-3, 1.1]])
    points = np.array([[0.0, 0], [100, 50], [30, 200]])
    answer = np.asarray(function(homography, points), float)
    right = right_project(homography, points)
    homogeneous = np.column_stack([points, np.ones(3)]) @ homography.T  # (3, 3), not yet divided

    if answer.shape != (3, 2):
        return f"The shape is {answer.shape}; expected (3, 2)."
    if same(answer, homogeneous[:, :2]):
        return "The division by the third coordinate is missing."
    if same(answer, right_project(homography.T, points)):
        return "The matrix is transposed: points are rows here."
    if same(answer, right_project(np.linalg.inv(homography), points)):
        return "This is the way back."
    if not same(answer, right):
        return "Append 1, multiply, divide by the third coordinate."
    return None


def project(function: Callable) -> None:
    """Check the exercise on homographies and print a verdict.

    Args:
        function: `function(homography, points)` moves points (M, 2) by a homography (3, 3).

    Example:
        >>> project(lambda homography, points: points)
        project: not yet. Append 1, multiply, divide by the third coordinate.
    """
    judge("project", why_wrong_project, function)
