"""The whole book as one PDF: contents, pages in order, headings, links from sheet to sheet."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conftest import CHROMIUM

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
pypdf = pytest.importorskip("pypdf")
print_book = pytest.importorskip("print_book")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome here"),
]

PAGE = """<h1>Page {own}<a class="headerlink" href="#a">#</a></h1>
<p><a href="{other}.html#a">to {other}</a> <a href="#a">down</a> <a href="gone.html">gone</a>
<a href="https://example.org/">out</a></p>
<h2>Part of {own}</h2>
<p style="break-before: page" id="a">place in {own}</p>"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The PDF of two pages with two sheets each, which link to each other and to themselves."""
    folder = tmp_path_factory.mktemp("site")
    for own, other in (("one", "two"), ("two", "one")):
        (folder / f"{own}.html").write_text(PAGE.format(own=own, other=other))
    paths = [folder / "one.html", folder / "two.html"]
    # in a thread of its own: other tests of this process may hold a browser open
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(print_book.print_book, paths, folder / "book.pdf", "Two & pages")
        assert job.result() == 5
    return pypdf.PdfReader(folder / "book.pdf")


def test_contents_and_numbers_of_sheets(book):
    texts = [sheet.extract_text().split("\n") for sheet in book.pages]
    assert texts[0] == ["Two & pages", "Page one 2", "Page two 4", "1"]
    assert [text[0] for text in texts[1:]] == [
        "Page one", "place in one", "Page two", "place in two",
    ]  # fmt: skip
    assert [text[-1] for text in texts] == ["1", "2", "3", "4", "5"]


def test_headings_are_an_outline(book):
    def told(items):
        return [
            told(item)
            if isinstance(item, list)
            else (item.title, book.get_destination_page_number(item))
            for item in items
        ]

    one = [("Page one", 1), [("Page one", 1), [("Part of one", 1)]]]
    two = [("Page two", 3), [("Page two", 3), [("Part of two", 3)]]]
    assert told(book.outline) == [("Contents", 0), *one, *two]


def test_links_lead_to_sheets(book):
    numbers = {sheet.indirect_reference.idnum: i for i, sheet in enumerate(book.pages)}
    targets = {}
    for number, sheet in enumerate(book.pages):
        notes = [reference.get_object() for reference in sheet.get("/Annots", [])]
        targets[number] = [
            numbers[note.raw_get("/Dest")[0].idnum] if "/Dest" in note else note["/A"]["/URI"]
            for note in notes
        ]
    # to the other page, down to the own place of that name, out; a file that is gone has no link
    outside = "https://example.org/"
    assert targets == {0: [], 1: [3, 2, outside], 2: [], 3: [1, 4, outside], 4: []}
