"""Checks of chapter 8: dividing a gain, the crossed bootstrap, power, and a hunt for bad habits."""

import numpy as np
import pytest
from checking import Exercise

from solar.checks.ablation import LABORATORY_HIDDEN, LABORATORY_KINDS, laboratories

NAMES = list(LABORATORY_KINDS)
TRUTH = {letter: NAMES[number] for letter, number in zip("ABCDE", LABORATORY_HIDDEN)}


def stub(*arguments):
    raise NotImplementedError("your turn")


def crossed(points, draws, rng):
    seeds, landmarks = points.shape
    means = []
    for _ in range(draws):
        rows = rng.integers(0, seeds, seeds)
        columns = rng.integers(0, landmarks, landmarks)
        means.append(points[rows][:, columns].mean())
    return np.array(means)


def only_seeds(points, draws, rng):
    return points.mean(1)[rng.integers(0, len(points), (draws, len(points)))].mean(1)


def only_landmarks(points, draws, rng):
    return only_seeds(points.T, draws, rng)


def cells(points, draws, rng):
    return rng.choice(points.ravel(), (draws, points.size)).mean(1)


def landmarks_of_each_seed(points, draws, rng):
    seeds, landmarks = points.shape
    means = []
    for _ in range(draws):
        rows = rng.integers(0, seeds, seeds)
        columns = rng.integers(0, landmarks, (seeds, landmarks))
        means.append(np.take_along_axis(points[rows], columns, 1).mean())
    return np.array(means)


def shuffled(points, draws, rng):
    return np.array([rng.permutation(points.ravel()).mean() for _ in range(draws)])


def one_of_each(points, draws, rng):
    rows = rng.integers(0, len(points), draws)
    return points[rows, rng.integers(0, points.shape[1], draws)]


def trials_of(points, landmarks, trials, rng):
    return rng.choice(points, (trials, landmarks))


def power(points, difference, landmarks, trials, rng, factor=1.96):
    drawn = trials_of(points - points.mean() + difference, landmarks, trials, rng)
    error = drawn.std(1, ddof=1) / landmarks**0.5
    return (abs(drawn.mean(1)) > factor * error).mean()


def not_centred(points, difference, landmarks, trials, rng):
    return power(points, difference + points.mean(), landmarks, trials, rng)


def without_root(points, difference, landmarks, trials, rng):
    return power(points, difference, landmarks, trials, rng, factor=1.96 * landmarks**0.5)


def medians(points, draws, rng):
    rows = rng.integers(0, len(points), (draws, len(points)))
    columns = rng.integers(0, points.shape[1], (draws, points.shape[1]))
    drawn = points[rows[:, :, None], columns[:, None]]  # (draws, seeds, landmarks)
    return np.median(drawn, axis=(1, 2)) + 0.001 * rng.random(draws)


def added_up(points, draws, rng):
    return only_seeds(points, draws, rng) + only_landmarks(points, draws, rng) - points.mean()


def one_sided(points, difference, landmarks, trials, rng):
    drawn = trials_of(points - points.mean() + difference, landmarks, trials, rng)
    return (drawn.mean(1) > 1.96 * drawn.std(1, ddof=1) / landmarks**0.5).mean()


def without_replacement(points, difference, landmarks, trials, rng):
    moved = points - points.mean() + difference
    drawn = np.array([rng.choice(moved, landmarks, replace=False) for _ in range(trials)])
    return (abs(drawn.mean(1)) > 1.96 * drawn.std(1, ddof=1) / landmarks**0.5).mean()


EXERCISES = {
    "credit": Exercise(
        right=[
            lambda none, identity, even, soa: (identity - none, soa - identity),
            lambda none, identity, even, soa: np.array([identity - none, soa - identity]),
        ],
        start=stub,
        told="your turn",
        wrong=[
            ("whole gain", lambda none, identity, even, soa: (soa - none, soa - identity)),
            ("looks elsewhere too", lambda none, identity, even, soa: (even - none, soa - even)),
            ("First the parameters", lambda none, identity, even, soa: (soa - identity, 11)),
            ("A sign", lambda none, identity, even, soa: (identity - none, identity - soa)),
            ("Both parts together", lambda none, identity, even, soa: (even - none, 3)),
            ("looks nowhere else", lambda none, identity, even, soa: (4, 4)),
            ("two numbers", lambda none, identity, even, soa: soa - identity),
            ("these four numbers only", lambda none, identity, even, soa: (11, -3)),
        ],
    ),
    "crossed": Exercise(
        right=[crossed],
        start=stub,
        told="your turn",
        wrong=[
            ("(draws,)", lambda points, draws, rng: points.mean()),
            (
                "use `rng`",
                lambda points, draws, rng: crossed(points, draws, np.random.default_rng()),
            ),
            ("with replacement", shuffled),
            ("Seeds are never drawn", only_landmarks),
            ("Landmarks are never drawn", only_seeds),
            ("whole rows", cells),
            ("whole columns", landmarks_of_each_seed),
            ("as many seeds", one_of_each),
            ("mean of its cells", lambda points, draws, rng: crossed(points, draws, rng) + 2),
            (
                "copies of others",
                lambda points, draws, rng: np.repeat(crossed(points, draws // 10, rng), 10),
            ),
            ("not another number", medians),
            ("in one draw", added_up),
        ],
    ),
    "power": Exercise(
        right=[power],
        start=stub,
        told="your turn",
        wrong=[
            ("take it away first", not_centred),
            ("standard error", without_root),
            (
                "must be added",
                lambda points, difference, landmarks, trials, rng: power(
                    points, 0, landmarks, trials, rng
                ),
            ),
            (
                "draw `landmarks` of them",
                lambda points, difference, landmarks, trials, rng: power(
                    points, difference, len(points), trials, rng
                ),
            ),
            (
                "1.96 standard errors",
                lambda points, difference, landmarks, trials, rng: power(
                    points, difference, landmarks, trials, rng, factor=1
                ),
            ),
            (
                "between 0 and 1",
                lambda points, difference, landmarks, trials, rng: (
                    100 * power(points, difference, landmarks, trials, rng)
                ),
            ),
            ("see nothing", lambda *a: 1 - power(*a)),
            (
                "root of `landmarks`",
                lambda points, difference, landmarks, trials, rng: power(
                    points, difference, landmarks, trials, rng, factor=1.96 / landmarks**0.5
                ),
            ),
            ("seen as often", one_sided),
            ("It stops with ValueError", without_replacement),
        ],
    ),
    "which_laboratory": Exercise(
        right=[lambda: TRUTH],
        start=stub,
        told="your turn",
        wrong=[
            ("Return a dictionary", lambda: list(TRUTH.values())),
            ("No word on E.", lambda: {letter: TRUTH[letter] for letter in "ABCD"}),
            ("none of the kinds", lambda: TRUTH | {"C": "good"}),
            ("3 of 5 are right. With A", lambda: TRUTH | {"A": TRUTH["B"], "B": TRUTH["A"]}),
            ("No word on A, B, C, D, E.", dict),
            ("none of the kinds: 'honest'", lambda: TRUTH | {"E": "Honest"}),
            (
                "0 of 5 are right. With A",
                lambda: {
                    "A": TRUTH["B"],
                    "B": TRUTH["C"],
                    "C": TRUTH["D"],
                    "D": TRUTH["E"],
                    "E": TRUTH["A"],
                },
            ),
        ],
    ),
}


def test_each_kind_is_hidden_once():
    assert sorted(LABORATORY_HIDDEN) == list(range(len(LABORATORY_KINDS)))


def test_the_experiments_tell_the_laboratories_apart():
    # all rates, seeds and landmarks alike: then one thing is changed at a time
    level = np.full((2, 3, 4, 10), 50.0)
    other_choice = level.copy()
    other_choice[0, 2] += 5
    better_there = level.copy()
    better_there[0, 2] -= 7
    control_second = level.copy()
    control_second[1, 1] += 5
    uneven_seeds = level.copy()
    uneven_seeds[0] += np.array([-3.0, 3, -3, 3])[:, None]
    two_lost = level.copy()
    two_lost[0, :, :, :2] = 0

    expected = {
        "honest": (-7, -5, 0, -10),
        "chosen on the test set": (0, -5, 0, -10),
        "one arm tuned": (-7, 0, 0, -10),
        "best seed": (-7, -5, 3, -10),
        "landmarks left out": (-7, -5, 0, 0),
    }
    for letter, report in laboratories().items():
        reports = [
            report(other_choice, better_there),
            report(control_second, control_second),
            report(uneven_seeds, uneven_seeds),
            report(two_lost, two_lost),
        ]
        assert reports == pytest.approx(expected[TRUTH[letter]]), TRUTH[letter]
