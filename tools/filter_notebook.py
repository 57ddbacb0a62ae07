"""A filter of git: a notebook that was run again, and said the same, has not changed.

    git config filter.notebooks.clean ".venv/bin/python tools/filter_notebook.py %f"

`make` sets this up, and .gitattributes applies it to the chapters. Git sends the notebook as it is
on disk, and takes what comes back for its content. What changes at every run is dropped, as in
normalise_notebooks.py. Outputs that differ from the recorded ones in durations, rates and addresses
alone, which is what tests/nbval_sanitize.cfg names, count as the recorded ones.
"""

import configparser
import json
import re
import subprocess
import sys
from pathlib import Path

from normalise_notebooks import normalise, text_of

ROOT = Path(__file__).resolve().parents[1]
SAME = "application/vnd.jupyter.widget-view+json"  # its model has a new name at every run


def patterns() -> list[tuple[str, str]]:
    """Return what may differ between two runs, as pairs of a pattern and what stands for it."""
    config = configparser.RawConfigParser()
    config.read(ROOT / "tests" / "nbval_sanitize.cfg", encoding="utf-8")
    return [(config[name]["regex"], config[name]["replace"]) for name in config.sections()]


def essence(output: dict, same: list[tuple[str, str]]) -> str:
    """Return the text that two outputs share if they say the same.

    Args:
        output: of a code cell.
        same: from `patterns`.
    """
    bare = {key: value for key, value in output.items() if key != "data"}
    images = {}
    words = {}
    for kind, value in output.get("data", {}).items():
        if kind == SAME:
            continue
        # an image is compared as it is: in base64, any pattern may appear
        target = images if kind.startswith("image/") else words
        target[kind] = "".join(value) if isinstance(value, list) else value
    if "text" in bare:
        bare["text"] = "".join(bare["text"])
    text = json.dumps([bare, words], sort_keys=True, ensure_ascii=False)
    for pattern, stands_for in same:
        text = re.sub(pattern, stands_for, text)
    return text + json.dumps(images, sort_keys=True)


def keep_recorded(notebook: dict, recorded: dict) -> dict:
    """Put the recorded outputs in the place of those that say the same.

    Args:
        notebook: after a run; changed in place.
        recorded: the same notebook in git.
    """
    same = patterns()
    before = {cell.get("id"): cell for cell in recorded["cells"] if "outputs" in cell}
    for cell in notebook["cells"]:
        old = before.get(cell.get("id"))
        if old is None or "outputs" not in cell:
            continue
        # another source, or another output: the run has changed something
        if "".join(cell["source"]) != "".join(old["source"]):
            continue
        new_essence = [essence(output, same) for output in cell["outputs"]]
        old_essence = [essence(output, same) for output in old["outputs"]]
        if new_essence == old_essence:
            cell["outputs"] = old["outputs"]
    return notebook


def filtered(text: str, recorded: str | None) -> str:
    """Return what git is to record of a notebook.

    Args:
        text: the notebook on disk.
        recorded: the notebook as git has it; None if it is new.
    """
    notebook = normalise(json.loads(text))
    if recorded is not None:
        notebook = keep_recorded(notebook, json.loads(recorded))
    return text_of(notebook)


def _in_git(path: str) -> str | None:
    """Return the text that the index has of `path`, None if it has none."""
    show = ["git", "cat-file", "blob", f":{path}"]
    done = subprocess.run(show, capture_output=True, check=False)
    return done.stdout.decode() if done.returncode == 0 else None


def main(path: str) -> int:
    """Filter the notebook `path`, which comes by standard input."""
    text = sys.stdin.buffer.read().decode()
    try:
        new = filtered(text, _in_git(path))
    except (ValueError, KeyError, TypeError):
        new = text  # no notebook, or one half merged: git gets it as it is
    sys.stdout.buffer.write(new.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
