"""The global network: published names and sizes, the head against loops, maps on request."""

import numpy as np
import pytest
import torch

from conftest import published_state
from solar import GeM, GlobalNet
from solar.nets.trunks import RESNETS


def tiny(seed=0, **options):
    """A mini network in evaluation mode whose attention blocks are not at their start."""
    torch.manual_seed(seed)
    net = GlobalNet("mini", **{"soa": "45", **options})
    for name, parameter in net.named_parameters():
        if ".v.weight" in name or name == "whiten.bias":
            torch.nn.init.normal_(parameter, std=0.1)
    return net.eval()


def test_the_published_names_load_strictly():
    with torch.device("meta"):
        net = GlobalNet("resnet101")
    state = published_state("resnet101-solar-best")
    net.load_state_dict(state, strict=True, assign=True)
    assert {k: v.dtype for k, v in net.state_dict().items()} == {
        k: v.dtype for k, v in state.items()
    }
    assert list(net.state_dict()) == list(state)


def test_names_and_sizes_of_the_published_network():
    with torch.device("meta"):
        net = GlobalNet("resnet101")
    for part, millions in {"": 56.15, "soa4": 1.05, "soa5": 8.40, "whiten": 4.20}.items():
        size = sum(p.numel() for name, p in net.named_parameters() if part in name) / 1e6
        assert size == pytest.approx(millions, abs=0.005), part
    blocks = {"conv2_x.2": 3, "conv3_x": 4, "conv4_x": 23, "conv5_x": 3}
    expected = {
        f"features.{stage}.{i}.conv3.weight"
        for stage, count in blocks.items()
        for i in range(count)
    }
    expected |= {
        f"features.soa{i}.{part}.weight"
        for i in (4, 5)
        for part in ("f.0", "f.1", "g.0", "g.1", "h", "v")
    }
    expected |= {
        "features.conv1.0.weight",
        "features.conv1.1.running_var",
        "pool.p",
        "whiten.weight",
        "whiten.bias",
    }
    assert expected <= set(net.state_dict())
    assert not any(name.startswith("features.conv4_x.23") for name in net.state_dict())


@pytest.mark.parametrize("architecture", RESNETS)
def test_every_resnet_is_built_without_a_network(architecture, monkeypatch):
    monkeypatch.setattr(
        "torch.hub.load_state_dict_from_url", lambda *a, **k: pytest.fail("tried to download")
    )
    with torch.device("meta"):
        net = GlobalNet(architecture, soa="345").eval()
        assert net.features(torch.zeros(1, 3, 64, 64)).shape == (1, net.dim, 2, 2)


def test_resnet18_without_attention_and_whitening():
    torch.manual_seed(0)
    net = GlobalNet("resnet18", soa="", whitening=False).eval()
    x = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        assert net.features(x).shape == (1, 512, 2, 3)
        assert net(x).norm().item() == pytest.approx(1, abs=1e-5)
    assert not any("soa" in name or "whiten" in name for name in net.state_dict())


def test_soa4_of_the_mini_trunk_sees_four_times_as_many_positions_as_soa5():
    net = tiny()
    x = torch.randn(2, 3, 192, 256)
    assert net.attention(x, 4).shape == (2, 24 * 32, 24, 32)
    assert net.attention(x, 5).shape == (2, 12 * 16, 12, 16)
    assert {name.split(".")[1] for name in net.state_dict() if name.startswith("features")} == {
        "conv1",
        "conv2_x",
        "conv3_x",
        "conv4_x",
        "conv5_x",
        "soa4",
        "soa5",
    }


def test_the_head_is_the_loop():
    """GeM, L2, linear, L2, computed number by number in float64 from the trunk's output."""
    net = tiny()
    with torch.no_grad():
        x = torch.randn(1, 3, 48, 64)
        maps = net.features(x)[0].double().numpy()
        descriptor = net(x)[0].double().numpy()
    p = net.pool.p.item()
    pooled = [np.mean([max(v, 1e-6) ** p for v in channel.ravel()]) ** (1 / p) for channel in maps]
    pooled = np.array(pooled) / (np.sqrt(sum(v * v for v in pooled)) + 1e-6)
    weight = net.whiten.weight.detach().double().numpy()
    bias = net.whiten.bias.detach().double().numpy()
    white = [
        sum(w * v for w, v in zip(row, pooled, strict=True)) + b
        for row, b in zip(weight, bias, strict=True)
    ]
    white = np.array(white) / (np.sqrt(sum(v * v for v in white)) + 1e-6)
    assert np.allclose(descriptor, white, atol=1e-5)


def test_attention_rows_and_positions():
    net = tiny()
    x = torch.randn(2, 3, 48, 64)
    whole = net.attention(x, layer=4)  # (2, 48, 6, 8)
    assert torch.allclose(whole.sum((2, 3)), torch.ones(2, 48), atol=1e-5)
    rows = net.attention(x, layer=4, at=[(1, 2), (5, 7)])
    assert torch.allclose(rows, whole[:, [10, 47]], atol=1e-6)
    assert net.attention(x, layer=4, at=[]).shape == (2, 0, 6, 8)
    assert not whole.requires_grad


@pytest.mark.parametrize(
    "layer, at", [(3, None), (45, None), ("", None), (4, [(6, 0)]), (5, [(0, -1)])]
)
def test_impossible_attention_is_refused(layer, at):
    with pytest.raises(ValueError, match=r"no attention after stage|positions"):
        tiny().attention(torch.randn(1, 3, 48, 64), layer, at)


@pytest.mark.parametrize("pool", ["gem", "gemmp", "mac", "spoc", "rmac"])
@pytest.mark.parametrize("regional", [False, True])
def test_every_pooling_gives_unit_rows_and_gradients(pool, regional):
    torch.manual_seed(0)
    net = GlobalNet("mini", soa="5", pool=pool, regional=regional)
    out = net(torch.randn(2, 3, 64, 96))
    out[:, 0].sum().backward()
    assert out.shape == (2, 128)
    assert torch.allclose(out.norm(dim=1), torch.ones(2), atol=1e-4)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in net.pool.parameters())
    assert ("pool.whiten.weight" in net.state_dict()) == regional


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_half_precision_gives_nearly_the_same_descriptors(kind):
    """Weights and images in half precision, pooling and norms in float32."""
    net = tiny()
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = net(x)
        half = net.to(kind)(x.to(kind))
    assert half.dtype == torch.float32
    assert (half * expected).sum(1).min() > 0.99


@pytest.mark.parametrize(
    "options",
    [dict(architecture="vgg16"), dict(soa="6"), dict(pool="max"), dict(block="sao"), dict(block=3)],
)
def test_unknown_parts_are_refused(options):
    with pytest.raises(ValueError, match=r"unknown|expected"):
        GlobalNet(**{"architecture": "mini", **options})


def test_a_network_prints_in_one_line():
    options = "'mini', soa='45', pool='gem', whitening=True"
    assert str(tiny()) == f"GlobalNet({options}): 0.64 M parameters, 128-D descriptors"


@pytest.mark.parametrize("block", ["identity", "even"])
def test_a_control_network_starts_as_the_papers_and_differs_in_its_blocks(block):
    torch.manual_seed(1)
    paper = GlobalNet("mini", soa="45")
    torch.manual_seed(1)
    control = GlobalNet("mini", soa="45", block=block)
    assert list(control.state_dict()) == list(paper.state_dict())
    assert all(map(torch.equal, control.state_dict().values(), paper.state_dict().values()))
    assert control.features.soa4.block == control.features.soa5.block == block
    assert f"soa='45', pool='gem', whitening=True, block='{block}'" in str(control)


def test_no_block_is_no_stage():
    plain = GlobalNet("mini", soa="")
    none = GlobalNet("mini", soa="45", block="none")
    assert list(none.state_dict()) == list(plain.state_dict())
    assert str(none) == str(plain)
    assert (none.soa, none.block) == (plain.soa, plain.block) == ("", "none")


def test_attention_of_a_control_is_what_its_block_does():
    x = torch.randn(1, 3, 64, 64)
    even = tiny(block="even").attention(x, 4)  # (1, 64, 8, 8)
    assert torch.allclose(even, torch.full((1, 64, 8, 8), 1 / 64))
    alone = tiny(block="identity").attention(x, 5, at=[(1, 2)])  # (1, 1, 4, 4)
    assert alone[0, 0, 1, 2] == 1
    assert alone.sum() == 1


def test_autocast_pools_in_float32():
    net = tiny()
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        half = net(x)
    assert torch.isfinite(half).all()
    assert (half.float() * net(x)).sum(1).min() > 0.98
    assert isinstance(net.pool, GeM)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cpu_and_cuda_agree():
    net = tiny()
    x = torch.randn(2, 3, 96, 128)
    with torch.no_grad():
        on_cpu = net(x)
        on_cuda = net.cuda()(x.cuda()).cpu()
    assert torch.allclose(on_cuda, on_cpu, atol=1e-3)  # convolutions may run in TF32
