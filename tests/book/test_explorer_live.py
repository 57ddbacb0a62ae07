"""The explorer with a kernel behind it, in JupyterLab: hand and Python share one state."""

import shutil

import nbformat
import numpy as np
import pytest
from frontends import Opened, serving_notebooks
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

import solar
from solar.explorer import SOAExplorer

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.slow]

# the notebook
SOURCE = """import solar
seen = []
net = solar.load("mini-solar")
explorer = solar.SOAExplorer("photo.png", net, budget=400_000, layer=5)
explorer.observe(lambda change: seen.append(change.new), "location")
explorer"""
FIRST = "document.querySelector('.soa').shown[0]"


def write_work(folder):
    """The notebook and its photograph, 256 x 192 pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    photo = Image.fromarray(pixels).resize((256, 192), Image.Resampling.BICUBIC)
    photo.save(folder / "photo.png")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = new_notebook(cells=[new_code_cell(SOURCE)], metadata=kernel)
    nbformat.write(notebook, folder / "explore.ipynb")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab that serves a folder with one notebook and one photograph."""
    pytest.importorskip("jupyterlab")
    place = tmp_path_factory.mktemp("lab")
    work = tmp_path_factory.mktemp("work")
    write_work(work)
    with serving_notebooks("jupyterlab", work, place) as address:
        yield address, work
    shutil.rmtree(place, ignore_errors=True)


class Lab(Opened):
    """The notebook with the explorer in JupyterLab, as a reader handles it."""

    def __init__(self, page, address):
        super().__init__(page, "jupyterlab", address, "explore.ipynb")
        assert self.run_all() == []
        page.wait_for_selector(".soa[data-ready]")
        self.canvas = page.locator(".soa-stage canvas").first

    def drawn(self, condition="true"):
        """What is shown, as soon as a condition on it holds."""
        self.page.wait_for_function(f"(() => {{ const s = {FIRST}; return {condition} }})()")
        return self.page.evaluate(f"({{ ...{FIRST}, weights: Array.from({FIRST}.field.weights) }})")

    def picture(self):
        return self.canvas.evaluate("c => c.toDataURL()")


def test_hand_and_python_share_one_state(new_page, lab):
    address, work = lab
    page = new_page(address, viewport={"width": 1400, "height": 1000})
    notebook = Lab(page, address)
    here = SOAExplorer(work / "photo.png", solar.load("mini-solar"))  # the same, to compare with

    # a click reaches Python, and its observer
    start = notebook.picture()
    box = notebook.canvas.bounding_box()
    notebook.canvas.click(position=dict(x=box["width"] * 0.1, y=box["height"] * 0.2))
    clicked = notebook.drawn()["place"]
    assert notebook.python(f"print(explorer.location == seen[-1] == {clicked})") == "True"
    assert notebook.picture() != start

    # so do keys, which JupyterLab leaves to the explorer
    notebook.canvas.press("ArrowDown")
    moved = notebook.drawn()["place"]
    assert moved[0] > clicked[0]
    assert notebook.python(f"print(explorer.location == {moved}, len(seen))") == "True 2"

    # Python moves the mark, and the weights in the browser are Python's
    notebook.python("explorer.location, explorer.opacity = (150, 200), 1")
    here.location = (150, 200)
    weights = np.array(notebook.drawn("s.place[0] === 150")["weights"])
    assert np.abs(weights - here.map.ravel()).max() < 0.015 * here.map.max()

    # SOA4 is too large for the bytes allowed here: the kernel sends the exact map in the end
    here.layer = 4
    for direction, summed in (
        ("attends to", "s.field.summed"),
        ("is attended by", "!s.field.summed"),
    ):
        notebook.python(f"explorer.layer, explorer.direction = 4, {direction!r}")
        here.direction = direction
        whole = "s.field.step === 1 && s.field.weights.length === 768"
        exact = notebook.drawn(f"{whole} && {summed}")
        assert np.allclose(exact["weights"], here.map.ravel(), atol=1e-6)

    # the hand chooses a layer, and Python cannot choose one that does not exist
    page.locator(".soa").get_by_label("Layer", exact=True).select_option("5")
    notebook.drawn("s.field.weights.length === 192")
    assert notebook.python("print(explorer.layer)") == "5"
    assert notebook.python("explorer.layer = 3").startswith("layer = 3: expected one of 4, 5")

    # one message resets everything
    notebook.python("explorer.reset()")
    notebook.drawn("s.place[0] === 96 && s.place[1] === 128 && s.field.summed")
    assert page.complaints == []
