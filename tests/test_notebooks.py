"""The committed chapters are executed and clean, and the checks notice when one is not."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import solar

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from check_notebooks import check  # noqa: E402
from first_cell import SOURCE, TAGS, with_first_cell  # noqa: E402
from normalise_notebooks import normalise  # noqa: E402


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_chapter_is_clean(path):
    assert check(path) == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_chapter_begins_with_the_cell_that_installs_this_release(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert with_first_cell(notebook) == notebook, "run tools/first_cell.py notebooks/*.ipynb"


def complaints(tmp_path, *cells):
    nbformat.write(new_notebook(cells=list(cells)), tmp_path / "a.ipynb")
    return " ".join(check(tmp_path / "a.ipynb"))


TEXT = new_output("stream", name="stdout", text="fine")


def cell(output=TEXT, source="1", count=1, **metadata):
    return new_code_cell(source, execution_count=count, outputs=[output], metadata=metadata)


def test_clean_notebook_has_no_complaints(tmp_path):
    assert complaints(tmp_path, cell()) == ""


def test_execution_out_of_order_is_noticed(tmp_path):
    assert "in order" in complaints(tmp_path, cell(count=2))


def test_missing_outputs_are_noticed(tmp_path):
    assert "no outputs" in complaints(tmp_path, new_code_cell("1", execution_count=1))


def test_semicolon_at_the_end_is_noticed(tmp_path):
    assert "';'" in complaints(tmp_path, cell(source="f();"))


@pytest.mark.parametrize("words", [{"image": {"alt": "{}"}}, {"figure": {"caption": "{}"}}])
@pytest.mark.parametrize("number, known", [("71.2", True), ("71.3", False)])
def test_numbers_at_a_figure_are_compared_with_what_cells_know(tmp_path, words, number, known):
    [(part, texts)] = words.items()
    [name] = texts
    told = {part: {name: f"a curve that ends at {number}"}}
    told = {"image": {"alt": "a curve"}} | told
    picture = new_output("display_data", data={"image/png": "aGk="})
    heard = complaints(tmp_path, cell(picture, source="71.2", mystnb=told))
    assert ("which no cell printed" in heard) is not known


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml"])
def test_figure_without_alt_text_is_noticed(tmp_path, kind):
    figure = new_output("display_data", data={kind: "aGk="})
    assert "alt text" in complaints(tmp_path, cell(figure))
    assert complaints(tmp_path, cell(figure, mystnb={"image": {"alt": "a hill"}})) == ""


@pytest.mark.parametrize(
    "prose",
    [
        "it is 71.2",  # a cell printed it
        "an error of $71.3$ points",  # a formula
        "71.3 points, says {cite:p}`ng2020solar`",
        "71.3 points, says [their page](https://example.org)",
        "| a |\n|---|\n| 71.2 |",
        "320 landmarks, Apache 2.0",
    ],
)
def test_numbers_that_are_printed_cited_or_computed_may_stand_in_prose(tmp_path, prose):
    printed = new_output("stream", name="stdout", text="mAP 71.2\n")
    assert complaints(tmp_path, cell(printed), new_markdown_cell(prose)) == ""


@pytest.mark.parametrize(
    "prose",
    [
        "it is 71.3",
        "it gains 12 points",
        "they are 12 % better",
        "says {cite:p}`ng2020solar`.\n\nOurs has 71.3",
        "words\n\n| a |\n|---|\n| 71.3 |",
        "[our page](other.md) has 71.3",
    ],
)
def test_a_typed_number_is_noticed(tmp_path, prose):
    printed = new_output("stream", name="stdout", text="mAP 71.2\n")
    assert "which no cell printed" in complaints(tmp_path, cell(printed), new_markdown_cell(prose))


def test_errors_and_stderr_are_noticed(tmp_path):
    error = new_output("error", ename="E", evalue="", traceback=[])
    assert "an error" in complaints(tmp_path, cell(error))
    stderr = new_output("stream", name="stderr", text="oh")
    assert "stderr" in complaints(tmp_path, cell(stderr))


def test_path_of_one_machine_is_noticed(tmp_path):
    home = new_output("stream", name="stdout", text="/home/me/x")
    assert "path of one machine" in complaints(tmp_path, cell(home))


def test_long_line_of_code_is_noticed(tmp_path):
    assert complaints(tmp_path, cell(source="x" * 88)) == ""
    assert "a line of 89 columns" in complaints(tmp_path, cell(source="x" * 89))
    assert complaints(tmp_path, cell(source="%config " + "x" * 89)) == "", "magics may be long"


def test_long_line_of_fenced_code_is_noticed(tmp_path):
    prose = "word " * 30
    code = "x" * 89
    assert complaints(tmp_path, cell(), new_markdown_cell(prose)) == ""
    fenced = new_markdown_cell(f"{prose}\n```python\n{code}\n```\n")
    assert "a line of 89 columns" in complaints(tmp_path, cell(), fenced)


@pytest.mark.parametrize("source", ["import os", "def f():\n    from os import sep"])
def test_import_below_the_first_code_cell_is_noticed(tmp_path, source):
    first = cell(source="%matplotlib inline\nimport re")
    assert complaints(tmp_path, first) == ""
    assert "an import" in complaints(tmp_path, first, cell(source=source, count=2))


def test_imports_may_stand_below_the_cell_that_installs(tmp_path):
    install = cell(source=SOURCE, tags=TAGS)
    assert complaints(tmp_path, install, cell(source="import os", count=2)) == ""
    third = cell(source="import re", count=3)
    assert "an import" in complaints(tmp_path, install, cell(count=2), third)


def test_the_cell_that_installs_comes_first_once_and_counts():
    result = new_output("execute_result", data={"text/plain": "1"}, execution_count=1)
    notebook = new_notebook(cells=[new_markdown_cell("# A"), cell(result), cell(count=2)])
    once = with_first_cell(notebook)
    assert [cell["cell_type"] for cell in once["cells"]] == ["markdown", "code", "code", "code"]
    assert [cell["execution_count"] for cell in once["cells"][1:]] == [1, 2, 3]
    assert once["cells"][2]["outputs"][0]["execution_count"] == 2
    assert with_first_cell(once) == once


@pytest.mark.parametrize("present", [True, False])
def test_the_cell_installs_where_the_package_is_missing_alone(present, monkeypatch):
    commands = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: "a spec" if present else None)
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    exec(SOURCE, {})
    assert len(commands) == (0 if present else 1)
    if commands:
        release = f"solar-book[notebooks]=={solar.__version__}"
        assert commands[0] == [sys.executable, "-m", "pip", "install", "-q", release]


def test_late_import_needs_a_tag_and_a_reason(tmp_path):
    tagged = dict(tags=["late-import"])
    without = cell(source="import os", count=2, **tagged)
    assert "an import" in complaints(tmp_path, cell(), without)
    reason = cell(source="# after the variable is set\nimport os", count=2, **tagged)
    assert complaints(tmp_path, cell(), reason) == ""


@pytest.mark.parametrize("value", ["(f(v) for v in w)", "[f(v) for v in w]", "map(f, w)"])
def test_unpacked_generator_is_noticed(tmp_path, value):
    assert "unpacked generator" in complaints(tmp_path, cell(source=f"a, b = {value}"))
    assert complaints(tmp_path, cell(source=f"a = {value}\nheight, width = x.shape")) == ""


def test_table_making_code_may_be_folded(tmp_path):
    assert complaints(tmp_path, cell(tags=["hide-input"])) == ""


def test_normalising_drops_what_changes_at_every_run():
    cell = new_code_cell("1", metadata={"execution": {"iopub": "now"}, "tags": ["keep"]})
    metadata = {"widgets": {}, "language_info": {"name": "python", "version": "3.11.7"}}
    notebook = normalise(new_notebook(cells=[cell], metadata=metadata))
    assert notebook.cells[0].metadata == {"tags": ["keep"]}
    assert "widgets" not in notebook.metadata and notebook.metadata["language_info"] == {
        "name": "python"
    }


def test_a_widget_keeps_its_still_image_alone():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "w"}
    outputs = [
        new_output("display_data", data=data) for data in ({**view, "image/jpeg": "aGk="}, view)
    ]
    cell = normalise(new_notebook(cells=[new_code_cell("1", outputs=outputs)])).cells[0]
    assert [sorted(output.data) for output in cell.outputs] == [
        ["image/jpeg", "text/plain"],
        sorted(view),
    ]


def test_a_text_cut_in_pieces_becomes_one():
    outputs = [new_output("stream", name="stdout", text=text) for text in ("one\n", "two\n")]
    cell = normalise(new_notebook(cells=[new_code_cell("1", outputs=outputs)])).cells[0]
    assert [output.text for output in cell.outputs] == ["one\ntwo\n"]


def test_a_name_of_a_figure_stands_once_in_the_book():
    places = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            figure = cell["metadata"].get("mystnb", {}).get("figure", {})
            source = "".join(cell["source"])
            names = [figure["name"]] if "name" in figure else []
            if cell["cell_type"] == "markdown":
                names += re.findall(r"^:name: (\S+)", source, re.MULTILINE)
            for name in names:
                places.setdefault(name, []).append(path.name)
    assert places
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
