"""Chapters in JupyterLab and in Notebook 7: opened, run to the end, no error; live figures answer.

One chapter is run by default, the one with the shortest time in its outputs. `SOLAR_CHAPTERS=all`,
or some names with commas between them, chooses others.
"""

import json
import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from frontends import FRONT_ENDS, Opened, serving_notebooks
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.slow]

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
TOOK = re.compile(r"So far: (\d+) s")  # what `checks.budget` prints
LONGEST = 1800  # seconds that a chapter may take here
FIGURES = """import solar
seen = []
circle = solar.LossCircle(q=90, p=130, n=0)
circle.observe(lambda change: seen.append(change.new), "n")
circle"""


def seconds_of(path):
    """What a chapter took when its outputs were made; nothing known is infinitely long."""
    outputs = json.dumps(json.loads(path.read_text(encoding="utf-8"))["cells"])
    took = TOOK.findall(outputs)
    return int(took[-1]) if took else float("inf")


def chosen():
    """The names of the chapters to run."""
    paths = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    asked = os.environ.get("SOLAR_CHAPTERS", "")
    if asked == "all":
        return [path.stem for path in paths]
    return asked.split(",") if asked else [min(paths, key=seconds_of).stem]


@pytest.fixture(scope="module", params=list(FRONT_ENDS))
def front_end(request, tmp_path_factory):
    """Kind and address of a front end, and the folder that it serves."""
    pytest.importorskip(request.param)
    work = tmp_path_factory.mktemp("work")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = new_notebook(cells=[new_code_cell(FIGURES)], metadata=kernel)
    nbformat.write(notebook, work / "figures.ipynb")
    for name in chosen():
        shutil.copy(NOTEBOOKS / f"{name}.ipynb", work)
    with serving_notebooks(request.param, work, tmp_path_factory.mktemp("place")) as address:
        yield request.param, address


def test_a_live_figure_and_python_share_one_state(new_page, front_end):
    kind, address = front_end
    page = new_page(address, viewport={"width": 1400, "height": 1000})
    notebook = Opened(page, kind, address, "figures.ipynb")
    assert notebook.run_all() == []
    page.wait_for_selector(".live[data-ready]")

    # keys reach Python, and its observer; the front end leaves them to the figure
    point = page.get_by_role("slider", name="negative n")
    point.focus()
    page.keyboard.press("PageUp")
    page.wait_for_function("document.querySelector('.live').shown.distances.qn < 2")
    assert notebook.python("print(circle.n, seen)") == "10.0 [10.0]"

    # Python moves the point, and the numbers are the same
    shown = "document.querySelector('.live').shown"
    notebook.python("circle.n = -90")
    page.wait_for_function(f"{shown}.distances.qn > 3.9")
    losses = page.evaluate(f"Object.values({shown}.losses).map((loss) => loss.toFixed(6))")
    printed = notebook.python("print(*(f'{loss:.6f}' for loss in circle.losses.values()))")
    assert losses == printed.split()

    # nothing is asked of the network; Notebook 7 complains of a missing schema of its own settings
    assert [text for text in page.complaints if text.startswith("asked for")] == []
    assert kind == "notebook" or page.complaints == []


@pytest.mark.parametrize("chapter", chosen())
def test_a_chapter_runs_to_its_end(new_page, front_end, chapter):
    kind, address = front_end
    page = new_page(address, viewport={"width": 1400, "height": 1000})
    notebook = Opened(page, kind, address, f"{chapter}.ipynb", seconds=LONGEST)
    assert notebook.run_all() == []
    assert page.locator(".jp-OutputArea-output").count() > 0
