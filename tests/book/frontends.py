"""JupyterLab and Notebook 7 on a folder, with settings of their own, as a reader handles them."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# the module that starts a front end, the name of its application, and the address of a notebook
FRONT_ENDS = {
    "jupyterlab": ("jupyterlab", "LabApp", "/lab?reset"),
    "notebook": ("notebook", "JupyterNotebookApp", "/notebooks/"),
}
# open a notebook in JupyterLab; Notebook 7 opens the one of its address
OPEN = """async (path) => {
  window.panel = await jupyterapp.commands.execute(
    "docmanager:open", { path, factory: "Notebook" });
}"""
# run all cells of the notebook; return what its outputs call an error
RUN_ALL = """async () => {
  await panel.context.ready;
  await panel.sessionContext.ready;
  window.kernel = panel.sessionContext.session.kernel;
  await kernel.info;
  await jupyterapp.commands.execute("notebook:run-all-cells");
  const outputs = panel.context.model.toJSON().cells.flatMap((cell) => cell.outputs ?? []);
  return outputs.filter((output) => output.output_type === "error").map((output) => output.evalue);
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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def own_environment(place):
    """Variables that keep the front end's settings, data and news away from the user's own."""
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


@contextmanager
def serving_notebooks(kind, work, place):
    """The address of a front end that serves the folder `work`; `place` is for its own files."""
    module, app, _ = FRONT_ENDS[kind]
    port = free_port()
    command = [
        sys.executable,
        "-m",
        module,
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--allow-root",
        f"--ServerApp.root_dir={work}",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
        f"--{app}.expose_app_in_browser=True",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    ]
    with (place / "log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=work, env=own_environment(place), stdout=log, stderr=log
        )
        try:
            yield _when_ready(f"http://127.0.0.1:{port}", server, place / "log")
        finally:
            server.terminate()  # it stops its kernels, then itself
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


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
    raise RuntimeError(f"the front end did not start: {log.read_text()[-1000:]}")


class Opened:
    """A notebook in a front end, as a reader handles it."""

    def __init__(self, page, kind, address, path, seconds=120):
        self.page = page
        self.kind = kind
        page.set_default_timeout(1000 * seconds)
        start = FRONT_ENDS[kind][2]
        page.goto(address + start + (path if kind == "notebook" else ""))
        page.wait_for_function("window.jupyterapp !== undefined")
        page.evaluate("jupyterapp.restored")
        if kind == "jupyterlab":
            page.evaluate(OPEN, path)
        else:
            page.wait_for_function("jupyterapp.shell.currentWidget?.context !== undefined")
            page.evaluate("() => { window.panel = jupyterapp.shell.currentWidget }")

    def run_all(self):
        """Run all cells; the errors in the outputs."""
        return self.page.evaluate(RUN_ALL)

    def python(self, code):
        """Run code in the kernel; what it prints."""
        return self.page.evaluate(RUN, code)
