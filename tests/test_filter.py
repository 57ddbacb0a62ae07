"""A notebook that was run again is no change for git, unless it said something new."""

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from filter_notebook import filtered  # noqa: E402
from normalise_notebooks import text_of  # noqa: E402

VIEW = "application/vnd.jupyter.widget-view+json"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def stream(*lines):
    return {"output_type": "stream", "name": "stdout", "text": list(lines)}


def figure(image="aGk=", **more):
    return {"output_type": "display_data", "metadata": {}, "data": {"image/png": image, **more}}


def notebook(*outputs, source="work()"):
    cell = {"cell_type": "code", "id": "a", "execution_count": 1, "metadata": {}}
    cell |= {"source": [source], "outputs": list(outputs)}
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


RECORDED = notebook(stream("mAP 71.0\n", "in 3.2 s\n"), figure())


def changed(new):
    """Does git see a change after the filter?"""
    return filtered(text_of(new), text_of(RECORDED)) != text_of(RECORDED)


def test_a_run_that_said_the_same_is_no_change():
    again = notebook(stream("mAP 71.0\n"), stream("in 41 s\n"), figure(**{VIEW: {"model_id": "b"}}))
    again["metadata"]["language_info"] |= {"version": "3.13.5", "file_extension": ".py"}
    again["metadata"]["widgets"] = {"state": {}}
    again["cells"][0]["metadata"]["execution"] = {"iopub.execute_input": "2026-01-01"}
    assert not changed(again)


@pytest.mark.parametrize(
    "other",
    [
        notebook(stream("mAP 70.9\n", "in 3.2 s\n"), figure()),
        notebook(stream("mAP 71.0\n", "in 3.2 s\n"), figure("aGo=")),
        notebook(stream("mAP 71.0\n", "in 3.2 s\n")),
        notebook(stream("mAP 71.0\n", "in 4 s\n"), figure(), source="work(1)"),
    ],
    ids=["number", "figure", "output missing", "source"],
)
def test_what_is_new_is_a_change(other):
    assert changed(other)


def test_digits_of_an_image_are_no_duration():
    """In base64, `7 s` may appear by chance; only the texts may differ in durations."""
    recorded = text_of(notebook(figure("12 s")))
    assert filtered(text_of(notebook(figure("13 s"))), recorded) != recorded


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_recorded_chapter_passes_as_it_is(path):
    text = path.read_text(encoding="utf-8")
    assert filtered(text, None) == text
    again = json.loads(text)
    again["metadata"]["language_info"] = {"name": "python", "version": "3.99"}
    assert filtered(text_of(again), text) == text


@pytest.mark.processes
def test_git_is_clean_after_a_run(tmp_path):
    """The filter as `make` sets it up, in a repository of its own."""
    for folder in ("tools", "tests", "notebooks"):
        (tmp_path / folder).mkdir()
    for name in ("filter_notebook.py", "normalise_notebooks.py"):
        shutil.copy(ROOT / "tools" / name, tmp_path / "tools")
    shutil.copy(ROOT / "tests" / "nbval_sanitize.cfg", tmp_path / "tests")
    for name in (".gitattributes", ".gitignore"):  # Python may keep its byte code beside a tool
        shutil.copy(ROOT / name, tmp_path)
    path = tmp_path / "notebooks" / "a.ipynb"
    path.write_text(text_of(RECORDED))

    def git(*words):
        names = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", *names, *words]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    git("init", "-q")
    git("config", "filter.notebooks.clean", f"{sys.executable} tools/filter_notebook.py %f")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    assert git("status", "--short") == ""

    # Jupyter wrote other seconds, and the kernel's version
    again = copy.deepcopy(RECORDED)
    again["cells"][0]["outputs"][0] = stream("mAP 71.0\n", "in 12.75 s\n")
    again["metadata"]["language_info"]["version"] = "3.12.1"
    path.write_text(json.dumps(again))
    assert git("diff", "--stat") == ""

    # another result is a change
    again["cells"][0]["outputs"][0] = stream("mAP 72.0\n", "in 12.75 s\n")
    path.write_text(json.dumps(again))
    assert "a.ipynb" in git("diff", "--stat")
