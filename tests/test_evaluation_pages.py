"""Checks and figures of the chapters on evaluation: right answers pass, mistakes get hints, figures
hold their data.
"""

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
from test_plots import benchmark  # noqa: E402, F401

from solar import checks, plots, ranks_by_counting  # noqa: E402
from solar.intervals import paired_bootstrap
from solar.search.protocol import precision_at  # noqa: E402


def bootstrap(difference, low=2.5, high=97.5):
    rng = np.random.default_rng(0)
    means = rng.choice(difference, (4000, len(difference))).mean(1)
    return np.percentile(means, [low, high])


def apart(a, b):
    rng = np.random.default_rng(0)
    means = rng.choice(a, (4000, len(a))).mean(1) - rng.choice(b, (4000, len(b))).mean(1)
    return np.percentile(means, [2.5, 97.5])


def strict(scores, positives, junk):
    return sorted(sum(scores > scores[i]) - sum(scores[junk] > scores[i]) for i in positives)


def merged(ia, sa, ib, sb, k, key=lambda s, i: (-s, i)):
    pairs = sorted(zip([*sa, *sb], [*ia, *ib]), key=lambda pair: key(*pair))
    return [i for _, i in pairs][:k]


RIGHT = {
    checks.ranks: ranks_by_counting,
    checks.precision: precision_at,
    checks.interval: lambda a, b: bootstrap(a - b),
    checks.merged_counts: lambda counts: np.sort(counts.sum(0)),
    checks.gigabytes: lambda n, d, size: n * d * size / 1e9,
    checks.merged_lists: merged,
}
WRONG = [
    (checks.ranks, "One rank for each", lambda s, p, j: 3),
    (checks.ranks, "count from 0", lambda s, p, j: ranks_by_counting(s, p, j) + 1),
    (checks.ranks, "junk still stands", lambda s, p, j: ranks_by_counting(s, p)),
    (checks.ranks, "Two things", lambda s, p, j: [sum(s > s[i]) for i in p]),
    (checks.ranks, "smaller index", strict),
    (checks.ranks, "sort them", lambda s, p, j: ranks_by_counting(s, p, j)[::-1]),
    (checks.ranks, "expect [2, 3, 4]", lambda s, p, j: [7, 7, 7]),
    (checks.precision, "oddity is missing", lambda r, k: sum(np.array(r) < k) / k),
    (checks.precision, "one too deep", lambda r, k: sum(np.array(r) <= k) / min(max(r) + 1, k)),
    (checks.precision, "recall", lambda r, k: sum(np.array(r) < k) / len(r)),
    (checks.precision, "expect", lambda r, k: 7),
    (checks.interval, "lower end", lambda a, b: bootstrap(a - b)[::-1]),
    (checks.interval, "apart", apart),
    (checks.interval, "single queries", lambda a, b: np.percentile(a - b, [2.5, 97.5])),
    (checks.interval, "90 %", lambda a, b: bootstrap(a - b, 5, 95)),
    (checks.interval, "A minus B", lambda a, b: bootstrap(b - a)),
    (checks.interval, "with repetition", lambda a, b: (0, 1)),
    (checks.merged_counts, "Means", lambda c: c.mean(0)),
    (checks.merged_counts, "largest", lambda c: c.max(0)),
    (checks.merged_counts, "sort them", lambda c: c.sum(0)),
    (checks.merged_counts, "shape", lambda c: c.sum(1)),
    (checks.merged_counts, "expect", lambda c: np.arange(3)),
    (checks.gigabytes, "GiB", lambda n, d, size: n * d * size / 2**30),
    (checks.gigabytes, "Bits", lambda n, d, size: 8 * n * d * size / 1e9),
    (checks.gigabytes, "size of a number", lambda n, d, size: n * d * 4 / 1e9),
    (checks.gigabytes, "8.192", lambda n, d, size: 1),
    (checks.merged_lists, "equal scores", lambda *five: merged(*five, key=lambda s, i: (-s, -i))),
    (checks.merged_lists, "behind the other", lambda ia, sa, ib, sb, k: [*ia, *ib][:k]),
    (checks.merged_lists, "worst", lambda *five: merged(*five, key=lambda s, i: (s, -i))),
    (checks.merged_lists, "Cut after", lambda ia, sa, ib, sb, k: merged(ia, sa, ib, sb, 9)),
    (checks.merged_lists, "expect", lambda ia, sa, ib, sb, k: ia[[0, 0, 0, 0][: len(ia) + 1]]),
]


@pytest.mark.parametrize("check", RIGHT)
def test_right_answers_pass(check, capsys):
    check(RIGHT[check])
    assert capsys.readouterr().out == f"{check.__name__}: correct.\n"


@pytest.mark.parametrize("check, hint, function", WRONG)
def test_a_mistake_gets_its_hint(check, hint, function, capsys):
    check(function)
    told = capsys.readouterr().out
    assert "not yet" in told and hint in told


def test_the_package_passes_its_own_exercise():
    rng = np.random.default_rng(3)
    a, b = rng.random(100), rng.random(100)
    found, (low, high) = paired_bootstrap(a, b), bootstrap(a - b)
    assert abs(found["low"] - low) < 0.01 and abs(found["high"] - high) < 0.01


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_the_area_is_the_average_precision():
    plots.precision_steps([True, False, True, False, False, True])  # ranks 0, 2, 5
    areas = [np.trapezoid(line.get_ydata(), line.get_xdata()) for line in plt.gcf().axes[1].lines]
    heights = [float(text.get_text()) for text in plt.gcf().axes[1].texts]
    assert sum(areas) == pytest.approx(0.677778, abs=1e-6) and np.mean(heights) == pytest.approx(
        0.6778, abs=0.005
    )
    words = [text.get_text() for text in plt.gcf().axes[0].texts]
    assert words == ["right", "wrong", "right", "wrong", "wrong", "right"]


def test_each_protocol_drops_what_it_ignores(benchmark):  # noqa: F811
    plots.protocol_lists(benchmark, np.array([3, 2, 1, 0]), 0, length=3)
    titles = [axis.get_title() for axis in plt.gcf().axes]
    assert titles[1:3] == ["wrong", "right: easy"]  # easy: hard and junk fall out
    assert titles[5:8] == ["wrong", "right: hard", "right: easy"] and titles[9:11] == [
        "wrong",
        "right: hard",
    ]


def test_thumbnails_stand_at_their_places(benchmark):  # noqa: F811
    plots.thumbnail_map(np.arange(8.0).reshape(4, 2), benchmark.images, ["red"] * 4)
    boxes = [a for a in plt.gca().artists if hasattr(a, "xybox")] or plt.gca().get_children()
    places = [tuple(a.xy) for a in boxes if isinstance(a, matplotlib.offsetbox.AnnotationBbox)]
    assert places == [(0, 1), (2, 3), (4, 5), (6, 7)]


def test_curves_hold_their_numbers():
    plots.each_query(np.array([0.1, 0.5]), np.array([0.2, 0.4]), ("a", "b"))
    assert [line.get_xydata().tolist() for line in plt.gca().lines[1:]] == [[[10, 20]], [[50, 40]]]
    score = dict(easy=0.9, medium=0.8, hard=0.7)
    plots.falling_scores({"real": ([1, 10], [score, score]), "simulated": ([10], [score])})
    assert len(plt.gca().lines) == 6 and plt.gca().lines[1].get_ydata().tolist() == [80, 80]
    runs = dict(plain=[dict(images=10, seconds=4, gb=2)], ours=[dict(images=10, seconds=1, gb=0.1)])
    plots.costs(runs, dict(plain="plain way", ours="counting"))
    left, right = plt.gcf().axes
    assert [line.get_ydata()[0] for line in (*left.lines, *right.lines)] == [4, 1, 2, 0.1]
