"""In which format a notebook keeps a figure: charts as drawings (SVG), photographs as pictures.

A chart is made of lines and letters. As SVG it is sharp at every size, in print too. A figure that
holds a photograph or a map is kept as a JPEG with twice as many pixels as it is shown with, which
is sharp on screens that have two pixels for one. Both are shown with 80 pixels to the inch.

Book: all chapters.
"""

import re
from io import BytesIO

from matplotlib.figure import Figure
from PIL import Image

SHOWN = 80  # pixels of the page to an inch of the figure
POINTS = 72  # units to an inch in matplotlib's SVG
MOST_VERTICES = 20_000  # a chart with more becomes a picture: its file would be larger
QUALITY = 80  # of a JPEG, of 100

# the width and the height of a whole drawing, in points
SIZE = re.compile(r'(<svg[^>]*?)width="([\d.]+)pt" height="([\d.]+)pt"')


def is_chart(figure: Figure) -> bool:
    """Tell whether a figure is made of lines and letters alone, and not of too many.

    Args:
        figure: with its axes.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> figure, axis = plt.subplots()
        >>> _ = axis.plot([1, 2])
        >>> is_chart(figure)
        True
        >>> _ = axis.imshow([[0, 1]])
        >>> is_chart(figure)
        False
        >>> plt.close(figure)
    """
    vertices = 0
    for axes in figure.get_axes():
        if axes.images:
            return False
        vertices += sum(len(line.get_xdata()) for line in axes.lines)
        for collection in axes.collections:
            # points of a scatter, and the outlines of filled areas
            vertices += len(collection.get_offsets())
            vertices += sum(len(path.vertices) for path in collection.get_paths())
    return vertices <= MOST_VERTICES


def as_svg(figure: Figure) -> str | None:
    """Return a chart as SVG, sized for the page; None for other figures.

    The same figure gives the same text: no date, and names that do not change.
    """
    if not is_chart(figure):
        return None
    drawing = BytesIO()
    figure.savefig(drawing, format="svg", bbox_inches="tight", metadata={"Date": None})
    return SIZE.sub(in_pixels, drawing.getvalue().decode(), count=1)


def in_pixels(size: re.Match) -> str:
    """Return the head of a drawing with its size in pixels of the page."""
    width = float(size[2]) * SHOWN / POINTS
    height = float(size[3]) * SHOWN / POINTS
    return f'{size[1]}width="{width:.0f}" height="{height:.0f}"'


def as_jpeg(figure: Figure) -> tuple[bytes, dict] | None:
    """Return a figure as JPEG, and the width to show it with; None for charts."""
    if is_chart(figure):
        return None
    picture = BytesIO()
    figure.savefig(
        picture,
        format="jpeg",
        bbox_inches="tight",
        dpi=2 * SHOWN,
        pil_kwargs=dict(quality=QUALITY),
    )
    data = picture.getvalue()
    return data, {"width": width_of(data) // 2}


def width_of(jpeg: bytes) -> int:
    """Return the number of columns of a JPEG."""
    with Image.open(BytesIO(jpeg)) as picture:
        return picture.width


def use_in_notebooks() -> None:
    """Let the notebook that runs keep figures as this module says; outside of one do nothing."""
    shell = running_shell()
    if shell is None:
        return
    # the inline backend sets formats of its own when it is loaded: let it be first
    from matplotlib_inline import backend_inline

    backend_inline.set_matplotlib_formats("jpeg")
    formatters = shell.display_formatter.formatters
    formatters["image/png"].pop(Figure, None)
    formatters["image/svg+xml"].for_type(Figure, as_svg)
    formatters["image/jpeg"].for_type(Figure, as_jpeg)


def running_shell():
    """Return IPython's shell if a notebook's kernel runs this, or None."""
    try:
        from IPython import get_ipython
    except ModuleNotFoundError:
        return None
    shell = get_ipython()
    # a terminal shows no pictures
    if shell is None or not hasattr(shell, "kernel"):
        return None
    return shell
