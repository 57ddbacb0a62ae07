"""Checks of the exercises on losses.

Book: chapter 5 (losses).
"""

from collections.abc import Callable

import numpy as np
import torch

from ..training.losses import second_order_loss
from .basics import judge, same


def _tuples(
    B: int = 3, K: int = 4, D: int = 5, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return random unit vectors: q (B, D), p (B, D), n (B, K, D), float64."""
    generator = torch.Generator().manual_seed(seed)

    def unit(*shape: int) -> torch.Tensor:
        x = torch.randn(*shape, D, generator=generator, dtype=torch.float64)
        return x / x.norm(dim=-1, keepdim=True)

    q = unit(B)
    p = unit(B)
    n = unit(B, K)
    return q, p, n


def why_wrong_second_order(function: Callable) -> str | None:
    """Return the first reason why `function` is not the second-order loss, or None."""
    q, p, n = _tuples()
    answer = function(q, p, n)
    right = second_order_loss(q, p, n)

    # differences of squared distances, as SOLAR has them, and of plain ones, as SOSNet: (B, K)
    difference = (q[:, None] - n).square().sum(-1) - (p[:, None] - n).square().sum(-1)
    plain = (q[:, None] - n).norm(dim=-1) - (p[:, None] - n).norm(dim=-1)

    if np.shape(answer) != ():
        return f"The shape is {tuple(np.shape(answer))}; a loss is one number."
    if same(answer, difference.square().sum() / 3):
        return "The root is missing."
    if same(answer, difference.norm(dim=1).mean()):
        return "This is a root for every tuple; the code takes one root over the whole batch."
    if same(answer, 3 * right):
        return "Divide by the number of tuples B."
    if same(answer, difference.square().mean().sqrt()):
        return "Divide by B after the root, and by nothing inside."
    if same(answer, plain.norm() / 3):
        return "These are distances, as SOSNet has them; SOLAR's code squares them."
    if same(answer, right) and not _is_finite_at_zero(function):
        return (
            "Right, but its gradient is no number where q = p: torch.linalg.vector_norm has a "
            "gradient there, a root of a sum has none."
        )
    if not same(answer, right):
        return "Differences d2(q, n) - d2(p, n), squared, added, root, over B."
    return None


def _is_finite_at_zero(function: Callable) -> bool:
    """Tell whether the gradient is finite where query and positive are the same."""
    descriptor, _, n = _tuples(seed=1)
    q = descriptor.clone().requires_grad_()
    p = descriptor.clone().requires_grad_()
    function(q, p, n).backward()
    return bool(torch.isfinite(q.grad).all() and torch.isfinite(p.grad).all())


def second_order(function: Callable) -> None:
    """Check the exercise on the second-order loss and print a verdict.

    Args:
        function: `function(q, p, n)` gives the second-order loss, a scalar, of queries q (B, D),
            positives p (B, D) and negatives n (B, K, D).

    Example:
        >>> second_order(lambda q, p, n: (q - p).norm(dim=1))
        second_order: not yet. The shape is (3,); a loss is one number.
    """
    judge("second_order", why_wrong_second_order, function)


def why_wrong_second_order_gradient(function: Callable) -> str | None:
    """Return the first reason why `function` is not the gradient by the query, or None."""
    # one tuple: q (D,), p (D,), n (K, D) with D = 5, K = 4
    queries, positives, negatives = _tuples(B=1, seed=2)
    q = queries[0]
    p = positives[0]
    n = negatives[0]

    # the right gradient, by automatic differentiation
    free = q.clone().requires_grad_()
    second_order_loss(free[None], p[None], n[None]).backward()
    right = free.grad
    answer = function(q, p, n)
    difference = (q - n).square().sum(-1) - (p - n).square().sum(-1)  # (K,)

    shape = tuple(np.shape(answer))
    if shape != (5,):
        return f"The shape is {shape}; expected one number for each dimension of q: (5,)."
    if same(answer, right / 2):
        return "The derivative of a square brings a factor 2."
    if same(answer, right * difference.norm()):
        return "Divide by the loss: a root has the derivative 1 / (2 root)."
    if same(answer, -right):
        return "The sign: this points downhill. The gradient points uphill."
    if same(answer, right) and not np.isfinite(np.asarray(function(q, q, n))).all():
        return (
            "Right, but where q = p it is 0 / 0. Return zeros there: no direction is better than "
            "another."
        )
    if not same(answer, right):
        return (
            "Chain rule: the sum over j of d_j / L * 2 (q - n_j), "
            "with d_j = d2(q, n_j) - d2(p, n_j)."
        )
    return None


def second_order_gradient(function: Callable) -> None:
    """Check the exercise on the gradient of the second-order loss and print a verdict.

    Args:
        function: `function(q, p, n)` gives the gradient (D,) by q of the second-order loss of one
            tuple q (D,), p (D,), n (K, D).

    Example:
        >>> second_order_gradient(lambda q, p, n: q[:3])
        second_order_gradient: not yet. The shape is (3,); expected one number for each dimension \
of q: (5,).
    """
    judge("second_order_gradient", why_wrong_second_order_gradient, function)


def why_wrong_weight_for_parts(function: Callable) -> str | None:
    """Return the first reason why `function` does not balance a loss in parts, or None."""
    answers = [float(function(10.0, parts)) for parts in (1, 4, 16)]

    if same(answers, [10.0, 20.0, 40.0]):
        return "The other way: parts make the second order larger, so lambda must shrink."
    if same(answers, [10.0, 2.5, 0.625]):
        return "The root softens it: by the root of the number of parts."
    if not same(answers, [10.0, 5.0, 2.5]):
        return "For 1, 4, 16 parts expect 10, 5, 2.5."
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
