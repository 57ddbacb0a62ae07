"""Tables that the build of the book fills in, so that nobody types them.

- `timings`: for each page, its words and lines of code, how long its notebook ran and what it held
- `paths`: the same added up over the chapters that each path names
- `equations`: for each numbered equation, the function, the tests, the page
- `modules`: for each module, the chapters that tell of it, and its tests

Both kinds of numbers belong to the build at hand. Without stored runs, as with execution off, the
column of seconds says so.
"""

import json
from pathlib import Path

from book_costs import costs
from book_map import (
    STEPS,
    chapters_of,
    definitions,
    equations,
    modules,
    names_in_tests,
    pages_of_book,
    tests_of,
    text_of,
    title_of,
)
from build_book import seconds
from sphinx.util.docutils import SphinxDirective

WORDS_A_MINUTE = 100  # of a text with formulas
LINES_A_MINUTE = 10  # of code that is understood
JOIN = "\N{NO-BREAK SPACE}"  # between a number and its unit
MOST_TESTS = 2  # files that a table names
ROOMS = ("nets", "search", "local", "training")  # what the book teaches


def setup(app):
    """Register the directives; their pages are written anew by each build."""
    for name, make in TABLES.items():
        app.add_directive(name, _directive(make))
    app.connect("env-get-outdated", pages_with_tables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def pages_with_tables(app, env, added, changed, removed):
    """Return the pages that hold a table of this module: what they tell lies in other files."""
    return [name for name in env.all_docs if name in env.metadata and _has_table(env, name)]


def _has_table(env, name: str) -> bool:
    """Does a page use one of the directives?"""
    text = Path(env.doc2path(name)).read_text(encoding="utf-8")
    return any(f"```{{{word}}}" in text for word in TABLES)


def _directive(make):
    """Return a directive that writes the lines of Markdown that `make(root, content)` returns."""

    class Table(SphinxDirective):
        """Write the table."""

        has_content = True

        def run(self):
            """Return the nodes of the table."""
            lines = make(Path(self.env.app.srcdir), list(self.content))
            return self.parse_text_to_nodes("\n".join(lines))

    return Table


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return a table as lines of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def size_of(root: Path, page: str) -> tuple[int, int]:
    """Return the words and the lines of code of a page, without empty lines and comments."""
    words = len(text_of(root, page).split())
    path = root / f"{page}.ipynb"
    if not path.is_file():
        return words, 0
    lines = 0
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            code = [line.strip() for line in "".join(cell["source"]).split("\n")]
            lines += sum(bool(line) and not line.startswith("#") for line in code)
    return words, lines


def runs(root: Path) -> dict[str, float]:
    """Return how long each notebook ran in this build, by its name; empty if none is stored."""
    if not (root / "_build" / ".jupyter_cache").is_dir():
        return {}
    return seconds(root)


def minutes_of(root: Path, page: str) -> float:
    """Return about how many minutes a page takes to read."""
    words, code = size_of(root, page)
    return words / WORDS_A_MINUTE + code / LINES_A_MINUTE


def timings(root: Path, content: list[str]) -> list[str]:
    """Return the table of all notebooks: how long to read, how long to run, in how much memory."""
    took = runs(root)
    measured = costs(root)
    rows = []
    for page in pages_of_book(root):
        if (root / f"{page}.ipynb").is_file():
            words, code = size_of(root, page)
            minutes = f"{minutes_of(root, page):.0f}{JOIN}min"
            ran = _duration([page], took)
            held = _memory(measured.get(Path(page).name, {}))
            rows.append([_link(root, page), str(words), str(code), minutes, ran, held])
    return table(["page", "words", "lines of code", "to read", "to run", "memory"], rows)


def _memory(cost: dict) -> str:
    """Say how much memory a notebook held at most."""
    if cost.get("memory") is None:
        return "not measured"
    return f"{cost['memory'] / 1024:.1f}{JOIN}GiB"


def _duration(pages: list[str], took: dict[str, float]) -> str:
    """Say how long notebooks ran, one after the other."""
    names = [Path(page).name for page in pages]
    if not set(names) <= took.keys():
        return "not run in this build"
    total = sum(took[name] for name in names)
    return f"{total:.0f}{JOIN}s" if total < 100 else f"{total / 60:.0f}{JOIN}min"


def paths(root: Path, content: list[str]) -> list[str]:
    """Return the table of paths; each line of the content is 'name: numbers of chapters'."""
    took = runs(root)
    by_number = numbered(root)
    rows = []
    for line in content:
        name, numbers = line.split(":")
        pages = [by_number[int(number)] for number in numbers.split()]
        hours = sum(minutes_of(root, page) for page in pages) / 60
        chapters = ", ".join(numbers.split())
        rows.append([name, chapters, f"{hours:.1f}{JOIN}hours", _duration(pages, took)])
    return table(["path", "chapters", "to read", "to run"], rows)


def numbered(root: Path) -> dict[int, str]:
    """Return the chapters by their numbers, which their files begin with."""
    names = [page for page in pages_of_book(root) if page.startswith("notebooks/")]
    return {int(Path(page).name[:2]): page for page in names if Path(page).name[:2].isdigit()}


def equation_table(root: Path, content: list[str]) -> list[str]:
    """Return the table of all numbered equations."""
    in_tests = names_in_tests(root)
    by_label: dict[str, list] = {}
    for definition in definitions(modules(root)):
        for label in definition.equations:
            by_label.setdefault(label, []).append(definition)
    rows = []
    for label, page in equations(root).items():
        found = by_label.get(label, [])
        names = [f"`{each.module.removeprefix('solar.')}.{each.name}`" for each in found]
        tests = tests_of([each.name for each in found], in_tests)[:MOST_TESTS]
        rows.append(
            [
                f"[](#{label})",
                ", ".join(names) or STEPS.get(label, ""),
                ", ".join(f"`{file}`" for file in tests),
                _short_link(root, page),
            ]
        )
    return table(["equation", "function", "tests", "chapter"], rows)


def module_table(root: Path, content: list[str]) -> list[str]:
    """Return the table of the modules that the book teaches."""
    in_tests = names_in_tests(root)
    trees = modules(root)
    known = definitions(trees)
    by_number = numbered(root)
    rows = []
    for module, tree in trees.items():
        if module.count(".") < 2 or module.split(".")[1] not in ROOMS:
            continue
        pages = [by_number[number] for number, _ in chapters_of(tree) if number in by_number]
        names = [each.name for each in known if each.module == module]
        tests = tests_of(names, in_tests)[:MOST_TESTS]
        rows.append(
            [
                f"`{module.removeprefix('solar.')}`",
                ", ".join(_short_link(root, page) for page in pages),
                ", ".join(f"`{file}`" for file in tests),
            ]
        )
    return table(["module", "chapters", "tests"], rows)


def _link(root: Path, page: str) -> str:
    """Return a link to a page with its title."""
    path = next(p for p in (root / f"{page}.md", root / f"{page}.ipynb") if p.is_file())
    return f"[{title_of(root, page)}](../{page}{path.suffix})"


def _short_link(root: Path, page: str) -> str:
    """Return a link to a page with its number, or with its title where it has none."""
    number = Path(page).name[:2]
    link = _link(root, page)
    if not number.isdigit():
        return link
    return f"[{int(number)}]" + link[link.rindex("(") :]


TABLES = {
    "timings": timings,
    "paths": paths,
    "equations": equation_table,
    "modules": module_table,
}
