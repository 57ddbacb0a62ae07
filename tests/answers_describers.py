"""Answers to the checks of chapter 13: a network out of Python, and the hunt among describers."""

import copy

import numpy as np
import torch
from checking import Exercise
from PIL import Image
from torch.export import Dim, export

import solar
from solar.checks.describers import DESCRIBER_HIDDEN, DESCRIBER_KINDS, describers

NAMES = list(DESCRIBER_KINDS)
TRUTH = {letter: NAMES[number] for letter, number in zip("ABCDE", DESCRIBER_HIDDEN)}


def stub(*arguments):
    raise NotImplementedError("your turn")


def free(net):
    shapes = {"x": {2: Dim.AUTO, 3: Dim.AUTO}}
    return export(net, (torch.rand(1, 3, 64, 96),), dynamic_shapes=shapes)


class Mean(torch.nn.Module):
    """A network that is cheap to export, and another one than was asked for."""

    def forward(self, x):
        return x.mean((2, 3)).repeat(1, 43)[:, :128]


class Plain(torch.nn.Module):
    """Takes images of one size alone, as a program without free dimensions does."""

    def forward(self, x):
        return x.reshape(1, 3, 64 * 96)[:, 0, :128]


def fixed(net):
    return export(Plain(), (torch.rand(1, 3, 64, 96),))


def another(net):
    return free(Mean())


def by_experiments():
    """Find out by experiments, as the folded solution does."""
    net = solar.load("mini-gem")
    bare = copy.copy(net)
    bare.mean = (0.0, 0.0, 0.0)
    bare.std = (1.0, 1.0, 1.0)
    rng = np.random.default_rng(0)
    pixels = np.kron(rng.integers(0, 256, (6, 8, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    image = Image.fromarray(pixels)
    swapped = Image.fromarray(pixels[:, :, ::-1].copy())
    square = image.resize((128, 128))

    def describe(model, picture, **changes):
        return solar.describe(model, [picture], image_size=128, **changes)[0]

    expected = {
        "right": describe(net, image),
        "red and blue exchanged": describe(net, swapped),
        "mean and deviation forgotten": describe(bare, image),
        "squashed to a square": describe(net, square),
        "one scale": describe(net, image, scales=(1,)),
    }
    found = {}
    for letter, describer in describers(net).items():
        answer = describer(image)
        found[letter] = max(expected, key=lambda kind: expected[kind] @ answer)
    return found


EXERCISES = {
    "exported": Exercise(
        right=[free],
        start=stub,
        told="your turn",
        wrong=[
            ("network itself", lambda net: net),
            ("TorchScript", lambda net: torch.jit.trace(Mean(), torch.rand(1, 3, 8, 8))),
            ("calls .module() itself", lambda net: torch.nn.Identity()),
            ("not a str", lambda net: "net.pt2"),
            ("height and width must be free", fixed),
            ("in evaluation mode", another),
        ],
    ),
    "which_describer": Exercise(
        right=[lambda: TRUTH, by_experiments],
        start=stub,
        told="your turn",
        wrong=[
            ("Return a dictionary", lambda: list("ABCDE")),
            ("No word on E", lambda: {k: v for k, v in TRUTH.items() if k != "E"}),
            ("none of the kinds", lambda: TRUTH | {"A": "broken"}),
            ("With A: give it a picture, and the same", lambda: TRUTH | {"A": "right"}),
            ("1 of 5", lambda: dict.fromkeys("ABCDE", "right")),
            ("3 of 5", lambda: TRUTH | {"B": TRUTH["C"], "C": TRUTH["B"]}),
        ],
    ),
}
