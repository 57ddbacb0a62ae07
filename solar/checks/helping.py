"""Checks of the exercises on when attention helps.

Book: chapter 4 (when attention helps).
"""

from collections.abc import Callable

import numpy as np
import torch

from .basics import judge, same


def why_wrong_even_share(function: Callable) -> str | None:
    """Return the first reason why `function` is not the share that chance gives, or None."""
    if np.shape(function(9, 36)) != ():
        return f"The shape is {np.shape(function(9, 36))}; a share is one number."
    if same(function(9, 36), 9 / 36):
        return "The position that looks is one of the own ones: it is not among the others."
    if same(function(9, 36), 8 / 36):
        return "Without the position that looks, 35 positions are left, not 36."
    if same(function(9, 36), 9 / 35):
        return "Of nine own positions, eight are others."
    if same(function(9, 36), 9 / 27) or same(function(9, 36), 8 / 27):
        return "Divide by all others, own ones and clutter, not by the clutter."
    if same(function(9, 36), 27 / 35):
        return "This is the share of the clutter; asked is that of the own ones."
    if same(function(9, 36), 800 / 35):
        return "A share from 0 to 1, not percent."
    for own, positions in ((9, 36), (32, 36), (1, 10)):
        if not same(function(own, positions), (own - 1) / (positions - 1)):
            return "For 9 own positions of 36 expect 8 / 35; for 1 of 10 expect 0."
    return None


def even_share(function: Callable) -> None:
    """Check the exercise on the share of attention that chance gives and print a verdict.

    Args:
        function: `function(own, positions)` gives the share of the other positions that are own
            ones, seen from an own position, where `own` of `positions` are.

    Example:
        >>> even_share(lambda own, positions: own / positions)
        even_share: not yet. The position that looks is one of the own ones: it is not among the \
others.
    """
    judge("even_share", why_wrong_even_share, function)


def _attention_and_own() -> tuple[torch.Tensor, torch.Tensor]:
    """Return attention (2, 6, 6) that is drawn at random, and two different sets of positions."""
    generator = torch.Generator().manual_seed(0)
    attention = torch.randn(2, 6, 6, generator=generator).double().softmax(2)
    own = torch.tensor([[1, 1, 1, 0, 0, 0], [0, 1, 0, 1, 0, 0]]).bool()
    return attention, own


def _shares_to_others(attention: torch.Tensor, own: torch.Tensor) -> list[float]:
    """Return, for each own position of each image, its attention to the other own positions.

    What it pays to itself counts neither above the line nor below it.
    """
    shares = []
    for rows, mask in zip(attention, own):
        for i in mask.nonzero()[:, 0].tolist():
            others = mask.clone()
            others[i] = False
            left = rows[i].sum() - rows[i, i]
            shares.append((rows[i, others].sum() / left).item())
    return shares


def why_wrong_own_share(function: Callable) -> str | None:
    """Return the first reason why `function` is not the attention to own positions, or None."""
    attention, own = _attention_and_own()
    answer = function(attention, own)
    right = np.mean(_shares_to_others(attention, own))
    turned = np.mean(_shares_to_others(attention.transpose(1, 2), own))
    # with the position itself; and from all positions instead of the own ones
    to_own = (attention * own[:, None]).sum(2)  # (2, 6)
    with_itself = to_own[own].mean()
    not_divided = (to_own - attention.diagonal(dim1=1, dim2=2))[own].mean()

    if np.prod(np.shape(answer)) != 1:
        return f"Return one number, the mean; this has the shape {tuple(np.shape(answer))}."
    if same(answer, with_itself):
        return "This counts what a position pays to itself; leave it out, of the whole as well."
    if same(answer, not_divided):
        return "Without itself, a row no longer sums to one: divide by what is left."
    if same(answer, to_own.mean()):
        return "Only the rows of own positions are asked for."
    if same(answer, len(_shares_to_others(attention, own)) * right):
        return "This is a sum over own positions; asked is their mean."
    pictures = [
        np.mean(_shares_to_others(attention[b : b + 1], own[b : b + 1])) for b in range(len(own))
    ]
    if same(answer, np.mean(pictures)):
        return "A mean of the pictures' means: all own positions of all pictures count alike."
    if same(answer, turned):
        return "Row i says where position i looks; this reads columns."
    if not same(answer, right):
        return "Set the diagonal to zero, divide each row by its sum, add up the own columns."
    return None


def own_share(function: Callable) -> None:
    """Check the exercise on the attention between own positions and print a verdict.

    Args:
        function: `function(attention, own)` gives the mean share of attention, from own positions
            to the *other* own positions, what a position pays to itself left out of the whole;
            attention (B, N, N) has rows that sum to one, own (B, N) is bool.

    Example:
        >>> own_share(lambda attention, own: (attention * own[:, None]).sum(2)[own].mean())
        own_share: not yet. This counts what a position pays to itself; leave it out, of the whole \
as well.
    """
    judge("own_share", why_wrong_own_share, function)


def why_wrong_overtaking(function: Callable) -> str | None:
    """Return the first reason why `function` does not find where one curve overtakes, or None."""
    steps = [0, 100, 200, 300, 400]
    # above for a moment at 100, for good from 300 on
    one = [1.0, 5.0, 3.0, 9.0, 12.0]
    other = [2.0, 4.0, 6.0, 8.0, 8.0]
    answer = function(steps, one, other)
    if same(answer, 100):
        return "At 100 it is above, and at 200 below again: from where on does it *stay* above?"
    if same(answer, 3):
        return "This is the place in the list; return the step that stands there."
    if same(answer, 200):
        return "This is the last step at which it is still below; it stays above from the next."
    if same(answer, 400):
        return "At 400 it is above, but it was at 300 already: from where on does it stay above?"
    if not same(answer, 300):
        return "For (1, 5, 3, 9, 12) against (2, 4, 6, 8, 8) expect the fourth step."
    if not np.isposinf(function(steps, other, [one[-1] + 1] * 5)):
        return "A curve that ends below never overtakes: return infinity (np.inf)."
    if not same(function(steps, [3.0] * 5, [1.0] * 5), 0):
        return "A curve that is always above stays above from the first step on."
    if not same(function(steps, [1.0, 2, 3, 4, 5], [0.0, 2, 2, 4, 4]), 400):
        return "Where the curves are equal, neither is above: at 300 they meet."
    return None


def overtaking(function: Callable) -> None:
    """Check the exercise on where one learning curve overtakes another and print a verdict.

    Args:
        function: `function(steps, one, other)` gives the first step from which `one` stays above
            `other` to the end, and infinity (np.inf) if there is none; three lists of one length.

    Example:
        >>> overtaking(lambda steps, one, other: next(
        ...     step for step, a, b in zip(steps, one, other) if a > b))
        overtaking: not yet. At 100 it is above, and at 200 below again: from where on does it \
*stay* above?
    """
    judge("overtaking", why_wrong_overtaking, function)


def why_wrong_paired_gain(function: Callable) -> str | None:
    """Return the first reason why `function` does not compare two arms fairly, or None."""
    # three seeds, five landmarks, so that every shortcut gives another number; the last landmark
    # gains with one seed what it loses with another
    soa = np.array([[50.0, 20, 90, 10, 45], [60.0, 10, 80, 30, 25], [40.0, 15, 70, 50, 20]])
    control = np.array([[40.0, 30, 90, 20, 30], [50.0, 20, 60, 20, 30], [45.0, 10, 65, 20, 30]])
    answer = function(soa, control)
    if np.shape(answer) != (2,):
        return "Return two numbers: the mean gain, and the share of landmarks that gain."
    gain, share = answer
    difference = soa - control

    best = (soa.max(0).mean(), soa.mean(1).max())
    if any(same(gain, mean - control.mean()) for mean in best):
        return "The best of three seeds against a mean is no gain: take the mean of both arms."
    if same(gain, -difference.mean()):
        return "The sign: the gain is positive where attention is better."
    if not same(gain, difference.mean()):
        return "The gain is the mean over all seeds and landmarks of soa - control."
    if same(share, (difference > 0).any(0).mean()):
        return "A landmark that gains with one seed of three may be luck: average over seeds first."
    if same(share, (difference.mean(0) >= 0).mean()):
        return "One landmark stays where it is, in the mean of its seeds: that is no gain."
    gaining = (difference.mean(0) > 0).sum()
    if same(share, gaining) or same(share, 20 * gaining):
        return "The share of landmarks, from 0 to 1: divide by how many there are."
    if same(share, (difference > 0).mean()):
        return "Pairs of seed and landmark are not landmarks: average over seeds first."
    if not same(share, (difference.mean(0) > 0).mean()):
        return "Average the differences over seeds, then count the landmarks above zero."
    return None


def paired_gain(function: Callable) -> None:
    """Check the exercise on comparing two arms and print a verdict.

    Args:
        function: `function(soa, control)` gives the mean gain, and the share of landmarks whose
            gain, averaged over seeds, is positive; two arrays (seeds, landmarks) of mAP, paired.

    Example:
        >>> paired_gain(lambda soa, control: (soa.max(0).mean() - control.mean(), 1.0))
        paired_gain: not yet. The best of three seeds against a mean is no gain: take the mean of \
both arms.
    """
    judge("paired_gain", why_wrong_paired_gain, function)
