"""Drop from notebooks what changes at every run.

    python tools/normalise_notebooks.py notebooks/*.ipynb

This is: widget state, timings, the kernel's details, and the places where a text was cut in pieces.
A widget's output keeps its still image, if it has one: without the state, its live view would be an
error message. The book runs the notebooks when it is built, and has both.
"""

import sys
from pathlib import Path

import nbformat
from nbconvert.preprocessors import CoalesceStreamsPreprocessor

EDITOR = ("execution", "collapsed", "scrolled", "jupyter")
STILL = {"image/jpeg", "image/png", "image/svg+xml"}
VIEW = "application/vnd.jupyter.widget-view+json"


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Make the notebook's metadata the same on every machine; sources and outputs stay."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    notebook.metadata["language_info"] = {"name": "python"}
    # what an editor notes of a cell; a live view whose state is gone, where a still image remains
    for cell in notebook.cells:
        for key in EDITOR:
            cell.metadata.pop(key, None)
        for output in cell.get("outputs", []):
            if STILL & output.get("data", {}).keys():
                output.data.pop(VIEW, None)
    # a text arrives from the kernel in pieces, cut by the clock: neighbours become one
    return CoalesceStreamsPreprocessor().preprocess(notebook, {})[0]


def main(paths: list[str]) -> int:
    """Rewrite the notebooks at `paths`."""
    for path in map(Path, paths):
        notebook = normalise(nbformat.read(path, 4))
        nbformat.validate(notebook)
        nbformat.write(notebook, path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
