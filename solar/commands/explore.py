"""`solar explore`: write a page that shows where attention looks in an image."""

import json
import os
import webbrowser
from pathlib import Path

from .. import weights
from ..files import check_output, in_one_line
from . import EXAMPLES

LONGEST_NAME = 255  # bytes of a file's name
EPILOG = """examples:
  solar explore photo.jpg
  solar explore photo.jpg --net resnet101-solar-best -o page.html --no-open
  solar explore photo.jpg --credit 'Ada Example, CC BY 4.0'"""


def add(commands) -> None:
    """Add the command and its options to the command line.

    Args:
        commands: the subparsers of `solar`.
    """
    parser = commands.add_parser(
        "explore",
        help="see where attention looks in an image",
        formatter_class=EXAMPLES,
        description="Write one page that shows where second-order attention looks in an image, "
        "and open it.",
        epilog=EPILOG,
    )
    parser.add_argument("image", help="the image to explore, a file such as photo.jpg")
    parser.add_argument(
        "--net",
        nargs="+",
        default=["mini-solar"],
        help=f"the network: a name ({', '.join(weights.names('attention'))} ...) or a .pth file; "
        "several networks are compared (default: mini-solar)",
    )
    parser.add_argument(
        "--image-size",
        type=int,
        default=1024,
        help="longer side of the image in pixels; larger images are shrunk (default: %(default)s)",
    )
    parser.add_argument(
        "-o",
        "--output",
        help="the page to write (default: the image's name with .html, in the current folder; "
        "a file of that name that is no such page is left as it is)",
    )
    parser.add_argument(
        "--credit",
        metavar="TEXT",
        help="who made the photograph, and its licence: the page says it below the picture "
        "(default: what is known of the file)",
    )
    parser.add_argument(
        "--no-open", action="store_true", help="do not open the page in a web browser"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the page's path, and what it shows, as JSON for a script",
    )
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Write the page, print its path and open it in a web browser.

    Args:
        arguments: the options of the command line.

    Returns:
        The exit status, 0.

    Raises:
        ValueError: an image size below 1, a network without attention, or a page that would take
            the place of an input, or of a file that is no page of the explorer.
        OSError: no such image, or no such folder to write into.
    """
    from ..explorer import SOAExplorer
    from ..nets import load_global

    if arguments.image_size < 1:
        raise ValueError(
            f"--image-size {arguments.image_size}: expected a positive number of pixels"
        )

    # where to write, before the work
    image = Path(arguments.image)
    output = Path(arguments.output or _default_page(image))
    check_output(output, [image, *arguments.net])

    # the attention of every network in the image
    nets = {name: load_global(name) for name in arguments.net}
    explorer = SOAExplorer(arguments.image, nets, arguments.image_size)

    # one page that holds it all
    page = explorer.save_html(output, image.name, arguments.credit)
    print(json.dumps(_summary(page, explorer), indent=2) if arguments.json else page)
    if not arguments.no_open:
        webbrowser.open(page.resolve().as_uri())
    return 0


def _summary(page: Path, explorer) -> dict:
    """Return what --json prints: the page, the size in pixels, and the grid of each layer."""
    height, width = explorer.size
    grids = {name: maps.grids for name, maps in explorer.maps.items()}
    return dict(path=str(page), height=height, width=width, grids=grids)


def _default_page(image: Path) -> Path:
    """Return the name of an image's page, unless a file that is not ours has it."""
    from ..explorer.page import is_page

    # a name on disk has an end
    stem = image.stem
    while len(os.fsencode(f"{stem}.html")) > LONGEST_NAME:
        stem = stem[:-1]

    page = Path(f"{stem}.html")
    if os.path.lexists(page) and not is_page(page):
        raise ValueError(
            f"{in_one_line(page, LONGEST_NAME)}: a file that is no page of the explorer has this "
            "name already; choose another name for the page with -o"
        )
    return page
