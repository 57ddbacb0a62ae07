"""What all checks share: comparing, the verdict, a function that returns nothing, the budget."""

import re
import sys

import numpy as np
import pytest
import torch
from checking import verdict

from solar import checks
from solar.checks.basics import NO_ANSWER, YOUR_TURN, judge, same

NAMES = sorted(set(checks.__all__) - {"budget"})


@pytest.mark.parametrize("name", NAMES)
def test_a_function_that_returns_nothing_fails_politely(name, capsys):
    assert verdict(name, lambda *arguments: None, capsys) == f"not yet. {NO_ANSWER}"


def raising(error):
    def function(*arguments):
        raise error

    return function


@pytest.mark.parametrize("name", NAMES)
def test_an_error_in_the_function_becomes_one_line(name, capsys):
    line = "not yet. It stops with ZeroDivisionError: by zero"
    assert verdict(name, raising(ZeroDivisionError("by zero\nand more")), capsys) == line


@pytest.mark.parametrize("name", NAMES)
def test_an_unwritten_function_gives_its_own_words(name, capsys):
    assert verdict(name, raising(NotImplementedError("your turn")), capsys) == "not yet. your turn"
    assert verdict(name, raising(NotImplementedError()), capsys) == f"not yet. {YOUR_TURN}"


def test_an_answer_of_another_form_gets_one_line(capsys):
    judge("double", lambda function: float(function()), lambda: "three")
    line = capsys.readouterr().out
    assert line.startswith("double: not yet. The answer has another form than expected (")


@pytest.mark.parametrize(
    "a, b, equal",
    [
        (1, 1 + 1e-6, True),
        (1, 1.001, False),
        ([1, 2], np.array([1, 2]), True),
        ([1, 2], torch.tensor([1.0, 2.0]), True),
        ([1, 2], torch.tensor([1.0, 2.0], requires_grad=True), True),
        ([1, 2], [1, 2, 3], False),
        ([[1], [1, 2]], [1, 2], False),
        ("one", 1, False),
        (None, 1, False),
        (float("nan"), float("nan"), False),
    ],
)
def test_same_compares_numbers_of_any_kind(a, b, equal):
    assert same(a, b) == equal


def test_budget_prints_both_costs(capsys):
    checks.budget()
    line = r"So far: \d+ s of processor time, \d+\.\d GiB of memory at most\.\n"
    assert re.fullmatch(line, capsys.readouterr().out)


def test_budget_does_without_the_memory_where_it_is_not_known(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
    checks.budget()
    assert "unknown of memory" in capsys.readouterr().out
