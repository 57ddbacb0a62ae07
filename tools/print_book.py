"""Print the built book into one PDF: a table of contents, all pages in its order, their headings.

Chromium prints each page as its print rules say. The parts are joined, each sheet gets its
number, and links from page to page lead to sheets of the file.

    tools/print_book.py [--html _build/html] [--output _build/book.pdf]
"""

import argparse
import html
import os
import shutil
import sys
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from book_map import pages_of_book
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, NameObject, NullObject

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 300  # seconds that a page may take to draw its formulas and figures
SHEET = dict(format="A4", print_background=True)
MARGIN = dict(top="16mm", bottom="18mm", left="16mm", right="16mm")
NO_MARGIN = dict(top="0", bottom="0", left="0", right="0")
# all that a reader would scroll to or wait for: formulas, pictures, the live figures
SETTLED = """async () => {
  await window.MathJax?.startup?.promise;
  // the signs beside headings that link to themselves would stand in the outline
  for (const sign of document.querySelectorAll(".headerlink")) sign.remove();
  for (const picture of document.images) picture.loading = "eager";
  await Promise.all([...document.images].map((picture) => picture.decode().catch(() => {})));
}"""
STYLE = """
  body { font: 11pt/1.6 sans-serif; color: #1b1f24; margin: 0; }
  h1 { border-bottom: 3px solid #c97f12; }
  li { display: flex; list-style: none; }
  ol { padding: 0; }
  i { flex: 1; border-bottom: 1px dotted #888; margin: 0 .5em .35em; }
  .sheet { height: 100vh; break-after: page; position: relative; }
  .sheet span { position: absolute; bottom: 8mm; width: 100%; text-align: center; font-size: 9pt; }
"""


def chromium() -> str:
    """Return the path of the browser: CHROMIUM, or the first known name that is installed.

    Raises:
        FileNotFoundError: there is none.
    """
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise FileNotFoundError("no Chromium or Chrome found: install one, or set CHROMIUM to it")
    return path


def print_page(page, path: Path) -> bytes:
    """Return one built page as a PDF with its headings as an outline."""
    page.goto(path.as_uri())
    page.wait_for_load_state("load")
    page.evaluate(SETTLED)
    return page.pdf(**SHEET, margin=MARGIN, outline=True, tagged=True)


def print_words(page, words: str, margin: dict) -> PdfReader:
    """Return a few words of HTML as a PDF."""
    page.set_content(f"<style>{STYLE}</style>{words}")
    return PdfReader(BytesIO(page.pdf(**SHEET, margin=margin)))


def contents(title: str, titles: list[str], sheets: list[int]) -> str:
    """Return the table of contents as HTML, with the number of the first sheet of each page."""
    lines = [
        f"<li><span>{html.escape(name)}</span><i></i><span>{sheet}</span></li>"
        for name, sheet in zip(titles, sheets)
    ]
    return f"<h1>{html.escape(title)}</h1><ol>{''.join(lines)}</ol>"


def print_book(paths: list[Path], output: Path, title: str) -> int:
    """Write one PDF of built pages; return its number of sheets.

    Args:
        paths: the HTML files, in the order in which they are printed.
        output: the PDF.
        title: stands over the table of contents.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(color_scheme="light", reduced_motion="reduce")
        page.set_default_timeout(1000 * PATIENCE)
        titles = []
        parts = []
        for path in paths:
            parts.append(PdfReader(BytesIO(print_page(page, path))))
            titles.append(page.locator("h1").first.evaluate("h => h.firstChild.textContent.trim()"))

        # the length of the contents moves all other sheets, so it is printed twice
        lengths = [len(part.pages) for part in parts]
        before = len(print_words(page, contents(title, titles, lengths), MARGIN).pages)
        firsts = [before + sum(lengths[:i]) for i in range(len(parts))]  # counted from zero
        numbers = [first + 1 for first in firsts]
        front = print_words(page, contents(title, titles, numbers), MARGIN)
        total = before + sum(lengths)
        sheets = "".join(f'<div class="sheet"><span>{i + 1}</span></div>' for i in range(total))
        feet = print_words(page, sheets, NO_MARGIN)
        browser.close()

    # join the parts, each under its title, with its headings below
    writer = PdfWriter()
    writer.append(front, outline_item="Contents")
    for part, name in zip(parts, titles):
        writer.append(part, outline_item=name)
    for sheet, foot in zip(writer.pages, feet.pages):
        sheet.merge_page(foot)
    for part, first in zip(parts, firsts):
        places = places_of(part, first)
        for number in range(first, first + len(part.pages)):
            lead_inside(writer, number, places)
    lead_to_pages(writer, dict(zip((path.resolve() for path in paths), firsts)))
    writer.add_metadata({"/Title": title})
    writer.write(output)
    return total


def places_of(part: PdfReader, first: int) -> dict[str, tuple]:
    """Return the sheet in the joined file, the left and the top of each named place of a page."""
    return {
        name: (first + part.get_destination_page_number(place), place.left, place.top)
        for name, place in part.named_destinations.items()
    }


def lead_inside(writer: PdfWriter, number: int, places: dict[str, tuple]) -> None:
    """Let links inside a page of the book lead to sheets: another page may use the same names.

    Args:
        writer: of the joined file.
        number: of the sheet, counted from zero.
        places: what `places_of` returned for its page.
    """
    for reference in writer.pages[number].get("/Annots", []):
        note = reference.get_object()
        if note.get("/Dest") in places:
            sheet, left, top = places[note["/Dest"]]
            target = writer.pages[sheet].indirect_reference
            place = [target, NameObject("/XYZ"), left, top, NullObject()]
            note[NameObject("/Dest")] = ArrayObject(place)


def lead_to_pages(writer: PdfWriter, firsts: dict[Path, int]) -> None:
    """Let links to files of the book lead to the first sheet of their page; drop other local ones.

    Args:
        writer: of the joined file.
        firsts: the first sheet of each page, counted from zero, by its HTML file.
    """
    for sheet in writer.pages:
        kept = ArrayObject()
        for reference in sheet.get("/Annots", []):
            note = reference.get_object()
            address = urlsplit(str(note.get("/A", {}).get("/URI", "")))
            path = Path(url2pathname(unquote(address.path))).resolve()
            if address.scheme == "file" and path not in firsts:
                continue  # a file beside the book, as the source of a page
            if address.scheme == "file":
                first = writer.pages[firsts[path]].indirect_reference
                del note["/A"]
                note[NameObject("/Dest")] = ArrayObject([first, NameObject("/Fit")])
            kept.append(reference)
        if "/Annots" in sheet:
            sheet[NameObject("/Annots")] = kept


def main() -> int:
    """Print the book that was built beside this script's folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--html", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--output", type=Path, default=ROOT / "_build" / "book.pdf")
    asked = parser.parse_args()
    paths = [asked.html / f"{name}.html" for name in pages_of_book(ROOT)]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        print(f"print_book: no {missing[0]}: run make book first", file=sys.stderr)
        return 1
    total = print_book(paths, asked.output, "SOLAR, the book")
    print(f"{total} sheets: {asked.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
