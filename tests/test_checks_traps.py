"""Checks of chapter 6: the weight of a loss in parts, the share of active triplets."""

import pytest
import torch
from checking import Exercise

from solar import triplet_loss


def stub(*arguments):
    raise NotImplementedError("your turn")


def terms(q, p, n, margin):
    """What stands under the max of the triplet loss: (B, K)."""
    near = (q - p).square().sum(-1)[:, None]
    return near - (q[:, None] - n).square().sum(-1) + margin


def active_share(q, p, n, margin):
    return (terms(q, p, n, margin) > 0).double().mean()


def in_loops(q, p, n, margin):
    count = 0
    for b in range(len(q)):
        for j in range(n.shape[1]):
            one = triplet_loss(q[b : b + 1], p[b : b + 1], n[b : b + 1, j : j + 1], margin)
            count += one.item() > 0
    return count / n[..., 0].numel()


def of_plain_distances(q, p, n, margin):
    near = (q - p).norm(dim=-1)[:, None]
    return (near - (q[:, None] - n).norm(dim=-1) + margin > 0).double().mean()


def seen_from_p(q, p, n, margin):
    near = (q - p).square().sum(-1)[:, None]
    return (near - (p[:, None] - n).square().sum(-1) + margin > 0).double().mean()


EXERCISES = {
    "weight_for_parts": Exercise(
        right=[lambda weight, parts: weight / parts**0.5],
        start=stub,
        told="your turn",
        wrong=[
            ("does depend", lambda weight, parts: weight),
            ("other way:", lambda weight, parts: weight * parts**0.5),
            ("other way, and too much", lambda weight, parts: weight * parts),
            ("root of the number of parts", lambda weight, parts: weight / parts),
            ("a mean, not a sum", lambda weight, parts: weight / parts**1.5),
            ("Too strong", lambda weight, parts: weight / parts**2),
            ("One part is the whole batch", lambda weight, parts: weight / (1 + parts) ** 0.5),
            ("how many terms", lambda weight, parts: weight / parts**0.25),
            ("must grow with `weight`", lambda weight, parts: 10 / parts**0.5),
            ("It stops with TypeError", lambda weight: weight),
        ],
    ),
    "active_share": Exercise(
        right=[active_share, in_loops],
        start=stub,
        told="your turn",
        wrong=[
            ("one number", lambda q, p, n, margin: (terms(q, p, n, margin) > 0).float().mean(1)),
            ("the other one", lambda q, p, n, margin: 1 - active_share(q, p, n, margin)),
            ("share, from 0 to 1", lambda q, p, n, margin: (terms(q, p, n, margin) > 0).sum()),
            ("percent", lambda q, p, n, margin: 100 * active_share(q, p, n, margin)),
            ("divide by K", lambda q, p, n, margin: n.shape[1] * active_share(q, p, n, margin)),
            ("mean loss", lambda q, p, n, margin: terms(q, p, n, margin).clamp(min=0).mean()),
            (
                "an active triplet;",
                lambda q, p, n, margin: (terms(q, p, n, margin) > 0).any(1).double().mean(),
            ),
            (
                "all triplets are active",
                lambda q, p, n, margin: (terms(q, p, n, margin) > 0).all(1).double().mean(),
            ),
            ("not squared", of_plain_distances),
            ("wrong sign", lambda q, p, n, margin: active_share(q, p, n, -margin)),
            ("margin is missing", lambda q, p, n, margin: active_share(q, p, n, 0)),
            ("starts at the query", seen_from_p),
            (
                "exactly zero",
                lambda q, p, n, margin: (terms(q, p, n, margin) >= 0).double().mean(),
            ),
            ("above zero", lambda q, p, n, margin: 0.123),
            ("is `margin` used", lambda q, p, n, margin: active_share(q, p, n, 1.0)),
            ("not half", lambda q, p, n, margin: active_share(q, p, n, margin / 2)),
        ],
    ),
}


@pytest.mark.parametrize("factor", [1 / 3, 0.5, 2])
def test_the_weight_of_parts_keeps_the_balance_that_it_promises(factor):
    # a batch whose tuples are all alike: equal differences, as the exercise supposes
    q = torch.tensor([[1.0, 0.0]], dtype=torch.float64).expand(16, 2)
    p = torch.tensor([[0.8, 0.6]], dtype=torch.float64).expand(16, 2)
    n = torch.tensor([[[0.0, 1.0]]], dtype=torch.float64).expand(16, 1, 2)
    differences = 2 * torch.einsum("bd,bkd->bk", q - p, n)
    whole = factor * torch.linalg.vector_norm(differences) / 16
    (right,) = EXERCISES["weight_for_parts"].right
    in_parts = torch.linalg.vector_norm(differences[:4]) / 4  # each of 4 parts, and their mean
    assert torch.isclose(right(factor, 4) * in_parts, whole)
