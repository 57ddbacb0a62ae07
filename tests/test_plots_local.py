"""Figures of chapters 11 and 12: patches, error curves, intervals, matches."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from solar import plots

pytestmark = pytest.mark.usefixtures("offscreen_figures")


def matching_of(first, second, inliers):
    """The parts of a `Matching` that are drawn."""
    return SimpleNamespace(
        a=SimpleNamespace(keypoints=np.array([[1.0, 2, 3, 0]])),
        b=SimpleNamespace(keypoints=np.array([[4.0, 5, 3, 0]])),
        points=(np.array(first, float), np.array(second, float)),
        geometry=SimpleNamespace(inliers=np.array(inliers)),
    )


def test_patch_rows_show_patches_names_and_titles():
    rows = [np.zeros((3, 8, 8)), np.ones((2, 8, 8))]
    plots.patch_rows(rows, ["first", "second"], ["a", "b", "c"])
    axes = plt.gcf().axes
    assert [axis.get_visible() for axis in axes] == [True] * 5 + [False]
    assert [axis.get_title() for axis in axes[:3]] == ["a", "b", "c"]
    assert [axes[0].get_ylabel(), axes[3].get_ylabel()] == ["first", "second"]


def test_patch_attention_marks_the_middle_of_the_cell():
    plots.patch_attention(np.zeros((1, 32, 32)), [[np.eye(8)]], (3, 1), ["map"])
    patch, attention, _ = plt.gcf().axes
    assert [axis.get_title() for axis in (patch, attention)] == ["patch", "map"]
    for axis in (patch, attention):
        assert axis.lines[0].get_xydata().tolist() == [[6.0, 14.0]]


def test_patch_attention_has_one_scale_for_all_maps():
    # of 4 cells: one map even, one with all on a single cell
    even = np.full((2, 2), 0.25)
    single = np.array([[0.0, 1.0], [0.0, 0.0]])
    plots.patch_attention(np.zeros((2, 8, 8)), [[even, single]] * 2, (0, 0), ["even", "single"])
    *axes, bar = plt.gcf().axes
    maps = [axes[i].images[0] for i in (1, 2, 4, 5)]
    assert {image.get_clim() for image in maps} == {(0, 4)}
    assert maps[0].get_array().tolist() == [[1, 1], [1, 1]]
    assert maps[1].get_array().max() == 4
    assert "1/N" in bar.get_ylabel()


def test_an_even_map_alone_is_in_the_middle_of_the_scale():
    plots.patch_attention(np.zeros((1, 8, 8)), [[np.full((4, 4), 1 / 16)]], (0, 0), ["map"])
    assert plt.gcf().axes[1].images[0].get_clim() == (0, 2)


def test_error_curves_are_percentages_and_never_zero():
    plots.error_curves({"a": (np.array([0, 0.5]), np.array([0.9, 1.0]))})
    curve, limit = plt.gca().lines
    assert curve.get_xdata().tolist() == [0.1, 50]
    assert plt.gca().get_xlim() == (0.1, 100)
    assert curve.get_ydata().tolist() == [90, 100]
    assert limit.get_ydata()[0] == 95


def test_interval_bars_tell_their_means():
    plots.interval_bars({"panel": {"a": (0.5, 0.4, 0.7), "b": (0.25, 0.2, 0.3)}}, "x")
    (axis,) = plt.gcf().axes
    assert axis.get_title() == "panel"
    assert [text.get_text() for text in axis.texts] == ["0.50", "0.25"]


def test_right_matches_are_full_lines_and_lie_on_top():
    image = np.zeros((10, 20, 3), np.uint8)
    matching = matching_of([[1, 2], [3, 4]], [[5, 6], [7, 8]], [True, False])
    plots.draw_matches(plt.gca(), image, image, matching)
    _, _, wrong, right = plt.gca().lines  # two sets of keypoints come first
    assert right.get_xydata().tolist() == [[1, 2], [20 + 8 + 5, 6]]
    assert right.get_linestyle() == "-"
    assert wrong.get_linestyle() == "--"
    assert to_hex(right.get_color()).upper() == plots.COLOURS["easy"]
    assert to_hex(wrong.get_color()).upper() == plots.COLOURS["other"]


@pytest.mark.parametrize("total, drawn", [(0, 0), (3, 3), (300, 10)])
def test_lines_are_spread_over_all_matches(total, drawn):
    image = np.zeros((10, 20, 3), np.uint8)
    points = np.zeros((total, 2))
    right = np.ones(total, bool)
    plots.draw_matches(plt.gca(), image, image, matching_of(points, points, right), lines=10)
    assert len(plt.gca().lines) == 2 + drawn


@pytest.mark.parametrize("name", ["matches.nosuch", "nosuch/matches.png"])
def test_a_file_that_cannot_be_written_is_refused_and_no_figure_is_left(tmp_path, name):
    image = np.zeros((10, 20, 3), np.uint8)
    matching = matching_of([[1, 2]], [[5, 6]], [True])
    with pytest.raises(OSError, match="could not be written"):
        plots.save_matches(image, image, matching, tmp_path / name)
    assert not plt.get_fignums()


def test_nearest_patches_say_which_are_right_by_sign_and_colour():
    right = np.array([[True, False]])
    patches = np.zeros((1, 2, 8, 8), np.uint8)
    plots.nearest_patches(np.zeros((1, 8, 8)), patches, right, np.array([[0.25, 1.0]]))
    query, good, bad = plt.gcf().axes
    titles = [axis.get_title() for axis in (query, good, bad)]
    assert titles == ["query", "+ 0.25", "- 1.00"]
    colours = [to_hex(axis.title.get_color()).upper() for axis in (good, bad)]
    assert colours == [plots.COLOURS["easy"], plots.COLOURS["other"]]


def test_distance_histograms_tell_fpr95_and_where_its_threshold_is():
    same = np.arange(200) < 100
    # right pairs from 0 to 0.99; of the wrong ones a tenth below, the others above the threshold
    distances = np.concatenate([np.arange(100) / 100, np.full(10, 0.5), np.full(90, 2.0)])
    plots.distance_histograms({"net": (distances, same)})
    (axis,) = plt.gcf().axes
    assert axis.get_title() == "net: FPR95 10.0 %"
    assert axis.lines[-1].get_xdata()[0] == pytest.approx(0.94)
    for histogram in axis.patches:
        # an outline: its heights sum to 100 percent
        heights = histogram.get_xy()[1:-1:2, 1]
        assert heights.sum() == pytest.approx(100)
