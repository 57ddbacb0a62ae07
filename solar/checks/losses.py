"""Checks of the chapter on losses."""

import numpy as np
import torch

from ..training.losses import second_order_loss
from .basics import judge, same


def _tuples(
    B: int = 3, K: int = 4, D: int = 5, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random descriptors of unit length: q (B, D), p (B, D), n (B, K, D), float64."""
    generator = torch.Generator().manual_seed(seed)
    draw = (
        torch.randn(*shape, D, generator=generator, dtype=torch.float64)
        for shape in ((B,), (B,), (B, K))
    )
    return tuple(x / x.norm(dim=-1, keepdim=True) for x in draw)


def second_order(function) -> None:
    """Check `function(q, p, n)`: q, p (B, D), n (B, K, D) -> the second-order loss. Prints a
    verdict.
    """
    q, p, n = _tuples()
    found, right = function(q, p, n), second_order_loss(q, p, n)
    difference = (q[:, None] - n).square().sum(-1) - (p[:, None] - n).square().sum(-1)  # (B, K)
    plain = (q[:, None] - n).norm(dim=-1) - (p[:, None] - n).norm(dim=-1)
    hints = [
        (
            lambda: np.shape(found) != (),
            f"The shape is {tuple(np.shape(found))}; a loss is one number.",
        ),
        (lambda: same(found, difference.square().sum() / 3), "The root is missing."),
        (
            lambda: same(found, difference.norm(dim=1).mean()),
            "This is a root for every tuple; the code takes one root over the whole batch.",
        ),
        (lambda: same(found, 3 * right), "Divide by the number of tuples B."),
        (
            lambda: same(found, difference.square().mean().sqrt()),
            "Divide by B after the root, and by nothing inside.",
        ),
        (
            lambda: same(found, plain.norm() / 3),
            "These are distances, as SOSNet has them; SOLAR's code squares them.",
        ),
        (
            lambda: same(found, right) and not _finite_at_zero(function),
            "Right, but its gradient is no number where "
            "q = p: torch.linalg.vector_norm has a gradient there, a root of a sum has none.",
        ),
    ]
    judge(
        "second_order",
        same(found, right),
        hints,
        "Differences d2(q, n) - d2(p, n), squared, added, root, over B.",
    )


def _finite_at_zero(function) -> bool:
    """Whether the gradient is finite where query and positive are the same."""
    q, _, n = _tuples(seed=1)
    q, p = q.clone().requires_grad_(), q.clone().requires_grad_()
    function(q, p, n).backward()
    return bool(torch.isfinite(q.grad).all() and torch.isfinite(p.grad).all())


def second_order_gradient(function) -> None:
    """Check `function(q, p, n)`: gradient (D,) of one tuple's second-order loss by q, for q, p
    (D,), n (K, D).
    """
    q, p, n = (x[0] for x in _tuples(B=1, seed=2))
    free = q.clone().requires_grad_()
    second_order_loss(free[None], p[None], n[None]).backward()
    right, found = free.grad, function(q, p, n)
    difference = (q - n).square().sum(-1) - (p - n).square().sum(-1)  # (K,)
    hints = [
        (
            lambda: tuple(np.shape(found)) != (5,),
            f"The shape is {tuple(np.shape(found))}; expected one number for each "
            "dimension of q: (5,).",
        ),
        (lambda: same(found, right / 2), "The derivative of a square brings a factor 2."),
        (
            lambda: same(found, right * difference.norm()),
            "Divide by the loss: a root has the derivative 1 / (2 root).",
        ),
        (
            lambda: same(found, -right),
            "The sign: this points downhill. The gradient points uphill.",
        ),
        (
            lambda: same(found, right) and not np.isfinite(np.asarray(function(q, q, n))).all(),
            "Right, but where q = p "
            "it is 0 / 0. Return zeros there: no direction is better than another.",
        ),
    ]
    otherwise = (
        "Chain rule: the sum over j of d_j / L * 2 (q - n_j), with d_j = d2(q, n_j) - d2(p, n_j)."
    )
    judge("second_order_gradient", same(found, right), hints, otherwise)


def weight_for_parts(function) -> None:
    """Check `function(weight, parts)`: the lambda for `parts` averaged parts that does what
    `weight` does for one.
    """
    found = [float(function(10.0, parts)) for parts in (1, 4, 16)]
    right = [10.0, 5.0, 2.5]
    hints = [
        (
            lambda: same(found, right[:1] + [20.0, 40.0]),
            "The other way: parts make the second order larger, so lambda must shrink.",
        ),
        (
            lambda: same(found, [10.0, 2.5, 0.625]),
            "The root softens it: by the root of the number of parts.",
        ),
    ]
    judge("weight_for_parts", same(found, right), hints, "For 1, 4, 16 parts expect 10, 5, 2.5.")
