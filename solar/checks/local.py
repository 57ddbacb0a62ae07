"""Checks of the chapters on local descriptors and matching."""

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
    generator = torch.Generator().manual_seed(2)
    a = F.normalize(torch.randn(6, 4, generator=generator))
    return a, F.normalize(a + 0.4 * torch.randn(6, 4, generator=generator))


def hardest(function) -> None:
    """Check `function(a, p)`: distance from each pair to its hardest negative in the batch, (B, D)
    twice -> (B,).
    """
    a, p = _pairs()
    found, itself = function(a, p), torch.eye(6) * 10
    ap, aa, pp = distances(a, p) + itself, distances(a, a) + itself, distances(p, p) + itself
    right = torch.stack([ap, ap.T, aa, pp]).amin((0, 2))
    hints = [
        (
            lambda: tuple(np.shape(found)) != (6,),
            f"The shape is {tuple(np.shape(found))}; one distance a pair: (6,).",
        ),
        (
            lambda: bool((torch.as_tensor(found) < 0.01).any()),
            "Each is its own nearest: keep the diagonal out.",
        ),
        (lambda: _near(found, ap.diag() - 10), "These are the distances inside the pairs."),
        (
            lambda: _near(
                found, torch.stack([ap, ap.T, aa, pp]).masked_fill(itself > 0, -1).amax((0, 2))
            ),
            "These are the easiest negatives: take the smallest distance.",
        ),
        (
            lambda: _near(found, ap.amin(1)),
            "Only d(a_i, p_j) so far: a negative may be an anchor too, and p_i looks for its own.",
        ),
        (
            lambda: _near(found, torch.minimum(ap.amin(1), ap.amin(0))),
            "d(a_i, a_j) and d(p_i, p_j) are missing.",
        ),
        (
            lambda: _near(torch.as_tensor(found) ** 0.5, right),
            "These are squared distances: take the root.",
        ),
    ]
    judge(
        "hardest",
        _near(found, right),
        hints,
        "The least of d(a_i, a_j), d(a_i, p_j), d(p_i, a_j), d(p_i, p_j), j != i.",
    )


def _near(a, b) -> bool:
    return tuple(np.shape(a)) == tuple(np.shape(b)) and bool(
        np.allclose(np.asarray(a), np.asarray(b), atol=1e-3)
    )


def similarity(function) -> None:
    """Check `function(a, p)`: second-order similarity over all j, a root an anchor, (B, D) twice ->
    scalar.
    """
    a, p = _pairs()
    difference = torch.cdist(a, a) - torch.cdist(p, p)
    found, right = float(function(a, p)), difference.square().sum(1).sqrt().mean().item()
    squared = (torch.cdist(a, a) ** 2 - torch.cdist(p, p) ** 2).square().sum(1).sqrt().mean().item()
    hints = [
        (lambda: not np.isfinite(found), "Not a number: has the root met something negative?"),
        (
            lambda: _near(found, squared),
            "Squared distances are SOLAR's global form; the local one takes plain ones.",
        ),
        (
            lambda: _near(found, difference.square().sum().sqrt().item()),
            "One root an anchor, then their mean.",
        ),
        (
            lambda: _near(found, difference.square().sum().sqrt().item() / 6),
            "One root for the whole batch: one an anchor.",
        ),
        (
            lambda: _near(found, difference.square().sum(1).sqrt().sum().item()),
            "Take the mean over anchors, not the sum.",
        ),
        (lambda: _near(found, difference.square().sum(1).mean().item()), "The root is missing."),
        (
            lambda: _near(found, difference.abs().sum(1).mean().item()),
            "Squares inside, a root outside.",
        ),
    ]
    judge(
        "similarity",
        _near(found, right),
        hints,
        "Mean over i of the root of the sum over j of squared differences.",
    )


def fpr95(function) -> None:
    """Check `function(distances, same)`: false positives at 95 % recall, a share in 0..1."""
    rng = np.random.default_rng(0)
    labels = rng.random(400) < 0.5
    apart = np.where(labels, rng.normal(1, 0.3, 400), rng.normal(1.6, 0.4, 400))
    found, right = float(function(apart, labels)), right_fpr95(apart, labels)
    threshold = np.sort(apart[labels])[int(np.ceil(0.95 * labels.sum())) - 1]
    close = [right, float((apart[~labels] <= np.percentile(apart[labels], 95)).mean())]
    accepted = apart <= threshold
    hints = [
        (lambda: same(found, 100 * right), "A share, not percent."),
        (lambda: same(found, 1 - right), "This is the share of wrong pairs that are rejected."),
        (
            lambda: same(found, (accepted & ~labels).sum() / accepted.sum()),
            "Divide by all wrong pairs, not by all accepted.",
        ),
        (
            lambda: same(found, (accepted & ~labels).mean()),
            "Divide by the number of wrong pairs alone.",
        ),
        (
            lambda: same(found, (apart[labels] <= np.percentile(apart[~labels], 95)).mean()),
            "The roles are exchanged: the threshold comes from the right pairs.",
        ),
        (
            lambda: found > 0.9,
            "Small distance means accepted: is the comparison the right way round?",
        ),
    ]
    judge(
        "fpr95",
        any(same(found, value) for value in close),
        hints,
        "The threshold accepts 95 % of the right pairs.",
    )


def matches(function) -> None:
    """Check `function(a, b, ratio)`: ratio test and mutual check, rows (N, D), (N', D) -> (M, 2)
    numbers.
    """
    rng = np.random.default_rng(4)
    b = rng.normal(size=(40, 5))
    a = b[:25] + 0.35 * rng.normal(size=(25, 5))
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    found = np.asarray(function(a, b, 0.8))

    def equal(other):
        return found.shape == other.shape and bool((found == other).all())

    swapped = right_match(b, a, 0.8)[:, ::-1]
    hints = [
        (
            lambda: found.ndim != 2 or found.shape[1] != 2,
            f"The shape is {found.shape}; expected (M, 2).",
        ),
        (lambda: equal(right_match(a, b, None)), "The ratio test is missing."),
        (lambda: equal(right_match(a, b, 0.8, mutual=False)), "The mutual check is missing."),
        (
            lambda: equal(right_match(a, b, None, mutual=False)),
            "These are all nearest neighbours: now the two tests.",
        ),
        (
            lambda: equal(right_match(a, b, 0.8**0.5)),
            "These are squared distances: 0.8 is a ratio of plain ones.",
        ),
        (
            lambda: equal(swapped[np.argsort(swapped[:, 0])]) and not equal(right_match(a, b, 0.8)),
            "The ratio test runs in the wrong picture: it compares two rows of b for one of a.",
        ),
    ]
    judge(
        "matches",
        equal(right_match(a, b, 0.8)),
        hints,
        "Nearest below 0.8 x second nearest, and nearest both ways.",
    )


def corners(function) -> None:
    """Check `function(x, y, size, angle)`: the window's corners (4, 2), first (-, -), (+, -), (+,
    +), (-, +).
    """
    x, y, size, angle = 50.0, 40.0, 4.0, 30.0
    found = np.asarray(function(x, y, size, angle), float)
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * size * WINDOW / 2

    def turned(radians, square=square):
        c, s = np.cos(radians), np.sin(radians)
        return np.array([x, y]) + square @ np.array([[c, s], [-s, c]])

    hints = [
        (lambda: found.shape != (4, 2), f"The shape is {found.shape}; expected (4, 2)."),
        (lambda: same(found, turned(angle)), "The angle is in degrees; cosine wants radians."),
        (
            lambda: same(found, turned(-np.radians(angle))),
            "It turns the other way: y points down, angles run clockwise.",
        ),
        (lambda: same(found, turned(0.0)), "It is not turned."),
        (
            lambda: same(found, turned(np.radians(angle), 2 * square)),
            "Twice too large: half the side either way.",
        ),
        (
            lambda: same(found, turned(np.radians(angle), square / WINDOW)),
            "The window is WINDOW times the keypoint's size.",
        ),
    ]
    judge(
        "corners",
        same(found, turned(np.radians(angle))),
        hints,
        "Scale a square, turn it, move it to (x, y).",
    )


def project(function) -> None:
    """Check `function(homography, points)`: points (M, 2) moved by a homography (3, 3)."""
    homography = np.array([[1.2, 0.1, 5], [-0.2, 0.9, 3], [1e-3, 2e-3, 1.1]])
    points = np.array([[0.0, 0], [100, 50], [30, 200]])
    found, right = (
        np.asarray(function(homography, points), float),
        right_project(homography, points),
    )
    moved = np.column_stack([points, np.ones(3)]) @ homography.T
    hints = [
        (lambda: found.shape != (3, 2), f"The shape is {found.shape}; expected (3, 2)."),
        (lambda: same(found, moved[:, :2]), "The division by the third coordinate is missing."),
        (
            lambda: same(found, right_project(homography.T, points)),
            "The matrix is transposed: points are rows here.",
        ),
        (
            lambda: same(found, right_project(np.linalg.inv(homography), points)),
            "This is the way back.",
        ),
    ]
    judge(
        "project", same(found, right), hints, "Append 1, multiply, divide by the third coordinate."
    )
