"""`solar train`: a global network with attention on a frozen trunk, or a local network on patches.

Book: chapter 7 (training on GL18) and chapter 11 (a local descriptor).
"""

import argparse
import json

from ..training.config import GLOBAL_PRESETS, LOCAL_PRESETS, LocalConfig, TrainConfig
from . import EXAMPLES
from .options import add_fields, from_arguments, refuse_strange

# help for the options of a global network; those that a local network shares mean the same there
WORDS = dict(
    data="training folder in GL18's layout, a pickle of the field, or a set by name",
    start="network to start from, by name or as a file",
    output="file to write the weights to",
    train_landmarks="number of landmarks to learn from, the first by their number, 0 for all",
    soa="stages with an attention block, '' for none",
    block="what a block does: 'soa' looks at all positions by learnt weights; two controls with "
    "the same parameters, 'identity' (looks only at the position itself) and 'even' (looks at all "
    "positions alike); 'none' leaves the blocks out",
    first_order="first-order loss, 'triplet' or 'supcon' (supervised contrastive)",
    second_order="second-order loss, 'solar' (distances to hard negatives) or 'sosnet' (distances "
    "among nearest neighbours in the batch)",
    sos_weight="weight of the second-order loss (the paper's lambda)",
    margin="margin of the triplet loss",
    epochs="number of epochs; negatives are mined anew before each",
    queries_per_epoch="queries (tuples) per epoch",
    pool_size="images among which negatives are mined",
    negatives="negatives per query, or nearest neighbours with --second-order sosnet",
    batch_size="per step: tuples (triplet), landmarks (supcon) or pairs of patches (local network)",
    photos_per_landmark="photographs of each landmark in a batch (supcon)",
    lr="learning rate of Adam",
    lr_p_factor="factor on the learning rate for GeM's exponent p, 0 to leave p as it is",
    lr_decay="the learning rate is multiplied by e^-value after each epoch",
    weight_decay="weight decay of Adam",
    image_size="longer side of an image, or side of a square crop, in pixels",
    seed="random seed",
    image_mode="how images are seen: 'cached', 'whole' or 'square'",
    mining_size="size of images during mining in pixels, 0 for the value of --image-size",
    chunk_size="images in one forward and backward pass, 0 for the whole batch",
    max_held_out_images="number of held-out images, at most, that choose the best epoch",
    test_benchmark="benchmark to score after every epoch, '' for none",
)
LOCAL_WORDS = dict(
    WORDS,
    held_out_set="patches, by name, that choose the best epoch",
    keep="epoch whose weights are kept, 'best' (on the held-out set) or 'last'",
    width="channels of the first layer of a local network",
    neighbours="nearest neighbours in the second-order similarity",
)
PRESETS = GLOBAL_PRESETS | LOCAL_PRESETS
DESCRIPTION = """\
Train attention and the whitening, and GeM's exponent if asked for, on a frozen trunk (SOLAR,
section 4), or a local network on patches in PhotoTour's format (section 5.3). Values in brackets
are those of the preset 'mini', or of 'mini-local' for options that only a local network has; other
presets have their own. The same command, started again after an interruption, continues where it
stopped."""
EPILOG = """\
examples:
  solar train --output mini-solar.pth
  solar train --soa '' --sos-weight 0 --output baseline.pth
  solar train --preset lite --block identity --output lite-identity.pth
  solar train --preset paper --data /data/gl18 --workers 16 --save-every 50 --board runs/solar
  torchrun --nproc-per-node 2 -m solar train --data mini-gl18 --epochs 2
  solar train --preset mini-local
  solar train --preset mini-local-tuned --start mini-sosnet.pth
  solar train --preset solar-local"""


def add(commands) -> None:
    """Add the command and its options to the command line."""
    parser = commands.add_parser(
        "train",
        help="train a network with second-order attention and loss",
        formatter_class=EXAMPLES,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "--preset",
        choices=list(PRESETS),
        default="mini",
        help="recipe that the other options change (%(default)s)",
    )

    # settings of the training: one option per field of the two configurations
    add_fields(parser, TrainConfig, WORDS)
    add_fields(parser, LocalConfig, LOCAL_WORDS)
    parser.add_argument(
        "--begin-with",
        dest="start",
        default=argparse.SUPPRESS,
        help="the same as --start, which torchrun takes for an option of its own",
    )

    # settings of this run, which are no part of the recipe
    parser.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")
    parser.add_argument(
        "--workers", type=int, default=0, help="processes that decode image files (%(default)s)"
    )
    parser.add_argument(
        "--save-every",
        type=int,
        default=0,
        help="steps between two saved states, 0 for once per epoch (%(default)s)",
    )
    parser.add_argument("--board", help="folder for TensorBoard (default: none)")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Train and print the data sheet."""
    from ..training.global_task import train
    from ..training.local_task import train_local

    # the preset, changed to what was asked for
    preset = PRESETS[arguments.preset]
    refuse_strange(preset, {*WORDS, *LOCAL_WORDS}, arguments)
    config = from_arguments(preset, arguments)

    # the kind of configuration says which network it is for
    options = dict(board=arguments.board, save_every=arguments.save_every)
    if isinstance(config, LocalConfig):
        sheet = train_local(config, arguments.device, **options)
    else:
        sheet = train(config, arguments.device, workers=arguments.workers, **options)

    if sheet:  # under torchrun, only the first process has it
        print(json.dumps(sheet, indent=2))
    return 0
