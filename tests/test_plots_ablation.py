"""Figures of chapter 8: maps of the arms, runs, differences, landmarks, distances."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from solar import plots

pytestmark = pytest.mark.usefixtures("offscreen_figures")


def test_arms_share_one_scale():
    plots.arms({"identity": np.eye(3), "even": np.full((3, 3), 1 / 3)})
    identity, even = plt.gcf().axes[:2]
    assert [axis.get_title() for axis in (identity, even)] == ["identity", "even"]
    assert identity.images[0].get_clim() == even.images[0].get_clim() == (0, 1)
    np.testing.assert_allclose(even.images[0].get_array(), 1 / 3)


def test_every_run_is_a_point_and_every_arm_has_its_mean():
    plots.all_runs(
        {"medium": {"none": np.array([1.0, 3.0]), "soa": np.array([4.0])}}, {"medium": 2}
    )
    (axis,) = plt.gcf().axes
    start, none, none_mean, soa, soa_mean = axis.lines
    assert list(start.get_ydata()) == [2, 2]
    assert list(none.get_ydata()) == [1, 3]
    assert list(none_mean.get_ydata()) == [2, 2]
    assert list(soa.get_ydata()) == list(soa_mean.get_ydata())[:1] == [4]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["none", "soa"]


def test_the_primary_difference_is_bold():
    rows = {
        "a - b": {"easy": (1.0, 0.0, 2.0), "hard": (-1.0, -3.0, 0.5)},
        "a - c": {"easy": (2.0, 1.0, 3.0)},
    }
    plots.differences_between(rows, primary=("a - b", "hard"))
    (axis,) = plt.gcf().axes
    points = [container.lines[0] for container in axis.containers]
    assert [list(point.get_xdata()) for point in points] == [[1], [-1], [2]]
    sizes = [point.get_markersize() for point in points]
    assert sizes[1] > sizes[0] == sizes[2]
    # the ends of an interval, and the words of each pair
    (bars,) = axis.containers[1].lines[2]
    np.testing.assert_allclose(bars.get_segments()[0][:, 0], [-3, 0.5])
    assert [text.get_text() for text in axis.texts] == ["a - b", "a - c"]


def test_landmarks_are_counted_on_both_sides():
    theirs = np.array([10.0, 20, 30, 40])
    plots.landmark_scatter(theirs, np.array([20.0, 30, 40, 30]), ("identity", "soa"))
    (axis,) = plt.gcf().axes
    assert [text.get_text() for text in axis.texts] == ["3 landmarks", "1 landmarks"]
    assert list(axis.lines[1].get_xdata()) == [10, 20, 30]
    assert axis.get_ylabel() == "average precision, soa"


def test_distances_have_a_line_for_each_seed_and_one_name():
    log = [dict(epoch=0, near=1.0, far=2.0), dict(epoch=1, near=0.5, far=1.5)]
    plots.distances_over_epochs({"slow": [log, log], "fast": [log]}, dict(near="own", far="others"))
    slow, fast = plt.gcf().axes
    assert len(slow.lines) == 4
    assert len(fast.lines) == 2
    assert list(fast.lines[1].get_ydata()) == [2.0, 1.5]
    assert [text.get_text() for text in slow.get_legend().texts] == ["own", "others"]


def test_a_plan_is_told_with_its_days():
    plan = dict(
        question="Does it?", hypotheses=["H1: yes", "H2: no"], primary=dict(a="x", sets={"s-0": 0})
    )
    told = dict(plan=plan, planned="2026-11-25", date="2026-11-26", processor_hours=1, command="m")
    lines = plots.plan_words(told).splitlines()
    assert lines[0] == "- **written on**: 2026-11-25"
    assert "- **hypotheses**: H1: yes; H2: no" in lines
    assert "- **primary**: a = x, sets = (s-0 = 0)" in lines
    assert lines[-1] == "- **run**: finished on 2026-11-26, 1 core hours, `m`"
