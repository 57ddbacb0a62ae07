"""`solar data`: the datasets, made or looked at."""

from ..world import BOOK, DATASETS, contact_sheet, make
from . import EXAMPLES


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "data", help="make the mini world, or look at it", formatter_class=EXAMPLES,
        epilog="examples:\n  solar data mini\n  solar data mini-gl18-large --workers 8\n"
        "  solar data show --dataset mini-revisitop -o sheet.png",
    )  # fmt: skip
    parser.add_argument("what", choices=["mini", "show", *DATASETS], help="'mini': all that the book needs")
    parser.add_argument("--workers", type=int, help="processes (default: all cores)")
    parser.add_argument("--dataset", choices=list(DATASETS), default="mini-revisitop", help="to show (%(default)s)")
    parser.add_argument("-o", "--output", default="contact-sheet.png", help="picture to write (%(default)s)")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Make or show, and print where it lies."""
    if arguments.what == "show":
        print(contact_sheet(make(arguments.dataset), arguments.output))
        return 0
    for name in BOOK if arguments.what == "mini" else [arguments.what]:
        print(make(name, workers=arguments.workers))
    return 0
