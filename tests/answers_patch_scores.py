"""Answers to the checks of chapter 11: FPR95, and FPR95 of drawn buildings."""

import numpy as np
from checking import Exercise

from solar.local.metrics import fpr95


def stub(*arguments):
    raise NotImplementedError("your turn")


def roles_exchanged(d, same):
    return (d[same] <= np.percentile(d[~same], 95)).mean()


def share_of_accepted(d, same):
    accepted = d <= np.sort(d[same])[int(np.ceil(0.95 * same.sum())) - 1]
    return (accepted & ~same).sum() / accepted.sum()


def resampled(d, same, groups, draws, rng, score=fpr95, count=None):
    names = np.unique(groups)
    answers = []
    for _ in range(draws):
        chosen = rng.choice(names, count or len(names))
        rows = np.concatenate([np.flatnonzero(groups == name) for name in chosen])
        answers.append(score(d[rows], same[rows]))
    return np.array(answers)


def pairs_drawn(d, same, groups, draws, rng):
    rows = rng.integers(0, len(d), (draws, len(d)))
    return np.array([fpr95(d[row], same[row]) for row in rows])


def mean_of_groups(d, same, groups, draws, rng):
    of_group = [fpr95(d[groups == name], same[groups == name]) for name in np.unique(groups)]
    return rng.choice(of_group, (draws, len(of_group))).mean(1)


def one_threshold(d, same, groups, draws, rng):
    threshold = np.sort(d[same])[int(np.ceil(0.95 * same.sum())) - 1]
    within = d <= threshold
    return resampled(within, same, groups, draws, rng, lambda w, s: w[~s].mean())


def by_size(d, same, groups, draws, rng):
    # a pair is drawn, and brings its group
    chosen = rng.choice(groups, (draws, 2))
    rows = [np.concatenate([np.flatnonzero(groups == g) for g in pair]) for pair in chosen]
    return np.array([fpr95(d[row], same[row]) for row in rows])


def with_own_rng(d, same, groups, draws, rng):
    return resampled(d, same, groups, draws, np.random.default_rng())


def once_each(d, same, groups, draws, rng):
    """A group that is drawn twice comes once."""
    names = np.unique(groups)
    rows = [np.isin(groups, rng.choice(names, len(names))) for _ in range(draws)]
    return np.array([fpr95(d[row], same[row]) for row in rows])


EXERCISES = {
    "fpr95": Exercise(
        right=[fpr95, lambda d, same: (d[~same] <= np.percentile(d[same], 95)).mean()],
        start=roles_exchanged,
        told="The roles are exchanged: the threshold comes from the right pairs.",
        wrong=[
            ("not percent", lambda d, same: 100 * fpr95(d, same)),
            ("rejected", lambda d, same: 1 - fpr95(d, same)),
            ("not by all accepted", share_of_accepted),
            ("exchanged", roles_exchanged),
            ("wrong pairs alone", lambda d, same: fpr95(d, same) * (~same).mean()),
            ("right way round", lambda d, same: 0.99),
            ("accepts 95 %", lambda d, same: 0.0),
            ("from all pairs", lambda d, same: (d[~same] <= np.percentile(d, 95)).mean()),
            ("accepts 5 %", lambda d, same: (d[~same] <= np.percentile(d[same], 5)).mean()),
            (
                "from the wrong ones",
                lambda d, same: (d[~same] <= np.percentile(d[~same], 95)).mean(),
            ),
        ],
    ),
    "resampled": Exercise(
        right=[resampled],
        start=stub,
        told="your turn",
        wrong=[
            ("(draws,)", lambda d, same, groups, draws, rng: fpr95(d, same)),
            ("use `rng`", with_own_rng),
            (
                "with replacement",
                lambda d, same, groups, draws, rng: np.full(draws, fpr95(d, same)),
            ),
            ("not percent", lambda *arguments: 100 * resampled(*arguments)),
            ("no mean over groups", mean_of_groups),
            ("as many groups", lambda *arguments: resampled(*arguments, count=1)),
            ("belongs to the draw", one_threshold),
            ("whole groups", pairs_drawn),
            ("whatever its size", by_size),
            ("brings its pairs twice", once_each),
        ],
    ),
}
