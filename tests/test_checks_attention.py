"""Checks of chapter 2: attention, one of its rows, its entropy."""

import numpy as np
import pytest
import torch
from checking import Exercise, exercises_of, right_answers, verdict, wrong_answers


def attention(q, k, v):
    return torch.nn.functional.scaled_dot_product_attention(q, k, v)


def scaled(q, k, v, scale, axis=-1):
    return (q @ k.transpose(1, 2) * scale).softmax(axis) @ v


def row(soa, x, at):
    return soa.maps(x, torch.tensor([at[0] * x.shape[3] + at[1]]))[0, 0].view(x.shape[2:])


def row_of_all(soa, x, at):
    return soa.maps(x)[0, at[0] * 7 + at[1]].view(5, 7)


def entropy(maps):
    return torch.special.entr(maps).sum(-1) / np.log(maps.shape[-1])


EXERCISES = {
    "attention": Exercise(
        right=[attention, lambda q, k, v: scaled(q, k, v, 1 / 2)],
        start=lambda q, k, v: (q @ k.transpose(1, 2)).softmax(-1) @ v,
        told="The temperature is missing: divide the logits by sqrt(c').",
        wrong=[
            ("temperature", lambda q, k, v: scaled(q, k, v, 1)),
            ("not by c' itself", lambda q, k, v: scaled(q, k, v, 1 / 4)),
            ("wrong axis", lambda q, k, v: scaled(q, k, v, 1 / 2, -2)),
            ("softmax is missing", lambda q, k, v: q @ k.transpose(1, 2) / 2 @ v),
            ("shape", lambda q, k, v: attention(q, k, v)[0]),
            ("Compare", lambda q, k, v: attention(q, v, k)),
        ],
    ),
    "rows": Exercise(
        right=[row],
        start=row_of_all,
        told="Right, but you made all 35 x 35 numbers. Ask for one row of q.",
        wrong=[
            ("column", lambda soa, x, at: soa.maps(x)[0, :, at[0] * 7 + at[1]].view(5, 7)),
            ("r * w + c", lambda soa, x, at: soa.maps(x)[0, at[1] * 5 + at[0]].view(5, 7)),
            ("all 35 x 35", row_of_all),
            ("shape", lambda soa, x, at: row(soa, x, at).flatten()),
            ("soa.f", lambda soa, x, at: row(soa, x, at) * 2),
        ],
    ),
    "entropy": Exercise(
        right=[entropy],
        start=lambda maps: -(maps * maps.log()).sum(-1),
        told="0 log 0 is nan on a computer and 0 in mathematics: torch.special.entr knows.",
        wrong=[
            ("nan", lambda maps: -(maps * maps.log()).sum(-1) / np.log(4)),
            ("one number per row", lambda maps: entropy(maps).mean()[None]),
            ("sign", lambda maps: -entropy(maps)),
            ("log N", lambda maps: torch.special.entr(maps).sum(-1)),
            ("bits", lambda maps: 2 * entropy(maps)),
            ("expect", lambda maps: maps.amax(-1)),
        ],
    ),
}


def test_every_exercise_of_the_subject_is_tested():
    assert set(EXERCISES) == exercises_of("attention")


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
