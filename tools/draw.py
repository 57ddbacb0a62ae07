"""Draw the book's drawings: SVG files that follow light and dark pages, and their style sheet.

    python tools/draw.py                  # into book/images and book/web
    python tools/draw.py --folder /tmp/x  # somewhere else, to look at them

Each drawing has one source in `tools/drawings`. A wide one would be too small on a telephone, so a
second one, NAME-narrow.svg, is made beside it; `tools/book_drawings.py` puts both into the page.
"""

import argparse
import sys
from pathlib import Path

from drawings import block, canvas, epoch, glance, orders, strips, tiles

ROOT = Path(__file__).resolve().parents[1]
MODULES = (glance, strips, block, orders, epoch, tiles)


def files() -> dict[str, str]:
    """Return what is written: path below the root -> contents."""
    written = {"book/web/drawings.css": canvas.page_sheet()}
    for module in MODULES:
        for drawing in module.drawings():
            written[f"book/images/{drawing.name}.svg"] = drawing.svg()
    return written


def main() -> int:
    """Write all drawings."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT, help="instead of the repository")
    folder = parser.parse_args().folder
    for name, content in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    print(f"{len(files())} files in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
