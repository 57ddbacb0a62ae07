"""Bug hunts of the local chapters: losses that choose other negatives, and careless matchers.

Book: chapter 11 (a local descriptor) and chapter 12 (matching two photographs).
"""

from collections.abc import Callable

import numpy as np
import torch

from ..local.matching import match
from ..training.losses import FARTHER, distances, hardest_in_batch, hardest_triplet_loss
from .basics import judge
from .hunts import wrong_names

# what a function of `negative_suspects` may be, with an experiment that gives it away
NEGATIVE_KINDS = {
    "SOSNet": "compare it with solar.training.losses.hardest_triplet_loss on random pairs.",
    "HardNet": "put two positives at one place, and all else far away. Who sees only d(a_i, p_j) "
    "and d(p_i, a_j) does not notice.",
    "own pair as negative": "give it pairs at distance 0, all far from each other. The best loss "
    "is zero.",
    "mean of the negatives": "bring one pair near to another and leave a hundred far away. A mean "
    "hardly moves.",
    "squared distances": "give it two pairs on the circle, whose distances you know. Is the value "
    "made of them, or of their squares?",
}
NEGATIVE_HIDDEN = (2, 0, 4, 3, 1)  # the kinds of A, B, ... by their numbers

# the same for `match_suspects`
MATCH_KINDS = {
    "right": "compare it with solar.local.match on random rows.",
    "one way": "give b one row, near to several rows of a. How many of them may have it?",
    "no ratio test": "give b two rows that are nearly alike, and a one row near to both.",
    "ratio of squares": "give it a row whose nearest is at 0.85 of the second nearest, and ratio "
    "0.8. As squares these are 0.72.",
    "ratio in the other image": "exchange a and b. Who looks for two rows of a where two of b are "
    "wanted gives other matches than solar.local.match.",
}
MATCH_HIDDEN = (4, 1, 0, 2, 3)


def negative_suspects() -> dict[str, Callable]:
    """Return five losses of anchors and positives; one is SOSNet's, one is HardNet's.

    Returns:
        'A' ... 'E' -> a function of a (B, D) and p (B, D), rows of unit length; gives a scalar.

    Example:
        >>> list(negative_suspects())
        ['A', 'B', 'C', 'D', 'E']
    """

    def hardnet(a, p):
        itself = FARTHER * torch.eye(len(a))
        across = distances(a, p) + itself
        hardest = torch.minimum(across.amin(0), across.amin(1))  # (B,)
        return (1 + distances(a, p).diagonal() - hardest).clamp(min=0).mean()

    def own_pair(a, p):
        near = distances(a, p).diagonal()
        hardest = torch.minimum(hardest_in_batch(a, p), near)
        return (1 + near - hardest).clamp(min=0).square().mean()

    def mean_negative(a, p):
        others = 1 - torch.eye(len(a))
        middle = (distances(a, p) * others).sum(1) / others.sum(1)
        return (1 + distances(a, p).diagonal() - middle).clamp(min=0).square().mean()

    def squared(a, p):
        near = distances(a, p).diagonal().square()
        return (1 + near - hardest_in_batch(a, p).square()).clamp(min=0).square().mean()

    # in the order of NEGATIVE_KINDS
    functions = (hardest_triplet_loss, hardnet, own_pair, mean_negative, squared)
    return {letter: functions[number] for letter, number in zip("ABCDE", NEGATIVE_HIDDEN)}


def match_suspects() -> dict[str, Callable]:
    """Return five functions that claim to match with ratio test and mutual check; one does.

    Returns:
        'A' ... 'E' -> a function of a (N, D), b (N', D), rows of unit length, and a ratio, that
        gives matches (M, 2).

    Example:
        >>> matcher = match_suspects()["C"]
        >>> matcher(np.eye(3), np.eye(3)[[2, 0]], 0.8).tolist()
        [[0, 1], [2, 0]]
    """

    def one_way(a, b, ratio):
        return match(a, b, ratio, mutual=False)

    def no_ratio(a, b, ratio):
        return match(a, b, None)

    def squares(a, b, ratio):
        return match(a, b, ratio**0.5)

    def exchanged(a, b, ratio):
        pairs = match(b, a, ratio)[:, ::-1]
        return pairs[np.argsort(pairs[:, 0])]

    # in the order of MATCH_KINDS
    functions = (match, one_way, no_ratio, squares, exchanged)
    return {letter: functions[number] for letter, number in zip("ABCDE", MATCH_HIDDEN)}


def why_wrong_which_negatives(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `negative_suspects`, or None."""
    return wrong_names(function(), NEGATIVE_HIDDEN, NEGATIVE_KINDS)


def which_negatives(function: Callable) -> None:
    """Check the bug hunt among the `negative_suspects` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `NEGATIVE_KINDS`.

    Example:
        >>> which_negatives(lambda: {"A": "SOSNet"})
        which_negatives: not yet. No word on B, C, D, E.
    """
    judge("which_negatives", why_wrong_which_negatives, function)


def why_wrong_which_matcher(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `match_suspects`, or None."""
    return wrong_names(function(), MATCH_HIDDEN, MATCH_KINDS)


def which_matcher(function: Callable) -> None:
    """Check the bug hunt among the `match_suspects` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `MATCH_KINDS`.

    Example:
        >>> which_matcher(lambda: {"A": "right"})
        which_matcher: not yet. No word on B, C, D, E.
    """
    judge("which_matcher", why_wrong_which_matcher, function)
