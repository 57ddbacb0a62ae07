"""Bug hunts of the search chapters: heads that pool otherwise, and careless scorers.

Book: chapter 1 (finding a landmark again) and chapter 9 (the revisited protocol).
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..nets.pooling import gem, l2n, mac, spoc
from ..search.protocol import average_precision
from ..search.ranking import ranks_by_counting
from .basics import judge
from .hunts import wrong_names

# what a head of `head_suspects` may be, with an experiment that gives it away
HEAD_KINDS = {
    "right": "compare it with solar.gem at p = 3, divided by its length.",
    "mean": "give it one channel with a single strong position, and one that is weak everywhere, "
    "with the same sum. Which of the two is larger?",
    "maximum": "double the weaker positions of a channel, and leave its strongest one. Does the "
    "descriptor change?",
    "not normalised": "multiply a map by ten. Does the descriptor change?",
    "place counts": "turn a map upside down. Pooling does not know where something stood.",
}
HEAD_HIDDEN = (2, 4, 0, 3, 1)  # the kinds of A, B, ... by their numbers

# the same for `scorers`
SCORER_KINDS = {
    "right": "it passes the experiments of all four mistakes.",
    "junk is wrong": "let a junk image stand first, and one positive behind it. Is this perfect?",
    "rectangles": "give it one positive, at rank 1. The trapezoid is 1/4, the rectangle 1/2.",
    "ranks from one": "let all positives stand in front. Is the score 1?",
    "ties in its favour": "let a wrong image of a smaller number score as much as the positive. "
    "Who stands above?",
}
SCORER_HIDDEN = (3, 1, 4, 2, 0)


def head_suspects() -> dict[str, Callable]:
    """Return five heads that claim to be GeM with p = 3 and unit length; one of them is.

    Returns:
        'A' ... 'E' -> a function of maps x (B, C, H, W) that gives descriptors (B, C).

    Example:
        >>> tuple(head_suspects()["A"](torch.rand(2, 3, 4, 5)).shape)
        (2, 3)
    """

    def right(x: Tensor) -> Tensor:
        return l2n(gem(x, 3.0))

    def mean(x: Tensor) -> Tensor:
        return l2n(spoc(x))

    def maximum(x: Tensor) -> Tensor:
        return l2n(mac(x))

    def bare(x: Tensor) -> Tensor:
        return gem(x, 3.0)

    def lower_rows_first(x: Tensor) -> Tensor:
        weights = torch.linspace(0.5, 1.5, x.shape[2]).view(-1, 1)  # (H, 1)
        return l2n(gem(x * weights, 3.0))

    # in the order of HEAD_KINDS
    functions = (right, mean, maximum, bare, lower_rows_first)
    return {letter: functions[number] for letter, number in zip("ABCDE", HEAD_HIDDEN)}


def scorers() -> dict[str, Callable]:
    """Return five programs that claim to score a list as the protocol does; one of them does.

    Returns:
        'A' ... 'E' -> a function of the similarities (N,) of all images to a query, the numbers of
        its positives, and those of its junk images. It returns the average precision.

    Example:
        >>> scorers()["E"](np.array([0.9, 0.2, 0.8]), [0], [1])
        1.0
    """

    def right(scores, positives, junk):
        return average_precision(ranks_by_counting(scores, positives, junk))

    def junk_is_wrong(scores, positives, junk):
        return average_precision(ranks_by_counting(scores, positives))

    def rectangles(scores, positives, junk):
        ranks = ranks_by_counting(scores, positives, junk)
        return float(np.mean(np.arange(1, len(ranks) + 1) / (np.asarray(ranks) + 1)))

    def from_one(scores, positives, junk):
        return average_precision(np.asarray(ranks_by_counting(scores, positives, junk)) + 1)

    def favoured(scores, positives, junk):
        # wrong images strictly above each positive, and the positives before it
        wrong = np.setdiff1d(np.arange(len(scores)), [*positives, *junk])
        above = sorted(int((scores[wrong] > scores[i]).sum()) for i in positives)
        return average_precision(np.array(above) + np.arange(len(above)))

    # in the order of SCORER_KINDS
    functions = (right, junk_is_wrong, rectangles, from_one, favoured)
    return {letter: functions[number] for letter, number in zip("ABCDE", SCORER_HIDDEN)}


def why_wrong_which_head(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `head_suspects`, or None."""
    return wrong_names(function(), HEAD_HIDDEN, HEAD_KINDS)


def which_head(function: Callable) -> None:
    """Check the bug hunt among the `head_suspects` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `HEAD_KINDS`.

    Example:
        >>> which_head(lambda: {"A": "right"})
        which_head: not yet. No word on B, C, D, E.
    """
    judge("which_head", why_wrong_which_head, function)


def why_wrong_which_scorer(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `scorers`, or None."""
    return wrong_names(function(), SCORER_HIDDEN, SCORER_KINDS)


def which_scorer(function: Callable) -> None:
    """Check the bug hunt among the `scorers` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `SCORER_KINDS`.

    Example:
        >>> which_scorer(lambda: {"A": "right"})
        which_scorer: not yet. No word on B, C, D, E.
    """
    judge("which_scorer", why_wrong_which_scorer, function)
