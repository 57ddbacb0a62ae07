"""A small canvas: boxes, arrows and words as SVG.

No colour stands in a drawing. Each shape has a class, and one style sheet gives the classes their
colours, for light and for dark paper. Inside a page of the book the sheet of the page counts
(book/web/drawings.css). A drawing that is opened as a file has the same sheet in itself, and
follows the colours of the system.

Words know a little markup: *italic*, ^{above} and _{below} the line.
"""

import math
import re
from html import escape

# colours for light paper and for dark paper: those of the book's figures (solar/plots/basics.py)
COLOURS = {
    "ink": ("#1f2328", "#e6e8eb"),
    "soft": ("#59636e", "#a9b4c0"),
    "paper": ("#ffffff", "#1b1f24"),
    "frozen": ("#e4e7eb", "#3a414a"),
    "learnt": ("#cfe6f6", "#123f5e"),
    "blue": ("#0072b2", "#6cc0f0"),
    "stone": ("frozen", "soft", ""),
    "here": ("#ffdf9e", "#6b4a06"),
    "ochre": ("#946800", "#f2b84b"),
    "green": ("#007a59", "#3fd0a3"),
    "vermilion": ("#c04f00", "#ff9a63"),
}

# what a class looks like: fill, stroke and further words of CSS
LOOKS = {
    "plain": ("paper", "ink", ""),
    "frozen": ("frozen", "soft", "stroke-dasharray:5 3"),
    "learnt": ("learnt", "blue", "stroke-width:2"),
    "stone": ("frozen", "soft", ""),
    "here": ("here", "ochre", "stroke-width:2.5"),
    "pale": ("paper", "soft", ""),
    "solid": ("ink", "ink", ""),
    "rail": ("none", "soft", "stroke-dasharray:6 4"),
    "blue-line": ("none", "blue", "stroke-width:2"),
    "ochre-line": ("none", "ochre", "stroke-width:2"),
    "green-line": ("none", "green", "stroke-width:2"),
    "vermilion-line": ("none", "vermilion", "stroke-width:2"),
    "line": ("none", "ink", ""),
    "soft-line": ("none", "soft", ""),
    "blue": ("blue", "none", ""),
    "ochre": ("ochre", "none", ""),
    "green": ("green", "none", ""),
    "vermilion": ("vermilion", "none", ""),
    "ink": ("ink", "none", ""),
    "soft": ("soft", "none", ""),
}
FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif"
MARKUP = re.compile(r"\*(.+?)\*|\^\{(.+?)\}|_\{(.+?)\}")


def rules(scope: str, used: set[str] | None = None) -> str:
    """Return the CSS of classes below the selector `scope`; the colours are variables.

    Args:
        scope: a selector.
        used: names of the classes; None means all.
    """
    lines = [f"{scope}{{{FONT};stroke-width:1.4}}", f"{scope} text{{stroke:none}}"]
    for name, (fill, stroke, more) in LOOKS.items():
        if used is not None and name not in used:
            continue
        paints = [f"{key}:{_paint(value)}" for key, value in (("fill", fill), ("stroke", stroke))]
        lines.append(f"{scope} .{name}{{{';'.join([*paints, more]).rstrip(';')}}}")
    lines.append(f"{scope} .dashed{{stroke-dasharray:6 4}}")
    lines.append(f"{scope} .strong{{font-weight:700}}")
    return "\n".join(lines)


def _paint(colour: str) -> str:
    """Return a colour as a word of CSS."""
    if colour == "none":
        return colour
    return f"var(--drawing-{colour})"


def variables(dark: bool) -> str:
    """Return the colours as CSS variables, for light or for dark paper."""
    return ";".join(f"--drawing-{name}:{pair[dark]}" for name, pair in COLOURS.items())


def page_sheet() -> str:
    """Return the style sheet of the book's pages: colours follow the theme's own switch."""
    return "\n".join(
        [
            "/* Made by tools/draw.py: the colours of the drawings, for light and dark pages. */",
            f"html{{{variables(dark=False)}}}",
            f'html[data-theme="dark"]{{{variables(dark=True)}}}',
            rules(".drawing"),
            ".drawing{display:block;width:100%;height:auto;margin:0.4rem auto}",
            "figure .drawing{margin-bottom:0.6rem}",
            ".drawing.narrow{display:none}",
            "@media(max-width:600px){",
            ".drawing.wide{display:none}",
            ".drawing.narrow{display:block}",
            "}",
            "",
        ]
    )


def file_sheet(used: set[str]) -> str:
    """Return the style sheet inside a file: colours follow the system; `used` as in `rules`."""
    dark = f"@media(prefers-color-scheme:dark){{svg{{{variables(dark=True)}}}}}"
    return "\n".join([f"svg{{{variables(dark=False)}}}", dark, rules("svg", used)])


def spans(words: str, size: float) -> str:
    """Turn words with markup into SVG."""
    parts = []
    end = 0
    for match in MARKUP.finditer(words):
        parts.append(escape(words[end : match.start()]))
        italic, above, below = match.groups()
        if italic:
            parts.append(f'<tspan font-style="italic">{escape(italic)}</tspan>')
        else:
            # a small word above or below the line, and back to the line
            shift = 0.28 * size if below else -0.38 * size
            small = f'<tspan dy="{shift:.1f}" font-size="{0.72 * size:.1f}">'
            parts.append(f"{small}{escape(above or below)}</tspan>")
            parts.append(f'<tspan dy="{-shift:.1f}">&#8203;</tspan>')
        end = match.end()
    parts.append(escape(words[end:]))
    return "".join(parts)


class Drawing:
    """One drawing; (0, 0) is the upper left corner, and lengths are those of a page's pixels.

    Args:
        name: of the file, without its ending.
        width: of the drawing.
        height: of the drawing.
        alt: says in words what is drawn.
        top: the height at which the drawing begins; what stands above is not seen.
    """

    def __init__(self, name: str, width: int, height: int, alt: str, top: int = 0):
        self.name = name
        self.width = width
        self.height = height
        self.top = top
        self.alt = alt
        self.parts: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 13,
        kind: str = "ink",
        anchor: str = "middle",
    ) -> None:
        """Write one line; (x, y) is where `anchor` says, on the line of the letters' feet."""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" '
            f'class="{kind}">{spans(words, size)}</text>'
        )

    def lines(
        self, x: float, y: float, words: list[str], size: float = 13, kind: str = "ink"
    ) -> None:
        """Write several lines, centred on (x, y)."""
        step = 1.3 * size
        first = y - step * (len(words) - 1) / 2 + 0.35 * size
        for i, line in enumerate(words):
            self.text(x, first + i * step, line, size, kind)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        words: list[str] | None = None,
        kind: str = "plain",
        size: float = 13,
        words_kind: str = "ink",
    ) -> None:
        """Draw a box with (x, y) as its upper left corner, and words in its middle."""
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'rx="4" class="{kind}"/>'
        )
        if words:
            self.lines(x + width / 2, y + height / 2, words, size, words_kind)

    def line(self, points: list[tuple[float, float]], kind: str = "line") -> None:
        """Draw a line through points."""
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{places}" class="{kind}"/>')

    def polygon(self, points: list[tuple[float, float]], kind: str = "plain") -> None:
        """Draw a closed shape."""
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polygon points="{places}" class="{kind}"/>')

    def circle(self, x: float, y: float, radius: float, kind: str = "plain") -> None:
        """Draw a disc."""
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" class="{kind}"/>')

    def arrow(
        self, points: list[tuple[float, float]], kind: str = "line", head: str = "ink"
    ) -> None:
        """Draw a line through points with a head at its end."""
        x0, y0 = points[-2]
        x1, y1 = points[-1]
        angle = math.atan2(y1 - y0, x1 - x0)
        # the line ends inside the head
        base = (x1 - 6 * math.cos(angle), y1 - 6 * math.sin(angle))
        self.line([*points[:-1], base], kind)
        wings = [
            (x1 - 8 * math.cos(angle + turn), y1 - 8 * math.sin(angle + turn))
            for turn in (-0.42, 0.42)
        ]
        self.polygon([(x1, y1), *wings], head)

    def svg(self) -> str:
        """Return the whole file."""
        kind = "drawing narrow" if self.name.endswith("-narrow") else "drawing wide"
        seen = f"0 {self.top} {self.width} {self.height - self.top}"
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{seen}" class="{kind}" role="img" '
            f'aria-label="{escape(self.alt)}" style="max-width:{self.width}px">'
        )
        used = set(" ".join(re.findall(r'class="(.+?)"', "".join(self.parts))).split())
        style = f"<style>\n{file_sheet(used)}\n</style>"
        return "\n".join([head, style, *self.parts, "</svg>", ""])
