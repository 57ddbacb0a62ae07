"""Checks of the chapter on the attention layer."""

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ..nets.attention import SecondOrderAttention
from .basics import judge, same


def attention(function) -> None:
    """Check `function(q, k, v)`: softmax(q k^T / sqrt(c')) v for q, k, v (B, N, c') -> (B, N, c').
    Prints a verdict.
    """
    q, k, v = torch.randn(3, 2, 6, 4, generator=torch.Generator().manual_seed(0)).double()
    found = function(q, k, v)
    logits = q @ k.transpose(1, 2)  # (2, 6, 6)
    right = (logits / 2).softmax(-1) @ v
    hints = [
        (
            lambda: tuple(np.shape(found)) != (2, 6, 4),
            f"The shape is {tuple(np.shape(found))}; expected (2, 6, 4).",
        ),
        (
            lambda: same(found, logits.softmax(-1) @ v),
            "The temperature is missing: divide the logits by sqrt(c').",
        ),
        (
            lambda: same(found, (logits / 4).softmax(-1) @ v),
            "Divide by the root of c', not by c' itself.",
        ),
        (
            lambda: same(found, (logits / 2).softmax(-2) @ v),
            "The softmax runs over the wrong axis: rows must sum to 1.",
        ),
        (lambda: same(found, (logits / 2) @ v), "The softmax is missing."),
    ]
    otherwise = (
        "Compare with the equation: logits, temperature, softmax over the last axis, values."
    )
    judge("attention", same(found, right), hints, otherwise)


def rows(function) -> None:
    """Check `function(soa, x, at)`: the attention of position `at` = (row, column) alone, (h, w).
    Prints a verdict.
    """
    torch.manual_seed(0)
    soa, x = SecondOrderAttention(8, 2).eval(), torch.randn(1, 8, 5, 7)
    with torch.no_grad():
        with _Largest() as largest:
            found = function(soa, x, (3, 1))
        maps = soa.maps(x)
    right, column = maps[0, 3 * 7 + 1].view(5, 7), maps[0, :, 3 * 7 + 1].view(5, 7)
    hints = [
        (
            lambda: tuple(np.shape(found)) != (5, 7),
            f"The shape is {tuple(np.shape(found))}; expected (5, 7): (h, w).",
        ),
        (
            lambda: same(found, column),
            "This is a column: who looks at the position. Take the row: where it looks.",
        ),
        (
            lambda: same(found, maps[0, 1 * 5 + 3].view(5, 7)),
            "Position (r, c) is number r * w + c, and w is 7 here.",
        ),
        (
            lambda: same(found, right) and largest.numel >= 35 * 35,
            "Right, but you made all 35 x 35 numbers. Ask for one row of q.",
        ),
    ]
    judge(
        "rows",
        same(found, right),
        hints,
        "q is soa.f(x), k is soa.g(x); the row is softmax(q_i . k / sqrt(c')).",
    )


class _Largest(TorchDispatchMode):
    """Watches how many numbers the largest tensor has that is made meanwhile."""

    numel = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        out = operation(*args, **(kwargs or {}))
        self.numel = max(self.numel, out.numel() if isinstance(out, torch.Tensor) else 0)
        return out


def entropy(function) -> None:
    """Check `function(maps)`: entropy of each row of maps (..., N) over log N, between 0 and 1.
    Prints a verdict.
    """
    maps = torch.tensor([[0.25, 0.25, 0.25, 0.25], [1.0, 0, 0, 0], [0.5, 0.5, 0, 0]])
    found, right = np.asarray(function(maps), float), np.array([1, 0, 0.5])
    hints = [
        (
            lambda: np.isnan(found).any(),
            "0 log 0 is nan on a computer and 0 in mathematics: torch.special.entr knows.",
        ),
        (
            lambda: found.shape != (3,),
            f"The shape is {found.shape}; expected one number a row: (3,).",
        ),
        (lambda: same(found, -right), "The sign: entropy is minus the sum of p log p."),
        (lambda: same(found, right * np.log(4)), "Divide by log N, so that even attention has 1."),
        (
            lambda: same(found, right * 2),
            "In bits, even attention over four has 2: divide by log2 N.",
        ),
    ]
    otherwise = (
        "For the rows (1/4, 1/4, 1/4, 1/4), (1, 0, 0, 0), (1/2, 1/2, 0, 0) expect 1, 0, 0.5."
    )
    judge("entropy", same(found, right), hints, otherwise)
