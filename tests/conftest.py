"""What several test files share."""

import functools
import http.server
import os
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from PIL import Image
from samples import write_benchmark

REFERENCE = Path(
    os.environ.get("SOLAR_REFERENCE", Path(__file__).parents[2] / "shared" / "reference")
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def reference(path: str) -> Path:
    """A published file kept outside the project; the test is skipped where it is absent (set
    SOLAR_REFERENCE).
    """
    if not (REFERENCE / path).exists():
        pytest.skip(f"no {path} in {REFERENCE}; set SOLAR_REFERENCE to a folder that has it")
    return REFERENCE / path


def published_state(name: str, device="meta") -> dict[str, torch.Tensor]:
    """A state dict of zeros with the names, shapes and types of a published file, in its order."""
    state = {}
    for line in reference(f"state_dict_keys_{name}.txt").read_text().splitlines():
        key, shape, kind = line.split("\t")
        size = [int(n) for n in shape.strip("()").split(",") if n.strip()]
        state[key] = torch.zeros(
            size, dtype=getattr(torch, kind.removeprefix("torch.")), device=device
        )
    return state


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium or Chrome here; install one or set CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser):
    """new_page(server="", **context options): a page without a network, but for `server`, an
    address.

    `page.complaints` collects refused requests and the console's errors.
    """
    contexts = []

    def make(server="", **options):
        context = browser.new_context(**{"viewport": {"width": 1300, "height": 900}, **options})
        contexts.append(context)
        context.set_default_timeout(15_000)
        page, complaints = context.new_page(), []
        own = ("file:", "data:", "blob:", *([server] if server else []))

        def local_only(route):
            if route.request.url.startswith(own):
                return route.continue_()
            complaints.append(f"asked for {route.request.url}")
            return route.abort()

        context.route("**/*", local_only)
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.complaints = complaints
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page):
    return new_page()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def serve(folder):
    """The address of a web server on this machine that serves `folder`."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Quiet, directory=folder)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def served():
    """served(folder): a context that gives the address of a web server for that folder."""
    return serve


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The current folder: an empty SOLAR_HOME, a tiny benchmark in data/, a network net.pth."""
    import solar

    monkeypatch.setenv("SOLAR_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    write_benchmark(tmp_path / "data")
    torch.manual_seed(0)
    solar.save(solar.GlobalNet("mini"), "net.pth")
    return tmp_path


@pytest.fixture
def benchmark(tmp_path):
    """One query and four images: easy, hard, junk, and one of another landmark."""
    from solar import Benchmark

    paths = [tmp_path / f"{i}.png" for i in range(4)]
    for path in paths:
        Image.new("RGB", (64, 48)).save(path)
    truth = dict(bbx=(8, 8, 40, 40), easy=[0], hard=[1], junk=[2])
    return Benchmark("tiny", paths, paths[:1], [(8, 8, 40, 40)], [truth])


@pytest.fixture
def offscreen_figures():
    """Draw without a screen, and close all figures after the test."""
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    yield
    plt.close("all")
