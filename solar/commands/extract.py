"""`solar extract`: the descriptors of any number of images, on disk.

Book: chapter 10 (one million distractors).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from . import EXAMPLES, FLAWED
from .describing import NAMES_FIRST, add_options, image_list, made_by, network, settings

DESCRIPTION = f"""\
Describe images into a store of descriptors. Run the same command again after any interruption: it
continues where it stopped. Images that cannot be read are skipped, and listed in skipped.txt.

{NAMES_FIRST}
Images of a folder or of a list are turned upright as their metadata say; those of a benchmark are
taken as they are stored, which is what its boxes mean. Links in a folder are followed."""
EPILOG = f"""\
examples:
  solar extract mini-distractors --net mini-solar --out store
  solar extract revisitop1m --net resnet101-solar-best --out r1m --half --workers 8
  solar extract photos/ --net mini-gem --out store --shard 0/2   (and 1/2 at the same time)
  torchrun --nproc-per-node 4 -m solar extract revisitop1m --net resnet101-solar-best --out r1m
exit status: 0 done; {FLAWED} done, but the images in skipped.txt could not be read; 2 an error"""


def add(commands: argparse._SubParsersAction) -> None:
    """Describe the command and its options."""
    parser = commands.add_parser(
        "extract",
        help="describe many images into a store; resumable, shared among processes",
        formatter_class=EXAMPLES,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "dataset",
        help="the name of a benchmark or of a list of distractors, the ground truth of a benchmark "
        "of your own, a folder of images, or a text file with one path per line",
    )
    parser.add_argument("--out", required=True, help="the folder of the store")
    parser.add_argument(
        "--queries",
        action="store_true",
        help="describe the queries of a benchmark, cropped to their boxes, not its images",
    )
    parser.add_argument(
        "--half",
        action="store_true",
        help="store float16 numbers, which take half the space; scores stay the same to 0.0001",
    )
    parser.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="describe only the images I, I + N, I + 2 N ... (default: the share of this process "
        "under torchrun, else all)",
    )
    add_options(parser)
    parser.add_argument(
        "--batch",
        type=int,
        default=16,
        help="the largest number of images that go through the network at once (%(default)s)",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the store's path, how many images are described, and which were skipped as "
        "JSON for a script",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Describe the images into the store, and say what could not be read."""
    from ..distributed import torchrun_share
    from ..images import words_of
    from ..search import extract

    # 1. what, by which network, how; under torchrun each process does its share, without a word to
    # the others
    shard = arguments.shard or torchrun_share()
    net = network(arguments)
    images = image_list(arguments.dataset, arguments.root, arguments.queries, arguments.images)
    options = settings(arguments, arguments.dataset, net)
    options = options.changed(batch_size=arguments.batch, upright=images.upright)
    if images.left_out and shard[0] == 0:
        left_out = words_of(images.left_out)
        print(f"{arguments.dataset}: left out: {left_out}", file=sys.stderr)

    # 2. describe
    skipped = extract(
        net,
        images.paths,
        arguments.out,
        images.names,
        images.boxes,
        half=arguments.half,
        meta=made_by(arguments),
        shard=shard,
        progress=True,
        options=options,
    )

    # 3. say where, and what is missing there
    if arguments.json:
        print(json.dumps(_summary(arguments.out, len(images.names), skipped), indent=2))
    else:
        print(arguments.out)
    if skipped:
        where = Path(arguments.out) / "skipped.txt"
        print(f"{len(skipped)} images could not be read, see {where}", file=sys.stderr)
    return FLAWED if skipped else 0


def _summary(out: str, count: int, skipped: list[str]) -> dict:
    """Return what --json prints: of all processes so far, if several share the work."""
    from ..search.store_files import rows_to_do

    to_do = rows_to_do(Path(out))
    described = count - to_do - len(skipped)
    return dict(path=out, described=described, skipped=skipped, to_do=to_do)


def _shard(text: str) -> tuple[int, int]:
    """Parse 'i/n'."""
    i, n = text.split("/")
    return int(i), int(n)
