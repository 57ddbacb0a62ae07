"""Charts become drawings that do not change, photographs pictures with twice the pixels."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from solar.plots import formats

pytestmark = pytest.mark.usefixtures("offscreen_figures")


@pytest.fixture
def chart():
    figure, axis = plt.subplots(figsize=(6, 3))
    axis.plot([1, 3, 2], label="a")
    axis.legend()
    return figure


@pytest.fixture
def photograph():
    figure, axis = plt.subplots(figsize=(6, 3))
    axis.imshow(np.zeros((20, 30)))
    return figure


def test_a_chart_is_a_drawing_and_no_picture(chart):
    assert formats.as_svg(chart).startswith("<?xml")
    assert formats.as_jpeg(chart) is None


def test_a_photograph_is_a_picture_and_no_drawing(photograph):
    data, shown = formats.as_jpeg(photograph)
    assert data[:3] == b"\xff\xd8\xff"
    # twice as many pixels as it is shown with
    assert shown["width"] == formats.width_of(data) // 2
    assert formats.as_svg(photograph) is None


def test_a_chart_of_very_many_points_is_a_picture(chart):
    chart.axes[0].scatter(*np.zeros((2, formats.MOST_VERTICES + 1)))
    assert not formats.is_chart(chart)


def test_a_map_of_very_many_outlines_is_a_picture(chart):
    heights = np.random.default_rng(0).random((200, 200))
    chart.axes[0].contourf(heights)
    assert not formats.is_chart(chart)


def test_the_same_chart_gives_the_same_text(chart):
    plt.rcParams["svg.hashsalt"] = "solar"
    assert formats.as_svg(chart) == formats.as_svg(chart)


def test_a_drawing_is_sized_in_pixels_of_the_page(chart):
    head = formats.as_svg(chart)[:600]
    assert 'pt"' not in head
    width = int(head.split('width="')[1].split('"')[0])
    units = float(head.split('viewBox="0 0 ')[1].split()[0])
    assert width == round(units * formats.SHOWN / formats.POINTS)


def test_a_notebook_gets_both_formats_and_a_script_nothing(monkeypatch, chart, photograph):
    formats.use_in_notebooks()  # no notebook: nothing happens
    from IPython.core.formatters import DisplayFormatter

    display = DisplayFormatter()
    shell = SimpleNamespace(display_formatter=display)
    monkeypatch.setattr(formats, "running_shell", lambda: shell)
    monkeypatch.setattr("matplotlib_inline.backend_inline.set_matplotlib_formats", lambda _: None)
    display.formatters["image/png"].for_type(Figure, lambda figure: b"")
    formats.use_in_notebooks()
    assert set(display.format(chart)[0]) == {"text/plain", "image/svg+xml"}
    assert set(display.format(photograph)[0]) == {"text/plain", "image/jpeg"}
