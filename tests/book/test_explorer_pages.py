"""A page of the explorer in a real browser, from file:// and http, without any other network."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import solar
from solar.explorer import SOAExplorer, pool_cells
from solar.explorer.maps import positions_in
from solar.explorer.shipping import drawing_size
from solar.world import Landmark, choose_view, photograph

pytestmark = pytest.mark.browser

# the numbers behind the pixels of stage i
SHOWN = """(i) => {
  const s = document.querySelector('.soa').shown[i];
  return s && {
    weights: Array.from(s.field.weights), grid: s.field.grid, step: s.field.step,
    place: s.place, network: s.network,
    peak: s.peak, times: s.times, total: s.total, spread: s.spread };
}"""
# colours of some pixels of a canvas
PIXELS = """(canvas, points) => points.map(([x, y]) =>
  Array.from(canvas.getContext("2d").getImageData(x, y, 1, 1).data.slice(0, 3)))"""
# how long the next click takes to be answered
STOPWATCH = """addEventListener('pointerup', (event) => {
  window.answered = performance.now() - event.timeStamp })"""
# count how often everything is drawn
COUNTER = """() => {
  const root = document.querySelector('.soa');
  let shown = root.shown;
  window.drawings = 0;
  Object.defineProperty(root, 'shown', {
    get: () => shown, set: (value) => { shown = value; window.drawings += 1; } });
}"""


@pytest.fixture(scope="session")
def photo():
    landmark = Landmark(500_023)
    camera = choose_view(landmark, np.random.default_rng(4), (256, 192), freedom=0.2)
    return Image.fromarray(photograph(landmark, camera, "day", seed=3, clutter=0.4).image)


@pytest.fixture(scope="session")
def explorer(photo):
    """SOA4 on 24 x 32 positions, SOA5 on 12 x 16: both are shipped whole."""
    return SOAExplorer(photo, solar.load("mini-solar"))


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


@pytest.fixture
def soa(page, explorer, folder):
    """The saved page, opened; the explorer in Python is in the same state. It must not complain."""
    explorer.reset()
    yield opened(page, (folder / "page.html").as_uri())
    assert page.complaints == []


class Soa:
    """The explorer on a page, as a reader handles it."""

    def __init__(self, page):
        self.page = page
        self.root = page.locator(".soa")
        self.canvas = self.root.locator(".soa-stage canvas").first

    def shown(self, i=0):
        return self.page.evaluate(SHOWN, i)

    def weights(self, i=0):
        return np.array(self.shown(i)["weights"])

    def place(self, i=0):
        return self.shown(i)["place"]

    def point(self, row, column, size=(192, 256)):
        """Where a pixel of the image lies on the canvas as it is shown."""
        box = self.canvas.bounding_box()
        return dict(x=column / size[1] * box["width"], y=row / size[0] * box["height"])

    def click(self, row, column):
        self.canvas.click(position=self.point(row, column))

    def drag(self, first, second):
        """Press the mouse at a pixel (row, column) and let it go at another."""
        corner = self.canvas.bounding_box()
        start = self.point(*first)
        end = self.point(*second)
        self.page.mouse.move(corner["x"] + start["x"], corner["y"] + start["y"])
        self.page.mouse.down()
        self.page.mouse.move(corner["x"] + end["x"], corner["y"] + end["y"], steps=4)
        self.page.mouse.up()

    def choose(self, label, value):
        self.root.locator("details").evaluate("d => { d.open = true }")
        self.root.get_by_label(label, exact=True).select_option(value)

    def press_button(self, name):
        self.root.locator("details").evaluate("d => { d.open = true }")
        self.root.get_by_role("button", name=name).click()

    def said(self):
        return self.root.get_by_role("status").inner_text()

    def colour(self, points):
        return np.array(self.canvas.evaluate(PIXELS, points))

    def everything(self):
        return self.canvas.evaluate("c => c.toDataURL()")


def agree(shown, right):
    """The browser's weights are Python's, to 1.5 % of the peak: what eight bits can hold."""
    weights = np.array(shown["weights"])
    return shown["step"] == 1 and np.abs(weights - right.ravel()).max() < 0.015 * right.max()


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_a_click_shows_the_numbers_of_python(new_page, explorer, folder, server, scheme):
    page = new_page(server)
    address = (folder / "page.html").as_uri() if scheme == "file" else f"{server}/page.html"
    soa = opened(page, address)
    explorer.reset()
    assert agree(soa.shown(), explorer.map)
    page.evaluate(STOPWATCH)
    soa.click(100, 60)
    print(f"the first click was answered in {page.evaluate('answered'):.0f} ms ({scheme})")
    explorer.location = soa.place()
    assert np.allclose(explorer.location, (100, 60), atol=1)
    assert agree(soa.shown(), explorer.map)
    assert soa.weights().sum() == pytest.approx(1, abs=1e-6)
    assert page.complaints == []


def test_arrow_keys_move_by_one_position(soa, explorer):
    soa.click(100, 60)
    soa.canvas.press("ArrowRight")
    soa.canvas.press("ArrowDown")
    explorer.location = soa.place()
    assert positions_in(explorer.location, (12, 16), (192, 256)) == [7 * 16 + 4]
    assert agree(soa.shown(), explorer.map)


def test_every_control_changes_the_picture_and_the_numbers_stay_python_s(soa, explorer):
    soa.click(100, 60)
    explorer.location = soa.place()
    pictures = {soa.everything()}
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
    assert len(pictures) == 6


def test_the_pixels_are_the_numbers(soa, explorer):
    soa.choose("Layer", "4")
    soa.root.get_by_label("Opacity").fill("1")
    weights = soa.weights()
    level = np.round(255 * (weights - weights.min()) / np.ptp(weights)).astype(int)
    table = np.frombuffer(explorer.tables["magma"], np.uint8).reshape(256, 3)[level].astype(int)

    # the middle of a cell of 16 x 16 pixels lies between four pixels
    middles = [
        [c * 16 + 7 + i, r * 16 + 7 + j]
        for r in range(24)
        for c in range(32)
        for i in (0, 1)
        for j in (0, 1)
    ]
    pixels = soa.colour(middles).reshape(-1, 4, 3).mean(1)

    # cells below the ring are left out
    row, column = np.divmod(np.arange(768), 32)
    y, x = np.array(soa.place()) / 8
    plain = np.hypot(row + 0.5 - y, column + 0.5 - x) > 2.5
    far = np.abs(pixels - table).max(1)[plain]
    assert np.percentile(far, 99) < 25, far.max()
    assert np.median(far) < 4


def test_a_drag_sets_a_box(soa, explorer):
    soa.drag((48, 32), (144, 160))
    explorer.location = soa.place()
    assert np.allclose(explorer.location, (48, 32, 144, 160), atol=1)
    assert agree(soa.shown(), explorer.map)
    soa.choose("A box shows", "centre")
    explorer.box_mode = "centre"
    assert agree(soa.shown(), explorer.map)
    assert "Centre of the box" in soa.said()


def test_two_places_beside_each_other(soa, explorer):
    soa.drag((48, 32), (144, 160))
    explorer.location = soa.place()
    soa.choose("Beside it", "place")
    soa.root.locator(".soa-stage canvas").nth(1).click(position=dict(x=30, y=30))
    assert len(soa.place(0)) == 4
    assert len(soa.place(1)) == 2
    assert agree(soa.shown(1), explorer.map_at(soa.place(1)))
    common = round(100 * np.minimum(soa.weights(0), soa.weights(1)).sum())
    assert f"{common} % in common" in soa.said()


def test_reset_sets_all_names_and_draws_once(soa, page, explorer):
    soa.drag((48, 32), (144, 160))
    soa.choose("Layer", "4")
    soa.choose("A box shows", "centre")
    soa.choose("Beside it", "place")
    page.evaluate(COUNTER)
    soa.press_button("Reset")
    assert page.evaluate("window.drawings") == 1
    assert soa.shown(1) is None
    assert soa.place() == explorer.location
    assert agree(soa.shown(), explorer.map)
    shown = soa.root.get_by_label("A box shows", exact=True).input_value()
    assert shown == "average"


def test_keys_alone_are_enough(soa, page, explorer):
    # Tab leads to the controls and to the map, each with an outline
    focus = []
    while not page.evaluate("document.activeElement.matches('.soa-stage canvas')"):
        page.keyboard.press("Tab")
        focus.append(page.evaluate("getComputedStyle(document.activeElement).outlineWidth"))
    assert focus == ["3px"] * 4

    # a point moves; Shift and an arrow make a box of it, which moves, too; Escape drops it
    page.keyboard.press("Home")
    assert soa.place() == [8, 8]
    page.keyboard.press("ArrowUp")
    assert soa.place()[0] < 16
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert soa.place() == [0, 0, 32, 32]
    page.keyboard.press("ArrowRight")
    explorer.location = (0, 16, 32, 48)
    assert soa.place() == explorer.location
    assert agree(soa.shown(), explorer.map)
    page.keyboard.press("Escape")
    assert soa.place() == [16, 32]
    page.keyboard.press("End")
    assert soa.place() == [184, 248]


def test_the_words_tell_the_map(soa, page, explorer):
    soa.canvas.focus()
    page.keyboard.press("End")
    explorer.location = (184, 248)
    weights = explorer.map
    r, c = np.unravel_index(weights.argmax(), weights.shape)
    entropy = -(weights * np.log(weights)).sum() / np.log(weights.size)
    said = soa.said()
    assert f"row 11, column 15 of 12 × 16: attends most to row {r}, column {c}:" in said  # noqa: RUF001
    assert abs(float(said.split("Spread ")[1].split()[0]) - entropy) < 0.011
    assert soa.root.get_by_role("status").get_attribute("aria-live") == "polite"


def test_the_pointer_is_followed_without_a_word(soa, explorer):
    soa.choose("Layer", "4")
    soa.root.get_by_label("follow the pointer").check()
    before = soa.place()
    said = soa.said()
    soa.canvas.hover(position=soa.point(20, 20))
    explorer.layer = 4
    explorer.location = soa.place()
    assert soa.place() != before
    assert agree(soa.shown(), explorer.map)
    assert soa.said() == said
    soa.root.locator(".soa-hint").hover()
    assert soa.place() == before


def test_a_downloaded_image_comes_with_its_words(soa, page):
    soa.choose("Beside it", "place")
    with page.expect_download() as download:
        soa.press_button("Download PNG")
    image = Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert image.format == "PNG"
    assert image.width == 2 * 512 + 8
    assert image.height > 384 + 30
    words = np.asarray(image.convert("L"))[384 + 25 :]
    assert words.max() == 255
    assert (words < 100).sum() > 200


def test_a_telephone_in_the_dark(new_page, folder):
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, color_scheme="dark")
    soa = opened(page, (folder / "page.html").as_uri())
    soa.choose("Beside it", "place")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    soa.canvas.tap(position=soa.point(100, 60))
    assert np.allclose(soa.place(), (100, 60), atol=1)

    def style(selector, name):
        return page.evaluate(f"getComputedStyle(document.querySelector('{selector}')).{name}")

    assert style(".soa option", "color") == "rgb(17, 17, 17)"
    assert style(".soa", "color") == "rgb(255, 255, 255)"
    assert style(".soa canvas", "filter") == "none"
    assert page.complaints == []


def test_a_pooled_layer_and_two_networks(page, photo, tmp_path):
    """Too many positions to ship: cells are shown, with the exact map's sums and means."""
    torch.manual_seed(0)
    small = photo.crop((0, 0, 200, 168))  # SOA4 on 21 x 25: the last cells are cut off
    nets = {"trained": solar.load("mini-solar"), "untrained": solar.GlobalNet("mini")}
    explorer = SOAExplorer(small, nets, budget=400_000, layer=4, location=(166, 198))
    soa = opened(page, explorer.save_html(tmp_path / "page.html").as_uri())
    assert soa.shown()["grid"] == [21, 25]
    assert soa.shown()["step"] == 2
    for network in nets:
        soa.choose("Network", network)
        for drawing in (False, True):
            soa.choose("Temperature", "drawing" if drawing else "network")
            cells = pool_cells(explorer.maps[network], 4, 2, drawing).numpy()
            soa.choose("The place", "attends to")
            assert soa.shown()["network"] == network
            assert np.abs(soa.weights() - cells[-1]).max() < 0.015 * cells[-1].max()

            # one position in the last cell: its sums are means
            soa.choose("The place", "is attended by")
            column = cells[:, -1]
            assert np.abs(soa.weights() - column).max() < 0.015 * column.max()
    soa.choose("Beside it", "trained")
    assert soa.shown(1)["network"] == "trained"
    assert soa.place(1) == soa.place(0)
    assert "of 2 × 2 positions" in soa.said()  # noqa: RUF001
    assert page.complaints == []


@pytest.mark.parametrize("size", [(1024, 32), (4000, 64), (96, 960), (16, 3000)])
def test_an_elongated_image_is_shown_in_a_window(page, tmp_path, size):
    """Width x height. The page keeps its width, the image is large enough to be pointed at."""
    width, height = size
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    explorer = SOAExplorer(noise, solar.load("mini-solar"), image_size=None)
    soa = opened(page, explorer.save_html(tmp_path / "page.html").as_uri())
    view = page.locator(".soa-view").first
    canvas = soa.canvas.bounding_box()
    window = view.bounding_box()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1300
    assert window["height"] <= 720
    assert window["width"] <= 720
    assert min(canvas["width"], canvas["height"]) > 40
    assert canvas["height"] / canvas["width"] == pytest.approx(height / width, rel=0.02)

    # it begins in the middle, where the place is; a click there is a place there
    assert soa.place() == [height / 2, width / 2]
    middle = dict(x=window["width"] / 2, y=min(window["height"], 600) / 2)
    view.click(position=middle)
    shown = [soa.place()[0] / height, soa.place()[1] / width]
    assert shown == pytest.approx([0.5, 0.5], abs=0.1)

    # keys move the window along
    soa.canvas.press("End")
    explorer.location = soa.place()
    scrolled = view.evaluate("v => [v.scrollLeft, v.scrollTop]")
    assert scrolled[0 if width > height else 1] > 0.8 * max(canvas["width"], canvas["height"]) - 720
    assert page.complaints == []


@pytest.mark.parametrize("size", [(1024, 32), (16, 3000)])
def test_an_elongated_image_is_downloaded_with_its_words(page, tmp_path, size):
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    explorer = SOAExplorer(noise, solar.load("mini-solar"), image_size=None)
    soa = opened(page, explorer.save_html(tmp_path / "page.html").as_uri())
    soa.choose("Beside it", "place")
    with page.expect_download() as download:
        soa.press_button("Download PNG")
    image = Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
    drawn = drawing_size(*size)

    # a panorama's maps lie below each other, those of a tall image beside each other
    if size[0] > size[1]:
        assert image.width == drawn[0]
        assert image.height > 2 * drawn[1]
    else:
        assert image.width == 512
        assert drawn[1] < image.height < drawn[1] + 1000


def test_a_page_draws_as_python_does(page, folder):
    """The size of the canvas, for images of many shapes."""
    opened(page, (folder / "page.html").as_uri())
    source = Path(solar.explorer.__file__).with_name("explorer.js").read_text(encoding="utf-8")
    start = source.index("const DRAWN_WIDTH")
    constants = source[start : source.index("// An image this many times")]
    start = source.index("function drawingSize")
    function = source[start : source.index("// What Python's zlib")]
    sides = (16, 40, 100, 256, 700, 1024, 3000, 20_000)
    sizes = [[width, height] for width in sides for height in sides]
    program = f"(sizes) => {{ {constants} {function} return sizes.map((s) => drawingSize(...s)) }}"
    drawn = np.array(page.evaluate(program, sizes))
    right = np.array([drawing_size(*size) for size in sizes])
    assert np.abs(drawn - right).max() <= 1  # halves are rounded to even numbers, or up


@pytest.mark.parametrize(
    "name", ["</script><script>window.hurt = 1</script>", "<!-- <script>", "a\u2028b & \"c\" 'd'"]
)
def test_names_of_strangers_are_shown_as_they_are(page, photo, tmp_path, name):
    explorer = SOAExplorer(
        photo, {name: solar.load("mini-solar"), "other": solar.load("mini-solar")}
    )
    soa = opened(page, explorer.save_html(tmp_path / "page.html", title=name).as_uri())
    assert page.locator("h1").text_content() == name
    assert soa.shown()["network"] == name
    assert soa.root.locator("figcaption").first.text_content() == f"{name}, SOA5"
    assert page.evaluate("window.hurt") is None
    assert page.complaints == []
