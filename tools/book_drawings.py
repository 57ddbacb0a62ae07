"""Put the book's drawings into its pages, so that they follow the page's light or dark colours.

An SVG that a page shows as a picture cannot see the page's style sheet. So a drawing of
`tools/drawings` is written into the page itself; with it comes the narrow one, NAME-narrow.svg,
where there is one, and the style sheet shows one of them. Everywhere else, in JupyterLab and on
GitHub, the file is a picture like any other.
"""

import re
from pathlib import Path

from docutils import nodes

STYLE = re.compile(r"<style>.*?</style>\n", re.DOTALL)


def setup(app):
    """Connect this extension to Sphinx."""
    app.connect("doctree-resolved", put_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def put_in(app, doctree, name):
    """Replace the pictures of a page that are drawings by the drawings themselves."""
    if app.builder.format != "html":
        return
    for image in list(doctree.findall(nodes.image)):
        path = Path(app.srcdir) / image["uri"]
        if path.suffix == ".svg" and is_drawing(path):
            image.replace_self(nodes.raw("", inline(path), format="html"))


def is_drawing(path: Path) -> bool:
    """Was this file made by `tools/draw.py`?"""
    return 'class="drawing' in path.read_text(encoding="utf-8")[:400]


def inline(path: Path) -> str:
    """Return a drawing, and the narrow one beside it, without their own style sheets.

    Where there is no narrow one, the wide one is shown on every page.
    """
    wide = STYLE.sub("", path.read_text(encoding="utf-8"))
    beside = path.with_name(f"{path.stem}-narrow.svg")
    if not beside.is_file():
        return wide.replace('class="drawing wide"', 'class="drawing"', 1)
    return wide + STYLE.sub("", beside.read_text(encoding="utf-8"))
