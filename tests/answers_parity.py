"""Answers to the checks of chapter 14: units of rounding, bisecting, ports of a network."""

import numpy as np
from checking import Exercise

from solar.checks.parity import PORT_HIDDEN, PORT_KINDS

EPS = np.finfo(np.float32).eps


def stub(*arguments):
    raise NotImplementedError("your turn")


def roundings(a, b):
    return np.abs(a - b).max() / np.abs(b).max() / EPS


def by_halves(differs, count):
    low = 0
    high = count
    while low < high:
        middle = (low + high) // 2
        if differs(middle):
            high = middle
        else:
            low = middle + 1
    return low


def one_by_one(differs, count):
    for layer in range(count):
        if differs(layer):
            return layer
    return count


def from_the_end(differs, count):
    layer = count - 1
    while layer >= 0 and differs(layer):
        layer -= 1
    return layer + 1


def never_the_last(differs, count):
    return min(by_halves(differs, count), count - 2)


def never_the_first(differs, count):
    return max(by_halves(differs, count), 1)


def never_none(differs, count):
    return min(by_halves(differs, count), count - 1)


TRUTH = {
    letter: list(PORT_KINDS)[number] for letter, number in zip("ABCDE", PORT_HIDDEN, strict=True)
}

EXERCISES = {
    "roundings": Exercise(
        right=[
            roundings,
            lambda a, b: max(abs(x - y) for x, y in zip(a.flat, b.flat)) / abs(b).max() * 2**23,
        ],
        start=stub,
        told="your turn",
        wrong=[
            ("one number", lambda a, b: np.abs(a - b) / np.abs(b).max() / EPS),
            ("In which unit", lambda a, b: np.abs(a - b).max()),
            ("still to be divided", lambda a, b: np.abs(a - b).max() / np.abs(b).max()),
            ("times a thousand", lambda a, b: np.abs(a - b).max() / EPS),
            ("both signs", lambda a, b: (a - b).max() / np.abs(b).max() / EPS),
            ("A mean hides", lambda a, b: np.abs(a - b).mean() / np.abs(b).max() / EPS),
            ("its own number", lambda a, b: (np.abs(a - b) / np.abs(b)).max() / EPS),
            ("negative one", lambda a, b: np.abs(a - b).max() / b.max() / EPS),
            ("not of `a`", lambda a, b: np.abs(a - b).max() / np.abs(a).max() / EPS),
            ("float64", lambda a, b: roundings(a, b) * EPS / np.finfo(np.float64).eps),
            ("Twice too much", lambda a, b: 2 * roundings(a, b)),
            ("divided by the largest", lambda a, b: 17.0),
            ("round nothing", lambda a, b: round(abs(a - b).max() / abs(b).max() / EPS)),
            (
                "where `a` has larger",
                lambda a, b: abs(a - b).max() / max(abs(a).max(), abs(b).max()) / EPS,
            ),
        ],
    ),
    "first_different": Exercise(
        right=[by_halves],
        start=stub,
        told="your turn",
        wrong=[
            ("last layer that agrees", lambda differs, count: by_halves(differs, count) - 1),
            ("One too far", lambda differs, count: by_halves(differs, count) + 1),
            ("how many layers differ", lambda differs, count: count - by_halves(differs, count)),
            ("layer i - 1 does not", lambda differs, count: count // 2),
            ("answer is 0", never_the_first),
            ("The last layer alone", never_the_last),
            ("the answer is `count`", never_none),
            ("1000 questions", one_by_one),
            ("1000 questions", from_the_end),
            ("IndexError", lambda differs, count: differs(count) or 0),
        ],
    ),
    "which_port": Exercise(
        right=[lambda: TRUTH, lambda: dict(reversed(TRUTH.items()))],
        start=stub,
        told="your turn",
        wrong=[
            ("Return a dictionary", lambda: list(TRUTH.values())),
            ("No word on B, C, D, E.", lambda: {"A": TRUTH["A"]}),
            ("No word on E.", lambda: {letter: TRUTH[letter] for letter in "ABCD"}),
            ("'right' is none of the kinds", lambda: TRUTH | {"C": "right"}),
            ("3 of 5 are right. With A", lambda: TRUTH | {"A": TRUTH["B"], "B": TRUTH["A"]}),
            ("4 of 5 are right. With E", lambda: TRUTH | {"E": TRUTH["A"]}),
        ],
    ),
}
