"""pyproject, constraints, environment and Makefile say the same."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import solar

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
LINES = [
    line
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
PINS = {canonicalize_name(line.split("==")[0]): line.split("==")[-1] for line in LINES}


def test_every_constraint_is_one_exact_version():
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in LINES)
    assert len(PINS) == len(LINES)


def test_every_dependency_is_pinned_within_its_range():
    wanted = list(PROJECT["dependencies"])
    for requirements in PROJECT["optional-dependencies"].values():
        wanted += requirements
    for requirement in map(Requirement, wanted):
        if requirement.name == PROJECT["name"]:
            continue  # an extra that contains another one
        assert PINS[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def test_both_opencv_wheels_are_of_one_version():
    assert PINS["opencv-python"] == PINS["opencv-python-headless"]


def test_conda_installs_the_same_through_pip():
    text = (ROOT / "environment.yml").read_text()
    assert "--constraint constraints.txt" in text and "--editable .[book,test]" in text
    python = re.search(r"python=([\d.]+)", text).group(1)
    assert python in Requirement(f"python{PROJECT['requires-python']}").specifier
    assert "==" not in text, "versions belong in constraints.txt"


def test_binder_takes_the_pinned_pytorch_without_cuda():
    text = (ROOT / "binder" / "environment.yml").read_text()
    for name in ("torch", "torchvision"):
        assert f"- {name}=={PINS[name]}+cpu" in text
    assert "solar data mini" in (ROOT / "binder" / "postBuild").read_text()


@pytest.mark.parametrize("folder", [".", "binder"])
def test_paths_of_an_environment_start_at_its_own_file(folder):
    """Conda and micromamba run pip in the folder of environment.yml."""
    here = ROOT / folder
    environment = yaml.safe_load((here / "environment.yml").read_text())
    (lines,) = [one["pip"] for one in environment["dependencies"] if isinstance(one, dict)]
    paths = dict(line.split() for line in lines if line.startswith("--"))
    assert (here / paths["--constraint"]).resolve() == ROOT / "constraints.txt"
    project = re.fullmatch(r"(\.+)\[([\w,]+)\]", paths["--editable"])
    assert (here / project[1]).resolve() == ROOT
    assert set(project[2].split(",")) <= set(PROJECT["optional-dependencies"])


def test_make_help_names_every_target():
    makefile = (ROOT / "Makefile").read_text()
    shown = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    targets = re.search(r"\.PHONY: (.*)", makefile).group(1).split()
    assert all(f"make {target}" in shown.stdout for target in targets)


def test_the_version_is_the_same_everywhere():
    version = solar.__version__
    released = re.search(rf"^## {re.escape(version)} - (\d{{4}}-\d\d-\d\d)$", CHANGELOG, re.M)
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {version}\ndate-released: {released[1]}\n" in citation
    assert "version" in PROJECT["dynamic"]
    assert "version" not in PROJECT


def test_the_readme_shows_every_room():
    readme = (ROOT / "README.md").read_text()
    rooms = {path.stem for path in (ROOT / "solar").iterdir() if not path.name.startswith("_")}
    rooms -= {"cli", "weights", "py", "results"}
    assert all(f"`{room}`" in readme for room in rooms)
    assert all(re.search(rf"^\**{room}\** +\S", solar.__doc__, re.M) for room in rooms)
