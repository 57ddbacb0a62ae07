"""Small repairs to the stock build.

jupyter-book 1.0.4 writes Thebe's constants twice a page, which is a script error; reStructuredText
would take the bars of |x| in a docstring for a substitution, and the label of an equation for a
word; autodoc would show the insides of Python as defaults; the pages of the sources link to the API
by one name of a module, where its things are filed under several; the entries of the bibliography
stand in a list and are no items of it; the themes' templates stand among the built files.
"""

import re
from pathlib import Path
from pkgutil import resolve_name

# the link of a page of sources to the documentation of what is defined there
BACK = re.compile(r'<a class="viewcode-back" href="[^"#]*#([^"]*)">.*?</a>')
SOURCES = "_modules/"  # where Sphinx keeps these pages


def setup(app):
    """Connect the repairs to Sphinx."""
    app.connect("html-page-context", keep_first_script, priority=900)
    app.connect("html-page-context", mend_links_to_docs, priority=900)
    app.connect("html-page-context", name_items_of_lists, priority=900)
    app.connect("autodoc-process-docstring", keep_bars)
    app.connect("autodoc-process-docstring", link_equations)
    app.connect("autodoc-process-signature", show_defaults)
    app.connect("build-finished", drop_templates)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def keep_first_script(app, pagename, templatename, context, doctree):
    """Drop Thebe's constants where they are written a second time."""
    seen = set()
    kept = []
    for script in context.get("script_files", []):
        body = getattr(script, "attributes", {}).get("body")
        if body and "THEBE_JS_URL" in body:
            if body in seen:
                continue
            seen.add(body)
        kept.append(script)
    context["script_files"][:] = kept


def keep_bars(app, what, name, thing, options, lines):
    """Escape the bars of a docstring, except in lines with code."""
    lines[:] = [line if "`" in line else line.replace("|", "\\|") for line in lines]


def link_equations(app, what, name, thing, options, lines):
    """Let `Equation: eq-gem.` show the number of that equation, with a link to it."""
    for place, line in enumerate(lines):
        if line.startswith("Equation: "):
            lines[place] = re.sub(r"eq-[\w-]+", r":eq:`\g<0>`", line)


def show_defaults(app, what, name, thing, options, signature, returns):
    """Show a class as a default by its name, and three dots where a default is made anew."""
    if signature is None:
        return None
    named = re.sub(r"<class '([\w.]+)'>", r"\1", signature)
    return named.replace("<factory>", "..."), returns


def mend_links_to_docs(app, pagename, templatename, context, doctree):
    """Let each `[docs]` link of a page of sources lead to a place that exists, or drop it."""
    if not pagename.startswith(SOURCES):
        return
    module = pagename.removeprefix(SOURCES).replace("/", ".")
    filed = app.env.get_domain("py").objects

    def mended(link: re.Match) -> str:
        """Return the link with the name that the API page uses."""
        asked = link[1]
        name = asked if asked in filed else filed_name(module, asked, filed)
        return link[0].replace(f"#{asked}", f"#{name}") if name else ""

    context["body"] = BACK.sub(mended, context["body"])


def filed_name(module, asked, filed):
    """Return the name under which the API page has a thing of a module; None if it has it not.

    Args:
        module: where the thing is defined.
        asked: a name that Sphinx made of some other module's name and the thing's own.
        filed: the names that the API page has.
    """
    parts = asked.split(".")
    # the thing's own name may have several parts, as of a method: take the longest that exists
    for first in range(1, len(parts)):
        own = ".".join(parts[first:])
        thing = _thing(f"{module}.{own}")
        if thing is None:
            continue
        same = [name for name in filed if name.endswith(f".{own}") and _thing(name) is thing]
        return min(same, default=None)
    return None


def _thing(name):
    """Return what a dotted name stands for, None if there is no such thing."""
    try:
        return resolve_name(name)
    except (AttributeError, ImportError):
        return None


def name_items_of_lists(app, pagename, templatename, context, doctree):
    """Let the entries of the bibliography be items of their list, as readers of screens expect."""
    body = context.get("body", "")
    if 'role="list" class="citation-list"' in body:
        context["body"] = body.replace('role="doc-biblioentry"', 'role="listitem"')


def drop_templates(app, exception):
    """Remove the themes' templates: they are not pages, and their links are placeholders."""
    for path in Path(app.outdir, "_static").glob("*macros.html"):
        path.unlink()
