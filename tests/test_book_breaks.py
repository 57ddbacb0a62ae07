"""Lines of a page break behind joints of names, and not within numbers, options and formulas."""

import sys
from pathlib import Path

import pytest
from docutils import nodes

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from book_breaks import (
    keep_numbers_whole,
    keep_points_at_formulas,
    let_names_break,
    name_code_of_tables,
    whole_html,
)


def shown(*children):
    """The parts of a paragraph behind the rules for numbers: (is it kept whole, its words)."""
    paragraph = nodes.paragraph("", "", *children)
    keep_numbers_whole(None, nodes.section("", paragraph), "book/page")
    return [("whole" in part.get("classes", ()), part.astext()) for part in parts(paragraph)]


def parts(paragraph):
    """The children of a paragraph, bare words in an element."""
    return [
        nodes.inline("", child) if isinstance(child, nodes.Text) else child for child in paragraph
    ]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("about 95 % of all", "about 95_% of all"),
        ("59.0 ± 0.2", "59.0_±_0.2"),
        ("from 1.00 to 2.50 points", "from 1.00_to_2.50 points"),
        ("+1.2 [+0.3, -2.1]", "+1.2 [+0.3,_-2.1]"),
        ("2.7, 1.8, 1.5", "2.7,_1.8,_1.5"),
        ("33.160 x, 2 xylophones", "33.160_x, 2 xylophones"),
        ("32 \N{MULTIPLICATION SIGN} 32", "32_\N{MULTIPLICATION SIGN}_32"),
        ("14 x even", "14_x_even"),
        ("see Fig. 7", "see Fig._7"),
        ("83.6 and 83.7", "83.6_and_83.7"),
    ],
)
def test_spaces_within_numbers_do_not_break(words, kept):
    kept = kept.replace("_", "\N{NO-BREAK SPACE}")
    assert shown(nodes.Text(words)) == [(False, kept)]
    assert whole_html(words) == kept.replace("\N{NO-BREAK SPACE}", "&nbsp;")


@pytest.mark.parametrize(
    "words", ["[of, words]", "1, 2 and 3", "soa - identity", "from here to there", "a 100 - 5 / m"]
)
def test_other_words_stay_as_they_are(words):
    assert shown(nodes.Text(words)) == [(False, words)]
    assert whole_html(words) == words


def test_numbers_and_options_do_not_break_at_their_hyphens():
    found = shown(nodes.Text("at 3e-4 with --work and re-ranking"))
    assert found == [
        (False, "at "),
        (True, "3e-4"),
        (False, " with "),
        (True, "--work"),
        (False, " and re-ranking"),
    ]
    assert whole_html("1e-3") == '<span class="whole">1e-3</span>'


def test_code_and_formulas_keep_their_characters():
    code = nodes.literal("", "x = [0.1, 0.2]  # 95 %")
    formula = nodes.math("", "[0.1, 0.2]")
    assert shown(code, formula) == [(False, "x = [0.1, 0.2]  # 95 %"), (False, "[0.1, 0.2]")]


def test_only_tables_of_pandas_change_among_raw_pages():
    table = '<table class="dataframe"><td>59.0 ± 0.2</td><td title="1 %">a</td></table>'
    other = "<p>59.0 ± 0.2</p>"
    raws = [nodes.raw("", html, format="html") for html in (table, other)]
    page = nodes.section("", *raws)
    keep_numbers_whole(None, page, "notebooks/page")
    changed = table.replace("59.0 ± 0.2", "59.0&nbsp;±&nbsp;0.2")
    assert [raw.astext() for raw in page.findall(nodes.raw)] == [changed, other]


def test_a_point_stays_at_its_formula():
    paragraph = nodes.paragraph("", "", nodes.math("", "p"), nodes.Text("). The rest"))
    keep_points_at_formulas(None, nodes.section("", paragraph), "book/page")
    together, rest = paragraph.children
    assert together["classes"] == ["whole"]
    assert [child.astext() for child in together.children] == ["p", ")."]
    assert rest.astext() == " The rest"


@pytest.mark.parametrize("behind", [[], [nodes.Text(" is a number")], [nodes.strong("", ".")]])
def test_a_formula_without_a_point_stays_alone(behind):
    paragraph = nodes.paragraph("", "", nodes.math("", "p"), *behind, nodes.Text("."))
    if not behind:
        paragraph.pop()
    keep_points_at_formulas(None, nodes.section("", paragraph), "book/page")
    assert isinstance(paragraph[0], nodes.math)


def test_short_code_of_tables_is_told_from_long_names():
    words = ["--whitening PATH", "--queries-per-epoch 2", "twelve_chars", "thirteen_char", "f x y"]
    cell = nodes.entry("", *[nodes.paragraph("", "", nodes.literal("", each)) for each in words])
    outside = nodes.literal("", "--gpu")
    page = nodes.section("", nodes.table("", nodes.row("", cell)), nodes.paragraph("", "", outside))
    name_code_of_tables(None, page, "book/page")
    found = [code["classes"] for code in cell.findall(nodes.literal)]
    assert found == [["short"], [], ["short", "whole"], [], ["short", "whole"]]
    assert outside["classes"] == []
    assert cell["classes"] == ["words"]


def behind_break(body):
    """The body of a page behind the rule for names."""
    context = dict(body=body)
    let_names_break(None, "book/map", "page.html", context, None)
    return context["body"]


def test_names_in_tables_break_at_their_joints_alone():
    code = '<code><span class="pre">{}</span></code>'
    inside = "<td><p>" + code.format("solar.nets/pool_of,x 0.001") + "</p></td>"
    outside = "<p>" + code.format("solar.nets") + "</p>"
    broken = code.format("solar.<wbr>nets/<wbr>pool_<wbr>of,<wbr>x 0.001")
    assert behind_break(inside + outside) == f"<td><p>{broken}</p></td>{outside}"


def test_options_break_nowhere():
    code = '<code><span class="pre">last</span> <span class="pre">--work</span></code>'
    assert behind_break(code) == code.replace('pre">--', 'pre whole">--')
