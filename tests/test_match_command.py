"""`solar match` and its drawing: counts, files, and one clear line for what cannot be matched."""

import json

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from solar import cli, plots
from solar.commands import match as command
from solar.local.matching import DETECTORS, FEWEST, Geometry, LocalFeatures, Matching
from solar.local.metrics import warped


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("match")
    image = cv2.resize(load_sample_image("china.jpg"), (320, 214), interpolation=cv2.INTER_AREA)
    other, _ = warped(image, np.random.default_rng(0), 0.1)
    for name, pixels in (("a", image), ("b", other), ("blank", np.full_like(image, 90))):
        cv2.imwrite(str(folder / f"{name}.png"), pixels[..., ::-1])
    return folder


def test_the_choices_are_those_of_the_package():
    assert list(command.DETECTORS) == list(DETECTORS)
    assert list(command.MODELS) == list(FEWEST)


def test_a_pair_is_matched_and_drawn(images, capsys):
    a = str(images / "a.png")
    b = str(images / "b.png")
    out = str(images / "out.png")
    assert cli.main(["match", a, b, "--net", "sift", "-o", out, "--json"]) == 0
    said = capsys.readouterr().out
    counts = json.loads(said[: said.index("}") + 1])
    assert counts["matches"] > counts["inliers"] * 0.99
    assert counts["inliers"] > 50
    assert cv2.imread(out).shape[1] > 800
    assert out in said


@pytest.mark.parametrize("net", ["mini-sosnet", "mini-solar-local"])
def test_shipped_networks_match(images, capsys, net):
    a = str(images / "a.png")
    b = str(images / "b.png")
    assert cli.main(["match", a, b, "--net", net, "--count", "200", "--detector", "sift"]) == 0
    words = capsys.readouterr().out.split()
    assert words[0] == "200" and int(words[-7]) > 30  # "... 60 of them agree on one homography"


def test_no_match_is_no_error(images, capsys):
    a = str(images / "a.png")
    blank = str(images / "blank.png")
    out = str(images / "none.png")
    assert cli.main(["match", a, blank, "--net", "sift", "-o", out]) == 0
    assert "0 matches; 0 of them" in capsys.readouterr().out
    assert cv2.imread(out) is not None


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["a.png", "gone.png"], "gone.png: no such image"),
        (["a.png", "text.png"], "text.png: not a readable image"),
        (["a.png", "b.png", "--net", "mini-solar"], "describes whole images"),
        (["a.png", "b.png", "--net", "nothing"], "unknown network 'nothing'"),
        (["a.png", "b.png", "--ratio", "3"], "ratio=3"),
        (["a.png", "b.png", "--count", "0"], "one keypoint or more"),
        (["a.png", "b.png", "-o", "out.xyz"], "expected a name like matches.png"),
        (["a.png", "b.png", "-o", "nowhere/out.png"], "expected a name like matches.png"),
    ],
)
def test_what_cannot_be_matched_is_told_in_one_line(images, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(images)
    (images / "text.png").write_text("no image")
    net = [] if "--net" in arguments else ["--net", "sift"]
    assert cli.main(["match", *arguments, *net]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_inliers_are_drawn_solid_and_other_matches_dashed():
    import matplotlib.pyplot as plt

    points = LocalFeatures(np.array([[5, 5, 3, 0], [20, 9, 3, 0]], np.float32), np.eye(2))
    geometry = Geometry(None, np.array([True, False]))
    matching = Matching(points, points, np.array([[0, 0], [1, 1]]), geometry)
    figure, axis = plt.subplots()
    image = np.zeros((30, 40, 3), np.uint8)
    plots.draw_matches(axis, image, image, matching)
    lines = [line for line in axis.lines if len(line.get_xdata()) == 2]
    lines = [line for line in lines if line.get_linestyle() != "None"]
    assert sorted(line.get_linestyle() for line in lines) == ["-", "--"]
    assert lines[1].get_xdata()[1] == 5 + 40 + 8
    plt.close(figure)
