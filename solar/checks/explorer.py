"""Checks of the chapter on the SOA explorer."""

import numpy as np

from .basics import judge, same


def cell_of(function) -> None:
    """Check `function(place, size, grid)`: the position on a grid (h, w) that holds the pixel
    `place` = (row, column) of a picture of `size` (height, width). Prints a verdict.
    """
    cases = [
        ((0, 0), (0, 0)),
        ((15.9, 16), (0, 1)),
        ((100, 60), (6, 3)),
        ((191.9, 255.9), (11, 15)),
    ]
    found, right = (
        [tuple(function(place, (192, 256), (12, 16))) for place, _ in cases],
        [cell for _, cell in cases],
    )
    rounded = [tuple(round(v / 16) for v in place) for place, _ in cases]
    uneven = tuple(function((50, 71), (52, 72), (7, 9)))
    hints = [
        (
            lambda: same(found, [cell[::-1] for cell in right]),
            "Rows first: a place and a cell are (row, column).",
        ),
        (
            lambda: same(found, rounded),
            "Rounding finds the nearest corner; the cell that holds a pixel is the floor.",
        ),
        (
            lambda: same(found, right) and any(v != int(v) for pair in found for v in pair),
            "Give whole numbers.",
        ),
        (
            lambda: same(found, right) and not same(uneven, (6, 8)),
            "A cell need not have a whole number of pixels: 52 rows on a grid of 7 make 52 / 7 each.",
        ),
    ]
    otherwise = "row * h / height, rounded down, and the same for the column."
    judge("cell_of", same(found, right) and same(uneven, (6, 8)), hints, otherwise)


def share_on(function) -> None:
    """Check `function(row, mask)`: the share of a row of attention (h, w) that falls on a mask (H,
    W) of pixels, where H / h = W / w is a whole number. Prints a verdict.
    """
    rng = np.random.default_rng(0)
    row = rng.random((3, 4))
    row /= row.sum()
    mask = rng.random((12, 16)) < np.linspace(0.1, 0.9, 16)
    cover = mask.reshape(3, 4, 4, 4).mean((1, 3))  # (h, w): how much of each cell the mask covers
    found, right = function(row, mask), (row * cover).sum()
    hints = [
        (lambda: np.shape(found) != (), f"The shape is {np.shape(found)}; expected one number."),
        (
            lambda: same(found, cover.mean()),
            "This is the mask's share of the picture: weigh the cells by attention.",
        ),
        (
            lambda: same(found, (row * cover).mean()),
            "Sum over the cells: the row already sums to one.",
        ),
        (lambda: same(found, 16 * right), "Take the mean of the mask over each cell, not its sum."),
        (
            lambda: same(found, (row * mask[::4, ::4]).sum()),
            "One pixel does not speak for its cell: average the mask.",
        ),
        (
            lambda: same(found, (row * (cover > 0.5)).sum()),
            "No threshold: a cell half covered counts half.",
        ),
    ]
    judge(
        "share_on",
        same(found, right),
        hints,
        "Average the mask over each cell, (h, w), and weigh it by the row.",
    )


def softer(function) -> None:
    """Check `function(row, tau)`: a row of attention (N,) as it were with all logits times tau.
    Prints a verdict.
    """
    logits = np.array([0.0, 1, 3, 6])
    row, tau = np.exp(logits) / np.exp(logits).sum(), 0.4
    found, right = function(row, tau), np.exp(tau * logits) / np.exp(tau * logits).sum()
    hints = [
        (lambda: np.shape(found) != (4,), f"The shape is {np.shape(found)}; expected (4,)."),
        (
            lambda: same(found, row),
            "Nothing has changed: a factor on the weights goes away when they are divided by their sum.",
        ),
        (lambda: same(found, row**tau), "The new row must sum to one, too."),
        (
            lambda: same(found, np.exp(row * tau) / np.exp(row * tau).sum()),
            "The softmax wants logits: the logarithm of a row is its logits but for a constant, which a softmax ignores.",
        ),
        (
            lambda: same(found, row ** (1 / tau) / (row ** (1 / tau)).sum()),
            "Sharper, not softer: times tau, not divided by it.",
        ),
    ]
    judge(
        "softer",
        same(found, right),
        hints,
        "softmax(tau * log row): the power tau of each weight, over their sum.",
    )
