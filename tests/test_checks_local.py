"""Checks of chapter 11: hard negatives, similarity, FPR95, and FPR95 of drawn buildings."""

import numpy as np
import torch
from checking import Exercise

from solar.checks.local import _hard_pairs
from solar.local.metrics import fpr95
from solar.training.losses import distances, hardest_in_batch


def stub(*arguments):
    raise NotImplementedError("your turn")


def off_diagonal(a, p, far=10):
    return distances(a, p) + far * torch.eye(len(a))


def least(a, p, kinds, far=10):
    """The nearest negative of some kinds: 'ap' is d(a_i, p_j)."""
    rows = {"a": a, "p": p}
    found = [off_diagonal(rows[kind[0]], rows[kind[1]], far) for kind in kinds.split()]
    return torch.stack(found).amin((0, 2))


def easiest(a, p):
    apart = torch.stack([distances(a, p), distances(a, a), distances(p, p)])
    return torch.cat([apart, apart[:1].mT]).masked_fill(torch.eye(len(a)) > 0, -1).amax((0, 2))


def squares(a, p):
    return (torch.cdist(a, a) - torch.cdist(p, p)).square()


def global_form(a, p):
    difference = torch.cdist(a, a) ** 2 - torch.cdist(p, p) ** 2
    return difference.square().sum(1).sqrt().mean()


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


EXERCISES = {
    "hardest": Exercise(
        right=[hardest_in_batch],
        start=stub,
        told="your turn",
        wrong=[
            ("Only d", lambda a, p: off_diagonal(a, p).amin(1)),
            ("missing: d(a_i, a_j), d(p_i, p_j).", lambda a, p: least(a, p, "ap pa")),
            ("missing: d(p_i, p_j).", lambda a, p: least(a, p, "aa ap pa")),
            ("missing: d(a_i, a_j).", lambda a, p: least(a, p, "ap pa pp")),
            ("missing: d(p_i, a_j).", lambda a, p: least(a, p, "aa ap pp")),
            ("missing: d(a_i, p_j).", lambda a, p: least(a, p, "aa pa pp")),
            ("missing: d(p_i, a_j), d(p_i, p_j).", lambda a, p: least(a, p, "aa ap")),
            ("d(a_i, p_j), d(p_i, a_j), d(p_i, p_j).", lambda a, p: least(a, p, "aa")),
            ("diagonal", lambda a, p: distances(a, a).amin(1)),
            ("2 apart, so add more", lambda a, p: least(a, p, "aa ap pa pp", 1)),
            ("take the root", lambda a, p: hardest_in_batch(a, p) ** 2),
            ("inside the pairs", lambda a, p: (a - p).norm(dim=1)),
            ("easiest", easiest),
            ("shape", lambda a, p: hardest_in_batch(a, p).mean()),
            ("The least of", lambda a, p: 2 * hardest_in_batch(a, p)),
        ],
    ),
    "similarity": Exercise(
        right=[lambda a, p: squares(a, p).sum(1).sqrt().mean()],
        start=stub,
        told="your turn",
        wrong=[
            ("Not a number", lambda a, p: torch.tensor(float("nan"))),
            ("One root per anchor", lambda a, p: squares(a, p).sum().sqrt()),
            ("whole batch", lambda a, p: squares(a, p).sum().sqrt() / 6),
            ("root is missing", lambda a, p: squares(a, p).sum(1).mean()),
            ("not the sum", lambda a, p: squares(a, p).sum(1).sqrt().sum()),
            ("Squares inside", lambda a, p: squares(a, p).sqrt().sum(1).mean()),
            ("global", global_form),
            ("Mean over i", lambda a, p: torch.tensor(7.0)),
        ],
    ),
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
        ],
    ),
}


def test_each_kind_of_negative_is_the_hardest_of_some_pair():
    a, p = _hard_pairs()
    for others in ("ap pa pp", "aa pa pp", "aa ap pp", "aa ap pa"):
        assert (least(a, p, others) > hardest_in_batch(a, p) + 0.01).any()
    # and one pair is farther from all others than a careless diagonal moves it
    assert hardest_in_batch(a, p).max() > 1.2
