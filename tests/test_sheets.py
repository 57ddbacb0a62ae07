"""The shipped weights are those of their data sheets."""

import json

import pytest

from solar import checkpoints
from solar.files import sha256


@pytest.mark.parametrize("name", checkpoints.shipped())
def test_shipped_weights_match_their_sheet(name):
    path = checkpoints.path_of(name)
    sheet = json.loads(path.with_suffix(".json").read_text())
    assert (sheet["name"], sheet["sha256"], sheet["bytes"]) == (name, sha256(path), path.stat().st_size)
    assert sheet["bytes"] <= 4e6 and sheet["test"]["medium"] >= 55
    assert sheet["parameters"] == sum(p.numel() for p in checkpoints.load(name).parameters())


def test_both_global_networks_are_shipped():
    assert {"mini-gem", "mini-solar"} <= set(checkpoints.shipped())
