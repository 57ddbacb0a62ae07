"""Live figures: numbers are those of the package, states are checked, stills and words follow."""

import base64
import io
import math

import numpy as np
import pytest
import torch
import traitlets
from PIL import Image

from solar.explorer import LossCircle, MatchSlider, RankedList
from solar.explorer.matches import nearest_pairs
from solar.local import LocalFeatures, match
from solar.search import evaluate_lists, precision_at
from solar.training import second_order_loss, triplet_loss

LABELS = ["easy", "other", "hard", "junk", "easy", "other"]


def features(seed, count=12, width=8):
    """Made-up keypoints and descriptors."""
    rng = np.random.default_rng(seed)
    descriptors = rng.normal(size=(count, width)).astype(np.float32)
    descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
    keypoints = rng.uniform(0, 30, (count, 4)).astype(np.float32)
    return LocalFeatures(keypoints, descriptors)


def slider(**state):
    """A slider over made-up features; what lies in the left half is right."""
    image = Image.new("RGB", (32, 32))
    left = lambda here, there: here[:, 0] < 15  # noqa: E731
    return MatchSlider(image, image, features(0), features(1, 20), left, **state)


# ---- the loss circle


@pytest.mark.parametrize("seed", range(5))
def test_losses_and_pushes_are_those_of_small_steps(seed):
    q, p, n = np.random.default_rng(seed).uniform(-180, 180, 3)
    circle = LossCircle(q=q, p=p, n=n)
    step = 1e-4  # degrees
    for loss, pushes in circle.pushes.items():
        for name, push in pushes.items():
            at = getattr(circle, name)
            setattr(circle, name, at + step)
            above = circle.losses[loss]
            setattr(circle, name, at - step)
            below = circle.losses[loss]
            setattr(circle, name, at)
            slope = (above - below) / math.radians(2 * step)
            assert push == pytest.approx(-slope, abs=1e-5)


def test_losses_are_those_of_training():
    circle = LossCircle(q=10, p=60, n=200, margin=3.5)
    points = [torch.tensor([math.cos(a), math.sin(a)]) for a in np.radians([10, 60, 200])]
    q = points[0][None]
    p = points[1][None]
    n = points[2][None, None]
    assert circle.losses["triplet"] == pytest.approx(triplet_loss(q, p, n, 3.5).item(), abs=1e-5)
    assert circle.losses["second order"] == pytest.approx(second_order_loss(q, p, n).item(), 1e-5)
    assert circle.distances["qp"] == pytest.approx(2 - 2 * math.cos(math.radians(50)))


def test_a_circle_where_query_and_positive_meet_pushes_nothing_of_second_order():
    pushes = LossCircle(q=30, p=30, n=100).pushes["second order"]
    assert pushes == {"q": 0, "p": 0, "n": 0}


# ---- the ranked list


@pytest.mark.parametrize("protocol", ["easy", "medium", "hard"])
@pytest.mark.parametrize("seed", range(4))
def test_a_list_is_scored_as_evaluate_does(protocol, seed):
    order = np.random.default_rng(seed).permutation(6).tolist()
    ranked = RankedList(LABELS, order=order, protocol=protocol, k=5)
    truth = {
        name: [i for i, label in enumerate(LABELS) if label == name]
        for name in ("easy", "hard", "junk")
    }
    report = evaluate_lists([truth], np.array([order]))
    assert ranked.ap == pytest.approx(report.map[protocol])
    assert ranked.precision == precision_at(ranked.ranks, 5)
    assert ranked.precision == pytest.approx(report.precision[protocol][5][0])


def test_a_list_without_a_right_image_has_no_score():
    ranked = RankedList(["junk", "other"])
    assert math.isnan(ranked.ap)
    assert math.isnan(ranked.precision)
    assert "does not count" in repr(ranked)


def test_a_query_s_list_has_its_labels(benchmark):
    ranked = RankedList.of_query(benchmark, [3, 1, 0, 2], 0, length=3)
    assert ranked.labels == ["other", "hard", "easy"]
    assert len(ranked.thumbnails) == 3


@pytest.mark.parametrize(
    "labels, images, words",
    [
        ([], None, "0 images"),
        (["easy"] * 41, None, "41 images"),
        (["easy", "good"], None, "label 'good'"),
        (["easy"], [], "0 images for 1 labels"),
    ],
)
def test_what_is_no_list_is_refused(labels, images, words):
    with pytest.raises(ValueError, match=words):
        RankedList(labels, images)


# ---- the match slider


@pytest.mark.parametrize("ratio", [0.3, 0.7, 0.85, 0.95, 1.0])
@pytest.mark.parametrize("mutual", [True, False])
def test_matches_are_those_of_match(ratio, mutual):
    shown = slider(ratio=ratio, mutual=mutual)
    right = match(features(0).descriptors, features(1, 20).descriptors, ratio, mutual)
    assert np.array_equal(shown.matches, right)
    assert shown.counts["right"] == (features(0).keypoints[right[:, 0], 0] < 15).sum()
    assert shown.counts["right"] + shown.counts["wrong"] == shown.counts["matches"]


def test_a_distance_is_a_threshold_too():
    shown = slider(test="distance", distance=1.0, mutual=False)
    a = features(0).descriptors
    b = features(1, 20).descriptors
    near = np.linalg.norm(a[:, None] - b[None], axis=2).min(1)
    assert shown.kept.tolist() == np.flatnonzero(near < 1.0).tolist()
    assert 0 < len(shown.kept) < 12


def test_a_single_descriptor_passes_every_ratio():
    numbers, distances, returned = nearest_pairs(np.eye(2), np.eye(2)[:1])
    assert numbers.tolist() == [0, 0]
    assert (distances[:, 1] > 1e6).all()
    assert returned.tolist() == [True, False]


def test_a_photograph_without_keypoints_is_refused():
    image = Image.new("RGB", (32, 32))
    nothing = LocalFeatures(np.zeros((0, 4), np.float32), np.zeros((0, 8), np.float32))
    with pytest.raises(ValueError, match="the second photograph: no keypoints"):
        MatchSlider(image, image, features(0), nothing)


# ---- all of them

FIGURES = {
    "circle": LossCircle,
    "list": lambda: RankedList(LABELS),
    "matches": slider,
}
WRONG = [
    ("circle", "q", math.nan),
    ("circle", "p", 361),
    ("circle", "n", "north"),
    ("circle", "margin", -1),
    ("list", "order", [0, 0, 1, 2, 3, 4]),
    ("list", "protocol", "original"),
    ("list", "k", 0),
    ("matches", "ratio", 1.1),
    ("matches", "distance", None),
    ("matches", "test", "angle"),
]


@pytest.mark.parametrize("figure, name, value", WRONG)
def test_a_wrong_state_is_refused_by_its_name(figure, name, value):
    shown = FIGURES[figure]()
    before = getattr(shown, name)
    with pytest.raises(traitlets.TraitError, match=f"^{name} = "):
        setattr(shown, name, value)
    assert getattr(shown, name) == before


@pytest.mark.parametrize(
    "figure, changes",
    [
        ("circle", dict(q=np.float32(20), margin=0.5, show_second=False)),
        ("list", dict(order=[5, 4, 3, 2, 1, 0], protocol="hard", k=np.int64(2))),
        ("matches", dict(ratio=0.4, mutual=False)),
    ],
)
def test_stills_and_words_follow_the_state_and_reset_sets_it_back(figure, changes):
    shown = FIGURES[figure]()
    before = shown.preview().tobytes()
    words = shown.alternative()
    start = {name: getattr(shown, name) for name in shown.STATE}
    for name, value in changes.items():
        setattr(shown, name, value)
    assert shown.preview().tobytes() != before
    assert shown.alternative() != words
    shown.reset()
    assert {name: getattr(shown, name) for name in shown.STATE} == start
    assert shown.preview().tobytes() == before


@pytest.mark.parametrize("figure", FIGURES)
def test_a_reader_without_javascript_gets_words_and_an_image(figure):
    shown = FIGURES[figure]()
    bundle, _ = shown._repr_mimebundle_()
    assert bundle["text/plain"] == repr(shown)
    still = Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"])))
    assert min(still.size) > 200
    # the same picture and its words travel with the widget, for pages that cannot run it
    assert shown.still == f"data:image/jpeg;base64,{bundle['image/jpeg']}"
    assert shown.words == shown.alternative()


@pytest.mark.parametrize("figure", FIGURES)
def test_a_saved_page_asks_for_nothing(figure, tmp_path):
    page = FIGURES[figure]().save_html(tmp_path / "page.html", title="<b>")
    text = page.read_text(encoding="utf-8")
    assert "&lt;b&gt;" in text
    assert text.count("</script>") == 3
    assert "https://" not in text
