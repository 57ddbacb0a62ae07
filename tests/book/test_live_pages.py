"""Loss circle, ranked list and match slider in a real browser: hand and keys, and numbers that are
Python's.
"""

import numpy as np
import pytest
from PIL import Image

from solar.explorer import LossCircle, MatchSlider, RankedList
from solar.local import LocalFeatures

pytestmark = pytest.mark.browser

LABELS = ["easy", "other", "hard", "junk", "easy", "other", "hard", "junk"]
# set the state of the figure on a page, and get the numbers behind its drawing
PUT = """(values) => {
  const root = document.querySelector('.live');
  root.put(values);
  return JSON.parse(JSON.stringify(root.shown));
}"""
SHOWN = "JSON.parse(JSON.stringify(document.querySelector('.live').shown))"


def opened(page, figure, folder):
    page.goto(figure.save_html(folder / "page.html").as_uri())
    page.wait_for_selector(".live[data-ready]")
    return page


def put(page, figure, **values):
    """Set the same state in both; what the page shows."""
    for name, value in values.items():
        setattr(figure, name, value)
    return page.evaluate(PUT, values)


def match_slider():
    rng = np.random.default_rng(0)
    sides = []
    for count in (40, 50):
        descriptors = np.abs(rng.normal(size=(count, 6)))
        descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
        keypoints = rng.uniform(0, 90, (count, 4))
        sides.append(LocalFeatures(keypoints.astype("f4"), descriptors.astype("f4")))
    image = Image.fromarray(rng.integers(0, 256, (96, 96, 3), np.uint8))
    return MatchSlider(image, image, *sides, judge=lambda here, there: here[:, 0] < there[:, 0])


def test_the_circle_s_numbers_are_python_s(page, tmp_path):
    circle = LossCircle()
    opened(page, circle, tmp_path)
    rng = np.random.default_rng(0)
    places = rng.integers(-180, 180, (60, 3)).tolist()
    places += [[30, 30, 100], [0, 180, 90], [10, 10, 10]]  # where points meet, and ties
    for q, p, n in places:
        margin = float(rng.choice([0.3, 1.25, 3.9]))
        shown = put(page, circle, q=q, p=p, n=n, margin=margin)
        assert shown["losses"] == pytest.approx(circle.losses, abs=1e-9)
        assert shown["distances"] == pytest.approx(circle.distances, abs=1e-9)
        for name, pushes in circle.pushes.items():
            # where the second order is zero up to rounding, the sign of its push is chance
            if abs(circle.losses[name]) > 1e-9:
                assert shown["pushes"][name] == pytest.approx(pushes, abs=1e-9)
    assert page.complaints == []


def test_a_point_is_dragged_and_moved_by_keys(page, tmp_path):
    opened(page, LossCircle(q=90, p=130, n=0), tmp_path)
    handle = page.get_by_role("slider", name="negative n")
    circle = page.locator(".live-circle").bounding_box()
    middle = (circle["x"] + circle["width"] / 2, circle["y"] + circle["height"] / 2)
    radius = circle["width"] * 100 / 290
    page.mouse.move(middle[0] + radius, middle[1])
    page.mouse.down()
    page.mouse.move(middle[0], middle[1] + radius, steps=5)
    page.mouse.up()
    assert handle.get_attribute("aria-valuenow") == "-90"

    # q is the last one that Tab reaches: Tab from p leads to it
    page.get_by_role("slider", name="positive p").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("PageDown")
    query = page.get_by_role("slider", name="query q")
    assert query.get_attribute("aria-valuenow") == "81"
    assert query.get_attribute("aria-valuetext") == "81 degrees"

    # leaving out arrows, and setting everything back
    arrows = page.locator(".live-circle polygon")
    before = arrows.count()
    page.get_by_label("pushes of the second-order loss").uncheck()
    assert arrows.count() < before
    page.get_by_role("button", name="Reset").click()
    assert query.get_attribute("aria-valuenow") == "90"
    assert "Triplet loss 0.00. It pushes nothing." in page.get_by_role("status").inner_text()
    assert page.complaints == []


def test_the_list_s_numbers_are_python_s(page, tmp_path):
    ranked = RankedList(LABELS)
    opened(page, ranked, tmp_path)
    rng = np.random.default_rng(0)
    for _ in range(40):
        protocol = str(rng.choice(["easy", "medium", "hard"]))
        order = rng.permutation(len(LABELS)).tolist()
        shown = put(page, ranked, order=order, protocol=protocol, k=int(rng.choice([1, 3, 5, 10])))
        assert shown["ranks"] == ranked.ranks
        assert shown["ap"] == pytest.approx(ranked.ap, abs=1e-12)
        assert shown["precision"] == pytest.approx(ranked.precision, abs=1e-12)
    assert page.complaints == []


def tiles(page):
    """Labels and words below the tiles, in the order of the list."""
    return page.locator(".live-tile").all_inner_texts()


def test_an_image_is_dragged_and_moved_by_keys_and_buttons(page, tmp_path):
    pictures = [Image.new("RGB", (40, 30), (20 * i, 90, 90)) for i in range(len(LABELS))]
    opened(page, RankedList(LABELS, pictures), tmp_path)
    assert tiles(page)[1] == "rank 1, wrong (other)"

    # the second image goes to the end of the line by hand
    boxes = [tile.bounding_box() for tile in page.locator(".live-tile").all()]
    page.mouse.move(boxes[1]["x"] + 30, boxes[1]["y"] + 30)
    page.mouse.down()
    page.mouse.move(boxes[4]["x"] + 30, boxes[4]["y"] + 30, steps=12)
    page.mouse.up()
    assert tiles(page)[4] == "rank 3, wrong (other)"

    # keys: the focus stays with the image
    first = page.locator(".live-tile").first
    first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    assert tiles(page)[-1] == "rank 5, right (easy)"
    assert page.evaluate("document.activeElement.innerText") == tiles(page)[-1]
    page.get_by_role("button", name="move forward").click()
    assert "(easy)" in tiles(page)[-2]

    # the protocol decides what is ignored
    page.get_by_label("Protocol").select_option("hard")
    assert sum("ignored" in text for text in tiles(page)) == 4
    assert "AP" in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="Reset").click()
    assert tiles(page)[1] == "rank 1, wrong (other)"
    assert page.complaints == []


def test_a_list_without_a_right_image_says_so(page, tmp_path):
    opened(page, RankedList(["easy", "other"], protocol="hard"), tmp_path)
    assert "does not count" in page.get_by_role("status").inner_text()
    assert page.evaluate(SHOWN)["ap"] is None
    assert page.complaints == []


def test_the_slider_s_numbers_are_python_s(page, tmp_path):
    slider = match_slider()
    opened(page, slider, tmp_path)
    rng = np.random.default_rng(0)
    for _ in range(40):
        values = dict(
            test=str(rng.choice(["ratio", "distance"])),
            ratio=float(rng.uniform()),
            distance=float(rng.uniform(0, 1)),
            mutual=bool(rng.integers(2)),
        )
        shown = put(page, slider, **values)
        assert shown["kept"] == slider.kept.tolist()
        assert shown["counts"] == slider.counts
    assert page.complaints == []


def test_the_threshold_is_moved_by_keys_and_changes_the_lines(page, tmp_path):
    opened(page, match_slider(), tmp_path)
    canvas = page.locator(".live canvas")
    before = canvas.evaluate("c => c.toDataURL()")
    page.get_by_label("Largest ratio").focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.querySelector('.live').shown.counts.matches") < 40
    assert canvas.evaluate("c => c.toDataURL()") != before
    assert page.locator(".live-value").inner_text() == "0.60"
    page.get_by_label("Test").select_option("distance")
    assert page.get_by_label("Largest ratio").is_hidden()
    assert "of 40 keypoints keep their match" in page.get_by_role("status").inner_text()
    assert page.complaints == []


@pytest.mark.parametrize("make", [LossCircle, lambda: RankedList(LABELS), match_slider])
def test_a_telephone_in_the_dark(new_page, tmp_path, make):
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, color_scheme="dark")
    opened(page, make(), tmp_path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("getComputedStyle(document.querySelector('.live')).color") == (
        "rgb(255, 255, 255)"
    )
    assert page.complaints == []
