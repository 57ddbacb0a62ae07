"""Count what makes code dense: a table of the package beside the one that was measured before.

    python tools/style_counts.py            # the whole package and its core
    python tools/style_counts.py solar/nets # any files or folders

Counts are per 1,000 lines of Python: lines with a comment, lines over 100 columns, assignments of
several values (`a, b = x, y`), unpacked generators (`a, b = (f(v) for v in w)`), and conditional
expressions.
"""

import ast
import io
import sys
import tokenize
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
CORE = ("nets", "search", "local", "training")  # the rooms that the book teaches
LIMIT = 100  # columns

# the package before it got its rooms (version 0.1.0), counted by this script; its core: the files
# that are now in the four rooms above
BEFORE = {
    "solar 0.1.0": ("10206", "6 / 49", "96 %", "32", "128", "25.8", "3.4", "22.3", "48"),
    "core of 0.1.0": ("3601", "5 / 49", "94 %", "39", "141", "24.2", "2.5", "24.2", "-"),
}
HEADS = (
    "lines",
    "function median / longest, without docstring",
    "public docstrings",
    "comment lines",
    "over 100 columns",
    "a, b = x, y",
    "a, b = (generator)",
    "x if c else y",
    "top-level entries",
)


@dataclass
class Counts:
    """Sums over some files."""

    lines: int = 0
    comments: int = 0
    long: int = 0
    tuples: int = 0
    generators: int = 0
    conditionals: int = 0
    public: int = 0
    documented: int = 0

    def per_thousand(self, count: int) -> float:
        """Scale a count to 1,000 lines."""
        return 1000 * count / max(self.lines, 1)


def comment_lines(source: str) -> int:
    """Count the lines that hold a comment."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return len({token.start[0] for token in tokens if token.type == tokenize.COMMENT})


def count_assignment(node: ast.Assign, counts: Counts) -> None:
    """Add an assignment to several names, if it is one."""
    if not isinstance(node.targets[0], ast.Tuple):
        return
    if isinstance(node.value, ast.Tuple):
        counts.tuples += 1
    if isinstance(node.value, (ast.GeneratorExp, ast.ListComp)):
        counts.generators += 1


def function_length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without those of its docstring."""
    lines = node.end_lineno - node.lineno + 1
    if ast.get_docstring(node) is not None:
        docstring = node.body[0]
        lines -= docstring.end_lineno - docstring.lineno + 1
    return lines


def count_file(path: Path, counts: Counts, lengths: list[int]) -> None:
    """Add one file to the sums, and the length of each of its functions to `lengths`."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    counts.lines += len(lines)
    counts.comments += comment_lines(source)
    counts.long += sum(len(line) > LIMIT for line in lines)
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            count_assignment(node, counts)
        if isinstance(node, ast.IfExp):
            counts.conditionals += 1
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lengths.append(function_length(node))
    # public: classes and functions of a module, and methods of its public classes
    for node in tree.body:
        members = node.body if isinstance(node, ast.ClassDef) else []
        for each in [node, *members]:
            if not isinstance(each, (ast.FunctionDef, ast.ClassDef)):
                continue
            if node.name.startswith("_") or each.name.startswith("_"):
                continue
            counts.public += 1
            counts.documented += ast.get_docstring(each) is not None


def python_files(paths: list[Path]) -> list[Path]:
    """Return all Python files at or below `paths`, in order."""
    files = []
    for path in paths:
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return files


def count(paths: list[Path]) -> tuple[Counts, list[int]]:
    """Return the sums over all Python files at or below `paths`, and the functions' lengths."""
    counts = Counts()
    lengths: list[int] = []
    for path in python_files(paths):
        count_file(path, counts, lengths)
    return counts, lengths


def top_level_entries() -> int:
    """Count what `ls solar/` shows, without caches."""
    return sum(not path.name.startswith("__pycache__") for path in (ROOT / "solar").iterdir())


def line(name: str, counts: Counts, lengths: list[int], entries: str) -> str:
    """Return one row of the Markdown table."""
    documented = 100 * counts.documented / max(counts.public, 1)
    cells = [
        str(counts.lines),
        f"{median(lengths or [0]):g} / {max(lengths or [0])}",
        f"{documented:.0f} %",
        f"{counts.per_thousand(counts.comments):.0f}",
        f"{counts.per_thousand(counts.long):.0f}",
        f"{counts.per_thousand(counts.tuples):.1f}",
        f"{counts.per_thousand(counts.generators):.1f}",
        f"{counts.per_thousand(counts.conditionals):.1f}",
        entries,
    ]
    return f"| {name} | {' | '.join(cells)} |"


def main(arguments: list[str]) -> int:
    """Print the table."""
    print(f"| per 1,000 lines | {' | '.join(HEADS)} |")
    print("|---" * (len(HEADS) + 1) + "|")
    if arguments:
        for path in map(Path, arguments):
            print(line(str(path), *count([path]), "-"))
        return 0
    for name, cells in BEFORE.items():
        print(f"| {name} | {' | '.join(cells)} |")
    print(line("solar", *count([ROOT / "solar"]), str(top_level_entries())))
    print(line("core", *count([ROOT / "solar" / room for room in CORE]), "-"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
