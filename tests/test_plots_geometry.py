"""Figures of chapter 12: epipolar lines, votes, methods side by side, shares of errors."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from solar import plots

pytestmark = pytest.mark.usefixtures("offscreen_figures")
IMAGE = np.zeros((20, 40, 3), np.uint8)


def test_an_epipolar_line_passes_through_its_point():
    # the camera moves sideways: lines are rows
    sideways = np.array([[0.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    here = np.array([[3.0, 5.0], [10.0, 12.0]])
    there = np.add(here, [4, 0])
    plots.epipolar_lines(IMAGE, IMAGE, sideways, here, there)
    first, second = plt.gcf().axes
    lines = [line for line in second.lines if len(line.get_xdata()) == 2]
    assert [line.get_ydata().tolist() for line in lines] == [[5, 5], [12, 12]]
    assert lines[0].get_xdata().tolist() == [-0.5, 39.5]
    assert [text.get_text() for text in first.texts] == ["1", "2"]


def test_a_steep_line_is_followed_from_top_to_bottom():
    # the camera moves up: lines are columns
    upwards = np.array([[0.0, 0, 1], [0, 0, 0], [-1, 0, 0]])
    nowhere = np.full((1, 2), np.nan)
    plots.epipolar_lines(IMAGE, IMAGE, upwards, np.array([[3.0, 5.0]]), nowhere)
    first, second = plt.gcf().axes
    (line,) = [line for line in second.lines if len(line.get_xdata()) == 2]
    assert line.get_xdata().tolist() == [3, 3]
    assert line.get_ydata().tolist() == [-0.5, 19.5]
    # the other image does not show the point: it has no number there
    assert len(first.texts) == 1 and not second.texts


def test_votes_are_counted_in_words_and_best_never_falls():
    here = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    agree = np.array([True, False, True])
    draws = {"draw 1": (np.array([0, 2]), agree)}
    plots.votes(IMAGE, here, here + 1, draws, np.array([2, 1, 3]))
    picture, curve = plt.gcf().axes
    assert picture.get_title() == "draw 1: 2 of 3 agree"
    colours = [to_hex(line.get_color()).upper() for line in picture.lines[:3]]
    # those that agree lie on top
    assert colours == [plots.COLOURS["other"], plots.COLOURS["easy"], plots.COLOURS["easy"]]
    assert picture.lines[3].get_xdata().tolist() == [1, 3]
    assert curve.lines[1].get_ydata().tolist() == [2, 2, 3]


@pytest.mark.parametrize(
    "right, words", [(None, "1 inliers"), ({"net": np.array([True, True])}, "2 right")]
)
def test_methods_stand_below_each_other_with_their_counts(right, words):
    points = np.array([[1.0, 2.0], [3.0, 4.0]])
    features = SimpleNamespace(keypoints=np.ones((1, 4)))
    geometry = SimpleNamespace(inliers=np.array([True, False]))
    matching = SimpleNamespace(a=features, b=features, points=(points, points), geometry=geometry)
    plots.side_by_side(IMAGE, IMAGE, {"net": matching}, right)
    assert plt.gcf().axes[0].get_title() == f"net: 2 matches, {words}"


def test_shares_of_errors_step_up_at_each_error():
    errors = np.array([4.0, np.inf, 1.0, 30.0])
    plots.error_shares({"net": errors}, 20, "degrees")
    curve = plt.gca().lines[0]
    assert curve.get_xdata().tolist() == [0, 1, 4, 20]
    assert curve.get_ydata().tolist() == [0, 25, 50, 50]
