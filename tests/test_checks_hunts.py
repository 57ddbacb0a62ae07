"""Bug hunts of chapters 5 and 6: the suspects are what they are said to be, so are the hints."""

import pytest
import torch
from checking import Exercise

from solar import second_order_loss
from solar.checks.hunts import (
    LOSS_HIDDEN,
    LOSS_KINDS,
    TRAP_HIDDEN,
    TRAP_KINDS,
    loss_suspects,
    trap_suspects,
)
from solar.checks.losses import tuples


def stub(*arguments):
    raise NotImplementedError("your turn")


def truth_of(hidden, kinds):
    names = list(kinds)
    return {letter: names[number] for letter, number in zip("ABCDE", hidden)}


LOSSES = truth_of(LOSS_HIDDEN, LOSS_KINDS)
TRAPS = truth_of(TRAP_HIDDEN, TRAP_KINDS)


def answers(truth):
    """Right and wrong answers to a hunt."""
    letters = list(truth)
    first = letters[0]
    swapped = truth | {"A": truth["B"], "B": truth["A"]}
    turned = dict(zip(letters, [*list(truth.values())[1:], truth[first]]))
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
            ("another form", lambda: truth | {"C": ["a", "list"]}),
        ],
    )


EXERCISES = {"which_loss": answers(LOSSES), "which_trap": answers(TRAPS)}


def test_each_kind_is_hidden_once():
    assert sorted(LOSS_HIDDEN) == list(range(len(LOSS_KINDS)))
    assert sorted(TRAP_HIDDEN) == list(range(len(TRAP_KINDS)))


def of_kind(suspects, truth):
    """kind -> function."""
    return {truth[letter]: function for letter, function in suspects.items()}


def test_the_experiments_tell_the_losses_apart():
    losses = of_kind(loss_suspects(), LOSSES)
    q, p, n = tuples()
    right = second_order_loss(q, p, n)
    # alone, and among others: only the right one is the package's
    equal = [kind for kind, loss in losses.items() if torch.isclose(loss(q, p, n), right)]
    assert equal == ["right"]

    # a tuple of known distances: d2(q, n) = 4 and d2(p, n) = 2
    one = (torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([[[-1.0, 0.0]]]))
    assert losses["right"](*one).item() == pytest.approx(2)
    assert losses["plain distances"](*one).item() == pytest.approx(2 - 2**0.5)
    assert losses["no root"](*one).item() == pytest.approx(4)

    # four times the same tuple
    four = [x.repeat_interleave(4, 0) for x in one]
    assert losses["right"](*four).item() == pytest.approx(1)
    assert losses["a root for each tuple"](*four).item() == pytest.approx(2)
    assert losses["another tuple's negatives"](*four).item() == pytest.approx(1)

    # the positives that feel the negatives of the first tuple
    free = n.clone().requires_grad_()
    other = p.clone().requires_grad_()
    loss = losses["another tuple's negatives"](q, other, free)
    (by_p,) = torch.autograd.grad(loss, other, create_graph=True)
    (felt,) = torch.autograd.grad(by_p[1].square().sum(), free)
    assert felt[0].abs().sum() > 0


def gradient_at(loss, q, p, n):
    free = q.clone().requires_grad_()
    loss(free, p, n).backward()
    return free.grad


def test_the_experiments_tell_the_traps_apart():
    q, p, n = tuples(B=4)
    point = q[:1].expand(4, 5)
    near = torch.nn.functional.normalize(q + 0.1 * p, dim=-1)
    far = -q[:, None].expand(4, 4, 5) + 0.3 * n
    found = {}
    for kind, loss in of_kind(trap_suspects(), TRAPS).items():
        halves = (loss(q[:2], p[:2], n[:2]) + loss(q[2:], p[2:], n[2:])) / 2
        traps = set()
        if not torch.isclose(halves, loss(q, p, n)):
            traps.add("batch")
        if not torch.isfinite(gradient_at(loss, q, q, n)).all():
            traps.add("nan")
        if (gradient_at(loss, q, near, far) == 0).all():
            traps.add("zero loss")
        if loss(point, point, point[:, None].expand(4, 4, 5)) == 0:
            traps.add("collapse")
        found[kind] = traps
    expected = {kind: {kind} for kind in TRAP_KINDS}
    assert found == expected | {"none": set()}
