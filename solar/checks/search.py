"""Checks of the chapters on pooling, ranking and scores."""

import numpy as np
import torch

from ..nets.pooling import gem as right_gem
from ..nets.pooling import mac, spoc
from ..search.protocol import average_precision as right_average_precision
from .basics import judge, same


def gem(function) -> None:
    """Check `function(x, p)`: GeM pooling of x (B, C, H, W) -> (B, C). Prints a verdict."""
    x = torch.rand(2, 5, 4, 6, generator=torch.Generator().manual_seed(0)) * 2 - 0.5
    found, right = function(x, 3.0), right_gem(x, 3.0)
    hints = [
        (
            lambda: tuple(np.shape(found)) != (2, 5),
            f"The shape is {tuple(np.shape(found))}; pool over H and W only: (2, 5).",
        ),
        (
            lambda: np.isnan(np.asarray(found)).any(),
            "There are nan: clamp at a small positive number before the power.",
        ),
        (
            lambda: same(found, right**3),
            "The last step is missing: take the p-th root of the mean.",
        ),
        (lambda: same(found, spoc(x)), "This is the plain mean, SPoC: raise to the power p first."),
        (
            lambda: same(found, mac(x)),
            "This is the maximum, MAC: GeM lies between it and the mean.",
        ),
        (
            lambda: same(found, right * 24 ** (1 / 3)),
            "This is a sum over positions; GeM takes their mean.",
        ),
        (
            lambda: not same(function(x, 5.0), right_gem(x, 5.0)),
            "At p = 3 or p = 5 it differs: is p really used, in both places?",
        ),
    ]
    judge("gem", same(found, right), hints, "Compare with the formula, step by step.")


def average_precision(function) -> None:
    """Check `function(ranks)`: AP of zero-based, ascending ranks of the positives, by trapezoids."""
    ranks = [0, 2, 5]
    found, right = function(ranks), right_average_precision(ranks)
    hints = [
        (
            lambda: same(found, np.mean([(i + 1) / (r + 1) for i, r in enumerate(ranks)])),
            "These are rectangles; the protocol averages the precision just before and just after a positive.",
        ),
        (lambda: same(found, 3 * right), "Divide by the number of positives."),
        (
            lambda: not 0 <= float(found) <= 1,
            "Precision lies in 0..1. Ranks count from 0: at rank r stand r + 1 images.",
        ),
        (
            lambda: not same(function([0, 1]), 1.0),
            "A perfect list gives 1: before a positive at rank 0, precision is 1.",
        ),
    ]
    judge("average_precision", same(found, right), hints, "For [0, 2, 5] expect 0.677778.")


def ranking(function) -> None:
    """Check `function(query, database)`: indices of rows (N, D) by cosine similarity to a vector
    (D,), best first.
    """
    database = np.array([[3.0, 4.0], [0.1, 0.0], [-1.0, 0.2], [6.0, 1.0]])
    found = np.asarray(function(np.array([2.0, 0.0]), database)).tolist()
    hints = [
        (
            lambda: found == [2, 0, 3, 1],
            "The worst image stands first: sort by falling similarity.",
        ),
        (
            lambda: found == [3, 0, 1, 2],
            "Long vectors win: divide every row by its length before the dot product.",
        ),
    ]
    judge("ranking", found == [1, 3, 0, 2], hints, "Normalise both sides, multiply, sort falling.")
