"""The explorer with a kernel behind it, in a JupyterLab of its own: hand and Python share one
state.
"""

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

ROOT = Path(__file__).resolve().parents[2]
SOURCE = """import solar
seen = []
explorer = solar.SOAExplorer("photo.png", solar.load("mini-solar"), budget=400_000, layer=5)
explorer.observe(lambda change: seen.append(change.new), "location")
explorer"""
OPEN = """async () => {
  const panel = await jupyterapp.commands.execute("docmanager:open", { path: "explore.ipynb", factory: "Notebook" });
  await panel.context.ready;
  await panel.sessionContext.ready;
  window.kernel = panel.sessionContext.session.kernel;
  await kernel.info;
  await jupyterapp.commands.execute("notebook:run-all-cells"); }"""
RUN = """async (code) => {
  let text = "";
  const future = kernel.requestExecute({ code });
  future.onIOPub = ({ header, content }) => {
    text += header.msg_type === "stream" ? content.text : header.msg_type === "error" ? content.evalue : ""; };
  await future.done;
  return text.trim(); }"""
FIRST = "document.querySelector('.soa').shown[0]"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab that serves a folder with one notebook and one photograph."""
    pytest.importorskip("jupyterlab")
    place, work = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("work")
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    Image.fromarray(pixels).resize((256, 192), Image.Resampling.BICUBIC).save(work / "photo.png")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(
        new_notebook(cells=[new_code_cell(SOURCE)], metadata=kernel), work / "explore.ipynb"
    )
    news = place / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    own = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = {**os.environ, **{name: str(place / name) for name in own}}
    environment["JUPYTERLAB_SETTINGS_DIR"] = str(place / "settings")
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--allow-root",
    ]
    options += [
        f"--ServerApp.root_dir={work}",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
    ]
    options += [
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    ]
    log = open(place / "log", "w")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options],
        cwd=work,
        env=environment,
        stdout=log,
        stderr=log,
    )
    try:
        yield _when_ready(f"http://127.0.0.1:{port}", server, place / "log"), work
    finally:
        server.terminate()  # it stops its kernels, then itself
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
        log.close()
        shutil.rmtree(place, ignore_errors=True)


def _when_ready(address, server, log):
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/api/status", timeout=5).read()
            return address
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start: {log.read_text()[-1000:]}")


def test_hand_and_python_share_one_state(new_page, lab):
    address, work = lab
    page = new_page(address, viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(120_000)
    page.goto(f"{address}/lab?reset")
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate("jupyterapp.restored")
    page.evaluate(OPEN)
    page.wait_for_selector(".soa[data-ready]")
    here = SOAExplorer(work / "photo.png", solar.load("mini-solar"))
    canvas = page.locator(".soa-stage canvas").first

    def python(code):
        return page.evaluate(RUN, code)

    def drawn(condition="true"):
        page.wait_for_function(f"(() => {{ const s = {FIRST}; return {condition} }})()")
        return page.evaluate(f"({{ ...{FIRST}, weights: Array.from({FIRST}.field.weights) }})")

    # a click reaches Python, and its observer
    start = canvas.evaluate("c => c.toDataURL()")
    box = canvas.bounding_box()
    canvas.click(position=dict(x=box["width"] * 0.1, y=box["height"] * 0.2))
    clicked = drawn()["place"]
    assert python(f"print(explorer.location == seen[-1] == {clicked})") == "True"
    assert canvas.evaluate("c => c.toDataURL()") != start
    # so do keys, which JupyterLab leaves to the explorer
    canvas.press("ArrowDown")
    moved = drawn()["place"]
    assert (
        moved[0] > clicked[0]
        and python(f"print(explorer.location == {moved}, len(seen))") == "True 2"
    )
    # Python moves the mark, and the weights in the browser are Python's
    python("explorer.location, explorer.opacity = (150, 200), 1")
    here.location = (150, 200)
    weights = np.array(drawn("s.place[0] === 150")["weights"])
    assert np.abs(weights - here.map.ravel()).max() < 0.015 * here.map.max()
    # SOA4 is too large for the bytes allowed here: what is drawn in the end is the exact map, from
    # the kernel
    for layer, direction in ((4, "attends to"), (4, "is attended by")):
        python(f"explorer.layer, explorer.direction = {layer}, {direction!r}")
        here.layer, here.direction = layer, direction
        row = "s.field.summed" if direction == "attends to" else "!s.field.summed"
        exact = drawn(f"s.field.step === 1 && s.field.weights.length === 768 && {row}")
        assert np.allclose(exact["weights"], here.map.ravel(), atol=1e-6)
    page.locator(".soa").get_by_label("Layer", exact=True).select_option("5")
    drawn("s.field.weights.length === 192")
    assert python("print(explorer.layer)") == "5"
    assert python("explorer.layer = 3").startswith("layer = 3: expected one of 4, 5")
    assert page.complaints == []
