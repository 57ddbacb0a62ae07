"""The ablation: its arithmetic, its runs on a tiny world, and the committed results."""

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from solar.training import ablation
from solar.world import Recipe, write

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "solar" / "results" / "ablation.json"
ARMS = {"neither", "SOS", "SOA", "both"}


def results_of(**arms):
    """Results with the given average precisions, (seeds, queries), in every protocol."""
    runs = []
    for arm, rows in arms.items():
        for seed, row in enumerate(rows):
            ap = {protocol: list(row) for protocol in ablation.PROTOCOLS}
            runs.append(dict(arm=arm, seed=seed, ap=ap))
    return dict(start={}, choosing=[], runs=runs)


def test_a_gain_is_the_mean_over_seeds_and_landmarks():
    # two seeds; two landmarks with two queries each, the last of which has no positive
    a = [[10.0, 20, 30, None], [20.0, 30, 40, None]]
    b = [[10.0, 10, 10, None], [10.0, 10, 10, None]]
    mean, low, high = ablation.gain(results_of(a=a, b=b), "a", "b", "hard")
    assert mean == pytest.approx(np.mean([[5, 20], [15, 30]]))
    # of so few, the extremes are drawn often
    assert low == pytest.approx(5)
    assert high == pytest.approx(30)


def test_runs_are_sorted_by_seed_and_arms_are_in_order():
    results = results_of(b=[[1.0, 2]], a=[[3.0, 4], [5.0, 6]])
    results["runs"].reverse()
    assert ablation.precisions(results, "a", "hard").tolist() == [[3, 4], [5, 6]]
    assert ablation.arms_of(results) == ["a", "b"]


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"tools/ablation\.py makes them"):
        ablation.load_ablation(tmp_path / "none.json")
    (tmp_path / "x.json").write_text('{"runs": []}')
    with pytest.raises(ValueError, match=r"it has no choosing, start"):
        ablation.load_ablation(tmp_path / "x.json")


@pytest.fixture
def tool(monkeypatch):
    """tools/ablation.py."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("ablation")


@pytest.fixture
def tiny(tool, monkeypatch, tmp_path):
    """Return the tool in a tiny world."""
    recipe = Recipe("train", 10_000, 8, 3)
    folder = write(recipe, tmp_path / "train", "tiny", workers=1, progress=False)
    small = dict(
        data=str(folder),
        epochs=2,
        lr_decay=0.3,
        image_size=96,
        queries_per_epoch=8,
        batch_size=4,
        photos_per_landmark=3,
        negatives=3,
    )
    monkeypatch.setattr(tool, "COMMON", small)
    monkeypatch.setattr(tool, "LANDMARKS", Recipe("benchmark", 400_000, 2, 4, queries=2))
    monkeypatch.setattr(tool, "write", lambda *a: write(*a, workers=1, progress=False))
    monkeypatch.setattr(tool, "SEEDS", (0, 1))
    monkeypatch.setattr(tool, "WEIGHTS", (0.5, 2.0))
    return tool


@pytest.mark.slow
def test_runs_are_resumed_and_repeat_to_the_bit(tiny, tmp_path, monkeypatch, capsys):
    # all runs: two arms choose among two weights, five arms are reported with two seeds
    tiny.everything(tmp_path / "a", tmp_path / "a.json")
    whole = ablation.load_ablation(tmp_path / "a.json")
    assert len(whole["choosing"]) == 4
    assert len(whole["runs"]) == 10
    assert len({record["sha256"] for record in whole["runs"]}) == 10

    # three runs are there, the others are done again: one that chooses, five that are reported
    cut = whole | dict(choosing=whole["choosing"][:3], runs=[])
    (tmp_path / "b.json").write_text(json.dumps(cut))
    monkeypatch.setattr(tiny, "SEEDS", (0,))
    capsys.readouterr()
    tiny.everything(tmp_path / "a", tmp_path / "b.json")
    assert len(capsys.readouterr().out.splitlines()) == 6

    again = ablation.load_ablation(tmp_path / "b.json")["runs"]
    of_arm = {record["arm"]: record for record in again}
    for record in whole["runs"]:
        if record["seed"] == 0:
            for key in ("sha256", "ap", "sos"):
                assert of_arm[record["arm"]][key] == record[key]


def test_the_control_gathers_nothing_from_other_positions(tool):
    soa = tool.OwnPositionOnly(8, 2).eval()
    torch.nn.init.normal_(soa.v.weight)
    x = torch.randn(1, 8, 3, 4)
    changed = x.clone()
    changed[..., 0, 0] += 1
    before = soa(x)
    after = soa(changed)
    assert not torch.equal(before[..., 0, 0], after[..., 0, 0])
    assert torch.equal(before[..., 1:, :], after[..., 1:, :])


def test_of_equal_scores_the_smaller_weight_is_chosen(tool):
    runs = [
        dict(arm="SOS", sos=sos, held_out=held_out) for sos, held_out in ((2, 7), (1, 7), (9, 6))
    ]
    assert tool.best_weight(runs, "SOS") == 1


@pytest.fixture(scope="module")
def committed():
    """Return the results of the book."""
    return ablation.load_ablation(RESULTS)


def test_every_arm_was_run_with_every_seed(committed):
    runs = committed["runs"]
    seeds = {record["seed"] for record in runs}
    assert seeds == set(range(len(seeds)))
    assert len(seeds) >= 5
    wanted = [(arm, seed) for arm in ARMS for seed in seeds]
    assert sorted((record["arm"], record["seed"]) for record in runs) == sorted(wanted)
    assert len({record["sha256"] for record in runs}) == len(runs)


def test_runs_are_what_their_arm_says(committed):
    for record in committed["runs"]:
        config = record["config"]
        assert config["seed"] == record["seed"]
        assert config["sos"] == record["sos"]
        assert bool(config["soa"]) == (record["arm"] in ("SOA", "both"))
        assert (record["sos"] > 0) == (record["arm"] in ("SOS", "both"))
        assert re.fullmatch(r"[0-9a-f]{64}", record["sha256"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", record["date"])


def test_the_weight_was_chosen_with_another_seed(committed, tool):
    seeds = {record["seed"] for record in committed["runs"]}
    assert not seeds & {record["seed"] for record in committed["choosing"]}
    for arm in ("SOS", "both"):
        weights = {record["sos"] for record in committed["runs"] if record["arm"] == arm}
        assert weights == {tool.best_weight(committed["choosing"], arm)}


def test_every_query_was_scored(committed):
    queries = 2 * committed["landmarks"]["landmarks"]
    for record in committed["runs"]:
        for protocol in ablation.PROTOCOLS:
            assert len(record["ap"][protocol]) == queries


def test_the_table_is_the_arithmetic(committed):
    lines = {}
    for line in ablation.table(committed).splitlines():
        lines[line.split("|")[1].strip()] = line
    for arm in ("SOS", "SOA", "both"):
        means = []
        for record in committed["runs"]:
            if record["arm"] == arm:
                known = [value for value in record["ap"]["hard"] if value is not None]
                means.append(np.mean(known))
        assert f"| {np.mean(means):.2f} ±" in lines[arm]
