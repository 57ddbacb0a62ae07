"""`solar evaluate` among distractors of every kind, and its results in TensorBoard."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from test_cli import place  # noqa: F401
from test_description import texture

import solar
from solar.cli import main
from solar.plots.tensorboard import THUMB, ranked_strip

COMMAND = "evaluate roxford5k --net net.pth --root data --single-scale".split()


@pytest.fixture
def more(place):  # noqa: F811
    """A list of distractors beside the benchmark, by the published name."""
    jpg = place / "data" / "revisitop1m" / "jpg"
    jpg.mkdir(parents=True)
    for i in range(6):
        texture(i).save(jpg / f"{i}.jpg")
    (jpg.parent / "revisitop1m.txt").write_text("".join(f"{i}.jpg\n" for i in range(6)))
    return jpg


def test_distractors_of_every_kind_give_one_score(place, more, capsys):  # noqa: F811
    assert main("extract revisitop1m --net net.pth --root data --single-scale --out s".split()) == 0
    rows = np.load("s/descriptors.npy")
    torch.save(torch.from_numpy(rows).T.contiguous(), "published.pt")
    told = []
    for name in ("s", "published.pt", "revisitop1m"):
        capsys.readouterr()
        assert main([*COMMAND, "--json", "--distractors", name]) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0]["ap"] == told[1]["ap"] == told[2]["ap"]
    made = told[0]["provenance"]
    assert (made["network"], made["dataset"], made["distractors"], made["images"]) == (
        "net",
        "roxford5k",
        6,
        3,
    )
    assert made["stores"][0]["sha256"] == made["sha256"]
    (store,) = (place / "home" / "stores").iterdir()  # kept for the next time
    assert store.name.startswith("revisitop1m-net-") and len(solar.Store.open(store)) == 6
    assert main([*COMMAND, "--distractors", "s", "published.pt"]) == 0


def test_distractors_of_other_making_are_refused(place, more, capsys):  # noqa: F811
    assert main("extract revisitop1m --net net.pth --root data --out three".split()) == 0
    torch.manual_seed(1)
    solar.save(solar.GlobalNet("mini"), "other.pth")
    assert (
        main("extract revisitop1m --net other.pth --root data --single-scale --out other".split())
        == 0
    )
    (more / "3.jpg").write_bytes(b"no picture")
    for name, message in (
        ("three", "described with scales"),
        ("other", "described with sha256"),
        ("absent.pt", "no store of descriptors"),
        ("nosuch", "unknown benchmark 'nosuch'"),
        ("revisitop1m", "1 images of revisitop1m cannot be read"),
    ):
        capsys.readouterr()
        assert main([*COMMAND, "--distractors", name]) == 2
        assert message in capsys.readouterr().err.strip().splitlines()[-1]


def test_a_board_holds_scores_lists_and_descriptors(place, capsys):  # noqa: F811
    assert main([*COMMAND, "--board", "board"]) == 0
    events = EventAccumulator("board", dict(images=0, scalars=0, tensors=0)).Reload()
    assert {f"mAP/{p}" for p in ("easy", "medium", "hard")} < set(events.Tags()["scalars"])
    (tag,) = events.Tags()["images"]
    assert tag.startswith("rankings/000 query 0, AP")
    assert (events.Images(tag)[0].width, events.Images(tag)[0].height) == (4 * THUMB, THUMB)
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


def test_frames_tell_right_from_wrong(place):  # noqa: F811
    bench = solar.load_benchmark("roxford5k", place / "data")
    strip = ranked_strip(bench, 0, [0, 1, 2])
    found = [strip.getpixel((i * THUMB + 1, 1)) for i in range(4)]
    assert found == [
        (240, 228, 66),
        (0, 158, 115),
        (153, 153, 153),
        (0, 158, 115),
    ]  # query, easy, junk, hard
