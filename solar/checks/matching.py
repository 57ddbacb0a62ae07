"""Checks of the exercises on matching two photographs.

Book: chapter 12 (matching two photographs).
"""

from collections.abc import Callable

import numpy as np

from ..local.matching import WINDOW
from ..local.matching import match as right_match
from ..local.metrics import project as right_project
from .basics import hint_of, judge, same


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
    if answer.dtype.kind not in "iu":
        return "Numbers of rows are whole numbers: floats cannot be used as indices."
    answer = answer[np.argsort(answer[:, 0], kind="stable")]  # their order does not count
    turned = right[:, ::-1]
    for hint, pairs in (
        ("The ratio test is missing.", right_match(a, b, None)),
        ("The mutual check is missing.", right_match(a, b, 0.8, mutual=False)),
        (
            "These are all nearest neighbours: now the two tests.",
            right_match(a, b, None, mutual=False),
        ),
        ("These are squared distances: 0.8 is a ratio of plain ones.", right_match(a, b, 0.8**0.5)),
        (
            "The ratio is squared: these are plain distances, compared with 0.8 of the second.",
            right_match(a, b, 0.64),
        ),
        (
            "The columns are exchanged: first the row of a, then the row of b.",
            turned[np.argsort(turned[:, 0])],
        ),
    ):
        if _equal(answer, pairs) and not _equal(answer, right):
            return hint
    if _equal(answer, swapped) and not _equal(answer, right):
        return "The ratio test runs in the wrong picture: it compares two rows of b for one of a."
    if not _equal(answer, right):
        return "Nearest below 0.8 x second nearest, and nearest both ways."

    # another ratio, at which a test in both pictures would leave more out
    other = np.asarray(function(a, b, 0.95))
    if not _equal(other[np.argsort(other[:, 0], kind="stable")], right_match(a, b, 0.95)):
        return "Right for the ratio 0.8, wrong for 0.95: it is `ratio`, and tested one way."
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
    hint = hint_of(
        answer,
        (
            ("The angle is in degrees; cosine wants radians.", turned(angle)),
            (
                "It turns the other way: y points down, angles run clockwise.",
                turned(-np.radians(angle)),
            ),
            ("It is not turned.", turned(0.0)),
            (
                "Twice too large: half the side either way.",
                turned(np.radians(angle), 2 * square),
            ),
            (
                "The window is WINDOW times the keypoint's size.",
                turned(np.radians(angle), square / WINDOW),
            ),
            (
                "Half too small: half the side either way, not a quarter.",
                turned(np.radians(angle), square / 2),
            ),
            ("x first: a corner is (x, y).", right[:, ::-1]),
            ("These are corners around (0, 0): move them to (x, y).", right - [x, y]),
        ),
    )
    if hint:
        return hint
    if same(np.sort(answer, axis=0), np.sort(right, axis=0)) and not same(answer, right):
        return "The right corners in another order: (-, -), (+, -), (+, +), (-, +)."
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
    if same(answer, right[:, ::-1]):
        return "x first: a point is (x, y)."
    if same(answer, homogeneous[:, :2] / homography[2, 2]):
        return "Divide by the third coordinate of each point, not by a number of the matrix."
    if same(answer, homogeneous[:, :2] / homogeneous[0, 2]):
        return "Every point has a third coordinate of its own: divide by that."
    if same(answer, np.round(right)):
        return "Right, but rounded: a point need not lie on a pixel."
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


def why_wrong_epipolar(function: Callable) -> str | None:
    """Return the first reason why `function` is not the distance to an epipolar line, or None."""
    fundamental = np.array([[1e-5, 2e-4, -0.03], [-1e-4, 2e-5, 0.05], [0.02, -0.04, 1.0]])
    a = np.array([[10.0, 20], [200, 50], [30, 150]])
    b = np.array([[40.0, 10], [120, 90], [60, 200]])
    answer = np.asarray(function(fundamental, a, b), float)

    # the line of each point, and how far its partner is from it
    lines = np.column_stack([a, np.ones(3)]) @ fundamental.T  # (3, 3)
    products = (np.column_stack([b, np.ones(3)]) * lines).sum(1)
    signed = products / np.linalg.norm(lines[:, :2], axis=1)
    right = np.abs(signed)

    # the same with the images exchanged
    back = np.column_stack([a, np.ones(3)]) @ fundamental  # the transposed matrix
    exchanged = (np.column_stack([b, np.ones(3)]) * back).sum(1)
    exchanged = np.abs(exchanged) / np.linalg.norm(back[:, :2], axis=1)

    if answer.shape != (3,):
        return f"The shape is {answer.shape}; expected one distance for each match, (3,)."
    if same(answer, signed):
        return "A distance has no sign."
    if same(answer, np.abs(products)) or same(answer, products):
        return "Pixels are wanted: divide by the length of the line's first two numbers."
    if same(answer, np.abs(products) / np.linalg.norm(lines, axis=1)):
        return "Divide by the length of the line's first two numbers alone: they are its direction."
    if same(answer, exchanged):
        return "The matrix is transposed: F @ (x, y, 1) of the first image is a line in the second."
    if same(answer, right**2):
        return "This is the distance squared."
    if same(answer, np.abs(products) / np.abs(lines[:, :2]).sum(1)):
        return "The length of the line's direction is the root of a sum of squares."
    if same(answer, np.abs(products) / np.square(lines[:, :2]).sum(1)):
        return "The root below the line's direction is missing."
    if not same(answer, right):
        return "Line l = F (x, y, 1); distance |l . (x', y', 1)| / sqrt(l0^2 + l1^2)."
    return None


def epipolar(function: Callable) -> None:
    """Check the exercise on distances to epipolar lines and print a verdict.

    Args:
        function: `function(fundamental, a, b)` gives the distance (M,) in pixels of each point b
            (M, 2) from the epipolar line of its partner a (M, 2), for a matrix (3, 3) from the
            image of a to the image of b.

    Example:
        >>> epipolar(lambda fundamental, a, b: 0.0)
        epipolar: not yet. The shape is (); expected one distance for each match, (3,).
    """
    judge("epipolar", why_wrong_epipolar, function)


def why_wrong_auc(function: Callable) -> str | None:
    """Return the first reason why `function` is not the area under the curve of errors, or None."""
    errors = np.array([1.0, 4.0, np.inf, 2.5, 30.0, 7.0])
    answer = function(errors, 10.0)
    if np.shape(answer) != ():
        return f"The shape is {np.shape(answer)}; an area is one number: the mean over pairs."
    answer = float(answer)
    parts = np.maximum(1 - errors / 10, 0)
    right = parts.mean()
    known = np.isfinite(errors)

    # the same with straight lines between the steps, from (0, 0)
    below = np.sort(errors[errors < 10])
    x = np.concatenate([[0], below, [10]])
    y = np.concatenate([[0], np.arange(1, 5), [4]]) / len(errors)
    joined = float(np.trapezoid(y, x) / 10)

    mistakes = [
        (100 * right, "A share, not percent."),
        (10 * right, "Divide the area by the threshold, so that the best is 1."),
        ((errors < 10).mean(), "This is the curve's last value; the area under it is wanted."),
        (parts[known].mean(), "Pairs without an answer count too: their error is infinite."),
        (parts[parts > 0].mean(), "Divide by all pairs, not by those below the threshold."),
        (
            (1 - errors[known] / 10).sum() / 6,
            "A pair above the threshold adds 0, not less.",
        ),
        ((1 - errors[known] / 10).mean(), "A pair above the threshold adds 0, not less."),
        (joined, "The curve has steps: no straight lines between them."),
        (1 - right, "This is the area above the curve."),
    ]
    for value, hint in mistakes:
        if same(answer, value):
            return hint
    if np.isnan(answer) or np.isinf(answer):
        return "An infinite error has met a mean: such a pair adds 0."
    if not same(answer, right):
        return "Each pair adds the part of 0..threshold above its error; take the mean, divide."
    if not same(function(errors, 5.0), np.maximum(1 - errors / 5, 0).mean()):
        return "Right for the limit 10 only: is `limit` used?"
    return None


def auc(function: Callable) -> None:
    """Check the exercise on the area under the curve of errors and print a verdict.

    Args:
        function: `function(errors, limit)` gives the area, 0 to 1, under the share of pairs whose
            error lies below t, for t from 0 to the limit. `errors` (M,) are pixels or degrees,
            infinite where a method had no answer.

    Example:
        >>> auc(lambda errors, limit: (errors < limit).mean())
        auc: not yet. This is the curve's last value; the area under it is wanted.
    """
    judge("auc", why_wrong_auc, function)
