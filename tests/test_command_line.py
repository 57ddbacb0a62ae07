"""What the command line does whatever the command: help, suggestions, foreseeable errors."""

import errno
import os
import re
import subprocess
import sys

import cv2
import pytest
import torch

import solar
from solar import cli, weights
from solar.search import DescribeOptions, extract


@pytest.fixture
def failing(monkeypatch):
    """failing(error): let the command `solar doctor` raise it."""

    def let_fail(error):
        def run(arguments):
            raise error

        monkeypatch.setattr("solar.commands.doctor.run", run)
        return cli.main(["doctor"])

    return let_fail


def test_without_a_command_the_help_is_printed(capsys):
    assert cli.main([]) == 0
    assert "COMMAND" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words, meant",
    [("mtach", "match"), ("trian", "train"), ("data roxfrd5k", "roxford5k")],
)
def test_a_misspelt_word_gets_a_suggestion(words, meant, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(words.split())
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"did you mean {meant}?" in error


def test_a_word_that_resembles_nothing_gets_the_list(capsys):
    with pytest.raises(SystemExit):
        cli.main(["xyzzy"])
    assert "invalid choice: 'xyzzy'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nand more lines"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"),
    ],
    ids=["python", "cuda", "cpu"],
)
def test_out_of_memory_is_one_line_with_advice(error, failing, capsys):
    assert failing(error) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "out of memory; try a smaller --image-size" in said


def test_an_error_of_opencv_is_one_line(failing, capsys):
    assert failing(cv2.error("a.cpp:12: error: (-215)\n  something long " + 500 * "x")) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert len(said) < 300


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "store"),
        ValueError("store: not a store"),
        ZeroDivisionError("no image"),
        ModuleNotFoundError("No module named 'faiss'", name="faiss"),
    ],
    ids=["disk", "value", "arithmetic", "module"],
)
def test_foreseeable_errors_are_one_line(error, failing, capsys):
    assert failing(error) == 2
    assert capsys.readouterr().err.startswith("solar: ")


def test_a_fault_of_ours_keeps_its_traceback(failing):
    with pytest.raises(AttributeError):
        failing(AttributeError("a fault"))


def test_an_interrupted_command_says_that_it_continues(failing, capsys):
    assert failing(KeyboardInterrupt()) == 130
    assert "continues from here" in capsys.readouterr().err


@pytest.mark.processes
@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_the_shell_completes_commands_options_and_names(shell, capsys):
    pytest.importorskip("shtab")
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in ("extract", "single-scale", "roxford5k"):
        assert word in script
    if shell == "bash":
        checked = subprocess.run(
            ["bash", "-n"], input=script, capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.processes
def test_bash_completes_a_command(tmp_path, capsys):
    pytest.importorskip("shtab")
    assert cli.main(["completion", "bash"]) == 0
    ask = "\nCOMP_WORDS=(solar ex); COMP_CWORD=1; _shtab_solar; echo ${COMPREPLY[@]}\n"
    (tmp_path / "ask.sh").write_text(capsys.readouterr().out + ask)
    done = subprocess.run(
        ["bash", tmp_path / "ask.sh"], capture_output=True, text=True, check=False
    )
    assert set(done.stdout.split()) == {"extract", "explore"}


def test_completion_says_what_it_needs(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert cli.main(["completion", "bash"]) == 2
    assert "pip install shtab" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command, use", [("explore", "attention"), ("extract", "global"), ("match", "local")]
)
def test_help_lists_the_networks_that_the_command_takes(command, use, capsys):
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    text = " ".join(capsys.readouterr().out.replace("-\n", "-").split())
    listed = {name for name in weights.names() if re.search(rf"[( ]{name}[,) ]", text)}
    assert set(weights.names(use)) <= listed
    others = set(weights.names()) - set(weights.names(use))
    shown = re.search(r"--net .*?--", text.partition("options:")[2])[0]
    assert not [name for name in others if re.search(rf"[( ]{name}[,) ]", shown)]


def test_bars_are_drawn_on_terminals_only(benchmark, capsys, tmp_path):
    net = solar.GlobalNet("mini")
    options = DescribeOptions(image_size=64, scales=(1.0,))
    solar.describe(net, benchmark.images, options=options, progress=True)
    extract(net, benchmark.images, tmp_path / "store", options=options, progress=True)
    assert "image" not in capsys.readouterr().err


@pytest.mark.processes
@pytest.mark.parametrize("words", ["--help", "data roxford5k --dry-run", "data --help"])
def test_a_closed_pipe_is_silent(words):
    """The reader takes nothing, as `head` does once it has its lines."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "solar", *words.split()]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        command, stdout=write, stderr=subprocess.PIPE, text=True, check=False, env=buffered
    )
    os.close(write)
    assert done.stderr == ""
    assert done.returncode in (0, 141)
