"""The explorer: numbers equal naive loops, the state is checked, pages ask for nothing."""

import base64
import io
import json
import math
import os
import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import traitlets
from PIL import Image

import solar
from solar.cli import main
from solar.explorer import SOAExplorer, maps
from solar.explorer.maps import Maps, cell_of, pack, pool_cells, positions_in, step_for, unpack
from solar.explorer.shipping import drawing_size
from solar.images import to_tensor
from solar.plots import attention_grid

pytestmark = pytest.mark.slow  # some seconds each: `make fast` leaves them out


@pytest.fixture(scope="module")
def image():
    """An image of 52 x 72 pixels: SOA4 on a grid of 7 x 9, SOA5 on one of 4 x 5."""
    pixels = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)
    return Image.fromarray(pixels).resize((72, 52), Image.Resampling.BILINEAR)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return solar.GlobalNet("mini").eval()


@pytest.fixture(scope="module")
def attention(net, image):
    """attention(layer, power): all rows (N, N) float64 by loops over positions.

    The logits are scaled by c'^power: -1/2 in the network, -3/4 in the authors' drawing.
    """

    def naive(layer, power=-0.5):
        block = getattr(net.features, f"soa{layer}")
        x = to_tensor(image, net.mean, net.std)[None]
        with torch.no_grad():
            seen = net.features.features_before(x, f"soa{layer}")
            q = block.f(seen)[0].flatten(1).double().numpy()
            k = block.g(seen)[0].flatten(1).double().numpy()
        rows = []
        for i in range(q.shape[1]):
            logits = [float(q[:, i] @ k[:, j]) * len(q) ** power for j in range(k.shape[1])]
            terms = [math.exp(logit - max(logits)) for logit in logits]
            rows.append([term / sum(terms) for term in terms])
        return np.array(rows)

    return naive


@pytest.fixture
def explorer(net, image):
    return SOAExplorer(image, net)


def assert_short(refusal):
    """A message is one line that fits a screen, whatever was given."""
    said = str(refusal.value)
    assert "\n" not in said
    assert len(said) < 300


def equal(a, b):
    """Whether a map (h, w) and a naive row (N,) are the same to six digits."""
    return np.allclose(np.ravel(a), b, atol=1e-6)


# ---- maps


@pytest.mark.parametrize("layer", [4, 5])
@pytest.mark.parametrize("drawing, power", [(False, -0.5), (True, -0.75)])
def test_rows_and_columns_are_those_of_the_layer(
    net, image, attention, monkeypatch, layer, drawing, power
):
    computed = Maps(net, image)
    right = attention(layer, power)
    monkeypatch.setattr(maps, "STRIP", 3 * len(right))  # three rows per strip: the last is cut off
    at = [1, 8, 9]
    rows = computed.attends_to(layer, at, drawing)
    columns = computed.attended_by(layer, at, drawing)
    assert rows.shape == columns.shape == computed.grids[layer]
    assert equal(rows, right[at].mean(0))
    assert equal(columns, right[:, at].mean(1))


@pytest.mark.parametrize("layer", [4, 5])
def test_a_row_is_what_the_network_says(net, image, layer):
    x = to_tensor(image, net.mean, net.std)[None]
    asked = net.attention(x, layer, at=[(0, 1)])[0, 0].numpy()
    assert np.allclose(Maps(net, image).attends_to(layer, [1]), asked, atol=1e-7)


@pytest.mark.parametrize("step", [1, 2, 3, 9])
def test_pooled_maps_are_means_of_sums(net, image, attention, step):
    """Also where the last cells are cut off: the grid is 7 x 9."""
    right = attention(4)
    positions = {}
    for r in range(7):
        for c in range(9):
            positions.setdefault((r // step, c // step), []).append(r * 9 + c)
    cells = list(positions.values())
    naive = [[right[np.ix_(i, j)].sum(1).mean() for j in cells] for i in cells]
    pooled = pool_cells(Maps(net, image), 4, step).numpy()
    assert np.allclose(pooled, naive, atol=1e-6)
    assert np.allclose(pooled.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("depth", [0.0, 3.0, 30.0, 100.0])
def test_packing_loses_little(depth):
    logits = depth * torch.rand(40, 40, generator=torch.Generator().manual_seed(0)).double()
    rows = logits.softmax(1)
    unpacked = unpack(pack(rows.float()), 40)
    peak = rows.numpy().max(1, keepdims=True)
    assert np.allclose(unpacked.sum(1), 1)
    assert (np.abs(unpacked - rows.numpy()) <= 0.015 * peak).all()


@pytest.mark.parametrize("depth", [0.0, 3.0, 30.0])  # deeper rows are cut off
def test_packed_rows_can_be_softened(depth):
    logits = depth * torch.rand(40, 40, generator=torch.Generator().manual_seed(0)).double()
    softer = (0.2 * logits).softmax(1).numpy()
    unpacked = unpack(pack(logits.softmax(1).float()), 40, 0.2)
    assert np.abs(unpacked - softer).max() < 0.015 * softer.max()


def test_packing_takes_zeros():
    unpacked = unpack(pack(torch.tensor([[1.0, 0.0], [0.5, 0.5]])), 2)
    assert np.isfinite(unpacked).all()
    assert np.allclose(unpacked, [[1, 0], [0.5, 0.5]])


@pytest.mark.parametrize(
    "pixel, cell", [(0, 0), (7.4, 0), (7.5, 1), (14.8, 1), (14.9, 2), (51.9, 6), (52, 6)]
)
def test_the_cell_of_a_pixel_is_the_floor(pixel, cell):
    assert cell_of(pixel, 7, 52) == cell  # cells of 7.43 pixels


@pytest.mark.parametrize(
    "place, positions",
    [
        ([0, 0], [0]),
        ([29.9, 39.9], [11]),
        ([9.9, 10], [1]),
        ([0, 0, 20, 20], [0, 1, 4, 5]),
        ([6, 0, 30, 40], [4, 5, 6, 7, 8, 9, 10, 11]),
        ([6, 6, 9, 9], [0]),  # holds no middle
    ],
)
def test_a_place_stands_for_positions_of_the_grid(place, positions):
    assert positions_in(place, (3, 4), (30, 40)) == positions  # ten pixels per position


def test_a_box_can_stand_for_its_centre():
    assert positions_in([0, 0, 30, 40], (3, 4), (30, 40), average=False) == [6]


@pytest.mark.parametrize("grid", [(1, 1), (12, 16), (24, 32), (37, 49), (128, 96), (1, 3000)])
def test_steps_keep_the_budget(grid):
    step = step_for(grid, 600_000)
    cells = math.ceil(grid[0] / step) * math.ceil(grid[1] / step)
    sets = 1 if step == 1 else 2
    fits_whole = (grid[0] * grid[1]) ** 2 <= 600_000
    assert cells**2 * sets <= 600_000
    assert (step == 1) == fits_whole


# ---- the widget


def test_the_map_follows_the_state(explorer, attention):
    explorer.location = (30, 40)  # on SOA4, rows of 52 / 7 pixels and columns of 8
    explorer.layer = 4
    assert equal(explorer.map, attention(4)[4 * 9 + 5])
    explorer.direction = "is attended by"
    assert equal(explorer.map, attention(4)[:, 4 * 9 + 5])
    explorer.layer = 5
    explorer.temperature = "drawing"
    assert equal(explorer.map, attention(5, -0.75)[:, 2 * 5 + 2])
    explorer.direction = "attends to"
    explorer.location = (0, 0, 52, 72)
    assert equal(explorer.map, attention(5, -0.75).mean(0))
    explorer.box_mode = "centre"
    assert equal(explorer.map, attention(5, -0.75)[2 * 5 + 2])


def test_a_state_can_be_given_at_the_start(net, image):
    state = dict(location=(3, 4), layer=4, box_mode="centre", colours="gray", opacity=0.25)
    explorer = SOAExplorer(image, net, **state)
    assert explorer.location == [3, 4]
    assert explorer.layer == 4
    assert explorer.start["box_mode"] == "centre"
    assert explorer.start["colours"] == "gray"
    assert explorer.start["opacity"] == 0.25


def test_traits_are_observed_and_reset(explorer):
    seen = []
    explorer.observe(lambda change: seen.append((change.name, change.new)), ["location", "layer"])
    explorer.location = (3, 4)
    explorer.layer = 4
    assert seen == [("location", [3, 4]), ("layer", 4)]
    explorer.reset()
    assert explorer.location == [26, 36]
    assert explorer.layer == 5


WRONG = dict(
    location=[(52, 0), (-1, 0), (0,), (5, 5, 4, 9), (0, 0, 53, 9), (math.nan, 0)],
    layer=[3, 6],
    direction=["looks at"],
    opacity=[1.5],
    colours=["jet"],
    temperature=["hot"],
    box_mode=["middle"],
    compare=["nobody", "nobody" * 1000],
    network=["nobody", None],
    other=[(), "ab", [[1, 2], [3, 4]]],
    hover=["yes"],
)
ENORMOUS = [np.zeros((300, 300)), torch.zeros(3, 400, 400), list(range(10_000)), "ab\n" * 10_000]


@pytest.mark.parametrize(
    "name, value", [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_state_is_refused(explorer, name, value):
    before = getattr(explorer, name)
    with pytest.raises(traitlets.TraitError, match=name) as refusal:
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before
    assert_short(refusal)


@pytest.mark.parametrize("name", sorted(WRONG))
@pytest.mark.parametrize("value", ENORMOUS, ids=["array", "tensor", "list", "text"])
def test_a_value_of_any_size_is_refused_in_one_short_line(explorer, name, value):
    with pytest.raises(traitlets.TraitError, match=f"^{name} = .*: expected ") as refusal:
        setattr(explorer, name, value)
    assert_short(refusal)


@pytest.mark.parametrize(
    "place", [np.array([3, 4]), torch.tensor([3.0, 4.0]), (np.int64(3), np.float32(4)), [3, 4]]
)
def test_a_place_is_any_two_numbers(explorer, place):
    explorer.location = place
    assert explorer.location == [3, 4]
    explorer.layer = np.int64(4)
    assert explorer.layer == 4


def test_what_is_shipped_is_the_map(explorer):
    """Both layers, unpacked from the widget's own bytes, as a browser does it."""
    raw = zlib.decompress(explorer.packed)
    for facts in explorer.layers:
        cells = math.prod(facts["grid"])
        unpacked = unpack(raw[facts["sets"]["network"] :], cells)
        whole = pool_cells(explorer.maps["network"], facts["layer"], 1).numpy()
        assert facts["step"] == 1
        assert np.abs(unpacked - whole).max() < 0.01 * whole.max()


def test_a_question_of_the_browser_is_answered(net, image, monkeypatch):
    explorer = SOAExplorer(image, net, budget=600)
    assert [facts["step"] for facts in explorer.layers] == [3, 2]
    sent = []
    monkeypatch.setattr(explorer, "send", lambda content, buffers: sent.append((content, buffers)))
    question = dict(
        place=[10, 10],
        network="network",
        layer=4,
        direction="is attended by",
        temperature="drawing",
        box_mode="average",
    )
    explorer._answer(explorer, dict(question, key="k"), [])
    assert explorer.layer == 5  # a question changes nothing

    # the answer is the map that Python shows in the same state
    explorer.location = question.pop("place")
    for name, value in question.items():
        setattr(explorer, name, value)
    ((content, (weights,)),) = sent
    assert content == {"key": "k", "grid": [7, 9]}
    assert weights == explorer.map.astype("<f4").tobytes()


def test_the_preview_is_an_image_of_the_state(explorer):
    explorer.opacity = 1
    light = np.asarray(explorer.preview().convert("L"), float)
    assert light.shape == (8 * 52, 8 * 72)
    row, column = np.unravel_index(explorer.map.argmax(), (4, 5))
    top = row * 104  # a cell has 104 x 115.2 pixels
    left = int(column * 115.2)
    assert light[top : top + 104, left : left + 115].max() > 230  # the lightest of magma's colours
    explorer.location = (0, 0, 26, 36)
    assert not np.array_equal(light, np.asarray(explorer.preview().convert("L"), float))


def test_a_reader_without_javascript_gets_words_and_an_image(explorer):
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == "SOAExplorer(52 x 72 pixels; SOA4 on 7 x 9, SOA5 on 4 x 5)"
    still = Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"])))
    assert still.size == (8 * 72, 8 * 52)


def test_networks_side_by_side(net, image):
    explorer = SOAExplorer(image, {"one": net, "two": solar.load("mini-solar")})
    first = explorer.map
    explorer.network = "two"
    explorer.compare = "one"
    assert not np.allclose(first, explorer.map)
    assert np.array_equal(first, explorer.map_at(explorer.location, "one"))


def mini(soa="45"):
    return solar.GlobalNet("mini", soa=soa)


@pytest.mark.parametrize(
    "net, words",
    [
        (mini(soa=""), "no attention to explore"),
        (solar.LocalNet(), "a local network, which describes patches"),
        ({"theirs": solar.LocalNet()}, "theirs: a local network"),
        ({"ours": mini(), "theirs": mini(soa="")}, "theirs: there is no attention"),
        (torch.nn.Conv2d(3, 4, 1), "expected a GlobalNet.* of type Conv2d"),
        (np.zeros((500, 500)), "expected a GlobalNet.* of type ndarray"),
        ("mini-solar", "expected a GlobalNet"),
        ({}, "expected a network"),
        ({"place": mini()}, "named 'place': expected any other name"),
        ({"": mini()}, "named '': expected any other name"),
        ({"a": mini(), "b": mini(soa="5")}, "the same attention layers.* a has 45, b has 5"),
    ],
)
def test_networks_that_cannot_be_explored_are_refused(image, net, words):
    with pytest.raises(ValueError, match=words) as refusal:
        SOAExplorer(image, net)
    assert_short(refusal)


@pytest.mark.parametrize(
    "image, words",
    [
        (Image.new("RGB", (1, 1)), "1 x 1 pixels are left"),
        (__file__, "not a readable image"),
        (np.zeros((3, 3)), "array float64 .3, 3.: 3 x 3 pixels are left"),
        (np.zeros((300, 300, 2)), "array float64 .300, 300, 2.: expected one image"),
        (np.zeros((2, 300, 300, 3)), "array float64 .2, 300, 300, 3.: expected one image"),
        (np.zeros((300,)), "array float64 .300,.: expected one image"),
        (np.full((300, 300), 128.0), "from 128 to 128; expected 0 to 1"),
        (np.full((300, 300), np.nan), "expected 0 to 1"),
        (torch.full((3, 300, 300), -1.0), "tensor float32 .3, 300, 300.: .* expected 0 to 1"),
        (np.zeros((300, 300), complex), "values of type complex128"),
        ([[0] * 300] * 300, "an image of type list: expected a path"),
        (None, "an image of type NoneType: expected a path"),
    ],
)
def test_images_that_cannot_be_explored_are_refused(image, words):
    with pytest.raises((ValueError, TypeError), match=words) as refusal:
        SOAExplorer(image, mini())
    assert_short(refusal)


@pytest.mark.parametrize("size", [0, -5])
def test_an_image_size_is_positive(image, net, size):
    with pytest.raises(ValueError, match=f"image_size={size}: expected a positive number"):
        SOAExplorer(image, net, image_size=size)


GREY = np.linspace(0, 255, 40 * 60).reshape(40, 60).astype(np.uint8)
COLOURS = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
ARRAYS = {
    "uint8 grey": (GREY, GREY[:, :, None]),
    "uint8 one channel": (GREY[:, :, None], GREY[:, :, None]),
    "uint8 colours": (COLOURS, COLOURS),
    "uint8 transparency": (np.dstack([COLOURS, GREY]), COLOURS),
    "uint16": (GREY.astype(np.uint16) * 257, GREY[:, :, None]),
    "bool": (GREY > 127, 255 * (GREY > 127)[:, :, None]),
    "float": (COLOURS / 255, COLOURS),
    "float32 tensor": (torch.tensor(COLOURS).permute(2, 0, 1) / 255, COLOURS),
    "uint8 tensor": (torch.tensor(COLOURS).permute(2, 0, 1), COLOURS),
    "one channel tensor": (torch.tensor(GREY)[None], GREY[:, :, None]),
    "channels first": (COLOURS.transpose(2, 0, 1), COLOURS),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_and_tensors_are_shown_as_images(net, name):
    given, right = ARRAYS[name]
    explorer = SOAExplorer(given, net)
    assert explorer.size == [40, 60]
    assert np.array_equal(np.asarray(explorer.image), np.broadcast_to(right, (40, 60, 3)))


# EXIF orientation -> what was done to the upright image before it was stored
STORED = {
    1: [],
    2: [Image.Transpose.FLIP_LEFT_RIGHT],
    3: [Image.Transpose.ROTATE_180],
    4: [Image.Transpose.FLIP_TOP_BOTTOM],
    5: [Image.Transpose.TRANSPOSE],
    6: [Image.Transpose.ROTATE_90],
    7: [Image.Transpose.TRANSVERSE],
    8: [Image.Transpose.ROTATE_270],
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("source", ["path", "opened"])
def test_a_phone_s_photograph_is_shown_upright(net, image, tmp_path, orientation, source):
    stored = image
    for turn in STORED[orientation]:
        stored = stored.transpose(turn)
    tag = Image.Exif()
    tag[0x0112] = orientation
    path = tmp_path / "phone.png"
    stored.save(path, exif=tag)
    explorer = SOAExplorer(path if source == "path" else Image.open(path), net)
    assert explorer.size == [52, 72]
    assert np.array_equal(np.asarray(explorer.image), np.asarray(image))


def test_an_image_that_does_not_exist_is_refused():
    with pytest.raises(FileNotFoundError, match=r"nosuch\.jpg"):
        SOAExplorer("nosuch.jpg", mini())


def test_one_position_is_enough():
    explorer = SOAExplorer(Image.new("RGB", (16, 16)), mini(soa="5"))
    assert explorer.map.tolist() == [[1.0]]
    assert explorer.preview().size == (512, 512)


# ---- images much longer than wide, or much wider than long


@pytest.mark.parametrize(
    "size, drawn",
    [
        ((256, 192), (512, 384)),  # enlarged by a whole number
        ((1024, 768), (1024, 768)),  # as it is
        ((4000, 3000), (2048, 1536)),  # shrunk
        ((200, 1024), (400, 2048)),
        ((64, 4000), (128, 8000)),  # no side gets too short ...
        ((4000, 64), (8000, 128)),
        ((16, 3000), (44, 8192)),  # ... and none too long
        ((60_000, 16), (8192, 32)),
    ],
)
def test_drawings_are_bounded_on_both_sides(size, drawn):
    assert drawing_size(*size) == drawn


@pytest.mark.parametrize("size", [(3000, 16), (16, 3000), (20_000, 16), (400, 64), (64, 400)])
def test_elongated_images_are_shown(size, net, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    explorer = SOAExplorer(noise, net, image_size=None)
    assert explorer.size == [size[1], size[0]]

    # the still image and the shipped one keep their shape
    bundle, _ = explorer._repr_mimebundle_()
    still = Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"])))
    assert still.size == drawing_size(*size)
    shipped = Image.open(io.BytesIO(explorer.jpeg))
    assert max(shipped.size) <= 8192
    assert min(shipped.size) >= min(16, 8192 * 16 // max(size))
    assert explorer.save_html(tmp_path / "page.html").stat().st_size < 2_000_000


def test_the_ring_stays_within_a_panorama(net):
    """Its radius follows the shorter side: it covers the place, and not the whole height."""
    explorer = SOAExplorer(Image.new("RGB", (4000, 64)), net, opacity=0, image_size=None)
    light = np.asarray(explorer.preview().convert("L"), float)
    rows, columns = np.nonzero(light > 50)
    assert light.shape == (128, 8000)
    assert 60 - 17 <= rows.min() < rows.max() <= 68 + 17
    assert 4000 - 21 <= columns.min() < columns.max() <= 4000 + 21


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (15, 40), (8000, 40)])
def test_images_with_too_short_a_side_are_refused(size, net):
    """The last one is shrunk to 1024 x 5 pixels."""
    with pytest.raises(ValueError, match="pixels are left; expected 16 or more") as refusal:
        SOAExplorer(Image.new("RGB", size), net)
    assert_short(refusal)


def test_the_smallest_budget_ships_one_cell(net, image):
    explorer = SOAExplorer(image, net, budget=0)
    assert [facts["step"] for facts in explorer.layers] == [9, 5]


@pytest.mark.parametrize("size", [(4000, 16), (16, 4000)])
def test_a_figure_of_an_elongated_image_is_bounded(offscreen_figures, size):
    """At 2.9 inches for the shorter side the longer one would have 725."""
    row = np.ones((2, 2)) / 4
    attention_grid(np.zeros((size[1], size[0], 3), np.uint8), [[row]], [(0, 0)], ["map"])
    width, height = plt.gcf().get_size_inches()
    assert width == 2 * 2.9
    assert 0.5 < height < 12


# ---- the page


HOSTILE = [
    "<!-- <script>alert(1)</script> -->",
    "</SCRIPT ><svg onload=alert(1)>",
    "</title></h1><b>&amp;",
    "\"quotes\" & 'more' {view} %s",
    "lines\u2028of\u2029text\n",
    "\udce9 is no text",  # a byte of a file's name that is no UTF-8
]


class Reader(HTMLParser):
    """The tags of a page in their order, and the text of the title and the heading."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.comments = []
        self.text = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        tag = self.tags[-1] if self.tags else ""
        self.text[tag] = self.text.get(tag, "") + data

    def handle_comment(self, data):
        self.comments.append(data)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_and_nothing_else(net, image, tmp_path, name):
    explorer = SOAExplorer(image, {name: net, "other": net})
    text = explorer.save_html(tmp_path / "page.html", title=name).read_text(encoding="utf-8")
    plain = SOAExplorer(image, {"one": net, "other": net}).save_html(tmp_path / "plain.html")
    page = Reader(text)
    assert page.tags == Reader(plain.read_text(encoding="utf-8")).tags
    assert page.comments == []
    shown = name.replace("\udce9", "?")
    assert page.text["title"].rstrip() == shown.rstrip()
    assert page.text["h1"].rstrip() == shown.rstrip()

    # the data hold no tag, and say what was said
    data = re.findall(r"<script type=.application/vnd[^>]*>(.*?)</script>", text, re.DOTALL)
    assert len(data) == 2
    assert not any("<" in part for part in data)
    (state,) = json.loads(data[1])["state"].values()
    assert state["state"]["network"] == name


def test_the_page_is_small_and_whole(tmp_path):
    """At worst: noise, which nothing can shrink, and both layers larger than can be shipped."""
    pixels = np.random.default_rng(0).integers(0, 256, (512, 640, 3), np.uint8)
    explorer = SOAExplorer(pixels, solar.load("mini-solar"))
    page = explorer.save_html(tmp_path / "page.html", title="</script>&")
    text = page.read_text(encoding="utf-8")
    assert page.stat().st_size < 2_000_000
    assert text.count("</script>") == 3
    assert "<h1>&lt;/script&gt;&amp;</h1>" in text
    assert "http://" not in text
    assert "https://" not in text


def test_a_page_needs_its_folder(explorer, tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        explorer.save_html(tmp_path / "nosuch" / "page.html")


# ---- the command


@pytest.fixture
def opened(tmp_path, monkeypatch, image):
    """The addresses that a browser is asked to open; photo.png lies in the current folder."""
    monkeypatch.chdir(tmp_path)
    image.save("photo.png")
    addresses = []
    monkeypatch.setattr("webbrowser.open", addresses.append)
    return addresses


def only_line(capsys):
    """What the command said on the standard error stream: one line."""
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def test_the_command_names_its_page_after_the_image(opened, capsys):
    assert main(["explore", "photo.png", "--no-open"]) == 0
    assert capsys.readouterr().out.strip() == "photo.html"
    assert "<h1>photo.png</h1>" in Path("photo.html").read_text(encoding="utf-8")
    assert opened == []


def test_the_command_opens_its_page(opened, tmp_path):
    assert main(["explore", "photo.png", "--net", "mini-solar", "-o", "b.html"]) == 0
    assert opened == [(tmp_path / "b.html").as_uri()]


@pytest.mark.parametrize(
    "arguments, words",
    [
        ("nosuch.jpg", "nosuch.jpg: no such image"),
        ("notes.txt", "not a readable image"),
        ("photo.png --net mini-gem", "mini-gem: there is no attention to explore"),
        ("photo.png --net mini-sosnet", "mini-sosnet: a local network"),
        ("photo.png --net mini-solar mini-solar-local", "mini-solar-local: a local network"),
        ("photo.png --image-size 0", "expected a positive number"),
        ("photo.png --image-size 8", "pixels are left"),
        ("photo.png -o nosuch/a.html", "no such folder"),
    ],
)
def test_the_command_tells_a_fault_in_one_line(opened, capsys, arguments, words):
    Path("notes.txt").write_text("no image")
    assert main(["explore", "--no-open", *arguments.split()]) == 2
    assert words in only_line(capsys)


def test_a_default_page_takes_no_place_of_a_file_that_is_not_ours(opened, capsys):
    Path("photo.html").write_text("<!doctype html><title>My holidays</title>")
    assert main(["explore", "photo.png", "--no-open"]) == 2
    assert "photo.html: a file that is no page of the explorer" in only_line(capsys)
    assert "My holidays" in Path("photo.html").read_text()

    # asked for by name, it is written; a page of ours is written again
    assert main(["explore", "photo.png", "-o", "photo.html", "--no-open"]) == 0
    assert main(["explore", "photo.png", "--image-size", "64", "--no-open"]) == 0
    assert "64" in Path("photo.html").read_text(encoding="utf-8")


def identity(path):
    """What tells a file from another or a changed one; when it was last read does not."""
    stat = path.lstat()
    return stat.st_mode, stat.st_ino, stat.st_size, stat.st_mtime_ns


@pytest.mark.parametrize("kind", ["empty", "folder", "pipe", "link", "broken link", "image"])
def test_whatever_has_the_name_of_the_default_page_is_left_alone(opened, capsys, kind):
    page = Path("photo.html")
    image = "photo.png"
    if kind == "empty":
        page.touch()
    elif kind == "folder":
        page.mkdir()
    elif kind == "pipe":
        os.mkfifo(page)
    elif kind == "link":
        Path("theirs.html").write_text("theirs")
        page.symlink_to("theirs.html")
    elif kind == "broken link":
        page.symlink_to("nosuch.html")
    else:
        image = str(Path("photo.png").rename(page))
    before = identity(page)
    assert main(["explore", image, "--no-open"]) == 2
    assert "with -o" in only_line(capsys)
    assert identity(page) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
@pytest.mark.parametrize("stem", ["two\nlines", "two\u2028lines", "tab\tand\x1b[31m red"])
def test_a_message_about_an_odd_name_is_one_line(opened, capsys, stem):
    image = Path("photo.png").rename(f"{stem}.png")
    Path(f"{stem}.html").write_text("theirs")
    assert main(["explore", str(image), "--no-open"]) == 2
    assert len(only_line(capsys).splitlines()) == 1
    assert main(["explore", str(image), "-o", f"{stem}/page.html", "--no-open"]) == 2
    assert len(only_line(capsys).splitlines()) == 1
    assert main(["explore", f"{stem}.html", "-o", "page.html", "--no-open"]) == 2
    assert len(only_line(capsys).splitlines()) == 1
    assert main(["explore", str(image), "-o", "page.html", "--no-open"]) == 0


@pytest.mark.parametrize("kind", ["same", "longer way", "link", "hard link", "network"])
def test_an_output_that_is_an_input_is_refused(opened, capsys, tmp_path, kind):
    solar.save(mini(), "net.pth")
    output = tmp_path / "output"
    source = "net.pth" if kind == "network" else "photo.png"
    if kind == "link":
        output.symlink_to("photo.png")
    elif kind == "hard link":
        output.hardlink_to("photo.png")
    elif kind == "longer way":
        output = Path(f"../{tmp_path.name}/photo.png")
    else:
        output = Path(source)
    before = Path(source).read_bytes()
    command = ["explore", "photo.png", "--net", "net.pth", "-o", str(output), "--no-open"]
    assert main(command) == 2
    assert output.name in only_line(capsys)
    assert Path(source).read_bytes() == before
    assert output.read_bytes() == before


@pytest.mark.parametrize("source", ["photo.png", Path("photo.png"), "opened"])
def test_python_does_not_write_a_page_over_its_image(opened, net, source):
    if source == "opened":
        source = Image.open("photo.png")
    explorer = SOAExplorer(source, net)
    before = Path("photo.png").read_bytes()
    with pytest.raises(ValueError, match=r"photo\.png") as refusal:
        explorer.save_html("photo.png")
    assert_short(refusal)
    assert Path("photo.png").read_bytes() == before


def test_a_folder_is_no_page(opened, capsys):
    Path("pages").mkdir()
    assert main(["explore", "photo.png", "-o", "pages", "--no-open"]) == 2
    assert "pages" in only_line(capsys)


@pytest.mark.parametrize("length", [250, 255])
def test_pages_with_the_longest_names_are_written(opened, explorer, length):
    name = "p" * (length - 5) + ".html"
    assert explorer.save_html(name).stat().st_size > 10_000
    assert [path.name for path in Path().glob("*.html")] == [name]


@pytest.mark.parametrize("letter", ["p", "é", "写"])
def test_the_longest_name_of_an_image_is_shortened_for_its_page(opened, capsys, letter):
    count = (255 - len(".png")) // len(letter.encode())
    image = Path("photo.png").rename(letter * count + ".png")
    assert main(["explore", str(image), "--no-open"]) == 0
    (page,) = Path().glob("*.html")
    assert image.stem.startswith(page.stem)
    assert len(os.fsencode(page.name)) > 250


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are Linux's")
def test_a_name_that_is_no_text_is_explored(opened, capsys):
    image = Path("photo.png").rename(os.fsdecode(b"caf\xe9.png"))
    assert main(["explore", str(image), "--no-open"]) == 0
    assert "<h1>caf?.png</h1>" in Path(f"{image.stem}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_out_of_memory_is_one_line(opened, capsys, monkeypatch, error):
    def too_large(*_):
        raise error

    monkeypatch.setattr(maps, "to_tensor", too_large)
    assert main(["explore", "photo.png", "--no-open"]) == 2
    said = only_line(capsys)
    assert "out of memory" in said
    assert "--image-size" in said
    assert not list(Path().glob("*.html"))


@pytest.mark.processes
def test_importing_solar_leaves_jupyter_alone():
    code = (
        "import sys, solar\n"
        "assert not {'anywidget', 'ipywidgets'} & sys.modules.keys()\n"
        "solar.SOAExplorer\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
