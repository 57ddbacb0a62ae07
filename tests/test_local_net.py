"""The local network: published names, the seven layers against plain functions, unit rows."""

import pytest
import torch
import torch.nn.functional as F

from conftest import published_state
from solar import LocalNet
from solar.nets.fuse import WholeMap, folded, last_as_product


def trained(soa="345", width=4, block="soa"):
    """A network in which nothing is at its start value, batch norm statistics included."""
    torch.manual_seed(0)
    net = LocalNet(soa, width, block)
    for tensor in [*net.parameters(), *net.buffers()]:
        if tensor.dtype.is_floating_point:
            tensor.data = (
                torch.rand_like(tensor) + 0.3
                if tensor.ndim == 1
                else torch.randn_like(tensor) * 0.3
            )
    return net.eval()


@pytest.mark.parametrize(
    "name, soa", [("local-solar-345-liberty", "345"), ("sosnet-32x32-liberty", "")]
)
def test_the_published_names_load_strictly(name, soa):
    with torch.device("meta"):
        net = LocalNet(soa)
    state = published_state(name)
    net.load_state_dict(state, strict=True, assign=True)
    assert list(net.state_dict()) == list(state)
    assert {k: v.dtype for k, v in net.state_dict().items()} == {
        k: v.dtype for k, v in state.items()
    }


@pytest.mark.parametrize("soa", ["", "345", "4"])
def test_every_layer_against_plain_functions(soa):
    """The same numbers from the state dict alone, by plain functions in float64."""
    net = trained(soa)
    state = {k: v.double() for k, v in net.state_dict().items()}
    if not soa:
        for layer, at in enumerate((1, 4, 7, 10, 13, 16, 20), 1):
            prefixes = (f"layers.{at}.", f"layers.{at + 1}.")
            for key in [k for k in state if k.startswith(prefixes)]:
                _, number, name = key.split(".")
                part = int(number) - at + (layer == 1)
                state[f"layer{layer}.{part}.{name}"] = state.pop(key)
    x = torch.rand(3, 1, 32, 32) * 255
    y = x.double()
    y = (y - y.mean((2, 3), keepdim=True)) / (
        y.var((2, 3), keepdim=True, unbiased=False) + 1e-5
    ).sqrt()
    for layer, (stride, padding) in enumerate(
        [(1, 1), (1, 1), (2, 1), (1, 1), (2, 1), (1, 1), (1, 0)], 1
    ):
        at = 1 if layer == 1 else 0
        y = F.conv2d(y, state[f"layer{layer}.{at}.weight"], stride=stride, padding=padding)
        mean = state[f"layer{layer}.{at + 1}.running_mean"].view(1, -1, 1, 1)
        var = state[f"layer{layer}.{at + 1}.running_var"].view(1, -1, 1, 1)
        y = (y - mean) / (var + 1e-5).sqrt()
        y = y.relu() if layer < 7 else y
        if str(layer) in soa:
            y = attended(state, f"soa{layer}", y)
    expected = y.flatten(1) / y.flatten(1).norm(dim=1, keepdim=True)
    with torch.no_grad():
        assert torch.allclose(net(x).double(), expected, atol=1e-5)


def attended(state, name, x):
    """The attention block `name` as in the paper."""

    def conv(part, x):
        return F.conv2d(x, state[f"{name}.{part}.weight"], state[f"{name}.{part}.bias"])

    def projected(part):
        z = conv(f"{part}.0", x)
        norm = {
            k: state[f"{name}.{part}.1.{k}"].view(1, -1, 1, 1)
            for k in ("running_mean", "running_var", "weight", "bias")
        }
        z = (z - norm["running_mean"]) / (norm["running_var"] + 1e-5).sqrt()
        return (z * norm["weight"] + norm["bias"]).relu().flatten(2)

    q = projected("f")  # (B, c', N)
    k = projected("g")
    v = conv("h", x).flatten(2)
    attention = torch.einsum("bci,bcj->bij", q, k).div(q.shape[1] ** 0.5).softmax(-1)
    return x + conv("v", torch.einsum("bij,bcj->bci", attention, v).unflatten(2, x.shape[2:]))


def test_attention_of_a_patch():
    net = trained()
    x = torch.rand(2, 1, 32, 32)
    for layer, side in ((3, 16), (4, 16), (5, 8)):
        maps = net.attention(x, layer)
        assert maps.shape == (2, side * side, side, side)
        assert torch.allclose(maps.sum((2, 3)), torch.ones(2, side * side), atol=1e-5)
    with pytest.raises(ValueError, match="no attention after layer 5"):
        LocalNet("34", 4).attention(x, 5)


def test_rows_have_unit_length_even_for_a_blank_patch():
    with torch.no_grad():
        out = LocalNet("345", 4).eval()(torch.full((2, 1, 32, 32), 7.0))
    assert torch.allclose(out.norm(dim=1), torch.ones(2), atol=1e-5)


def test_unknown_layers_are_refused():
    with pytest.raises(ValueError, match="expected some of the layers"):
        LocalNet("6")


def test_the_blocks_of_a_local_network_are_of_the_kind_asked_for():
    torch.manual_seed(1)
    paper = LocalNet("345", 4)
    torch.manual_seed(1)
    even = LocalNet("345", 4, block="even")
    assert list(even.state_dict()) == list(paper.state_dict())
    assert all(map(torch.equal, even.state_dict().values(), paper.state_dict().values()))
    assert str(even).startswith("LocalNet(soa='345', width=4, block='even'): ")
    assert torch.allclose(even.attention(torch.rand(1, 1, 32, 32)), torch.tensor(1 / 64))
    none = LocalNet("345", 4, block="none")
    assert str(none) == str(LocalNet("", 4))
    assert list(none.state_dict()) == list(LocalNet("", 4).state_dict())
    with pytest.raises(ValueError, match="expected one of soa, identity, even, none"):
        LocalNet("345", 4, block="all")


def test_a_network_prints_in_one_line():
    assert (
        str(LocalNet("45")) == "LocalNet(soa='45', width=32): 1.37 M parameters, 128-D descriptors"
    )


@pytest.mark.parametrize("soa", ["", "345"])
def test_grey_values_in_0_to_255_or_0_to_1_give_the_same_descriptors(soa):
    net = trained(soa)
    x = torch.rand(4, 1, 32, 32)
    with torch.no_grad():
        assert torch.allclose(net(x), net(x * 255), atol=1e-3)


@pytest.mark.parametrize(
    "soa, block", [("", "soa"), ("345", "soa"), ("345", "identity"), ("345", "even")]
)
def test_a_folded_copy_gives_the_same_descriptors(soa, block):
    net = trained(soa, block=block)
    x = torch.rand(5, 1, 32, 32)
    with torch.no_grad():
        assert torch.allclose(folded(net)(x), net(x), atol=1e-5)


@pytest.mark.parametrize("soa", ["", "345"])
def test_the_last_convolution_as_a_product_gives_the_same_descriptors(soa):
    net = trained(soa)
    fast = last_as_product(folded(net))
    # one convolution less, and no weight of the network itself has changed
    products = [module for module in fast.modules() if isinstance(module, WholeMap)]
    assert len(products) == 1
    assert not any(isinstance(module, WholeMap) for module in net.modules())
    x = torch.rand(5, 1, 32, 32)
    with torch.no_grad():
        assert torch.allclose(fast(x), net(x), atol=1e-5)
