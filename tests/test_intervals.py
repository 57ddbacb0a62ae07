"""Intervals: how wide they are, what is drawn together, and where they come from."""

import numpy as np
import pytest

from solar import intervals


def width(interval):
    return interval.high - interval.low


# ---- bootstrap -----------------------------------------------------------------------------------


def test_the_interval_is_that_of_the_normal_distribution_for_many_values():
    values = np.random.default_rng(0).normal(3, 2, 400)
    interval = intervals.bootstrap(values)
    assert interval.mean == values.mean()
    assert width(interval) == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_a_detectable_difference_is_found_in_four_of_five_experiments():
    """Draw many experiments whose true difference is the detectable one; count the findings."""
    rng = np.random.default_rng(0)
    size = intervals.bootstrap(rng.normal(0, 1, 100)).detectable
    found = 0
    for _ in range(300):
        # draws of an experiment, and its interval by the normal distribution
        values = rng.normal(size, 1, 100)
        error = values.std(ddof=1) / 10
        found += values.mean() - 1.96 * error > 0
    assert found / 300 == pytest.approx(0.8, abs=0.07)


def test_the_same_seed_gives_the_same_interval_and_another_does_not():
    values = np.random.default_rng(0).normal(size=50)
    assert intervals.bootstrap(values) == intervals.bootstrap(values)
    assert intervals.bootstrap(values) != intervals.bootstrap(values, seed=1)


def test_unknown_values_are_left_out():
    known = intervals.bootstrap([1.0, 2.0, 4.0])
    assert intervals.bootstrap([1.0, np.nan, 2.0, 4.0]) == known
    assert intervals.bootstrap([1.0, np.nan, 2.0], groups=[0, 0, 1]).mean == 1.5


def test_values_of_one_group_stay_together():
    """Ten copies of five values say no more than the five: the interval must not shrink."""
    values = np.random.default_rng(0).normal(size=5)
    copies = np.repeat(values, 10)
    groups = np.repeat(np.arange(5), 10)
    grouped = intervals.bootstrap(copies, groups)
    assert width(grouped) == pytest.approx(width(intervals.bootstrap(values)), rel=0.1)
    assert width(intervals.bootstrap(copies)) < 0.5 * width(grouped)


def test_large_groups_count_for_as_many_values_as_they_have():
    interval = intervals.bootstrap([0.0, 0, 0, 4], groups=["a", "a", "a", "b"])
    assert interval == (1.0, 0.0, 4.0)


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_nothing_to_draw_from_is_refused(values):
    with pytest.raises(ValueError, match="no value to draw from"):
        intervals.bootstrap(values)


def test_a_label_for_each_value_is_needed():
    with pytest.raises(ValueError, match="2 group labels for 3 values"):
        intervals.bootstrap([1.0, 2.0, 3.0], groups=[0, 1])


# ---- two methods on the same queries -------------------------------------------------------------


def test_a_paired_difference_cancels_what_both_have_in_common():
    rng = np.random.default_rng(0)
    queries = rng.uniform(0, 1, 60)  # some queries are hard for both methods
    found = intervals.paired_bootstrap(queries + 0.1, queries)
    assert found["difference"] == pytest.approx(0.1)
    assert found["high"] - found["low"] < 1e-9
    assert found["better"] == 1


def test_paired_queries_that_one_method_does_not_know_are_left_out():
    found = intervals.paired_bootstrap([0.5, np.nan, 0.7], [0.4, 0.1, np.nan])
    assert found["difference"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([0.1, 0.2], [0.1], "one AP per query"),
        ([np.nan], [0.1], "no query has a positive"),
    ],
)
def test_pairs_that_cannot_be_compared_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        intervals.paired_bootstrap(a, b)


# ---- training runs and landmarks -----------------------------------------------------------------


def test_the_interval_over_seeds_is_students():
    mean, low, high = intervals.over_seeds(np.array([1.0, 2, 3, 4, 5]))
    half = 2.776445 * np.sqrt(2.5 / 5)  # the 97.5 % quantile for four degrees of freedom
    assert mean == 3
    assert high == pytest.approx(3 + half)
    assert low == pytest.approx(3 - half)


def test_queries_are_averaged_by_landmark_and_unknown_landmarks_left_out():
    values = np.array([[1.0, 3, np.nan, 7, np.nan, np.nan], [2.0, 4, np.nan, 9, np.nan, np.nan]])
    assert intervals.by_landmark(values).tolist() == [[2, 7], [3, 9]]
    assert intervals.by_landmark(values[0], queries=3).tolist() == [2, 7]


def test_the_crossed_interval_knows_both_sources_of_chance():
    rng = np.random.default_rng(0)
    seeds = rng.normal(0, 1, (8, 1))
    landmarks = rng.normal(0, 2, (1, 60))

    def crossed(differences):
        return width(intervals.over_both(np.broadcast_to(differences, (8, 60))))

    of_seeds = crossed(seeds)
    of_landmarks = crossed(landmarks)
    assert of_seeds == pytest.approx(2 * 1.96 * seeds.std() / 8**0.5, rel=0.15)
    assert of_landmarks == pytest.approx(2 * 1.96 * landmarks.std() / 60**0.5, rel=0.15)
    assert crossed(seeds + landmarks) == pytest.approx(np.hypot(of_seeds, of_landmarks), rel=0.1)
