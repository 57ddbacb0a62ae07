"""Drawings are up to date, tell true shapes, and can be read on light and dark paper."""

import json
import math
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from docutils import nodes
from PIL import Image

from solar import GlobalNet
from solar.training.config import GLOBAL_PRESETS

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import book_drawings  # noqa: E402
import draw  # noqa: E402
import teaser  # noqa: E402
from drawings import block, canvas, epoch, network, orders, strips  # noqa: E402

FILES = draw.files()
IMAGES = {name: text for name, text in FILES.items() if name.endswith(".svg")}
CHAPTERS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("name", FILES)
def test_file_is_what_the_script_draws(name):
    assert (ROOT / name).read_text(encoding="utf-8") == FILES[name], "run tools/draw.py"


def test_no_drawing_is_left_over():
    drawn = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "book" / "images").glob("*.svg")
        if book_drawings.is_drawing(path)
    }
    assert drawn == set(IMAGES)


# ---- what is drawn


@pytest.mark.parametrize(("architecture", "numbers"), [("mini", "mini"), ("resnet101", "resnet")])
@torch.no_grad()
def test_shapes_are_those_of_the_network(architecture, numbers):
    # channels and strides are the same for a photograph of any size
    photo = (64, 96)
    net = GlobalNet(architecture, soa="45").eval()
    x = torch.rand(1, 3, *photo)
    shapes = {"photograph": tuple(x.shape[1:])}
    for station in network.STATIONS:
        if station.stage:
            x = getattr(net.features, station.stage)(x)
            shapes[station.name] = tuple(x.shape[1:])
    shapes["GeM"] = tuple(net.pool(x).flatten(1).shape[1:])
    shapes["whitening"] = (net.dim,)
    told = {
        station.name: network.size_of(getattr(station, numbers), photo)
        for station in network.STATIONS
    }
    assert told == shapes


def test_reduction_of_the_block_is_that_of_the_network():
    soa = GlobalNet("mini", soa="5").features.soa5
    assert soa.v.out_channels == block.REDUCTION * soa.reduced


def test_what_learns_is_what_the_paper_trains():
    # convolutions stay; attention, exponent and whitening learn
    learnt = {station.name for station in network.STATIONS if station.learnt}
    assert learnt == {"SOA4", "SOA5", "GeM", "whitening"}


def test_numbers_of_the_epoch_are_those_of_the_recipe():
    paper = GLOBAL_PRESETS["paper"]
    words = IMAGES["book/images/epoch.svg"]
    assert paper.queries_per_epoch % paper.batch_size == 0
    assert f"{epoch.STEPS} steps" in words
    assert f"{paper.pool_size:,} images" in words


def test_lists_of_both_orders_tell_what_the_caption_tells():
    assert orders.ranked(orders.QUERY) != orders.ranked(orders.BEFORE)
    assert orders.ranked(orders.QUERY) == orders.ranked(orders.AFTER)
    # the triplet asks for nothing more: all negatives are farther from q than p is
    nearest = min(math.dist(orders.QUERY, place) for place in orders.NEGATIVES.values())
    assert math.dist(orders.QUERY, orders.BEFORE) < nearest


# ---- how it is drawn


def luminance(colour: str) -> float:
    """Return the relative luminance of '#rrggbb', as WCAG defines it."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("dark", [0, 1])
@pytest.mark.parametrize(
    ("words", "ground"),
    [(w, g) for w in ("ink", "soft") for g in ("paper", "frozen", "learnt", "here")]
    + [(w, "paper") for w in ("blue", "ochre", "green", "vermilion")],
)
def test_words_stand_out(words, ground, dark):
    if words == "soft" and ground != "paper":
        pytest.skip("soft words stand on paper only")
    one = luminance(canvas.COLOURS[words][dark])
    other = luminance(canvas.COLOURS[ground][dark])
    assert (max(one, other) + 0.05) / (min(one, other) + 0.05) >= 4.5


@pytest.mark.parametrize("name", IMAGES)
def test_drawing_is_well_formed_and_described(name):
    tree = ElementTree.fromstring(IMAGES[name])
    assert tree.get("role") == "img"
    assert len(tree.get("aria-label")) >= len("You are here: losses")
    # colours come from classes alone, so that dark pages can change them
    known = {*canvas.LOOKS, "dashed", "strong"}
    for element in tree.iter():
        assert element.get("fill") is None
        if element is not tree:
            assert set((element.get("class") or "").split()) <= known


@pytest.mark.parametrize("name", IMAGES)
def test_letters_can_be_read_on_a_telephone(name):
    tree = ElementTree.fromstring(IMAGES[name])
    width = float(tree.get("viewBox").split()[2])
    assert width == (360 if name.endswith("-narrow.svg") else 760)
    sizes = [float(size) for size in re.findall(r'<text [^>]*font-size="([\d.]+)"', IMAGES[name])]
    assert min(sizes) >= 12


def test_every_wide_drawing_has_a_narrow_one():
    wide = {name for name in IMAGES if not name.endswith("-narrow.svg")}
    assert {name.replace(".svg", "-narrow.svg") for name in wide} == set(IMAGES) - wide


def test_markup_becomes_svg():
    assert canvas.spans("*q*^{T} < 2", 10) == (
        '<tspan font-style="italic">q</tspan><tspan dy="-3.8" font-size="7.2">T</tspan>'
        '<tspan dy="3.8">&#8203;</tspan> &lt; 2'
    )


# ---- where it stands


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_says_where_it_is(path):
    first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
    title, below = first.split("\n\n")[:2]
    assert title.startswith("# ")
    assert below == strips.line_of(int(path.name[:2]))


class Builder:
    format = "html"


class App:
    builder = Builder()
    srcdir = ROOT


def test_pages_get_the_drawing_itself():
    image = nodes.image(uri="book/images/block.svg")
    logo = nodes.image(uri="book/images/logo.svg")
    page = nodes.section("", nodes.figure("", image), logo)
    book_drawings.put_in(App, page, "page")
    raw = next(iter(page.findall(nodes.raw))).astext()
    assert raw.count("<svg") == 2
    assert "<style>" not in raw
    assert [node["uri"] for node in page.findall(nodes.image)] == ["book/images/logo.svg"]


def test_a_drawing_without_a_narrow_one_is_shown_everywhere(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text(canvas.Drawing("a", 760, 10, "one drawing").svg(), encoding="utf-8")
    assert 'class="drawing"' in book_drawings.inline(path)


# ---- the picture of the welcome page


def test_teaser_is_made_by_the_weights_of_the_package():
    with Image.open(ROOT / "book" / "images" / "teaser.jpg") as image:
        comment = image.info["comment"].decode()
    assert comment == teaser.made_by(), "run tools/teaser.py"


def test_card_has_the_size_that_links_want():
    with Image.open(ROOT / "book" / "images" / "card.png") as image:
        assert image.size == teaser.CARD == (1200, 630)


def test_teaser_takes_the_largest_gain_and_the_largest_loss():
    found = {
        "without": {"ap": np.array([0.5, 0.9, np.nan, 0.3])},
        "with": {"ap": np.array([0.6, 0.2, np.nan, 0.9])},
    }
    assert list(teaser.chosen(found).values()) == [3, 1]
