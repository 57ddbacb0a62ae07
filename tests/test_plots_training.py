"""Figures of chapter 7: tuples, and curves over steps and epochs."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from solar import plots

pytestmark = pytest.mark.usefixtures("offscreen_figures")


def heights(axis):
    return [list(line.get_ydata()) for line in axis.lines]


def test_tuples_show_every_image_with_its_word():
    images = [Image.new("RGB", (40, 30), (i, 0, 0)) for i in range(9)]
    plots.tuples(images, np.array([[0, 1, 2, 3], [4, 5, 6, 7]]), [["a", "b"], ["c", "d"]])
    axes = plt.gcf().axes
    titles = [axis.get_title() for axis in axes]
    assert titles == ["query", "positive", "a", "b", "query", "positive", "c", "d"]
    assert [int(axis.images[0].get_array()[0, 0, 0]) for axis in axes] == [0, 1, 2, 3, 4, 5, 6, 7]


def test_step_curves_draw_every_run_in_every_panel():
    runs = dict(one=dict(a=[1.0, 2], b=[3.0, 4]), two=dict(a=[5.0], b=[6.0]))
    plots.step_curves(runs, dict(a="A", b="B"))
    left, right = plt.gcf().axes
    assert heights(left) == [[1, 2], [5]]
    assert heights(right) == [[3, 4], [6]]
    assert (left.get_ylabel(), right.get_ylabel()) == ("A", "B")


def test_epoch_curves_begin_with_the_start_and_mark_recipes():
    plain = [dict(first=2.0, validation=0.6), dict(first=1.0, validation=0.7)]
    runs = {
        ("plain", 0): dict(start=0.5, log=plain),
        ("both", 0): dict(start=0.4, log=[dict(first=3.0, validation=0.8)]),
        ("both", 1): dict(start=0.3, log=[dict(first=4.0, validation=0.9)]),
    }
    plots.epoch_curves(runs, dict(first="loss", validation="mAP"))
    left, right = plt.gcf().axes
    assert heights(left) == [[2, 1], [3], [4]]
    assert heights(right) == [[50, 60, 70], [40, 80], [30, 90]]
    assert list(right.lines[0].get_xdata()) == [0, 1, 2]
    assert right.get_title() == "mAP"
    assert list(left.lines[0].get_xdata()) == [1, 2]
    plain_colour, both_colour, both_again = [line.get_color() for line in left.lines]
    assert plain_colour != both_colour
    assert both_colour == both_again


def test_validation_curves_show_all_and_a_part():
    plots.validation_curves({"a": [50.0, 51, 52], "b": [50.0, 20]}, near=3)
    whole, part = plt.gcf().axes
    assert heights(whole) == [[50, 51, 52], [50, 20]]
    assert part.get_ylim() == (47, 53)
    assert [text.get_text() for text in whole.get_legend().texts] == ["a", "b"]
