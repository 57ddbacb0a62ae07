"""Figures of chapter 5: circles, losses along walks, spheres, surfaces, histograms."""

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


def test_a_sphere_is_coloured_by_its_values():
    asked = []

    def colour_of(negatives):
        asked.append(negatives)
        return np.abs(negatives[:, 0])

    axis = plt.figure().add_subplot(projection="3d")
    plots.sphere(axis, (1, 0, 0), (0, 1, 0), colour_of, "title", "loss")
    assert np.allclose(np.linalg.norm(asked[0], axis=1), 1)
    assert axis.get_title() == "title"


def test_histograms_are_shares():
    plots.histograms({"a": np.array([0.1, 0.1, 0.9])}, "x", [0, 0.5, 1])
    assert plt.gca().patches[0].get_xy()[:, 1].max() == pytest.approx(2 / 3)
