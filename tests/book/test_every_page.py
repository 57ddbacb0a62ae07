"""Every page of the built book, as readers open it: whole, silent, linked, accessible.

The network is refused: what a page asks for outside of the book is a complaint.
"""

import os
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

HTML = Path(__file__).resolve().parents[2] / "_build" / "html"
HTML = Path(os.environ.get("SOLAR_BOOK_HTML", HTML))  # another folder to look at
BUILT = (HTML / "index.html").is_file()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not BUILT, reason="no built book here; run make book first"),
]

# how a reader opens the book: address, light or dark, width in pixels
LOOKS = {
    "file, light, wide": ("file", "light", 1280),
    "http, dark, narrow": ("http", "dark", 390),
}
# mathematics that is still source text, or that MathJax could not read
UNDRAWN = """() => [...document.querySelectorAll('.math')]
  .filter((e) => !e.querySelector('mjx-container svg') || e.querySelector('[data-mjx-error]'))
  .map((e) => e.textContent.slice(0, 80))"""
# wait until MathJax has drawn everything
TYPESET = "window.MathJax?.startup?.promise.then(() => true)"
WORDS = ("whitening", "distractor", "homography")  # of the glossary
SERIOUS = ("serious", "critical")  # findings of axe-core that may not be there


def pages():
    """The names of all pages of the book."""
    paths = [*HTML.glob("book/*.html"), *HTML.glob("notebooks/*.html")]
    return sorted(str(path.relative_to(HTML)) for path in paths)


def chapters():
    """The pages of the numbered chapters."""
    return [name for name in pages() if name.startswith("notebooks/") and name[10:12].isdigit()]


@pytest.fixture(scope="module")
def server(served):
    with served(HTML) as address:
        yield address


@pytest.fixture
def opened(new_page, server):
    """opened(name, scheme, colours, width): a page of the book; warnings are complaints, too."""

    def make(name, scheme="file", colours="light", width=1280):
        page = new_page(
            server,
            viewport={"width": width, "height": 900},
            color_scheme=colours,
            reduced_motion="reduce",
        )
        page.on(
            "console",
            lambda message: (
                page.complaints.append(message.text) if message.type == "warning" else None
            ),
        )
        page.on("requestfailed", lambda request: page.complaints.append(f"failed: {request.url}"))
        book = HTML.as_uri() if scheme == "file" else server
        page.goto(f"{book}/{name}")
        page.wait_for_load_state("load")
        return page

    return make


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", pages())
def test_a_page_is_whole_and_silent(opened, name, look):
    scheme, colours, width = LOOKS[look]
    page = opened(name, scheme, colours, width)
    page.evaluate(TYPESET)
    assert page.locator("h1").count() >= 1
    assert page.evaluate("document.documentElement.dataset.theme") == colours
    assert page.evaluate(UNDRAWN) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    broken = page.eval_on_selector_all(
        "img", "all => all.filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
    )
    assert broken == []
    assert page.complaints == []


# ---- links


class Links(HTMLParser):
    """What a page leads to, and the names of its places."""

    def __init__(self, text):
        super().__init__()
        self.targets = []
        self.places = {""}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.places |= {given[key] for key in ("id", "name") if given.get(key)}
        self.targets += [given[key] for key in ("href", "src") if given.get(key)]


def test_every_link_inside_the_book_leads_to_a_place():
    texts = {path: path.read_text(encoding="utf-8") for path in HTML.rglob("*.html")}
    links = {path: Links(text) for path, text in texts.items()}
    broken = []
    for path, found in links.items():
        for target in found.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue  # outside, or data
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            if not file.exists():
                broken.append(f"{path.name}: no {target}")
            elif file.suffix == ".html" and parts.fragment:
                there = links[next(each for each in links if each.resolve() == file)]
                if unquote(parts.fragment) not in there.places:
                    broken.append(f"{path.name}: no place {target}")
    assert broken == []


@pytest.mark.parametrize("scheme", ["file", "http"])
@pytest.mark.parametrize("word", WORDS)
def test_search_finds_a_word_of_the_glossary(opened, scheme, word):
    page = opened(f"search.html?q={word}", scheme)
    page.wait_for_selector("#search-results li a")
    results = page.eval_on_selector_all(
        "#search-results li a", "all => all.map(a => a.getAttribute('href'))"
    )
    assert any("glossary" in result for result in results)
    # excerpts below the results need http: a browser lets no file:// page read another
    assert [text for text in page.complaints if text.startswith("asked for")] == []
    assert scheme == "file" or page.complaints == []


# ---- what a reader touches


@pytest.mark.parametrize("name", chapters())
def test_five_questions_are_answered_by_mouse_and_by_keyboard(opened, name):
    page = opened(name)
    groups = page.locator(".quiz-question")
    assert groups.count() == 5

    # by mouse: each right answer shows its explanation, and no other one
    for i in range(5):
        group = groups.nth(i)
        group.locator("input[data-right=true] + label").click()
        shown = group.locator(".quiz-because:visible")
        assert shown.count() == 1
        assert shown.inner_text().startswith("Right.")
    assert page.locator(".quiz-score").inner_text() == "5 of 5 right, 5 answered."

    # by keyboard: an arrow chooses the next answer of the question
    first = groups.first
    first.locator("input:checked").focus()
    page.keyboard.press("ArrowDown")
    assert first.locator(".quiz-because:visible").inner_text().startswith("Not quite.")
    assert page.locator(".quiz-score").inner_text() == "4 of 5 right, 5 answered."
    # the next question is a few steps away: a formula in its words takes the focus, too
    for _ in range(20):
        page.keyboard.press("Tab")
        if groups.nth(1).locator("input:focus").count():
            break
    assert groups.nth(1).locator("input:focus").count() == 1
    assert page.complaints == []


def test_questions_are_explained_without_scripts(new_page):
    page = new_page(java_script_enabled=False)
    page.goto((HTML / chapters()[0]).as_uri())
    group = page.locator(".quiz-question").first
    group.locator("input[data-right=false] + label").first.click()
    assert group.locator(".quiz-because:visible").inner_text().startswith("Not quite.")


@pytest.mark.parametrize("name", chapters())
def test_live_figures_answer_and_have_a_still_picture(opened, new_page, name):
    """Of every figure a key changes what is drawn; without scripts its still picture is there."""
    text = (HTML / name).read_text(encoding="utf-8")
    views = text.count("application/vnd.jupyter.widget-view+json")
    if not views:
        pytest.skip("no live figure in this chapter as it was built")
    page = opened(name)
    for figure in page.locator(".live").all():
        figure.locator("xpath=self::*[@data-ready]").wait_for()
        before = figure.evaluate("f => JSON.stringify(f.shown)")
        point = figure.locator(".live-point, .live-tile, input[type=range]:visible").first
        point.focus()
        # a right image may first pass other right ones, which changes no number
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        assert figure.evaluate("f => JSON.stringify(f.shown)") != before
    assert page.complaints == []

    still = new_page(java_script_enabled=False)
    still.goto((HTML / name).as_uri())
    pictures = still.locator("noscript img")
    assert pictures.count() == views
    assert all(picture.get_attribute("alt") for picture in pictures.all())


# ---- accessibility

# the frames around tables; what a frame that scrolls tells, and what one that does not
FRAMES = ".bd-content :is(.pst-scrollable-table-container, .cell_output > .output):has(table)"
TOLD = """all => all.map((f) => ({
  wide: f.scrollWidth > f.clientWidth, stop: f.tabIndex === 0,
  role: f.getAttribute("role"), name: f.getAttribute("aria-label"),
}))"""


def test_a_wide_table_is_scrolled_by_keyboard_while_it_is_wide(opened):
    page = opened("book/how-to-use.html", width=390)
    frames = page.locator(FRAMES)
    assert frames.count() == page.locator(".bd-content table").count()
    told = frames.evaluate_all(TOLD)
    wide = [each["wide"] for each in told]
    assert True in wide
    assert False in wide
    assert [each["stop"] for each in told] == wide
    assert [each["role"] == "region" for each in told] == wide
    names = [each["name"] for each in told if each["wide"]]
    assert len(set(names)) == len(names)
    assert all(names)

    # the keyboard scrolls it
    first = frames.nth(wide.index(True))
    first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")

    # on a wide page it fits, and is no stop any more
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function("!document.querySelector('[aria-label*=sideways]')")
    told = frames.evaluate_all(TOLD)
    assert not any(each["wide"] or each["stop"] or each["role"] for each in told)

    # and it is one again after the way back
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_function("document.querySelector('[aria-label*=sideways][tabindex=\"0\"]')")
    assert page.complaints == []


# the frame of each wide figure: how much of its full width is shown, and whether it scrolls
WIDE = "figure > a:has(> img.wide, > img.very-wide)"
SHOWN = """all => all.map((frame) => ({
  part: frame.firstElementChild.clientWidth / parseFloat(frame.dataset.full),
  scrolls: frame.scrollWidth > frame.clientWidth,
}))"""
FULL = (
    "all => all.forEach((f) => { f.dataset.full = parseFloat(f.firstElementChild.style.width); })"
)


def test_a_wide_figure_keeps_its_letters_readable_on_a_telephone(opened):
    page = opened("notebooks/08_the_ablation.html", width=390)
    frames = page.locator(WIDE)
    frames.evaluate_all(FULL)
    told = frames.evaluate_all(SHOWN)
    assert told
    assert all(0.5 < each["part"] < 0.9 and each["scrolls"] for each in told)

    # the keyboard reaches it, and scrolls it
    frames.first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")

    # where there is room, all of it is seen at once
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function(
        f"({SHOWN})([...document.querySelectorAll('{WIDE}')]).every((f) => !f.scrolls)"
    )
    assert page.complaints == []


@pytest.mark.parametrize(("colours", "width"), [("light", 1280), ("dark", 390)])
@pytest.mark.parametrize("name", pages())
def test_axe_finds_nothing_serious(opened, name, colours, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened(name, "http", colours, width)
    page.evaluate(TYPESET)
    results = axe.Axe().run(page, options={"resultTypes": ["violations"]})
    serious = [
        (finding["id"], [node["target"] for node in finding["nodes"]][:5])
        for finding in results.response["violations"]
        if finding["impact"] in SERIOUS
    ]
    assert serious == []
