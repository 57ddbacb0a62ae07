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
    colours = [
        matplotlib.colors.to_hex(axis.spines["left"].get_edgecolor()).upper() for axis in axes[1:]
    ]
    assert colours == [plots.COLOURS[label].upper() for label in ("other", "hard", "easy", "junk")]


def test_bars_are_the_scores():
    plots.score_bars(
        {"a": dict(easy=0.5, medium=0.25, hard=0.125), "b": dict(easy=1, medium=0.5, hard=0)}
    )
    widths = [bar.get_width() for bar in plt.gca().patches]
    assert widths == [50, 100, 25, 50, 12.5, 0]


def test_channel_maps_show_the_numbers():
    maps = np.arange(24.0).reshape(2, 3, 4)
    plots.channel_maps(Image.new("RGB", (64, 48)), maps, ["a", "b"])
    shown = [axis.images[0].get_array() for axis in plt.gcf().axes[1:]]
    assert all((np.asarray(a) == b).all() for a, b in zip(shown, maps))


def test_the_curve_over_p_is_the_scores():
    plots.score_over_exponent(
        [1, 3], [dict(medium=0.2), dict(medium=0.4)], dict(SPoC=0.1, MAC=0.3), 2.9
    )
    curve, first, second, learnt = plt.gca().lines
    assert curve.get_ydata().tolist() == [20, 40] and curve.get_xdata().tolist() == [1, 3]
    assert [line.get_ydata()[0] for line in (first, second)] == [10, 30] and learnt.get_xdata()[
        0
    ] == 2.9


def test_attention_is_laid_over_its_place():
    """A map with one bright cell is brightest there, and the mark stands in the middle of its own
    cell.
    """
    picture, row = np.full((30, 40, 3), 128, np.uint8), np.zeros((3, 4))
    row[1, 2] = 1.0
    plots.attention_grid(picture, [[row]], [(2, 0)], ["map"], ["name"])
    left, right = plt.gcf().axes
    shown = np.asarray(right.images[0].get_array()).sum(-1)
    peak = np.unravel_index(shown.argmax(), shown.shape)
    assert 10 <= peak[0] < 20 and 20 <= peak[1] < 30 and left.get_ylabel() == "name"
    for axis in (left, right):
        assert [line.get_xydata()[0].tolist() for line in axis.lines] == [[5.0, 25.0]]


def test_an_even_map_is_drawn_too():
    _, axis = plt.subplots()
    plots.attention_map(axis, np.zeros((8, 8, 3), np.uint8), np.full((2, 2), 0.25), title="even")
    assert np.isfinite(axis.images[0].get_array()).all()


def test_growth_names_its_curves():
    plots.growth([1, 2, 4], {"a": [1, 2, 4], "b": [1, 4, 16]}, "x", "y")
    axis = plt.gca()
    assert [text.get_text().strip() for text in axis.texts] == ["a", "b"]
    assert [line.get_ydata()[-1] for line in axis.lines] == [4, 16] and axis.get_xscale() == "log"


def test_to_grid_takes_means():
    assert plots.to_grid(np.arange(16.0).reshape(4, 4), (2, 2)).tolist() == [
        [2.5, 4.5],
        [10.5, 12.5],
    ]


def test_validation_curves_show_all_and_a_part():
    plots.validation_curves({"a": [50.0, 51, 52], "b": [50.0, 20]}, near=3)
    whole, part = plt.gcf().axes
    assert [line.get_ydata().tolist() for line in whole.lines] == [[50, 51, 52], [50, 20]]
    assert part.get_ylim() == (47, 53) and [t.get_text() for t in whole.get_legend().texts] == [
        "a",
        "b",
    ]


def test_a_million_marks_one_method_and_writes_the_loss():
    plots.million({"a": (60.9, 39.3), "ours": (69.9, 53.49)}, mark="ours")
    axis = plt.gca()
    assert [text.get_text() for text in axis.texts] == ["−21.6", "−16.4"]
    assert [label.get_fontweight() for label in axis.get_yticklabels()] == ["normal", "bold"]
