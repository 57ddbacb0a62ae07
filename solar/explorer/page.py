"""One page that holds the widget's state and what draws it, and asks for nothing outside itself."""

import html
import json
from pathlib import Path

from ipywidgets.embed import dependency_state

from ..files import atomic, in_one_line

HERE = Path(__file__).parent
MARKER = '<meta name="generator" content="solar explorer">'  # by which a page of ours is known
LONGEST_NAME = 255  # letters of a name in a message
START = 1024  # bytes of a file in which the marker stands
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
{marker}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none';
 script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data: blob:">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem; }}
h1 {{ font-size: 1.4rem; margin: 0 0 .5rem; }}
.credit {{ font-size: .85rem; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{words}</p>
<script type="application/vnd.jupyter.widget-view+json">{view}</script>
<script type="application/vnd.jupyter.widget-state+json">{state}</script>
{credit}<script>{runtime}</script>
</body>
</html>
"""


def write_page(figure, path: Path, title: str, words: str = "", credit: str = "") -> Path:
    """Write a live figure, as it stands, into a page.

    Args:
        figure: a `SOAExplorer` or another live figure.
        path: the file to write.
        title: the page's title, as plain text.
        words: what stands above the figure, as plain text.
        credit: who made the photograph, as plain text; it stands below the figure.

    Returns:
        The path.

    Raises:
        OSError: the folder does not exist, or cannot be written to.
    """
    # the widget's state and the reference to it, as ipywidgets embeds them
    models = dependency_state([figure], drop_defaults=False)
    version = dict(version_major=2, version_minor=0)
    state = dict(version, state={figure.model_id: models[figure.model_id]})
    view = dict(version, model_id=figure.model_id)

    # a page without a credit has no line for it
    shown = html.escape(credit)
    line = f'<p class="credit">Photograph: {shown}.</p>\n' if credit else ""

    text = PAGE.format(
        marker=MARKER,
        title=html.escape(title),
        words=html.escape(words),
        view=_embedded(view),
        state=_embedded(state),
        credit=line,
        runtime=(HERE / "offline.js").read_text(encoding="utf-8"),
    )
    if not path.parent.is_dir():
        folder = in_one_line(path.parent, LONGEST_NAME)
        page = in_one_line(path.name, LONGEST_NAME)
        raise FileNotFoundError(f"{folder}: no such folder to write {page} into")
    with atomic(path) as temporary:
        # a name on disk may hold bytes that are no text: "?" stands for each
        temporary.write_text(text, encoding="utf-8", errors="replace")
    return path


def is_page(path: Path) -> bool:
    """Tell whether a file is a page that `write_page` wrote.

    Args:
        path: a file that exists.

    Raises:
        OSError: the file cannot be read.
    """
    if not path.is_file():  # a folder, or a pipe that nobody writes to
        return False
    with path.open("rb") as file:
        return MARKER.encode() in file.read(START)


def _embedded(value: dict) -> str:
    """Return JSON that can stand in a page: no string in it begins or ends a tag or a comment.

    All letters beyond ASCII are escapes already.
    """
    return json.dumps(value).replace("<", "\\u003c")
