"""Checks of the exercises on the attention layer.

Book: chapter 2 (second-order attention).
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ..nets.attention import SecondOrderAttention
from .basics import judge, same


def why_wrong_attention(function: Callable) -> str | None:
    """Return the first reason why `function` is not scaled dot-product attention, or None."""
    # three random tensors (B, N, c') = (2, 6, 4): the right scale is 1 / sqrt(4) = 1 / 2
    generator = torch.Generator().manual_seed(0)
    q, k, v = torch.randn(3, 2, 6, 4, generator=generator).double()
    answer = function(q, k, v)
    logits = q @ k.transpose(1, 2)  # (2, 6, 6)
    right = (logits / 2).softmax(-1) @ v  # (2, 6, 4)

    shape = tuple(np.shape(answer))
    if shape != (2, 6, 4):
        return f"The shape is {shape}; expected (2, 6, 4)."
    if same(answer, logits.softmax(-1) @ v):
        return "The temperature is missing: divide the logits by sqrt(c')."
    if same(answer, (logits / 4).softmax(-1) @ v):
        return "Divide by the root of c', not by c' itself."
    if same(answer, (logits / 2).softmax(-2) @ v):
        return "The softmax runs over the wrong axis: rows must sum to 1."
    if same(answer, (logits / 2) @ v):
        return "The softmax is missing."
    if not same(answer, right):
        return "Compare with the equation: logits, temperature, softmax over the last axis, values."
    return None


def attention(function: Callable) -> None:
    """Check the exercise on dot-product attention and print a verdict.

    Args:
        function: `function(q, k, v)` gives softmax(q k^T / sqrt(c')) v for q, k, v (B, N, c'), of
            shape (B, N, c').

    Example:
        >>> attention(lambda q, k, v: (q @ k.transpose(1, 2)).softmax(-1) @ v)
        attention: not yet. The temperature is missing: divide the logits by sqrt(c').
    """
    judge("attention", why_wrong_attention, function)


class _LargestTensor(TorchDispatchMode):
    """Context that records the number of elements of the largest tensor made inside it."""

    numel = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        out = operation(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor):
            self.numel = max(self.numel, out.numel())
        return out


def why_wrong_rows(function: Callable) -> str | None:
    """Return the first reason why `function` does not compute one row of attention, or None."""
    # an untrained layer on a map of 5 x 7 positions; position (3, 1) has number 3 * 7 + 1
    torch.manual_seed(0)
    soa = SecondOrderAttention(8, 2).eval()
    x = torch.randn(1, 8, 5, 7)
    with torch.no_grad():
        with _LargestTensor() as largest:
            answer = function(soa, x, (3, 1))
        maps = soa.maps(x)  # (1, 35, 35)
    right = maps[0, 3 * 7 + 1].view(5, 7)
    column = maps[0, :, 3 * 7 + 1].view(5, 7)
    miscounted = maps[0, 1 * 5 + 3].view(5, 7)

    shape = tuple(np.shape(answer))
    if shape != (5, 7):
        return f"The shape is {shape}; expected (5, 7): (h, w)."
    if same(answer, column):
        return "This is a column: who looks at the position. Take the row: where it looks."
    if same(answer, miscounted):
        return "Position (r, c) is number r * w + c, and w is 7 here."
    if same(answer, right) and largest.numel >= 35 * 35:
        return "Right, but you made all 35 x 35 numbers. Ask for one row of q."
    if not same(answer, right):
        return "q is soa.f(x), k is soa.g(x); the row is softmax(q_i . k / sqrt(c'))."
    return None


def rows(function: Callable) -> None:
    """Check the exercise on one row of attention and print a verdict.

    Args:
        function: `function(soa, x, at)` gives the attention (h, w) of the position `at` = (row,
            column) alone, for a layer `soa` and its input x (1, C, h, w).

    Example:
        >>> rows(lambda soa, x, at: soa.maps(x)[0, at[0] * 7 + at[1]].view(5, 7))
        rows: not yet. Right, but you made all 35 x 35 numbers. Ask for one row of q.
    """
    judge("rows", why_wrong_rows, function)


def why_wrong_entropy(function: Callable) -> str | None:
    """Return the first reason why `function` is not the normalised entropy, or None."""
    # attention that is even, that sees one position, and that sees two
    maps = torch.tensor([[0.25, 0.25, 0.25, 0.25], [1.0, 0, 0, 0], [0.5, 0.5, 0, 0]])
    answer = np.asarray(function(maps), float)
    right = np.array([1, 0, 0.5])

    if np.isnan(answer).any():
        return "0 log 0 is nan on a computer and 0 in mathematics: torch.special.entr knows."
    if answer.shape != (3,):
        return f"The shape is {answer.shape}; expected one number per row: (3,)."
    if same(answer, -right):
        return "The sign: entropy is minus the sum of p log p."
    if same(answer, right * np.log(4)):
        return "Divide by log N, so that even attention has 1."
    if same(answer, right * 2):
        return "In bits, even attention over four has 2: divide by log2 N."
    if not same(answer, right):
        return "For the rows (1/4, 1/4, 1/4, 1/4), (1, 0, 0, 0), (1/2, 1/2, 0, 0) expect 1, 0, 0.5."
    return None


def entropy(function: Callable) -> None:
    """Check the exercise on the entropy of attention and print a verdict.

    Args:
        function: `function(maps)` gives the entropy of each row of maps (..., N), divided by log N
            so that it lies between 0 and 1.

    Example:
        >>> entropy(lambda maps: -(maps * maps.log()).sum(-1))
        entropy: not yet. 0 log 0 is nan on a computer and 0 in mathematics: torch.special.entr \
knows.
    """
    judge("entropy", why_wrong_entropy, function)
