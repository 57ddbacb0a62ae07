"""Figures of chapter 14: differences over layers, how often images are drawn."""

import matplotlib.pyplot as plt
import pytest

from solar import plots

pytestmark = pytest.mark.usefixtures("offscreen_figures")


def test_differences_stand_over_their_layers_and_zero_at_the_foot():
    plots.over_layers({"a": [1, 2, 3.0], "b": [0, 0, 4e4]}, ["x", "y", "z"], tolerance=32)
    (axis,) = plt.gcf().axes
    first, second, dashed = axis.lines
    assert list(first.get_ydata()) == [1, 2, 3]
    assert list(second.get_ydata()) == [0.1, 0.1, 4e4]
    assert set(dashed.get_ydata()) == {32}
    assert [label.get_text() for label in axis.get_xticklabels()] == ["x", "y", "z"]
    assert list(axis.get_yticks()) == [0.1, 1, 10, 100, 1000, 10_000, 100_000]
    assert [label.get_text() for label in axis.get_yticklabels()][:2] == ["0", "1"]
    assert [text.get_text() for text in axis.get_legend().texts] == ["a", "b"]


def test_bars_of_both_rules_stand_side_by_side():
    plots.drawn({"one": [0.0, 1.5], "two": [1.0, 1.0]}, "image", "times")
    (axis,) = plt.gcf().axes
    heights = [bar.get_height() for bar in axis.patches]
    assert heights == [0, 1.5, 1, 1]
    middles = [bar.get_x() + bar.get_width() / 2 for bar in axis.patches]
    assert middles == pytest.approx([0.8, 1.8, 1.2, 2.2])
    assert [text.get_text() for text in axis.texts] == ["0.0", "1.5", "1.0", "1.0"]
