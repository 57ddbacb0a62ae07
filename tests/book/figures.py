"""Figures reduced to what the eye sees first, and which of two lists look alike.

A figure is drawn by Chromium on white, reduced to a small grid; each tile keeps its mean colour.
This is a perceptual hash that can be looked at: it does not change with the last bits of numbers or
with the compression of a photograph, but with a moved line, another height of a bar, another
photograph, another shape.
"""

import json
import re
from base64 import b64encode
from pathlib import Path

GRID = 24  # tiles along each side
STEP = 10  # levels of 255 by which the colour of a tile may change
MOST_TILES = 0.01  # share of the tiles that may change by more
MOST_STRETCH = 0.02  # by which the ratio of the sides may change
MEASURED = "Measured while this page was made"
FORMATS = ("image/svg+xml", "image/png", "image/jpeg")
# a figure that a cell drew, as myst-nb writes it: named after its content
BUILT = re.compile(r'<img[^>]*src="([^"]*_images/[0-9a-f]{64}\.(svg|png|jpg|jpeg))"')
# the mean colour of each tile: the browser's own reduction leaves out pixels, so each step halves
REDUCE = """async ([address, grid]) => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const ratio = image.naturalWidth / image.naturalHeight;
  let side = grid * 32, from = null;
  while (side >= grid) {
    const canvas = new OffscreenCanvas(side, side), pen = canvas.getContext("2d");
    pen.fillStyle = "white";
    pen.fillRect(0, 0, side, side);
    pen.drawImage(from ?? image, 0, 0, side, side);
    from = canvas;
    side /= 2;
  }
  const pixels = from.getContext("2d").getImageData(0, 0, grid, grid).data;
  return { ratio, tiles: Array.from(pixels).filter((_, i) => i % 4 < 3) };
}"""


def committed_figures(notebook: Path) -> list[str | None]:
    """Return the figures in a notebook's outputs as data addresses, in their order.

    A figure that shows durations differs at each run, and its caption says so: None in its place.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    figures = []
    for cell in cells:
        caption = cell["metadata"].get("mystnb", {}).get("figure", {}).get("caption", "")
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            kinds = [kind for kind in FORMATS if kind in data]
            # a live figure is the result of its cell; the picture beside it is not on the page
            if kinds and output["output_type"] == "display_data":
                address = address_of(kinds[0], "".join(data[kinds[0]]))
                figures.append(None if caption.startswith(MEASURED) else address)
    return figures


def address_of(kind: str, content: str) -> str:
    """Return the data address of a picture as a notebook keeps it: SVG as text, others coded."""
    coded = b64encode(content.encode()).decode() if kind == "image/svg+xml" else content
    return f"data:{kind};base64,{coded.strip()}"


def built_figures(page: Path) -> list[str]:
    """Return the figures of a built page that its cells drew, as data addresses, in their order."""
    kinds = {"svg": "svg+xml", "jpg": "jpeg"}
    figures = []
    for name, ending in BUILT.findall(page.read_text(encoding="utf-8")):
        content = (page.parent / name).read_bytes()
        kind = kinds.get(ending, ending)
        figures.append(f"data:image/{kind};base64,{b64encode(content).decode()}")
    return figures


def reduced(browser_page, address: str) -> dict:
    """Return the `ratio` of a figure's sides, and the colours of its `tiles`, (GRID * GRID * 3)."""
    return browser_page.evaluate(REDUCE, [address, GRID])


def difference(one: dict, other: dict) -> str:
    """Say what differs between two reduced figures; nothing if they look alike."""
    stretch = one["ratio"] / other["ratio"]
    if abs(stretch - 1) > MOST_STRETCH:
        return f"another shape: sides as {one['ratio']:.2f} and as {other['ratio']:.2f} to 1"
    # a tile counts once, by the colour of its three that changed most
    changes = [abs(a - b) for a, b in zip(one["tiles"], other["tiles"])]
    worst = [max(changes[at : at + 3]) for at in range(0, len(changes), 3)]
    changed = sum(change > STEP for change in worst)
    if changed > MOST_TILES * len(worst):
        return f"{changed} of {len(worst)} tiles have another colour, by up to {max(worst)} of 255"
    return ""
