"""SOSNet's losses against loops in float64, and finite gradients where descriptors coincide."""

import pytest
import torch
import torch.nn.functional as F

from solar.training.losses import (
    DISTANCE_EPS,
    distances,
    hardest_in_batch,
    hardest_triplet_loss,
    neighbour_graph,
    second_order_similarity,
)


def pairs(b=7, dim=5, seed=0, noise=0.5):
    generator = torch.Generator().manual_seed(seed)
    a = F.normalize(torch.randn(b, dim, generator=generator, dtype=torch.float64))
    return a, F.normalize(a + noise * torch.randn(b, dim, generator=generator, dtype=torch.float64))


def far(x, y):
    return ((x - y).square().sum() + DISTANCE_EPS).sqrt()


def test_hardest_negative_by_loops():
    a, p = pairs()
    for i in range(7):
        every = [far(x, y) for j in range(7) if j != i for x in (a[i], p[i]) for y in (a[j], p[j])]
        assert torch.isclose(hardest_in_batch(a, p)[i], min(every), atol=1e-12)


@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_triplet_by_loops(margin):
    a, p = pairs()
    total = 0
    for i in range(7):
        hardest = min(
            far(x, y) for j in range(7) if j != i for x in (a[i], p[i]) for y in (a[j], p[j])
        )
        total += max(0, margin + far(a[i], p[i]) - hardest) ** 2
    assert torch.isclose(hardest_triplet_loss(a, p, margin), total / 7)


@pytest.mark.parametrize("k", [1, 2, 8])
def test_second_order_similarity_by_loops(k):
    a, p = pairs()
    total = 0
    for i in range(7):
        others = [j for j in range(7) if j != i]
        near = set(sorted(others, key=lambda j: far(a[i], a[j]))[:k])
        near |= set(sorted(others, key=lambda j: far(p[i], p[j]))[:k])
        assert set(neighbour_graph(a, p, k)[i].nonzero().ravel().tolist()) == near
        total += sum((far(a[i], a[j]) - far(p[i], p[j])) ** 2 for j in near).sqrt()
    assert torch.isclose(second_order_similarity(a, p, k), total / 7)


@pytest.mark.parametrize("loss", [hardest_triplet_loss, second_order_similarity])
def test_gradients(loss):
    a, p = (x.requires_grad_() for x in pairs(6))
    assert torch.autograd.gradcheck(loss, (a, p))


@pytest.mark.parametrize("loss", [hardest_triplet_loss, second_order_similarity])
def test_gradients_stay_finite_where_everything_coincides(loss):
    a = F.normalize(torch.ones(5, 4)).requires_grad_()
    p = a.detach().clone().requires_grad_()
    loss(a, p).backward()
    assert torch.isfinite(a.grad).all() and torch.isfinite(p.grad).all()


def test_equal_distances_cost_nothing():
    a, _ = pairs()
    turn = torch.linalg.qr(
        torch.randn(5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    )[0]
    assert (
        second_order_similarity(a, a @ turn) < 1e-6
    )  # a rotation moves every point, and no distance
    assert distances(a, a).diag().max() < 2e-3


def test_one_pair_has_no_negatives():
    a, p = pairs(1)
    with pytest.raises(ValueError, match="no negatives"):
        hardest_triplet_loss(a, p)
