"""The command line: what it does, and one clear line with a non-zero exit for what it cannot do."""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import solar
from solar.cli import main, parser
from solar.commands.describing import settings
from solar.search import DescribeOptions
from solar.world import DATASETS, Recipe

ROOT = Path(solar.__file__).parents[1]


def test_evaluate_prints_the_report(place, capsys):
    command = ["evaluate", "roxford5k", "--net", "net.pth", "--root", "data"]
    assert main(command) == 0
    assert "mP@10" in capsys.readouterr().out
    assert main([*command, "--json", "--single-scale", "--image-size", "40"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["map"]["easy"] == 1.0
    assert set(report["mp"]) == {"easy", "medium", "hard"}
    assert report["provenance"]["image_size"] == 40
    assert report["provenance"]["scales"] == [1.0]


@pytest.mark.processes
def test_two_processes_print_the_report_of_one(place, capsys):
    words = "evaluate roxford5k --net net.pth --root data --single-scale --device cpu --json"
    assert main(words.split()) == 0
    expected = json.loads(capsys.readouterr().out)
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*run, "-m", "solar", *words.split()],
        env=os.environ | dict(PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # printed once, by the first process
    assert json.loads(done.stdout)["ap"] == expected["ap"]


def test_the_size_of_images_is_that_of_the_dataset_unless_asked_for():
    arguments = parser().parse_args(["evaluate", "roxford5k", "--net", "n", "--workers", "3"])
    assert settings(arguments, "roxford5k") == DescribeOptions(workers=3)
    assert settings(arguments, "mini-revisitop").image_size == 256
    arguments.image_size = 500
    arguments.single_scale = True
    assert settings(arguments, "mini-revisitop") == DescribeOptions(500, (1.0,), workers=3)


def test_data_is_made_and_shown(place, capsys, monkeypatch):
    monkeypatch.setitem(DATASETS, "mini-revisitop", Recipe("benchmark", 200_000, 2, 2, queries=1))
    assert main(["data", "mini-revisitop", "--workers", "1"]) == 0
    assert capsys.readouterr().out.strip() == str(place / "home" / "data" / "mini-revisitop")
    assert main(["data", "show", "-o", "sheet.png"]) == 0
    assert Image.open("sheet.png").size[0] > 300
    assert main(["data", "show", "-o", "sheet.nosuch"]) == 2
    assert "sheet.nosuch" in capsys.readouterr().err


# command -> what the one line of its error says
BAD = {
    "evaluate nosuch --net net.pth": "unknown benchmark 'nosuch'",
    "evaluate roxford5k --net nosuch --root data": "unknown network 'nosuch'",
    "evaluate roxford5k --net absent.pth --root data": "absent.pth: no such weights file",
    "evaluate roxford5k --net resnet101-solar-best": "put the file at",
    "evaluate roxford5k --net net.pth": "put the images into",
    "evaluate roxford5k --net net.pth --root absent": "put the images into",
    "evaluate roxford5k --net data/roxford5k/gnd_roxford5k.pkl --root data": (
        "not a file of tensors"
    ),
    "evaluate roxford5k --net net.pth --root data --image-size 0": "image_size=0",
    "evaluate roxford5k --net net.pth --root data --image-size 8": "a.jpg: 8 x 5 pixels are left",
    "evaluate roxford5k --net net.pth --root data --device nosuch": (
        "device 'nosuch' cannot be used here"
    ),
    "evaluate roxford5k --net net.pth --root data --workers -1": "workers=-1",
    "evaluate roxford5k --net mini-sosnet --root data": "mini-sosnet: a local network",
    "evaluate roxford5k": "required: --net",
    "data nosuch": "invalid choice: 'nosuch'",
    "data show --dataset nosuch": "unknown mini dataset 'nosuch'",
    "nosuch": "invalid choice: 'nosuch'",
}


@pytest.mark.parametrize("command", BAD)
def test_what_cannot_be_done_is_told_in_one_line(place, capsys, command):
    try:
        code = main(command.split())
    except SystemExit as stop:
        code = stop.code
    # progress bars go to the same channel
    lines = [
        line
        for line in capsys.readouterr().err.splitlines()
        if line.strip() and "image/s" not in line and not line.lstrip("\r ").startswith("0%")
    ]
    assert code == 2
    assert len(lines) == 1, lines
    assert BAD[command] in lines[0]


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_bad_image_in_the_data_is_named(place, capsys, content, workers):
    path = place / "data" / "roxford5k" / "jpg" / "b.jpg"
    path.unlink() if content is None else path.write_bytes(content)
    command = ["evaluate", "roxford5k", "--net", "net.pth", "--root", "data", "--workers", workers]
    assert main(command) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("solar: ")
    assert "b.jpg" in last


def test_distractors_cannot_be_evaluated(place, capsys):
    (place / "data" / "revisitop1m" / "jpg").mkdir(parents=True)
    (place / "data" / "revisitop1m" / "revisitop1m.txt").write_text("x.jpg\n")
    assert main(["evaluate", "revisitop1m", "--net", "net.pth", "--root", "data"]) == 2
    assert "without queries" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["--help", "data --help", "evaluate --help", "extract --help", "pretrain --help"]
)
def test_help_is_shown_within_a_hundred_columns(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as stop:
        main(command.split())
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "usage" in text
    lines = [line for line in text.splitlines() if str(solar.home()) not in line]
    assert max(len(line) for line in lines) <= 100


def test_every_command_shows_examples_and_speaks_json():
    """A command that reports for people has --json; the others print JSON or a path anyway."""
    actions = parser()._actions
    (commands,) = (a.choices for a in actions if isinstance(a, argparse._SubParsersAction))
    assert set(commands) >= {"data", "train", "extract", "evaluate", "explore", "match", "doctor"}
    for name, command in commands.items():
        assert "example" in command.epilog
        if name != "doctor":
            assert re.search(rf"[ :] solar {name} ", command.epilog)
    for name in ("data", "extract", "evaluate", "explore", "match", "doctor"):
        assert "--json" in commands[name].format_help()


@pytest.mark.processes
def test_the_package_runs_as_a_module(place):
    command = [sys.executable, "-m", "solar", "evaluate", "x", "--net", "y"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "unknown network 'y'" in done.stderr
