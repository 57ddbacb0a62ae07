"""Link the glossary's words where a page first writes them in bold type.

A chapter introduces a word in **bold**. If the glossary has the word, its first bold use on each
page becomes a link to the entry, so that nobody has to write these links.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import desc_content, pending_xref

GLOSSARY = "book/glossary"
FENCE = re.compile(r"^```\{glossary\}\n(.*?)^```", re.MULTILINE | re.DOTALL)


def setup(app):
    """Connect this extension to Sphinx."""
    app.connect("doctree-read", link_first_uses)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def entries(text: str) -> list[str]:
    """Return the entries of the glossary's page in their order."""
    body = FENCE.search(text).group(1)
    return [line for line in body.split("\n") if line and not line[0].isspace()]


def words_of(text: str) -> dict[str, str]:
    """Return the words by which an entry is found: word in small letters -> entry.

    An entry may name several words, with commas between them; each has its plural as well.
    """
    words = {}
    for entry in entries(text):
        for part in (entry, *entry.split(", ")):
            word = part.lower()
            words[word] = entry
            words[f"{word}s"] = entry
    return words


def link_first_uses(app, doctree):
    """Turn the first bold use of each word of the glossary into a link."""
    name = app.env.docname
    path = Path(app.srcdir) / f"{GLOSSARY}.md"
    if name == GLOSSARY or not path.is_file():
        return
    words = words_of(path.read_text(encoding="utf-8"))
    seen = set()
    for strong in list(doctree.findall(nodes.strong)):
        entry = words.get(strong.astext().strip(" .:,").lower())
        if entry is None or entry in seen or not isinstance(strong.parent, nodes.paragraph):
            continue
        # the bold names in a docstring are parameters
        if in_docstring(strong):
            continue
        seen.add(entry)
        link = pending_xref(
            "",
            refdomain="std",
            reftype="term",
            reftarget=entry,
            refdoc=name,
            refexplicit=True,
            refwarn=True,
        )
        strong.replace_self(link)
        link += strong


def in_docstring(node) -> bool:
    """Return whether a node belongs to the description of a function or a class."""
    while node is not None and not isinstance(node, desc_content):
        node = node.parent
    return node is not None
