"""Tables and figures of cells, made ready for a page.

pandas writes the names of an index into a row of their own, which is empty otherwise: one row of
heads is easier to read, and to hear. Short names of rows keep to one line, and long ones get room.
Each figure opens by a click; one that would shrink to half its size on a telephone is told to
book.css by a class, and scrolls sideways in its frame there, so that its letters stay readable.
"""

import re
from html import unescape
from pathlib import Path

from bs4 import BeautifulSoup
from docutils import nodes

HEAD = re.compile(r"<thead>.*?</thead>", re.DOTALL)
CELL = re.compile(r"<(t[hd])((?: [^<>]*)?)>([^<]+)(?=</t)")
JOINT = re.compile(r"(?<=\w[./+])(?=[A-Za-z])")  # where an address or a list of names may break
SHORT = 18  # characters that the name of a row has room for in one line
LONG = 24  # characters of a cell that needs some room
SVG_WIDTH = re.compile(r'<svg[^>]*? width="([\d.]+)(?:px)?"')
# figures of more CSS pixels get the class; a telephone has about 350 for a figure
WIDE = {"wide": 500, "very-wide": 1000}


def setup(app):
    """Connect the changes to Sphinx."""
    app.connect("doctree-resolved", mend_tables)
    app.connect("doctree-resolved", mark_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mend_tables(app, doctree, docname) -> None:
    """Change the tables that pandas wrote."""
    for raw in list(doctree.findall(nodes.raw)):
        html = raw.astext()
        if 'class="dataframe"' in html:
            head, start, body = html.partition("<tbody>")
            head = HEAD.sub(lambda found: join_head_rows(found[0]), head)
            # where room is scarce, an interval goes below its mean
            body = CELL.sub(with_class, body.replace("&nbsp;&nbsp;[", " ["))
            raw.replace_self(nodes.raw("", head + start + body, **raw.attributes))


def with_class(cell: re.Match) -> str:
    """Return a cell with a class: short names of rows are 'whole', long names and texts 'words'."""
    tag, others, text = cell.groups()
    length = len(unescape(text))
    if length <= (SHORT if tag == "th" else LONG):
        return f'<th class="whole"{others}>{text}' if tag == "th" else cell[0]
    return f'<{tag} class="words"{others}>{JOINT.sub("<wbr>", text)}'


def join_head_rows(head: str) -> str:
    """Return the head of a table with the names of its index in the row above, if that is free.

    Args:
        head: a `<thead>` element as pandas writes it.
    """
    soup = BeautifulSoup(head, "html.parser")
    rows = [row.find_all("th") for row in soup.find_all("tr")]
    if len(rows) < 2 or len(rows[-1]) != len(rows[-2]):
        return head
    pairs = list(zip(rows[-2], rows[-1]))
    if any(above.has_attr("colspan") or (above.text and below.text) for above, below in pairs):
        return head
    for above, below in pairs:
        if below.text:
            above.string = below.text
    rows[-1][0].parent.extract()
    return str(soup)


def mark_figures(app, doctree, docname) -> None:
    """Give each figure of a page its width and a class that tells whether it is wide."""
    for image in doctree.findall(nodes.image):
        drawn = None
        if image["uri"].endswith(".svg"):
            drawn = width_of(Path(app.srcdir, image["uri"]))
        if "width" not in image and drawn:
            image["width"] = f"{drawn:.0f}px"
        # notebooks keep the widths of photographs as bare numbers
        shown = re.fullmatch(r"([\d.]+)(?:px)?", str(image.get("width", "")))
        if shown:
            # a chart that is shown smaller than it was drawn has small letters
            width = max(float(shown[1]), drawn or 0)
            image["classes"] += [name for name, least in WIDE.items() if width > least][-1:]


def width_of(path: Path) -> float | None:
    """Return the width of an SVG file in CSS pixels, None if it tells none.

    Args:
        path: of the file.
    """
    found = SVG_WIDTH.search(path.read_text(encoding="utf-8")) if path.is_file() else None
    return float(found[1]) if found else None
