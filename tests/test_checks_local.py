"""Checks of chapter 11: hard negatives and second-order similarity."""

import torch
from checking import Exercise

from solar.checks.local import _hard_pairs
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
            ("numbers of pairs", lambda a, p: off_diagonal(a, p).argmin(1)),
            ("no gradient", lambda a, p: hardest_in_batch(a, p).detach()),
            ("1 - cosine", lambda a, p: hardest_in_batch(a, p) ** 2 / 2),
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
            ("one number", lambda a, p: squares(a, p).sum(1).sqrt()),
            ("not a mean", lambda a, p: squares(a, p).mean(1).sqrt().mean()),
            ("dot products", lambda a, p: (a @ a.T - p @ p.T).square().sum(1).sqrt().mean()),
            ("The sign", lambda a, p: -squares(a, p).sum(1).sqrt().mean()),
            (
                "Mean over i",
                lambda a, p: (torch.cdist(a, a) - torch.cdist(a, p)).norm(dim=1).mean(),
            ),
            ("no gradient", lambda a, p: squares(a, p).sum(1).sqrt().mean().item()),
        ],
    ),
}


def test_each_kind_of_negative_is_the_hardest_of_some_pair():
    a, p = _hard_pairs()
    for others in ("ap pa pp", "aa pa pp", "aa ap pp", "aa ap pa"):
        assert (least(a, p, others) > hardest_in_batch(a, p) + 0.01).any()
    # and one pair is farther from all others than a careless diagonal moves it
    assert hardest_in_batch(a, p).max() > 1.2
