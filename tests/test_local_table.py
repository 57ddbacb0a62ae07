"""The tool that scores matchers: what it counts, that it resumes, and that jobs do not mix."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import local_table  # noqa: E402

from solar.world.photographs import PHOTOGRAPHS, SPLIT, read_photograph  # noqa: E402
from solar.world.recipes import DATASETS, OTHERS  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """One photograph, two warps, one pair of views, two methods: (folder, rows of both parts)."""
    work = tmp_path_factory.mktemp("jobs")
    settings = local_table.Settings(count=120, longest=240, warps=2)
    methods = ["sift", "untrained"]
    made = local_table.Methods(settings.count)
    china = {"china": PHOTOGRAPHS[16]}
    warps = local_table.run_part("warps", china, methods, work, settings, made)
    views = local_table.run_part("views", {"425000": 425_000}, methods, work, settings, made)
    return work, settings, warps, views


def test_counts_make_sense(table):
    _, _, warps, views = table
    for rows in (warps["sift"]["china"], views["sift"]["425000"]):
        for row in rows:
            assert 0 < row["right"] <= row["matches"]
            assert row["right"] <= row["possible"]
            assert row["precision"] == pytest.approx(row["right"] / row["matches"], abs=1e-4)
    assert len(warps["sift"]["china"]) == 2
    assert warps["sift"]["china"][0]["corner_error"] < 10
    assert warps["sift"]["china"][0]["right"] > 30


def test_finished_jobs_are_read_and_others_are_not_mixed(table, monkeypatch):
    work, settings, warps, _ = table
    monkeypatch.setattr(local_table, "score_warp", lambda *_: {"seconds": -1})
    made = local_table.Methods(settings.count)
    china = {"china": PHOTOGRAPHS[16]}
    again = local_table.run_part("warps", china, ["sift"], work, settings, made)
    assert again["sift"] == warps["sift"]
    other = local_table.Settings(count=121, longest=240, warps=2)
    fresh = local_table.run_part("warps", china, ["sift"], work, other, made)
    assert fresh["sift"]["china"] == [{"seconds": -1}] * 2


def test_new_weights_under_an_old_name_are_another_job(tmp_path):
    weights = tmp_path / "net.pth"
    names = set()
    for content in (b"one", b"two"):
        weights.write_bytes(content)
        path = local_table.job_file(tmp_path, local_table.Settings(), "warps", str(weights), "x")
        names.add(path.name)
    assert len(names) == 2


def test_views_do_not_depend_on_what_warps_are_made_of(tmp_path):
    def names(part, *methods, **settings):
        settings = local_table.Settings(**settings)
        return [local_table.job_file(tmp_path, settings, part, each, "x").name for each in methods]

    assert names("views", "sift", warps=2) == names("views", "sift", warps=8)
    assert names("views", "sift", count=200) != names("views", "sift", count=400)
    assert names("warps", "sift", warps=2) != names("warps", "sift", warps=8)
    # a network of the package is known by its weights
    digests = {name[-17:] for name in names("views", "mini-sosnet", "mini-solar-local", "sift")}
    assert len(digests) == 3


def test_summary_by_hand():
    def pair(right, error):
        return dict(right=right, seconds=1.0, corner_error=error)

    rows = {
        "a": {"x": [pair(10, 0.5), pair(20, None)], "y": [pair(40, 2.0)]},
        "b": {"x": [pair(11, 0.0), pair(21, 0.0)], "y": [pair(41, 0.0)]},
    }
    table = local_table.summary_of(rows, ["right"])
    assert table["a"]["right"][0] == (15 + 40) / 2  # photographs weigh alike
    assert table["b"]["right minus a"] == [1, 1, 1]
    assert table["a"]["homography_auc_1"][0] == pytest.approx((0.25 + 0) / 2, abs=1e-4)
    assert table["a"]["homography_auc_5"][0] == pytest.approx((0.45 + 0.6) / 2, abs=1e-4)
    assert table["b"]["homography_auc_1"] == [1, 1, 1]


def test_methods_of_one_kind_share_their_features_and_tell_their_seconds():
    methods = local_table.Methods(60)
    image = read_photograph(PHOTOGRAPHS[16], 240)
    other = image[:, 20:]
    first = methods("sift+mnn")
    found = first(image, other)
    assert methods("sift+lightglue").features is first.features
    assert methods("sift").features is not first.features
    # the same features and matches as without the keeping
    again = methods("sift")(image, other)
    assert (found.a == again.a).all() and (found.matches == again.matches).all()
    assert found.seconds > 0 and len(first.features.kept) == 2


def test_no_dataset_shows_the_landmarks_of_the_views():
    seeds = set(range(local_table.FIRST_LANDMARK, local_table.FIRST_LANDMARK + 1000))
    for recipe in DATASETS.values():
        if recipe.kind != "photographs":
            assert not seeds & set(range(recipe.first, recipe.first + recipe.landmarks))
            assert recipe.first + OTHERS not in seeds
    assert {PHOTOGRAPHS[n].name for n in SPLIT["test"]} >= {"china", "flower"}


def test_the_command_writes_what_it_prints(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(local_table, "RESULTS", tmp_path)
    words = ["--work", str(tmp_path / "jobs"), "--landmarks", "0", "--photographs", "1"]
    local_table.main([*words, "--warps", "1", "--count", "60", "--name", "trial"])
    result = json.loads((tmp_path / "local_trial.json").read_text())
    assert result["settings"]["count"] == 60 and "torch" in result["versions"]
    assert str(tmp_path) not in result["command"] and "--work DIR" in result["command"]
    assert result["threads"] == 1 and result["processor_hours"] >= 0
    assert result["warps"]["pairs"]["sift"]["china"][0]["right"] > 10
    assert "views" not in result
    low, high = result["warps"]["summary"]["sift"]["right"][1:]
    assert np.isfinite([low, high]).all()
    assert '"precision"' in capsys.readouterr().out
