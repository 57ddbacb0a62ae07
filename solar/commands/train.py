"""`solar train`: attention, GeM's exponent and the whitening on a frozen trunk; or a local net from patches."""

import json
from dataclasses import fields

from ..global_training import TrainConfig, train
from ..local_training import PRESETS as LOCAL
from ..local_training import LocalConfig, train_local
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


LOCAL_WORDS = dict(
    WORDS, held_out="patches to choose the epoch with", width="channels of a local net's first layer",
    neighbours="of the second-order similarity",
)  # fmt: skip
PRESETS = {"mini-solar": TrainConfig(), **LOCAL}


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "train", help="train attention on top of it: mini-solar; or a local net", formatter_class=EXAMPLES,
        description="Train attention, GeM's exponent and the whitening on a frozen trunk (SOLAR, section 4), or a "
        "local net on patches in PhotoTour's format (section 5.3). In brackets: the value of mini-solar (or of "
        "mini-local); other presets have their own.",
        epilog="examples:\n  solar train --output mini-solar.pth\n"
        "  solar train --soa '' --sos 0 --output baseline.pth\n"
        "  solar train --preset mini-local --soa 345 --output mini-solar-local.pth\n"
        "  solar train --preset solar-local",
    )  # fmt: skip
    parser.add_argument("--preset", choices=list(PRESETS), default="mini-solar", help="what to train (%(default)s)")
    add_fields(parser, TrainConfig, WORDS)
    add_fields(parser, LocalConfig, LOCAL_WORDS)
    parser.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Train and print the data sheet."""
    preset = PRESETS[arguments.preset]
    known = {field.name for field in fields(preset)}
    strange = sorted(name for name in {*WORDS, *LOCAL_WORDS} - known if hasattr(arguments, name))
    if strange:
        names = ", ".join("--" + name.replace("_", "-") for name in strange)
        raise ValueError(f"the preset {arguments.preset} has no {names}; see solar train --help")
    config = from_arguments(preset, arguments)
    make = train_local if isinstance(config, LocalConfig) else train
    print(json.dumps(make(config, arguments.device), indent=2))
    return 0
