"""`solar evaluate`: the score of a network on a benchmark."""

import json

from ..checkpoints import load, shipped
from ..datasets import load_benchmark
from ..description import PAPER_SCALES
from ..evaluation import score
from . import EXAMPLES

SINGLE = (1.0,)


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "evaluate", help="score a network on a benchmark", formatter_class=EXAMPLES,
        epilog="examples:\n  solar evaluate mini-revisitop --net mini-gem\n"
        "  solar evaluate roxford5k --net resnet101-solar-best --device cuda",
    )  # fmt: skip
    parser.add_argument("dataset", help="mini-revisitop, mini-validation, roxford5k or rparis6k")
    parser.add_argument("--net", required=True, help=f"a name ({', '.join(shipped())} ...) or a .pth file")
    parser.add_argument("--root", help="folder that holds the dataset's folder (default: data in SOLAR_HOME)")
    parser.add_argument("--image-size", type=int, help="longer side at most, pixels (256 for mini data, else 1024)")
    parser.add_argument("--single-scale", action="store_true", help="one scale instead of the paper's three")
    parser.add_argument("--workers", type=int, default=0, help="processes that decode (%(default)s)")
    parser.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")
    parser.add_argument("--json", action="store_true", help="print numbers for a script")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Describe the benchmark's pictures, evaluate, print."""
    net = load(arguments.net)
    bench = load_benchmark(arguments.dataset, arguments.root)
    if not bench.queries:
        raise ValueError(f"{arguments.dataset} is a list of distractors, without queries: nothing to evaluate")
    size = arguments.image_size
    if size is None:
        size = 256 if arguments.dataset.startswith("mini-") else 1024
    options = dict(
        device=arguments.device,
        image_size=size,
        scales=SINGLE if arguments.single_scale else PAPER_SCALES,
        progress=True,
    )
    report = score(net, bench, workers=arguments.workers, **options)
    print(json.dumps(dict(map=report.map, mp=report.mp), indent=2) if arguments.json else report)
    return 0
