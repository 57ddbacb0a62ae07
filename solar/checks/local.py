"""Checks of the exercises on losses of local descriptors.

Book: chapter 11 (a local descriptor).
"""

import itertools
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from ..training.losses import distances
from .basics import judge


def _pairs() -> tuple[torch.Tensor, torch.Tensor]:
    """Return six random anchors and their positives, (6, 4) each, of unit length."""
    generator = torch.Generator().manual_seed(5)
    anchors = F.normalize(torch.randn(6, 4, generator=generator))
    positives = F.normalize(anchors + 0.4 * torch.randn(6, 4, generator=generator))
    return anchors, positives


def _near(a, b) -> bool:
    """Tell whether two answers have one shape and are equal to nearly three digits."""
    if tuple(np.shape(a)) != tuple(np.shape(b)):
        return False
    a = torch.as_tensor(a).detach()
    b = torch.as_tensor(b).detach()
    return bool(np.allclose(a, b, atol=2e-3))


def _hard_pairs() -> tuple[torch.Tensor, torch.Tensor]:
    """Return eight anchors and their positives, (8, 4) each, of unit length.

    Each of the four kinds of negatives is the nearest of some pair, and the last pair lies far from
    all others, so that no part of the answer can be left out unnoticed.
    """
    generator = torch.Generator().manual_seed(5)
    anchors = torch.randn(8, 4, generator=generator)
    anchors[:, 0] = anchors[:, 0].abs()
    positives = anchors + 0.4 * torch.randn(8, 4, generator=generator)
    positives[:, 0] = positives[:, 0].abs()

    # all others have a first coordinate above zero
    anchors[7] = torch.tensor([-1, 0.1, 0, 0])
    positives[7] = torch.tensor([-1, 0, 0.1, 0])
    return F.normalize(anchors), F.normalize(positives)


def _hardest_of_kinds(
    a: torch.Tensor, p: torch.Tensor, diagonal: float = 10.0
) -> dict[str, torch.Tensor]:
    """Return for each kind of negatives the distance (B,) of each pair to the nearest one."""
    # the diagonal, a descriptor and its own pair, is moved away
    itself = diagonal * torch.eye(len(a))
    across = torch.cdist(a, p) + itself  # (B, B)
    return {
        "d(a_i, a_j)": (torch.cdist(a, a) + itself).amin(1),
        "d(a_i, p_j)": across.amin(1),
        "d(p_i, a_j)": across.amin(0),
        "d(p_i, p_j)": (torch.cdist(p, p) + itself).amin(1),
    }


def _missing_kinds(answer, kinds: dict[str, torch.Tensor]) -> list[str]:
    """Return the kinds of negatives that an answer leaves out; none if it is another mistake."""
    for count in range(len(kinds) - 1, 0, -1):
        for names in itertools.combinations(kinds, count):
            if _near(answer, torch.stack([kinds[name] for name in names]).amin(0)):
                return [name for name in kinds if name not in names]
    return []


def why_wrong_hardest(function: Callable) -> str | None:
    """Return the first reason why `function` does not find the hardest negatives, or None."""
    a, p = _hard_pairs()
    answer = function(a, p)

    # the nearest of each kind, and the nearest of all
    kinds = _hardest_of_kinds(a, p)
    right = torch.stack([*kinds.values()]).amin(0)  # (8,)
    near_diagonal = torch.stack([*_hardest_of_kinds(a, p, diagonal=1.0).values()]).amin(0)
    every = torch.stack([distances(a, p), distances(p, a), distances(a, a), distances(p, p)])
    easiest = every.masked_fill(torch.eye(8) > 0, -1).amax((0, 2))

    shape = tuple(np.shape(answer))
    if shape != (8,):
        return f"The shape is {shape}; one distance per pair: (8,)."
    if _near(answer, (a - p).norm(dim=1)):
        return "These are the distances inside the pairs."
    if not torch.is_floating_point(torch.as_tensor(answer)):
        return "These are numbers of pairs; wanted are the distances to them."
    if (torch.as_tensor(answer) < 0.01).any():
        return "Each is its own nearest: keep the diagonal out."
    for hint, value in (
        (
            "Keep the diagonal out for certain: two descriptors can be 2 apart, so add more.",
            near_diagonal,
        ),
        ("These are the easiest negatives: take the smallest distance.", easiest),
        (
            "Only d(a_i, p_j) so far: a negative may be an anchor too, and p_i looks for its own.",
            kinds["d(a_i, p_j)"],
        ),
        ("These are squared distances: take the root.", right.square()),
        ("These are 1 - cosine; wanted are distances.", right.square() / 2),
    ):
        if _near(answer, value):
            return hint
    missing = _missing_kinds(answer, kinds)
    if missing:
        return f"Not every kind of negative is there; missing: {', '.join(missing)}."
    if not _near(answer, right):
        return "The least of d(a_i, a_j), d(a_i, p_j), d(p_i, a_j), d(p_i, p_j), j != i."
    return _why_no_gradient(function, a, p)


def _why_no_gradient(function: Callable, a: torch.Tensor, p: torch.Tensor) -> str | None:
    """Return why a part of a loss cannot be learnt from, or None."""
    free = a.clone().requires_grad_()
    value = function(free, p.clone())
    if not isinstance(value, torch.Tensor) or not value.requires_grad:
        return "Right numbers, but no gradient can flow: stay in torch, without .item() or detach."
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
    answer = function(a, p)
    if np.shape(answer) != ():
        return f"The shape is {tuple(np.shape(answer))}; a loss is one number: the mean over i."
    answer = float(answer)
    right = squares.sum(1).sqrt().mean().item()

    # the form of the global loss: differences of squared distances
    global_difference = torch.cdist(a, a) ** 2 - torch.cdist(p, p) ** 2
    global_form = global_difference.square().sum(1).sqrt().mean().item()

    if not np.isfinite(answer):
        return "Not a number: has the root met something negative?"
    for hint, value in (
        ("Squared distances are SOLAR's global form; the local one takes plain ones.", global_form),
        ("One root per anchor, then their mean.", squares.sum().sqrt()),
        ("One root for the whole batch: it is one per anchor.", squares.sum().sqrt() / 6),
        ("Take the mean over anchors, not the sum.", squares.sum(1).sqrt().sum()),
        ("The root is missing.", squares.sum(1).mean()),
        ("Squares inside, a root outside.", difference.abs().sum(1).mean()),
        ("A sum over j under the root, not a mean.", squares.mean(1).sqrt().mean()),
        (
            "These are dot products; the local form compares plain distances.",
            (a @ a.T - p @ p.T).square().sum(1).sqrt().mean(),
        ),
        ("The sign: a loss is not negative.", -right),
    ):
        if _near(answer, float(value)):
            return hint
    if not _near(answer, right):
        return "Mean over i of the root of the sum over j of squared differences."
    return _why_no_gradient(function, a, p)


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
