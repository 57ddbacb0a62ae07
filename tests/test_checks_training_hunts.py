"""Bug hunt of chapter 7: each suspect is what it is said to be, and can be told apart."""

import numpy as np
import pytest
import torch
from test_checks_hunts import answers, of_kind, truth_of

from solar.checks.training_hunts import (
    TRAINER_HIDDEN,
    TRAINER_KINDS,
    trainers,
)

TRAINERS = truth_of(TRAINER_HIDDEN, TRAINER_KINDS)
EXERCISES = {"which_trainer": answers(TRAINERS)}


def test_each_kind_is_hidden_once():
    assert sorted(TRAINER_HIDDEN) == list(range(len(TRAINER_KINDS)))


def test_a_right_training_is_that_of_torch():
    gradients = np.random.default_rng(0).normal(size=(3, 5))
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimiser = torch.optim.Adam([weight], lr=0.1)
    fading = torch.optim.lr_scheduler.ExponentialLR(optimiser, float(np.exp(-0.1)))
    after = []
    for of_epoch in gradients:
        for gradient in of_epoch:
            weight.grad = torch.tensor([gradient])
            optimiser.step()
        fading.step()
        after.append(weight.item())
    run = of_kind(trainers(), TRAINERS)["right"]
    assert run(gradients) == pytest.approx(after)
    assert run(gradients, pause=2) == pytest.approx(after)


def test_the_experiments_tell_the_trainings_apart():
    runs = of_kind(trainers(), TRAINERS)
    ones = np.ones((2, 10))
    first = {kind: run(ones)[0] for kind, run in runs.items()}
    second = {kind: run(ones)[1] for kind, run in runs.items()}
    slower = -1 - np.exp(-0.1)
    assert {k for k, way in first.items() if way != pytest.approx(-1)} == {
        "fades at each step",
        "gradients pile up",
    }
    assert {k for k, way in second.items() if way == pytest.approx(slower)} == {
        "right",
        "moments lost",
    }
    assert second["never fades"] == pytest.approx(-2)

    # a pause, and two gradients that cancel
    uneven = np.array([[1.0, 3, -2], [1, 0, 1]])
    changed = {k for k, run in runs.items() if not np.allclose(run(uneven), run(uneven, pause=1))}
    assert changed == {"moments lost"}
    cancelled = {kind: run(np.array([[1.0, -1]]))[0] for kind, run in runs.items()}
    assert cancelled["right"] < -0.05 and cancelled["gradients pile up"] < cancelled["right"] - 0.05
