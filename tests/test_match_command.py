"""`solar match` and its drawing: counts, files, and one clear line for what cannot be matched."""

import json
import os
import shutil

import cv2
import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image

import solar
from solar import cli, plots
from solar.commands import match as command
from solar.local.matching import DETECTORS, FEWEST, Geometry, LocalFeatures, Matching
from solar.local.metrics import warped

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
