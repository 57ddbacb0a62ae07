"""`solar train`: attention, GeM's exponent and the whitening on a frozen trunk; or a local net from
patches.
"""

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
    data="training folder in GL18's layout, a pickle of the field, or a set by name",
    start="network to start from, by name or as a file",
    output="file to write the weights to",
    soa="stages with an attention block, '' for none",
    first_order="first-order loss, 'triplet' or 'supcon' (supervised contrastive)",
    sos_weight="weight of the second-order loss (the paper's lambda)",
    margin="margin of the triplet loss",
    epochs="number of epochs; negatives are mined anew before each",
    queries_per_epoch="queries (tuples) per epoch",
    pool_size="images among which negatives are mined",
    negatives="negatives per query",
    batch_size="tuples per step (triplet), landmarks per step (supcon), or pairs of patches per step",
    photos_per_landmark="photographs of each landmark in a batch (supcon)",
    lr="learning rate of Adam",
    lr_p_factor="factor on the learning rate for GeM's exponent p",
    lr_decay="the learning rate is multiplied by e^-value after each epoch",
    weight_decay="weight decay of Adam",
    image_size="longer side of an image, or side of a square crop, in pixels",
    seed="random seed",
    image_mode="how images are seen: 'cached', 'whole' or 'square'",
    mining_size="size of images during mining in pixels; 0 for the value of --image-size",
    chunk_size="images in one forward and backward pass; 0 for the whole batch",
    max_held_out_images="number of held-out images, at most, that choose the best epoch",
    test_benchmark="benchmark to score after every epoch, '' for none",
)
LOCAL_WORDS = dict(
    WORDS,
    held_out_set="patches, by name, that choose the best epoch",
    width="channels of the first layer of a local network",
    neighbours="nearest neighbours in the second-order similarity",
)
PRESETS = GLOBAL | LOCAL


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "train",
        help="train attention on top of it: mini-solar; or a local net",
        formatter_class=EXAMPLES,
        description="Train attention, GeM's exponent and the whitening on a frozen trunk (SOLAR, section 4), or a "
        "local net on patches in PhotoTour's format (section 5.3). In brackets: the value of mini (or of mini-local); "
        "other presets have their own. The same command goes on after a kill.",
        epilog="examples:\n  solar train --output mini-solar.pth\n"
        "  solar train --soa '' --sos-weight 0 --output baseline.pth\n"
        "  solar train --preset paper --data /data/gl18 --workers 16 --save-every 50 --board runs/solar\n"
        "  torchrun --nproc-per-node 2 -m solar train --data mini-gl18 --epochs 2\n"
        "  solar train --preset mini-local --soa 345 --output mini-solar-local.pth\n"
        "  solar train --preset solar-local",
    )
    parser.add_argument(
        "--preset", choices=list(PRESETS), default="mini", help="what to train (%(default)s)"
    )
    add_fields(parser, TrainConfig, WORDS)
    add_fields(parser, LocalConfig, LOCAL_WORDS)
    clash = "the same as --start, which torchrun takes for its own"
    parser.add_argument("--begin-with", dest="start", default=argparse.SUPPRESS, help=clash)
    parser.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")
    parser.add_argument(
        "--workers", type=int, default=0, help="processes that decode GL18's files (%(default)s)"
    )
    parser.add_argument(
        "--save-every", type=int, default=0, help="steps between kept states (0: an epoch)"
    )
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
