"""The explorer with a kernel behind it, in JupyterLab: hand and Python share one state."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

import solar
from solar.explorer import SOAExplorer

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
# the notebook
SOURCE = """import solar
seen = []
net = solar.load("mini-solar")
explorer = solar.SOAExplorer("photo.png", net, budget=400_000, layer=5)
explorer.observe(lambda change: seen.append(change.new), "location")
explorer"""
# open it in JupyterLab and run all its cells
OPEN = """async () => {
  const { commands } = jupyterapp;
  const panel = await commands.execute(
    "docmanager:open", { path: "explore.ipynb", factory: "Notebook" });
  await panel.context.ready;
  await panel.sessionContext.ready;
  window.kernel = panel.sessionContext.session.kernel;
  await kernel.info;
  await commands.execute("notebook:run-all-cells");
}"""
# run code in its kernel; what it prints, or its error
RUN = """async (code) => {
  let text = "";
  const future = kernel.requestExecute({ code });
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === "stream") text += content.text;
    if (header.msg_type === "error") text += content.evalue;
  };
  await future.done;
  return text.trim();
}"""
FIRST = "document.querySelector('.soa').shown[0]"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_work(folder):
    """The notebook and its photograph, 256 x 192 pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    photo = Image.fromarray(pixels).resize((256, 192), Image.Resampling.BICUBIC)
    photo.save(folder / "photo.png")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = new_notebook(cells=[new_code_cell(SOURCE)], metadata=kernel)
    nbformat.write(notebook, folder / "explore.ipynb")


def own_environment(place):
    """Variables that keep JupyterLab's settings, data and news away from the user's own."""
    news = place / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    environment = dict(os.environ)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        environment[name] = str(place / name)
    environment["JUPYTERLAB_SETTINGS_DIR"] = str(place / "settings")
    paths = [str(ROOT), os.environ.get("PYTHONPATH")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return environment


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab that serves a folder with one notebook and one photograph."""
    pytest.importorskip("jupyterlab")
    place = tmp_path_factory.mktemp("lab")
    work = tmp_path_factory.mktemp("work")
    write_work(work)
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--allow-root",
        f"--ServerApp.root_dir={work}",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    ]
    with (place / "log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=work, env=own_environment(place), stdout=log, stderr=log
        )
        try:
            yield _when_ready(f"http://127.0.0.1:{port}", server, place / "log"), work
        finally:
            server.terminate()  # it stops its kernels, then itself
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
    shutil.rmtree(place, ignore_errors=True)


def _when_ready(address, server, log):
    """The address, as soon as the server answers."""
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/api/status", timeout=5).read()
            return address
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start: {log.read_text()[-1000:]}")


class Lab:
    """The notebook in JupyterLab, as a reader handles it."""

    def __init__(self, page, address):
        self.page = page
        page.set_default_timeout(120_000)
        page.goto(f"{address}/lab?reset")
        page.wait_for_function("window.jupyterapp !== undefined")
        page.evaluate("jupyterapp.restored")
        page.evaluate(OPEN)
        page.wait_for_selector(".soa[data-ready]")
        self.canvas = page.locator(".soa-stage canvas").first

    def python(self, code):
        """Run code in the kernel; what it prints."""
        return self.page.evaluate(RUN, code)

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
