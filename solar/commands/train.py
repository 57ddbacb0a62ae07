"""`solar train`: attention, GeM's exponent and the whitening on a frozen trunk; or a local net from patches."""

import argparse
import json
from dataclasses import fields

from ..training.global_task import PRESETS as GLOBAL
from ..training.global_task import TrainConfig, train
from ..training.local_task import PRESETS as LOCAL
from ..training.local_task import LocalConfig, train_local
from . import EXAMPLES
from .options import add_fields, from_arguments

WORDS = dict(
    data="training folder in GL18's layout, a pickle of the field, or a set by name", start="network to start from",
    output="weights to write", soa="stages with an attention block, '' for none",
    first="first-order loss, 'triplet' or 'batch'", sos="weight of the second-order loss",
    margin="of the triplet loss", epochs="rounds of mining and training", queries="tuples an epoch",
    pool="images among which negatives are sought", negatives="a tuple", batch="tuples a step", rate="of Adam",
    photos="of each landmark in a batch", rate_of_p="times that rate for GeM's exponent",
    fade="the rate shrinks by e^-fade an epoch", decay="of weights", image_size="longer side, or the squares', pixels",
    seed="of all randomness", pictures="'cached', 'whole' or 'square'", mining_size="pixels, 0: as --image-size",
    chunk="images forward and backward at a time, 0: all",
    held_out="what chooses the best epoch: so many images at most (2000); for a local net, patches by name",
    test="benchmark to look at after every epoch, '' for none",
)  # fmt: skip
LOCAL_WORDS = dict(
    WORDS, width="channels of a local net's first layer", neighbours="of the second-order similarity"
)  # fmt: skip
PRESETS = GLOBAL | LOCAL


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "train", help="train attention on top of it: mini-solar; or a local net", formatter_class=EXAMPLES,
        description="Train attention, GeM's exponent and the whitening on a frozen trunk (SOLAR, section 4), or a "
        "local net on patches in PhotoTour's format (section 5.3). In brackets: the value of mini (or of mini-local); "
        "other presets have their own. The same command goes on after a kill.",
        epilog="examples:\n  solar train --output mini-solar.pth\n"
        "  solar train --soa '' --sos 0 --output baseline.pth\n"
        "  solar train --preset paper --data /data/gl18 --workers 16 --save-every 50 --board runs/solar\n"
        "  torchrun --nproc-per-node 2 -m solar train --data mini-gl18 --epochs 2\n"
        "  solar train --preset mini-local --soa 345 --output mini-solar-local.pth\n"
        "  solar train --preset solar-local",
    )  # fmt: skip
    parser.add_argument("--preset", choices=list(PRESETS), default="mini", help="what to train (%(default)s)")
    parser.add_argument("--held-out", default=argparse.SUPPRESS, help=WORDS["held_out"])  # a number, or a name
    add_fields(parser, TrainConfig, WORDS)
    add_fields(parser, LocalConfig, LOCAL_WORDS)
    clash = "the same as --start, which torchrun takes for its own"
    parser.add_argument("--begin-with", dest="start", default=argparse.SUPPRESS, help=clash)
    parser.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")
    parser.add_argument("--workers", type=int, default=0, help="processes that decode GL18's files (%(default)s)")
    parser.add_argument("--save-every", type=int, default=0, help="steps between kept states (0: an epoch)")
    parser.add_argument("--board", help="folder for TensorBoard (default: none)")
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
    options = dict(board=arguments.board, save_every=arguments.save_every)
    if isinstance(config, LocalConfig):
        sheet = train_local(config, arguments.device, **options)
    else:
        sheet = train(config, arguments.device, workers=arguments.workers, **options)
    if sheet:  # the first process's
        print(json.dumps(sheet, indent=2))
    return 0
