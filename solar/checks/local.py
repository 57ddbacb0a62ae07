"""Checks of the exercises on local descriptors and on matching.

Book: chapters 11 (a local descriptor) and 12 (matching two photographs).
"""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from ..local.matching import WINDOW
from ..local.matching import match as right_match
from ..local.metrics import fpr95 as right_fpr95
from ..local.metrics import project as right_project
from ..training.losses import distances
from .basics import judge, same


def _pairs() -> tuple[torch.Tensor, torch.Tensor]:
    """Return six random anchors and their positives, (6, 4) each, of unit length."""
    generator = torch.Generator().manual_seed(2)
    anchors = F.normalize(torch.randn(6, 4, generator=generator))
    positives = F.normalize(anchors + 0.4 * torch.randn(6, 4, generator=generator))
    return anchors, positives


def _near(a, b) -> bool:
    """Tell whether two answers have one shape and are equal to three digits."""
    if tuple(np.shape(a)) != tuple(np.shape(b)):
        return False
    return bool(np.allclose(np.asarray(a), np.asarray(b), atol=1e-3))


def why_wrong_hardest(function: Callable) -> str | None:
    """Return the first reason why `function` does not find the hardest negatives, or None."""
    a, p = _pairs()
    answer = function(a, p)

    # all distances (6, 6); the diagonal, a descriptor and its own pair, is moved far away
    diagonal = torch.eye(6) * 10
    ap = distances(a, p) + diagonal
    aa = distances(a, a) + diagonal
    pp = distances(p, p) + diagonal
    candidates = torch.stack([ap, ap.T, aa, pp])  # (4, 6, 6)
    right = candidates.amin((0, 2))  # (6,)
    easiest = candidates.masked_fill(diagonal > 0, -1).amax((0, 2))

    shape = tuple(np.shape(answer))
    if shape != (6,):
        return f"The shape is {shape}; one distance a pair: (6,)."
    if (torch.as_tensor(answer) < 0.01).any():
        return "Each is its own nearest: keep the diagonal out."
    if _near(answer, ap.diag() - 10):
        return "These are the distances inside the pairs."
    if _near(answer, easiest):
        return "These are the easiest negatives: take the smallest distance."
    if _near(answer, ap.amin(1)):
        return (
            "Only d(a_i, p_j) so far: a negative may be an anchor too, and p_i looks for its own."
        )
    if _near(answer, torch.minimum(ap.amin(1), ap.amin(0))):
        return "d(a_i, a_j) and d(p_i, p_j) are missing."
    if _near(torch.as_tensor(answer) ** 0.5, right):
        return "These are squared distances: take the root."
    if not _near(answer, right):
        return "The least of d(a_i, a_j), d(a_i, p_j), d(p_i, a_j), d(p_i, p_j), j != i."
    return None


def hardest(function: Callable) -> None:
    """Check the exercise on the hardest negatives in a batch and print a verdict.

    Args:
        function: `function(a, p)` gives the distance (B,) from each pair to its hardest negative in
            the batch, for anchors a and positives p (B, D).

    Example:
        >>> hardest(lambda a, p: (a - p).norm(dim=1))
        hardest: not yet. These are the distances inside the pairs.
    """
    judge("hardest", why_wrong_hardest, function)


def why_wrong_similarity(function: Callable) -> str | None:
    """Return the first reason why `function` is not second-order similarity, or None."""
    a, p = _pairs()
    difference = torch.cdist(a, a) - torch.cdist(p, p)  # (6, 6)
    squares = difference.square()
    answer = float(function(a, p))
    right = squares.sum(1).sqrt().mean().item()

    # the form of the global loss: differences of squared distances
    global_difference = torch.cdist(a, a) ** 2 - torch.cdist(p, p) ** 2
    global_form = global_difference.square().sum(1).sqrt().mean().item()

    if not np.isfinite(answer):
        return "Not a number: has the root met something negative?"
    if _near(answer, global_form):
        return "Squared distances are SOLAR's global form; the local one takes plain ones."
    if _near(answer, squares.sum().sqrt().item()):
        return "One root an anchor, then their mean."
    if _near(answer, squares.sum().sqrt().item() / 6):
        return "One root for the whole batch: one an anchor."
    if _near(answer, squares.sum(1).sqrt().sum().item()):
        return "Take the mean over anchors, not the sum."
    if _near(answer, squares.sum(1).mean().item()):
        return "The root is missing."
    if _near(answer, difference.abs().sum(1).mean().item()):
        return "Squares inside, a root outside."
    if not _near(answer, right):
        return "Mean over i of the root of the sum over j of squared differences."
    return None


def similarity(function: Callable) -> None:
    """Check the exercise on second-order similarity and print a verdict.

    Args:
        function: `function(a, p)` gives the second-order similarity loss, a scalar with one root
            per anchor over all other pairs, for anchors a and positives p (B, D).

    Example:
        >>> similarity(lambda a, p: (torch.cdist(a, a) - torch.cdist(p, p)).abs().sum(1).mean())
        similarity: not yet. Squares inside, a root outside.
    """
    judge("similarity", why_wrong_similarity, function)


def why_wrong_fpr95(function: Callable) -> str | None:
    """Return the first reason why `function` is not the false positive rate at 95 %, or None."""
    # 400 pairs: distances around 1 for right pairs and around 1.6 for wrong ones
    rng = np.random.default_rng(0)
    labels = rng.random(400) < 0.5
    apart = np.where(labels, rng.normal(1, 0.3, 400), rng.normal(1.6, 0.4, 400))
    answer = float(function(apart, labels))
    right = right_fpr95(apart, labels)

    # an interpolated threshold is right, too
    interpolated = float((apart[~labels] <= np.percentile(apart[labels], 95)).mean())
    threshold = np.sort(apart[labels])[int(np.ceil(0.95 * labels.sum())) - 1]
    accepted = apart <= threshold

    if same(answer, 100 * right):
        return "A share, not percent."
    if same(answer, 1 - right):
        return "This is the share of wrong pairs that are rejected."
    if same(answer, (accepted & ~labels).sum() / accepted.sum()):
        return "Divide by all wrong pairs, not by all accepted."
    if same(answer, (accepted & ~labels).mean()):
        return "Divide by the number of wrong pairs alone."
    if same(answer, (apart[labels] <= np.percentile(apart[~labels], 95)).mean()):
        return "The roles are exchanged: the threshold comes from the right pairs."
    if answer > 0.9:
        return "Small distance means accepted: is the comparison the right way round?"
    if not same(answer, right) and not same(answer, interpolated):
        return "The threshold accepts 95 % of the right pairs."
    return None


def fpr95(function: Callable) -> None:
    """Check the exercise on false positives at 95 % recall and print a verdict.

    Args:
        function: `function(distances, same)` gives the share, 0 to 1, of wrong pairs that a
            threshold accepts which accepts 95 % of the right ones. `distances` (M,) are those of
            the pairs, `same` (M,) tells which pairs are right.

    Example:
        >>> fpr95(lambda distances, same: 0.99)
        fpr95: not yet. Small distance means accepted: is the comparison the right way round?
    """
    judge("fpr95", why_wrong_fpr95, function)


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
