"""`solar train`: attention, GeM's exponent and the whitening on a frozen trunk."""

import json

from ..global_training import TrainConfig, train
from . import EXAMPLES
from .options import add_fields, from_arguments

WORDS = dict(
    data="training folder in GL18's layout, or a mini one by name", start="network to start from",
    output="weights to write", soa="stages with an attention block, '' for none",
    first="first-order loss, 'triplet' or 'batch'", sos="weight of the second-order loss",
    margin="of the triplet loss", epochs="rounds of mining and training", queries="tuples an epoch",
    pool="images among which negatives are sought", negatives="a tuple", batch="tuples a step", rate="of Adam",
    photos="of each landmark in a batch",
    rate_of_p="times that rate for GeM's exponent", fade="the rate shrinks by e^-fade an epoch", decay="of weights",
    image_size="longer side, pixels", seed="of all randomness",
)  # fmt: skip


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "train", help="train attention on top of it: mini-solar", formatter_class=EXAMPLES,
        description="Train attention, GeM's exponent and the whitening on a frozen trunk (SOLAR, section 4).",
        epilog="examples:\n  solar train --output mini-solar.pth\n  solar train --soa '' --sos 0 --output baseline.pth",
    )  # fmt: skip
    add_fields(parser, TrainConfig, WORDS)
    parser.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Train and print the data sheet."""
    print(json.dumps(train(from_arguments(TrainConfig, arguments), arguments.device), indent=2))
    return 0
