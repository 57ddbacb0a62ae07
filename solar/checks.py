"""Exercises that check themselves: give your function to the check of its name; a wrong one gets a hint."""

import sys
import time

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from .attention import SecondOrderAttention
from .evaluation import average_precision as _average_precision
from .pooling import gem as _gem
from .pooling import mac, spoc


def _same(a, b) -> bool:
    try:
        return bool(np.allclose(np.asarray(a, float), np.asarray(b, float), atol=1e-5))
    except (TypeError, ValueError):
        return False


def _verdict(name: str, hint: str) -> None:
    print(f"{name}: " + (f"not yet. {hint}" if hint else "correct."))


def budget() -> None:
    """Print what the notebook has cost so far: processor seconds, and the most memory it has held."""
    try:
        import resource  # not on Windows
    except ImportError:
        memory = "unknown"
    else:
        unit = 1 if sys.platform == "darwin" else 1024
        memory = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30:.1f} GiB"
    print(f"So far: {time.process_time():.0f} s of processor time, {memory} of memory at most.")


def gem(function) -> None:
    """Check `function(x, p)`: GeM pooling of x (B, C, H, W) -> (B, C). Prints a verdict."""
    x = torch.rand(2, 5, 4, 6, generator=torch.Generator().manual_seed(0)) * 2 - 0.5
    found, right = function(x, 3.0), _gem(x, 3.0)
    hints = [
        (
            lambda: tuple(np.shape(found)) != (2, 5),
            f"The shape is {tuple(np.shape(found))}; pool over H and W only: (2, 5).",
        ),
        (
            lambda: np.isnan(np.asarray(found)).any(),
            "There are nan: clamp at a small positive number before the power.",
        ),
        (lambda: _same(found, right**3), "The last step is missing: take the p-th root of the mean."),
        (lambda: _same(found, spoc(x)), "This is the plain mean, SPoC: raise to the power p first."),
        (lambda: _same(found, mac(x)), "This is the maximum, MAC: GeM lies between it and the mean."),
        (lambda: _same(found, right * 24 ** (1 / 3)), "This is a sum over positions; GeM takes their mean."),
        (
            lambda: not _same(function(x, 5.0), _gem(x, 5.0)),
            "At p = 3 or p = 5 it differs: is p really used, in both places?",
        ),
    ]
    hint = next((text for wrong, text in hints if wrong()), "")
    if not hint and not _same(found, right):
        hint = "Compare with the formula, step by step."
    _verdict("gem", hint)


def average_precision(function) -> None:
    """Check `function(ranks)`: AP of zero-based, ascending ranks of the positives, by trapezoids."""
    ranks = [0, 2, 5]
    found, right = function(ranks), _average_precision(ranks)
    hints = [
        (lambda: _same(found, np.mean([(i + 1) / (r + 1) for i, r in enumerate(ranks)])),
         "These are rectangles; the protocol averages the precision just before and just after a positive."),
        (lambda: _same(found, 3 * right), "Divide by the number of positives."),
        (lambda: not 0 <= float(found) <= 1,
         "Precision lies in 0..1. Ranks count from 0: at rank r stand r + 1 images."),
        (lambda: not _same(function([0, 1]), 1.0),
         "A perfect list gives 1: before a positive at rank 0, precision is 1."),
    ]  # fmt: skip
    hint = next((text for wrong, text in hints if wrong()), "")
    if not hint and not _same(found, right):
        hint = "For [0, 2, 5] expect 0.677778."
    _verdict("average_precision", hint)


def ranking(function) -> None:
    """Check `function(query, database)`: indices of rows (N, D) by cosine similarity to a vector (D,), best first."""
    database = np.array([[3.0, 4.0], [0.1, 0.0], [-1.0, 0.2], [6.0, 1.0]])
    found = np.asarray(function(np.array([2.0, 0.0]), database)).tolist()
    hints = {
        (2, 0, 3, 1): "The worst image stands first: sort by falling similarity.",
        (3, 0, 1, 2): "Long vectors win: divide every row by its length before the dot product.",
    }
    hint = hints.get(tuple(found), "Normalise both sides, multiply, sort falling.")
    _verdict("ranking", "" if found == [1, 3, 0, 2] else hint)


def attention(function) -> None:
    """Check `function(q, k, v)`: softmax(q k^T / sqrt(c')) v for q, k, v (B, N, c') -> (B, N, c'). Prints a verdict."""
    q, k, v = torch.randn(3, 2, 6, 4, generator=torch.Generator().manual_seed(0)).double()
    found = function(q, k, v)
    logits = q @ k.transpose(1, 2)  # (2, 6, 6)
    right = (logits / 2).softmax(-1) @ v
    hints = [
        (lambda: tuple(np.shape(found)) != (2, 6, 4), f"The shape is {tuple(np.shape(found))}; expected (2, 6, 4)."),
        (lambda: _same(found, logits.softmax(-1) @ v), "The temperature is missing: divide the logits by sqrt(c')."),
        (lambda: _same(found, (logits / 4).softmax(-1) @ v), "Divide by the root of c', not by c' itself."),
        (
            lambda: _same(found, (logits / 2).softmax(-2) @ v),
            "The softmax runs over the wrong axis: rows must sum to 1.",
        ),
        (lambda: _same(found, (logits / 2) @ v), "The softmax is missing."),
    ]
    hint = next((text for wrong, text in hints if wrong()), "")
    if not hint and not _same(found, right):
        hint = "Compare with the equation: logits, temperature, softmax over the last axis, values."
    _verdict("attention", hint)


def rows(function) -> None:
    """Check `function(soa, x, at)`: the attention of position `at` = (row, column) alone, (h, w). Prints a verdict."""
    torch.manual_seed(0)
    soa, x = SecondOrderAttention(8, 2).eval(), torch.randn(1, 8, 5, 7)
    with torch.no_grad():
        with _Largest() as largest:
            found = function(soa, x, (3, 1))
        maps = soa.maps(x)
    right, column = maps[0, 3 * 7 + 1].view(5, 7), maps[0, :, 3 * 7 + 1].view(5, 7)
    hints = [
        (lambda: tuple(np.shape(found)) != (5, 7), f"The shape is {tuple(np.shape(found))}; expected (5, 7): (h, w)."),
        (lambda: _same(found, column), "This is a column: who looks at the position. Take the row: where it looks."),
        (lambda: _same(found, maps[0, 1 * 5 + 3].view(5, 7)), "Position (r, c) is number r * w + c, and w is 7 here."),
        (
            lambda: _same(found, right) and largest.numel >= 35 * 35,
            "Right, but you made all 35 x 35 numbers. Ask for one row of q.",
        ),
    ]
    hint = next((text for wrong, text in hints if wrong()), "")
    if not hint and not _same(found, right):
        hint = "q is soa.f(x), k is soa.g(x); the row is softmax(q_i . k / sqrt(c'))."
    _verdict("rows", hint)


class _Largest(TorchDispatchMode):
    """Watches how many numbers the largest tensor has that is made meanwhile."""

    numel = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        out = operation(*args, **(kwargs or {}))
        self.numel = max(self.numel, out.numel() if isinstance(out, torch.Tensor) else 0)
        return out


def entropy(function) -> None:
    """Check `function(maps)`: entropy of each row of maps (..., N) over log N, between 0 and 1. Prints a verdict."""
    maps = torch.tensor([[0.25, 0.25, 0.25, 0.25], [1.0, 0, 0, 0], [0.5, 0.5, 0, 0]])
    found, right = np.asarray(function(maps), float), np.array([1, 0, 0.5])
    hints = [
        (lambda: np.isnan(found).any(), "0 log 0 is nan on a computer and 0 in mathematics: torch.special.entr knows."),
        (lambda: found.shape != (3,), f"The shape is {found.shape}; expected one number a row: (3,)."),
        (lambda: _same(found, -right), "The sign: entropy is minus the sum of p log p."),
        (lambda: _same(found, right * np.log(4)), "Divide by log N, so that even attention has 1."),
        (lambda: _same(found, right * 2), "In bits, even attention over four has 2: divide by log2 N."),
    ]
    hint = next((text for wrong, text in hints if wrong()), "")
    if not hint and not _same(found, right):
        hint = "For the rows (1/4, 1/4, 1/4, 1/4), (1, 0, 0, 0), (1/2, 1/2, 0, 0) expect 1, 0, 0.5."
    _verdict("entropy", hint)
