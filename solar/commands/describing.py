"""What `extract` and `evaluate` share: which network, which images, and how they are described.

Book: chapter 10 (one million distractors).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .. import weights
from ..files import in_one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..nets import GlobalNet
    from ..search import DescribeOptions, Whitening

SINGLE = (1.0,)  # scales of --single-scale
TRUTHS = (".pkl", ".json")  # how the name of a ground truth ends
MOST_NAME = 300  # letters of a path in a message
NAMES_FIRST = """\
A known name goes before a file or folder of the same name in the current folder; write ./NAME for
that."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of both commands: the network, and how images are read."""
    names = ", ".join(weights.names("global"))
    parser.add_argument(
        "--net",
        required=True,
        help=f"the network: the name of a shipped one ({names}) or of a published one, or a file "
        "of weights",
    )
    parser.add_argument(
        "--whitening",
        metavar="NAME",
        help="apply a learnt whitening that the network's file has beside the weights",
    )
    parser.add_argument(
        "--root",
        help="the folder that holds the folders of datasets (default: data in SOLAR_HOME)",
    )
    parser.add_argument(
        "--images",
        metavar="FOLDER",
        help="the images of a benchmark of your own (default: jpg beside its ground truth)",
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


# ---- by which network, and how -------------------------------------------------------------------


def network(arguments: argparse.Namespace) -> GlobalNet:
    """Load the network, onto the device that was asked for.

    Raises:
        ValueError: a local network, which describes patches.
    """
    from ..distributed import pick_device
    from ..nets import load_global

    return load_global(arguments.net).to(pick_device(arguments.device))


def settings(
    arguments: argparse.Namespace, dataset: str, net: GlobalNet | None = None
) -> DescribeOptions:
    """Return how the images of a dataset are read and described, as asked for.

    Args:
        arguments: the parsed options.
        dataset: its name or path.
        net: the network, whose file may have learnt whitenings.
    """
    from ..datasets import image_size_of
    from ..search import PAPER_SCALES, DescribeOptions

    # published benchmarks are described at the size of the paper, the small images of the book at
    # their own
    size = arguments.image_size
    if size is None:
        size = image_size_of(dataset)
    scales = SINGLE if arguments.single_scale else PAPER_SCALES
    whitening = None if net is None else whitening_of(net, arguments.whitening, scales)
    return DescribeOptions(
        image_size=size, scales=scales, workers=arguments.workers, whitening=whitening
    )


def whitening_of(net: GlobalNet, name: str | None, scales: Sequence[float]) -> Whitening | None:
    """Return the learnt whitening of a network by its name; None if none is asked for.

    Raises:
        ValueError: the network's file has none of this name, or none for so many scales.
    """
    from ..distributed import torchrun_share
    from ..search import Whitening

    # those that there are, for messages
    names = ", ".join(in_one_line(known) for known in net.whitenings)
    if name is None:
        if names and torchrun_share()[0] == 0:
            print(
                f"solar: the network's file has learnt whitenings, which are not applied: {names}; "
                "--whitening NAME applies one",
                file=sys.stderr,
            )
        return None
    if name not in net.whitenings:
        there = f"it has {names}" if names else "it has none"
        raise ValueError(
            f"--whitening {in_one_line(name)}: the network's file has no such whitening; {there}"
        )

    # learnt from descriptors of one scale, or from means over several
    by_scales = net.whitenings[name]
    kind = "ms" if len(scales) > 1 else "ss"
    if kind not in by_scales:
        other = "without" if kind == "ss" else "with"
        raise ValueError(
            f"--whitening {in_one_line(name)}: learnt for other scales; run it {other} "
            "--single-scale"
        )
    mean, projection = by_scales[kind]
    if len(mean) != net.dim:
        raise ValueError(
            f"--whitening {in_one_line(name)}: for descriptors of {len(mean)} numbers; the network "
            f"gives {net.dim}"
        )
    return Whitening(mean, projection)


def made_by(arguments: argparse.Namespace) -> dict[str, str]:
    """Return what a store tells of its network: its name and the checksum of its file."""
    from ..files import sha256
    from ..nets.checkpoints import path_of

    # of a file, its name without the folder; what tells networks apart is the checksum
    path = path_of(arguments.net)
    name = Path(arguments.net).stem if Path(arguments.net) == path else arguments.net
    made = dict(network=name, sha256=sha256(path))
    if arguments.whitening is not None:
        made["whitening_name"] = arguments.whitening
    return made


# ---- which images --------------------------------------------------------------------------------


@dataclass(frozen=True)
class ImageList:
    """Images to describe."""

    paths: list[Path]
    names: list[str]  # what the rows of the store are called
    boxes: list[tuple] | None = None  # (x0, y0, x1, y1) of each in pixels, or None for all of it
    upright: bool = False  # whether to turn the images as their metadata say
    left_out: Counter[str] = field(default_factory=Counter)  # what else the folder holds


def image_list(
    dataset: str, root: str | None, queries: bool = False, images: str | None = None
) -> ImageList:
    """List the images of a benchmark, of a folder, or of a text file.

    Args:
        dataset: the name of a benchmark or its ground truth's path; a folder; or a text file with
            one path per line, relative to its own folder.
        root: the folder that holds the folders of benchmarks.
        queries: list a benchmark's queries with their boxes, not its images.
        images: the folder of the images of an own benchmark.

    Raises:
        ValueError: no images there, or no queries.
        FileNotFoundError: a path that leads nowhere.
    """
    from ..datasets import is_name, load_benchmark

    # 1. names go before paths
    path = Path(dataset)
    is_benchmark = is_name(dataset, "benchmark") or path.suffix in TRUTHS
    if not is_benchmark and path.exists():
        if queries:
            raise ValueError(f"{_shown(path)}: only a benchmark has queries with boxes")
        return _own_images(path)
    if not is_benchmark and is_path(dataset):
        raise FileNotFoundError(
            f"{_shown(dataset)}: no such folder or file; expected a folder of images, a text file "
            "with one path per line, or the name of a benchmark"
        )

    # 2. a benchmark: the names of its files are the names of the rows
    bench = load_benchmark(dataset, root, images)
    if not queries:
        return ImageList(bench.images, [image.name for image in bench.images])
    if not bench.queries:
        raise ValueError(f"{_shown(dataset)}: a list of distractors, without queries")
    return ImageList(bench.queries, [image.name for image in bench.queries], bench.boxes)


def is_path(words: str) -> bool:
    """Return whether words look like a path: there is a folder or an ending in them.

    Example:
        >>> is_path("photos/"), is_path("list.txt"), is_path("photos")
        (True, True, False)
    """
    has_folder = any(separator in words for separator in (os.sep, os.altsep) if separator)
    return has_folder or bool(Path(words).suffix)


def _own_images(path: Path) -> ImageList:
    """List a reader's own images: those of a folder, with all folders in it, or of a text file."""
    from ..files import read_lines
    from ..images import SUFFIXES, UNREADABLE_SUFFIXES, find_images, words_of

    # 1. one image is no list
    if path.is_file() and path.suffix.lower() in (*SUFFIXES, *UNREADABLE_SUFFIXES):
        raise ValueError(
            f"{_shown(path)}: one image; expected a folder of images, or a text file with one path "
            "per line"
        )

    # 2. all images in a folder and below it, in the order of their names; or a list, in its own
    left_out: Counter[str] = Counter()
    if path.is_dir():
        folder = path
        found, left_out = find_images(path)
        names = [os.fspath(image.relative_to(path)) for image in found]
    else:
        folder = path.parent
        names = read_lines(path)
    if not names:
        what_else = f" (left out: {words_of(left_out)})" if left_out else ""
        raise ValueError(
            f"{_shown(path)}: no images there{what_else}; expected files such as "
            f"{', '.join(SUFFIXES[:8])}"
        )

    # 3. photographs of phones lie on their side until their metadata are followed
    paths = [folder / name for name in names]
    return ImageList(paths, names, upright=True, left_out=left_out)


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
    images = image_list(dataset, arguments.root)
    made = made_by(arguments)
    scales = "three-scales" if len(options.scales) > 1 else "one-scale"
    name = f"{dataset}-{made['network']}-{made['sha256'][:8]}-{options.image_size}-{scales}"
    if options.whitening is not None:
        # not the name of the whitening, which could be no name of a file
        name += f"-whitened-{hashlib.sha256(arguments.whitening.encode()).hexdigest()[:8]}"
    out = home() / "stores" / name

    # if it is complete, `extract` has nothing to do; under torchrun each process does its share
    print(f"describing {dataset} into {out}", file=sys.stderr)
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


def _shown(path: str | Path) -> str:
    """Return a path as a message shows it: printable, in one line."""
    return in_one_line(path, MOST_NAME)
