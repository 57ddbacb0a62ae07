"""The attention block against loops in float64, and its lightness against the operations it runs."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from solar import SecondOrderAttention
from solar.nets.attention import Pointwise


def trained(channels=8, reduction=2, seed=0):
    """A block as training may leave it: nothing at its start value, batch norm statistics included."""
    torch.manual_seed(seed)
    block = SecondOrderAttention(channels, reduction)
    for tensor in [*block.parameters(), *(b for b in block.buffers() if b.dtype.is_floating_point)]:
        tensor.data = (
            torch.rand_like(tensor) + 0.2 if tensor.ndim == 1 else torch.randn_like(tensor)
        )
    return block.eval()


def loop_block(block, x):
    """Output (C, H, W) and map (N, N) for one feature map, in float64, position by position."""
    state = {k: v.double().numpy() for k, v in block.state_dict().items()}
    channels, height, width = x.shape
    positions = [x[:, r, c].double().numpy() for r in range(height) for c in range(width)]

    def linear(name, at):
        return state[f"{name}.weight"][:, :, 0, 0] @ at + state[f"{name}.bias"]

    def projected(name, at):
        z = linear(f"{name}.0", at)
        z = (z - state[f"{name}.1.running_mean"]) / np.sqrt(state[f"{name}.1.running_var"] + 1e-5)
        return np.maximum(z * state[f"{name}.1.weight"] + state[f"{name}.1.bias"], 0)

    queries, keys = ([projected(name, at) for at in positions] for name in "fg")
    values = [linear("h", at) for at in positions]
    attention, out = np.zeros((len(positions),) * 2), np.zeros((channels, len(positions)))
    for i, query in enumerate(queries):
        logits = np.array([query @ key / np.sqrt(len(query)) for key in keys])
        attention[i] = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        out[:, i] = positions[i] + linear(
            "v", sum(a * v for a, v in zip(attention[i], values, strict=True))
        )
    return out.reshape(channels, height, width), attention


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_both_paths_are_the_loop(layout):
    block, x = trained(), torch.randn(2, 8, 3, 4, generator=torch.Generator().manual_seed(1))
    x = x.contiguous(memory_format=layout)
    with torch.no_grad():
        out, maps = block(x), block.maps(x)
    for b in range(2):
        expected, attention = loop_block(block, x[b])
        assert np.allclose(maps[b], attention, atol=1e-5)
        assert np.allclose(out[b], expected, atol=1e-4, rtol=1e-5)
    assert torch.allclose(maps.sum(-1), torch.ones(2, 12), atol=1e-6)


def test_fused_gradients_are_those_of_the_explicit_map():
    block = trained().double()
    x = torch.randn(1, 8, 3, 3, dtype=torch.float64, requires_grad=True)
    values = block.h(x).flatten(2).transpose(1, 2)
    explicit = x + block.v((block.maps(x) @ values).transpose(1, 2).unflatten(2, (3, 3)))
    weights = [x, *block.parameters()]
    wanted = torch.autograd.grad(explicit.square().sum(), weights)
    got = torch.autograd.grad(block(x).square().sum(), weights)
    assert all(torch.allclose(a, b, atol=1e-9) for a, b in zip(got, wanted, strict=True))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_pointwise_is_a_convolution_and_so_are_its_gradients(layout):
    layer, x = Pointwise(6, 4).double(), torch.randn(2, 6, 3, 5, dtype=torch.float64)
    x = x.contiguous(memory_format=layout).requires_grad_()
    weights = [x, *layer.parameters()]
    out, wanted = layer(x), torch.nn.functional.conv2d(x, layer.weight, layer.bias)
    assert torch.allclose(out, wanted, atol=1e-12)
    pairs = zip(
        *(torch.autograd.grad(y.square().sum(), weights) for y in (out, wanted)), strict=True
    )
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in pairs)


def test_asked_rows_are_rows_of_the_map():
    block, x = trained(), torch.randn(2, 8, 4, 5)
    at = torch.tensor([7, 0, 19])
    assert torch.allclose(block.maps(x, at), block.maps(x)[:, at], atol=1e-6)


def test_a_new_block_is_the_identity_and_trains_from_there():
    block, x = SecondOrderAttention(8, 4), torch.randn(2, 8, 3, 4)
    assert torch.equal(block(x), x)
    block(x).square().sum().backward()
    assert block.v.weight.grad.abs().sum() > 0


class Watch(TorchDispatchMode):
    """Notes the names of the operations and the largest tensor made."""

    def __init__(self):
        super().__init__()
        self.names, self.largest = set(), 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        self.names.add(function.__name__)
        tensors = [
            t for t in (out if isinstance(out, tuple) else (out,)) if isinstance(t, torch.Tensor)
        ]
        self.largest = max([self.largest, *(t.numel() for t in tensors)])
        return out


@pytest.mark.parametrize("gradients", [False, True])
def test_forward_never_holds_the_map(gradients):
    block, x = trained(8, 4), torch.randn(1, 8, 32, 32)
    with torch.set_grad_enabled(gradients), Watch() as watch:
        block(x)
    assert any("flash_attention" in name for name in watch.names), watch.names
    assert watch.largest <= x.numel()  # the map would have 1024 * 1024 entries


@pytest.mark.parametrize("channels, reduction, millions", [(1024, 4, 1.05), (2048, 2, 8.40)])
def test_sizes_are_the_published_ones(channels, reduction, millions):
    with torch.device("meta"):
        block = SecondOrderAttention(channels, reduction)
    assert sum(p.numel() for p in block.parameters()) / 1e6 == pytest.approx(millions, abs=0.005)
