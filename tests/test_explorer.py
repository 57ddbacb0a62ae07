"""The explorer: numbers equal naive loops, the state is checked, pages ask for nothing."""

import base64
import io
import math
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
import traitlets
from PIL import Image

import solar
from solar.cli import main
from solar.explorer import SOAExplorer, maps
from solar.explorer.maps import Maps, cell_of, pack, pool_cells, positions_in, step_for, unpack
from solar.images import to_tensor


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
    compare=["nobody"],
    network=["nobody"],
    other=[()],
)


@pytest.mark.parametrize(
    "name, value", [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_state_is_refused(explorer, name, value):
    before = getattr(explorer, name)
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before


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
        (solar.LocalNet(), "expected a GlobalNet"),
        ("mini-solar", "expected a GlobalNet"),
        ({}, "expected a network"),
        ({"place": mini()}, "named 'place': expected any other name"),
        ({"": mini()}, "named '': expected any other name"),
        ({"a": mini(), "b": mini(soa="5")}, "the same attention layers"),
    ],
)
def test_networks_that_cannot_be_explored_are_refused(image, net, words):
    with pytest.raises(ValueError, match=words):
        SOAExplorer(image, net)


@pytest.mark.parametrize(
    "image, words",
    [
        (Image.new("RGB", (1, 1)), "1 x 1 pixels are left"),
        (__file__, "not a readable image"),
        (np.zeros((3, 3)), "array"),
        (np.zeros((30, 30, 3)), "array of float64"),
    ],
)
def test_images_that_cannot_be_explored_are_refused(image, words):
    with pytest.raises(ValueError, match=words):
        SOAExplorer(image, mini())


def test_an_image_that_does_not_exist_is_refused():
    with pytest.raises(FileNotFoundError, match=r"nosuch\.jpg"):
        SOAExplorer("nosuch.jpg", mini())


def test_one_position_is_enough():
    explorer = SOAExplorer(Image.new("RGB", (16, 16)), mini(soa="5"))
    assert explorer.map.tolist() == [[1.0]]
    assert explorer.preview().size == (512, 512)


# ---- the page


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
        ("photo.png --net mini-gem", "no attention to explore"),
        ("photo.png --image-size 0", "expected a positive number"),
        ("photo.png --image-size 8", "pixels are left"),
        ("photo.png -o nosuch/a.html", "no such folder"),
    ],
)
def test_the_command_tells_a_fault_in_one_line(opened, capsys, arguments, words):
    Path("notes.txt").write_text("no image")
    assert main(["explore", "--no-open", *arguments.split()]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


@pytest.mark.processes
def test_importing_solar_leaves_jupyter_alone():
    code = (
        "import sys, solar\n"
        "assert not {'anywidget', 'ipywidgets'} & sys.modules.keys()\n"
        "solar.SOAExplorer\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
