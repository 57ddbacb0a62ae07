"""Five questions at the end of each chapter, from one file of questions a chapter.

A page `notebooks/NN_name` gets the questions of `book/quizzes/NN.yml` when the book is built; the
notebook itself stays as it is. Choosing an answer shows its explanation, by style sheet alone;
`quiz.js` counts and tells screen readers.
"""

import html
import json
import re
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

QUESTIONS = 5  # of a chapter
ANSWERS = (3, 4)  # of a question: fewest and most
FOLDER = Path("book") / "quizzes"
CHAPTER = re.compile(r"notebooks/(\d\d)_")
CELL = """## Five questions

Choose an answer to see whether it is right, and why. Nothing is stored or sent.

:::{{quiz}} {number}
:::
"""


# ---- questions


def read_quiz(path: Path) -> list[dict]:
    """Return the questions of a file: `ask`, and `answers` with `text`, `because` and `right`.

    Raises:
        ValueError: not five questions, not three or four answers, not one right answer, a text that
            is missing or given twice.
    """
    questions = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(questions, list) or len(questions) != QUESTIONS:
        raise ValueError(f"{path}: expected a list of {QUESTIONS} questions")
    for number, question in enumerate(questions, 1):
        fault = fault_of(question)
        if fault:
            raise ValueError(f"{path}: question {number}: {fault}")
    return questions


def fault_of(question: dict) -> str:
    """Return what is wrong with a question, or an empty text."""
    if not isinstance(question, dict) or question.keys() != {"ask", "answers"}:
        return "expected 'ask' and 'answers'"
    answers = question["answers"]
    fewest, most = ANSWERS
    if not fewest <= len(answers) <= most:
        return f"{len(answers)} answers; expected {fewest} to {most}"
    for answer in answers:
        if not {"text", "because"} <= answer.keys() <= {"text", "because", "right"}:
            return "an answer has 'text', 'because', and 'right: true' if it is right"
    texts = [question["ask"], *(answer[key] for answer in answers for key in ("text", "because"))]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return "a text is empty, or no text: put it into quotes"
    if len(set(texts)) < len(texts):
        return "the same text stands twice"
    right = [answer for answer in answers if answer.get("right") is True]
    if len(right) != 1:
        return f"{len(right)} right answers; expected one"
    return ""


# ---- the page


def setup(app):
    """Connect the quizzes to Sphinx."""
    app.add_node(tag, html=(visit_tag, depart_tag), **dict.fromkeys(PLAIN, (pass_by, pass_by)))
    app.add_directive("quiz", Quiz)
    app.connect("source-read", append_quiz)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def append_quiz(app, docname: str, source: list[str]) -> None:
    """Append a cell with the questions to a chapter that has some."""
    chapter = CHAPTER.match(docname)
    if not chapter or not (Path(app.srcdir) / FOLDER / f"{chapter[1]}.yml").is_file():
        return
    notebook = json.loads(source[0])
    cell = {
        "cell_type": "markdown",
        "id": "quiz",
        "metadata": {},
        "source": CELL.format(number=chapter[1]),
    }
    notebook["cells"].append(cell)
    source[0] = json.dumps(notebook)


class tag(nodes.General, nodes.Element):
    """An HTML element with a `name` and `attributes` around its children."""


PLAIN = ("latex", "text", "man", "texinfo")  # writers that pass by


def visit_tag(self, node) -> None:
    """Open the element."""
    attributes = [f'{key}="{html.escape(value)}"' for key, value in node["given"].items()]
    self.body.append(f"<{' '.join([node['name'], *attributes])}>")


def depart_tag(self, node) -> None:
    """Close the element."""
    if node["name"] != "input":
        self.body.append(f"</{node['name']}>")


def pass_by(self, node) -> None:
    """Leave out the element, not its children."""


class Quiz(SphinxDirective):
    """The questions of a chapter: `{quiz} NN`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the questions as groups of radio buttons."""
        path = Path(self.env.srcdir) / FOLDER / f"{self.arguments[0]}.yml"
        self.env.note_dependency(str(path))
        whole = self.element("div", {"class": "quiz"})
        for number, question in enumerate(read_quiz(path), 1):
            whole += self.question(f"quiz-{number}", question)
        whole += self.element("p", {"class": "quiz-score", "role": "status"})
        return [whole]

    def question(self, name: str, question: dict) -> nodes.Node:
        """Return one question with its answers."""
        given = {"class": "quiz-question", "role": "radiogroup", "aria-labelledby": name}
        group = self.element("div", given)
        ask = self.element("p", {"class": "quiz-ask", "id": name}, question["ask"])
        ask.insert(0, nodes.Text(f"{name.rsplit('-', 1)[1]}. "))  # in Markdown it would be a list
        group += ask
        for i, answer in enumerate(question["answers"]):
            right = answer.get("right") is True
            one = f"{name}-{i}"
            given = {"type": "radio", "name": name, "id": one}
            given["data-right"] = str(right).lower()
            group += self.element("input", given)
            group += self.element("label", {"for": one}, answer["text"])
            verdict = "Right." if right else "Not quite."
            given = {"class": f"quiz-because quiz-{'right' if right else 'wrong'}"}
            given["id"] = f"{one}-because"
            group += self.element("div", given, f"**{verdict}** {answer['because']}")
        return group

    def element(self, name: str, given: dict[str, str], text: str = "") -> tag:
        """Return an element around a line of Markdown."""
        element = tag("", name=name, given=given)
        if text:
            paragraphs = nodes.Element()
            self.state.nested_parse([text.strip()], self.content_offset, paragraphs)
            element += [child for each in paragraphs for child in each.children]
        return element
