"""Say what a reader would stumble over: notebooks must be executed in order, without errors, clean
and small.
"""

import json
import re
import sys
from pathlib import Path

MAX_KB, MAX_OUTPUT_KB = 1500, 700
PATHS = r"/home/\w|/Users/\w|/root/|/tmp/|[A-Z]:\\\\+Users"
UNWANTED = re.compile(PATHS + r"|Traceback \(most recent|(Deprecation|Future)Warning")


def _check_output(output: dict, cell: dict) -> list[str]:
    metadata, data = cell["metadata"], output.get("data", {})
    found = []
    if output["output_type"] == "error":
        found.append(f"an error, {output.get('ename')}")
    if output.get("name") == "stderr":
        found.append("output on stderr")
    if len(json.dumps(output)) > MAX_OUTPUT_KB * 1024:
        found.append(f"an output larger than {MAX_OUTPUT_KB} KB")
    words = {key: value for key, value in data.items() if not key.startswith("image/")}
    if UNWANTED.search(json.dumps([words, output.get("text", "")])):
        found.append("a path of one machine, a warning or a traceback")
    if {"image/png", "image/jpeg"} & data.keys() and not metadata.get("mystnb", {}).get(
        "image", {}
    ).get("alt"):
        found.append("a figure without alt text (metadata mystnb.image.alt)")
    return found


def check(path: Path) -> list[str]:
    """All complaints about one notebook, in words."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells, found = notebook["cells"], []
    if (notebook.get("nbformat"), notebook.get("nbformat_minor", 0)) < (4, 5):
        found.append("older than notebook format 4.5")
    if "widgets" in notebook["metadata"]:
        found.append("stores widget state: run tools/normalise_notebooks.py")
    if path.stat().st_size > MAX_KB * 1024:
        found.append(f"larger than {MAX_KB} KB")
    ids = [cell.get("id") for cell in cells]
    if None in ids or len(set(ids)) < len(ids):
        found.append("has missing or repeated cell ids")
    code = [
        cell for cell in cells if cell["cell_type"] == "code" and "".join(cell["source"]).strip()
    ]
    if [cell["execution_count"] for cell in code] != list(range(1, len(code) + 1)):
        found.append("was not executed in order from a fresh kernel")
    if code and not any(cell["outputs"] for cell in code):
        found.append("has no outputs")
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        if "".join(cell["source"]).rstrip().endswith(";"):
            found.append(f"cell {number} ends in ';', which the tests do not honour")
        for output in cell["outputs"]:
            found += [f"cell {number} has {complaint}" for complaint in _check_output(output, cell)]
    return found


def main(paths: list[str]) -> int:
    """Print all complaints; 1 if there are any."""
    complaints = [f"{path} {complaint}" for path in paths for complaint in check(Path(path))]
    print("\n".join(complaints), end="\n" if complaints else "")
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
