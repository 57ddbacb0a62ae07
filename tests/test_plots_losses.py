"""Figures of chapters 5 and 6: circles, losses along walks, spheres, surfaces, ranked lists."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from solar import plots

pytestmark = pytest.mark.usefixtures("offscreen_figures")


def test_points_stand_where_their_angles_say():
    points = plots.on_circle([0, 90, 180])
    assert np.allclose(points, [[1, 0], [0, 1], [-1, 0]], atol=1e-12)
    plots.circle(plt.gca(), *points, arrows=dict(q=(0.0, 0.5)))
    words = [text.get_text() for text in plt.gca().get_legend().get_texts()]
    assert words == ["$d^2(q, p)$ = 2.00", "$d^2(q, n)$ = 4.00", "$d^2(p, n)$ = 2.00"]


def test_a_circle_without_chords_has_no_legend():
    plots.circle(plt.gca(), *plots.on_circle([0, 90, 180]), chords=False)
    assert plt.gca().get_legend() is None
    assert len(plt.gca().lines) == 3  # the points alone


def test_both_orders_of_one_tuple():
    losses = plots.losses_of(*plots.on_circle([0, 90, 180]))
    assert losses == pytest.approx({"first order": 0.0, "second order": 2.0})


def test_loss_bars_are_the_losses():
    plots.loss_bars(plt.gca(), {"first order": 0.5, "second order": 2.0})
    assert [bar.get_height() for bar in plt.gca().patches] == [0.5, 2.0]
    assert [text.get_text() for text in plt.gca().texts] == ["0.50", "2.00"]


def test_places_without_loss_are_hatched():
    plots.surfaces(np.arange(3), np.arange(2), {"a": np.array([[0, 0, 1.0], [0, 2, 3]])}, "x", "y")
    hatches = [getattr(c, "hatches", None) or [] for c in plt.gcf().axes[0].collections]
    assert any("///" in some for some in hatches)


def test_curves_along_a_walk_are_their_values():
    plots.blind_spots([0, 1], {"t": {"a": np.array([2, 3])}}, "x", marks=dict(t=(0.5,)))
    curve, mark = plt.gcf().axes[0].lines
    assert curve.get_ydata().tolist() == [2, 3]
    assert mark.get_xdata()[0] == 0.5


def test_a_loss_has_one_colour_in_all_figures():
    curves = {"first order": [1, 2], "second order, tenfold": [0, 1], "their sum": [2, 2]}
    panels = {"a": curves, "b": dict(reversed(curves.items()))}
    plots.blind_spots([0, 1], panels, "x", marks={})
    colours = [
        {line.get_label(): line.get_color() for line in axis.lines} for axis in plt.gcf().axes
    ]
    assert colours[0] == colours[1]
    assert len(set(colours[0].values())) == 3
    plots.loss_bars(plt.figure().gca(), {"first order": 1.0, "second order": 1.0})
    bars = [matplotlib.colors.to_hex(bar.get_facecolor()) for bar in plt.gca().patches]
    assert bars == [colours[0][name].lower() for name in ("first order", "second order, tenfold")]


def test_places_are_marked_in_every_map():
    heights = np.array([[0, 0, 1.0], [0, 2, 3]])
    plots.surfaces(
        np.arange(3), np.arange(2), {"a": heights, "b": heights}, "x", "y", marks={"1": (2, 1)}
    )
    words = [[text.get_text() for text in axis.texts] for axis in plt.gcf().axes[:2]]
    assert words == [["1"], ["1"]]


def test_a_sphere_is_coloured_by_its_values():
    asked = []

    def colour_of(negatives):
        asked.append(negatives)
        return np.abs(negatives[:, 0])

    axis = plt.figure().add_subplot(projection="mollweide")
    plots.sphere(axis, (1, 0, 0), (0, 1, 0), colour_of, "title", "loss")
    assert np.allclose(np.linalg.norm(asked[0], axis=1), 1)
    assert axis.get_title() == "title"
    # query and positive stand at their longitudes, on the equator
    points = [line.get_xydata()[0].tolist() for line in axis.lines]
    assert np.allclose(points, [[0, 0], [np.pi / 2, 0]])


def test_histograms_are_shares():
    plots.histograms({"a": np.array([0.1, 0.1, 0.9])}, "x", [0, 0.5, 1])
    assert plt.gca().patches[0].get_xy()[:, 1].max() == pytest.approx(2 / 3)


def test_two_lists_tell_the_place_of_each_image_in_both():
    image = np.zeros((4, 4, 3), np.uint8)
    similarities = np.array([[0.9, 0.1, 0.5, 1.0], [0.2, 0.8, 0.3, 1.0]])
    kept = np.array([True, True, True, False])  # the last one is not ranked
    plots.two_lists([image] * 2, [None] * 2, [image] * 4, similarities, kept, length=3)
    titles = [axis.get_title() for axis in plt.gcf().axes]
    assert titles == [
        *["query q", "q: 1    p: 3", "q: 2    p: 2", "q: 3    p: 1"],
        *["query p", "p: 1    q: 3", "p: 2    q: 2", "p: 3    q: 1"],
    ]


def test_points_of_two_lists_are_their_ranks():
    plots.rank_pairs({"a": (np.array([1, 2]), np.array([2, 1]))})
    points, diagonal = plt.gcf().axes[0].lines
    assert points.get_xydata().tolist() == [[1, 2], [2, 1]]
    assert diagonal.get_xydata().tolist() == [[1, 1], [2, 2]]


def test_lines_over_a_weight_have_their_intervals_and_their_colours():
    lines = {"easy": [(1.0, 0.5, 2.0), (2, 1, 3)], "hard": [(-1, -2, 0.5), (0.2, -0.5, 1)]}
    panels = {"a": lines, "b": {"SOLAR's": [(5, 4, 6)] * 2}}
    plots.over_weight([0, 10], panels, "x", {"a": "points", "b": "percent"})
    left, right = plt.gcf().axes
    assert [text.get_text() for text in left.get_xticklabels()] == ["0", "10"]
    ends = left.containers[0].lines[2][0].get_segments()
    assert [end[:, 1].tolist() for end in ends] == [[0.5, 2.0], [1.0, 3.0]]
    zeros = [
        [line for line in axis.lines if set(line.get_ydata()) == {0}] for axis in (left, right)
    ]
    assert [len(lines) for lines in zeros] == [1, 0]  # the right axis does not reach zero


def test_curves_of_distances_stand_beside_their_start():
    plots.distance_curves({"a": {"rate 1": np.array([0.5, 0.4])}}, 0.6, "distance")
    start, curve = plt.gcf().axes[0].lines
    assert set(start.get_ydata()) == {0.6}
    assert curve.get_xydata().tolist() == [[1, 0.5], [2, 0.4]]
