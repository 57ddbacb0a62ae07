"""The questions at the end of the chapters: five each, one right answer, an explanation for all."""

import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from book_quizzes import append_quiz, fault_of, read_quiz

ROOT = Path(__file__).resolve().parents[1]
QUIZZES = sorted((ROOT / "book" / "quizzes").glob("*.yml"))
CHAPTERS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def answer(text="yes", because="it is", **more):
    return dict(text=text, because=because, **more)


def question(**changes):
    """A question without a fault, changed."""
    answers = [answer(right=True), answer("no", "it is not"), answer("perhaps", "who knows")]
    return dict(ask="Is it?", answers=answers) | changes


def test_every_chapter_has_its_questions():
    numbers = [path.name[:2] for path in CHAPTERS]
    assert [path.stem for path in QUIZZES] == numbers


@pytest.mark.parametrize("path", QUIZZES, ids=lambda path: path.stem)
def test_questions_are_whole(path):
    questions = read_quiz(path)
    assert len(questions) == 5
    asked = [question["ask"] for question in questions]
    assert len(set(asked)) == 5
    for one in questions:
        assert one["ask"].rstrip().endswith("?")
        assert sum(each.get("right", False) for each in one["answers"]) == 1


def test_no_place_gives_the_right_answer_away():
    """Not most often the first, and not most often the longest."""
    places = Counter()
    longest = 0
    questions = [question for path in QUIZZES for question in read_quiz(path)]
    for one in questions:
        right = [each.get("right", False) for each in one["answers"]].index(True)
        lengths = [len(each["text"]) for each in one["answers"]]
        places[right] += 1
        longest += lengths[right] == max(lengths)
    assert max(places.values()) < 0.5 * len(questions)
    assert longest < 0.6 * len(questions)


@pytest.mark.parametrize(
    "changes, fault",
    [
        (dict(answers=[answer(right=True), answer("no", "not")]), "2 answers"),
        (dict(answers=[answer(str(i), f"for {i}") for i in range(3)]), "0 right answers"),
        (dict(answers=[answer(str(i), f"for {i}", right=True) for i in range(3)]), "3 right"),
        (dict(answers=[answer(right=True), answer(), answer("no", "not")]), "stands twice"),
        (dict(answers=[answer(right=True), answer("no", " "), answer("so", "not")]), "is empty"),
        (dict(answers=[answer(right=True), answer(1, "one"), answer("so", "not")]), "no text"),
        (dict(answers=[dict(text="a"), answer(), answer("no", "not")]), "an answer has"),
        (dict(hint="none"), "expected 'ask' and 'answers'"),
        ({}, ""),
    ],
)
def test_a_fault_is_named(changes, fault):
    assert fault in fault_of(question(**changes))
    assert bool(fault) == bool(fault_of(question(**changes)))


def test_a_file_with_a_fault_is_named(tmp_path):
    path = tmp_path / "99.yml"
    path.write_text(yaml.safe_dump([question()] * 4))
    with pytest.raises(ValueError, match=r"99\.yml: expected a list of 5"):
        read_quiz(path)
    path.write_text(yaml.safe_dump([question()] * 4 + [question(answers=[])]))
    with pytest.raises(ValueError, match=r"99\.yml: question 5: 0 answers"):
        read_quiz(path)


class App:
    srcdir = ROOT


def test_questions_are_appended_to_the_page_and_not_to_the_notebook():
    source = ['{"cells": []}']
    append_quiz(App, "notebooks/01_finding_a_landmark_again", source)
    assert ":::{quiz} 01" in source[0]
    for name in ("notebooks/mini_world", "book/welcome", "notebooks/99_no_such_chapter"):
        source = ['{"cells": []}']
        append_quiz(App, name, source)
        assert source == ['{"cells": []}']
    assert not any("{quiz}" in path.read_text(encoding="utf-8") for path in CHAPTERS)
