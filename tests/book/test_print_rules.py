"""On paper nothing scrolls: code breaks its lines, and formulas are as thin as on the screen."""

from pathlib import Path

import pytest

from conftest import CHROMIUM

STYLE = Path(__file__).resolve().parents[2] / "book" / "web" / "book.css"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome here"),
]
# a line of code that is wider than a sheet, and what MathJax makes of a formula
PAGE = """<style>pre {{ white-space: pre; overflow: auto }}
mjx-container g {{ stroke: red }}</style>
<link rel="stylesheet" href="{style}">
<main class="bd-content"><pre>{code}</pre>
<mjx-container><svg><g><path d="M0 0L9 9"/></g></svg></mjx-container></main>"""
READ = """() => {
  const code = document.querySelector("pre");
  const strokes = getComputedStyle(document.querySelector("mjx-container g")).stroke;
  return {wide: code.scrollWidth > code.clientWidth, high: code.clientHeight, strokes};
}"""


@pytest.fixture
def shown(new_page, tmp_path):
    """shown(media): what is read from the page on a screen, or on a sheet of A4."""
    path = tmp_path / "page.html"
    path.write_text(PAGE.format(style=STYLE.as_uri(), code="value = " + "1 + " * 80 + "x" * 200))
    page = new_page(viewport={"width": 700, "height": 900})
    page.goto(path.as_uri())

    def read(media):
        page.emulate_media(media=media)
        return page.evaluate(READ)

    return read


def test_code_and_formulas_change_on_paper_alone(shown):
    screen = shown("screen")
    paper = shown("print")
    assert screen["wide"]
    assert not paper["wide"]
    assert paper["high"] > 3 * screen["high"]
    assert paper["strokes"] == "none"
    assert screen["strokes"] != "none"
