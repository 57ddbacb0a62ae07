"""`solar evaluate`: the scores of a network on benchmarks, perhaps among distractors.

Book: chapter 9 (the revisited protocol), chapter 10 (one million distractors) and chapter 13 (the
published models).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import EXAMPLES
from .comparing import for_scripts, in_words
from .describing import NAMES_FIRST, add_options, is_path, made_by, network, settings, store_of

if TYPE_CHECKING:
    import numpy as np

    from ..datasets import Benchmark
    from ..nets import GlobalNet
    from ..search import DescribeOptions, Report, Store

DESCRIPTION = f"""\
Describe the images and queries of benchmarks, search, and print the scores. Where the weights are
published ones, as their checksum tells, and scores were published for the benchmark, these and the
differences stand below.
{NAMES_FIRST}"""
EPILOG = """\
examples:
  solar evaluate mini-revisitop --net mini-gem --distractors mini-distractors
  solar evaluate roxford5k rparis6k --net resnet101-solar-best --device cuda
  solar evaluate roxford5k rparis6k --net resnet101-solar-best \\
    --distractors revisitop1m-descriptors
  solar evaluate own/gnd_own.pkl --images photos --net mini-solar
  torchrun --nproc-per-node 2 -m solar evaluate mini-revisitop --net mini-gem --distractors store"""


def add(commands: argparse._SubParsersAction) -> None:
    """Describe the command and its options."""
    parser = commands.add_parser(
        "evaluate",
        help="score a network on benchmarks",
        formatter_class=EXAMPLES,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "datasets",
        nargs="+",
        metavar="dataset",
        help="the name of a benchmark (mini-revisitop, mini-validation, roxford5k or rparis6k), "
        "or the ground truth of your own: a .pkl or .json in the same structure; several are "
        "scored one after the other",
    )
    parser.add_argument(
        "--distractors",
        nargs="+",
        metavar="D",
        default=[],
        help="more images to search among: stores, published .pt files or the name of one "
        "(revisitop1m-descriptors), or the names of datasets (mini-distractors, revisitop1m), "
        "which are described on first use",
    )
    add_options(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the scores and how they came about as JSON for a script; a list of them if "
        "several benchmarks are named",
    )
    parser.add_argument(
        "--board",
        metavar="FOLDER",
        help="write the ranked lists and the descriptors for TensorBoard into this folder",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate on each benchmark, and print."""
    from ..datasets import load_benchmark
    from ..distributed import is_first, process_group

    # 1. the network and all benchmarks, so that a misspelt name is told before hours of work
    if arguments.images is not None and len(arguments.datasets) > 1:
        raise ValueError("--images is the folder of one benchmark; evaluate them one by one")
    net = network(arguments)
    benchmarks = {}
    for name in arguments.datasets:
        bench = load_benchmark(name, arguments.root, arguments.images)
        if not bench.queries:
            raise ValueError(
                f"{name} is a list of distractors, without queries: nothing to evaluate"
            )
        benchmarks[name] = bench

    # 2. describe and count; the processes of torchrun exchange descriptors and counts, all of which
    # lie in the memory of the CPU, whatever the device of the network is
    reports = []
    with process_group("cpu"):
        for name, bench in benchmarks.items():
            report = _evaluate(name, bench, arguments, net)
            if not is_first():
                continue
            if not arguments.json:
                print(in_words(name, report, heading=len(benchmarks) > 1))
            reports.append(for_scripts(name, report))

    # 3. for a script, everything at once
    if arguments.json and reports:
        print(json.dumps(reports if len(reports) > 1 else reports[0], indent=2))
    return 0


def _evaluate(name: str, bench: Benchmark, arguments: argparse.Namespace, net: GlobalNet) -> Report:
    """Describe a benchmark, evaluate among the distractors, and draw for TensorBoard."""
    from ..distributed import is_first
    from ..search import evaluate

    # how images are described depends on the benchmark: mini ones are small
    options = settings(arguments, name, net)
    distractors = [_distractors(each, arguments, net, options) for each in arguments.distractors]
    database, queries = describe_on_first_process(net, bench, options)
    report = evaluate(bench.ground_truth, database, queries, distractors)
    report.provenance.update(
        made_by(arguments),
        dataset=name,
        image_size=options.image_size,
        scales=options.scales,
    )
    if arguments.board and is_first():
        from ..plots.tensorboard import board  # slow to import

        # several benchmarks do not share a folder
        several = len(arguments.datasets) > 1
        folder = Path(arguments.board) / Path(name).stem if several else arguments.board
        board(folder, bench, database, queries, report)
    return report


# ---- descriptors ---------------------------------------------------------------------------------


def describe_on_first_process(
    net: GlobalNet, bench: Benchmark, options: DescribeOptions
) -> tuple[np.ndarray, np.ndarray]:
    """Describe a benchmark on the first process, for all processes.

    Returns:
        (N, D) descriptors of the images and (Q, D) of the queries, on every process.

    Raises:
        Exception: what the first process met, raised by all, so that none is left waiting.
    """
    from ..distributed import from_first, is_first
    from ..search import describe

    # what the others pass to `from_first` is not looked at
    result = None
    if is_first():
        try:
            database = describe(net, bench.images, None, options, progress=True)
            queries = describe(net, bench.queries, bench.boxes, options, progress=True)
            result = (database, queries)
        except Exception as error:
            result = error
    result = from_first(result)
    if isinstance(result, Exception):
        raise result
    return result


def _distractors(
    name: str, arguments: argparse.Namespace, net: GlobalNet, options: DescribeOptions
) -> Store:
    """Open distractors: a store by its path, published descriptors or a dataset by name.

    Raises:
        ValueError: they were described by another network or in another way.
    """
    from ..datasets import is_name
    from ..distributed import barrier
    from ..published import catalogue
    from ..search import Store
    from ..search.store_files import OLDER_SETTINGS

    # 1. where are they? Names go before paths. Images are described now, each process its share
    if name in catalogue.of_kind("descriptors"):
        path = catalogue.descriptors_at(name)
    elif not is_name(name, "benchmark") and (Path(name).exists() or is_path(name)):
        path = Path(name)
    else:
        path = store_of(name, arguments, net, options)
        barrier()  # the store is complete when all shares are

    # 2. a published file does not tell how it was made; a store does
    store = Store.open(path)
    told = OLDER_SETTINGS | store.meta if store.meta else {}
    ours: dict[str, Any] = dict(
        sha256=made_by(arguments)["sha256"],
        image_size=options.image_size,
        scales=list(options.scales),
        whitening=options.whitening_digest,
    )
    # descriptors of two networks, or of two sizes, cannot be compared; whether the images were
    # turned upright does not matter: each dataset is read as is right for it
    for key, value in ours.items():
        theirs = told.get(key, value)
        if theirs != value:
            raise ValueError(
                f"{name}: described with {key} {theirs}, this benchmark with {value}; "
                "extract it anew"
            )
    return store
