"""Repairs of the built pages: links of sources lead to places that exist, templates are gone."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from book_repairs import (
    drop_templates,
    filed_name,
    link_equations,
    mend_links_to_docs,
    name_items_of_lists,
    show_defaults,
)

DECODER = "json.decoder"  # where JSONDecoder is defined, which `json` passes on
LINK = '<a class="viewcode-back" href="../../book/api.html#{}">[docs]</a>'


def mended(pagename, asked, filed):
    """The body of a page of sources with one link, behind the repair."""
    domain = SimpleNamespace(objects=dict.fromkeys(filed))
    app = SimpleNamespace(env=SimpleNamespace(get_domain={"py": domain}.__getitem__))
    context = {"body": "before " + LINK.format(asked) + " after"}
    mend_links_to_docs(app, pagename, "page.html", context, None)
    return context["body"]


def test_a_link_that_leads_somewhere_stays():
    name = "json.JSONDecoder"
    assert mended("_modules/json/decoder", name, [name]) == f"before {LINK.format(name)} after"


@pytest.mark.parametrize("thing", ["JSONDecoder", "JSONDecoder.decode"])
@pytest.mark.parametrize(
    ("asked", "filed"), [("json", "json.decoder"), ("json.decoder", "json"), ("json.tool", "json")]
)
def test_a_link_gets_the_name_under_which_the_thing_is_filed(thing, asked, filed):
    # a method of the same name elsewhere is another thing
    names = ["codecs.IncrementalDecoder.decode", "json.encoder.JSONEncoder", f"{filed}.{thing}"]
    body = mended("_modules/json/decoder", f"{asked}.{thing}", names)
    assert body == f"before {LINK.format(f'{filed}.{thing}')} after"


def test_a_link_to_what_is_nowhere_goes():
    assert mended("_modules/json/decoder", "json.JSONDecoder", ["codecs.decode"]) == "before  after"


def test_other_pages_stay_as_they_are():
    body = mended("book/api", "json.JSONDecoder", [])
    assert body == f"before {LINK.format('json.JSONDecoder')} after"


def test_another_thing_of_the_same_name_is_not_taken():
    assert filed_name(DECODER, "json.JSONDecoder.decode", ["codecs.decode"]) is None
    assert filed_name(DECODER, "json.nothing", ["json.nothing"]) is None


def test_templates_of_the_themes_are_removed(tmp_path):
    static = tmp_path / "_static"
    static.mkdir()
    for name in ("webpack-macros.html", "sbt-webpack-macros.html", "page.html", "book.css"):
        (static / name).write_text("")
    drop_templates(SimpleNamespace(outdir=tmp_path), None)
    assert sorted(path.name for path in static.iterdir()) == ["book.css", "page.html"]


def test_entries_of_the_bibliography_are_items_of_its_list():
    entry = '<div class="citation" id="id1" role="doc-biblioentry">A paper</div>'
    context = dict(body=f'<div role="list" class="citation-list">{entry}</div>')
    name_items_of_lists(None, "book/bibliography", "page.html", context, None)
    assert 'role="listitem"' in context["body"] and "doc-biblioentry" not in context["body"]
    # without a list nothing changes
    other = dict(body=entry)
    name_items_of_lists(None, "book/welcome", "page.html", other, None)
    assert other["body"] == entry


def test_defaults_are_shown_as_a_reader_would_write_them():
    shown = show_defaults(None, "class", "x", None, None, "(a=<factory>, b=<class 'm.T'>)", "int")
    assert shown == ("(a=..., b=m.T)", "int")
    assert show_defaults(None, "module", "x", None, None, None, None) is None


def test_the_equations_of_a_docstring_are_links():
    lines = ["The hardest of eq-ap.", "Equation: eq-poolings, eq-sos-local."]
    link_equations(None, "function", "gem", None, None, lines)
    assert lines == ["The hardest of eq-ap.", "Equation: :eq:`eq-poolings`, :eq:`eq-sos-local`."]
