"""What `solar evaluate` prints: scores, and beside them those that were published.

Book: chapter 13 (the published models).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..published import PublishedScores
    from ..search import Report


def published_for(name: str, report: Report) -> PublishedScores | None:
    """Return the published scores that a report may be compared with; None if there are none.

    The weights must be the published ones, the images described at the paper's size and scales
    without a further whitening, and the distractors none, or as many as were published.

    Args:
        name: the name of the benchmark.
        report: with the provenance that `solar evaluate` gives it.
    """
    from ..published import network_of, published_scores
    from ..search import PAPER_SCALES, DescribeOptions

    made = report.provenance
    described_as_published = (
        made["image_size"] == DescribeOptions().image_size
        and tuple(made["scales"]) == tuple(PAPER_SCALES)
        and "whitening_name" not in made
    )
    if not described_as_published:
        return None
    return published_scores(network_of(made["sha256"]), name, made["distractors"])


def in_words(name: str, report: Report, heading: bool = False) -> str:
    """Return the scores as text, and the published ones beside ours where there are any.

    Args:
        name: the name of the benchmark.
        report: its scores.
        heading: begin with the benchmark's name.
    """
    lines = [name] if heading else []
    lines.append(str(report))
    published = published_for(name, report)
    if published is None:
        return "\n".join(lines)

    # one line for each published number, then the largest difference
    count = published.distractors
    among = f"among {count:,} distractors" if count else "alone"
    lines.append(f"published: {published.network}, {name} {among} ({published.source})")
    found = _percent(report)
    differences = {}
    for number, value in published.numbers().items():
        differences[number] = found[number] - value
        beside = f"here {found[number]:6.2f} ({differences[number]:+.2f})"
        lines.append(f"  {number:14} {value:6.2f}  {beside}")
    worst = max(differences, key=lambda number: abs(differences[number]))
    lines.append(f"largest difference: {differences[worst]:+.2f} ({worst})")
    return "\n".join(lines)


def for_scripts(name: str, report: Report) -> dict:
    """Return what --json prints for one benchmark; `published` is null where nothing was.

    Args:
        name: the name of the benchmark.
        report: its scores.
    """
    content = json.loads(report.json())
    content["published"] = None
    published = published_for(name, report)
    if published is not None:
        found = _percent(report)
        numbers = published.numbers()
        differences = {key: round(found[key] - value, 4) for key, value in numbers.items()}
        content["published"] = dict(
            network=published.network,
            source=published.source,
            scores=numbers,
            differences=differences,
        )
    return content


def _percent(report: Report) -> dict[str, float]:
    """Return the scores of a report in percent, by the names of the published numbers."""
    found = {f"mAP {protocol}": 100 * value for protocol, value in report.map.items()}
    for protocol, by_depth in report.mp.items():
        found |= {f"mP@{k} {protocol}": 100 * value for k, value in by_depth.items()}
    return found
