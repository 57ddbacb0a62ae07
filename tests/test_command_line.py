"""What the command line does whatever the command: help, suggestions, foreseeable errors."""

import errno
import os
import subprocess
import sys

import cv2
import pytest
import torch

from solar import cli


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
