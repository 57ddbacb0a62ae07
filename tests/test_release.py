"""The source distribution has what its tests read, the wheel what the package reads."""

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import solar

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "solar"
LEFT_OUT = ("_build", ".venv", ".git", "__pycache__", ".pytest_cache", ".hypothesis", "dist")


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """The copied source, and the names of the files in both distributions, without the folder of
    the sdist.
    """
    pytest.importorskip("build")
    pytest.importorskip("setuptools")
    folder = tmp_path_factory.mktemp("release")
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*LEFT_OUT, "*.egg-info"))
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        sdist = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        wheel = set(archive.namelist())
    return source, sdist, wheel


def files_below(source, folder):
    """All files below a folder of the source that belong to it, by their path from the root."""
    paths = [path for path in (source / folder).rglob("*") if path.is_file()]
    strange = {"__pycache__", ".ruff_cache", ".ipynb_checkpoints"}
    return {str(path.relative_to(source)) for path in paths if not strange.intersection(path.parts)}


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize("folder", ["solar", "tests", "tools", "notebooks", "book", "benchmarks"])
def test_the_sdist_holds_the_whole_book(folder, release):
    source, sdist, _ = release
    assert files_below(source, folder) <= sdist


@pytest.mark.slow
@pytest.mark.processes
def test_the_sdist_holds_what_the_tests_read_beside(release):
    names = {"Makefile", "uv.lock", "constraints.txt", "environment.yml", "conftest.py"}
    names |= {"CITATION.cff", "CHANGELOG.md", "README.md", "LICENSE", "_config.yml", "_toc.yml"}
    assert names <= release[1]


@pytest.mark.slow
@pytest.mark.processes
def test_the_wheel_holds_the_package_and_nothing_else(release):
    source, _, wheel = release
    assert files_below(source, "solar") <= wheel
    information = f"solar_book-{solar.__version__}.dist-info/"
    assert all(name.startswith(("solar/", information)) for name in wheel)
    assert any(name.startswith(information) and name.endswith("LICENSE") for name in wheel)


def test_no_message_tells_a_reader_to_install_a_stranger():
    """`solar` on the package index is another project."""
    stranger = re.compile(r"pip install[^\n]*(?<![\w-])['\"]?solar(?![\w-])(\[|['\"]|\s|$)")
    assert stranger.search("pip install 'solar[faiss]'")
    assert stranger.search("pip install solar")
    assert not stranger.search("pip install solar-book[notebooks]")
    paths = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js"), *(ROOT / "book").rglob("*.md")]
    paths += [*(ROOT / "notebooks").glob("*.ipynb"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    found = [path for path in paths if stranger.search(path.read_text(encoding="utf-8"))]
    assert found == []
