"""The explorer's numbers equal naive loops; its state is checked, its page is small and asks for
nothing.
"""

import base64
import io
import math
import subprocess
import sys

import matplotlib

matplotlib.use("agg")
import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402
import traitlets  # noqa: E402
from PIL import Image  # noqa: E402

import solar
from solar import checks, plots
from solar.cli import main
from solar.explorer import SOAExplorer, maps, widget
from solar.explorer.maps import Maps, pack, pool_cells, positions_in, step_for, unpack
from solar.images import to_tensor


@pytest.fixture(scope="module")
def picture():
    pixels = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)
    return Image.fromarray(pixels).resize(
        (72, 52), Image.Resampling.BILINEAR
    )  # SOA4 on 7 x 9, SOA5 on 4 x 5


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return solar.GlobalNet("mini").eval()


@pytest.fixture(scope="module")
def attention(net, picture):
    """{layer: (temperature scale power) -> (N, N) float64} by loops over positions."""

    def naive(layer, power=-0.5):
        x = to_tensor(picture, net.mean, net.std)[None]
        with torch.no_grad():
            seen = net.features.features_before(x, f"soa{layer}")
            block = getattr(net.features, f"soa{layer}")
            q, k = (p(seen)[0].flatten(1).double().numpy() for p in (block.f, block.g))
        rows = []
        for i in range(q.shape[1]):
            logits = [float(q[:, i] @ k[:, j]) * len(q) ** power for j in range(k.shape[1])]
            terms = [math.exp(logit - max(logits)) for logit in logits]
            rows.append([term / sum(terms) for term in terms])
        return np.array(rows)

    return naive


@pytest.fixture
def explorer(net, picture):
    return SOAExplorer(picture, net)


@pytest.mark.parametrize("layer", [4, 5])
@pytest.mark.parametrize("drawing, power", [(False, -0.5), (True, -0.75)])
def test_rows_and_columns_are_the_layer_s(
    net, picture, attention, monkeypatch, layer, drawing, power
):
    found, right = Maps(net, picture), attention(layer, power)
    monkeypatch.setattr(
        maps, "STRIP", 3 * len(right)
    )  # strips of three rows: the last one is cut off
    at = [1, 8, 9]
    grid = found.grids[layer]
    rows, columns = found.attends_to(layer, at, drawing), found.attended_by(layer, at, drawing)
    assert np.allclose(rows.ravel(), right[at].mean(0), atol=1e-6) and rows.shape == grid
    assert np.allclose(columns.ravel(), right[:, at].mean(1), atol=1e-6) and columns.shape == grid
    if not drawing:
        asked = net.attention(to_tensor(picture, net.mean, net.std)[None], layer, at=[(0, 1)])[
            0, 0
        ].numpy()
        assert np.allclose(found.attends_to(layer, [1]), asked, atol=1e-7)


@pytest.mark.parametrize("step", [1, 2, 3, 9])
def test_pooled_maps_are_means_of_sums(net, picture, attention, step):
    """Also where the last cells are cut off: the grid is 7 x 9."""
    right, (height, width) = attention(4), (7, 9)
    cells = {}
    for r in range(height):
        for c in range(width):
            cells.setdefault((r // step, c // step), []).append(r * width + c)
    naive = np.array(
        [[right[np.ix_(i, j)].sum(1).mean() for j in cells.values()] for i in cells.values()]
    )
    found = pool_cells(Maps(net, picture), 4, step).numpy()
    assert np.allclose(found, naive, atol=1e-6) and np.allclose(found.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("depth", [0.0, 3.0, 30.0, 100.0])
def test_packing_loses_little(depth):
    logits = depth * torch.rand(40, 40, generator=torch.Generator().manual_seed(0)).double()
    rows = logits.softmax(1)
    found = unpack(pack(rows.float()), 40)
    peak = rows.numpy().max(1, keepdims=True)
    assert np.allclose(found.sum(1), 1) and (np.abs(found - rows.numpy()) <= 0.015 * peak).all()
    softer = (0.2 * logits).softmax(1).numpy()
    assert (
        depth > maps.DEEPEST
        or np.abs(unpack(pack(rows.float()), 40, 0.2) - softer).max() < 0.015 * softer.max()
    )


def test_packing_takes_zeros():
    found = unpack(pack(torch.tensor([[1.0, 0.0], [0.5, 0.5]])), 2)
    assert np.allclose(found, [[1, 0], [0.5, 0.5]]) and np.isfinite(found).all()


def test_places_and_boxes_on_the_grid():
    grid, size = (3, 4), (30, 40)  # ten pixels a position
    assert positions_in([0, 0], grid, size) == [0] and positions_in([29.9, 39.9], grid, size) == [
        11
    ]
    assert positions_in([9.9, 10], grid, size) == [1]
    assert positions_in([0, 0, 20, 20], grid, size) == [0, 1, 4, 5]
    assert positions_in([6, 0, 30, 40], grid, size) == [4, 5, 6, 7, 8, 9, 10, 11]
    assert positions_in([6, 6, 9, 9], grid, size) == [0]  # holds no middle
    assert positions_in([0, 0, 30, 40], grid, size, average=False) == [6]


@pytest.mark.parametrize("grid", [(1, 1), (12, 16), (24, 32), (37, 49), (128, 96), (1, 3000)])
def test_steps_keep_the_budget(grid):
    step = step_for(grid, 600_000)
    cells = math.ceil(grid[0] / step) * math.ceil(grid[1] / step)
    assert cells**2 * (1 if step == 1 else 2) <= 600_000 and (step == 1) == (
        (grid[0] * grid[1]) ** 2 <= 600_000
    )


def test_the_map_follows_the_state(explorer, attention):
    explorer.location, explorer.layer = (30, 40), 4  # rows of 52 / 7 pixels, columns of 8
    assert np.allclose(explorer.map.ravel(), attention(4)[4 * 9 + 5], atol=1e-6)
    explorer.direction = "is attended by"
    assert np.allclose(explorer.map.ravel(), attention(4)[:, 4 * 9 + 5], atol=1e-6)
    explorer.layer, explorer.temperature = 5, "drawing"
    assert np.allclose(explorer.map.ravel(), attention(5, -0.75)[:, 2 * 5 + 2], atol=1e-6)
    explorer.direction, explorer.location = "attends to", (0, 0, 52, 72)
    assert np.allclose(explorer.map.ravel(), attention(5, -0.75).mean(0), atol=1e-6)
    explorer.boxes = "centre"
    assert np.allclose(explorer.map.ravel(), attention(5, -0.75)[2 * 5 + 2], atol=1e-6)


def test_traits_are_observed_and_reset(explorer):
    seen = []
    explorer.observe(lambda change: seen.append((change.name, change.new)), ["location", "layer"])
    explorer.location, explorer.layer = (3, 4), 4
    assert seen == [("location", [3, 4]), ("layer", 4)]
    explorer.reset()
    assert (explorer.location, explorer.layer) == ([26, 36], 5)


WRONG = dict(
    location=[(52, 0), (-1, 0), (0,), (5, 5, 4, 9), (0, 0, 53, 9), (math.nan, 0)],
    layer=[3, 6],
    direction=["looks at"],
    opacity=[1.5],
    colours=["jet"],
    temperature=["hot"],
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
    raw = widget.zlib.decompress(explorer.packed)
    for facts in explorer.layers:
        cells = math.prod(facts["grid"])
        found = unpack(raw[facts["sets"]["network"] :], cells)
        whole = pool_cells(explorer.maps["network"], facts["layer"], 1).numpy()
        assert facts["step"] == 1 and np.abs(found - whole).max() < 0.01 * whole.max()


def test_a_question_of_the_browser_is_answered(net, picture, monkeypatch):
    explorer, sent = SOAExplorer(picture, net, budget=600), []
    assert [facts["step"] for facts in explorer.layers] == [3, 2]
    monkeypatch.setattr(explorer, "send", lambda content, buffers: sent.append((content, buffers)))
    asked = dict(place=[10, 10], network="network", layer=4, direction="is attended by")
    explorer._answer(explorer, dict(key="k", temperature="drawing", boxes="average", **asked), [])
    ((content, (weights,)),) = sent
    assert explorer.layer == 5  # a question changes nothing
    explorer.location, explorer.layer, explorer.direction = [10, 10], 4, "is attended by"
    explorer.temperature = "drawing"
    assert (
        content == {"key": "k", "grid": [7, 9]} and weights == explorer.map.astype("<f4").tobytes()
    )


def test_the_preview_is_a_picture_of_the_state(explorer):
    explorer.opacity = 1
    bundle, _ = explorer._repr_mimebundle_()
    shown = Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"])))
    assert shown.size == (8 * 72, 8 * 52)
    assert (
        bundle["text/plain"]
        == repr(explorer)
        == "SOAExplorer(52 x 72 pixels; SOA4 on 7 x 9, SOA5 on 4 x 5)"
    )
    light = np.asarray(explorer.preview().convert("L"), float)
    peak = np.unravel_index(explorer.map.argmax(), (4, 5))
    cell = light[
        peak[0] * 104 : peak[0] * 104 + 104, int(peak[1] * 115.2) : int(peak[1] * 115.2 + 115.2)
    ]
    assert cell.max() > 230  # the lightest of magma's colours
    explorer.location = (0, 0, 26, 36)
    assert not np.array_equal(light, np.asarray(explorer.preview().convert("L"), float))


def test_networks_side_by_side(net, picture):
    explorer = SOAExplorer(picture, {"one": net, "two": solar.load("mini-solar")})
    first = explorer.map
    explorer.network, explorer.compare = "two", "one"
    assert not np.allclose(first, explorer.map) and np.array_equal(
        first, explorer.map_at(explorer.location, "one")
    )


@pytest.mark.parametrize(
    "image, net, words",
    [
        (None, solar.GlobalNet("mini", soa=""), "no attention to explore"),
        (None, solar.LocalNet(), "expected a GlobalNet"),
        (None, "mini-solar", "expected a GlobalNet"),
        (None, {}, "expected a network"),
        (
            None,
            {"a": solar.GlobalNet("mini"), "b": solar.GlobalNet("mini", soa="5")},
            "the same attention layers",
        ),
        (Image.new("RGB", (1, 1)), solar.GlobalNet("mini"), "1 x 1 pixels are left"),
        (__file__, solar.GlobalNet("mini"), "not a readable image"),
        (np.zeros((3, 3)), solar.GlobalNet("mini"), "array"),
    ],
)
def test_bad_input(picture, image, net, words):
    with pytest.raises(ValueError, match=words):
        SOAExplorer(picture if image is None else image, net)
    with pytest.raises(FileNotFoundError, match="nosuch.jpg"):
        SOAExplorer("nosuch.jpg", solar.GlobalNet("mini"))


def test_one_position_is_enough():
    explorer = SOAExplorer(Image.new("RGB", (16, 16)), solar.GlobalNet("mini", soa="5"))
    assert explorer.map.tolist() == [[1.0]] and explorer.preview().size == (512, 512)


def test_the_page_is_small_and_whole(tmp_path):
    """At worst: noise, which neither JPEG nor zlib can shrink, and both layers larger than can be
    shipped.
    """
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (512, 640, 3), np.uint8))
    page = SOAExplorer(noise, solar.load("mini-solar")).save_html(
        tmp_path / "page.html", title="</script>&"
    )
    text = page.read_text(encoding="utf-8")
    assert page.stat().st_size < 2_000_000 and text.count("</script>") == 3
    assert (
        "<h1>&lt;/script&gt;&amp;</h1>" in text and "http://" not in text and "https://" not in text
    )
    with pytest.raises(FileNotFoundError, match="no such folder"):
        SOAExplorer(noise.resize((64, 64)), solar.load("mini-solar")).save_html(
            tmp_path / "nosuch" / "page.html"
        )


def test_the_command(tmp_path, monkeypatch, capsys, picture):
    monkeypatch.chdir(tmp_path)
    picture.save("photo.png")
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert main(["explore", "photo.png", "--no-open"]) == 0 and opened == []
    assert (
        capsys.readouterr().out.strip() == "photo.html"
        and "<h1>photo.png</h1>" in open("photo.html").read()
    )
    assert main(["explore", "photo.png", "--net", "mini-solar", "-o", "b.html"]) == 0
    assert opened == [(tmp_path / "b.html").as_uri()]
    capsys.readouterr()
    for command, words in {
        "nosuch.jpg": "nosuch.jpg: no such image",
        "photo.html": "not a readable image",
        "photo.png --net mini-gem": "no attention to explore",
        "photo.png --image-size 0": "expected a positive number",
        "photo.png --image-size 8": "pixels are left",
        "photo.png -o nosuch/a.html": "no such folder",
    }.items():
        assert main(["explore", "--no-open", *command.split()]) == 2
        error = capsys.readouterr().err
        assert words in error and error.count("\n") == 1


def test_importing_solar_leaves_jupyter_alone():
    code = "import sys, solar; assert not {'anywidget', 'ipywidgets'} & sys.modules.keys(); solar.SOAExplorer"
    subprocess.run([sys.executable, "-c", code], check=True)


def right_share(row, mask):
    h, w = row.shape
    return (row * mask.reshape(h, len(mask) // h, w, -1).mean((1, 3))).sum()


def right_softer(row, tau):
    return row**tau / (row**tau).sum()


def cells(place, size, grid):
    return [p * n / pixels for p, n, pixels in zip(place, grid, size)]


ANSWERS = {  # check: (right answer, {word of the hint: wrong answer})
    checks.cell_of: (
        lambda *a: tuple(map(int, cells(*a))),
        {
            "Rows first": lambda *a: tuple(map(int, cells(*a)))[::-1],
            "Rounding": lambda *a: tuple(map(round, cells(*a))),
            "whole number of pixels": lambda *a: tuple(int(p // (s // n)) for p, s, n in zip(*a)),
            "whole numbers": lambda *a: tuple(int(v) + 1e-7 for v in cells(*a)),
            "rounded down": lambda *a: (0, 0),
        },
    ),
    checks.share_on: (
        right_share,
        {
            "shape": lambda row, mask: row,
            "share of the picture": lambda row, mask: mask.mean(),
            "Sum over": lambda row, mask: right_share(row, mask) / row.size,
            "not its sum": lambda row, mask: 16 * right_share(row, mask),
            "One pixel": lambda row, mask: (row * mask[::4, ::4]).sum(),
            "threshold": lambda row, mask: (
                row * (mask.reshape(3, 4, 4, 4).mean((1, 3)) > 0.5)
            ).sum(),
            "Average the mask": lambda row, mask: 2.0,
        },
    ),
    checks.softer: (
        right_softer,
        {
            "shape": lambda row, tau: row[:2],
            "Nothing has changed": lambda row, tau: tau * row / (tau * row).sum(),
            "sum to one, too": lambda row, tau: row**tau,
            "wants logits": lambda row, tau: np.exp(tau * row) / np.exp(tau * row).sum(),
            "Sharper": lambda row, tau: right_softer(row, 1 / tau),
            "power tau": lambda row, tau: row[::-1],
        },
    ),
}


@pytest.mark.parametrize("check", ANSWERS, ids=lambda check: check.__name__)
def test_checks_tell_right_from_wrong(check, capsys):
    right, wrong = ANSWERS[check]
    assert check(right) is None and capsys.readouterr().out == f"{check.__name__}: correct.\n"
    for word, answer in wrong.items():
        check(answer)
        out = capsys.readouterr().out
        assert "not yet" in out and word in out


def test_shares_are_drawn_where_they_are():
    lines = {
        "on": {"a": (0.5, 0.4, 0.7), "b": (0.1, 0.0, 0.2)},
        "off": {"a": (0.2, 0.1, 0.3), "b": (0.3, 0.2, 0.4)},
    }
    plots.shares({"one": lines, "two": lines}, {"on": 0.25, "off": 0.35}, "share")
    for axis in plots.explorer.plt.gcf().axes:
        drawn = [(line.get_xdata()[0], line.get_xdata()[-1]) for line in axis.lines]
        right = [
            (25, 25),
            (40, 70),
            (50, 50),
            (0, 20),
            (10, 10),
            (35, 35),
            (10, 30),
            (20, 20),
            (20, 40),
            (30, 30),
        ]
        assert np.allclose(drawn, right)
    first = plots.explorer.plt.gcf().axes[0]
    assert [label.get_text() for label in first.get_yticklabels()] == ["on", "off"]
    plots.explorer.plt.close("all")
