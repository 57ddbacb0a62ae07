"""`solar evaluate`: the score of a network on a benchmark, perhaps among distractors."""

from contextlib import contextmanager
from pathlib import Path

from torch import distributed

from ..datasets import load_benchmark
from ..nets.checkpoints import load
from ..plots.tensorboard import board
from ..published import catalogue
from ..search.describe import describe
from ..search.protocol import evaluate
from ..search.store import Store
from . import EXAMPLES
from .extract import add_network, made_by, settings, store_of, torchrun_share


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "evaluate",
        help="score a network on a benchmark",
        formatter_class=EXAMPLES,
        epilog="examples:\n  solar evaluate mini-revisitop --net mini-gem --distractors mini-distractors\n"
        "  solar evaluate roxford5k --net resnet101-solar-best --device cuda\n"
        "  solar evaluate roxford5k --net resnet101-solar-best "
        "--distractors revisitop1m-descriptors\n"
        "  torchrun --nproc-per-node 2 -m solar evaluate mini-revisitop --net mini-gem --distractors store",
    )
    parser.add_argument("dataset", help="mini-revisitop, mini-validation, roxford5k or rparis6k")
    parser.add_argument(
        "--distractors",
        nargs="+",
        metavar="D",
        default=[],
        help="stores, published .pt files or their name (revisitop1m-descriptors), or datasets by name "
        "(mini-distractors, revisitop1m), described on first use",
    )
    add_network(parser)
    parser.add_argument(
        "--json", action="store_true", help="print numbers for a script, with their provenance"
    )
    parser.add_argument(
        "--board", metavar="FOLDER", help="write ranked lists and descriptors for TensorBoard"
    )
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Describe the benchmark's pictures, evaluate, print."""
    net = load(arguments.net)
    bench = load_benchmark(arguments.dataset, arguments.root)
    if not bench.queries:
        raise ValueError(
            f"{arguments.dataset} is a list of distractors, without queries: nothing to evaluate"
        )
    options, made = settings(arguments, arguments.dataset), made_by(arguments.net)
    with _processes() as first:
        distractors = [_open(each, arguments, options, made) for each in arguments.distractors]
        rows = [None, None]
        if first:
            rows = [describe(net, bench.images, progress=True, **options)]
            rows.append(describe(net, bench.queries, boxes=bench.boxes, progress=True, **options))
        if distributed.is_initialized():
            distributed.broadcast_object_list(rows)
        report = evaluate(bench.ground_truth, *rows, distractors=distractors)
    if first:
        kept = {key: options[key] for key in ("image_size", "scales")}
        report.provenance.update(made, dataset=arguments.dataset, **kept)
        print(report.json() if arguments.json else report)
        if arguments.board:
            board(arguments.board, bench, *rows, report)
    return 0


@contextmanager
def _processes():
    """Whether this process is the first; under torchrun, all of them are joined meanwhile."""
    rank, processes = torchrun_share()
    if processes > 1:
        distributed.init_process_group("gloo")
    try:
        yield rank == 0
    finally:
        if processes > 1:
            distributed.destroy_process_group()


def _open(name: str, arguments, options: dict, made: dict) -> Store:
    """Distractors from a path or by a dataset's name; described by the same network, as far as they
    tell.
    """
    if name in catalogue.of_kind("descriptors"):
        name = str(catalogue.descriptors_at(name))
    store = Store.open(
        name if Path(name).exists() or Path(name).suffix else _described(name, arguments, options)
    )
    ours = dict(
        sha256=made["sha256"], image_size=options["image_size"], scales=list(options["scales"])
    )
    for key, mine in ours.items():
        theirs = store.meta.get(key, mine)
        if theirs != mine:
            raise ValueError(
                f"{name}: described with {key} {theirs}, this benchmark with {mine}; extract it anew"
            )
    return store


def _described(name: str, arguments, options: dict) -> Path:
    out = store_of(name, arguments, options)
    if distributed.is_initialized():
        distributed.barrier()
    return out
