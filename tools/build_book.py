"""Build the book: run what has changed, turn it into HTML with warnings as errors, say where it is
and what it took.

jupyter-cache looks at a notebook alone, and Sphinx at a page alone: a change in the package would
leave stale outputs. So all that was built belongs to a hash of what the notebooks stand on, and
goes when that hash changes.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml
from book_costs import MeasuringExecutor, check, costs
from jupyter_cache import get_cache

ROOT = Path(__file__).resolve().parents[1]
STANDS_ON = ("solar/**/*", "constraints.txt", "pyproject.toml")
PAGES = ("book/**/*", "notebooks/*.ipynb", "_config.yml", "_toc.yml", "tools/*.py")
CORES = os.cpu_count() or 1
INDEX = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<meta http-equiv="refresh" content="0; url={page}">
</head>
<body><p><a href="{page}">{title}</a></p></body>
</html>
"""
AT_ONCE = min(CORES, 4)  # notebooks that run side by side; each may take 1.5 GB


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


def notebooks_of(root: Path) -> list[Path]:
    """Return the notebooks in the table of contents, in its order."""
    contents = yaml.safe_load((root / "_toc.yml").read_text())
    names = [contents["root"]]
    for part in contents.get("parts", []):
        names += [chapter["file"] for chapter in part["chapters"]]
    return [path for path in (root / f"{name}.ipynb" for name in names) if path.is_file()]


def write_index(root: Path) -> None:
    """Give the first address of the book a title, and a link for those who are not led on.

    Jupyter Book writes a bare redirection there.
    """
    title = yaml.safe_load((root / "_config.yml").read_text())["title"]
    page = yaml.safe_load((root / "_toc.yml").read_text())["root"] + ".html"
    text = INDEX.format(title=title, page=page)
    (root / "_build" / "html" / "index.html").write_text(text, encoding="utf-8")


def execute(root: Path) -> None:
    """Run the notebooks that changed, some at a time, and keep their outputs in the book's cache.

    Jupyter Book would run them one after the other. A notebook that fails is left to it: it runs it
    once more, and reports the cell.
    """
    settings = yaml.safe_load((root / "_config.yml").read_text()).get("execute", {})
    timeout = settings.get("timeout", 30)
    cache_folder = root / "_build" / ".jupyter_cache"
    cache = get_cache(cache_folder)
    paths = notebooks_of(root)
    for path in paths:
        cache.add_nb_to_project(str(path))

    def run(path: Path) -> None:
        """Run one notebook, unless the cache has it; every thread has a cache object of its own."""
        executor = MeasuringExecutor(get_cache(cache_folder))
        executor.run_and_cache(filter_uris=[str(path)], timeout=timeout)

    # the cores are divided among the kernels, so that they do not fight for them
    threads = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = threads or str(max(1, CORES // AT_ONCE))
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(run, paths))
    finally:
        if threads is None:
            del os.environ["OMP_NUM_THREADS"]


def build(root: Path, force: bool = False) -> bool:
    """Build the book in `root`; return True if there was something to do.

    Raises:
        RuntimeError: a cell failed or a page gave a warning. Nothing half-built stays to hide it
            from the next run.
    """
    built = root / "_build"
    html = built / "html"
    base_file = built / "base.sha256"
    all_file = built / "all.sha256"
    base = digest(root, *STANDS_ON)
    everything = digest(root, *STANDS_ON, *PAGES)
    # where the book is published stands in its pages: tools/book_address.py
    everything += os.environ.get("SOLAR_REPOSITORY", "") + os.environ.get("SOLAR_PAGES", "")

    # a change in the package, or of a version, makes all stored outputs stale
    if force or _content(base_file) != base:
        shutil.rmtree(built, ignore_errors=True)
    elif _content(all_file) == everything and (html / "index.html").is_file():
        return False

    # the pages of sources that are gone would stay
    shutil.rmtree(html, ignore_errors=True)
    built.mkdir(exist_ok=True)
    base_file.write_text(base)

    execute(root)
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    command = [str(jupyter_book), "build", ".", "-W", "--keep-going"]
    if subprocess.run(command, check=False, cwd=root).returncode:
        # without its trees, Sphinx reads every page again and so repeats its warnings
        shutil.rmtree(built / ".doctrees", ignore_errors=True)
        all_file.unlink(missing_ok=True)
        raise RuntimeError("the book was not built: a cell failed or a page warned; see above")
    write_index(root)
    all_file.write_text(everything)
    return True


def _content(path: Path) -> str | None:
    """Return the text of a file, None if there is no such file."""
    return path.read_text() if path.is_file() else None


def main() -> int:
    """Build the book beside this script's folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--force", action="store_true", help="run and build everything anew")
    parser.add_argument("--no-budgets", action="store_true", help="let notebooks cost what they do")
    asked = parser.parse_args()
    try:
        new = build(ROOT, asked.force)
    except RuntimeError as error:
        print(f"build_book: {error}", file=sys.stderr)
        return 1
    print("Chapters ran in:" if new else "Nothing has changed. Chapters ran in:")
    measured = costs(ROOT)
    for chapter, took in seconds(ROOT).items():
        memory = measured.get(chapter, {}).get("memory")
        held = "" if memory is None else f"{memory:8.0f} MiB"
        print(f"{took:8.1f} s{held}  {chapter}")
    print(f"The book: {ROOT / '_build' / 'html' / 'index.html'}")
    if asked.no_budgets:
        return 0
    # the book is built; what became too slow or too large makes the command fail nevertheless
    complaints = check(ROOT)
    for line in complaints:
        print(f"build_book: {line}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
