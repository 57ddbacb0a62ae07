"""Checks of chapter 9: ranks, precision, intervals."""

import numpy as np
from checking import Exercise

from solar import ranks_by_counting
from solar.intervals import paired_bootstrap
from solar.search.protocol import precision_at


def strict(scores, positives, junk):
    """Ranks that leave equal scores out."""
    return sorted(sum(scores > scores[i]) - sum(scores[junk] > scores[i]) for i in positives)


def above(scores, positives, junk):
    return sorted(sum(scores > scores[i]) for i in positives)


def behind(scores, positives, junk):
    """Ranks that count all equal scores, those of larger indices too."""
    junk = np.array(junk, int)
    return sorted(sum(scores >= scores[i]) - 1 - sum(scores[junk] >= scores[i]) for i in positives)


def bootstrap(difference, low=2.5, high=97.5, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    means = rng.choice(difference, (draws, len(difference))).mean(1)
    return np.percentile(means, [low, high])


def relative_to_mean(a, b):
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, len(a), (4000, len(a)))
    return np.percentile(a[chosen].mean(1) / b[chosen].mean(1) - 1, [2.5, 97.5])


def drawn_apart(a, b):
    rng = np.random.default_rng(0)
    means = rng.choice(a, (4000, len(a))).mean(1) - rng.choice(b, (4000, len(b))).mean(1)
    return np.percentile(means, [2.5, 97.5])


def without_positives(scores, positives, junk):
    """Other positives count neither as right nor as wrong."""
    return sorted(ranks_by_counting(scores, positives, junk) - np.arange(len(positives)))


def junk_overwritten(scores, positives, junk):
    scores[junk] = -1
    return ranks_by_counting(scores, positives)


def half_of_ties(scores, positives, junk):
    """An equal score counts one half."""
    kept = np.setdiff1d(np.arange(len(scores)), junk)
    ranks = []
    for i in positives:
        equal = sum(scores == scores[i]) - 1
        ranks.append(sum(scores[kept] > scores[i]) + equal / 2)
    return sorted(ranks)


def precision_at_most(ranks, k):
    return sum(rank < k for rank in ranks) / k


def right_for_few(scores, positives, junk):
    """Wrong where the last of nine images is a positive."""
    ranks = ranks_by_counting(scores, positives, junk)
    return ranks + (max(positives) == 8)


EXERCISES = {
    "ranks": Exercise(
        right=[ranks_by_counting],
        start=above,
        told="Two things are missing: the junk, and the images with an equal score.",
        wrong=[
            ("One rank for each", lambda s, p, j: 3),
            ("count from 0", lambda s, p, j: ranks_by_counting(s, p, j) + 1),
            ("junk still stands", lambda s, p, j: ranks_by_counting(s, p)),
            ("Two things", lambda s, p, j: above(s, p, j)[::-1]),
            ("smaller index", strict),
            ("sort them", lambda s, p, j: ranks_by_counting(s, p, j)[::-1]),
            ("images below", lambda s, p, j: sorted(sum(s < s[i]) for i in p)),
            ("larger ones do not", behind),
            ("expect [2, 3, 4]", lambda s, p, j: [7, 7, 7]),
            ("only junk is taken out", without_positives),
            ("images below", lambda s, p, j: ranks_by_counting(-s, p, j)),
            ("copy it first", junk_overwritten),
            ("larger ones do not", half_of_ties),
            ("Right so far", right_for_few),
        ],
    ),
    "precision": Exercise(
        right=[precision_at],
        start=lambda r, k: sum(rank < k for rank in r) / k,
        told="The oddity is missing: k is at most the last positive's place in the list, counted "
        "from 1.",
        wrong=[
            ("oddity is missing", lambda r, k: sum(np.array(r) < k) / k),
            ("one too deep", lambda r, k: sum(np.array(r) <= k) / min(max(r) + 1, k)),
            ("Two mistakes", lambda r, k: sum(np.array(r) <= k) / k),
            ("recall", lambda r, k: sum(np.array(r) < k) / len(r)),
            ("expect", lambda r, k: 7),
            ("place k, and counts", lambda r, k: sum(np.array(r) + 1 < k) / min(max(r) + 1, k)),
            ("number of positives", lambda r, k: precision_at_most(r, min(k, len(r)))),
            ("not percent", lambda r, k: 100 * precision_at(r, k)),
            ("It stops with ZeroDivisionError", lambda r, k: precision_at_most(r, min(k, max(r)))),
        ],
    ),
    "interval": Exercise(
        right=[lambda a, b: bootstrap(a - b), lambda a, b: bootstrap(a - b, draws=1000, seed=3)],
        start=drawn_apart,
        told="You draw queries for A and for B apart. Draw once, and score both on the same draw.",
        wrong=[
            ("Two numbers", lambda a, b: [*bootstrap(a - b), 0.0]),
            ("lower end", lambda a, b: bootstrap(a - b)[::-1]),
            ("apart", drawn_apart),
            ("single queries", lambda a, b: np.percentile(a - b, [2.5, 97.5])),
            ("90 %", lambda a, b: bootstrap(a - b, 5, 95)),
            ("The sign: it is A minus B", lambda a, b: bootstrap(b - a)),
            ("not divided by B", lambda a, b: bootstrap((a - b) / b)),
            ("not divided by B", relative_to_mean),
            ("draw 1,000 times or more", lambda a, b: bootstrap(a - b, draws=20)),
            ("with repetition", lambda a, b: (0, 1)),
            ("99 %", lambda a, b: bootstrap(a - b, 0.5, 99.5)),
            ("68 %", lambda a, b: bootstrap(a - b, 16, 84)),
            ("from 0 to 100", lambda a, b: bootstrap(a - b, 0.025, 0.02501)),
            ("draw 1,000 times or more", lambda a, b: bootstrap(a - b, draws=60)),
        ],
    ),
}


def test_the_package_passes_its_own_exercise():
    rng = np.random.default_rng(3)
    a = rng.random(100)
    b = rng.random(100)
    low, high = bootstrap(a - b)
    package = paired_bootstrap(a, b)
    assert abs(package["low"] - low) < 0.01
    assert abs(package["high"] - high) < 0.01
