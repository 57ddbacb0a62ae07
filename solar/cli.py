"""The command line: `solar ...` or `python -m solar ...`."""

import argparse
import json
import sys

from . import pretraining, training
from .checkpoints import load, shipped
from .datasets import load_benchmark
from .description import PAPER_SCALES
from .evaluation import score
from .files import home
from .world import BOOK, DATASETS, contact_sheet, make

SINGLE = (1.0,)


def _data(arguments) -> int:
    if arguments.what == "show":
        folder = make(arguments.dataset)
        print(contact_sheet(folder, arguments.output))
        return 0
    for name in BOOK if arguments.what == "mini" else [arguments.what]:
        print(make(name, workers=arguments.workers))
    return 0


def _evaluate(arguments) -> int:
    net = load(arguments.net)
    bench = load_benchmark(arguments.dataset, arguments.root)
    if not bench.queries:
        raise ValueError(f"{arguments.dataset} is a list of distractors, without queries: nothing to evaluate")
    size = arguments.image_size
    if size is None:
        size = 256 if arguments.dataset.startswith("mini-") else 1024
    options = dict(
        device=arguments.device,
        image_size=size,
        scales=SINGLE if arguments.single_scale else PAPER_SCALES,
        progress=True,
    )
    report = score(net, bench, workers=arguments.workers, **options)
    print(json.dumps(dict(map=report.map, mp=report.mp), indent=2) if arguments.json else report)
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = _Parser(
        prog="solar",
        description="Second-order attention and similarity for image retrieval, to read and to run.",
        epilog=f"Data are kept in {home()} (set SOLAR_HOME to move them).",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    example = argparse.RawDescriptionHelpFormatter

    data = commands.add_parser(
        "data", help="make the mini world, or look at it", formatter_class=example,
        epilog="examples:\n  solar data mini\n  solar data mini-gl18-large --workers 8\n"
        "  solar data show --dataset mini-revisitop -o sheet.png",
    )  # fmt: skip
    data.add_argument("what", choices=["mini", "show", *DATASETS], help="'mini': all that the book needs")
    data.add_argument("--workers", type=int, help="processes (default: all cores)")
    data.add_argument("--dataset", choices=list(DATASETS), default="mini-revisitop", help="to show (%(default)s)")
    data.add_argument("-o", "--output", default="contact-sheet.png", help="picture to write (%(default)s)")
    data.set_defaults(run=_data)

    score = commands.add_parser(
        "evaluate", help="score a network on a benchmark", formatter_class=example,
        epilog="examples:\n  solar evaluate mini-revisitop --net mini-gem\n"
        "  solar evaluate roxford5k --net resnet101-solar-best --device cuda",
    )  # fmt: skip
    score.add_argument("dataset", help="mini-revisitop, mini-validation, roxford5k or rparis6k")
    score.add_argument("--net", required=True, help=f"a name ({', '.join(shipped())} ...) or a .pth file")
    score.add_argument("--root", help="folder that holds the dataset's folder (default: data in SOLAR_HOME)")
    score.add_argument("--image-size", type=int, help="longer side at most, pixels (256 for mini data, else 1024)")
    score.add_argument("--single-scale", action="store_true", help="one scale instead of the paper's three")
    score.add_argument("--workers", type=int, default=0, help="processes that decode (%(default)s)")
    score.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")
    score.add_argument("--json", action="store_true", help="print numbers for a script")
    score.set_defaults(run=_evaluate)

    commands.add_parser("pretrain", help="train mini-gem, the start of everything", add_help=False)
    commands.add_parser("train", help="train attention on top of it: mini-solar", add_help=False)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run a command; a foreseeable error prints one line and returns 2."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        if argv[:1] in (["pretrain"], ["train"]):
            return dict(pretrain=pretraining, train=training)[argv[0]].main(argv[1:])
        arguments = parser().parse_args(argv)
        return arguments.run(arguments)
    except (OSError, ValueError, ArithmeticError) as error:
        print(f"solar: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("solar: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
