"""The committed chapters are executed and clean, and the checks notice when one is not."""

import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from check_notebooks import check  # noqa: E402
from normalise_notebooks import normalise  # noqa: E402


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_chapter_is_clean(path):
    assert check(path) == []


def complaints(tmp_path, *cells):
    nbformat.write(new_notebook(cells=list(cells)), tmp_path / "a.ipynb")
    return " ".join(check(tmp_path / "a.ipynb"))


def test_checks_notice_what_readers_stumble_over(tmp_path):
    def cell(output, source="1", count=1):
        return new_code_cell(source, execution_count=count, outputs=[output])

    text = new_output("stream", name="stdout", text="fine")
    assert complaints(tmp_path, cell(text)) == ""
    assert "in order" in complaints(tmp_path, cell(text, count=2))
    assert "';'" in complaints(tmp_path, cell(text, source="f();"))
    assert "no outputs" in complaints(tmp_path, new_code_cell("1", execution_count=1))
    assert "alt text" in complaints(
        tmp_path, cell(new_output("display_data", data={"image/png": "aGk="}))
    )
    assert "an error" in complaints(
        tmp_path, cell(new_output("error", ename="E", evalue="", traceback=[]))
    )
    assert "stderr" in complaints(tmp_path, cell(new_output("stream", name="stderr", text="oh")))
    assert "path of one machine" in complaints(
        tmp_path, cell(new_output("stream", name="stdout", text="/home/me/x"))
    )


def test_normalising_drops_what_changes_at_every_run():
    cell = new_code_cell("1", metadata={"execution": {"iopub": "now"}, "tags": ["keep"]})
    metadata = {"widgets": {}, "language_info": {"name": "python", "version": "3.11.7"}}
    notebook = normalise(new_notebook(cells=[cell], metadata=metadata))
    assert notebook.cells[0].metadata == {"tags": ["keep"]}
    assert "widgets" not in notebook.metadata and notebook.metadata["language_info"] == {
        "name": "python"
    }


def test_a_widget_keeps_its_still_picture_alone():
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
