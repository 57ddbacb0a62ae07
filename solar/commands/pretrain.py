"""`solar pretrain`: train the small trunk of the book from scratch.

Book: chapter 7 (training on GL18).
"""

import json

from ..training.config import PretrainConfig
from . import EXAMPLES
from .options import add_fields, from_arguments

# help for the options; fields of the configuration that are not named here are no options
WORDS = dict(
    data="training set in GL18's layout, by name",
    output="file to write the weights to",
    epochs="number of epochs",
    large_epochs="number of last epochs that see images of the large size",
    seed="random seed",
)


def add(commands) -> None:
    """Add the command and its options to the command line."""
    parser = commands.add_parser(
        "pretrain",
        help="train mini-gem, the network that training starts from",
        formatter_class=EXAMPLES,
        description="Train the small trunk of the book from scratch, which takes about a quarter\n"
        "of an hour on two cores. The same command continues after an interruption.",
        epilog="example: solar pretrain --output mini-gem.pth --seed 0",
    )
    add_fields(parser, PretrainConfig, WORDS)
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Train and print the data sheet."""
    from ..training.pretrain_task import pretrain

    config = from_arguments(PretrainConfig(), arguments)
    print(json.dumps(pretrain(config), indent=2))
    return 0
