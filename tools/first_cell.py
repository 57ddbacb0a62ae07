"""Put the cell that installs the book's package in front of a notebook's code.

    python tools/first_cell.py notebooks/*.ipynb

A notebook that is opened alone (on Colab, on Kaggle, after a download) lacks `solar`: its first
code cell then installs the release that the notebook belongs to. Where `solar` is there, the cell
does nothing, and the built book leaves it out. A second run changes nothing; a new version of the
package does.
"""

import json
import sys
from pathlib import Path

from solar import __version__

TAG = "install"
TAGS = [TAG, "remove-cell"]  # the second one hides it from the pages of the book
SOURCE = f"""\
# Where the book's package is missing (Colab, Kaggle), this installs it.
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("solar") is None:
    release = "solar-book[notebooks]=={__version__}"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", release], check=True)"""


def is_install(cell: dict) -> bool:
    """Is this the cell that installs the package?"""
    return TAG in cell["metadata"].get("tags", [])


def with_first_cell(notebook: dict) -> dict:
    """Return a notebook whose first code cell installs the package, as if it had been run.

    Args:
        notebook: as read from its file; the outputs of its other cells stay.
    """
    cells = [cell for cell in notebook["cells"] if not is_install(cell)]
    place = next(i for i, cell in enumerate(cells) if cell["cell_type"] == "code")
    new = {
        "cell_type": "code",
        "execution_count": 1,
        "id": TAG,
        "metadata": {"tags": TAGS},
        "outputs": [],
        "source": SOURCE.splitlines(keepends=True),
    }
    cells.insert(place, new)

    # a new cell in front: those below were run one later
    if len(cells) > len(notebook["cells"]):
        for cell in cells[place + 1 :]:
            _count_one_more(cell)
            for output in cell.get("outputs", []):
                _count_one_more(output)
    return {**notebook, "cells": cells}


def _count_one_more(numbered: dict) -> None:
    """Raise the execution count of a cell or an output that has one."""
    if numbered.get("execution_count") is not None:
        numbered["execution_count"] += 1


def main(paths: list[str]) -> int:
    """Rewrite the notebooks at `paths` that lack the cell, or have that of another version."""
    for path in map(Path, paths):
        text = path.read_text(encoding="utf-8")
        notebook = with_first_cell(json.loads(text))
        new = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        if new != text:
            path.write_text(new, encoding="utf-8")
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
