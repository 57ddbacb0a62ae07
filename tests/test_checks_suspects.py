"""Bug hunts of chapters 2 and 3: the suspects are what they are said to be, so are the hints."""

import numpy as np
import pytest
import torch
from checking import Exercise
from PIL import Image

from solar import GlobalNet
from solar.checks.suspects import (
    LAYER_HIDDEN,
    LAYER_KINDS,
    MAP_HIDDEN,
    MAP_KINDS,
    layer_suspects,
    map_suspects,
)


def stub():
    raise NotImplementedError("your turn")


def truth_of(hidden, kinds):
    names = list(kinds)
    return {letter: names[number] for letter, number in zip("ABCDE", hidden)}


LAYERS = truth_of(LAYER_HIDDEN, LAYER_KINDS)
MAPS = truth_of(MAP_HIDDEN, MAP_KINDS)


def answers(truth):
    """Right and wrong answers to a hunt."""
    letters = list(truth)
    swapped = truth | {"A": truth["B"], "B": truth["A"]}
    turned = dict(zip(letters, [*list(truth.values())[1:], truth["A"]]))
    return Exercise(
        right=[lambda: truth, lambda: dict(reversed(truth.items()))],
        start=stub,
        told="your turn",
        wrong=[
            ("Return a dictionary", lambda: list(truth.values())),
            ("No word on B, C, D, E.", lambda: {"A": truth["A"]}),
            ("No word on E.", lambda: {letter: truth[letter] for letter in "ABCD"}),
            ("'perfect' is none of the kinds", lambda: truth | {"C": "perfect"}),
            ("3 of 5 are right. With A", lambda: swapped),
            ("4 of 5 are right. With E", lambda: truth | {"E": truth["A"]}),
            ("0 of 5 are right", lambda: turned),
        ],
    )


EXERCISES = {"which_layer": answers(LAYERS), "which_map": answers(MAPS)}


@pytest.mark.parametrize(
    "hidden, kinds", [(LAYER_HIDDEN, LAYER_KINDS), (MAP_HIDDEN, MAP_KINDS)], ids=["layers", "maps"]
)
def test_each_kind_is_hidden_once(hidden, kinds):
    assert sorted(hidden) == list(range(len(kinds)))


@pytest.fixture(scope="module")
def net():
    """A small network whose layers change something."""
    torch.manual_seed(0)
    net = GlobalNet("mini").eval()
    for name in ("soa4", "soa5"):
        torch.nn.init.normal_(getattr(net.features, name).v.weight, std=0.02)
    return net


@torch.no_grad()
def test_the_experiments_tell_the_layers_apart(net):
    layers = {
        LAYERS[letter]: one.features.soa5.eval() for letter, one in layer_suspects(net).items()
    }
    right = net.features.soa5
    x = torch.rand(1, 160, 4, 5)
    y = right(x)
    A = right.maps(x)
    assert torch.allclose(layers["right"](x), y, atol=1e-5)
    assert torch.allclose(layers["right"].maps(x), A, atol=1e-6)

    # all others have another output
    same = [kind for kind, layer in layers.items() if torch.allclose(layer(x), y, atol=1e-5)]
    assert same == ["right"]

    # rows that do not sum to one
    sums = {kind: layer.maps(x).sum(-1) for kind, layer in layers.items()}
    uneven = [kind for kind, s in sums.items() if not torch.allclose(s, torch.ones_like(s))]
    assert uneven == ["wrong axis"]

    # the input is not in the output
    assert torch.allclose(layers["no residual"](x), y - x, atol=1e-5)

    # logarithms of a row: sqrt(c') times as far apart
    wide = layers["no scale"].maps(x)[0, 0].log()
    narrow = A[0, 0].log()
    assert torch.allclose(wide - wide[0], 80**0.5 * (narrow - narrow[0]), atol=1e-3)

    # row i of the exchanged layer is made from k_i
    q = right.f(x).flatten(2)
    k = right.g(x).flatten(2)
    by_hand = (k.transpose(1, 2) @ q * 80**-0.5).softmax(-1)
    assert torch.allclose(layers["f and g exchanged"].maps(x), by_hand, atol=1e-6)


def test_the_networks_can_be_asked_for_rows(net):
    x = torch.rand(1, 3, 64, 80)
    for one in layer_suspects(net).values():
        whole = one.attention(x, layer=5)[0]
        row = one.attention(x, layer=5, at=[(1, 2)])[0, 0]
        assert torch.equal(row, whole[1 * 5 + 2])


def test_the_suspects_leave_the_network_as_it_is(net):
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    layer_suspects(net)
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())


def test_the_experiments_tell_the_maps_apart(net):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8))
    maps = {MAPS[letter]: ask((10, 50)) for letter, ask in map_suspects(net, image).items()}
    other = {MAPS[letter]: ask((50, 10)) for letter, ask in map_suspects(net, image).items()}
    assert {values.shape for values in maps.values()} == {(4, 6)}

    sums_to_one = {kind for kind, values in maps.items() if np.isclose(values.sum(), 1)}
    assert sums_to_one == {"right", "drawing temperature", "row and column exchanged"}
    assert (maps["stretched"].min(), maps["stretched"].max()) == (0, 1)
    assert maps["drawing temperature"].max() < maps["right"].max()
    assert np.allclose(maps["row and column exchanged"], other["right"])
    assert not np.allclose(maps["row and column exchanged"], maps["right"])
