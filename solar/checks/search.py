"""Checks of the exercises on pooling, ranking and average precision.

Book: chapter 1 (finding a landmark again).
"""

from collections.abc import Callable

import numpy as np
import torch

from ..nets.pooling import gem as right_gem
from ..nets.pooling import mac, spoc
from ..search.protocol import average_precision as right_average_precision
from .basics import judge, same


def why_wrong_gem(function: Callable) -> str | None:
    """Return the first reason why `function` is not GeM pooling, or None."""
    # small random maps (B, C, H, W) = (2, 5, 4, 6) with a quarter of negative numbers
    x = torch.rand(2, 5, 4, 6, generator=torch.Generator().manual_seed(0)) * 2 - 0.5
    answer = function(x, 3.0)
    right = right_gem(x, 3.0)

    # the form of the answer
    shape = tuple(np.shape(answer))
    if shape != (2, 5):
        return f"The shape is {shape}; pool over H and W only: (2, 5)."
    if np.isnan(np.asarray(answer)).any():
        return "There are nan: clamp at a small positive number before the power."

    # mistakes that give other numbers
    reason = _other_pooling(function, x)
    if reason is not None:
        return reason

    # another exponent, for a function that has 3 built in
    if not same(answer, right):
        return "Compare with the formula, step by step."
    if not same(function(x, 5.0), right_gem(x, 5.0)):
        return "Right at p = 3, wrong at p = 5: is p really used, in both places?"

    # a map of small numbers, for a large floor or one that is added behind the mean
    if not same(1000 * function(x / 1000, 3.0), 1000 * right_gem(x / 1000, 3.0)):
        return (
            "Right, but not on a map of numbers below a thousandth: the floor, 1e-6 or so, belongs "
            "under each number, before the power."
        )
    return _why_no_gradient(function)


def _other_pooling(function: Callable, x: torch.Tensor) -> str | None:
    """Return which other pooling of x (2, 5, 4, 6) `function` computes, or None."""
    answer = function(x, 3.0)
    right = right_gem(x, 3.0)
    clamped = x.clamp(min=1e-6)
    if same(function(x, 2.0), right_gem(x.abs(), 2.0)):
        return "Negative numbers still count: clamp at a small positive number before the power."
    if same(answer, clamped.pow(1 / 3).mean((2, 3)).pow(3)):
        return "The powers are swapped: p first, 1 / p at the end."
    if same(answer, right**3):
        return "The last step is missing: take the p-th root of the mean."
    if same(answer, spoc(x)) or same(answer, spoc(clamped)):
        return "This is the plain mean, SPoC: raise to the power p first."
    if same(answer, mac(x)):
        return "This is the maximum, MAC: GeM lies between it and the mean."
    if same(answer, right * 24 ** (1 / 3)):
        return "This is a sum over positions; GeM takes their mean."
    if same(answer, right / torch.as_tensor(right).norm(dim=1, keepdim=True)):
        return "This has unit length: pool only, the L2 normalisation is a step of its own."
    if same(answer, clamped.pow(3).mean(3).pow(1 / 3).mean(2)):
        return "One mean over all positions: not over the rows first, with a root between."
    return None


def _why_no_gradient(function: Callable) -> str | None:
    """Return why a channel that is zero everywhere gets no finite gradient, or None."""
    silent = torch.zeros(1, 1, 2, 2, requires_grad=True)
    pooled = function(silent, 3.0)
    if not hasattr(pooled, "backward") or not pooled.requires_grad:
        return "Right numbers, but no gradient can flow: stay in torch."
    pooled.sum().backward()
    if not silent.grad.isfinite().all():
        return (
            "Right numbers, but a channel of zeros has the gradient nan: clamp at a small positive "
            "number, not at zero."
        )
    return None


def gem(function: Callable) -> None:
    """Check the exercise on GeM pooling and print a verdict.

    Args:
        function: `function(x, p)` pools feature maps x (B, C, H, W) to vectors (B, C).

    Example:
        >>> gem(lambda x, p: x.mean((2, 3)))
        gem: not yet. This is the plain mean, SPoC: raise to the power p first.
    """
    judge("gem", why_wrong_gem, function)


def why_wrong_average_precision(function: Callable) -> str | None:
    """Return the first reason why `function` is not the protocol's average precision, or None."""
    ranks = [0, 2, 5]
    answer = function(ranks)
    right = right_average_precision(ranks)
    if np.shape(answer) != ():
        return f"The shape is {np.shape(answer)}; the average is one number."

    before = np.mean([1.0, 1 / 2, 2 / 5])
    from_one = np.mean([1 / 4, (1 / 3 + 2 / 4) / 2, (2 / 6 + 3 / 7) / 2])
    rectangles = np.mean([(i + 1) / (rank + 1) for i, rank in enumerate(ranks)])
    if same(answer, rectangles):
        return (
            "These are rectangles; the protocol averages the precision just before and just after "
            "a positive."
        )
    if same(answer, before):
        return "This is the precision just before each positive; average it with that just after."
    if same(answer, 100 * right):
        return "A share from 0 to 1, not percent."
    if same(answer, 3 * right):
        return "Divide by the number of positives."
    if not 0 <= float(answer) <= 1 or same(answer, from_one):
        return "Precision lies in 0..1. Ranks count from 0: at rank r stand r + 1 images."
    if not same(function([0, 1]), 1.0):
        return "A perfect list gives 1: before a positive at rank 0, precision is 1."
    if not same(answer, right):
        return "For [0, 2, 5] expect 0.677778."
    if not same(function([1, 3, 4, 9]), right_average_precision([1, 3, 4, 9])):
        return "Right for three positives, but not for four."
    return _why_not_always(function)


def _why_not_always(function: Callable) -> str | None:
    """Return ranks, drawn at random, with another average precision than the answer, or None."""
    rng = np.random.default_rng(0)
    for count in rng.integers(1, 8, 50):
        ranks = sorted(rng.permutation(12)[:count].tolist())
        if not same(function(ranks), right_average_precision(ranks)):
            return f"Right so far. For {ranks} expect {right_average_precision(ranks):.6f}."
    return None


def average_precision(function: Callable) -> None:
    """Check the exercise on average precision and print a verdict.

    Args:
        function: `function(ranks)` gives the average precision, by trapezoids, of the zero-based,
            ascending ranks of the positives.

    Example:
        >>> average_precision(lambda ranks: 1.0)
        average_precision: not yet. For [0, 2, 5] expect 0.677778.
    """
    judge("average_precision", why_wrong_average_precision, function)


def why_wrong_ranking(function: Callable) -> str | None:
    """Return the first reason why `function` does not rank by cosine similarity, or None."""
    # five vectors of five lengths, for which every usual mistake gives another order
    database = np.array([[-20.0, 20, -12], [16, 0, 0], [6, -12, 6], [5, 3, -3], [2, 10, 0]])
    query = np.array([1.0, 2.0, -3.0])
    answer = np.asarray(function(query, database))

    products = database @ query  # (5,)
    lengths = np.linalg.norm(database, axis=1)
    cosine = products / lengths
    order = np.argsort(-cosine)
    if answer.shape != (5,):
        return f"The shape is {answer.shape}; every row of the database has a place: (5,)."
    if same(answer, cosine) or same(np.sort(answer), np.sort(cosine)):
        return "These are similarities; expected the numbers of the rows, the best first."
    for hint, other in (
        ("The worst image stands first: sort by falling similarity.", np.argsort(cosine)),
        (
            "Long vectors win: divide every row by its length before the dot product.",
            np.argsort(-products),
        ),
        (
            "These are the places of the rows; expected the row at each place.",
            np.argsort(order),
        ),
        (
            "These are Euclidean distances of vectors that nobody has normalised.",
            np.argsort(np.linalg.norm(database - query, axis=1)),
        ),
        ("The opposite direction is not similar: no absolute value.", np.argsort(-abs(cosine))),
        (
            "Divide by the length once, not by its square.",
            np.argsort(-products / lengths**2),
        ),
        (
            "The length is a root of a sum of squares, not a sum of absolute values.",
            np.argsort(-products / abs(database).sum(1)),
        ),
    ):
        if same(answer, other):
            return hint
    if not same(answer, order):
        return "Normalise both sides, multiply, sort falling."
    return None


def ranking(function: Callable) -> None:
    """Check the exercise on ranking and print a verdict.

    Args:
        function: `function(query, database)` gives the indices of the rows of the database (N, D)
            by their cosine similarity to the query (D,), best first.

    Example:
        >>> ranking(lambda query, database: [0, 1, 2, 3, 4])
        ranking: not yet. Normalise both sides, multiply, sort falling.
    """
    judge("ranking", why_wrong_ranking, function)
