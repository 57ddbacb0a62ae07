"""First uses of the glossary's words are links; bold names of parameters are not."""

import sys
from pathlib import Path
from types import SimpleNamespace

from docutils import nodes
from sphinx.addnodes import desc, desc_content, pending_xref

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from book_glossary import in_docstring, link_first_uses

GLOSSARY = """```{glossary}
seed
    what a random generator starts from
```
"""


def bold(word):
    """A paragraph with one bold word."""
    return nodes.paragraph("", "", nodes.strong("", word))


def test_a_parameter_is_no_first_use_and_the_word_behind_it_is(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    parameter, first, second = bold("seed"), bold("seed"), bold("seed")
    page = nodes.section("", desc("", desc_content("", parameter)), first, second)
    assert in_docstring(parameter[0])
    assert not in_docstring(first[0])
    link_first_uses(SimpleNamespace(srcdir=tmp_path, env=SimpleNamespace(docname="book/api")), page)
    linked = [isinstance(each[0], pending_xref) for each in (parameter, first, second)]
    assert linked == [False, True, False]
