"""`solar evaluate` among distractors of every kind."""

import json

import numpy as np
import pytest
import torch
from samples import texture

import solar
from solar.cli import main

COMMAND = ["evaluate", "roxford5k", "--net", "net.pth", "--root", "data", "--single-scale"]
EXTRACT = ["extract", "revisitop1m", "--root", "data"]


@pytest.fixture
def more(place):
    """A list of distractors beside the benchmark, by the published name."""
    jpg = place / "data" / "revisitop1m" / "jpg"
    jpg.mkdir(parents=True)
    for i in range(6):
        texture(i).save(jpg / f"{i}.jpg")
    (jpg.parent / "revisitop1m.txt").write_text("".join(f"{i}.jpg\n" for i in range(6)))
    return jpg


def evaluated(capsys, distractors):
    """What the command prints for scripts."""
    capsys.readouterr()
    assert main([*COMMAND, "--json", "--distractors", distractors]) == 0
    return json.loads(capsys.readouterr().out)


def test_distractors_of_every_kind_give_one_score(place, more, capsys):
    # a folder of descriptors, a published file of the same, and the images themselves
    assert main([*EXTRACT, "--net", "net.pth", "--single-scale", "--out", "s"]) == 0
    rows = np.load("s/descriptors.npy")
    torch.save(torch.from_numpy(rows).T.contiguous(), "published.pt")
    from_store = evaluated(capsys, "s")
    assert from_store["ap"] == evaluated(capsys, "published.pt")["ap"]
    assert from_store["ap"] == evaluated(capsys, "revisitop1m")["ap"]

    # the report says what it was made of
    made = from_store["provenance"]
    assert made["network"] == "net"
    assert made["dataset"] == "roxford5k"
    assert made["distractors"] == 6
    assert made["images"] == 3
    assert made["stores"][0]["sha256"] == made["sha256"]

    # descriptors of the images are kept for the next time
    (store,) = (place / "home" / "stores").iterdir()
    assert store.name.startswith("revisitop1m-net-")
    assert len(solar.Store.open(store)) == 6
    assert main([*COMMAND, "--distractors", "s", "published.pt"]) == 0


def test_distractors_of_other_making_are_refused(place, more, capsys):
    # described at three scales, described by another network, and a damaged image
    assert main([*EXTRACT, "--net", "net.pth", "--out", "three"]) == 0
    torch.manual_seed(1)
    solar.save(solar.GlobalNet("mini"), "other.pth")
    assert main([*EXTRACT, "--net", "other.pth", "--single-scale", "--out", "other"]) == 0
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
