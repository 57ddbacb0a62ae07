"""The ablation: its arithmetic, its runs on a tiny world, and the committed results."""

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from solar import intervals
from solar.training import ablation
from solar.world import Recipe, write

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "book" / "results" / "ablation.json"
ARMS = {"neither", "SOS", "SOA", "both"}


def results_of(**arms):
    """Results with the given average precisions, (seeds, queries), in every protocol."""
    runs = [
        dict(arm=arm, seed=seed, ap=dict.fromkeys(ablation.PROTOCOLS, list(row)))
        for arm, rows in arms.items()
        for seed, row in enumerate(rows)
    ]
    return dict(start={}, choosing=[], runs=runs)


def test_a_gain_is_the_mean_over_seeds_and_landmarks():
    a = [
        [10.0, 20, 30, None],
        [20.0, 30, 40, None],
    ]  # two landmarks of two queries; the last has no positive
    b = [[10.0, 10, 10, None], [10.0, 10, 10, None]]
    mean, low, high = ablation.gain(results_of(a=a, b=b), "a", "b", "hard")
    assert mean == pytest.approx(np.mean([[5, 20], [15, 30]]))
    assert low == pytest.approx(5) and high == pytest.approx(
        30
    )  # of so few, the extremes are drawn often


def test_intervals_know_both_sources_of_chance():
    rng = np.random.default_rng(0)
    seeds, landmarks = rng.normal(0, 1, (8, 1)), rng.normal(0, 2, (1, 60))
    width = {
        name: np.ptp(intervals.over_both(np.broadcast_to(d, (8, 60)))[1:])
        for name, d in dict(seeds=seeds, landmarks=landmarks, both=seeds + landmarks).items()
    }
    assert width["seeds"] == pytest.approx(2 * 1.96 * seeds.std() / 8**0.5, rel=0.15)
    assert width["landmarks"] == pytest.approx(2 * 1.96 * landmarks.std() / 60**0.5, rel=0.15)
    assert width["both"] == pytest.approx(np.hypot(width["seeds"], width["landmarks"]), rel=0.1)


def test_the_interval_over_seeds_is_students():
    mean, low, high = intervals.over_seeds(np.array([1.0, 2, 3, 4, 5]))
    assert (mean, high) == (
        3,
        pytest.approx(3 + 2.776445 * np.sqrt(2.5 / 5)),
    ) and low == pytest.approx(6 - high)


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
    """The tool in a tiny world."""
    folder = write(
        Recipe("train", 10_000, 8, 3), tmp_path / "train", "tiny", workers=1, progress=False
    )
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


def test_runs_are_resumed_and_repeat_to_the_bit(tiny, tmp_path, monkeypatch, capsys):
    tiny.everything(tmp_path / "a", tmp_path / "a.json")
    whole = ablation.load_ablation(tmp_path / "a.json")
    assert len(whole["choosing"]) == 4 and len(whole["runs"]) == 10
    assert len({run["sha256"] for run in whole["runs"]}) == 10
    cut = whole | dict(choosing=whole["choosing"][:3], runs=whole["runs"][:0])
    (tmp_path / "b.json").write_text(json.dumps(cut))
    monkeypatch.setattr(tiny, "SEEDS", (0,))
    capsys.readouterr()
    tiny.everything(tmp_path / "a", tmp_path / "b.json")
    assert (
        len(capsys.readouterr().out.splitlines()) == 6
    )  # one to choose, five to report; three are kept
    again = {
        (run["arm"], run["seed"]): run
        for run in ablation.load_ablation(tmp_path / "b.json")["runs"]
    }
    for run in whole["runs"]:
        if run["seed"] == 0:
            same = again[run["arm"], 0]
            assert (same["sha256"], same["ap"], same["sos"]) == (
                run["sha256"],
                run["ap"],
                run["sos"],
            )


def test_alone_gathers_nothing_from_elsewhere(tool):
    soa = tool.Alone(8, 2).eval()
    torch.nn.init.normal_(soa.v.weight)
    x = torch.randn(1, 8, 3, 4)
    changed = x.clone()
    changed[..., 0, 0] += 1
    before, after = soa(x), soa(changed)
    assert not torch.equal(before[..., 0, 0], after[..., 0, 0])
    assert torch.equal(before[..., 1:, :], after[..., 1:, :])


def test_the_committed_results_are_complete():
    results = ablation.load_ablation(RESULTS)
    seeds = {run["seed"] for run in results["runs"]}
    assert seeds == set(range(len(seeds))) and len(seeds) >= 5
    assert sorted((r["arm"], r["seed"]) for r in results["runs"]) == sorted(
        (a, s) for a in ARMS for s in seeds
    )
    for run in results["runs"]:
        assert run["config"]["seed"] == run["seed"] and run["config"]["sos"] == run["sos"]
        assert bool(run["config"]["soa"]) == (run["arm"] in ("SOA", "both"))
        assert (run["sos"] > 0) == (run["arm"] in ("SOS", "both"))
        assert re.fullmatch(r"[0-9a-f]{64}", run["sha256"]) and re.fullmatch(
            r"\d{4}-\d\d-\d\d", run["date"]
        )
    assert len({run["sha256"] for run in results["runs"]}) == len(results["runs"])
    assert len({run["seed"] for run in results["choosing"]} & seeds) == 0
    for arm in ("SOS", "both"):
        best = max(
            (r for r in results["choosing"] if r["arm"] == arm),
            key=lambda r: (r["held_out"], -r["sos"]),
        )["sos"]
        assert {run["sos"] for run in results["runs"] if run["arm"] == arm} == {best}
    queries = {
        len(run["ap"][protocol]) for run in results["runs"] for protocol in ablation.PROTOCOLS
    }
    assert queries == {2 * results["landmarks"]["landmarks"]}


def test_the_table_is_the_arithmetic():
    results = ablation.load_ablation(RESULTS)
    lines = {line.split("|")[1].strip(): line for line in ablation.table(results).splitlines()}
    for arm in ("SOS", "SOA", "both"):
        hard = np.array([run["ap"]["hard"] for run in results["runs"] if run["arm"] == arm], float)
        assert f"| {np.mean([row[~np.isnan(row)].mean() for row in hard]):.2f} ±" in lines[arm]
