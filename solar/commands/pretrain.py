"""`solar pretrain`: make the networks that training starts from.

Book: chapter 7 (training on GL18).
"""

import json

from ..training.config import PRETRAIN_PRESETS, PretrainConfig, StartConfig
from . import EXAMPLES
from .options import add_fields, from_arguments, refuse_strange

# help for the options; fields of the configurations that are not named here are no options
WORDS = dict(
    data="training set in GL18's layout, by name",
    output="file to write the weights to",
    epochs="number of epochs",
    large_epochs="number of last epochs that see images of the large size",
    seed="random seed",
)
START_WORDS = dict(
    data=WORDS["data"],
    output=WORDS["output"],
    every="the whitening is made from one image of so many (preset 'lite')",
    shrink="share of the mean standard deviation that is added to that of each direction "
    "(preset 'lite')",
)
DESCRIPTION = """\
Make a network that `solar train` starts from. The preset 'mini' trains the small trunk of the book
from scratch, which takes about a quarter of an hour on two cores; the same command continues after
an interruption. The preset 'lite' trains nothing: it takes EfficientNet-Lite0 with the ImageNet
weights of an installed package, and sets the whitening by PCA, which takes a minute or two. Values
in brackets are those of the preset 'mini', or of 'lite' for options that only 'lite' has."""
EPILOG = """\
examples:
  solar pretrain --output mini-gem.pth --seed 0
  solar pretrain --preset lite --output lite-gem.pth"""


def add(commands) -> None:
    """Add the command and its options to the command line."""
    parser = commands.add_parser(
        "pretrain",
        help="make mini-gem or lite-gem, networks that training starts from",
        formatter_class=EXAMPLES,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "--preset",
        choices=list(PRETRAIN_PRESETS),
        default="mini",
        help="recipe that the other options change (%(default)s)",
    )
    add_fields(parser, PretrainConfig, WORDS)
    add_fields(parser, StartConfig, START_WORDS)
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Make the network and print the data sheet."""
    from ..training.imagenet_start import make_start
    from ..training.pretrain_task import pretrain

    # the preset, changed to what was asked for
    preset = PRETRAIN_PRESETS[arguments.preset]
    refuse_strange(preset, {*WORDS, *START_WORDS}, arguments)
    config = from_arguments(preset, arguments)

    # the kind of configuration says how the network is made
    make = make_start if isinstance(config, StartConfig) else pretrain
    print(json.dumps(make(config), indent=2))
    return 0
