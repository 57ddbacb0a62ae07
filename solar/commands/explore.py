"""`solar explore`: a page that shows where attention looks in a photograph."""

import webbrowser
from pathlib import Path

from .. import weights
from . import EXAMPLES


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "explore",
        help="see where attention looks in a photograph",
        formatter_class=EXAMPLES,
        description="Write one page that shows where second-order attention looks in a photograph, and open it.",
        epilog="examples:\n  solar explore photo.jpg\n"
        "  solar explore photo.jpg --net resnet101-solar-best -o page.html --no-open",
    )
    parser.add_argument("image", help="the photograph")
    parser.add_argument(
        "--net",
        nargs="+",
        default=["mini-solar"],
        help=f"a name ({', '.join(weights.names())} ...) or a .pth file; several are compared (mini-solar)",
    )
    parser.add_argument(
        "--image-size", type=int, default=1024, help="longer side at most, pixels (%(default)s)"
    )
    parser.add_argument(
        "-o", "--output", help="page to write (the photograph's name with .html, in this folder)"
    )
    parser.add_argument("--no-open", action="store_true", help="do not open it in a browser")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Write the page, print where it lies, open it."""
    from ..explorer import SOAExplorer
    from ..nets import load

    if arguments.image_size < 1:
        raise ValueError(
            f"--image-size {arguments.image_size}: expected a positive number of pixels"
        )
    nets = {name: load(name) for name in arguments.net}
    explorer = SOAExplorer(arguments.image, nets, arguments.image_size)
    photograph = Path(arguments.image)
    page = explorer.save_html(arguments.output or f"{photograph.stem}.html", title=photograph.name)
    print(page)
    if not arguments.no_open:
        webbrowser.open(page.resolve().as_uri())
    return 0
