"""The built book in a real browser, from file://, with every outside request refused."""

import os
import shutil
from pathlib import Path

import pytest

HTML = Path(__file__).resolve().parents[2] / "_build" / "html"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
sync_api = pytest.importorskip("playwright.sync_api")

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome here; install one or set CHROMIUM"),
    pytest.mark.skipif(not (HTML / "index.html").is_file(), reason="no built book here; run make book first"),
]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page without a network; `page.complaints` collects refused requests and the console's errors."""
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    page, complaints = context.new_page(), []

    def local_only(route):
        if route.request.url.startswith(("file:", "data:", "blob:")):
            return route.continue_()
        complaints.append(f"asked for {route.request.url}")
        return route.abort()

    context.route("**/*", local_only)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.complaints = complaints
    yield page
    context.close()


def pages():
    found = [*HTML.glob("book/*.html"), *HTML.glob("notebooks/*.html")]
    return sorted(str(path.relative_to(HTML)) for path in found)


@pytest.mark.parametrize("name", pages())
def test_page_is_whole_and_silent(page, name):
    page.goto((HTML / name).as_uri())
    page.wait_for_load_state("load")
    assert page.locator("h1").count() >= 1
    broken = page.eval_on_selector_all("img", "all => all.filter(i => i.complete && !i.naturalWidth).map(i => i.src)")
    assert broken == [] and page.complaints == []


def test_mathematics_is_drawn(page):
    page.goto((HTML / "book" / "notation.html").as_uri())
    page.wait_for_selector("mjx-container svg")
    assert page.locator("mjx-container svg").count() > 5 and page.complaints == []


def test_search_finds_a_word(page):
    page.goto((HTML / "search.html").as_uri() + "?q=descriptor")
    page.wait_for_selector("#search-results li a")
    outside = [complaint for complaint in page.complaints if complaint.startswith("asked for")]
    assert outside == []  # excerpts below the results need http: a browser lets no file:// page read another


def test_a_narrow_screen_does_not_scroll_sideways(page):
    page.set_viewport_size({"width": 390, "height": 844})
    for name in pages():
        page.goto((HTML / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 391, name
