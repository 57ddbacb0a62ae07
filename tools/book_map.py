"""Where an equation of the book is computed, tested and told: read from the files themselves.

- A function or class names its equations in its docstring, in a line `Equation: eq-triplet.`
- A module names its pages at the end of its docstring: `Book: chapter 5 (losses).`
- Which tests are about a name is what the tests import and call.

`tests/test_book_map.py` looks for holes; `tools/book_tables.py` writes the tables into the book.
"""

import ast
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml

EQUATIONS = re.compile(r"^\s*Equation: ([a-z0-9, \n-]+)\.", re.MULTILINE)
PAGES = re.compile(r"^Book: (.+?)\.?\s*\Z", re.MULTILINE | re.DOTALL)
CHAPTER = re.compile(r"(\d+) \(([^)]+)\)")
LABEL = re.compile(r"\$\$ \((eq-[a-z0-9-]+)\)|^:label: (eq-[a-z0-9-]+)", re.MULTILINE)

# equations that are steps of an argument: the page shows that they hold, and nothing computes them
STEPS = {
    "eq-transfer": "an identity; the chapter counts what follows from it",
    "eq-gradient": "what automatic differentiation computes",
    "eq-softer": "computed in the browser, by the explorer",
    "eq-roundings": "an exercise of the chapter, which checks it",
}


@dataclass(frozen=True)
class Definition:
    """A function or a class of the package.

    Attributes:
        module: its module, as 'solar.nets.pooling'.
        name: its name.
        equations: the labels that its docstring names.
    """

    module: str
    name: str
    equations: tuple[str, ...]


def pages_of_book(root: Path) -> list[str]:
    """Return the files of the table of contents in its order, without their endings."""
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    names = [contents["root"]]
    for part in contents.get("parts", []):
        names += [chapter["file"] for chapter in part["chapters"]]
    return names


def text_of(root: Path, page: str) -> str:
    """Return the prose of a page: a Markdown file, or the text cells of a notebook."""
    markdown = root / f"{page}.md"
    if markdown.is_file():
        return markdown.read_text(encoding="utf-8")
    notebook = json.loads((root / f"{page}.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    return "\n\n".join("".join(cell["source"]) for cell in cells)


def title_of(root: Path, page: str) -> str:
    """Return the title of a page, with its chapter's number where it has one."""
    return re.search(r"^# (.+)$", text_of(root, page), re.MULTILINE).group(1).strip()


def equations(root: Path) -> dict[str, str]:
    """Return the numbered equations of the book: label -> page, in the order of the book."""
    found = {}
    for page in pages_of_book(root):
        for match in LABEL.finditer(text_of(root, page)):
            found[match.group(1) or match.group(2)] = page
    return found


def modules(root: Path) -> dict[str, ast.Module]:
    """Read all modules of the package: dotted name -> syntax tree."""
    trees = {}
    for path in sorted((root / "solar").rglob("*.py")):
        parts = list(path.relative_to(root).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        trees[".".join(parts)] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


def definitions(trees: dict[str, ast.Module]) -> list[Definition]:
    """Return the functions and classes at the top of all modules that have a docstring."""
    found = []
    for module, tree in trees.items():
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                labels = []
                for line in EQUATIONS.findall(ast.get_docstring(node) or ""):
                    labels += re.split(r",\s*", line)
                found.append(Definition(module, node.name, tuple(labels)))
    return found


def chapters_of(tree: ast.Module) -> list[tuple[int, str]]:
    """Return the chapters that a module's docstring names: (number, title)."""
    match = PAGES.search(ast.get_docstring(tree) or "")
    if match is None:
        return []
    words = " ".join(match.group(1).split())
    return [(int(number), title) for number, title in CHAPTER.findall(words)]


def names_in_tests(root: Path) -> dict[str, Counter]:
    """Return how often each test file reads or imports a name: file name -> name -> times."""
    found = {}
    for path in sorted((root / "tests").glob("test_*.py")):
        names = Counter()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                names[node.attr] += 1
            elif isinstance(node, ast.Name):
                names[node.id] += 1
            elif isinstance(node, ast.ImportFrom):
                names.update(alias.name for alias in node.names)
        found[path.name] = names
    return found


def tests_of(names: list[str], in_tests: dict[str, Counter]) -> list[str]:
    """Return the test files that know one of the names, those first that use them most."""
    uses = {file: sum(known[name] for name in names) for file, known in in_tests.items()}
    files = sorted(uses, key=lambda file: -uses[file])
    return [file for file in files if uses[file]]
