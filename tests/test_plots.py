"""Figures show what they are told: labels, frames, boxes, bars."""

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
from PIL import Image  # noqa: E402

from solar import Benchmark, plots  # noqa: E402


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def benchmark(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(4)]
    for path in paths:
        Image.new("RGB", (64, 48)).save(path)
    truth = dict(bbx=(8, 8, 40, 40), easy=[0], hard=[1], junk=[2])
    return Benchmark("tiny", paths, paths[:1], [(8, 8, 40, 40)], [truth])


def test_ranked_list_names_and_frames_every_image(benchmark):
    plots.ranked_lists(benchmark, np.array([[3, 1, 0, 2]]), [0], length=4)
    axes = plt.gcf().axes
    assert [axis.get_title() for axis in axes] == ["query", "other", "hard", "easy", "junk"]
    (box,) = axes[0].patches
    assert (box.get_x(), box.get_y(), box.get_width(), box.get_height()) == (8, 8, 32, 32)
    colours = [matplotlib.colors.to_hex(axis.spines["left"].get_edgecolor()).upper() for axis in axes[1:]]
    assert colours == [plots.COLOURS[label].upper() for label in ("other", "hard", "easy", "junk")]


def test_bars_are_the_scores():
    plots.score_bars({"a": dict(easy=0.5, medium=0.25, hard=0.125), "b": dict(easy=1, medium=0.5, hard=0)})
    widths = [bar.get_width() for bar in plt.gca().patches]
    assert widths == [50, 100, 25, 50, 12.5, 0]


def test_channel_maps_show_the_numbers():
    maps = np.arange(24.0).reshape(2, 3, 4)
    plots.channel_maps(Image.new("RGB", (64, 48)), maps, ["a", "b"])
    shown = [axis.images[0].get_array() for axis in plt.gcf().axes[1:]]
    assert all((np.asarray(a) == b).all() for a, b in zip(shown, maps))


def test_the_curve_over_p_is_the_scores():
    plots.score_over_exponent([1, 3], [dict(medium=0.2), dict(medium=0.4)], dict(SPoC=0.1, MAC=0.3), 2.9)
    curve, first, second, learnt = plt.gca().lines
    assert curve.get_ydata().tolist() == [20, 40] and curve.get_xdata().tolist() == [1, 3]
    assert [line.get_ydata()[0] for line in (first, second)] == [10, 30] and learnt.get_xdata()[0] == 2.9
