"""Drop from notebooks what changes at every run.

    python tools/normalise_notebooks.py notebooks/*.ipynb

This is: widget state, timings, the kernel's details, and the places where a text was cut in pieces.
A widget's output keeps its still image, if it has one: without the state, its live view would be an
error message. The book runs the notebooks when it is built, and has both.
"""

import json
import sys
from pathlib import Path

EDITOR = ("execution", "collapsed", "scrolled", "jupyter")
VIEW = "application/vnd.jupyter.widget-view+json"


def normalise(notebook: dict) -> dict:
    """Make the notebook's metadata the same on every machine; sources and outputs stay.

    Args:
        notebook: as read from its file by `json` or by `nbformat`; it is changed in place.
    """
    notebook["metadata"].pop("widgets", None)
    notebook["metadata"]["kernelspec"] = {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    notebook["metadata"]["language_info"] = {"name": "python"}
    # what an editor notes of a cell; a live view whose state is gone, where a still image remains
    for cell in notebook["cells"]:
        for key in EDITOR:
            cell["metadata"].pop(key, None)
        for output in cell.get("outputs", []):
            if {"image/jpeg", "image/png"} & output.get("data", {}).keys():
                output["data"].pop(VIEW, None)
        if "outputs" in cell:
            cell["outputs"] = _join_streams(cell["outputs"])
    return notebook


def _join_streams(outputs: list[dict]) -> list[dict]:
    """Join neighbouring texts: one arrives from the kernel in pieces, cut by the clock."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else {}
        is_text = output["output_type"] == "stream"
        if is_text and last.get("output_type") == "stream" and last["name"] == output["name"]:
            text = "".join(last["text"]) + "".join(output["text"])
            # the form of the file is a list of lines, that of nbformat one text
            as_lines = isinstance(last["text"], list)
            last["text"] = text.splitlines(keepends=True) if as_lines else text
        else:
            joined.append(output)
    return joined


def text_of(notebook: dict) -> str:
    """Return the notebook as Jupyter writes it to a file."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(paths: list[str]) -> int:
    """Rewrite the notebooks at `paths`."""
    import nbformat  # slow; the filter of git uses the functions above without it

    for path in map(Path, paths):
        notebook = normalise(nbformat.read(path, 4))
        nbformat.validate(notebook)
        nbformat.write(notebook, path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
