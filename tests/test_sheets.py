"""The shipped weights are those of their data sheets."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import solar
from solar import LocalNet, weights
from solar.files import sha256
from solar.nets import checkpoints
from solar.training import datasheet
from solar.training.config import LOCAL_PRESETS, TrainConfig


@pytest.mark.parametrize("name", weights.names())
def test_shipped_weights_match_their_sheet(name):
    path = checkpoints.path_of(name)
    sheet = json.loads(path.with_suffix(".json").read_text())
    assert (sheet["name"], sheet["sha256"], sheet["bytes"]) == (
        name,
        sha256(path),
        path.stat().st_size,
    )
    local = isinstance(checkpoints.load(name), LocalNet)
    assert sheet["bytes"] <= (2e6 if local else 4e6)
    assert sheet["test"] <= 10 if local else sheet["test"]["medium"] >= 55  # FPR95; mAP
    assert sheet["parameters"] == sum(p.numel() for p in checkpoints.load(name).parameters())


def test_the_networks_of_the_book_are_shipped():
    assert {"mini-gem", "mini-solar", "mini-sosnet", "mini-solar-local"} <= set(weights.names())


@pytest.mark.parametrize("name", ["mini-sosnet", "mini-solar-local"])
def test_local_sheets_are_runs_of_the_book(name):
    sheet = json.loads(checkpoints.path_of(name).with_suffix(".json").read_text())
    results = json.loads(
        (Path(__file__).parents[1] / "book" / "results" / "local.json").read_text()
    )
    (run,) = [
        run
        for run in results["runs"]
        if (run["net"], run["seed"]) == (name, sheet["config"]["seed"])
    ]
    assert (run["validation"], run["test"]) == (sheet["validation"], sheet["test"])
    defaults = dict(
        vars(LOCAL_PRESETS["mini-local"]), output=f"{name}.pth", soa=sheet["config"]["soa"]
    )
    assert sheet["config"] == defaults  # made by the command that the book gives


def test_only_the_mini_world_is_scored_on_its_own_benchmarks(tmp_path, monkeypatch):
    monkeypatch.setattr(
        datasheet, "percent", lambda net, benchmark, image_size: {benchmark: image_size}
    )
    net = solar.GlobalNet("mini")
    path = solar.save(net, tmp_path / "net.pth")
    config = TrainConfig(data="mini-gl18")
    mini = datasheet.write_sheet(net, path, config)
    assert (mini["validation"], mini["test"]) == ({"mini-validation": 256}, {"mini-revisitop": 256})
    other = datasheet.write_sheet(net, path, replace(config, data="/data/gl18"), landmarks=3)
    assert not {"validation", "test"} & other.keys()
    assert other["landmarks"] == 3
    assert json.loads(path.with_suffix(".json").read_text()) == other
