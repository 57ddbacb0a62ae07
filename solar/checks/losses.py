"""Checks of the exercises on losses.

Book: chapter 5 (losses).
"""

from collections.abc import Callable

import numpy as np
import torch

from ..training.losses import second_order_loss
from .basics import judge, same


def tuples(
    B: int = 3, K: int = 4, D: int = 5, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return random unit vectors: q (B, D), p (B, D), n (B, K, D), float64.

    Args:
        B: tuples.
        K: negatives of each tuple.
        D: dimensions.
        seed: random seed.

    Example:
        >>> q, p, n = tuples(B=2)
        >>> tuple(n.shape)
        (2, 4, 5)
    """
    generator = torch.Generator().manual_seed(seed)

    def unit(*shape: int) -> torch.Tensor:
        x = torch.randn(*shape, D, generator=generator, dtype=torch.float64)
        return x / x.norm(dim=-1, keepdim=True)

    q = unit(B)
    p = unit(B)
    n = unit(B, K)
    return q, p, n


def differences(q: torch.Tensor, p: torch.Tensor, n: torch.Tensor) -> torch.Tensor:
    """Return d2(q, n) - d2(p, n) for each negative: (B, D), (B, D), (B, K, D) -> (B, K)."""
    return (q[:, None] - n).square().sum(-1) - (p[:, None] - n).square().sum(-1)


# ---- the second-order loss -----------------------------------------------------------------------


def why_wrong_second_order(function: Callable) -> str | None:
    """Return the first reason why `function` is not the second-order loss, or None."""
    q, p, n = tuples()
    answer = function(q, p, n)
    if np.shape(answer) != ():
        return f"The shape is {tuple(np.shape(answer))}; a loss is one number."

    right = second_order_loss(q, p, n)
    if same(answer, right):
        return _why_wrong_at_zero(function)
    if same(answer, -right):
        return "The sign: a loss is not negative."

    # the mistakes in form first, whatever factor is missing besides
    difference = differences(q, p, n)  # (3, 4)
    plain = (q[:, None] - n).norm(dim=-1) - (p[:, None] - n).norm(dim=-1)
    for hint, value in (
        ("The root is missing.", difference.square().sum()),
        (
            "This is a root for every tuple; the code takes one root over the whole batch.",
            difference.norm(dim=1).sum(),
        ),
        (
            "These are distances, as SOSNet has them; SOLAR's code squares them.",
            plain.norm(),
        ),
        (
            "These are absolute values, added. Square the differences, add, and take the root.",
            difference.abs().sum(),
        ),
        (
            "You add before you square, so that differences cancel. Square each one first.",
            difference.sum().abs(),
        ),
        (
            "You average the negatives of a tuple before you square: differences cancel.",
            difference.mean(1).norm(),
        ),
        (
            "You add before you square, so that differences cancel. Square each one first.",
            difference.sum(1).norm(),
        ),
        (
            "Divide by B after the root, and by nothing inside.",
            difference.square().mean().sqrt(),
        ),
        (
            "Divide by B after the root, and by nothing inside.",
            (difference.square().sum() / 3).sqrt(),
        ),
    ):
        # by B, by B K or by nothing; from dot products with their factor 2 or without
        if any(same(answer, value * f) for f in (1, 1 / 3, 1 / 12, 1 / 2, 1 / 6, 1 / 4)):
            return hint
    return _why_wrong_factor(function, answer, right)


def _why_wrong_factor(function: Callable, answer: object, right: torch.Tensor) -> str:
    """Return a reason for an answer that is no common mistake in form: B = 3 tuples, K = 4."""
    if same(answer, 3 * right / 2):
        return (
            "Two factors are missing: the 2 of d2(q, n) - d2(p, n) = -2 <q - p, n>, and the "
            "number of tuples B below."
        )
    if same(answer, right / 2):
        return "The factor 2 is missing: for unit vectors d2(q, n) - d2(p, n) = -2 <q - p, n>."
    if same(answer, 3 * right):
        return "Divide by the number of tuples B."
    if same(answer, right / 4) or same(answer, right / 8):
        return "Divide by the number of tuples B alone, not by B K: n has one more dimension."
    if same(answer, 3 * right / 4) or same(answer, 3 * right / 8):
        return "You divide by the number of negatives K; divide by the number of tuples B."

    # do all three arguments matter?
    q, p, n = tuples()
    others = tuples(seed=5)
    for name, changed in (
        ("The negatives n do", (q, p, others[2])),
        ("The positives p do", (q, others[1], n)),
        ("The queries q do", (others[0], p, n)),
    ):
        if same(function(*changed), answer):
            return f"{name} not enter: the value stays when they change."
    return "Differences d2(q, n) - d2(p, n) of each negative, squared, added, root, over B."


def _why_wrong_at_zero(function: Callable) -> str | None:
    """Return why a right loss fails where query and positive are the same, or None."""
    descriptor, _, n = tuples(seed=1)
    q = descriptor.clone().requires_grad_()
    p = descriptor.clone().requires_grad_()
    loss = function(q, p, n)
    if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
        return "Right, but no gradient passes: compute with tensors from q to the result."
    if not same(loss, 0):
        return "Right, but where q = p the loss is not zero: an eps under the root changes it."
    loss.backward()
    if q.grad is None or p.grad is None:
        return "Right, but no gradient reaches q or p: detach neither of them."
    if not bool(torch.isfinite(q.grad).all() and torch.isfinite(p.grad).all()):
        return (
            "Right, but its gradient is no number where q = p: torch.linalg.vector_norm has a "
            "gradient there, a root of a sum has none."
        )
    for changed in (tuples(B=5, K=2, seed=3), tuples(B=1, K=6, seed=4)):
        if not same(function(*changed), second_order_loss(*changed)):
            return "Right for three tuples of four negatives only: B is the length of q."
    return None


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


# ---- its gradient --------------------------------------------------------------------------------


def why_wrong_second_order_gradient(function: Callable) -> str | None:
    """Return the first reason why `function` is not the gradient by the query, or None."""
    # one tuple: q (D,), p (D,), n (K, D) with D = 5, K = 4
    queries, positives, negatives = tuples(B=1, seed=2)
    q = queries[0]
    p = positives[0]
    n = negatives[0]

    # the right gradients, by automatic differentiation
    free_q = q.clone().requires_grad_()
    free_p = p.clone().requires_grad_()
    second_order_loss(free_q[None], free_p[None], n[None]).backward()
    right = free_q.grad
    answer = function(q, p, n)
    difference = differences(queries, positives, negatives)[0]  # (K,)
    loss = difference.norm()

    shape = tuple(np.shape(answer))
    if shape != (5,):
        return f"The shape is {shape}; expected one number for each dimension of q: (5,)."
    for hint, value in (
        ("The derivative of a square brings a factor 2.", right / 2),
        ("Divide by the loss: a root has the derivative 1 / (2 root).", right * loss),
        ("Divide by the loss: a root has the derivative 1 / (2 root).", right * loss * 2),
        ("Divide by the loss once, not twice.", right / loss),
        ("The sign: this points downhill. The gradient points uphill.", -right),
        ("This is the derivative by p.", free_p.grad),
        (
            "Each difference keeps its sign: no absolute value.",
            2 * difference.abs() @ (q - n) / loss,
        ),
        ("A sum over the negatives, not a mean.", right / 4),
        ("Twice too large: the root halves what the square doubles.", 2 * right),
        ("This has unit length; the gradient keeps its own.", right / right.norm()),
        (
            "This is its part along the sphere. Asked is the whole gradient.",
            right - (right @ q) * q,
        ),
        (
            "This is the gradient of 2 |<q - p, n>|. It is as good on the sphere, but the formula "
            "of the chapter has q - n where yours has -n.",
            -2 * difference @ n / loss,
        ),
    ):
        if same(answer, value):
            return hint
    if not same(answer, right):
        return (
            "Chain rule: the sum over j of d_j / L * 2 (q - n_j), "
            "with d_j = d2(q, n_j) - d2(p, n_j)."
        )
    if not same(function(q, q, n), torch.zeros(5)):
        return (
            "Right, but where q = p it is 0 / 0. Return zeros there, (5,): no direction is better "
            "than another."
        )
    return _why_autograd(function, q, p, n)


def _why_autograd(
    function: Callable, q: torch.Tensor, p: torch.Tensor, n: torch.Tensor
) -> str | None:
    """Return a reason if a right gradient cannot be computed without autograd, or None."""
    try:
        with torch.no_grad():
            function(q, p, n)
    except Exception:
        return "Right, but by autograd: the exercise asks for the formula."
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
