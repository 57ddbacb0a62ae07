"""Answers to the checks of chapter 10 on re-ranking, and the hunt among counters."""

import numpy as np
from checking import Exercise

from solar import l2n
from solar.checks.distractors import COUNTER_HIDDEN, COUNTER_KINDS, counters

NAMES = list(COUNTER_KINDS)
TRUTH = {letter: NAMES[number] for letter, number in zip("ABCDE", COUNTER_HIDDEN)}


def stub(*arguments):
    raise NotImplementedError("your turn")


def refined(rows, neighbours, beta, skip=1, own=1.0, falling=True, power=1, divide=True):
    """The right average, and by its other settings the usual mistakes."""
    out = []
    for row in rows:
        similar = rows @ row
        order = np.argsort(-similar if falling else similar)
        near = order[skip : skip + neighbours] if falling else order[:neighbours]
        weights = beta * similar[near] ** power
        total = own + weights.sum() if divide else 1.0
        out.append((own * row + weights @ rows[near]) / total)
    return np.array(out)


def ceiling(ranks, depth):
    ranks = np.array(ranks)
    front = (ranks < depth).sum()
    ranks[:front] = np.arange(front)
    return ranks


def in_place(ranks, depth):
    ranks[ranks < depth] = np.arange((ranks < depth).sum())
    return ranks


def one_too_many(ranks, depth):
    return ceiling(ranks, depth + 1)


def moved_up(ranks, depth):
    front = (ranks < depth).sum()
    return np.concatenate([np.arange(front), ranks[front:] - front])


def worst(ranks, depth):
    front = (ranks < depth).sum()
    return np.concatenate([np.arange(depth - front, depth), ranks[front:]])


def by_experiments():
    """Find out by experiments, as the folded solution does."""
    one = np.array([[1.0, 0.0]])
    row = np.array([[0.5, 0.0]])

    def count(counter, pieces, limit):
        return counter(one, pieces, [np.array([limit])])[0][0]

    found = {}
    for letter, counter in counters().items():
        found[letter] = "right"
        if count(counter, [row], 0.5) == 1:
            found[letter] = "ties above"
        if count(counter, [row], 0.5 - 1e-6) == 0:
            found[letter] = "half precision"
        if count(counter, [np.repeat(row, 5, 0)], 0.1) < 5:
            found[letter] = "last rows lost"
        if count(counter, [row, row], 0.1) < 2:
            found[letter] = "last piece alone"
    return found


EXERCISES = {
    "refined": Exercise(
        right=[refined],
        start=stub,
        told="your turn",
        wrong=[
            ("(M, D)", lambda rows, neighbours, beta: rows[0]),
            ("Nothing has changed", lambda rows, neighbours, beta: rows),
            ("not normalised again", lambda rows, neighbours, beta: l2n(refined(rows, 2, beta))),
            ("leave it out", lambda rows, neighbours, beta: refined(rows, 2, beta, skip=0)),
            ("by the factor beta", lambda rows, neighbours, beta: refined(rows, 2, beta, own=beta)),
            ("least similar", lambda rows, neighbours, beta: refined(rows, 2, beta, falling=False)),
            (
                "times its similarity",
                lambda rows, neighbours, beta: refined(rows, 2, beta, power=0),
            ),
            ("by the factor beta", lambda rows, neighbours, beta: refined(rows, 2, 1.0)),
            ("not all", lambda rows, neighbours, beta: refined(rows, 6, beta)),
            (
                "sum of the weights.",
                lambda rows, neighbours, beta: refined(rows, 2, beta, divide=0),
            ),
            (
                "not by their number",
                lambda rows, neighbours, beta: refined(rows, 2, beta, divide=0) / 3,
            ),
            ("are both used", lambda rows, neighbours, beta: refined(rows, 2, 0.5)),
            ("expect", lambda rows, neighbours, beta: rows**2),
            ("too many", lambda rows, neighbours, beta: refined(rows, neighbours + 1, beta)),
            ("too few", lambda rows, neighbours, beta: refined(rows, neighbours - 1, beta)),
        ],
    ),
    "ceiling": Exercise(
        right=[ceiling],
        start=stub,
        told="your turn",
        wrong=[
            ("copy it first", in_place),
            ("Nothing has changed", lambda ranks, depth: ranks),
            ("cannot be reached", lambda ranks, depth: np.arange(len(ranks))),
            ("count from zero", lambda ranks, depth: ceiling(ranks, depth) + (ranks < depth)),
            ("Nothing leaves the front", moved_up),
            ("worst order", worst),
            ("where does 10 belong", one_too_many),
            ("every positive", lambda ranks, depth: np.arange((ranks < depth).sum())),
            ("expect [0, 1, 20, 40]", lambda ranks, depth: ranks // 2),
            ("is `depth` used", lambda ranks, depth: ceiling(ranks, 10)),
        ],
    ),
    "which_counter": Exercise(
        right=[lambda: TRUTH, by_experiments],
        start=stub,
        told="your turn",
        wrong=[
            ("Return a dictionary", lambda: "A"),
            ("No word on E", lambda: {k: v for k, v in TRUTH.items() if k != "E"}),
            ("none of the kinds", lambda: TRUTH | {"A": "broken"}),
            ("With C: let a row score exactly", lambda: TRUTH | {"C": "half precision"}),
            ("1 of 5", lambda: dict.fromkeys("ABCDE", "right")),
            ("3 of 5", lambda: TRUTH | {"B": TRUTH["C"], "C": TRUTH["B"]}),
        ],
    ),
}
