"""The table of local networks, on toy patches, one photograph and one landmark."""

import importlib
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from test_local_training import toy

from solar.local.metrics import raw_pixels
from solar.training import local_task
from solar.training.config import LOCAL_PRESETS
from solar.world.photographs import PHOTOGRAPHS

ROOT = Path(__file__).resolve().parents[1]
CHINA = PHOTOGRAPHS[16]


@pytest.fixture
def tools(monkeypatch):
    """The modules of tools/experiments."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    names = ("local", "local_pairs", "ledger", "running")
    modules = {name: importlib.import_module(f"experiments.{name}") for name in names}
    modules["running"].table_of.cache_clear()
    return SimpleNamespace(**modules)


@pytest.fixture
def tiny(tools, monkeypatch):
    """The table with two arms, two rates and two seeds."""
    settings = dict(ARMS=("none", "even"), CHOOSING_ARMS=("none", "even"), SEEDS=(0, 1))
    for name, value in (settings | dict(WARPS=1, LANDMARKS=1)).items():
        monkeypatch.setattr(tools.local, name, value)
    recipe = tools.local.config_of
    small = lambda *words: replace(recipe(*words), width=2, batch_size=8)  # noqa: E731
    monkeypatch.setattr(tools.local, "config_of", small)
    # no real set is opened
    for module in (tools.local, local_task):
        monkeypatch.setattr(module, "load_patches", lambda name: toy(seed=len(name)))
    monkeypatch.setattr(tools.local.Local, "needs", ())
    monkeypatch.setattr(tools.local, "photographs_at_hand", lambda use: [CHINA])
    monkeypatch.setattr(tools.local_pairs, "KEYPOINTS", 60)
    return tools


def table(tiny, tmp_path, test=True):
    """Do all that is missing; return the results."""
    tiny.running.run_table("local", tmp_path / "work", tmp_path, 1, test)
    return json.loads((tmp_path / "local.json").read_text())


@pytest.mark.slow
def test_all_arms_go_on_from_one_start_and_are_measured(tiny, tmp_path, capsys):
    results = table(tiny, tmp_path, test=False)
    # a start for each seed and one to choose with; two arms at two rates; two arms with two seeds
    assert [run["seed"] for run in results["starts"]] == [tiny.local.CHOOSING_SEED, 0, 1]
    assert len(results["choosing"]) == 4
    runs = results["runs"]
    assert [(run["seed"], run["arm"]) for run in runs] == [
        (0, "none"),
        (0, "even"),
        (1, "none"),
        (1, "even"),
    ]
    hashes = {run["sha256"] for run in [*runs, *results["starts"]]}
    assert len(hashes) == 7  # every training changed its network

    # the test photographs are looked at when that is asked for
    assert "references" not in results and "views" not in runs[0]
    results = table(tiny, tmp_path)
    assert [one["net"] for one in results["references"]] == ["sift", "untrained"]
    for one in [*results["references"], *results["runs"]]:
        assert 0 < one["photographs"]["right"]["china"] < 60
        assert list(one["views"]["precision"]) == ["425000"]
        assert set(one["fpr95"]) == set(tiny.local.TEST)
    assert results["photographs"] == ["china"] and results["landmarks"] == ["425000"]
    assert results["plan"]["primary"]["b"] == "identity"

    # what is done is not done again, what is lost is made again to the bit
    next((tmp_path / "work" / "local" / "records").glob("runs_*even*seed=1.json")).unlink()
    capsys.readouterr()
    assert table(tiny, tmp_path)["runs"][3]["sha256"] == results["runs"][3]["sha256"]
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_one_rate_for_all_arms(tools, tmp_path):
    """The rate is best on average, though not for every arm."""
    work = tools.local.Local(tmp_path)
    grid = [job for job in work.jobs(False) if job.part == "choosing"]
    assert [(job["rate"], job["arm"]) for job in grid] == [
        (3e-3, "none"),
        (3e-3, "soa"),
        (1e-2, "none"),
        (1e-2, "soa"),
    ]
    assert work.chosen_rate(grid) is None
    for job, held_out in zip(grid, (10, 30, 19, 20), strict=True):
        work.ledger.write(job, dict(held_out=held_out))
    assert work.chosen_rate(grid) == 3e-3
    work.ledger.write(grid[3], dict(held_out=22))
    assert work.chosen_rate(grid) == 1e-2
    # now all runs can be named
    runs = [job for job in work.jobs(False) if job.part == "runs"]
    assert len(runs) == 20 and {job["rate"] for job in runs} == {1e-2}


def test_a_run_is_one_of_the_command(tools):
    start = tools.local.config_of(tools.local.start_of(4), "", "start.pth", 3)
    assert start == replace(LOCAL_PRESETS["mini-local"], seed=4, output="start.pth", epochs=3)
    configs = {}
    for arm in tools.local.ARMS:
        job = tools.ledger.Job.of("runs", arm=arm, rate=3e-3, seed=4)
        configs[arm] = tools.local.config_of(job, "start.pth", "net.pth", 3)
    tuned = LOCAL_PRESETS["mini-local-tuned"]
    assert configs["soa"] == replace(tuned, start="start.pth", output="net.pth", lr=3e-3, seed=4)
    # the three arms with blocks differ in the kind of block alone
    for arm in ("identity", "even"):
        assert configs[arm] == replace(configs["soa"], block=arm)
    assert configs["none"] == replace(configs["soa"], soa="", block="none")


def test_better_descriptors_find_more_right_matches(tools):
    scene = tools.local_pairs.scene_of_photograph(CHINA, warps=2)
    assert [pair.b for pair in scene.pairs] == [1, 2]
    counts = tools.local_pairs.count_scene(scene, None)
    assert all(0 < one.right <= one.possible <= one.covisible for one in counts)
    rng = np.random.default_rng(0)

    def noise(patches):
        return rng.normal(size=(len(patches), 32)).astype(np.float32)

    right = []
    for describe in (None, pixels, noise):
        right.append(tools.local_pairs.measure([scene], describe)["right"]["china"])
    assert right[0] > right[1] > right[2] + 20


def pixels(patches):
    """Describe patches by their pixels."""
    return raw_pixels(patches[:, 0])


def test_views_are_two_photographs_of_one_landmark(tools):
    scene = tools.local_pairs.scene_of_landmark(425_000)
    assert len(scene.points) == 2 and len(scene.pairs) == 1
    assert scene.points[0].patches.shape[1:] == (1, 32, 32)
    assert scene.pairs[0].a_in_b.seen.sum() > 20


def test_the_long_table_has_five_starts_one_seed_of_arms_and_no_choice(tools, tmp_path):
    jobs = tools.local.LocalLong(tmp_path).jobs(True)
    assert [job["seed"] for job in jobs if job.part == "starts"] == [0, 1, 2, 3, 4]
    assert {job["seed"] for job in jobs if job.part == "runs"} == {0}
    assert [job["arm"] for job in jobs if job.part == "runs"] == ["none", "soa", "identity", "even"]
    assert not [job for job in jobs if job.part == "choosing"]
    # the starts are measured too
    assert sum(job.part == "test" for job in jobs) == 9
    assert tools.local.LocalLong.start_epochs == LOCAL_PRESETS["mini-local"].epochs
