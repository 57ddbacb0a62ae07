"""Data sheets: what a weights file was made from, by which command, in what time, and how good it
is.
"""

import json
from dataclasses import asdict
from pathlib import Path

from ..datasets import load_benchmark
from ..files import atomic, sha256
from ..search.protocol import score
from ..world import DATASETS


def percent(net, benchmark: str, image_size: int) -> dict[str, float]:
    """mAP in percent, one scale, queries cropped to their boxes: protocol -> value."""
    report = score(net, load_benchmark(benchmark), image_size=image_size, scales=(1,))
    return {protocol: round(100 * value, 2) for protocol, value in report.map.items()}


def write_sheet(net, weights: Path, config, **facts) -> dict:
    """Write `<weights>.json` beside a weights file of `net`, trained with the dataclass `config`;
    returns its content.

    What was trained on the mini world is scored on its benchmarks, whose test images are looked at
    here for the first time, when nothing is left to choose. What was trained on other data is left
    to `solar evaluate`.
    """
    benchmarks = (
        dict(validation="mini-validation", test="mini-revisitop") if config.data in DATASETS else {}
    )
    sheet = dict(
        name=weights.stem,
        sha256=sha256(weights),
        bytes=weights.stat().st_size,
        config=asdict(config),
        **facts,
        parameters=sum(p.numel() for p in net.parameters()),
        **{part: percent(net, name, config.image_size) for part, name in benchmarks.items()},
    )
    with atomic(weights.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(sheet, indent=2) + "\n")
    return sheet
