"""Figures and exercises of the chapter on training."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from solar import checks, plots


def test_tuples_show_every_picture_with_its_word():
    images = [Image.new("RGB", (40, 30), (i, 0, 0)) for i in range(9)]
    plots.tuples(images, np.array([[0, 1, 2, 3], [4, 5, 6, 7]]), [["a", "b"], ["c", "d"]])
    axes = plt.gcf().axes
    assert [axis.get_title() for axis in axes] == [
        "query",
        "positive",
        "a",
        "b",
        "query",
        "positive",
        "c",
        "d",
    ]
    assert [int(axis.images[0].get_array()[0, 0, 0]) for axis in axes] == [0, 1, 2, 3, 4, 5, 6, 7]
    plt.close("all")


def test_step_curves_draw_every_run_in_every_panel():
    runs = dict(one=dict(a=[1.0, 2], b=[3.0, 4]), two=dict(a=[5.0], b=[6.0]))
    plots.step_curves(runs, dict(a="A", b="B"))
    left, right = plt.gcf().axes
    assert [list(line.get_ydata()) for line in left.lines + right.lines] == [
        [1, 2],
        [5],
        [3, 4],
        [6],
    ]
    assert (left.get_ylabel(), right.get_ylabel()) == ("A", "B")
    plt.close("all")


def test_epoch_curves_begin_with_the_start_and_mark_recipes():
    runs = {
        ("plain", 0): dict(
            start=0.5, log=[dict(first=2.0, validation=0.6), dict(first=1.0, validation=0.7)]
        ),
        ("both", 0): dict(start=0.4, log=[dict(first=3.0, validation=0.8)]),
        ("both", 1): dict(start=0.3, log=[dict(first=4.0, validation=0.9)]),
    }
    plots.epoch_curves(runs, dict(first="loss", validation="mAP"))
    left, right = plt.gcf().axes
    assert [list(line.get_ydata()) for line in left.lines] == [[2, 1], [3], [4]]
    assert [list(line.get_ydata()) for line in right.lines] == [
        [0.5, 0.6, 0.7],
        [0.4, 0.8],
        [0.3, 0.9],
    ]
    assert list(right.lines[0].get_xdata()) == [0, 1, 2] and list(left.lines[0].get_xdata()) == [
        1,
        2,
    ]
    colours = [line.get_color() for line in left.lines]
    assert colours[0] != colours[1] == colours[2]
    plt.close("all")


def right_negatives(scores, landmarks, own, count):
    found, taken = [], {own}
    for i in np.argsort(-scores):
        if landmarks[i] not in taken and len(found) < count:
            found.append(i)
            taken.add(landmarks[i])
    return np.array(found)


def others(landmarks, query):
    return np.setdiff1d(np.flatnonzero(landmarks == landmarks[query]), query)


@pytest.mark.parametrize(
    "check, answer, words",
    [
        ("negatives", right_negatives, "correct"),
        ("negatives", lambda s, l, own, n: np.argsort(-s)[:n], "own landmark"),
        (
            "negatives",
            lambda s, l, own, n: [i for i in np.argsort(-s) if l[i] != own][:n],
            "one of each",
        ),
        ("negatives", lambda s, l, own, n: [5, 4], "not the hardest"),
        ("negatives", lambda s, l, own, n: [1], r"shape is \(1,\)"),
        ("positive", lambda l, q, rng: rng.choice(others(l, q)), "correct"),
        ("positive", lambda l, q, rng: rng.choice(np.flatnonzero(l == l[q])), "query itself"),
        ("positive", lambda l, q, rng: others(l, q)[-1], "after the query"),
        ("positive", lambda l, q, rng: others(l, q)[0], "Always the same"),
        ("positive", lambda l, q, rng: 1, "must show"),
        ("travel", lambda r, f, e, s: s * r * np.exp(-f * np.arange(e)).sum(), "correct"),
        ("travel", lambda r, f, e, s: r * np.exp(-f * np.arange(e)).sum(), "many steps"),
        ("travel", lambda r, f, e, s: s * r * e, "shrinks"),
        ("travel", lambda r, f, e, s: s * r * np.exp(-f * np.arange(1, e + 1)).sum(), "whole rate"),
    ],
)
def test_checks_name_the_mistake(check, answer, words, capsys):
    getattr(checks, check)(answer)
    out = capsys.readouterr().out
    assert re.search(words, out), out
