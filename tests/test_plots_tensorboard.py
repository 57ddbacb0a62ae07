"""An evaluation in TensorBoard: scores, ranked lists, descriptors with thumbnails."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import solar
from solar.cli import main
from solar.plots.tensorboard import THUMB, ranked_strip

YELLOW = (240, 228, 66)
GREEN = (0, 158, 115)
GREY = (153, 153, 153)

COMMAND = [
    "evaluate",
    "roxford5k",
    "--net",
    "net.pth",
    "--root",
    "data",
    "--single-scale",
    "--board",
    "board",
]


@pytest.fixture
def events(place):
    """What a reader of TensorBoard finds after `solar evaluate --board`."""
    assert main(COMMAND) == 0
    return EventAccumulator("board", dict(images=0, scalars=0, tensors=0)).Reload()


def test_a_board_holds_the_scores(events):
    scores = {f"mAP/{protocol}" for protocol in ("easy", "medium", "hard")}
    assert scores < set(events.Tags()["scalars"])


def test_a_board_holds_ranked_lists(events):
    (tag,) = events.Tags()["images"]
    assert tag.startswith("rankings/000 query 0, AP")
    strip = events.Images(tag)[0]
    assert (strip.width, strip.height) == (4 * THUMB, THUMB)


def test_a_board_holds_descriptors_with_words_and_thumbnails(events, place):
    (tensors,) = (place / "board").rglob("tensors.tsv")
    assert np.loadtxt(tensors).shape == (4, 128)  # three images and a query
    labels = (tensors.parent / "metadata.tsv").read_text().splitlines()
    assert labels == [
        "image\tshows",
        "a.jpg\tquery 0",
        "b.jpg\t-",
        "c.jpg\tquery 0",
        "q.jpg\tquery 0",
    ]
    assert Image.open(tensors.parent / "sprite.png").size == (2 * THUMB, 2 * THUMB)


def frames(strip):
    """The colour of each thumbnail's frame."""
    return [strip.getpixel((left + 1, 1)) for left in range(0, strip.width, THUMB)]


def test_frames_tell_right_from_wrong(place):
    bench = solar.load_benchmark("roxford5k", place / "data")
    # the query, then an easy image, junk, a hard image
    assert frames(ranked_strip(bench, 0, [0, 1, 2])) == [YELLOW, GREEN, GREY, GREEN]


def test_frames_know_the_original_labels(benchmark):
    original = replace(benchmark, ground_truth=[dict(ok=[0], junk=[2])])
    assert frames(ranked_strip(original, 0, [0, 2])) == [YELLOW, GREEN, GREY]
