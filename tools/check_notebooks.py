"""Say what a reader of a notebook would stumble over.

    python tools/check_notebooks.py notebooks/*.ipynb

Notebooks must be executed in order, without errors, clean and small. Their code must be plain:
lines of at most 88 columns, all imports in the first code cell, no unpacked generators. Numbers in
the prose must be printed by a cell, or be cited.
"""

import ast
import json
import re
import sys
from pathlib import Path

from prose_numbers import typed_numbers

MAX_KB = 1500
MAX_OUTPUT_KB = 700
COLUMNS = 88  # the width of a page of the book
INSTALL = "install"  # tag of the cell that tools/first_cell.py writes in front of the imports
LATE = "late-import"  # tag of a cell that must import for itself; a comment there says why
PATHS = r"/home/\w|/Users/\w|/root/|/tmp/|[A-Z]:\\\\+Users"
UNWANTED = re.compile(PATHS + r"|Traceback \(most recent|(Deprecation|Future)Warning")
FENCE = re.compile(r"^```(?:[a-z]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)  # not ```{directive}


def _source(cell: dict) -> str:
    return "".join(cell["source"])


def _python(cell: dict) -> str:
    """The code of a cell; magics, which are no Python, become empty lines."""
    lines = _source(cell).split("\n")
    return "\n".join("" if line.startswith(("%", "!")) else line for line in lines)


def _check_output(output: dict, cell: dict) -> list[str]:
    """Complain about one output of a cell."""
    data = output.get("data", {})
    complaints = []
    if output["output_type"] == "error":
        complaints.append(f"an error, {output.get('ename')}")
    if output.get("name") == "stderr":
        complaints.append("output on stderr")
    if len(json.dumps(output)) > MAX_OUTPUT_KB * 1024:
        complaints.append(f"an output larger than {MAX_OUTPUT_KB} KB")
    # an image is base64, in which any word may appear: look at the texts alone
    words = {key: value for key, value in data.items() if not key.startswith("image/")}
    if UNWANTED.search(json.dumps([words, output.get("text", "")])):
        complaints.append("a path of one machine, a warning or a traceback")
    alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt")
    if {"image/png", "image/jpeg", "image/svg+xml"} & data.keys() and not alt:
        complaints.append("a figure without alt text (metadata mystnb.image.alt)")
    return complaints


def _is_unpacked_generator(node: ast.AST) -> bool:
    """Is this `a, b = (f(v) for v in ...)`, or the same with a list or with map?"""
    if not isinstance(node, ast.Assign):
        return False
    if not isinstance(node.targets[0], (ast.Tuple, ast.List)):
        return False
    value = node.value
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "map"
    return isinstance(value, (ast.GeneratorExp, ast.ListComp))


def _check_width(text: str) -> list[str]:
    """Complain about long lines."""
    return [
        f"a line of {len(line)} columns (at most {COLUMNS}): {line.strip()[:40]} ..."
        for line in text.split("\n")
        if len(line) > COLUMNS
    ]


def _check_code(cell: dict, is_first: bool) -> list[str]:
    """Complain about the code of one cell.

    Args:
        is_first: may this cell import? It is the notebook's first code cell, or the first after the
            one that installs the package.
    """
    complaints = _check_width(_python(cell))
    if _source(cell).rstrip().endswith(";"):
        complaints.append("a ';' at its end, which the tests do not honour")
    imports = 0
    for node in ast.walk(ast.parse(_python(cell))):
        imports += isinstance(node, (ast.Import, ast.ImportFrom))
        if _is_unpacked_generator(node):
            complaints.append(f"an unpacked generator: {ast.unparse(node)[:40]} ...")
    allowed = LATE in cell["metadata"].get("tags", []) and "#" in _source(cell)
    if imports and not is_first and not allowed:
        complaints.append("an import, which belongs in the first code cell")
    return complaints


def _check_markdown(cell: dict) -> list[str]:
    """Complain about the fenced code of a text cell."""
    return [
        complaint for block in FENCE.findall(_source(cell)) for complaint in _check_width(block)
    ]


def _check_notebook(notebook: dict, size: int) -> list[str]:
    """Complain about the notebook as a whole; `size` is that of its file in bytes."""
    cells = notebook["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code" and _source(cell).strip()]
    complaints = []
    if (notebook.get("nbformat"), notebook.get("nbformat_minor", 0)) < (4, 5):
        complaints.append("older than notebook format 4.5")
    if "widgets" in notebook["metadata"]:
        complaints.append("stores widget state: run tools/normalise_notebooks.py")
    if size > MAX_KB * 1024:
        complaints.append(f"larger than {MAX_KB} KB")
    ids = [cell.get("id") for cell in cells]
    if None in ids or len(set(ids)) < len(ids):
        complaints.append("has missing or repeated cell ids")
    if [cell["execution_count"] for cell in code] != list(range(1, len(code) + 1)):
        complaints.append("was not executed in order from a fresh kernel")
    if code and not any(cell["outputs"] for cell in code):
        complaints.append("has no outputs")
    return complaints


def check(path: Path) -> list[str]:
    """Return all complaints about one notebook, in words."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    complaints = _check_notebook(notebook, path.stat().st_size)
    is_first = True  # until the first code cell has been seen
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            in_cell = _check_code(cell, is_first)
            # the cell that installs the package imports for itself alone
            is_first = is_first and INSTALL in cell["metadata"].get("tags", [])
            for output in cell["outputs"]:
                in_cell += _check_output(output, cell)
        else:
            in_cell = _check_markdown(cell)
        complaints += [f"cell {number} has {complaint}" for complaint in in_cell]
    for number, typed in typed_numbers(notebook):
        complaints.append(f"cell {number} has {typed}, which no cell printed and no source is for")
    return complaints


def main(paths: list[str]) -> int:
    """Print all complaints; return 1 if there are any."""
    complaints = [f"{path} {complaint}" for path in paths for complaint in check(Path(path))]
    if complaints:
        print("\n".join(complaints))
    return int(bool(complaints))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
