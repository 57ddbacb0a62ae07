"""Figures of chapters 9 and 10: the protocol's lists and precision, distractors, costs."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.offsetbox import AnnotationBbox

from solar import plots

pytestmark = pytest.mark.usefixtures("offscreen_figures")


def test_the_area_is_the_average_precision():
    plots.precision_steps([True, False, True, False, False, True])  # ranks 0, 2, 5
    top, curve = plt.gcf().axes
    areas = [np.trapezoid(line.get_ydata(), line.get_xdata()) for line in curve.lines]
    heights = [float(text.get_text()) for text in curve.texts]
    assert sum(areas) == pytest.approx(0.677778, abs=1e-6)
    assert np.mean(heights) == pytest.approx(0.6778, abs=0.005)
    words = [text.get_text() for text in top.texts]
    assert words == ["right", "wrong", "right", "wrong", "wrong", "right"]


def test_each_protocol_drops_what_it_ignores(benchmark):
    plots.protocol_lists(benchmark, np.array([3, 2, 1, 0]), 0, length=3)
    titles = [axis.get_title() for axis in plt.gcf().axes]
    assert titles[1:4] == ["other", "junk", "hard"]  # the whole list, with labels
    assert titles[5:7] == ["wrong", "right: easy"]  # easy: hard and junk fall out
    assert titles[9:12] == ["wrong", "right: hard", "right: easy"]  # medium: junk falls out
    assert titles[13:15] == ["wrong", "right: hard"]  # hard: easy and junk fall out


def test_thumbnails_stand_at_their_places(benchmark):
    plots.thumbnail_map(np.arange(8.0).reshape(4, 2), benchmark.images, ["red"] * 4)
    boxes = [child for child in plt.gca().get_children() if isinstance(child, AnnotationBbox)]
    assert [tuple(box.xy) for box in boxes] == [(0, 1), (2, 3), (4, 5), (6, 7)]


def test_queries_that_gained_and_lost_are_told_apart():
    plots.each_query(np.array([0.1, 0.5]), np.array([0.2, 0.4]), ("a", "b"))
    _, gained, lost = plt.gca().lines
    assert gained.get_xydata().tolist() == [[10, 20]]
    assert lost.get_xydata().tolist() == [[50, 40]]


def test_falling_scores_have_a_curve_for_each_protocol():
    score = dict(easy=0.9, medium=0.8, hard=0.7)
    plots.falling_scores({"real": ([1, 10], [score, score]), "simulated": ([10], [score])})
    assert len(plt.gca().lines) == 6
    assert plt.gca().lines[1].get_ydata().tolist() == [80, 80]


def test_costs_are_seconds_and_memory_of_the_named_ways():
    runs = dict(
        plain=[dict(images=10, seconds=4, gb=2)],
        ours=[dict(images=10, seconds=1, gb=0.1)],
        unnamed=[dict(images=10, seconds=9, gb=9)],
    )
    plots.costs(runs, dict(plain="plain way", ours="counting"))
    left, right = plt.gcf().axes
    assert [line.get_ydata()[0] for line in left.lines] == [4, 1]
    assert [line.get_ydata()[0] for line in right.lines] == [2, 0.1]
