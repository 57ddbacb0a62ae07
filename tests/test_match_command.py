"""`solar match` and its picture: counts, files, and one clear line for what cannot be matched."""

import json

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from solar import cli, plots
from solar.local.matching import Geometry, LocalFeatures, Matching
from solar.local.metrics import warped


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("match")
    image = cv2.resize(load_sample_image("china.jpg"), (320, 214), interpolation=cv2.INTER_AREA)
    other, _ = warped(image, np.random.default_rng(0), 0.1)
    for name, picture in (("a", image), ("b", other), ("blank", np.full_like(image, 90))):
        cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])
    return folder


def test_a_pair_is_matched_and_drawn(photographs, capsys):
    a, b, out = (str(photographs / name) for name in ("a.png", "b.png", "out.png"))
    assert cli.main(["match", a, b, "--net", "sift", "-o", out, "--json"]) == 0
    said = capsys.readouterr().out
    counts = json.loads(said[: said.index("}") + 1])
    assert counts["matches"] > counts["inliers"] * 0.99 and counts["inliers"] > 50
    assert cv2.imread(out).shape[1] > 800 and out in said


@pytest.mark.parametrize("net", ["mini-sosnet", "mini-solar-local"])
def test_shipped_networks_match(photographs, capsys, net):
    a, b = str(photographs / "a.png"), str(photographs / "b.png")
    assert cli.main(["match", a, b, "--net", net, "--count", "200", "--detector", "sift"]) == 0
    words = capsys.readouterr().out.split()
    assert words[0] == "200" and int(words[-7]) > 30  # "... 60 of them agree on one homography"


def test_nothing_to_match_is_no_error(photographs, capsys):
    out = str(photographs / "none.png")
    assert (
        cli.main(
            [
                "match",
                str(photographs / "a.png"),
                str(photographs / "blank.png"),
                "--net",
                "sift",
                "-o",
                out,
            ]
        )
        == 0
    )
    assert "0 matches; 0 of them" in capsys.readouterr().out
    assert cv2.imread(out) is not None


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["a.png", "gone.png"], "gone.png: no such image"),
        (["a.png", "text.png"], "text.png: not a readable image"),
        (["a.png", "b.png", "--net", "mini-solar"], "describes whole pictures"),
        (["a.png", "b.png", "--net", "nothing"], "unknown network 'nothing'"),
        (["a.png", "b.png", "--ratio", "3"], "ratio=3"),
        (["a.png", "b.png", "--count", "0"], "one keypoint or more"),
        (["a.png", "b.png", "-o", "out.xyz"], "expected a name like matches.png"),
        (["a.png", "b.png", "-o", "nowhere/out.png"], "expected a name like matches.png"),
    ],
)
def test_one_clear_line(photographs, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(photographs)
    (photographs / "text.png").write_text("no picture")
    net = [] if "--net" in arguments else ["--net", "sift"]
    assert cli.main(["match", *arguments, *net]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


def test_drawing_marks_what_it_is_told(tmp_path):
    import matplotlib.pyplot as plt

    points = LocalFeatures(np.array([[5, 5, 3, 0], [20, 9, 3, 0]], np.float32), np.eye(2))
    found = Matching(
        points, points, np.array([[0, 0], [1, 1]]), Geometry(None, np.array([True, False]))
    )
    figure, axis = plt.subplots()
    picture = np.zeros((30, 40, 3), np.uint8)
    plots.draw_matches(axis, picture, picture, found)
    lines = [
        line for line in axis.lines if len(line.get_xdata()) == 2 and line.get_linestyle() != "None"
    ]
    assert sorted(line.get_linestyle() for line in lines) == ["-", "--"]
    assert lines[1].get_xdata()[1] == 5 + 40 + 8
    plt.close(figure)
