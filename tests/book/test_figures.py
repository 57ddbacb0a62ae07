"""Figures of the executed book look like those in the committed notebooks.

The notebooks are the record: whoever changes a figure commits the notebook that was run anew. So
there is no file of hashes to keep up to date.
"""

import os
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from figures import address_of, built_figures, committed_figures, difference, reduced

ROOT = Path(__file__).resolve().parents[2]
HTML = Path(os.environ.get("SOLAR_BOOK_HTML", ROOT / "_build" / "html"))
NOTEBOOKS = Path(os.environ.get("SOLAR_BOOK_NOTEBOOKS", ROOT / "notebooks"))
pytestmark = pytest.mark.browser


def drawn(values, size=(5, 3)):
    """A chart of some values as a data address, as a notebook keeps it."""
    figure, axis = plt.subplots(figsize=size)
    axis.plot(values)
    axis.set_ylim(0, 10)
    text = BytesIO()
    figure.savefig(text, format="svg")
    plt.close(figure)
    return address_of("image/svg+xml", text.getvalue().decode())


def test_the_same_figure_looks_alike_and_a_changed_one_does_not(page):
    values = [1, 4, 2, 8, 5, 7]
    first = reduced(page, drawn(values))
    assert difference(first, reduced(page, drawn(values))) == ""
    # the last bits of a number change nothing, a point that moved by a tenth does
    assert difference(first, reduced(page, drawn([value + 1e-3 for value in values]))) == ""
    assert "tiles" in difference(first, reduced(page, drawn([1, 4, 2, 9, 5, 7])))
    assert "shape" in difference(first, reduced(page, drawn(values, size=(5, 4))))


@pytest.mark.skipif(not (HTML / "index.html").is_file(), reason="no built book here; run make book")
@pytest.mark.parametrize("name", sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")))
def test_figures_of_a_page_look_like_the_committed_ones(page, name):
    committed = committed_figures(NOTEBOOKS / f"{name}.ipynb")
    built = built_figures(HTML / "notebooks" / f"{name}.html")
    assert len(built) == len(committed)
    changed = {}
    for number, (old, new) in enumerate(zip(committed, built), start=1):
        if old in (None, new):
            continue
        words = difference(reduced(page, old), reduced(page, new))
        if words:
            changed[f"figure {number}"] = words
    assert changed == {}
