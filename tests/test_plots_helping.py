"""Figures of chapter 4: maps of parts, arms, shares of the pool, lists of several networks."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from PIL import Image

from solar import plots
from solar.plots import helping
from solar.world import parts as world

pytestmark = pytest.mark.usefixtures("offscreen_figures")


@pytest.fixture
def images():
    landmarks = world.draw_landmarks(2, seed=0)
    return world.draw_images(landmarks, 0.25, torch.Generator().manual_seed(0))


def test_there_is_a_sign_for_each_part_and_a_colour_for_each_material():
    assert len(set(helping.SIGNS)) == world.PARTS
    assert len(set(helping.MATERIAL_COLOURS)) == world.MATERIALS


def test_a_map_shows_each_part_in_the_colour_of_its_material(images):
    plots.parts_maps(images, ["one", "two"])
    axes = plt.gcf().axes
    assert [axis.get_title() for axis in axes] == ["one", "two"]
    words = axes[1].texts
    assert [word.get_text() for word in words] == [helping.SIGNS[i] for i in images.parts[1]]
    colours = [helping.MATERIAL_COLOURS[i] for i in images.materials[1]]
    assert [word.get_color() for word in words] == colours
    # nine own positions have a line below their sign
    assert len(axes[1].lines) == 9
    first = int(images.own[1].nonzero()[0])
    y, x = divmod(first, 6)
    line = axes[1].lines[0]
    assert (np.mean(line.get_xdata()), int(np.mean(line.get_ydata()))) == (x, y)


def test_own_positions_can_be_kept_secret(images):
    plots.parts_maps(images, ["one", "two"], underline=False)
    assert not plt.gcf().axes[0].lines


def test_attention_lies_behind_the_signs_and_the_looking_position_is_framed(images):
    row = np.linspace(0, 1, 36)
    plots.looks(images, 0, 7, {"trained": row})
    (axis,) = plt.gcf().axes
    assert np.allclose(axis.images[0].get_array(), row.reshape(6, 6))
    (frame,) = axis.patches
    assert (frame.get_x() + 0.48, frame.get_y() + 0.48) == pytest.approx((1, 1))


def test_arms_look_the_same_everywhere_and_carry_their_intervals():
    plots.arm_curves([0.9, 0.25], {"soa": [(5, 4, 6), (3, 1, 5)], "even": [(2, 1, 3)] * 2}, "share")
    (axis,) = plt.gcf().axes
    assert [line.get_label() for line in axis.lines] == ["soa", "even"]
    assert list(axis.lines[0].get_ydata()) == [5, 3]
    assert axis.lines[0].get_color() == helping.ARMS["soa"][0]
    bars = axis.collections[0].get_segments()
    assert [list(bar[:, 1]) for bar in bars] == [[4, 6], [1, 5]]
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["0.9", "0.25"]


def test_curves_without_intervals_stand_where_x_says():
    plots.arm_curves([0, 10, 40], {"none": [1, 2, 3]}, "step", side_by_side=False)
    (axis,) = plt.gcf().axes
    assert list(axis.lines[0].get_xdata()) == [0, 10, 40]
    assert not axis.collections


def test_shares_of_the_pool_have_one_scale_for_all():
    before = [np.full((2, 2), 0.25), np.array([[0.7, 0.1], [0.1, 0.1]])]
    after = [np.array([[0.4, 0.2], [0.2, 0.2]]), np.full((2, 2), 0.25)]
    picture = np.zeros((6, 8, 3), np.uint8)
    plots.pool_shares([picture, picture], before, after, ["clean", "cluttered"])
    axes = plt.gcf().axes
    maps = [axis.images[0] for axis in axes[:8]]
    assert np.allclose(maps[1].get_array(), 1)
    assert np.allclose(maps[3].get_array(), [[0.6, -0.2], [-0.2, -0.2]])
    assert [maps[i].get_clim()[1] for i in (1, 2, 5, 6)] == pytest.approx([2.8] * 4)
    assert maps[7].get_clim() == (pytest.approx(-1.8), pytest.approx(1.8))


def test_every_network_has_its_list(benchmark):
    lists = {"one": np.array([[3, 1]]), "two": np.array([[0, 2]])}
    plots.lists_of_networks(benchmark, lists, [0], length=2)
    axes = plt.gcf().axes
    titles = [axis.get_title() for axis in axes]
    assert titles == ["one", "other", "hard", "two", "easy", "junk"]
    colour = to_hex(axes[1].spines["left"].get_edgecolor()).upper()
    assert colour == plots.COLOURS["other"]
    assert isinstance(axes[0].images[0].get_array(), np.ndarray)
    assert Image.open(benchmark.images[0]).size[0] == axes[1].images[0].get_array().shape[1]


def test_twins_stand_beside_each_other():
    grey, white = np.full((4, 6, 3), 99, np.uint8), np.full((4, 6, 3), 255, np.uint8)
    plots.twins({"first": (grey, white), "second": (white, grey)})
    axes = plt.gcf().axes
    assert [axis.get_title() for axis in axes] == [
        "first: a landmark",
        "first: its twin",
        "second: a landmark",
        "second: its twin",
    ]
    assert [axis.images[0].get_array().max() for axis in axes] == [99, 255, 255, 99]
