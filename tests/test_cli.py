"""The command line: what it does, and one clear line with a non-zero exit for what it cannot do."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import solar
from solar.cli import main, parser
from solar.world import DATASETS, Recipe


def test_evaluate_prints_the_report(place, capsys):
    command = ["evaluate", "roxford5k", "--net", "net.pth", "--root", "data"]
    assert main(command) == 0
    assert "mP@10" in capsys.readouterr().out
    assert main([*command, "--json", "--single-scale", "--image-size", "40"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["map"]["easy"] == 1.0 and set(report["mp"]) == {"easy", "medium", "hard"}


def test_data_is_made_and_shown(place, capsys, monkeypatch):
    monkeypatch.setitem(DATASETS, "mini-revisitop", Recipe("benchmark", 200_000, 2, 2, queries=1))
    assert main(["data", "mini-revisitop", "--workers", "1"]) == 0
    assert capsys.readouterr().out.strip() == str(place / "home" / "data" / "mini-revisitop")
    assert main(["data", "show", "-o", "sheet.png"]) == 0
    assert Image.open("sheet.png").size[0] > 300
    assert main(["data", "show", "-o", "sheet.nosuch"]) == 2
    assert "sheet.nosuch" in capsys.readouterr().err


BAD = {
    "evaluate nosuch --net net.pth": "unknown benchmark 'nosuch'",
    "evaluate roxford5k --net nosuch --root data": "unknown network 'nosuch'",
    "evaluate roxford5k --net absent.pth --root data": "absent.pth: no such weights file",
    "evaluate roxford5k --net resnet101-solar-best": "put the file at",
    "evaluate roxford5k --net net.pth": "put the images into",
    "evaluate roxford5k --net net.pth --root absent": "put the images into",
    "evaluate roxford5k --net data/roxford5k/gnd_roxford5k.pkl --root data": "not a file of tensors",
    "evaluate roxford5k --net net.pth --root data --image-size 0": "image_size=0",
    "evaluate roxford5k --net net.pth --root data --image-size 8": "a.jpg: 8 x 5 pixels are left",
    "evaluate roxford5k --net net.pth --root data --device nosuch": "device 'nosuch' cannot be used here",
    "evaluate roxford5k --net net.pth --root data --workers -1": "workers=-1",
    "evaluate roxford5k": "required: --net",
    "data nosuch": "invalid choice: 'nosuch'",
    "data show --dataset nosuch": "unknown mini dataset 'nosuch'",
    "nosuch": "invalid choice: 'nosuch'",
    "": "required: COMMAND",
}


@pytest.mark.parametrize("command", BAD)
def test_one_clear_line(place, capsys, command):
    try:
        code = main(command.split())
    except SystemExit as stop:
        code = stop.code
    lines = [
        line
        for line in capsys.readouterr().err.splitlines()
        if line.strip() and "image/s" not in line
    ]
    lines = [line for line in lines if not line.lstrip("\r ").startswith("0%")]
    assert code == 2 and BAD[command] in lines[-1] and len(lines) == 1, lines


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_bad_picture_in_the_data(place, capsys, content, workers):
    path = place / "data" / "roxford5k" / "jpg" / "b.jpg"
    path.unlink() if content is None else path.write_bytes(content)
    assert (
        main(["evaluate", "roxford5k", "--net", "net.pth", "--root", "data", "--workers", workers])
        == 2
    )
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("solar: ") and "b.jpg" in last


def test_distractors_cannot_be_evaluated(place, capsys):
    (place / "data" / "revisitop1m" / "jpg").mkdir(parents=True)
    (place / "data" / "revisitop1m" / "revisitop1m.txt").write_text("x.jpg\n")
    assert main(["evaluate", "revisitop1m", "--net", "net.pth", "--root", "data"]) == 2
    assert "without queries" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [["--help"], ["data", "--help"], ["evaluate", "--help"], ["pretrain", "--help"]]
)
def test_help(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main(command)
    assert stop.value.code == 0 and "usage" in capsys.readouterr().out


def test_every_command_shows_examples_and_speaks_json():
    """A command that reports for people has --json for scripts; the others print JSON or a path
    anyway.
    """
    commands = next(
        a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)
    ).choices
    assert set(commands) >= {"data", "train", "extract", "evaluate", "explore", "match", "doctor"}
    for name, command in commands.items():
        assert (
            f"  solar {name} " in command.epilog
            or f": solar {name} " in command.epilog
            or name == "doctor"
        )
        assert "example" in command.epilog
    for name in ("data", "evaluate", "match", "doctor"):
        assert "--json" in commands[name].format_help()


def test_as_a_module(place):
    command = [sys.executable, "-m", "solar", "evaluate", "x", "--net", "y"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=Path(solar.__file__).parents[1]
    )
    assert (
        done.returncode == 2
        and done.stderr.count("\n") == 1
        and "unknown network 'y'" in done.stderr
    )
