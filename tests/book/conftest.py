"""A real browser whose pages reach nothing outside this machine."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium or Chrome here; install one or set CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser):
    """new_page(server="", **context options): a page without a network, but for `server`, an address.

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
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.complaints = complaints
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page):
    return new_page()
