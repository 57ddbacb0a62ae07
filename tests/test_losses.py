"""Losses: the published values, loops in float64, gradients by differences, and the places where a
root has none.
"""

import math

import pytest
import torch

from solar import contrastive_loss, second_order_loss, triplet_loss
from solar.training.losses import supervised_contrastive_loss

Q, P, N = [1.0, 2, -2], [-1.0, 2, 0], [-5.0, 0, 3]


def unit(*shape, seed=0):
    x = torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return x / x.norm(dim=-1, keepdim=True)


@pytest.fixture
def batch():
    return unit(4, 6), unit(4, 6, seed=1), unit(4, 3, 6, seed=2)


def d2(a, b):
    return sum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True))


def test_golden_numbers_of_the_authors_code():
    q, p, n = (
        torch.tensor([v], dtype=torch.float64) / math.sqrt(sum(x * x for x in v)) for v in (Q, P, N)
    )
    assert contrastive_loss(q, p, n[:, None], margin=0.7).item() == pytest.approx(
        0.55278635, abs=1e-7
    )
    assert second_order_loss(q, p, n[:, None]).item() == pytest.approx(2.0246215, abs=1e-6)


def test_values_are_the_loops(batch):
    q, p, n = batch
    triplet = contrastive = second = 0.0
    for b in range(4):
        contrastive += d2(q[b], p[b]) / 2
        for j in range(3):
            triplet += max(0.0, d2(q[b], p[b]) - d2(q[b], n[b, j]) + 1.25)
            contrastive += max(0.0, 1.3 - math.sqrt(d2(q[b], n[b, j]))) ** 2 / 2
            second += (d2(q[b], n[b, j]) - d2(p[b], n[b, j])) ** 2
    assert triplet_loss(q, p, n).item() == pytest.approx(triplet / 4, abs=1e-12)
    assert contrastive_loss(q, p, n, margin=1.3).item() == pytest.approx(contrastive / 4, abs=1e-12)
    assert second_order_loss(q, p, n).item() == pytest.approx(math.sqrt(second) / 4, abs=1e-12)


def test_second_order_sees_the_part_of_q_minus_p_along_the_negatives(batch):
    q, p, n = batch
    along = torch.einsum("bd,bkd->bk", q - p, n)
    assert second_order_loss(q, p, n).item() == pytest.approx(
        2 * along.norm().item() / 4, abs=1e-12
    )


@pytest.mark.parametrize("loss", [triplet_loss, contrastive_loss, second_order_loss])
def test_gradients_are_the_differences(loss, batch):
    inputs = [x.requires_grad_() for x in batch]
    assert torch.autograd.gradcheck(loss, inputs)


@pytest.mark.parametrize("loss", [triplet_loss, contrastive_loss, second_order_loss])
def test_gradients_stay_finite_when_points_coincide(loss):
    """A duplicate pair, a negative that equals its query, and a batch collapsed into one point."""
    same = unit(1, 6).float()
    cases = [
        (same, same, unit(1, 3, 6, seed=2).float()),
        (same, unit(1, 6, seed=1).float(), same[:, None].repeat(1, 3, 1)),
        (same.repeat(2, 1), same.repeat(2, 1), same[:, None].repeat(2, 3, 1)),
    ]
    for case in cases:
        inputs = [x.clone().requires_grad_() for x in case]
        value = loss(*inputs)
        value.backward()
        assert torch.isfinite(value) and all(torch.isfinite(x.grad).all() for x in inputs)


def test_what_splitting_a_batch_does(batch):
    q, p, n = (torch.cat([x, x]) for x in batch)
    for loss in (triplet_loss, contrastive_loss):
        parts = [loss(q[i : i + 2], p[i : i + 2], n[i : i + 2]) for i in range(0, 8, 2)]
        assert torch.allclose(loss(q, p, n), torch.stack(parts).mean())
    assert torch.allclose(second_order_loss(*batch), math.sqrt(2) * second_order_loss(q, p, n))


def test_batch_contrastive_loss_is_the_loop():
    descriptors, labels, expected = unit(6, 5), [0, 0, 1, 1, 2, 2], 0.0
    for i in range(6):
        others = [j for j in range(6) if j != i]
        total = sum(math.exp(float(descriptors[i] @ descriptors[j]) / 0.1) for j in others)
        siblings = [j for j in others if labels[j] == labels[i]]
        for j in siblings:
            expected -= math.log(
                math.exp(float(descriptors[i] @ descriptors[j]) / 0.1) / total
            ) / len(siblings)
    found = supervised_contrastive_loss(descriptors, torch.tensor(labels))
    assert found.item() == pytest.approx(expected / 6, abs=1e-9)
    inputs = descriptors.clone().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda d: supervised_contrastive_loss(d, torch.tensor(labels)), [inputs]
    )
