"""Results that come with the package: each table holds what its plan says, run by run."""

import json
from pathlib import Path

import numpy as np
import pytest

import solar
from solar import plots
from solar.training import contrasts

FOLDER = Path(solar.__file__).parent / "results"
ARMS = {"none", "identity", "even", "soa"}
SEEDS = [0, 1, 2, 3, 4]


def is_table(path):
    """Tell whether a file holds an ablation with the four arms, measured by average precision."""
    results = json.loads(path.read_text(encoding="utf-8"))
    if "plan" not in results or "ap" not in results["runs"][0]:
        return False
    return {run.get("arm") for run in results["runs"]} == ARMS


TABLES = [path.stem for path in sorted(FOLDER.glob("*.json")) if is_table(path)]


@pytest.fixture(params=TABLES)
def results(request):
    return solar.results(request.param)


def has_second_order(run):
    return run.get("sos", 0.0) > 0


def recipes_of(results):
    """The arms, each without and with a second-order loss where the table has both."""
    return {(run["arm"], has_second_order(run)) for run in results["runs"]}


def of(records, arm, second_order):
    """The records of one recipe, in the order of their seeds."""
    found = [run for run in records if (run["arm"], has_second_order(run)) == (arm, second_order)]
    return sorted(found, key=lambda run: run["seed"])


def test_there_are_tables():
    assert "parts" in TABLES


def test_every_recipe_was_run_with_every_seed_at_one_setting(results):
    for recipe in recipes_of(results):
        runs = of(results["runs"], *recipe)
        assert [run["seed"] for run in runs] == SEEDS
        assert len({(run["rate"], run.get("sos")) for run in runs}) == 1


def test_held_out_landmarks_chose_from_one_grid_with_another_seed(results):
    assert not {run["seed"] for run in results["choosing"]} & set(SEEDS)
    grid = {run["rate"] for run in results["choosing"]}
    for recipe in recipes_of(results):
        tried = of(results["choosing"], *recipe)
        assert {run["rate"] for run in tried} == grid
        # the best, or not to learn at all
        best = max(run["held_out"] for run in tried)
        allowed = {run["rate"] for run in tried if run["held_out"] == best}
        assert {run["rate"] for run in of(results["runs"], *recipe)} <= allowed | {0.0}


def test_all_runs_were_measured_on_the_same_queries(results):
    # where a query has no positive, its precision is null in every run
    first, *others = results["runs"]
    for run in others:
        assert run["ap"].keys() == first["ap"].keys()
        for name, ap in run["ap"].items():
            expected = np.isnan(values_of(first["ap"][name]))
            assert np.array_equal(np.isnan(values_of(ap)), expected)


def values_of(ap):
    """Precisions of a run as an array; on a benchmark they are sorted by protocol."""
    return np.array(list(ap.values()) if isinstance(ap, dict) else ap, float)


def test_the_primary_difference_can_be_computed(results):
    primary = results["plan"]["primary"]
    if "share" in primary:
        ours = [run["ap"][primary["share"]] for run in contrasts.runs_of(results, arm="soa")]
        assert np.shape(ours) == (len(SEEDS), 320)
        return
    pair = [dict(arm=primary[side], sos=0.0) for side in "ab"]
    for benchmark in primary.get("benchmarks", [primary.get("benchmark")]):
        points = contrasts.differences(results, *pair, benchmark, primary["protocol"], queries=1)
        assert points.shape[0] == len(SEEDS)
        assert points.shape[1] >= 300
        assert np.isfinite(points).all()


def test_the_plan_is_told(results):
    words = plots.plan_words(results)
    assert results["plan"]["question"] in words
    assert "**primary**" in words
