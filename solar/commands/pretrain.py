"""`solar pretrain`: the small trunk of the book, from scratch."""

import json

from ..training.pretrain_task import PretrainConfig, pretrain
from . import EXAMPLES
from .options import add_fields, from_arguments

WORDS = dict(
    data="training set in GL18's format",
    output="weights to write",
    epochs="passes over it",
    large_epochs="of them, at the large size",
    seed="of all randomness",
)


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "pretrain",
        help="train mini-gem, the start of everything",
        formatter_class=EXAMPLES,
        description="Train the small trunk of the book from scratch (about a quarter of an hour on two cores).",
        epilog="example: solar pretrain --output mini-gem.pth --seed 0",
    )
    add_fields(parser, PretrainConfig, WORDS)
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Train and print the data sheet."""
    print(json.dumps(pretrain(from_arguments(PretrainConfig, arguments)), indent=2))
    return 0
