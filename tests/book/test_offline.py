"""The built book in a real browser, from file://, with every outside request refused."""

from pathlib import Path

import pytest

HTML = Path(__file__).resolve().parents[2] / "_build" / "html"
BUILT = (HTML / "index.html").is_file()
CHAPTER = "notebooks/03_the_soa_explorer.html"
EXPLORERS = 3  # in this chapter
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not BUILT, reason="no built book here; run make book first"),
]


def pages():
    """The names of all pages of the book."""
    paths = [*HTML.glob("book/*.html"), *HTML.glob("notebooks/*.html")]
    return sorted(str(path.relative_to(HTML)) for path in paths)


@pytest.mark.parametrize("name", pages())
def test_page_is_whole_and_silent(page, name):
    page.goto((HTML / name).as_uri())
    page.wait_for_load_state("load")
    assert page.locator("h1").count() >= 1
    broken = page.eval_on_selector_all(
        "img", "all => all.filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
    )
    assert broken == []
    assert page.complaints == []


def test_mathematics_is_drawn(page):
    page.goto((HTML / "book" / "notation.html").as_uri())
    page.wait_for_selector("mjx-container svg")
    assert page.locator("mjx-container svg").count() > 5
    assert page.complaints == []


def test_search_finds_a_word(page):
    page.goto((HTML / "search.html").as_uri() + "?q=descriptor")
    page.wait_for_selector("#search-results li a")
    # excerpts below the results need http: a browser lets no file:// page read another
    outside = [complaint for complaint in page.complaints if complaint.startswith("asked for")]
    assert outside == []


def test_a_narrow_screen_does_not_scroll_sideways(page):
    page.set_viewport_size({"width": 390, "height": 844})
    for name in pages():
        page.goto((HTML / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 391, name


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_the_explorer_runs_in_the_book(new_page, served, scheme):
    """No kernel, no network: every explorer of the chapter answers a click and the arrow keys."""
    with served(HTML) as address:
        page = new_page(address)
        book = HTML.as_uri() if scheme == "file" else address
        page.goto(f"{book}/{CHAPTER}")
        explorers = page.locator(".soa[data-ready]")
        ready = "document.querySelectorAll('.soa[data-ready]').length"
        page.wait_for_function(f"{ready} === {EXPLORERS}")
        for i in range(EXPLORERS):
            canvas = explorers.nth(i).locator("canvas").first
            before = canvas.evaluate("c => c.toDataURL()")
            canvas.click(position=dict(x=40, y=40))
            clicked = canvas.evaluate("c => c.toDataURL()")
            canvas.press("ArrowRight")
            assert len({before, clicked, canvas.evaluate("c => c.toDataURL()")}) == 3
            assert "attends most to" in explorers.nth(i).get_by_role("status").inner_text()
        assert page.complaints == []


def test_dark_mode_leaves_pictures_as_they_are(new_page):
    page = new_page(color_scheme="dark")
    page.goto((HTML / CHAPTER).as_uri())
    page.wait_for_selector(".soa[data-ready]")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    filters = "all => all.map((e) => getComputedStyle(e).filter)"
    assert set(page.eval_on_selector_all(".bd-content img, .soa canvas", filters)) == {"none"}
