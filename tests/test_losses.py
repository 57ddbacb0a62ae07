"""Losses: published values, loops in float64, gradients by differences, roots at zero."""

import math

import pytest
import torch
import torch.nn.functional as F

from solar import contrastive_loss, second_order_loss, triplet_loss
from solar.training.losses import (
    DISTANCE_EPS,
    distances,
    hardest_in_batch,
    hardest_triplet_loss,
    neighbour_graph,
    second_order_similarity,
    supervised_contrastive_loss,
)

TUPLE_LOSSES = [triplet_loss, contrastive_loss, second_order_loss]
PAIR_LOSSES = [hardest_triplet_loss, second_order_similarity]


def unit(*shape, seed=0):
    """Return random unit vectors in float64."""
    x = torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return x / x.norm(dim=-1, keepdim=True)


# ---- tuples: query, positive, negatives ----------------------------------------------------------


@pytest.fixture
def batch():
    """Four queries, their positives, three negatives each."""
    return unit(4, 6), unit(4, 6, seed=1), unit(4, 3, 6, seed=2)


def d2(a, b):
    """Return the squared distance of two vectors, by a loop."""
    return sum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True))


def test_golden_numbers_of_the_authors_code():
    q = F.normalize(torch.tensor([[1.0, 2, -2]], dtype=torch.float64))
    p = F.normalize(torch.tensor([[-1.0, 2, 0]], dtype=torch.float64))
    n = F.normalize(torch.tensor([[-5.0, 0, 3]], dtype=torch.float64))[:, None]
    assert contrastive_loss(q, p, n, margin=0.7).item() == pytest.approx(0.55278635, abs=1e-7)
    assert second_order_loss(q, p, n).item() == pytest.approx(2.0246215, abs=1e-6)


def test_triplet_loss_is_the_loop(batch):
    q, p, n = batch
    total = 0.0
    for b in range(4):
        for j in range(3):
            total += max(0.0, d2(q[b], p[b]) - d2(q[b], n[b, j]) + 1.25)
    assert triplet_loss(q, p, n).item() == pytest.approx(total / 4, abs=1e-12)


def test_contrastive_loss_is_the_loop(batch):
    q, p, n = batch
    total = 0.0
    for b in range(4):
        total += d2(q[b], p[b]) / 2
        for j in range(3):
            total += max(0.0, 1.3 - math.sqrt(d2(q[b], n[b, j]))) ** 2 / 2
    assert contrastive_loss(q, p, n, margin=1.3).item() == pytest.approx(total / 4, abs=1e-12)


def test_second_order_loss_is_the_loop(batch):
    q, p, n = batch
    total = 0.0
    for b in range(4):
        for j in range(3):
            total += (d2(q[b], n[b, j]) - d2(p[b], n[b, j])) ** 2
    assert second_order_loss(q, p, n).item() == pytest.approx(math.sqrt(total) / 4, abs=1e-12)


def test_second_order_sees_the_part_of_q_minus_p_along_the_negatives(batch):
    q, p, n = batch
    along = torch.einsum("bd,bkd->bk", q - p, n)
    expected = 2 * along.norm().item() / 4
    assert second_order_loss(q, p, n).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("loss", TUPLE_LOSSES)
def test_gradients_of_tuple_losses_are_the_differences(loss, batch):
    inputs = [x.requires_grad_() for x in batch]
    assert torch.autograd.gradcheck(loss, inputs)


def coinciding_tuples():
    """A duplicate pair, a negative that equals its query, and a batch collapsed into one point."""
    same = unit(1, 6).float()
    one_negative = same[:, None]
    return [
        (same, same, unit(1, 3, 6, seed=2).float()),
        (same, unit(1, 6, seed=1).float(), one_negative.repeat(1, 3, 1)),
        (same.repeat(2, 1), same.repeat(2, 1), one_negative.repeat(2, 3, 1)),
    ]


@pytest.mark.parametrize("loss", TUPLE_LOSSES)
def test_gradients_of_tuple_losses_stay_finite_where_points_coincide(loss):
    for case in coinciding_tuples():
        inputs = [x.clone().requires_grad_() for x in case]
        value = loss(*inputs)
        value.backward()
        assert torch.isfinite(value)
        assert all(torch.isfinite(x.grad).all() for x in inputs)


def doubled(q, p, n):
    """Return a batch with every tuple twice."""
    return torch.cat([q, q]), torch.cat([p, p]), torch.cat([n, n])


@pytest.mark.parametrize("loss", [triplet_loss, contrastive_loss])
def test_first_order_losses_are_means_over_the_parts_of_a_batch(loss, batch):
    q, p, n = doubled(*batch)
    parts = [loss(q[i : i + 2], p[i : i + 2], n[i : i + 2]) for i in range(0, 8, 2)]
    assert torch.allclose(loss(q, p, n), torch.stack(parts).mean())


def test_the_second_order_loss_of_half_a_batch_is_larger_by_the_root_of_two(batch):
    q, p, n = doubled(*batch)
    assert torch.allclose(second_order_loss(*batch), math.sqrt(2) * second_order_loss(q, p, n))


# ---- siblings: the supervised contrastive loss ---------------------------------------------------


def test_supervised_contrastive_loss_is_the_loop():
    descriptors = unit(6, 5)
    labels = [0, 0, 1, 1, 2, 2]
    total = 0.0
    for i in range(6):
        others = [j for j in range(6) if j != i]
        similar = {j: math.exp(float(descriptors[i] @ descriptors[j]) / 0.1) for j in others}
        siblings = [j for j in others if labels[j] == labels[i]]
        for j in siblings:
            total -= math.log(similar[j] / sum(similar.values())) / len(siblings)
    loss = supervised_contrastive_loss(descriptors, torch.tensor(labels))
    assert loss.item() == pytest.approx(total / 6, abs=1e-9)


def test_gradients_of_the_supervised_contrastive_loss_are_the_differences():
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    inputs = unit(6, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda d: supervised_contrastive_loss(d, labels), [inputs])


# ---- pairs of patches: SOSNet's losses -----------------------------------------------------------


def pairs(count=7):
    """Return anchors and, near them, positives: (count, 5) unit vectors in float64."""
    generator = torch.Generator().manual_seed(0)
    a = F.normalize(torch.randn(count, 5, generator=generator, dtype=torch.float64))
    noise = torch.randn(count, 5, generator=generator, dtype=torch.float64)
    return a, F.normalize(a + 0.5 * noise)


def far(x, y):
    """Return the distance of two vectors, with the eps under its root."""
    return ((x - y).square().sum() + DISTANCE_EPS).sqrt()


def hardest(a, p, i):
    """Return the distance of pair i to its nearest negative, by loops."""
    others = [j for j in range(len(a)) if j != i]
    return min(far(x, y) for j in others for x in (a[i], p[i]) for y in (a[j], p[j]))


def test_the_hardest_negative_is_that_of_the_loops():
    a, p = pairs()
    found = hardest_in_batch(a, p)
    for i in range(7):
        assert torch.isclose(found[i], hardest(a, p, i), atol=1e-12)


@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_hardest_triplet_loss_is_the_loop(margin):
    a, p = pairs()
    total = sum(max(0, margin + far(a[i], p[i]) - hardest(a, p, i)) ** 2 for i in range(7))
    assert torch.isclose(hardest_triplet_loss(a, p, margin), total / 7)


@pytest.mark.parametrize("k", [1, 2, 8])
def test_second_order_similarity_is_the_loop(k):
    a, p = pairs()
    graph = neighbour_graph(a, p, k)
    total = 0
    for i in range(7):
        others = [j for j in range(7) if j != i]
        near = set(sorted(others, key=lambda j: far(a[i], a[j]))[:k])
        near |= set(sorted(others, key=lambda j: far(p[i], p[j]))[:k])
        assert set(graph[i].nonzero().ravel().tolist()) == near
        total += sum((far(a[i], a[j]) - far(p[i], p[j])) ** 2 for j in near).sqrt()
    assert torch.isclose(second_order_similarity(a, p, k), total / 7)


@pytest.mark.parametrize("loss", PAIR_LOSSES)
def test_gradients_of_pair_losses_are_the_differences(loss):
    inputs = [x.requires_grad_() for x in pairs(6)]
    assert torch.autograd.gradcheck(loss, inputs)


@pytest.mark.parametrize("loss", PAIR_LOSSES)
def test_gradients_of_pair_losses_stay_finite_where_everything_coincides(loss):
    a = F.normalize(torch.ones(5, 4)).requires_grad_()
    p = a.detach().clone().requires_grad_()
    loss(a, p).backward()
    assert torch.isfinite(a.grad).all()
    assert torch.isfinite(p.grad).all()


def test_a_rotation_costs_no_second_order_loss():
    """It moves every point, and no distance."""
    a, _ = pairs()
    generator = torch.Generator().manual_seed(1)
    turn = torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64, generator=generator))[0]
    assert second_order_similarity(a, a @ turn) < 1e-6


def test_a_point_is_at_distance_zero_from_itself():
    a, _ = pairs()
    assert distances(a, a).diag().max() < 2e-3


def test_one_pair_has_no_negatives():
    a, p = pairs(1)
    with pytest.raises(ValueError, match="no negatives"):
        hardest_triplet_loss(a, p)
