"""The lock file, what is written from it, and that its versions install wherever the book runs."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from constraints import constraints  # noqa: E402

LOCK = (ROOT / "uv.lock").read_text(encoding="utf-8")
PACKAGES = tomllib.loads(LOCK)["package"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# the oldest Python that is allowed, that of Debian 12, and every later one with wheels of PyTorch
PYTHONS = ("3.11.0", "3.11.2", "3.12", "3.13", "3.14")
SYSTEMS = ("x86_64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-pc-windows-msvc")
NO_NETWORK = re.compile(r"dns error|Connect|timed out|error sending request|os error|Could not con")


def test_the_constraints_are_those_of_the_lock():
    assert (ROOT / "constraints.txt").read_text(encoding="utf-8") == constraints(LOCK), "make lock"


def test_two_versions_of_a_package_are_refused():
    other = LOCK + '\n[[package]]\nname = "numpy"\nversion = "1.0"\nsource = { registry = "x" }\n'
    with pytest.raises(ValueError, match="numpy has the versions"):
        constraints(other)


def test_the_lock_names_the_public_index_alone():
    sources = {str(package["source"]) for package in PACKAGES}
    assert sources == {"{'registry': 'https://pypi.org/simple'}", "{'editable': '.'}"}
    addresses = re.findall(r'url = "(https?://[^/"]+)', LOCK)
    assert set(addresses) == {"https://files.pythonhosted.org"}


def test_the_lock_knows_the_requirements_of_the_project():
    metadata = next(package for package in PACKAGES if package["name"] == PROJECT["name"])
    locked = {
        (entry["name"], entry.get("specifier", ""))
        for entry in metadata["metadata"]["requires-dist"]
        if "marker" not in entry
    }
    parts = [re.match(r"([\w.-]+)(.*)", line).groups() for line in PROJECT["dependencies"]]
    assert locked == set(parts), "make lock"
    assert set(metadata["optional-dependencies"]) == set(PROJECT["optional-dependencies"])


def resolve(uv: str, python: str, system: str) -> subprocess.CompletedProcess:
    """Let uv find wheels of the pinned versions for another machine."""
    command = [uv, "pip", "compile", "--quiet", "--no-header", "--all-extras"]
    command += ["--only-binary", ":all:", "-c", "constraints.txt", "pyproject.toml"]
    command += ["--python-version", python, "--python-platform", system]
    # PyTorch's wheels for Macs are for macOS 14 and later
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )


@pytest.fixture(scope="module")
def resolutions():
    """What uv found for every Python and system; most of the time is spent waiting."""
    uv = shutil.which("uv") or shutil.which(str(Path(sys.executable).with_name("uv")))
    if uv is None:
        pytest.skip("no uv here: pip install uv")
    jobs = [(python, system) for python in PYTHONS for system in SYSTEMS]
    with ThreadPoolExecutor(len(SYSTEMS)) as pool:
        return dict(zip(jobs, pool.map(lambda job: resolve(uv, *job), jobs)))


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_pins_install_on(python, system, resolutions):
    done = resolutions[python, system]
    if done.returncode and NO_NETWORK.search(done.stderr):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    found = set(re.findall(r"^[\w.-]+==[\w.+]+", done.stdout, re.M))
    # the book's own package has no version in the lock
    versions = [package for package in PACKAGES if "version" in package]
    pinned = {f"{package['name']}=={package['version']}" for package in versions}
    assert len(found) > 150
    # nothing but what the lock has
    assert found <= pinned
