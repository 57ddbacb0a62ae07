"""Checks of chapter 5: the second-order loss, its gradient, its weight in parts."""

import pytest
import torch
from checking import Exercise, exercises_of, right_answers, verdict, wrong_answers

from solar import contrastive_loss, second_order_loss


def along(q, p, n):
    """Half the difference of squared distances, for vectors of unit length: (B, K)."""
    return torch.einsum("bd,bkd->bk", q - p, n)


def plain_distances(q, p, n):
    difference = (q[:, None] - n).norm(dim=-1) - (p[:, None] - n).norm(dim=-1)
    return difference.norm() / len(q)


def gradient(q, p, n):
    difference = (q - n).square().sum(1) - (p - n).square().sum(1)
    if difference.norm() == 0:
        return torch.zeros_like(q)
    return 2 * difference @ (q - n) / difference.norm()


def half_a_gradient(q, p, n):
    difference = (q - n).square().sum(1) - (p - n).square().sum(1)
    return difference @ (q - n) / difference.norm()


EXERCISES = {
    "second_order": Exercise(
        right=[
            second_order_loss,
            lambda q, p, n: 2 * torch.linalg.vector_norm(along(q, p, n)) / len(q),
        ],
        start=lambda q, p, n: 2 * along(q, p, n).square().sum().sqrt(),
        told="Divide by the number of tuples B.",
        wrong=[
            ("number", along),
            ("root is missing", lambda q, p, n: 4 * along(q, p, n).square().sum() / len(q)),
            ("every tuple", lambda q, p, n: 2 * along(q, p, n).norm(dim=1).mean()),
            ("number of tuples", lambda q, p, n: 2 * along(q, p, n).norm()),
            ("nothing inside", lambda q, p, n: 2 * along(q, p, n).square().mean().sqrt()),
            ("distances", plain_distances),
            ("no number", lambda q, p, n: 2 * along(q, p, n).square().sum().sqrt() / len(q)),
            ("Differences", contrastive_loss),
        ],
    ),
    "second_order_gradient": Exercise(
        right=[gradient],
        start=half_a_gradient,
        told="The derivative of a square brings a factor 2.",
        wrong=[
            ("(5,)", lambda q, p, n: gradient(q, p, n)[:3]),
            ("factor 2", half_a_gradient),
            (
                "Divide by the loss",
                lambda q, p, n: gradient(q, p, n) * second_order_loss(q[None], p[None], n[None]),
            ),
            ("sign", lambda q, p, n: -gradient(q, p, n)),
            ("0 / 0", lambda q, p, n: gradient(q, p, n) * (q - p).norm() / (q - p).norm()),
            ("Chain rule", lambda q, p, n: q),
        ],
    ),
    "weight_for_parts": Exercise(
        right=[lambda weight, parts: weight / parts**0.5],
        start=lambda weight, parts: weight,
        told="For 1, 4, 16 parts expect 10, 5, 2.5.",
        wrong=[
            ("other way", lambda weight, parts: weight * parts**0.5),
            ("softens", lambda weight, parts: weight / parts),
            ("expect", lambda weight, parts: weight),
        ],
    ),
}


def test_every_exercise_of_the_subject_is_tested():
    assert set(EXERCISES) == exercises_of("losses")


@pytest.mark.parametrize("name, answer", right_answers(EXERCISES))
def test_right_answers_pass(name, answer, capsys):
    assert verdict(name, answer, capsys) == "correct."


@pytest.mark.parametrize("name", EXERCISES)
def test_the_unfinished_answer_of_the_chapter_gets_its_hint(name, capsys):
    exercise = EXERCISES[name]
    assert verdict(name, exercise.start, capsys) == f"not yet. {exercise.told}"


@pytest.mark.parametrize("name, hint, answer", wrong_answers(EXERCISES))
def test_wrong_answers_get_their_hint(name, hint, answer, capsys):
    told = verdict(name, answer, capsys)
    assert told.startswith("not yet. ")
    assert hint in told
