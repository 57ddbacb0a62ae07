"""Live figures of a page have a still picture and words where scripts do not run."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from book_stills import STATE, add_stills

VIEW = '<script type="application/vnd.jupyter.widget-view+json">{"model_id": "%s"}</script>'


def context(**states):
    """What Sphinx knows of a page with a view of each state."""
    models = {name: {"state": state} for name, state in states.items()}
    script = SimpleNamespace(attributes={"type": STATE, "body": json.dumps({"state": models})})
    body = "<p>before</p>" + "".join(VIEW % name for name in states) + "<p>after</p>"
    return {"script_files": ["plain.js", script], "body": body}


def test_a_figure_gets_its_picture_and_words():
    page = context(a=dict(still="data:image/jpeg;base64,AAAA", words='q at 1" & <2>'), b={})
    add_stills(None, "p", "t", page, None)
    assert page["body"].count("<noscript>") == 1
    first, rest = page["body"].split("<noscript>")
    assert first == "<p>before</p>" + VIEW % "a"  # behind its own view
    assert 'src="data:image/jpeg;base64,AAAA" alt="q at 1&quot; &amp; &lt;2&gt;"' in rest
    assert rest.endswith(VIEW % "b" + "<p>after</p>")  # a widget without a picture stays as it is


def test_a_page_without_widgets_stays_as_it_is():
    page = {"script_files": ["plain.js"], "body": VIEW % "a"}
    add_stills(None, "p", "t", page, None)
    assert page["body"] == VIEW % "a"
