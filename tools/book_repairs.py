"""Small repairs to the stock build.

jupyter-book 1.0.4 writes Thebe's constants twice a page, which is a script error; reStructuredText
would take the bars of |x| in a docstring for a substitution.
"""


def setup(app):
    """Sphinx's entry point."""

    def keep_first(app, pagename, templatename, context, doctree):
        seen, kept = set(), []
        for script in context.get("script_files", []):
            body = getattr(script, "attributes", {}).get("body")
            if body and "THEBE_JS_URL" in body:
                if body in seen:
                    continue
                seen.add(body)
            kept.append(script)
        context["script_files"][:] = kept

    def keep_bars(app, what, name, thing, options, lines):
        lines[:] = [line if "`" in line else line.replace("|", "\\|") for line in lines]

    app.connect("html-page-context", keep_first, priority=900)
    app.connect("autodoc-process-docstring", keep_bars)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
