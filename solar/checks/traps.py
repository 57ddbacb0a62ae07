"""Checks of the exercises on the traps of the losses.

Book: chapter 6 (traps of the losses).
"""

from collections.abc import Callable

import numpy as np
import torch

from .basics import hint_of, judge, same
from .losses import tuples

# ---- losses in parts -----------------------------------------------------------------------------


def why_wrong_weight_for_parts(function: Callable) -> str | None:
    """Return the first reason why `function` does not balance a loss in parts, or None."""
    # the weights for 1, 4 and 16 parts, as shares of the weight for one part
    shares = np.array([float(function(10.0, parts)) for parts in (1, 4, 16)]) / 10

    if same(shares, [1, 1, 1]):
        return "So the balance shifts: the second-order loss does depend on the number of parts."
    if same(shares, [1, 2, 4]):
        return "The other way: parts make the second order larger, so lambda must shrink."
    if same(shares, [1, 4, 16]) or same(shares, [1, 8, 64]):
        return "The other way, and too much: parts make the second order larger."
    if same(shares, [1, 1 / 4, 1 / 16]):
        return "The root softens it: by the root of the number of parts."
    if same(shares, [1, 1 / 8, 1 / 64]):
        return (
            "That is right where the losses of the parts are added up while the triplet's are "
            "averaged. Here both are averaged: a mean, not a sum."
        )
    if same(shares, [1, 1 / 16, 1 / 256]):
        return "Too strong: how does one root change when its batch is a part of the whole?"
    if not same(shares[0], 1):
        return "One part is the whole batch: there the weight stays as it is."
    if not same(shares, [1, 1 / 2, 1 / 4]):
        return (
            "Compare a part with the whole: how many terms stand under its root, and by how many "
            "tuples is it divided?"
        )
    if not same(function(3.0, 4), 1.5):
        return "Right for the weight 10 only: the answer must grow with `weight`."
    return None


def weight_for_parts(function: Callable) -> None:
    """Check the exercise on losses in parts and print a verdict.

    Args:
        function: `function(weight, parts)` gives the lambda for a batch whose loss is the mean over
            `parts` parts, which keeps the balance that `weight` gives in one part.

    Example:
        >>> weight_for_parts(lambda weight, parts: weight / parts)
        weight_for_parts: not yet. The root softens it: by the root of the number of parts.
    """
    judge("weight_for_parts", why_wrong_weight_for_parts, function)


# ---- which triplets still teach ------------------------------------------------------------------


def _other_counts(
    q: torch.Tensor, p: torch.Tensor, n: torch.Tensor, margin: float
) -> tuple[tuple[str, torch.Tensor], ...]:
    """Return the usual mistakes of counting active triplets: a hint, and what it gives."""
    near = (q - p).square().sum(-1)[:, None]  # (4, 1)
    far = (q[:, None] - n).square().sum(-1)  # (4, 5)
    from_p = (p[:, None] - n).square().sum(-1)  # (4, 5)
    active = near - far + margin > 0  # (4, 5)
    right = active.double().mean()
    return (
        ("This is the share of those that are zero; asked is the other one.", 1 - right),
        ("This is a number of triplets; asked is their share, from 0 to 1.", 20 * right),
        ("This is in percent; asked is a share from 0 to 1.", 100 * right),
        (
            "This is how many negatives of a tuple are active; divide by K as well.",
            5 * right,
        ),
        (
            "This is the mean loss. Count where it is above zero.",
            (near - far + margin).clamp(min=0).mean(),
        ),
        (
            "This is the share of tuples with an active triplet; count every pair of a tuple and "
            "a negative.",
            active.any(1).double().mean(),
        ),
        (
            "This is the share of tuples in which all triplets are active; count every pair of a "
            "tuple and a negative.",
            active.all(1).double().mean(),
        ),
        (
            "The distances are not squared: the margin is one of squared distances.",
            (near.sqrt() - far.sqrt() + margin > 0).double().mean(),
        ),
        ("The margin has the wrong sign.", (near - far - margin > 0).double().mean()),
        ("The margin is missing.", (near - far > 0).double().mean()),
        ("The margin counts whole, not half.", (near - far + margin / 2 > 0).double().mean()),
        (
            "These are the negatives as the positive sees them; a triplet starts at the query.",
            (near - from_p + margin > 0).double().mean(),
        ),
    )


def why_wrong_active_share(function: Callable) -> str | None:
    """Return the first reason why `function` is not the share of active triplets, or None."""
    # on these tuples no two of the answers below are the same
    q, p, n = tuples(B=4, K=5, seed=1)
    margin = 1.0
    near = (q - p).square().sum(-1)[:, None]  # (4, 1)
    far = (q[:, None] - n).square().sum(-1)  # (4, 5)
    right = (near - far + margin > 0).double().mean()

    answer = function(q, p, n, margin)
    if np.shape(answer) != ():
        return f"The shape is {tuple(np.shape(answer))}; a share is one number."
    hint = hint_of(answer, _other_counts(q, p, n, margin))
    if hint:
        return hint
    if not same(answer, right):
        return "Count where d2(q, p) - d2(q, n) + margin is above zero, and divide by B K."

    # another margin, for a function that has one built in
    rare = (near - far + 0.3 > 0).double().mean()
    if not same(function(q, p, n, 0.3), rare):
        return "Right for the margin 1 only: is `margin` used?"

    # d2(q, p) = 0 and d2(q, n) = 2, so with a margin of 2 the term is zero, to the last bit
    point = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    aside = torch.tensor([[[0.0, 1.0]]], dtype=torch.float64)
    if not same(function(point, point, aside, 2.0), 0):
        return "A term of exactly zero has no gradient either: count only those above zero."
    return None


def active_share(function: Callable) -> None:
    """Check the exercise on active triplets and print a verdict.

    Args:
        function: `function(q, p, n, margin)` gives the share, from 0 to 1, of the pairs of a tuple
            and a negative whose term of the triplet loss is above zero, for queries q (B, D),
            positives p (B, D) and negatives n (B, K, D).

    Example:
        >>> active_share(lambda q, p, n, margin: q[:, 0])
        active_share: not yet. The shape is (4,); a share is one number.
    """
    judge("active_share", why_wrong_active_share, function)
