"""Photographs under CC BY are credited wherever they are shown."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from solar.cli import main
from solar.world.photographs import MATPLOTLIB, PHOTOGRAPHS, SKIMAGE, SKLEARN, photograph_path

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
    credits = (ROOT / "CREDITS.md").read_text(encoding="utf-8")
    at_hand = [p for p in PHOTOGRAPHS if p.source in (SKIMAGE, SKLEARN, MATPLOTLIB)]
    assert len(at_hand) == 19
    missing = [p.name for p in at_hand if f"`{p.name}" not in credits]
    assert missing == []
    assert all(address in credits for address in FLICKR.values())
    assert "CREDITS.md" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_licence_leads_to_the_credits():
    """The licence of the code stays as everyone knows it; what it does not cover stands below."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    licence, _, rest = text.partition("\n---\n")
    assert licence.startswith("MIT License\n")
    assert licence.rstrip().endswith("SOFTWARE.")
    assert "CC BY 2.0" in rest
    assert "CREDITS.md" in rest


# ---- the page that the explorer writes


@pytest.fixture
def page_of(tmp_path, monkeypatch):
    """page_of(image, *words): what `solar explore` writes of an image."""
    monkeypatch.chdir(tmp_path)

    def make(image, *words):
        command = ["explore", str(image), "--image-size", "64", "--no-open", "-o", "page.html"]
        assert main([*command, *words]) == 0
        return Path("page.html").read_text(encoding="utf-8")

    return make


@pytest.mark.slow
@pytest.mark.parametrize("photograph", FLICKR)
def test_a_page_of_a_known_photograph_credits_it_under_any_name(photograph, page_of):
    (known,) = [p for p in PHOTOGRAPHS if p.file == photograph]
    copy = shutil.copy(photograph_path(known), "holidays.jpg")
    page = page_of(copy)
    assert f"({FLICKR[photograph]}), CC BY 2.0 (" in page
    assert page.count('<p class="credit">') == 1


@pytest.mark.slow
def test_a_page_credits_whom_the_reader_names(page_of):
    Image.new("RGB", (64, 48)).save("photo.png")
    assert '<p class="credit">' not in page_of("photo.png")
    page = page_of("photo.png", "--credit", "A. <b>, CC BY 4.0")
    assert '<p class="credit">Photograph: A. &lt;b&gt;, CC BY 4.0.</p>' in page


@pytest.mark.slow
def test_the_page_is_described_for_a_script(page_of, capsys):
    Image.new("RGB", (64, 48)).save("photo.png")
    page_of("photo.png", "--json")
    said = json.loads(capsys.readouterr().out)
    assert said["path"] == "page.html"
    assert (said["height"], said["width"]) == (48, 64)
    assert said["grids"] == {"mini-solar": {"4": [6, 8], "5": [3, 4]}}
