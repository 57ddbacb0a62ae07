"""Every exercise of the book: its folded solution passes its check, and what the reader begins with
does not.

An exercise is a code cell that defines a function and gives it to a check, `checks.NAME(function)`;
its solution is the folded block of Python in the next cell. Solutions stand on two things only: the
imports of the chapter's first code cell below the one that installs the package, and functions that
the chapter has defined further up.
"""

import ast
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from solar import checks

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from first_cell import is_install  # noqa: E402

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
KINDS = ("warm-up", "from an empty body", "measurement", "bug hunt", "open question")
WITHOUT_EXERCISES = {"00_a_ten_minute_tour", "experiment_log", "mini_world"}
SOLUTION = re.compile(r":::\{dropdown\} Solution\n(.*?)\n:::", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


@dataclass
class Exercise:
    """A task of a chapter, with the code that its solution may stand on."""

    notebook: str
    check: str  # the name in `solar.checks`
    function: str  # the name of the reader's function
    stub: str  # the code that the reader begins with
    solution: str  # the code that is folded away; empty if there is none
    imports: list[ast.stmt]  # of the chapter's first code cell
    chapter: dict[str, ast.stmt]  # functions of the chapter above the exercise, by name

    def __str__(self):
        return f"{self.notebook}-{self.check}"


def code_of(cell: dict) -> str:
    """The source of a code cell, without magics, which are not Python."""
    lines = "".join(cell["source"]).splitlines()
    return "\n".join(line for line in lines if not line.startswith(("%", "!")))


def check_called(tree: ast.Module) -> tuple[str, str] | None:
    """(NAME, function) of a line `checks.NAME(function)`, or None. The budget is no exercise."""
    for node in tree.body:
        match node:
            case ast.Expr(
                ast.Call(
                    func=ast.Attribute(value=ast.Name("checks"), attr=name),
                    args=[ast.Name(function)],
                )
            ):
                return name, function
    return None


def folded_solution(cell: dict) -> str:
    """The Python of the first folded solution of a markdown cell; empty if there is none."""
    text = SOLUTION.search("".join(cell["source"]))
    block = PYTHON.search(text[1]) if text else None
    return block[1] if block else ""


def exercises_of(path: Path) -> list[Exercise]:
    """All exercises of a notebook, in their order."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    first = next(cell for cell in cells if cell["cell_type"] == "code" and not is_install(cell))
    imports = [
        node
        for node in ast.parse(code_of(first)).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    exercises = []
    chapter = {}
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse(code_of(cell))
        called = check_called(tree)
        if called is None:
            chapter |= {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
            continue
        check, function = called
        stub = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        exercises.append(
            Exercise(
                notebook=path.stem,
                check=check,
                function=function,
                stub=ast.unparse(stub),
                solution=folded_solution(cells[number + 1]),
                imports=imports,
                chapter=dict(chapter),
            )
        )
    return exercises


EXERCISES = [exercise for path in NOTEBOOKS for exercise in exercises_of(path)]


def verdict(exercise: Exercise, code: str, capsys) -> str:
    """What the check prints about the function that `code` defines."""
    wanted = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    prelude = exercise.imports + [node for name, node in exercise.chapter.items() if name in wanted]
    namespace = {}
    exec(compile(ast.Module(prelude, []), exercise.notebook, "exec"), namespace)
    exec(compile(code, str(exercise), "exec"), namespace)
    capsys.readouterr()
    getattr(checks, exercise.check)(namespace[exercise.function])
    return capsys.readouterr().out


@pytest.mark.parametrize("exercise", EXERCISES, ids=str)
def test_folded_solution_is_correct(exercise, capsys):
    assert exercise.solution, "the cell after the exercise has no folded Python"
    assert verdict(exercise, exercise.solution, capsys) == f"{exercise.check}: correct.\n"


@pytest.mark.parametrize("exercise", EXERCISES, ids=str)
def test_first_version_is_not_yet_correct(exercise, capsys):
    assert verdict(exercise, exercise.stub, capsys).startswith(f"{exercise.check}: not yet. ")


@pytest.mark.parametrize("exercise", EXERCISES, ids=str)
def test_the_page_gives_no_answer_away(exercise):
    [stub] = ast.parse(exercise.stub).body
    [only] = stub.body
    assert isinstance(only, ast.Raise)
    assert ast.literal_eval(only.exc.args[0]).lower().startswith("your turn")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_exercise_of_a_chapter_is_tested(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    expected = len(exercises_of(path))
    assert expected == 0 if path.stem in WITHOUT_EXERCISES else expected >= 3
    # nothing else in the notebook asks a check or folds a solution
    assert len(re.findall(r"^checks\.(?!budget)", text, re.MULTILINE)) == expected
    assert text.count("{dropdown} Solution") == expected


@pytest.mark.parametrize(
    "path", [p for p in NOTEBOOKS if p.stem not in WITHOUT_EXERCISES], ids=lambda path: path.stem
)
def test_every_chapter_has_all_kinds_of_exercises(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    _, exercises = text.split("\n## Exercises\n")
    exercises, _ = exercises.split("\n## What it took\n")
    # the words that begin an exercise: **1. (warm-up)** or **1. Warm-up.**
    begins = " ".join(re.findall(r"^\*\*\d\. .*", exercises, re.MULTILINE)).lower()
    assert [kind for kind in KINDS if kind not in begins] == []
    assert len(re.findall(r"^\*\*\d\. ", exercises, re.MULTILINE)) >= len(KINDS)


def test_every_check_has_one_exercise():
    used = Counter(exercise.check for exercise in EXERCISES)
    assert used == Counter(set(checks.__all__) - {"budget"})
