"""What set-up runs, on machines with and without uv, an NVIDIA driver and libGL."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import set_up  # noqa: E402


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """machine(...): let set-up think that it is elsewhere; return the commands that it then runs.

    Args of the function: `uv` and `nvidia`, is it there; `failing`, words of commands that fail.
    """

    def run_set_up(uv=False, nvidia=False, system="Linux", failing=()):
        commands = []

        def run(command, **options):
            line = " ".join(map(str, command))
            commands.append(line)
            failed = any(word in line for word in failing)
            return subprocess.CompletedProcess(command, int(failed))

        present = {"uv": uv, "nvidia-smi": nvidia, "git": True}
        monkeypatch.setattr(set_up.subprocess, "run", run)
        monkeypatch.setattr(set_up.shutil, "which", lambda name: name if present[name] else None)
        monkeypatch.setattr(set_up, "DRIVER", tmp_path / "absent")
        monkeypatch.setattr(set_up.platform, "system", lambda: system)
        assert set_up.main(str(tmp_path / "env")) == 0
        return commands

    return run_set_up


def number_of(commands, *words):
    """The place of the first command with all of these words; None if there is no such command."""
    places = [i for i, line in enumerate(commands) if all(word in line for word in words)]
    return places[0] if places else None


@pytest.mark.parametrize("uv", [True, False])
def test_without_a_driver_cpu_wheels_come_before_the_rest(uv, machine):
    commands = machine(uv=uv, failing=["import torch"])
    cpu = number_of(commands, "--index-url", "whl/cpu", "torchvision")
    rest = number_of(commands, "-e", ".[book,test]")
    assert cpu < rest
    assert "-c constraints.txt" in commands[cpu] and "-c constraints.txt" in commands[rest]
    assert "--index-url" not in commands[rest]
    assert all(line.startswith("uv ") == uv for line in (commands[0], commands[cpu]))


def test_an_index_that_cannot_be_reached_is_no_failure(machine, capsys):
    commands = machine(failing=["import torch", "whl/cpu"])
    assert number_of(commands, "-e", ".[book,test]") is not None
    assert "cannot be reached" in capsys.readouterr().out


@pytest.mark.parametrize("where", [dict(nvidia=True), dict(system="Darwin")])
def test_elsewhere_the_usual_index_has_the_right_wheels(where, machine):
    commands = machine(**where, failing=["import torch"])
    assert number_of(commands, "whl/cpu") is None


def test_a_pytorch_that_is_there_stays(machine):
    assert number_of(machine(), "whl/cpu") is None


def test_without_libgl_the_headless_wheel_takes_over(machine, monkeypatch):
    with pytest.raises(SystemExit, match="OpenCV cannot be imported"):
        machine(failing=["import cv2"])
    commands = machine()
    assert number_of(commands, "opencv-python-headless") is None


def test_headless_opencv_replaces_the_other_one():
    pip = set_up.installer(Path("env/bin/python"), None)
    uv = set_up.installer(Path("env/bin/python"), "uv")
    assert set_up._uninstall(pip, "opencv-python")[-2:] == ["--yes", "opencv-python"]
    assert set_up._uninstall(uv, "opencv-python")[:3] == ["uv", "pip", "uninstall"]
    assert "--yes" not in set_up._uninstall(uv, "opencv-python")


def test_what_cannot_be_installed_stops_with_a_hint(machine):
    with pytest.raises(SystemExit, match="python3-venv"):
        machine(failing=["venv"])
    with pytest.raises(SystemExit, match="what was not found"):
        machine(failing=[".[book,test]"])


@pytest.mark.parametrize("cloned", [True, False])
def test_the_filter_of_notebooks_is_set_in_a_clone(cloned, machine, tmp_path, monkeypatch):
    """A source distribution has no repository to set it in."""
    monkeypatch.setattr(set_up, "ROOT", tmp_path)
    if cloned:
        (tmp_path / ".git").mkdir()
    lines = [line for line in machine() if "filter.notebooks.clean" in line]
    assert len(lines) == int(cloned)
    if cloned:
        assert lines[0].endswith("env/bin/python tools/filter_notebook.py %f")
