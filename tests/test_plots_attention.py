"""Attention maps are drawn on one scale, where they belong; shares beside a line at zero."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from solar import plots

pytestmark = pytest.mark.usefixtures("offscreen_figures")


def shown(axis):
    """What an axis shows: (H, W, 3)."""
    return np.asarray(axis.images[0].get_array())


def test_attention_is_laid_over_its_place():
    """One bright cell is brightest there, and the mark stands at its pixel."""
    image = np.full((30, 40, 3), 128, np.uint8)
    row = np.zeros((3, 4))
    row[1, 2] = 1.0
    plots.attention_grid(image, [[row]], [(25, 5)], ["map"], ["name"])
    left, right, _ = plt.gcf().axes
    y, x = np.unravel_index(shown(right).sum(-1).argmax(), (30, 40))
    assert 10 <= y < 20
    assert 20 <= x < 30
    assert left.get_ylabel() == "name"
    assert right.get_title() == "map"
    for axis in (left, right):
        assert [line.get_xydata()[0].tolist() for line in axis.lines] == [[5.0, 25.0]]


def test_maps_of_several_sizes_stand_side_by_side():
    image = np.zeros((24, 32, 3), np.uint8)
    fine = np.full((6, 8), 1 / 48)
    coarse = np.full((3, 4), 1 / 12)
    plots.attention_grid(image, [[fine, coarse]], [(12, 16)], ["fine", "coarse"])
    _, left, right, _ = plt.gcf().axes
    # both are even, so both have the same colour everywhere
    assert np.allclose(shown(left), shown(right))
    assert np.ptp(shown(left), axis=(0, 1)).max() < 1e-9


def test_one_colour_means_one_weight_in_every_map():
    """A map is not stretched: twice as even is less bright, and the ends of the scale hold."""
    image = np.zeros((8, 8, 3), np.uint8)
    _, axis = plt.subplots()
    bright = []
    for peak in (1 / 64, 1 / 4, 1 / 2, 1):
        row = np.full((8, 8), (1 - peak) / 63)
        row[0, 0] = peak
        plots.attention_map(axis, image, row)
        picture = np.asarray(axis.images[-1].get_array())
        bright.append(picture[0, 0].sum())
    # 1, 16, 32 and 64 times the even share
    assert bright == sorted(bright)
    assert len(set(bright)) == 4

    # what lies beyond the scale has the colour of its end
    ends = np.array([[plots.attention.MOST, 2 * plots.attention.MOST]]) / 2
    plots.attention_map(axis, np.zeros((1, 2, 3), np.uint8), ends)
    left, right = np.asarray(axis.images[-1].get_array())[0]
    assert np.allclose(left, right)


def test_the_colour_bar_has_the_units():
    image = np.zeros((8, 8, 3), np.uint8)
    plots.attention_grid(image, [[np.full((2, 2), 0.25)]], [(4, 4)], ["even"])
    bar = plt.gcf().axes[-1]
    assert bar.get_ylabel() == "times the even share"
    assert [label.get_text() for label in bar.get_yticklabels()] == ["1/4", "1", "4", "16", "64"]
    assert bar.get_ylim() == pytest.approx((1 / 4, 64))


def test_the_middle_of_a_cell():
    assert plots.middle_of((2, 0), (3, 4), (30, 40)) == (25.0, 5.0)


def test_what_a_layer_does_to_the_pool_has_four_scales():
    image = np.zeros((6, 8, 3), np.uint8)
    before = np.full((3, 4), 1 / 12)
    after = before.copy()
    after[0, 0] += 1 / 12  # once the even share
    after[2, 3] -= 1 / 24
    moved = np.full((3, 4), 0.1)
    moved[1, 1] = 0.4
    plots.pool_change(image, before, after, moved)
    axes = {axis.get_title(): axis for axis in plt.gcf().axes if axis.get_title()}
    assert len(axes) == 4
    bars = [axis for axis in plt.gcf().axes if not axis.get_title()]
    limits = [bar.get_ylim() for bar in bars]
    assert limits == [pytest.approx(pair) for pair in ((1 / 4, 64), (-1, 1), (0, 40))]
    labels = [bar.get_ylabel() for bar in bars]
    assert labels == ["times the even share", "times the even share", "percent of its length"]


def test_to_grid_takes_means():
    coarse = plots.to_grid(np.arange(16.0).reshape(4, 4), (2, 2))
    assert coarse.tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_shares_are_drawn_where_they_are():
    lines = {
        "on": {"a": (0.5, 0.4, 0.7), "b": (-0.1, -0.2, 0.0)},
        "off": {"a": (0.2, 0.1, 0.3), "b": (0.3, 0.2, 0.4)},
    }
    plots.shares({"one": lines, "two": lines}, "share")
    # zero, then for each name the interval and the mean
    on = [(0, 0), (40, 70), (50, 50), (-20, 0), (-10, -10)]
    off = [(10, 30), (20, 20), (20, 40), (30, 30)]
    axes = plt.gcf().axes
    for axis in axes:
        drawn = [(line.get_xdata()[0], line.get_xdata()[-1]) for line in axis.lines]
        assert np.allclose(drawn, on + off)
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["on", "off"]
