"""Small repairs to the stock build.

jupyter-book 1.0.4 writes Thebe's constants twice a page, which is a script error; reStructuredText
would take the bars of |x| in a docstring for a substitution.
"""


def setup(app):
    """Connect the repairs to Sphinx."""
    app.connect("html-page-context", keep_first_script, priority=900)
    app.connect("autodoc-process-docstring", keep_bars)
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
