"""Photographs under CC BY are credited wherever they are shown."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLICKR = {
    "china.jpg": "https://www.flickr.com/photos/danielbuechele/6061409035/",
    "flower.jpg": "https://www.flickr.com/photos/vultilion/6056698931/",
}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def shown_and_said(path):
    """The code of a notebook, and all that its reader reads: texts and captions."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    words = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    for cell in code:
        words.append(cell["metadata"].get("mystnb", {}).get("figure", {}).get("caption", ""))
    return "\n".join("".join(cell["source"]) for cell in code), "\n".join(words)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("photograph", FLICKR)
def test_a_chapter_that_shows_a_photograph_credits_it(path, photograph):
    code, said = shown_and_said(path)
    if photograph in code:
        assert FLICKR[photograph] in said
        assert "CC BY 2.0" in said


def test_the_credits_name_every_photograph_of_the_patches():
    from solar.world.photographs import MATPLOTLIB, PHOTOGRAPHS, SKIMAGE, SKLEARN

    credits = (ROOT / "CREDITS.md").read_text(encoding="utf-8")
    at_hand = [p for p in PHOTOGRAPHS if p.source in (SKIMAGE, SKLEARN, MATPLOTLIB)]
    assert len(at_hand) == 19
    missing = [p.name for p in at_hand if f"`{p.name}" not in credits]
    assert missing == []
    assert all(address in credits for address in FLICKR.values())
    assert "CREDITS.md" in (ROOT / "README.md").read_text(encoding="utf-8")
