"""Find measured numbers that were typed into the prose of a notebook, or below its figures.

A number in prose is one that a cell printed (or that stands in its code), or it is cited, or it is
part of a formula, which a reader can follow. Looked at are decimals, percentages, points and
factors; a whole number, such as that of the landmarks in a set, may stand alone. The alternative
text and the caption of a figure are prose, too.
"""

import re

# a source: a citation, or a page elsewhere
SOURCE = re.compile(r"\{cite[a-z:]*\}`[^`]*`|\]\(https?://[^)]*\)")
CITED = " SOURCE "
# what is no prose: fenced code, formulas, inline code, roles, addresses of links
NO_PROSE = re.compile(
    r"^```.*?^```|\$\$.*?\$\$|\$[^$]*?\$|\{[a-z:]+\}`[^`]*`|`[^`]*`|\]\([^)]*\)",
    re.DOTALL | re.MULTILINE,
)
PARAGRAPH = re.compile(r"\n\s*\n(?!\|)")  # a table belongs to the words before it
LICENCE = r"(?<!Apache )(?<!BY )(?<!BY-SA )"  # has a number, too
MEASURED = re.compile(LICENCE + r"(?<![\w.,:/-])\d+\.\d+|\b\d+(?= ?%| points?\b| times\b)")
PRINTED = re.compile(r"\d+(?:\.\d+)?")
READABLE = ("text/plain", "text/html", "text/markdown")


def numbers_of_cells(notebook: dict) -> set[str]:
    """Return all numbers in the code of a notebook and in what it printed."""
    texts = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        texts.append("".join(cell["source"]))
        for output in cell["outputs"]:
            texts.append("".join(output.get("text", "")))
            for kind, value in output.get("data", {}).items():
                if kind in READABLE:
                    texts.append("".join(value))
    return set(PRINTED.findall(" ".join(texts)))


def at_figure(cell: dict) -> str:
    """Return the alternative text and the caption of a code cell's figure; empty if it has none."""
    of_figure = cell.get("metadata", {}).get("mystnb", {})
    alternative = of_figure.get("image", {}).get("alt", "")
    caption = of_figure.get("figure", {}).get("caption", "")
    return f"{alternative}\n\n{caption}"


def typed_numbers(notebook: dict) -> list[tuple[int, str]]:
    """Return measured numbers in prose and at figures that no cell knows and no source tells.

    Args:
        notebook: as JSON.

    Returns:
        Numbers of cells, and the numbers that stand in them.

    Example:
        >>> printed = dict(cell_type="code", source="", outputs=[dict(text="mAP 71.2")])
        >>> said = dict(cell_type="markdown", source="It reaches 71.2 points, not 75.9.")
        >>> typed_numbers(dict(cells=[printed, said]))
        [(1, '75.9')]
    """
    known = numbers_of_cells(notebook)
    found = []
    for place, cell in enumerate(notebook["cells"]):
        words = "".join(cell["source"]) if cell["cell_type"] == "markdown" else at_figure(cell)
        prose = NO_PROSE.sub(" ", SOURCE.sub(CITED, words))
        for paragraph in PARAGRAPH.split(prose):
            if CITED in paragraph:
                continue
            for number in MEASURED.findall(paragraph):
                if number not in known:
                    found.append((place, number))
    return found
