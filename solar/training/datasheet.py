"""Data sheets: what a weights file was made from, with which settings, and how good it is.

Book: chapter 7 (training on GL18) and chapter 11 (a local descriptor).
"""

import json
from dataclasses import asdict
from pathlib import Path

import torch

from ..datasets import benchmarks_of, load_benchmark
from ..files import atomic, sha256
from ..search.protocol import score


def percent(net, benchmark: str, image_size: int) -> dict[str, float]:
    """Return mAP in percent at one scale, queries cropped to their boxes: protocol -> value.

    Args:
        net: a global network.
        benchmark: name of a benchmark.
        image_size: longer side of the images in pixels.
    """
    report = score(net, load_benchmark(benchmark), image_size=image_size, scales=(1,))
    return {protocol: round(100 * value, 2) for protocol, value in report.map.items()}


def benchmark_scores(net, config) -> dict[str, dict[str, float]]:
    """Score a global network on the benchmarks that belong to its training set, if there are any.

    The test images are looked at here for the first time, when nothing is left to choose. For other
    training data, `solar evaluate` scores the network on a benchmark of your choice.

    Args:
        net: a global network.
        config: a dataclass with `data`, the training set, and `image_size` in pixels.

    Returns:
        'validation' and 'test', each protocol -> mAP in percent; or an empty dictionary.
    """
    # role is 'validation' or 'test'
    scores = {}
    for role, benchmark in benchmarks_of(config.data).items():
        scores[role] = percent(net, benchmark, config.image_size)
    return scores


def write_sheet(net, weights: Path, config, scores: dict | None = None, **facts) -> dict:
    """Write the data sheet `<weights>.json` beside a weights file; return its content.

    Args:
        net: the network that the file holds.
        weights: the weights file.
        config: a dataclass, the settings of the training.
        scores: how good the network is; None for `benchmark_scores`.
        facts: what else there is to tell: number of images, epochs, seconds.
    """
    if scores is None:
        scores = benchmark_scores(net, config)

    # the file and its checksum, how it was made, how good it is
    sheet = dict(
        name=weights.stem,
        sha256=sha256(weights),
        bytes=weights.stat().st_size,
        config=asdict(config),
        threads=torch.get_num_threads(),
        **facts,
        parameters=sum(p.numel() for p in net.parameters()),
        **scores,
    )

    # beside the weights, under their name
    with atomic(weights.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(sheet, indent=2) + "\n")
    return sheet
