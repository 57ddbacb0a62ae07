"""`solar net`: the layers of networks, from a run, and the shape of what comes out."""

import json
from itertools import pairwise

import pytest
import torch

import solar
from solar.cli import main
from solar.nets.layers import layers_of, noise_for


def by_name(layers):
    return {layer.name: layer for layer in layers}


def test_the_authors_local_example(tmp_path, capsys):
    """Channels in, out and middle of the three blocks, and 512 descriptors of 128 numbers."""
    path = solar.save(solar.LocalNet("345"), tmp_path / "local.pth")
    assert main(["net", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line.split() for line in lines[2:-1]}
    assert rows["soa3"][1:4] == ["64", "64", "16"]
    assert rows["soa4"][1:4] == ["64", "64", "16"]
    assert rows["soa5"][1:4] == ["128", "128", "64"]
    assert lines[-1] == "batch (512, 1, 32, 32) -> descriptors (512, 128)"


@pytest.mark.parametrize("soa", ["", "3", "345"])
def test_local_layers_follow_each_other(soa):
    net = solar.LocalNet(soa, width=4).eval()
    layers = layers_of(net)
    assert len(layers) == 7 + len(soa)
    assert layers[0].inputs == 1
    assert layers[-1].outputs == 128
    assert layers[-1].size == (1, 1)
    for layer, after in pairwise(layers):
        assert layer.outputs == after.inputs
    assert sum(layer.parameters for layer in layers) == sum(p.numel() for p in net.parameters())
    assert [layer.name for layer in layers if layer.kind == "attention"] == [f"soa{n}" for n in soa]


@pytest.mark.parametrize("soa, block", [("45", "soa"), ("45", "even"), ("", "none")])
def test_global_layers_follow_each_other(soa, block):
    net = solar.GlobalNet("mini", soa, block=block).eval()
    layers = layers_of(net, torch.rand(1, 3, 64, 96))
    assert layers[0].inputs == 3
    for layer, after in pairwise(layers):
        assert layer.outputs == after.inputs
    assert sum(layer.parameters for layer in layers) == sum(p.numel() for p in net.parameters())
    named = by_name(layers)
    assert named["features.conv5_x"].size == (4, 6)
    assert named["pool"].size is None
    assert layers[-1].name == "whiten"
    assert layers[-1].outputs == net.dim
    attends = [layer for layer in layers if layer.kind == "attention"]
    assert [layer.name for layer in attends] == [f"features.soa{n}" for n in soa]
    assert all(layer.middle < layer.inputs == layer.outputs for layer in attends)


def test_the_network_keeps_no_trace(capsys):
    net = solar.LocalNet("3", width=4).eval()
    layers_of(net)
    assert not any(module._forward_hooks for module in net.modules())


def test_noise_is_the_same_at_every_call():
    net = solar.LocalNet("", width=4)
    assert torch.equal(noise_for(net, 2), noise_for(net, 2))


def test_json_for_scripts(tmp_path, capsys):
    path = solar.save(solar.GlobalNet("mini"), tmp_path / "mini.pth")
    assert main(["net", str(path), "--count", "1", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["batch"] == [1, 3, 224, 224]
    assert content["descriptors"] == [1, 128]
    assert [layer["middle"] for layer in content["layers"] if layer["kind"] == "attention"]


@pytest.mark.parametrize(
    "words, message", [(["nosuch"], "nosuch"), (["mini-gem", "--count", "0"], "one or more")]
)
def test_mistakes_are_one_line(words, message, capsys):
    assert main(["net", *words]) == 2
    assert message in capsys.readouterr().err
