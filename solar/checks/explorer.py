"""Checks of the exercises on reading attention maps.

Book: chapter 3 (the SOA explorer).
"""

from collections.abc import Callable

import numpy as np

from .basics import hint_of, judge, same


def why_wrong_cell_of(function: Callable) -> str | None:
    """Return the first reason why `function` does not find the cell of a pixel, or None."""
    # pixels of an image of 192 x 256 pixels, on a grid of 12 x 16: cells of 16 x 16 pixels
    pixels = [(0, 0), (15.9, 16), (100, 60), (191.9, 255.9)]
    right = [(0, 0), (0, 1), (6, 3), (11, 15)]
    answers = [tuple(function(pixel, (192, 256), (12, 16))) for pixel in pixels]
    exact = np.array(pixels) / 16  # (4, 2), in cells

    corner = "Rounding finds the nearest corner; the cell that holds a pixel is the floor."
    after = "Rounding up gives the next cell; the one that holds a pixel is the cell before."
    mistakes = {
        "Rows first: a place and a cell are (row, column).": [cell[::-1] for cell in right],
        corner: exact.round(),
        after: np.ceil(exact),
        "These are fractions of cells: round them down.": exact,
    }
    for hint, value in mistakes.items():
        if same(answers, value):
            return hint
    if not same(answers, right):
        return "row * h / height, rounded down, and the same for the column."
    if not all(isinstance(value, (int, np.integer)) for cell in answers for value in cell):
        return "The right cells, but as floats: an index must be an int."
    return _why_wrong_uneven(tuple(function((50, 71), (52, 72), (7, 9))))


def _why_wrong_uneven(answer: tuple) -> str | None:
    """Return why an answer is wrong for cells of 52 / 7 x 72 / 9 pixels: (6, 8) is right."""
    if same(answer, (6, 9)):
        return "The row goes with the height: size and grid are (height, width), too."
    if same(answer, (50 // 16, 71 // 16)):
        return "The pixels of a cell follow from size and grid; they are not 16 in every image."
    if not same(answer, (6, 8)):
        return (
            "A cell need not have a whole number of pixels: 52 rows on a grid of 7 make 52 / 7 "
            "each."
        )
    return None


def cell_of(function: Callable) -> None:
    """Check the exercise on pixels and cells and print a verdict.

    Args:
        function: `function(place, size, grid)` gives the cell (row, column) on a grid (h, w) that
            holds the pixel `place` = (row, column) of an image of `size` (height, width).

    Example:
        >>> cell_of(lambda place, size, grid: (0, 0))
        cell_of: not yet. row * h / height, rounded down, and the same for the column.
    """
    judge("cell_of", why_wrong_cell_of, function)


def why_wrong_share_on(function: Callable) -> str | None:
    """Return the first reason why `function` is not the attention that falls on a mask, or None."""
    # a random row of attention on 3 x 4 cells that sums to one
    rng = np.random.default_rng(0)
    row = rng.random((3, 4))
    row /= row.sum()

    # a random mask of 12 x 16 pixels, denser to the right: 4 x 4 pixels in each cell
    mask = rng.random((12, 16)) < np.linspace(0.1, 0.9, 16)
    cover = mask.reshape(3, 4, 4, 4).mean((1, 3))  # (h, w): how much of each cell the mask covers
    answer = function(row, mask)
    right = (row * cover).sum()

    if np.shape(answer) != ():
        return f"The shape is {np.shape(answer)}; expected one number."
    halved = "No threshold: a cell half covered counts half."
    area = "A share, no ratio to the mask's area: do not divide."
    hint = hint_of(
        answer,
        (
            (
                "This is the mask's share of the picture: weigh the cells by attention.",
                cover.mean(),
            ),
            ("Sum over the cells: the row already sums to one.", (row * cover).mean()),
            ("Take the mean of the mask over each cell, not its sum.", 16 * right),
            ("A share from 0 to 1, not percent.", 100 * right),
            ("This is the share beside the mask; asked is the one on it.", 1 - right),
            (
                "One pixel does not speak for its cell: average the mask.",
                (row * mask[::4, ::4]).sum(),
            ),
            (halved, (row * (cover > 0.5)).sum()),
            (halved, (row * (cover > 0)).sum()),
            (area, right / cover.mean()),
            (
                "A share, not what it has more than even attention: subtract nothing.",
                right - cover.mean(),
            ),
        ),
    )
    if hint:
        return hint
    if not same(answer, right):
        return "Average the mask over each cell, (h, w), and weigh it by the row."

    # another grid, with cells of 5 x 5 pixels
    other = rng.random((10, 15)) < 0.5
    wide = np.full((2, 3), 1 / 6)
    if not same(function(wide, other), other.mean()):
        return "Right for cells of 4 x 4 pixels only: their size follows from both shapes."
    return None


def share_on(function: Callable) -> None:
    """Check the exercise on attention inside a mask and print a verdict.

    Args:
        function: `function(row, mask)` gives the share of a row of attention (h, w) that falls on
            a mask (H, W) of pixels, where H / h = W / w is a whole number.

    Example:
        >>> share_on(lambda row, mask: mask.mean())
        share_on: not yet. This is the mask's share of the picture: weigh the cells by attention.
    """
    judge("share_on", why_wrong_share_on, function)


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Return the softmax of logits (N,)."""
    weights = np.exp(logits)
    return weights / weights.sum()


def why_wrong_softer(function: Callable) -> str | None:
    """Return the first reason why `function` does not change the temperature, or None."""
    logits = np.array([0.0, 1, 3, 6])
    row = _softmax(logits)  # (4,), sums to one
    tau = 0.4
    answer = function(row, tau)
    right = _softmax(tau * logits)

    if np.shape(answer) != (4,):
        return f"The shape is {np.shape(answer)}; expected (4,)."
    if same(answer, row):
        return (
            "Nothing has changed: a factor on the weights goes away when they are divided by "
            "their sum."
        )
    if same(answer, row**tau):
        return "The new row must sum to one, too."
    if same(answer, _softmax(row * tau)):
        return (
            "The softmax wants logits: the logarithm of a row is its logits but for a constant, "
            "which a softmax ignores."
        )
    sharper = row ** (1 / tau)
    if same(answer, sharper / sharper.sum()):
        return "Sharper, not softer: times tau, not divided by it."
    if same(answer, tau * row + (1 - tau) / 4):
        return "This mixes the row with an even one. The logits get the factor: mix with nothing."
    if not same(answer, right):
        return "softmax(tau * log row): the power tau of each weight, over their sum."
    if not same(function(row, 1.7), _softmax(1.7 * logits)):
        return "Right for tau = 0.4 only: is `tau` used?"
    return None


def softer(function: Callable) -> None:
    """Check the exercise on temperature and print a verdict.

    Args:
        function: `function(row, tau)` gives a row of attention (N,) as it would be if all its
            logits were multiplied by tau.

    Example:
        >>> softer(lambda row, tau: row**tau)
        softer: not yet. The new row must sum to one, too.
    """
    judge("softer", why_wrong_softer, function)
