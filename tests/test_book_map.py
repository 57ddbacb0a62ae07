"""The map of the book has no holes, and the tables that the build fills in count what is there."""

import json
import sys
from pathlib import Path

import pytest
from docutils import nodes
from docutils.core import publish_doctree

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import book_glossary  # noqa: E402
import book_map  # noqa: E402
import book_tables  # noqa: E402

EQUATIONS = book_map.equations(ROOT)
TREES = book_map.modules(ROOT)
DEFINITIONS = book_map.definitions(TREES)
IN_TESTS = book_map.names_in_tests(ROOT)
TAGGED = [each for each in DEFINITIONS if each.equations]
GLOSSARY = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")


def taught(module: str) -> bool:
    """Does the book teach this module?"""
    return module.count(".") >= 2 and module.split(".")[1] in book_tables.ROOMS


# ---- holes


@pytest.mark.parametrize("label", EQUATIONS)
def test_equation_is_computed_somewhere_or_a_step(label):
    computed = any(label in each.equations for each in TAGGED)
    assert computed != (label in book_map.STEPS)


@pytest.mark.parametrize("definition", TAGGED, ids=lambda each: each.name)
def test_tag_names_equations_of_the_book(definition):
    assert set(definition.equations) <= EQUATIONS.keys()


@pytest.mark.parametrize("definition", TAGGED, ids=lambda each: each.name)
def test_function_behind_an_equation_has_a_test(definition):
    assert book_map.tests_of([definition.name], IN_TESTS)


@pytest.mark.parametrize("module", [name for name in TREES if taught(name)])
def test_module_that_is_taught_names_its_chapters(module):
    numbered = book_tables.numbered(ROOT)
    chapters = book_map.chapters_of(TREES[module])
    hidden = module.rpartition(".")[2].startswith("_")
    assert chapters or hidden
    assert all(number in numbered for number, _ in chapters)


# ---- reading


def test_tags_are_read_from_docstrings(tmp_path):
    package = tmp_path / "solar" / "room"
    package.mkdir(parents=True)
    (package / "thing.py").write_text(
        '"""A thing.\n\nBook: chapters 1 (one) and 12 (twelve)."""\n\n'
        'def f():\n    """Do it.\n\n    Equation: eq-a, eq-b.\n    """\n\n'
        'def g():\n    """Do more."""\n'
    )
    trees = book_map.modules(tmp_path)
    assert book_map.chapters_of(trees["solar.room.thing"]) == [(1, "one"), (12, "twelve")]
    found = {each.name: each.equations for each in book_map.definitions(trees)}
    assert found == {"f": ("eq-a", "eq-b"), "g": ()}


def test_tests_that_use_a_name_most_come_first(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("from m import f\nf()\n")
    (tmp_path / "tests" / "test_b.py").write_text("from m import f\nf() + f() + m.f()\n")
    (tmp_path / "tests" / "test_c.py").write_text("from m import other\n")
    counts = book_map.names_in_tests(tmp_path)
    assert book_map.tests_of(["f"], counts) == ["test_b.py", "test_a.py"]


# ---- tables


@pytest.fixture
def small_book(tmp_path):
    """A book of one chapter."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "_toc.yml").write_text("root: notebooks/03_three\n")
    cells = [
        {"cell_type": "markdown", "source": ["# 3 · Three\n", "\n", "four words of text"]},
        {"cell_type": "code", "source": ["# a comment\n", "\n", "x = 1\n", "y = 2"]},
    ]
    path = tmp_path / "notebooks" / "03_three.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    return tmp_path


def test_words_and_lines_are_counted(small_book):
    assert book_tables.size_of(small_book, "notebooks/03_three") == (8, 2)


def test_without_a_stored_run_the_table_says_so(small_book):
    row = book_tables.timings(small_book, [])[-1]
    assert "[3 · Three](../notebooks/03_three.ipynb) | 8 | 2 |" in row
    assert row.endswith("| not run in this build | not measured |")


def test_stored_runs_are_told(small_book, monkeypatch):
    monkeypatch.setattr(book_tables, "runs", lambda root: {"03_three": 62.4})
    monkeypatch.setattr(book_tables, "costs", lambda root: {"03_three": {"memory": 1536.0}})
    assert book_tables.timings(small_book, [])[-1].endswith("| 62\xa0s | 1.5\xa0GiB |")
    row = book_tables.paths(small_book, ["All: 3"])[-1]
    assert row.startswith("| All | 3 |") and row.endswith("| 62\xa0s |")


def test_paths_of_the_book_name_chapters_that_exist():
    text = (ROOT / "book" / "how-to-use.md").read_text(encoding="utf-8")
    body = text.split("```{paths}\n")[1].split("```")[0].strip().split("\n")
    assert len(book_tables.paths(ROOT, body)) == len(body) + 2


# ---- glossary


def test_glossary_is_in_order():
    entries = book_glossary.entries(GLOSSARY)
    assert entries == sorted(entries, key=str.lower)
    assert len(entries) == len(set(entries))


def test_first_bold_use_of_a_word_becomes_a_link():
    class App:
        class env:
            docname = "page"

        srcdir = ROOT

    page = publish_doctree("A **descriptor** and **Descriptors** and a **stone**.")
    book_glossary.link_first_uses(App, page)
    links = [node for node in page.findall() if node.tagname == "pending_xref"]
    assert [link["reftarget"] for link in links] == ["Descriptor"]
    assert len(list(page.findall(nodes.strong))) == 3
