"""Answers to the checks of chapter 3: cells of pixels, attention on a mask, temperature."""

import numpy as np
from checking import Exercise


def fractions(place, size, grid):
    return [p * n / pixels for p, n, pixels in zip(place, grid, size)]


def cell(place, size, grid):
    return tuple(map(int, fractions(place, size, grid)))


def nearest(place, size, grid):
    return tuple(round(value) for value in fractions(place, size, grid))


def share(row, mask):
    h, w = row.shape
    return (row * mask.reshape(h, len(mask) // h, w, -1).mean((1, 3))).sum()


def one_pixel(row, mask):
    step = len(mask) // len(row)
    return (row * mask[::step, ::step]).sum()


def softer(row, tau):
    return row**tau / (row**tau).sum()


def stub(*arguments):
    raise NotImplementedError("your turn")


EXERCISES = {
    "cell_of": Exercise(
        right=[cell],
        start=stub,
        told="your turn",
        wrong=[
            ("Rows first", lambda *a: cell(*a)[::-1]),
            ("Rounding", nearest),
            ("whole number of pixels", lambda *a: tuple(int(p // (s // n)) for p, s, n in zip(*a))),
            ("as floats", lambda *a: tuple(value + 1e-7 for value in cell(*a))),
            ("the cell before", lambda *a: tuple(int(np.ceil(value)) for value in fractions(*a))),
            ("the height", lambda place, size, grid: cell(place, size[::-1], grid[::-1])),
            ("not 16", lambda place, size, grid: tuple(int(p // 16) for p in place)),
            ("fractions", lambda *a: tuple(fractions(*a))),
            ("rounded down", lambda *a: (0, 0)),
            ("It stops with", lambda place, size, grid: place // size),
        ],
    ),
    "share_on": Exercise(
        right=[share],
        start=stub,
        told="your turn",
        wrong=[
            ("shape", lambda row, mask: row),
            ("share of the picture", lambda row, mask: mask.mean()),
            ("Sum over", lambda row, mask: share(row, mask) / row.size),
            ("not its sum", lambda row, mask: 16 * share(row, mask)),
            ("One pixel", one_pixel),
            (
                "threshold",
                lambda row, mask: (row * (mask.reshape(3, 4, 4, 4).mean((1, 3)) > 0.5)).sum(),
            ),
            ("no ratio", lambda row, mask: share(row, mask) / mask.mean()),
            ("more than even", lambda row, mask: share(row, mask) - mask.mean()),
            ("Average the mask", lambda row, mask: 2.0),
            ("4 x 4 pixels only", lambda row, mask: share(row, mask) if len(mask) == 12 else 0.1),
            ("not percent", lambda row, mask: 100 * share(row, mask)),
            ("beside the mask", lambda row, mask: 1 - share(row, mask)),
        ],
    ),
    "softer": Exercise(
        right=[softer],
        start=stub,
        told="your turn",
        wrong=[
            ("shape", lambda row, tau: row[:2]),
            ("Nothing has changed", lambda row, tau: row),
            ("sum to one, too", lambda row, tau: row**tau),
            ("wants logits", lambda row, tau: np.exp(tau * row) / np.exp(tau * row).sum()),
            ("Sharper", lambda row, tau: softer(row, 1 / tau)),
            ("power tau", lambda row, tau: row[::-1]),
            ("mixes the row", lambda row, tau: tau * row + (1 - tau) / len(row)),
            ("is `tau` used", lambda row, tau: row**0.4 / (row**0.4).sum()),
        ],
    ),
}
