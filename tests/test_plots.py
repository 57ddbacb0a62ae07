"""Figures show what they are told: the palette, ranked lists, bars, curves."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from solar import plots

pytestmark = pytest.mark.usefixtures("offscreen_figures")


def test_only_the_palette_names_colours_by_number():
    folder = Path(plots.__file__).parent
    modules = [path for path in folder.glob("*.py") if path.name != "basics.py"]
    with_colours = [path.name for path in modules if re.search("#[0-9A-F]{6}", path.read_text())]
    assert with_colours == []


@pytest.mark.parametrize(
    "image, label", [(0, "easy"), (1, "hard"), (2, "junk"), (3, "other"), (4, "ok")]
)
def test_the_label_of_an_image_is_read_from_either_ground_truth(image, label):
    truth = dict(easy=[0], hard=[1], junk=[2]) if image < 4 else dict(ok=[4], junk=[2])
    assert plots.label_of(truth, image) == label
    assert label in plots.COLOURS


def test_ranked_list_names_and_frames_every_image(benchmark):
    plots.ranked_lists(benchmark, np.array([[3, 1, 0, 2]]), [0], length=4)
    axes = plt.gcf().axes
    assert [axis.get_title() for axis in axes] == ["query", "other", "hard", "easy", "junk"]
    (box,) = axes[0].patches
    assert (box.get_x(), box.get_y(), box.get_width(), box.get_height()) == (8, 8, 32, 32)
    colours = [to_hex(axis.spines["left"].get_edgecolor()).upper() for axis in axes[1:]]
    assert colours == [plots.COLOURS[label] for label in ("other", "hard", "easy", "junk")]


def test_bars_are_the_scores():
    scores = {
        "a": dict(easy=0.5, medium=0.25, hard=0.125),
        "b": dict(easy=1, medium=0.5, hard=0),
    }
    plots.score_bars(scores)
    widths = [bar.get_width() for bar in plt.gca().patches]
    assert widths == [50, 100, 25, 50, 12.5, 0]


def test_channel_maps_show_the_numbers():
    maps = np.arange(24.0).reshape(2, 3, 4)
    plots.channel_maps(Image.new("RGB", (64, 48)), maps, ["a", "b"])
    shown = [axis.images[0].get_array() for axis in plt.gcf().axes[1:]]
    assert np.array_equal(np.stack(shown), maps)


def test_the_curve_over_p_is_the_scores():
    scores = [dict(medium=0.2), dict(medium=0.4)]
    plots.score_over_exponent([1, 3], scores, dict(SPoC=0.1, MAC=0.3), 2.9)
    curve, first, second, learnt = plt.gca().lines
    assert curve.get_xdata().tolist() == [1, 3]
    assert curve.get_ydata().tolist() == [20, 40]
    assert [line.get_ydata()[0] for line in (first, second)] == [10, 30]
    assert learnt.get_xdata()[0] == 2.9


def test_growth_names_its_curves():
    plots.growth([1, 2, 4], {"a": [1, 2, 4], "b": [1, 4, 16]}, "x", "y")
    axis = plt.gca()
    assert [text.get_text().strip() for text in axis.texts] == ["a", "b"]
    assert [line.get_ydata()[-1] for line in axis.lines] == [4, 16]
    assert axis.get_xscale() == "log"


def test_a_million_marks_one_method_and_writes_the_loss():
    plots.million({"a": (60.9, 39.3), "ours": (69.9, 53.49)}, mark="ours")
    axis = plt.gca()
    minus = "\N{MINUS SIGN}"
    assert [text.get_text() for text in axis.texts] == [f"{minus}21.6", f"{minus}16.4"]
    assert [label.get_fontweight() for label in axis.get_yticklabels()] == ["normal", "bold"]
