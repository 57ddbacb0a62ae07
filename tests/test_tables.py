"""Numbers as text and tables of the book."""

import math

import numpy as np
import pandas as pd
import pytest

from solar import intervals, plots


@pytest.mark.parametrize(
    ("share", "options", "text"),
    [
        (0.85894, {}, "85.9"),
        (1, {}, "100.0"),
        (np.float32(0.25), {}, "25.0"),
        (0.1749, {"digits": 0, "unit": " %"}, "17 %"),
        (math.nan, {}, "nan"),
    ],
)
def test_percent(share, options, text):
    assert plots.percent(share, **options) == text


def test_a_difference_shows_its_sign():
    assert plots.signed(1.26) == "+1.3"
    assert plots.signed(-0.004, digits=2) == "-0.00"


def test_brackets_with_and_without_plus():
    assert plots.brackets(-1, 2) == "[-1.0, +2.0]"
    assert plots.brackets(1, 2, digits=0, plus=False) == "[1, 2]"


def test_mean_and_interval_in_one_cell():
    interval = intervals.Interval(0.012, -0.0126, 0.0374)
    assert plots.with_interval(interval, scale=100) == "+1.2  [-1.3, +3.7]"
    assert plots.with_interval((3.21, 1, 5), gap=" ", plus=False) == "3.2 [1.0, 5.0]"


def test_the_power_stands_beside_null_results_alone():
    null = intervals.Interval(0.01, -0.014, 0.014)
    edge = intervals.Interval(0.01, 0.0, 0.028)
    above = intervals.Interval(0.02, 0.001, 0.03)
    below = intervals.Interval(-0.02, -0.03, -0.001)
    found = {"easy": null, "medium": above, "hard": edge, "all": below}
    assert plots.could_be_seen(found, scale=100, unit=" points") == (
        "easy 2.0 points, hard 2.0 points"
    )
    assert plots.could_be_seen({"medium": above}) == ""


def test_with_interval_writes_what_the_format_string_writes():
    values = np.random.default_rng(0).normal(size=30)
    mean, low, high = intervals.bootstrap(values)
    expected = f"{100 * mean:+.2f}  [{100 * low:+.2f}, {100 * high:+.2f}]"
    assert plots.with_interval((mean, low, high), digits=2, scale=100) == expected


def test_table_of_a_list_of_rows():
    rows = [{"net": "a", "mAP": 0.5}, {"net": "b", "mAP": 0.75}]
    expected = pd.DataFrame({"mAP": [0.5, 0.75]}, index=pd.Index(["a", "b"], name="net"))
    pd.testing.assert_frame_equal(plots.table(rows, index="net"), expected)


def test_table_of_named_rows_keeps_their_order():
    rows = {"wall": {"SOA5": 1.0, "SOA4": 2.0}, "sky": {"SOA5": 3.0, "SOA4": 4.0}}
    frame = plots.table(rows)
    assert list(frame.index) == ["wall", "sky"]
    assert list(frame.columns) == ["SOA5", "SOA4"]
    assert frame.loc["sky", "SOA4"] == 4.0


def test_only_columns_with_empty_cells_become_text():
    frame = plots.table([{"a": 1.5, "b": "x"}, {"a": 2.5}])
    assert list(frame["b"]) == ["x", ""]
    assert frame["a"].dtype == float


def test_two_columns_can_name_the_rows():
    rows = [{"images": "1", "way": "plain", "mAP": 1}, {"images": "1", "way": "tiles", "mAP": 1}]
    frame = plots.table(rows, index=["images", "way"])
    assert frame.index.names == ["images", "way"]
