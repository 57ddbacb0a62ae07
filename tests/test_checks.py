"""Every check of an exercise: right answers pass, unfinished and wrong ones get their hint.

The answers stand in one module per subject: `answers_SUBJECT.py`, or `test_checks_SUBJECT.py` where
the subject has tests of its own.
"""

import importlib

import pytest
from checking import exercises_of, right_answers, verdict, wrong_answers

from solar import checks

# subject, a module of `solar.checks` -> the module with the answers
MODULES = {
    "search": "answers_search",
    "attention": "answers_attention",
    "explorer": "answers_explorer",
    "suspects": "test_checks_suspects",
    "helping": "answers_helping",
    "losses": "answers_losses",
    "traps": "test_checks_traps",
    "hunts": "test_checks_hunts",
    "training": "answers_training",
    "ablation": "test_checks_ablation",
    "protocol": "test_checks_protocol",
    "shards": "answers_shards",
    "search_hunts": "test_checks_search_hunts",
    "block_hunts": "test_checks_block_hunts",
    "training_hunts": "test_checks_training_hunts",
    "distractors": "answers_distractors",
    "local": "test_checks_local",
    "patch_scores": "answers_patch_scores",
    "matching": "answers_matching",
    "local_hunts": "test_checks_local_hunts",
    "published": "answers_published",
    "describers": "answers_describers",
    "parity": "answers_parity",
}
ANSWERS = {
    subject: importlib.import_module(module).EXERCISES for subject, module in MODULES.items()
}
EXERCISES = {name: exercise for answers in ANSWERS.values() for name, exercise in answers.items()}


def test_every_check_belongs_to_one_subject():
    named = [name for subject in MODULES for name in exercises_of(subject)]
    assert sorted(named) == sorted(set(checks.__all__) - {"budget"})


@pytest.mark.parametrize("subject", MODULES)
def test_every_exercise_of_the_subject_is_tested(subject):
    assert set(ANSWERS[subject]) == exercises_of(subject)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_has_wrong_answers_enough(name):
    assert len(EXERCISES[name].wrong) >= 6


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
