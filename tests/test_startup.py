"""`import solar` and every `--help` load nothing heavy: those who only ask do not wait."""

import json
import subprocess
import sys

import pytest

from solar.cli import COMMANDS

HEAVY = (
    "IPython",
    "anywidget",
    "cv2",
    "ipywidgets",
    "matplotlib",
    "pandas",
    "requests",
    "scipy",
    "tensorboard",
    "timm",
    "torch",
    "torchvision",
    "urllib3",
)
NAMES = [command.__name__.rpartition(".")[2] for command in COMMANDS]
QUESTIONS = [["--help"], ["--version"], *([name, "--help"] for name in NAMES)]

# prints the modules that are loaded after the statements above it
REPORT = "\nimport json, sys\nprint('modules:' + json.dumps(sorted(sys.modules)))"


def run_python(program: str, *arguments: str) -> tuple[str, set[str]]:
    """Run a program in a fresh interpreter: what it printed, and the heavy modules it loaded."""
    command = [sys.executable, "-c", program + REPORT, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed, _, modules = done.stdout.rpartition("modules:")
    return printed, {name.partition(".")[0] for name in json.loads(modules)} & set(HEAVY)


@pytest.mark.parametrize(
    "module", ["solar", "solar.published", "solar.world.recipes", "solar.training.config"]
)
def test_imports_are_light(module):
    _, heavy = run_python(f"import {module}")
    assert heavy == set()


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_questions_to_the_command_line_load_nothing_heavy(question):
    program = """
import sys
from solar.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0"""
    printed, heavy = run_python(program, *question)
    assert heavy == set()
    assert printed.startswith("solar " if "--version" in question else "usage: solar")


def test_timm_is_loaded_only_for_a_trunk_of_its_own():
    program = "import solar; solar.load('mini-gem'); solar.GlobalNet('mini')"
    _, heavy = run_python(program)
    assert "torch" in heavy
    assert "timm" not in heavy


def test_the_report_notices_heavy_modules():
    _, heavy = run_python("import requests")
    assert heavy == {"requests", "urllib3"}
