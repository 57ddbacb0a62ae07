"""A bug hunt among blocks: which one it is must be found by experiments.

Book: chapter 4 (when attention helps).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ..nets.attention import SecondOrderAttention
from .basics import judge
from .hunts import wrong_names

# what a block of `block_suspects` may be, with an experiment that gives it away
BLOCK_KINDS = {
    "soa": "change one position of a map. Do the others change, each in its own way?",
    "identity": "change one position of a map. Does any other position of the output change?",
    "even": "change one position of a map. Do all others change by the same vector?",
    "none": "is the output the input?",
    "neighbours": "change a corner of a large map. Does the opposite corner change?",
}
BLOCK_HIDDEN = (2, 4, 1, 3, 0)  # the kinds of A, B, ... by their numbers
CHANNELS = 8  # of the maps that these blocks take


def block_suspects() -> dict[str, Callable]:
    """Return five blocks with random weights, one of each kind.

    Returns:
        'A' ... 'E' -> a function of a map x (1, 8, H, W) that gives another of the same shape.

    Example:
        >>> tuple(block_suspects()["A"](torch.rand(1, 8, 3, 4)).shape)
        (1, 8, 3, 4)
    """

    def block(kind: str) -> Callable:
        # the same random weights for all kinds, W_v included, which starts at zero otherwise
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            layer = SecondOrderAttention(CHANNELS, 2, block=kind).eval()
            torch.nn.init.normal_(layer.v.weight, std=0.5)
        return torch.no_grad()(layer)

    def none(x: Tensor) -> Tensor:
        return x.clone()

    def neighbours(x: Tensor) -> Tensor:
        # the mean of a window of 3 x 3 positions
        return x + torch.nn.functional.avg_pool2d(x, 3, 1, 1)

    # in the order of BLOCK_KINDS
    functions = (block("soa"), block("identity"), block("even"), none, neighbours)
    return {letter: functions[number] for letter, number in zip("ABCDE", BLOCK_HIDDEN)}


def why_wrong_which_block(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `block_suspects`, or None."""
    return wrong_names(function(), BLOCK_HIDDEN, BLOCK_KINDS)


def which_block(function: Callable) -> None:
    """Check the bug hunt among the `block_suspects` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `BLOCK_KINDS`.

    Example:
        >>> which_block(lambda: {"A": "soa"})
        which_block: not yet. No word on B, C, D, E.
    """
    judge("which_block", why_wrong_which_block, function)
