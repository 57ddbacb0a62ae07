"""Build the release, and try it where this repository is not.

    make wheel

The wheel goes into a new environment, with its requirements and nothing else, and is used from an
empty folder. The source distribution is unpacked, and its quick tests run from there. Needs a
package index.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import set_up

ROOT = Path(__file__).resolve().parents[1]
# what a reader of the wheel does first; {photo} is a photograph
COMMANDS = (
    ["-c", "import solar; print(solar.__version__, solar.load('mini-solar'))"],
    ["-c", "import solar; print(len(solar.results('parts')))"],
    ["-m", "solar", "--version"],
    ["-m", "solar", "doctor"],
    ["-m", "solar", "explore", "{photo}", "--no-open", "-o", "page.html"],
    ["-m", "solar", "match", "{photo}", "{photo}", "-o", "matches.png"],
    ["-m", "solar", "data", "roxford5k", "--dry-run"],
)
QUICK = ["-q", "-x", "-m", "not slow and not browser and not processes"]


def run(command: list, folder: Path) -> None:
    """Run a command in `folder` without this repository on Python's path; stop if it fails."""
    words = [str(word) for word in command]
    print("$", " ".join(words), flush=True)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["SOLAR_HOME"] = str(folder / "home")
    if subprocess.run(words, cwd=folder, check=False, env=environment).returncode:
        sys.exit(f"try_wheel: {' '.join(words)} failed")


def build(folder: Path) -> tuple[Path, Path]:
    """Build the source distribution, and the wheel from it; return both paths."""
    run([sys.executable, "-m", "build", "--outdir", folder, ROOT], folder)
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


def try_wheel(wheel: Path, folder: Path) -> None:
    """Use the wheel in an environment of its own."""
    uv = shutil.which("uv") or shutil.which(str(Path(sys.executable).with_name("uv")))
    python = folder / "env" / "bin" / "python"
    run(set_up.make_environment(python, uv), folder)
    install = set_up.installer(python, uv)
    set_up._install_torch(python, install)
    run([*install, "-c", ROOT / "constraints.txt", wheel], folder)

    # an empty folder, so that `import solar` can mean the wheel alone
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    photo = elsewhere / "photo.jpg"
    shutil.copy(ROOT / "book" / "images" / "readme.png", photo.with_suffix(".png"))
    where = "import solar, sys; sys.exit('site-packages' not in solar.__file__)"
    run([python, "-c", where], elsewhere)
    for command in COMMANDS:
        words = [word.format(photo=photo.with_suffix(".png")) for word in command]
        run([python, *words], elsewhere)


def try_sdist(sdist: Path, folder: Path) -> None:
    """Run the quick tests of the source distribution, with the libraries of this environment."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    unpacked = folder / sdist.name.removesuffix(".tar.gz")
    run([sys.executable, "-m", "pytest", *QUICK, "tests"], unpacked)


def main() -> int:
    """Build and try; the files stay in `dist` if all went well."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--wheel-only", action="store_true", help="leave the tests of the sdist out"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sdist, wheel = build(folder)
        try_wheel(wheel, folder)
        if not arguments.wheel_only:
            try_sdist(sdist, folder)
        (ROOT / "dist").mkdir(exist_ok=True)
        for path in (sdist, wheel):
            shutil.copy(path, ROOT / "dist")
            print(f"{path.stat().st_size / 1e6:5.1f} MB  dist/{path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
