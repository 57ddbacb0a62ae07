"""`solar extract`: the descriptors of any number of images, on disk.

Book: chapter 7 (one million distractors).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .. import weights
from . import EXAMPLES, FLAWED

if TYPE_CHECKING:
    from ..nets import GlobalNet
    from ..search import DescribeOptions

SINGLE = (1.0,)  # scales of --single-scale
DESCRIPTION = """\
Describe images into a store of descriptors. Run the same command again after any interruption: it
continues where it stopped."""
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
        help="the name of a benchmark or of a list of distractors, a folder of images, or a text "
        "file with one path per line",
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
    add_network(parser)
    parser.add_argument(
        "--batch",
        type=int,
        default=16,
        help="the largest number of images that go through the network at once (%(default)s)",
    )
    parser.set_defaults(run=run)


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the options that `extract` and `evaluate` share: the network, and how images are read."""
    names = ", ".join(weights.names())
    parser.add_argument(
        "--net",
        required=True,
        help=f"the network: the name of a shipped one ({names}) or of a published one, or a .pth "
        "file",
    )
    parser.add_argument(
        "--root",
        help="the folder that holds the folders of datasets (default: data in SOLAR_HOME)",
    )
    parser.add_argument(
        "--image-size",
        type=int,
        help="the largest longer side of an image, in pixels (default: 256 for mini data, else "
        "1024)",
    )
    parser.add_argument(
        "--single-scale",
        action="store_true",
        help="describe images at one scale, not at the three of the paper",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=0,
        help="the number of processes that decode images; 0: the main process does (%(default)s)",
    )
    parser.add_argument(
        "--device", help="the device: cpu, cuda or mps (default: the fastest there is)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Describe the images into the store, and say what could not be read."""
    from ..distributed import torchrun_share
    from ..search import extract

    # 1. what, by which network, how
    net = network(arguments)
    images = image_list(arguments.dataset, arguments.root, arguments.queries)
    options = settings(arguments, arguments.dataset).changed(batch_size=arguments.batch)

    # 2. describe; under torchrun each process does its share, without a word to the others
    skipped = extract(
        net,
        images.paths,
        arguments.out,
        images.names,
        images.boxes,
        half=arguments.half,
        meta=made_by(arguments.net),
        shard=arguments.shard or torchrun_share(),
        progress=True,
        options=options,
    )

    # 3. say where, and what is missing there
    print(arguments.out)
    if skipped:
        where = Path(arguments.out) / "skipped.txt"
        print(f"{len(skipped)} images could not be read, see {where}", file=sys.stderr)
    return FLAWED if skipped else 0


# ---- shared with `evaluate` ----------------------------------------------------------------------


def network(arguments: argparse.Namespace) -> GlobalNet:
    """Load the network, onto the device that was asked for.

    Raises:
        ValueError: a local network, which describes patches.
    """
    from ..distributed import pick_device
    from ..nets import GlobalNet, load

    net = load(arguments.net)
    if not isinstance(net, GlobalNet):
        raise ValueError(f"{arguments.net} describes patches; expected a global network")
    return net.to(pick_device(arguments.device))


def settings(arguments: argparse.Namespace, dataset: str) -> DescribeOptions:
    """Return how the images of a dataset are read and described, as asked for."""
    from ..datasets import image_size_of
    from ..search import PAPER_SCALES, DescribeOptions

    # published benchmarks are described at the size of the paper, the small images of the book at
    # their own
    size = arguments.image_size
    if size is None:
        size = image_size_of(dataset)
    scales = SINGLE if arguments.single_scale else PAPER_SCALES
    return DescribeOptions(image_size=size, scales=scales, workers=arguments.workers)


def made_by(net: str) -> dict[str, str]:
    """Return what a store tells of its network: its name and the checksum of its file."""
    from ..files import sha256
    from ..nets.checkpoints import path_of

    # of a file, its name without the folder; what tells networks apart is the checksum
    name = Path(net).stem if Path(net).suffix else net
    return dict(network=name, sha256=sha256(path_of(net)))


@dataclass(frozen=True)
class ImageList:
    """Images to describe."""

    paths: list[Path]
    names: list[str]  # what the rows of the store are called
    boxes: list[tuple] | None = None  # (x0, y0, x1, y1) of each in pixels, or None for all of it


def image_list(dataset: str, root: str | None, queries: bool = False) -> ImageList:
    """List the images of a benchmark by name, of a folder, or of a text file.

    Args:
        dataset: name, folder, or text file with one path per line, relative to its own folder.
        root: the folder that holds the folders of benchmarks.
        queries: list a benchmark's queries with their boxes, not its images.

    Raises:
        ValueError: no images there, or no queries.
    """
    from ..datasets import load_benchmark

    # a path goes before a name
    path = Path(dataset)
    own_images = path.is_dir() or path.suffix == ".txt"
    if own_images and queries:
        raise ValueError(f"{dataset}: only a benchmark has queries with boxes")
    if own_images:
        return _own_images(path)
    # a benchmark: the names of its files are the names of the rows
    bench = load_benchmark(dataset, root)
    if not queries:
        return ImageList(bench.images, [image.name for image in bench.images])
    if not bench.queries:
        raise ValueError(f"{dataset} is a list of distractors, without queries")
    return ImageList(bench.queries, [image.name for image in bench.queries], bench.boxes)


def _own_images(path: Path) -> ImageList:
    """List the images of a folder, with all folders in it, or of a text file."""
    from ..images import SUFFIXES

    # all images in a folder and below it, in the order of their names; or a list, in its own order
    if path.is_dir():
        folder = path
        files = [file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES]
        names = sorted(str(file.relative_to(path)) for file in files)
    else:
        folder = path.parent
        names = [line for line in path.read_text().splitlines() if line.strip()]
    if not names:
        raise ValueError(f"{path}: no images there; expected files such as {', '.join(SUFFIXES)}")
    return ImageList([folder / name for name in names], names)


def store_of(
    dataset: str, arguments: argparse.Namespace, net: GlobalNet, options: DescribeOptions
) -> Path:
    """Return the store of a dataset given by name; described on first use, kept in SOLAR_HOME.

    Raises:
        ValueError: some of its images cannot be read.
    """
    from ..distributed import torchrun_share
    from ..files import home
    from ..search import extract

    # what the descriptors depend on is in the name of the store
    made = made_by(arguments.net)
    scales = "three-scales" if len(options.scales) > 1 else "one-scale"
    name = f"{dataset}-{made['network']}-{made['sha256'][:8]}-{options.image_size}-{scales}"
    out = home() / "stores" / name

    # if it is complete, `extract` has nothing to do; under torchrun each process does its share
    print(f"describing {dataset} into {out}", file=sys.stderr)
    images = image_list(dataset, arguments.root)
    skipped = extract(
        net,
        images.paths,
        out,
        images.names,
        meta=made,
        shard=torchrun_share(),
        progress=True,
        options=options,
    )
    if skipped:
        where = out / "skipped.txt"
        raise ValueError(f"{len(skipped)} images of {dataset} cannot be read, see {where}")
    return out


def _shard(text: str) -> tuple[int, int]:
    """Parse 'i/n'."""
    i, n = text.split("/")
    return int(i), int(n)
