"""Build the book: run what has changed, turn it into HTML with warnings as errors, say where it is
and what it took.

jupyter-cache looks at a notebook alone, and Sphinx at a page alone: a change in the package would
leave stale outputs. So all that was built belongs to a hash of what the notebooks stand on, and
goes when that hash changes.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from jupyter_cache import get_cache

ROOT = Path(__file__).resolve().parents[1]
STANDS_ON = ("solar/**/*", "constraints.txt", "pyproject.toml")
PAGES = ("book/**/*", "notebooks/*.ipynb", "_config.yml", "_toc.yml", "tools/*.py")


def digest(root: Path, *patterns: str) -> str:
    """SHA-256 over the names and bytes of all files under `root` that match."""
    total = hashlib.sha256(sys.version.encode())
    for path in sorted({path for pattern in patterns for path in root.glob(pattern)}):
        if path.is_file() and "__pycache__" not in path.parts:
            name = f"{path.relative_to(root)}\0".encode()
            total.update(name + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def seconds(root: Path) -> dict[str, float]:
    """Seconds that each notebook took when it was last run, by its name."""
    records = get_cache(root / "_build" / ".jupyter_cache").list_cache_records()
    took = {
        Path(record.uri).stem: record.data.get("execution_seconds", float("nan"))
        for record in records
    }
    return dict(sorted(took.items()))


def build(root: Path, force: bool = False) -> bool:
    """Build the book in `root`; True if there was something to do.

    Raises:
        RuntimeError: a cell failed or a page gave a warning. Nothing half-built stays to hide it
            from the next run.
    """
    built = root / "_build"
    base, all_, front = built / "base.sha256", built / "all.sha256", built / "html" / "index.html"
    base_now, all_now = digest(root, *STANDS_ON), digest(root, *STANDS_ON, *PAGES)
    if force or not base.is_file() or base.read_text() != base_now:
        shutil.rmtree(built, ignore_errors=True)
    elif all_.is_file() and all_.read_text() == all_now and front.is_file():
        return False
    shutil.rmtree(
        built / "html", ignore_errors=True
    )  # else the pages of deleted sources would stay
    built.mkdir(exist_ok=True)
    base.write_text(base_now)
    command = [
        str(Path(sys.executable).with_name("jupyter-book")),
        "build",
        ".",
        "-W",
        "--keep-going",
    ]
    if subprocess.run(command, cwd=root).returncode:
        shutil.rmtree(
            built / ".doctrees", ignore_errors=True
        )  # else the next run would not see the warning again
        all_.unlink(missing_ok=True)
        raise RuntimeError(
            "the book was not built: a cell failed or a page gave a warning; see above"
        )
    all_.write_text(all_now)
    return True


def main() -> int:
    """Build the book beside this script's folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--force", action="store_true", help="run and build everything anew")
    try:
        new = build(ROOT, parser.parse_args().force)
    except RuntimeError as error:
        print(f"build_book: {error}", file=sys.stderr)
        return 1
    print("Chapters ran in:" if new else "Nothing has changed. Chapters ran in:")
    for chapter, took in seconds(ROOT).items():
        print(f"{took:8.1f} s  {chapter}")
    print(f"The book: {ROOT / '_build' / 'html' / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
