"""Pooling against loops in float64."""

import math

import numpy as np
import pytest
import torch

from solar.nets.pooling import POOLINGS, GeM, gem, l2n, mac, make_pool, regions, rmac, spoc


def some_map(height=5, width=7, seed=0, batch=2, channels=3):
    return torch.randn(
        batch, channels, height, width, generator=torch.Generator().manual_seed(seed)
    )


def loop_gem(x, p):
    """(mean_i max(x_i, 1e-6) ** p) ** (1 / p), position by position."""
    batch, channels, height, width = x.shape
    out = np.zeros((batch, channels))
    for b in range(batch):
        for c in range(channels):
            total = 0.0
            for i in range(height):
                for j in range(width):
                    total += max(float(x[b, c, i, j]), 1e-6) ** p[c]
            out[b, c] = (total / (height * width)) ** (1 / p[c])
    return out


def loop_rmac(x, levels=3):
    """Sum of normalised maxima over regions placed as the R-MAC paper says, in plain Python."""

    def unit(v):
        return v / (math.sqrt((v**2).sum()) + 1e-6)

    height, width = x.shape[1:]
    short, long = min(height, width), max(height, width)
    overlaps = [
        abs((short**2 - short * (long - short) / (n - 1)) / short**2 - 0.4) for n in range(2, 8)
    ]
    extra = overlaps.index(min(overlaps)) + 1 if long > short else 0
    total = unit(x.max((1, 2)))
    for level in range(1, levels + 1):
        side = 2 * short // (level + 1)
        rows = level + (extra if height > width else 0)
        columns = level + (extra if width > height else 0)
        for i in range(rows if side else 0):
            for j in range(columns):
                r = 0 if rows == 1 else math.floor(i * (height - side) / (rows - 1))
                c = 0 if columns == 1 else math.floor(j * (width - side) / (columns - 1))
                total = total + unit(x[:, r : r + side, c : c + side].max((1, 2)))
    return total


@pytest.mark.parametrize("p", [1.0, 3.0, 2.7, 10.0])
def test_gem_is_the_loop(p):
    x = some_map()
    assert np.allclose(gem(x, p), loop_gem(x, [p] * 3), rtol=2e-5, atol=1e-7)


def test_gemmp_has_an_exponent_for_each_channel():
    pool = make_pool("gemmp", 3)
    x = some_map()
    pool.p.data = torch.tensor([1.0, 3.0, 6.0])
    assert np.allclose(pool(x).detach(), loop_gem(x, [1.0, 3.0, 6.0]), rtol=2e-5, atol=1e-7)


def test_gem_lies_between_mean_and_maximum():
    x = some_map().abs()
    assert torch.allclose(gem(x, 1.0), spoc(x), atol=1e-6)
    x = x / x.amax((2, 3), keepdim=True)
    assert torch.allclose(gem(x, 60.0), mac(x), atol=0.06)  # 35 ** (-1 / 60) = 0.94


@pytest.mark.parametrize("size", [(5, 7), (7, 5), (6, 6), (2, 9), (1, 1), (1, 4), (24, 32)])
def test_rmac_is_the_loop(size):
    x = some_map(*size)
    expected = [loop_rmac(image) for image in x.double().numpy()]
    assert np.allclose(rmac(x), expected, atol=1e-5)


def test_regional_is_the_loop():
    """Each region: GeM, L2, linear, L2; then their sum, in float64."""
    torch.manual_seed(0)
    pool = make_pool("gem", 3, regional=True)
    x = some_map(5, 7)
    weight = pool.whiten.weight.detach().double().numpy()
    bias = pool.whiten.bias.detach().double().numpy()
    total = 0
    for r, c, h, w in [(0, 0, 5, 7), *regions(5, 7)]:
        v = loop_gem(x[:, :, r : r + h, c : c + w], [3.0] * 3)
        v = v / (np.linalg.norm(v, axis=1, keepdims=True) + 1e-6) @ weight.T + bias
        total = total + v / (np.linalg.norm(v, axis=1, keepdims=True) + 1e-6)
    assert np.allclose(pool(x).detach(), total, atol=1e-5)


def test_half_precision_is_pooled_in_float32():
    """1e-6 ** 3 is zero in float16, and its root has no gradient."""
    x = torch.zeros(1, 2, 4, 4, dtype=torch.float16, requires_grad=True)
    pool = GeM()
    y = pool(x)
    y.sum().backward()
    assert y.dtype == torch.float32
    assert torch.allclose(y, torch.full((1, 2), 1e-6))
    assert torch.isfinite(x.grad).all()
    assert torch.isfinite(pool.p.grad).all()


def test_gem_learns_p():
    pool = GeM().double()
    x = some_map().abs().double() + 0.1
    plus = gem(x, 3.001)
    minus = gem(x, 2.999)
    pool(x).sum().backward()
    assert pool.p.grad.item() == pytest.approx((plus - minus).sum().item() / 0.002, rel=1e-2)


def test_l2n_divides_by_the_norm_plus_epsilon():
    assert torch.equal(l2n(torch.zeros(1, 3)), torch.zeros(1, 3))
    assert torch.allclose(l2n(torch.tensor([[3.0, 4.0]])), torch.tensor([[3.0, 4.0]]) / (5 + 1e-6))
    assert l2n(torch.tensor([[1e-6]])).item() == pytest.approx(0.5)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_l2n_of_arrays_is_l2n_of_tensors(kind):
    rows = np.random.default_rng(0).normal(size=(4, 5)).astype(kind)
    rows[2] = 0
    unit = l2n(rows)
    assert unit.dtype == kind
    assert (unit[2] == 0).all()  # a zero row stays zero, never nan
    np.testing.assert_allclose(unit, l2n(torch.from_numpy(rows)).numpy(), rtol=1e-6)


@pytest.mark.parametrize("name", POOLINGS)
def test_every_pooling_by_name(name):
    assert make_pool(name, 3)(some_map()).shape == (2, 3)


def test_unknown_pooling_lists_the_known():
    with pytest.raises(ValueError, match=r"unknown pooling 'max'.*gem.*rmac"):
        make_pool("max", 3)
