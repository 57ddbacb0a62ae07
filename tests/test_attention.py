"""The attention block against loops in float64, and the memory of its fused path."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from solar import SecondOrderAttention
from solar.nets.attention import BLOCKS, Pointwise


def trained(channels=8, reduction=2, seed=0, kind="soa"):
    """A block as training may leave it: nothing at its start value, batch norms included."""
    torch.manual_seed(seed)
    block = SecondOrderAttention(channels, reduction, kind)
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

    queries = [projected("f", at) for at in positions]
    keys = [projected("g", at) for at in positions]
    values = [linear("h", at) for at in positions]
    attention = np.zeros((len(positions), len(positions)))
    out = np.zeros((channels, len(positions)))
    for i, query in enumerate(queries):
        logits = np.array([query @ key / np.sqrt(len(query)) for key in keys])
        exponentials = np.exp(logits - logits.max())
        attention[i] = exponentials / exponentials.sum()
        mixed = sum(weight * value for weight, value in zip(attention[i], values, strict=True))
        out[:, i] = positions[i] + linear("v", mixed)
    return out.reshape(channels, height, width), attention


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_both_paths_are_the_loop(layout):
    block = trained()
    x = torch.randn(2, 8, 3, 4, generator=torch.Generator().manual_seed(1))
    x = x.contiguous(memory_format=layout)
    with torch.no_grad():
        fused = block(x)
        explicit = block.explicit(x)
        maps = block.maps(x)
    for b in range(2):
        expected, attention = loop_block(block, x[b])
        assert np.allclose(maps[b], attention, atol=1e-5)
        assert np.allclose(fused[b], expected, atol=1e-4, rtol=1e-5)
        assert np.allclose(explicit[b], expected, atol=1e-4, rtol=1e-5)
    assert torch.allclose(maps.sum(-1), torch.ones(2, 12), atol=1e-6)


def test_fused_output_and_gradients_are_those_of_the_explicit_layer():
    block = trained().double()
    x = torch.randn(1, 8, 3, 3, dtype=torch.float64, requires_grad=True)
    weights = [x, *block.parameters()]
    fused = block(x)
    explicit = block.explicit(x)
    assert torch.allclose(fused, explicit, atol=1e-12)
    gradients = torch.autograd.grad(fused.square().sum(), weights)
    expected = torch.autograd.grad(explicit.square().sum(), weights)
    for gradient, right in zip(gradients, expected, strict=True):
        assert torch.allclose(gradient, right, atol=1e-9)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_pointwise_is_a_convolution_and_so_are_its_gradients(layout):
    layer = Pointwise(6, 4).double()
    x = torch.randn(2, 6, 3, 5, dtype=torch.float64)
    x = x.contiguous(memory_format=layout).requires_grad_()
    weights = [x, *layer.parameters()]
    out = layer(x)
    expected = torch.nn.functional.conv2d(x, layer.weight, layer.bias)
    assert torch.allclose(out, expected, atol=1e-12)
    gradients = torch.autograd.grad(out.square().sum(), weights)
    right = torch.autograd.grad(expected.square().sum(), weights)
    for a, b in zip(gradients, right, strict=True):
        assert torch.allclose(a, b, atol=1e-12)


def test_asked_rows_are_rows_of_the_map():
    block = trained()
    x = torch.randn(2, 8, 4, 5)
    at = torch.tensor([7, 0, 19])
    assert torch.allclose(block.maps(x, at), block.maps(x)[:, at], atol=1e-6)


def test_a_new_block_is_the_identity_and_trains_from_there():
    block = SecondOrderAttention(8, 4)
    x = torch.randn(2, 8, 3, 4)
    assert torch.equal(block(x), x)
    block(x).square().sum().backward()
    assert block.v.weight.grad.abs().sum() > 0


class Watch(TorchDispatchMode):
    """Note the names of the operations and the size of the largest tensor made."""

    def __init__(self):
        super().__init__()
        self.names = set()
        self.largest = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        self.names.add(function.__name__)
        for tensor in out if isinstance(out, tuple) else (out,):
            if isinstance(tensor, torch.Tensor):
                self.largest = max(self.largest, tensor.numel())
        return out


@pytest.mark.parametrize("gradients", [False, True])
def test_forward_never_holds_the_map(gradients):
    block = trained(8, 4)
    x = torch.randn(1, 8, 32, 32)
    with torch.set_grad_enabled(gradients), Watch() as watch:
        block(x)
    assert any("flash_attention" in name for name in watch.names), watch.names
    assert watch.largest <= x.numel()  # the map would have 1024 * 1024 entries


@pytest.mark.parametrize("channels, reduction, millions", [(1024, 4, 1.05), (2048, 2, 8.40)])
def test_sizes_are_the_published_ones(channels, reduction, millions):
    with torch.device("meta"):
        block = SecondOrderAttention(channels, reduction)
    assert sum(p.numel() for p in block.parameters()) / 1e6 == pytest.approx(millions, abs=0.005)


# ---- the controls: the same parameters, another A


@pytest.mark.parametrize("kind", BLOCKS)
def test_all_kinds_have_the_same_parameters_and_start(kind):
    torch.manual_seed(3)
    soa = SecondOrderAttention(8, 2)
    torch.manual_seed(3)
    other = SecondOrderAttention(8, 2, kind)
    assert list(soa.state_dict()) == list(other.state_dict())
    for key, value in soa.state_dict().items():
        assert torch.equal(other.state_dict()[key], value), key
    x = torch.randn(2, 8, 3, 4)
    assert torch.equal(other(x), x)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("kind", ["identity", "even"])
def test_a_control_is_its_loop(kind, layout):
    """Each position gets its own value, or the mean of all; position by position in float64."""
    block = trained(kind=kind)
    state = {k: v.double() for k, v in block.state_dict().items()}
    x = torch.randn(2, 8, 3, 4).contiguous(memory_format=layout)

    def linear(name, at):
        return state[f"{name}.weight"][:, :, 0, 0] @ at + state[f"{name}.bias"]

    with torch.no_grad():
        fast = block(x)
        explicit = block.explicit(x)
        maps = block.maps(x)
    for b in range(2):
        places = [(r, c) for r in range(3) for c in range(4)]
        values = {at: linear("h", x[b][:, at[0], at[1]].double()) for at in places}
        mean = sum(values.values()) / 12
        for i, at in enumerate(places):
            seen = values[at] if kind == "identity" else mean
            expected = x[b][:, at[0], at[1]].double() + linear("v", seen)
            assert torch.allclose(fast[b][:, at[0], at[1]].double(), expected, atol=1e-5)
            assert torch.allclose(explicit[b][:, at[0], at[1]].double(), expected, atol=1e-5)
            for j in range(12):
                right = float(i == j) if kind == "identity" else 1 / 12
                assert maps[b, i, j].item() == pytest.approx(right, abs=1e-7)


@pytest.mark.parametrize("kind", BLOCKS)
def test_forward_is_explicit_and_rows_are_those_asked_for(kind):
    block = trained(kind=kind).double()
    x = torch.randn(2, 8, 4, 5, dtype=torch.float64)
    assert torch.allclose(block(x), block.explicit(x), atol=1e-12)
    at = torch.tensor([7, 0, 19])
    assert torch.allclose(block.maps(x, at), block.maps(x)[:, at], atol=1e-12)
    assert block.maps(x, at).shape == (2, 3, 20)


@pytest.mark.parametrize("kind", ["identity", "even"])
def test_a_control_trains_h_and_v_alone(kind):
    block = trained(kind=kind).train()
    before = block.f[1].running_mean.clone()
    block(torch.randn(2, 8, 3, 4)).square().sum().backward()
    touched = {name for name, p in block.named_parameters() if p.grad is not None}
    assert touched == {"h.weight", "h.bias", "v.weight", "v.bias"}
    assert all(block.get_parameter(name).grad.abs().sum() > 0 for name in touched)
    assert torch.equal(block.f[1].running_mean, before)  # no query was computed


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match="unknown block 'max': expected one of soa, identity, even"
    ):
        SecondOrderAttention(8, 2, "max")
