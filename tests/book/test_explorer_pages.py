"""A page of the explorer in a real browser, over file:// and http, with every outside request
refused.
"""

import io

import numpy as np
import pytest
import torch
from PIL import Image

import solar
from solar.explorer import SOAExplorer, pool_cells
from solar.explorer.maps import positions_in
from solar.world import Landmark, choose_view, photograph

SHOWN = """(root, i) => { const s = root.shown[i]; return s && {
  weights: Array.from(s.field.weights), grid: s.field.grid, step: s.field.step, place: s.place, network: s.network,
  peak: s.peak, times: s.times, total: s.total, spread: s.spread } }"""
PIXELS = """(canvas, points) => points.map(([x, y]) =>
  Array.from(canvas.getContext("2d").getImageData(x, y, 1, 1).data.slice(0, 3)))"""


@pytest.fixture(scope="session")
def picture():
    landmark = Landmark(500_023)
    camera = choose_view(landmark, np.random.default_rng(4), (256, 192), freedom=0.2)
    return Image.fromarray(photograph(landmark, camera, "day", seed=3, clutter=0.4).image)


@pytest.fixture(scope="session")
def explorer(picture):
    return SOAExplorer(
        picture, solar.load("mini-solar")
    )  # SOA4 on 24 x 32, SOA5 on 12 x 16: shipped whole


@pytest.fixture(scope="session")
def folder(explorer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    explorer.save_html(folder / "page.html")
    return folder


@pytest.fixture(scope="session")
def server(folder, served):
    with served(folder) as address:
        yield address


def opened(page, address):
    page.goto(str(address))
    page.wait_for_selector(".soa[data-ready]")
    return Soa(page)


class Soa:
    """The explorer on a page, as a reader handles it."""

    def __init__(self, page):
        self.page, self.root = page, page.locator(".soa")
        self.canvas = self.root.locator(".soa-stage canvas").first

    def shown(self, i=0):
        return self.page.evaluate(f"(i) => ({SHOWN})(document.querySelector('.soa'), i)", i)

    def point(self, row, column, size=(192, 256)):
        """Where a pixel of the photograph lies on the canvas as it is shown."""
        box = self.canvas.bounding_box()
        return dict(x=column / size[1] * box["width"], y=row / size[0] * box["height"])

    def click(self, row, column):
        self.canvas.click(position=self.point(row, column))

    def choose(self, label, value):
        self.root.locator("details").evaluate("d => { d.open = true }")
        self.root.get_by_label(label, exact=True).select_option(value)

    def colour(self, points):
        return np.array(self.canvas.evaluate(PIXELS, points))

    def everything(self):
        return self.canvas.evaluate("c => c.toDataURL()")


def agree(shown, right):
    """The browser's weights are Python's, to 1.5 % of the peak: what eight bits can hold."""
    weights = np.array(shown["weights"])
    return shown["step"] == 1 and np.abs(weights - right.ravel()).max() < 0.015 * right.max()


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_the_numbers_are_python_s_and_the_pixels_the_numbers_(
    new_page, explorer, folder, server, scheme
):
    page = new_page(server)
    soa = opened(
        page, (folder / "page.html").as_uri() if scheme == "file" else f"{server}/page.html"
    )
    explorer.reset()
    assert agree(soa.shown(), explorer.map)
    pictures = {soa.everything()}

    page.evaluate(
        "addEventListener('pointerup', (e) => { window.answered = performance.now() - e.timeStamp })"
    )
    soa.click(100, 60)
    print(f"the first click was answered in {page.evaluate('answered'):.0f} ms ({scheme})")
    first = soa.shown()
    explorer.location = first["place"]
    assert np.allclose(explorer.location, (100, 60), atol=1)
    assert agree(first, explorer.map) and sum(first["weights"]) == pytest.approx(1, abs=1e-6)
    pictures.add(soa.everything())

    soa.canvas.press("ArrowRight")
    soa.canvas.press("ArrowDown")
    explorer.location = soa.shown()["place"]
    assert positions_in(explorer.location, (12, 16), (192, 256)) == [7 * 16 + 4]
    assert agree(soa.shown(), explorer.map)
    pictures.add(soa.everything())

    for label, name, value in (
        ("The place", "direction", "is attended by"),
        ("Layer", "layer", 4),
        ("The place", "direction", "attends to"),
        ("Temperature", "temperature", "drawing"),
        ("The place", "direction", "is attended by"),
    ):
        soa.choose(label, str(value))
        setattr(explorer, name, value)
        assert agree(soa.shown(), explorer.map), (name, value)
        pictures.add(soa.everything())
    assert len(pictures) == 8  # each changed the picture

    soa.root.get_by_label("Opacity").fill("1")
    weights = np.array(soa.shown()["weights"])
    level = np.round(255 * (weights - weights.min()) / np.ptp(weights)).astype(int)
    table = np.frombuffer(explorer.tables["magma"], np.uint8).reshape(256, 3)[level].astype(int)
    middles = [
        [c * 16 + 7 + i, r * 16 + 7 + j]
        for r in range(24)
        for c in range(32)
        for i in (0, 1)
        for j in (0, 1)
    ]
    pixels = soa.colour(middles).reshape(-1, 4, 3).mean(1)  # a middle lies between four pixels
    row, column = np.divmod(np.arange(768), 32)
    place = np.array(soa.shown()["place"]) / 8
    plain = np.hypot(row + 0.5 - place[0], column + 0.5 - place[1]) > 2.5  # the ring hides some
    far = np.abs(pixels - table).max(1)[plain]
    assert np.percentile(far, 99) < 25 and np.median(far) < 4, (far.max(), np.median(far))
    assert page.complaints == []


def test_boxes_places_and_reset(page, explorer, folder):
    soa = opened(page, (folder / "page.html").as_uri())
    explorer.reset()
    a, b = soa.point(48, 32), soa.point(144, 160)
    corner = soa.canvas.bounding_box()
    page.mouse.move(corner["x"] + a["x"], corner["y"] + a["y"])
    page.mouse.down()
    page.mouse.move(corner["x"] + b["x"], corner["y"] + b["y"], steps=4)
    page.mouse.up()
    explorer.location = soa.shown()["place"]
    assert np.allclose(explorer.location, (48, 32, 144, 160), atol=1) and agree(
        soa.shown(), explorer.map
    )
    soa.choose("A box shows", "centre")
    explorer.boxes = "centre"
    assert agree(soa.shown(), explorer.map)

    soa.choose("Beside it", "place")
    second = soa.root.locator(".soa-stage canvas").nth(1)
    second.click(position=dict(x=30, y=30))
    assert len(soa.shown(1)["place"]) == 2 and len(soa.shown(0)["place"]) == 4
    assert agree(soa.shown(1), explorer.map_at(soa.shown(1)["place"]))
    shares = [np.array(soa.shown(i)["weights"]) for i in (0, 1)]
    common = round(100 * np.minimum(*shares).sum())
    assert f"{common} % in common" in soa.root.get_by_role("status").inner_text()

    soa.root.get_by_role("button", name="Reset").click()
    explorer.reset()
    assert soa.shown(1) is None and agree(soa.shown(), explorer.map)
    assert page.complaints == []


def test_keys_alone_are_enough(page, explorer, folder):
    soa = opened(page, (folder / "page.html").as_uri())
    page.keyboard.press("Tab")
    focus = []
    while not page.evaluate("document.activeElement.matches('.soa-stage canvas')"):
        focus.append(page.evaluate("getComputedStyle(document.activeElement).outlineWidth"))
        page.keyboard.press("Tab")
    focus.append(page.evaluate("getComputedStyle(document.activeElement).outlineWidth"))
    assert len(focus) == 4 and set(focus) == {"3px"}
    page.keyboard.press("Home")
    assert soa.shown()["place"] == [8, 8]
    page.keyboard.press("ArrowUp")
    assert soa.shown()["place"][0] < 16
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert soa.shown()["place"] == [0, 0, 32, 32]
    page.keyboard.press("ArrowRight")
    explorer.reset()
    explorer.location = (0, 16, 32, 48)
    assert soa.shown()["place"] == explorer.location and agree(soa.shown(), explorer.map)
    page.keyboard.press("Escape")
    assert soa.shown()["place"] == [16, 32]
    page.keyboard.press("End")
    assert soa.shown()["place"] == [184, 248]
    explorer.location = (184, 248)
    weights = explorer.map
    r, c = np.unravel_index(weights.argmax(), weights.shape)
    entropy = -(weights * np.log(weights)).sum() / np.log(weights.size)
    said = soa.root.get_by_role("status").inner_text()
    assert f"row 11, column 15 of 12 × 16: attends most to row {r}, column {c}:" in said
    assert abs(float(said.split("Spread ")[1].split()[0]) - entropy) < 0.011
    assert soa.root.get_by_role("status").get_attribute("aria-live") == "polite"
    assert page.complaints == []


def test_the_pointer_is_followed_without_a_word(page, explorer, folder):
    soa = opened(page, (folder / "page.html").as_uri())
    soa.choose("Layer", "4")
    soa.root.get_by_label("follow the pointer").check()
    before, said = soa.shown(), soa.root.get_by_role("status").inner_text()
    soa.canvas.hover(position=soa.point(20, 20))
    explorer.reset()
    explorer.layer, explorer.location = 4, soa.shown()["place"]
    assert soa.shown()["place"] != before["place"] and agree(soa.shown(), explorer.map)
    assert soa.root.get_by_role("status").inner_text() == said
    soa.root.locator(".soa-hint").hover()
    assert soa.shown()["place"] == before["place"] and page.complaints == []


def test_the_picture_comes_with_its_words(page, folder):
    soa = opened(page, (folder / "page.html").as_uri())
    soa.choose("Beside it", "place")
    with page.expect_download() as download:
        soa.root.get_by_role("button", name="Download PNG").click()
    picture = Image.open(io.BytesIO(open(download.value.path(), "rb").read()))
    assert picture.format == "PNG" and picture.width == 2 * 512 + 8 and picture.height > 384 + 30
    words = np.asarray(picture.convert("L"))[384 + 25 :]
    assert words.max() == 255 and (words < 100).sum() > 200


def test_a_telephone_in_the_dark(new_page, folder):
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, color_scheme="dark")
    soa = opened(page, (folder / "page.html").as_uri())
    soa.choose("Beside it", "place")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    soa.canvas.tap(position=soa.point(100, 60))
    assert np.allclose(soa.shown()["place"], (100, 60), atol=1)
    style = "getComputedStyle(document.querySelector('{}')).{}"
    option, words, filtered = (
        page.evaluate(style.format(*what))
        for what in ((".soa option", "color"), (".soa", "color"), (".soa canvas", "filter"))
    )
    assert option == "rgb(17, 17, 17)" and words == "rgb(255, 255, 255)" and filtered == "none"
    assert page.complaints == []


def test_a_pooled_layer_and_two_networks(page, picture, tmp_path):
    """Too many positions to ship: the browser shows cells, and their sums and means are those of
    the exact map.
    """
    torch.manual_seed(0)
    small = picture.crop((0, 0, 200, 168))  # SOA4 on 21 x 25: the last cells are cut off
    nets = {"trained": solar.load("mini-solar"), "untrained": solar.GlobalNet("mini")}
    explorer = SOAExplorer(small, nets, budget=400_000, layer=4, location=(166, 198))
    soa = opened(page, explorer.save_html(tmp_path / "page.html").as_uri())
    assert soa.shown()["grid"] == [21, 25] and soa.shown()["step"] == 2
    for network in nets:
        soa.choose("Network", network)
        for drawing in (False, True):
            soa.choose("Temperature", "drawing" if drawing else "network")
            cells = pool_cells(explorer.maps[network], 4, 2, drawing).numpy()
            soa.choose("The place", "attends to")
            row = np.array(soa.shown()["weights"])
            assert (
                np.abs(row - cells[-1]).max() < 0.015 * cells[-1].max()
                and soa.shown()["network"] == network
            )
            soa.choose("The place", "is attended by")
            column = np.array(
                soa.shown()["weights"]
            )  # one position in the last cell: its sums are means
            assert np.abs(column - cells[:, -1]).max() < 0.015 * cells[:, -1].max()
    soa.choose("Beside it", "trained")
    assert soa.shown(1)["network"] == "trained" and soa.shown(1)["place"] == soa.shown(0)["place"]
    assert (
        "of 2 × 2 positions" in soa.root.get_by_role("status").inner_text()
        and page.complaints == []
    )
