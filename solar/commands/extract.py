"""`solar extract`: the descriptors of any number of pictures, on disk."""

import os
import sys
from pathlib import Path

from .. import weights
from ..datasets import load_benchmark
from ..files import home, sha256
from ..images import SUFFIXES
from ..nets.checkpoints import load, path_of
from ..search.describe import PAPER_SCALES
from ..search.extract import extract
from . import EXAMPLES, FLAWED

SINGLE = (1.0,)
SOME_SKIPPED = FLAWED


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "extract",
        help="describe many pictures into a store; resumable, sharded",
        formatter_class=EXAMPLES,
        description="Describe pictures into a store. Run it again after any interruption: it goes on where it was.",
        epilog="examples:\n  solar extract mini-distractors --net mini-solar --out store\n"
        "  solar extract revisitop1m --net resnet101-solar-best --out r1m --half --workers 8\n"
        "  solar extract photos/ --net mini-gem --out store --shard 0/2   (and 1/2 at the same time)\n"
        "  torchrun --nproc-per-node 4 -m solar extract revisitop1m --net resnet101-solar-best --out r1m\n"
        f"exit status: 0 done; {SOME_SKIPPED} done, but the images in skipped.txt could not be read; 2 an error",
    )
    parser.add_argument(
        "dataset", help="a benchmark by name, a folder of images, or a text file with a path a line"
    )
    parser.add_argument("--out", required=True, help="folder of the store")
    parser.add_argument(
        "--queries",
        action="store_true",
        help="describe a benchmark's queries, cropped to their boxes",
    )
    parser.add_argument(
        "--half",
        action="store_true",
        help="store float16: half the room, the same scores to 0.0001",
    )
    parser.add_argument(
        "--shard", type=_shard, help="i/n: this process's share (default: torchrun's, else all)"
    )
    add_network(parser)
    parser.add_argument("--batch", type=int, default=16, help="pictures at once (%(default)s)")
    parser.set_defaults(run=run)


def add_network(parser) -> None:
    """What `extract` and `evaluate` ask alike: which network, how pictures are read."""
    parser.add_argument(
        "--net", required=True, help=f"a name ({', '.join(weights.names())} ...) or a .pth file"
    )
    parser.add_argument(
        "--root", help="folder that holds the dataset's folder (default: data in SOLAR_HOME)"
    )
    parser.add_argument(
        "--image-size", type=int, help="longer side at most, pixels (256 for mini data, else 1024)"
    )
    parser.add_argument(
        "--single-scale", action="store_true", help="one scale instead of the paper's three"
    )
    parser.add_argument(
        "--workers", type=int, default=0, help="processes that decode (%(default)s)"
    )
    parser.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")


def settings(arguments, dataset: str) -> dict:
    """`image_size`, `scales`, `workers` and `device` as asked for, for `describe` and `extract`."""
    size = arguments.image_size
    if size is None:
        size = 256 if dataset.startswith("mini-") else 1024
    scales, device = SINGLE if arguments.single_scale else PAPER_SCALES, arguments.device
    if device is None and "LOCAL_RANK" in os.environ and _cuda():
        device = f"cuda:{os.environ['LOCAL_RANK']}"
    return dict(image_size=size, scales=scales, workers=arguments.workers, device=device)


def _cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def made_by(name: str) -> dict:
    """What a store tells of its network."""
    return dict(
        network=Path(name).stem if Path(name).suffix else name, sha256=sha256(path_of(name))
    )


def torchrun_share() -> tuple[int, int]:
    """(rank, processes) under torchrun, else (0, 1)."""
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


def image_list(dataset: str, root, queries: bool = False) -> dict:
    """`images`, `names` and `boxes` of a benchmark by name, of a folder, or of a list."""
    path = Path(dataset)
    if path.is_dir() or path.suffix == ".txt":
        if queries:
            raise ValueError(f"{dataset}: only a benchmark has queries with boxes")
        if path.is_dir():
            names = sorted(
                str(p.relative_to(path)) for p in path.rglob("*") if p.suffix.lower() in SUFFIXES
            )
        else:
            names = [line for line in path.read_text().splitlines() if line.strip()]
        if not names:
            raise ValueError(
                f"{dataset}: no images there; expected files such as {', '.join(SUFFIXES)}"
            )
        folder = path if path.is_dir() else path.parent
        return dict(images=[folder / name for name in names], names=names, boxes=None)
    bench = load_benchmark(dataset, root)
    images = bench.queries if queries else bench.images
    if not images:
        raise ValueError(f"{dataset} is a list of distractors, without queries")
    return dict(
        images=images,
        names=[image.name for image in images],
        boxes=bench.boxes if queries else None,
    )


def store_of(dataset: str, arguments, options: dict) -> Path:
    """The store of a dataset given by name, described on first use and kept in SOLAR_HOME.

    Raises:
        ValueError: some of its images cannot be read.
    """
    made = made_by(arguments.net)
    scales = "three-scales" if len(options["scales"]) > 1 else "one-scale"
    out = (
        home()
        / "stores"
        / f"{dataset}-{made['network']}-{made['sha256'][:8]}-{options['image_size']}-{scales}"
    )
    print(f"describing {dataset} into {out}", file=sys.stderr)
    options = options | image_list(dataset, arguments.root)
    skipped = extract(
        load(arguments.net), out=out, meta=made, shard=torchrun_share(), progress=True, **options
    )
    if skipped:
        raise ValueError(
            f"{len(skipped)} images of {dataset} cannot be read, see {out / 'skipped.txt'}"
        )
    return out


def run(arguments) -> int:
    """Describe, and tell what could not be read."""
    net, options = load(arguments.net), settings(arguments, arguments.dataset)
    images = image_list(arguments.dataset, arguments.root, arguments.queries)
    skipped = extract(
        net,
        out=arguments.out,
        half=arguments.half,
        meta=made_by(arguments.net),
        batch_size=arguments.batch,
        shard=arguments.shard or torchrun_share(),
        progress=True,
        **images,
        **options,
    )
    print(arguments.out)
    if skipped:
        print(
            f"{len(skipped)} images could not be read, see {Path(arguments.out) / 'skipped.txt'}",
            file=sys.stderr,
        )
    return SOME_SKIPPED if skipped else 0


def _shard(words: str) -> tuple[int, int]:
    i, n = words.split("/")
    return int(i), int(n)
