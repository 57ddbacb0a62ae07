"""The ports of chapter 14: each has the fault that it is said to have, and no other."""

import pytest
import torch

import solar
from solar.checks.parity import PARTS, PORT_HIDDEN, PORT_KINDS, ports
from solar.nets.pooling import l2n


@pytest.fixture(scope="module")
def net():
    return solar.load("mini-solar")


@pytest.fixture(scope="module")
def by_kind(net):
    kinds = list(PORT_KINDS)
    return {
        kinds[number]: port for number, port in zip(PORT_HIDDEN, ports(net).values(), strict=True)
    }


def part_of_net(net, part, x):
    """What the network itself gives for the input of one part."""
    with torch.no_grad():
        if part in ("pool", "whiten"):
            return l2n(getattr(net, part)(x))
        return getattr(net.features, part)(x.clone())


def wrong_parts(net, port):
    """The parts whose output is off by more than rounding, given the input of the network."""
    x = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    wrong = []
    for part in PARTS:
        if part == "soa3":  # mini-solar has none
            continue
        right = part_of_net(net, part, x)
        if (port(part, x) - right).abs().max() > 1e-5 * right.abs().max():
            wrong.append(part)
        x = right
    return wrong


def test_each_kind_is_hidden_once():
    assert sorted(PORT_HIDDEN) == list(range(len(PORT_KINDS)))


def test_each_fault_stands_in_one_part(net, by_kind):
    found = {kind: wrong_parts(net, port) for kind, port in by_kind.items()}
    assert found == {
        "none": [],
        "eps": ["conv3_x"],
        "temperature": ["soa4"],
        "ReLU on values": ["soa4"],
        "exponent": ["pool"],
    }


def test_the_experiments_tell_faults_of_one_part_apart(net, by_kind):
    channels = torch.rand(1, 96, 1, 1, generator=torch.Generator().manual_seed(1))
    alike = channels.expand(1, 96, 4, 6)
    right = part_of_net(net, "soa4", alike)
    assert torch.allclose(by_kind["temperature"]("soa4", alike), right, atol=1e-5)
    assert not torch.allclose(by_kind["ReLU on values"]("soa4", alike), right, atol=1e-3)

    constant = torch.rand(1, 160, 1, 1).expand(1, 160, 3, 4)
    right = part_of_net(net, "pool", constant)
    assert torch.allclose(by_kind["exponent"]("pool", constant), right, atol=1e-5)


def test_the_network_itself_stays_as_it_is(net):
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    ports(net)
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_an_unknown_part_is_refused(by_kind):
    with pytest.raises(ValueError, match="no part 'conv6_x'"):
        by_kind["none"]("conv6_x", torch.zeros(1, 3, 32, 32))
