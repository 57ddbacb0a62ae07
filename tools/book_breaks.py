"""Where the lines of a page may break, and where not.

Browsers break a line behind any hyphen and at any space. Numbers with their signs, and the options
of commands, are harder to read in two pieces: they stay whole, as a formula and its point do. Long
names of code in tables may break, so that a table needs less room, but behind a dot, a stroke or a
slash alone.
"""

import re

from docutils import nodes

SPACE = "\N{NO-BREAK SPACE}"
# spaces within numbers: 95 %, 2.0 x, 59.0 ± 0.2, 1 to 2, [+0.3, +2.1], 2.7, 1.8, and Fig. 7
WITHIN = re.compile(
    r"(?<=\d) (?=%|x\b|[±\N{MULTIPLICATION SIGN}] |to \d)|(?<=[±\N{MULTIPLICATION SIGN}]) (?=\d)"
    r"|(?<=\d x) (?=\d|even\b)|(?<=\d to) (?=\d)|(?<=Fig\.) (?=\d)"
    r"|(?<=\d\.\d) (?=and \d)|(?<=\d and) (?=\d+\.\d)"
    r"|(?<=\d,) (?=[-+]?[\d.]+\])|(?<=\d\.\d,) (?=\d+\.\d)"
)
# what stays whole although it has a hyphen: 3e-4, --work
HYPHENS = re.compile(r"(?<!\w)(\d[\d.]*e-\d+|--[a-z][\w-]*|t-SNE|UTF-8)(?!\w)")
TEXT = re.compile(r"(?<=>)[^<>]+(?=<)")  # words between two tags
POINTS = re.compile(r"[.,;:!?)]+")
NOT_PROSE = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw)

CELL = re.compile(r"<td\b.*?</td>", re.DOTALL)
CODE = re.compile(r'(?<=<span class="pre">)[^<]+(?=</span>)')
JOINT = re.compile(r"(?<=[A-Za-z0-9_)][._/,])(?=[A-Za-z_])")  # where a name may break
OPTION = re.compile(r'<span class="pre">(?=-)')
LONG = 24  # characters of a cell that needs some room
SHORT = 12  # characters that a column of a table has room for, also on a telephone


def setup(app):
    """Connect the rules to Sphinx."""
    app.connect("doctree-resolved", keep_numbers_whole)
    app.connect("doctree-resolved", keep_points_at_formulas)
    app.connect("doctree-resolved", name_code_of_tables)
    app.connect("html-page-context", let_names_break, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def keep_numbers_whole(app, doctree, docname):
    """Keep numbers with their signs, and options, on one line: in words and in pandas' tables."""
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, nodes.raw):
            if 'class="dataframe"' in text:
                changed = TEXT.sub(lambda words: whole_html(words[0]), text)
                text.parent.replace(text, nodes.Text(changed))
        elif not isinstance(text.parent, NOT_PROSE):
            pieces = HYPHENS.split(WITHIN.sub(SPACE, text))
            # every second piece is one that stays whole
            words = [
                nodes.inline("", piece, classes=["whole"]) if k % 2 else nodes.Text(piece)
                for k, piece in enumerate(pieces)
                if piece
            ]
            text.parent.replace(text, words)


def whole_html(words: str) -> str:
    """Return words of a page of HTML with whole numbers and options.

    Args:
        words: without tags.
    """
    return HYPHENS.sub(r'<span class="whole">\1</span>', WITHIN.sub("&nbsp;", words))


def keep_points_at_formulas(app, doctree, docname):
    """Let no line begin with the point or the comma behind a formula."""
    for formula in list(doctree.findall(nodes.math)):
        behind = formula.next_node(nodes.Text, descend=False, siblings=True)
        place = formula.parent.index(formula) + 1
        if behind is None or formula.parent[place : place + 1] != [behind]:
            continue
        points = POINTS.match(behind)
        if points:
            # formula and point stay together; what follows them may break
            rest = nodes.Text(behind[points.end() :])
            together = nodes.inline("", "", classes=["whole"])
            formula.parent.replace(behind, rest)
            formula.replace_self(together)
            together += [formula, nodes.Text(points[0])]


def name_code_of_tables(app, doctree, docname):
    """Give code in tables a class where it is short: book.css keeps it in one line.

    Other code may break, so that a table of long names needs no scrolling. Cells of words get a
    class as well, and with it some room.
    """
    for cell in doctree.findall(nodes.entry):
        if len(cell.astext()) > LONG:
            cell["classes"].append("words")
        for code in cell.findall(nodes.literal):
            text = code.astext()
            longest = max(map(len, text.split()), default=0)
            if longest <= SHORT:
                code["classes"].append("short")
            # a command of two words
            if len(text) <= SHORT:
                code["classes"].append("whole")


def let_names_break(app, pagename, templatename, context, doctree):
    """Let code in tables break behind the joints of its names, and options nowhere."""

    def with_joints(cell: re.Match) -> str:
        """Return a cell of a table with places to break in its code."""
        return CODE.sub(lambda code: JOINT.sub("<wbr>", code[0]), cell[0])

    if "body" in context:
        body = CELL.sub(with_joints, context["body"])
        context["body"] = OPTION.sub('<span class="pre whole">', body)
