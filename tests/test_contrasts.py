"""Differences between arms: pairing, correction, power and slopes, on small invented numbers."""

import numpy as np
import pytest

from solar.intervals import Interval, over_both
from solar.training import contrasts
from solar.world.recipes import DATASETS


def results_of(**arms):
    """Results of runs on a benchmark 'x': arm -> (seeds, queries)."""
    runs = []
    for arm, rows in arms.items():
        for seed, row in enumerate(rows):
            ap = {"x": {protocol: list(row) for protocol in ("easy", "medium", "hard")}}
            runs.append(dict(arm=arm, seed=seed, sos=0.0, ap=ap))
    return dict(runs=runs[::-1])


def test_runs_are_paired_by_seed_and_averaged_by_landmark():
    # two landmarks with two queries each; the last query has no positive
    results = results_of(a=[[10, 20, 30, None], [20, 30, 40, None]], b=[[10] * 4, [20] * 4])
    points = contrasts.differences(results, dict(arm="a"), dict(arm="b"), "x", "hard")
    assert points.tolist() == [[5, 20], [5, 20]]


def test_other_seeds_other_benchmarks_and_no_runs_are_refused():
    results = results_of(a=[[1, 2], [3, 4]], b=[[1, 2]])
    with pytest.raises(ValueError, match="nothing to pair"):
        contrasts.differences(results, dict(arm="a"), dict(arm="b"), "x", "hard")
    with pytest.raises(ValueError, match="not measured on y"):
        contrasts.precisions_of(contrasts.runs_of(results, arm="a"), "y", "hard")
    with pytest.raises(ValueError, match="no run with arm=c"):
        contrasts.runs_of(results, arm="c")


def test_many_contrasts_have_wider_intervals_than_one():
    rng = np.random.default_rng(0)
    results = results_of(a=rng.normal(50, 5, (5, 40)), b=rng.normal(50, 5, (5, 40)))
    pairs = [(dict(arm="a"), dict(arm="b"))] * 4
    many = contrasts.contrasts(results, pairs, "x")
    one = contrasts.contrasts(results, pairs, "x", corrected=False)
    assert len(many) == 12
    assert many[0].level == pytest.approx(100 - 5 / 12)
    assert many[0].interval.mean == one[0].interval.mean
    assert many[0].interval.low < one[0].interval.low
    assert many[0].interval.high > one[0].interval.high


def test_a_level_of_95_is_the_usual_interval():
    points = np.random.default_rng(0).normal(1, 2, (5, 40))
    assert over_both(points) == over_both(points, level=95.0)


def test_spreads_find_what_was_put_in():
    rng = np.random.default_rng(0)
    points = rng.normal(0, 2, (60, 1)) + rng.normal(0, 6, 400) + rng.normal(0, 3, (60, 400))
    assert np.allclose(contrasts.spreads(points), (2, 6, 3), rtol=0.25)


def test_what_is_detectable_is_seen_in_four_of_five_trials():
    # landmarks alone differ, by 6 points: 2.8 standard errors
    rng = np.random.default_rng(0)
    points = np.repeat(rng.normal(0, 6, (1, 100)), 5, 0)
    deviation = points[0].std(ddof=1)
    seen = contrasts.detectable(points)
    assert seen == pytest.approx(2.802 * deviation / 10, rel=1e-3)
    assert contrasts.landmarks_needed(points, seen) == pytest.approx(100)
    # where seeds alone differ, landmarks do not help
    assert contrasts.landmarks_needed(np.arange(5.0)[:, None] * np.ones(20), 0.1) == float("inf")


def test_slopes_are_those_of_least_squares():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(4, 2, 3))
    x = np.log2([1, 2, 3, 5])
    slopes = contrasts.slopes(points, x)
    assert slopes[1, 2] == pytest.approx(np.polyfit(x, points[:, 1, 2], 1)[0])
    with pytest.raises(ValueError, match="two or more"):
        contrasts.slopes(points, [1, 1, 1, 1])


def test_a_verdict_needs_an_interval_on_one_side_of_zero():
    assert contrasts.verdict(Interval(1.0, 0.1, 1.9)) == "a is better"
    assert contrasts.verdict(Interval(-1.0, -1.9, -0.1)) == "a is worse"
    # an end at zero holds zero
    for low, high in ((-0.5, 1.0), (0.0, 1.0), (-1.0, 0.0)):
        assert contrasts.verdict(Interval(0.1, low, high)) == "not told apart"


def test_queries_per_landmark_are_those_of_the_recipes():
    recipes = {name: DATASETS[name].queries for name in contrasts.QUERIES}
    assert recipes == contrasts.QUERIES
