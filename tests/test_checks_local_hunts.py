"""Bug hunts of chapters 11 and 12: each suspect is what it is said to be, and can be told apart."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from test_checks_hunts import answers, of_kind, truth_of

from solar.checks.local_hunts import (
    MATCH_HIDDEN,
    MATCH_KINDS,
    NEGATIVE_HIDDEN,
    NEGATIVE_KINDS,
    match_suspects,
    negative_suspects,
)
from solar.local.matching import match
from solar.training.losses import hardest_triplet_loss

NEGATIVES = truth_of(NEGATIVE_HIDDEN, NEGATIVE_KINDS)
MATCHERS = truth_of(MATCH_HIDDEN, MATCH_KINDS)
EXERCISES = {"which_negatives": answers(NEGATIVES), "which_matcher": answers(MATCHERS)}


def test_each_kind_is_hidden_once():
    assert sorted(NEGATIVE_HIDDEN) == list(range(len(NEGATIVE_KINDS)))
    assert sorted(MATCH_HIDDEN) == list(range(len(MATCH_KINDS)))


def unit(rows):
    return F.normalize(torch.tensor(rows, dtype=torch.float32))


def test_the_experiments_tell_the_losses_apart():
    losses = of_kind(negative_suspects(), NEGATIVES)
    generator = torch.Generator().manual_seed(0)
    a = F.normalize(torch.randn(6, 4, generator=generator))
    p = F.normalize(a + 0.5 * torch.randn(6, 4, generator=generator))
    right = hardest_triplet_loss(a, p)
    assert [k for k, loss in losses.items() if torch.isclose(loss(a, p), right)] == ["SOSNet"]

    # two positives at one place, all else far away
    apart = unit([[1, 0, 0], [0, 1, 0]])
    together = unit([[0, 0, 1], [0, 0, 1]])
    far = losses["HardNet"](apart, together)
    assert far == pytest.approx(1, abs=1e-2)  # 1 + sqrt 2 - sqrt 2
    assert losses["SOSNet"](apart, together) > 2

    # pairs at distance 0, far from each other
    zero = {kind: loss(torch.eye(4), torch.eye(4)).item() for kind, loss in losses.items()}
    assert zero["own pair as negative"] == pytest.approx(1, abs=1e-2)
    assert max(v for kind, v in zero.items() if kind != "own pair as negative") < 0.01

    # one pair near to another, and many far away
    near = torch.eye(40)
    near[1] = F.normalize(near[0] + 0.1 * near[1], dim=0)
    assert losses["mean of the negatives"](near, near) < 0.01 < losses["SOSNet"](near, near)

    # two pairs on the circle: positives 60 degrees away, pairs opposite each other
    a = unit([[1, 0], [-1, 0]])
    p = unit([[1, 3**0.5], [-1, -(3**0.5)]])
    expected = (1 + 1 - 3**0.5) ** 2  # the nearest negative is 120 degrees away
    assert losses["SOSNet"](a, p) == pytest.approx(expected, abs=1e-3)
    assert losses["squared distances"](a, p) == pytest.approx(0, abs=1e-3)  # 1 + 1 - 3


def test_the_experiments_tell_the_matchers_apart():
    matchers = of_kind(match_suspects(), MATCHERS)
    rng = np.random.default_rng(1)
    a = rng.normal(size=(30, 3))
    b = rng.normal(size=(40, 3))
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    right = match(a, b, 0.8).tolist()
    assert [k for k, matcher in matchers.items() if matcher(a, b, 0.8).tolist() == right] == [
        "right"
    ]

    # one row of b that several of a want; and the same the other way round
    several = matchers["one way"](np.eye(3)[[0, 0]], np.eye(3), 0.8)
    assert several.tolist() == [[0, 0], [1, 0]]
    # two rows of b that are alike
    point = np.array([[1.0, 0.0]])
    alike = np.array([[0.99, 0.141], [0.99, -0.141]])
    assert len(matchers["no ratio test"](point, alike, 0.8)) == 1
    assert not len(match(point, alike, 0.8))
    # nearest at 0.85 of the second
    angles = 2 * np.arcsin(np.array([0.85, 1.0]) / 2)
    rows = np.stack([np.cos(angles), np.sin(angles)], 1)
    assert matchers["ratio of squares"](point, rows, 0.8).tolist() == [[0, 0]]
    assert not len(match(point, rows, 0.8))
