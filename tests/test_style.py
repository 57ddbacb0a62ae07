"""Code stays plain: what makes it dense may only become rarer (`tools/style_counts.py`)."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import style_counts  # noqa: E402

# per 1,000 lines, as last counted; lower them when the code gets plainer, never raise them
MOST_TUPLE_ASSIGNMENTS = 0.3
MOST_CONDITIONALS = 8.5
FEWEST_COMMENTS_IN_CORE = 80
LONGEST_FUNCTION = 60  # lines, without the docstring
LONGEST_MODULE = 320
TOP_LEVEL_ENTRIES = 22


@pytest.fixture(scope="module")
def package():
    return style_counts.count([ROOT / "solar"])


@pytest.fixture(scope="module")
def core():
    return style_counts.count([ROOT / "solar" / room for room in style_counts.CORE])[0]


def test_no_line_is_longer_than_a_hundred_columns(package):
    assert package[0].long == 0


def test_no_generator_is_unpacked_into_names(package):
    assert package[0].generators == 0


def test_assignments_of_several_values_only_become_rarer(package):
    counts = package[0]
    assert counts.per_thousand(counts.tuples) <= MOST_TUPLE_ASSIGNMENTS


def test_conditional_expressions_only_become_rarer(package):
    counts = package[0]
    assert counts.per_thousand(counts.conditionals) <= MOST_CONDITIONALS


def test_the_core_tells_its_steps_in_comments(core):
    assert core.per_thousand(core.comments) >= FEWEST_COMMENTS_IN_CORE


def test_functions_and_modules_stay_short(package):
    assert max(package[1]) <= LONGEST_FUNCTION
    for path in style_counts.python_files([ROOT / "solar"]):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE, path


def test_the_top_level_stays_small():
    assert style_counts.top_level_entries() <= TOP_LEVEL_ENTRIES


def test_counting_knows_what_it_counts(tmp_path):
    path = tmp_path / "dense.py"
    path.write_text(
        "# one\n"
        "a, b = 1, 2  # two\n"
        "c, d = (v for v in (a, b))\n"
        "low, high = min(a, b), max(a, b)\n"
        "e = a if b else c\n"
        f"f = '{'x' * 100}'\n"
        "def g():\n"
        "    return 1\n"
    )
    counts, lengths = style_counts.count([path])
    assert (counts.lines, counts.comments, counts.long) == (8, 2, 1)
    assert (counts.tuples, counts.generators, counts.conditionals) == (2, 1, 1)
    assert lengths == [2]
    assert counts.documented == 0
    assert counts.public == 1
