"""A small repair to the stock build: jupyter-book 1.0.4 writes Thebe's constants twice a page, a script error."""


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

    app.connect("html-page-context", keep_first, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
