"""Make the virtual environment and install everything into it; `make` calls this.

    python3 tools/set_up.py .venv

Versions come from constraints.txt. uv installs where it is there, pip elsewhere. Without an NVIDIA
driver, PyTorch's small CPU wheels are taken, where their index can be reached. Only the standard
library is used: this runs before anything is installed.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINS = ["-c", "constraints.txt"]
EVERYTHING = ".[book,test]"
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
DRIVER = Path("/proc/driver/nvidia/version")
OLDEST = (3, 11)


def has_nvidia_driver() -> bool:
    """Has this machine a driver that CUDA wheels could use?"""
    return DRIVER.exists() or shutil.which("nvidia-smi") is not None


def wants_cpu_wheels() -> bool:
    """Would PyTorch come with CUDA libraries that nothing here can use?

    On the package index, the wheels for Linux contain them; those for macOS and Windows do not.
    """
    return platform.system() == "Linux" and not has_nvidia_driver()


def make_environment(python: Path, uv: str | None) -> list[str]:
    """Return the command that makes the environment whose interpreter is `python`.

    Args:
        uv: the path of uv, None if it is not installed.
    """
    folder = str(python.parents[1])
    if uv:
        return [uv, "venv", "--quiet", "--seed", "--python", sys.executable, folder]
    return [sys.executable, "-m", "venv", folder]


def installer(python: Path, uv: str | None) -> list[str]:
    """Return the words in front of what is to be installed."""
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", str(python)]
    return [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def cpu_torch(install: list[str]) -> list[str]:
    """Return the command that takes PyTorch from its own index, and gives up soon.

    Its requirements come later from the usual index, which has all pinned versions.
    """
    # uv knows soon by itself that there is no way to an index
    patience = [] if install[1] == "pip" else ["--retries", "0", "--timeout", "15"]
    wheels = ["--no-deps", "--index-url", CPU_WHEELS, "torch", "torchvision"]
    return [*install, *PINS, *patience, *wheels]


def _uninstall(install: list[str], package: str) -> list[str]:
    """Return the command that removes a package; pip asks first, uv does not."""
    words = ["uninstall" if word == "install" else word for word in install]
    asks = install[1] != "pip"
    return [*words, *(["--yes"] if asks else []), package]


def _runs(command: list[str], quiet: bool = False) -> bool:
    """Run a command in the project's folder; return whether it succeeded."""
    output = subprocess.DEVNULL if quiet else None
    return (
        subprocess.run(command, cwd=ROOT, check=False, stdout=output, stderr=output).returncode == 0
    )


def _must_run(command: list[str], hint: str) -> None:
    """Run a command; stop with a hint if it fails."""
    if not _runs(command):
        sys.exit(f"set_up: {' '.join(command[:4])} ... failed: {hint}")


def _install_torch(python: Path, install: list[str]) -> None:
    """Take PyTorch's CPU wheels, unless some PyTorch is there already."""
    if not wants_cpu_wheels() or _runs([str(python), "-c", "import torch"], quiet=True):
        return
    print("no NVIDIA driver here: taking PyTorch's CPU wheels", flush=True)
    if not _runs(cpu_torch(install), quiet=True):
        print("their index cannot be reached: taking the large wheels instead", flush=True)


def _repair_opencv(python: Path, install: list[str]) -> None:
    """Put opencv-python-headless in the place of opencv-python where libGL is missing."""
    works = [str(python), "-c", "import cv2"]
    if _runs(works, quiet=True):
        return
    print("import cv2 failed (no libGL here?): taking opencv-python-headless instead", flush=True)
    headless = [*install, *PINS, "--no-deps", "opencv-python-headless"]
    _runs(_uninstall(install, "opencv-python"), quiet=True)
    _must_run(headless, "the package index has no opencv-python-headless")
    _must_run(works, "OpenCV cannot be imported; the lines above say why")


def _filter_notebooks(python: Path) -> None:
    """Let git keep what Jupyter notes about a run out of the notebooks (.gitattributes)."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        return
    clean = f"{os.path.relpath(python, ROOT)} tools/filter_notebook.py %f"
    _runs(["git", "config", "filter.notebooks.clean", clean])


def main(folder: str) -> int:
    """Make the environment in `folder` complete; a second run is quick."""
    if sys.version_info < OLDEST:
        sys.exit("set_up: expected Python 3.11 or newer")
    uv = shutil.which("uv")
    python = Path(folder).absolute() / "bin" / "python"
    if not python.exists():
        _must_run(
            make_environment(python, uv),
            "on Debian and Ubuntu, `apt install python3-venv` brings what it needs",
        )
    install = installer(python, uv)
    _install_torch(python, install)
    _must_run([*install, *PINS, "-e", EVERYTHING], "the lines above say what was not found")
    _repair_opencv(python, install)
    _filter_notebooks(python)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
