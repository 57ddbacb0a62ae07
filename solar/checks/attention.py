"""Checks of the exercises on the attention layer.

Book: chapter 2 (second-order attention).
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from ..nets.attention import SecondOrderAttention
from .basics import hint_of, judge, same

# a mistake is a hint; "" is none
WRONG_AXIS = "The softmax runs over the wrong axis: rows must sum to 1."
NO_SOFTMAX = "The softmax is missing."
NO_SCALE = "The temperature is missing: divide the logits by sqrt(c')."
NO_ROOT = "Divide by the root of c', not by c' itself."
MULTIPLIED = "You multiply by sqrt(c'); divide by it."
BY_N = "You divide by the root of N, the number of positions. c' is the number of channels."


def _told(mistakes: list[str]) -> str:
    """Join the mistakes that one answer has: the first is told, and how many there are."""
    if len(mistakes) == 1:
        return mistakes[0]
    return f"{len(mistakes)} mistakes at once. The first: {mistakes[0]}"


def _scales(channels: int, positions: int) -> dict[str, float]:
    """Return mistake -> the factor on the logits; "" is the right one."""
    return {
        "": channels**-0.5,
        NO_SCALE: 1.0,
        NO_ROOT: 1 / channels,
        BY_N: positions**-0.5,
        MULTIPLIED: channels**0.5,
    }


# ---- dot-product attention -----------------------------------------------------------------------


def _attention_answers(q: Tensor, k: Tensor, v: Tensor) -> Iterator[tuple[list[str], Tensor]]:
    """Yield the mistakes and the value of each answer that has common mistakes, few or many."""
    orders = {
        "": (q, k, v),
        "Queries and keys are exchanged: row i of the map is made from q_i.": (k, q, v),
        "Keys and values are exchanged: the map is made from q and k, and weighs v.": (q, v, k),
    }
    for order, (a, b, c) in orders.items():
        for scale, factor in _scales(q.shape[-1], q.shape[1]).items():
            logits = a @ b.transpose(1, 2) * factor  # (B, N, N)
            for axis, number in {"": -1, WRONG_AXIS: -2}.items():
                mistakes = [mistake for mistake in (axis, scale, order) if mistake]
                yield mistakes, logits.softmax(number) @ c
            yield [mistake for mistake in (NO_SOFTMAX, scale, order) if mistake], logits @ c


def why_wrong_attention(function: Callable) -> str | None:
    """Return the first reason why `function` is not scaled dot-product attention, or None."""
    # as many positions as channels: here keys that are not transposed do not stop the program
    generator = torch.Generator().manual_seed(0)
    q, k, v = torch.randn(3, 2, 4, 4, generator=generator).double()
    answer = function(q, k, v)
    if any(same(answer, (q @ k * factor).softmax(-1) @ v) for factor in (1, 1 / 2, 1 / 4)):
        return "The keys are not transposed: the logit of i and j is q_i . k_j."

    # three random tensors (B, N, c') = (2, 6, 4): the right scale is 1 / sqrt(4) = 1 / 2
    q, k, v = torch.randn(3, 2, 6, 4, generator=generator).double()
    answer = function(q, k, v)
    shape = tuple(np.shape(answer))
    if shape != (2, 6, 4):
        return f"The shape is {shape}; expected (2, 6, 4)."

    # the softmax over something else than a row, or none of it
    logits = q @ k.transpose(1, 2)  # (2, 6, 6)
    rows = (logits / 2).softmax(-1)
    if same(answer, rows.transpose(1, 2) @ v):
        return "The map is transposed: row i weighs the values, so it is A v."
    if any(same(answer, other @ v) for other in _other_axes(logits / 2)):
        return WRONG_AXIS

    # few mistakes first, so that nobody is told of two who has made one
    answers = sorted(_attention_answers(q, k, v), key=lambda pair: len(pair[0]))
    for mistakes, value in answers:
        if same(answer, value):
            return _told(mistakes) if mistakes else _why_not_everywhere(function, answer)

    # the scale in a wrong place
    for factor in (1 / 2, 1 / 4, 2):
        if same(answer, logits.softmax(-1) @ v * factor):
            return "The scale stands behind the softmax: divide the logits, before it."
    if same(answer, (logits / 2).softmax(-1) @ v + v):
        return "The input is not added here: the block does that, behind W_v."
    return "Compare with the equation: logits, temperature, softmax over the last axis, values."


def _other_axes(logits: Tensor) -> list[Tensor]:
    """Return the weights of a softmax over the batch, over a whole map, and over everything."""
    over_map = logits.flatten(1).softmax(1).view_as(logits)
    over_all = logits.flatten().softmax(0).view_as(logits)
    return [logits.softmax(0), over_map, over_all]


def _why_not_everywhere(function: Callable, answer: object) -> str | None:
    """Return why numbers that are right for c' = 4 are no full answer, or None."""
    if not isinstance(answer, Tensor):
        return "Right numbers, but no gradient can flow: stay in torch."
    generator = torch.Generator().manual_seed(1)
    q, k, v = torch.randn(3, 1, 3, 9, generator=generator).double()
    right = (q @ k.transpose(1, 2) / 3).softmax(-1) @ v
    if not same(function(q, k, v), right):
        return "Right for c' = 4 only: c' is the last size of q, whatever it is."
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


# ---- one row of the map --------------------------------------------------------------------------


class _LargestTensor(TorchDispatchMode):
    """Context that records the number of elements of the largest tensor made inside it."""

    numel = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        out = operation(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor):
            self.numel = max(self.numel, out.numel())
        return out


def _row_answers(soa: SecondOrderAttention, x: Tensor) -> Iterator[tuple[list[str], Tensor]]:
    """Yield the mistakes and the value of each answer that has common mistakes: position (3, 1)."""
    bare = "soa.f is a projection, batch norm and ReLU: call soa.f(x) and soa.g(x), whole."
    swapped = "f makes the queries and g the keys: you have them exchanged."
    counted = "Position (r, c) is number r * w + c, and w is 7 here."

    # queries and keys of the answer: each (c', N)
    projections = {
        "": (soa.f(x), soa.g(x)),
        swapped: (soa.g(x), soa.f(x)),
        bare: (soa.f[0](x), soa.g[0](x)),
    }
    for source, (asking, asked) in projections.items():
        q = asking[0].flatten(1)
        k = asked[0].flatten(1)
        for scale, factor in _scales(len(q), 35).items():
            # number 3 * 7 + 1 is right; 3 * 5 + 1, 1 * 5 + 3 and 1 * 7 + 3 are miscounted
            for number in (22, 16, 8, 10):
                logits = (q[:, number] @ k * factor).view(5, 7)
                place = "" if number == 22 else counted
                mistakes = [mistake for mistake in (place, source, scale) if mistake]
                yield mistakes, logits.flatten().softmax(0).view(5, 7)
                yield [NO_SOFTMAX, *mistakes], logits


def why_wrong_rows(function: Callable) -> str | None:
    """Return the first reason why `function` does not compute one row of attention, or None."""
    # an untrained layer on a map of 5 x 7 positions; position (3, 1) has number 3 * 7 + 1
    torch.manual_seed(0)
    soa = SecondOrderAttention(8, 2).eval()
    x = torch.randn(1, 8, 5, 7)
    with torch.no_grad():
        with _LargestTensor() as largest:
            answer = function(soa, x, (3, 1))
        column = soa.maps(x)[0, :, 3 * 7 + 1].view(5, 7)
        answers = sorted(_row_answers(soa, x), key=lambda pair: len(pair[0]))

        elsewhere = function(soa, x, (1, 5))
        right_elsewhere = soa.maps(x)[0, 1 * 7 + 5].view(5, 7)

    shape = tuple(np.shape(answer))
    if shape != (5, 7):
        return f"The shape is {shape}; expected (5, 7): (h, w)."
    if same(answer, column):
        return "This is a column: who looks at the position. Take the row: where it looks."
    for mistakes, value in answers:
        if not same(answer, value):
            continue
        if mistakes:
            return _told(mistakes)
        if largest.numel >= 35 * 35:
            return "Right, but you made all 35 x 35 numbers. Ask for one row of q."
        if not same(elsewhere, right_elsewhere):
            return "Right for the position (3, 1) only: is `at` used?"
        return None
    return "q is soa.f(x), k is soa.g(x); the row is softmax(q_i . k / sqrt(c'))."


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


# ---- entropy -------------------------------------------------------------------------------------


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
    hint = hint_of(
        answer,
        (
            ("The sign: entropy is minus the sum of p log p.", -right),
            ("Divide by log N, so that even attention has 1.", right * np.log(4)),
            (
                "N is the length of a row, 4 here; 3 is the number of rows.",
                right * np.log(4) / np.log(3),
            ),
            ("Divide by log N, not by N: you took the mean over the row.", right * np.log(4) / 4),
            ("The other way round: even attention has 1, a row with one position 0.", 1 - right),
            ("In bits, even attention over four has 2: divide by log2 N.", right * 2),
        ),
    )
    if hint:
        return hint
    if not same(answer, right):
        return "For the rows (1/4, 1/4, 1/4, 1/4), (1, 0, 0, 0), (1/2, 1/2, 0, 0) expect 1, 0, 0.5."

    # any number of axes before the last one, and any length of it
    if not same(function(maps[:, None]), right[:, None]):
        return (
            "Right for (3, 4), but not for (3, 1, 4): sum over the last axis, and N is its length."
        )
    if not same(function(torch.full((1, 9), 1 / 9)), [1]):
        return "Right for rows of four only: N is the length of a row, whatever it is."
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
