"""A still picture and words for each live figure, where a page cannot run scripts.

A live figure keeps its still picture and a description in its state (`solar/explorer/live.py`). A
page without scripts would show nothing in its place: it gets both.
"""

import html
import json
import re

VIEW = re.compile(
    r'<script type="application/vnd\.jupyter\.widget-view\+json">(.*?)</script>', re.DOTALL
)
STATE = "application/vnd.jupyter.widget-state+json"


def setup(app):
    """Connect the pictures to Sphinx."""
    app.connect("html-page-context", add_stills, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def add_stills(app, pagename, templatename, context, doctree) -> None:
    """Add to each live figure of a page what is shown without scripts."""
    # the states of all widgets of the page, by their id
    models = {}
    for script in context.get("script_files", []):
        attributes = getattr(script, "attributes", {})
        if attributes.get("type") == STATE:
            models.update(json.loads(attributes["body"])["state"])

    def with_still(view: re.Match) -> str:
        """Return a view with its still picture behind it."""
        model = models.get(json.loads(view[1])["model_id"], {})
        return view[0] + still_of(model.get("state", {}))

    if models and "body" in context:
        context["body"] = VIEW.sub(with_still, context["body"])


def still_of(state: dict) -> str:
    """Return a picture with its words for pages without scripts, or nothing if there is none."""
    if not state.get("still"):
        return ""
    words = html.escape(state.get("words", ""))
    picture = f'<img src="{html.escape(state["still"])}" alt="{words}">'
    note = "This figure answers a click where scripts may run."
    return f"<noscript><figure>{picture}<figcaption>{words} {note}</figcaption></figure></noscript>"
