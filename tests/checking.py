"""What all tests of checks share: the answers to one exercise, and the verdict on an answer.

Every subject has a module of answers, and `test_checks.py` tries them all. Its `EXERCISES` names,
for each exercise of the subject, right answers, the unfinished answer that its chapter starts from,
with the line that it gets, and wrong answers, each with words of the hint that it must get.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from solar import checks


@dataclass(frozen=True)
class Exercise:
    """Answers to one exercise."""

    right: list[Callable]  # all of them pass
    start: Callable  # the unfinished function that the chapter gives
    told: str  # the hint for it, whole
    wrong: list[tuple[str, Callable]] = field(default_factory=list)  # (words of the hint, answer)


def exercises_of(subject: str) -> set[str]:
    """The names of the exercises that a module of `solar.checks` knows."""
    module = importlib.import_module(f"solar.checks.{subject}")
    return {name.removeprefix("why_wrong_") for name in vars(module) if name.startswith("why_")}


def right_answers(exercises: dict[str, Exercise]) -> list:
    """Parameters (name, answer) of a test, one per right answer."""
    return [
        pytest.param(name, answer, id=f"{name}-{number}")
        for name, exercise in exercises.items()
        for number, answer in enumerate(exercise.right)
    ]


def wrong_answers(exercises: dict[str, Exercise]) -> list:
    """Parameters (name, hint, answer) of a test, one per wrong answer."""
    return [
        pytest.param(name, hint, answer, id=f"{name}-{hint}")
        for name, exercise in exercises.items()
        for hint, answer in exercise.wrong
    ]


def verdict(name: str, answer: Callable, capsys) -> str:
    """What the check of an exercise prints on an answer, without the exercise's name."""
    assert getattr(checks, name)(answer) is None  # a value would be shown below the cell
    line = capsys.readouterr().out
    assert line.startswith(f"{name}: ")
    assert line.endswith("\n")
    assert line.count("\n") == 1
    return line.removeprefix(f"{name}: ").removesuffix("\n")
