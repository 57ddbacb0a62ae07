"""An ablation's results, read back: scores by arm and seed, and intervals that say how far to trust
a difference.

`tools/ablation.py` makes the results, `book/results/ablation.json` holds them, with every query's
average precision.
"""

import json
from pathlib import Path

import numpy as np

from ..intervals import by_landmark, over_both, over_seeds

PROTOCOLS = ("easy", "medium", "hard")


def load_ablation(path: str | Path) -> dict:
    """The results file: 'start', 'choosing' (runs that chose lambda) and 'runs'.

    Raises:
        FileNotFoundError, ValueError: no such file, or not one of this kind.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such results; tools/ablation.py makes them")
    results = json.loads(path.read_text())
    missing = {"start", "choosing", "runs"} - results.keys()
    if missing:
        raise ValueError(
            f"{path}: expected the results of an ablation; it has no {', '.join(sorted(missing))}"
        )
    return results


def precisions(results: dict, arm: str, protocol: str, part: str = "ap") -> np.ndarray:
    """Average precision in percent, (seeds, queries), nan where a query has no positive.

    arm: 'start' is the network before any training, one row.
    part: 'ap' on the landmarks that report, 'test' on the test set.
    """
    if arm == "start":
        return np.array([results["start"][part][protocol]], float)
    runs = sorted(
        (run for run in results["runs"] if run["arm"] == arm), key=lambda run: run["seed"]
    )
    return np.array([run[part][protocol] for run in runs], float)


def gain(
    results: dict, arm: str, against: str, protocol: str, part: str = "ap"
) -> tuple[float, float, float]:
    """Mean difference of two arms in points of mAP, landmarks alike, with its interval over seeds
    and landmarks.
    """
    a, b = (by_landmark(precisions(results, name, protocol, part)) for name in (arm, against))
    return over_both(a - b)


def scores(results: dict, part: str = "ap") -> dict[str, dict[str, tuple[float, float, float]]]:
    """Protocol -> arm -> mean mAP in percent and its 95 % interval over seeds."""
    arms = list(dict.fromkeys(run["arm"] for run in results["runs"]))
    return {
        protocol: {
            arm: over_seeds(np.nanmean(precisions(results, arm, protocol, part), 1)) for arm in arms
        }
        for protocol in PROTOCOLS
    }


def table(results: dict, part: str = "ap") -> str:
    """A Markdown table: mAP by arm and protocol with 95 % intervals, and what Hard gains."""
    lines = [
        "| arm | seeds | Easy | Medium | Hard | Hard against neither | Hard against start |",
        "|---" * 7 + "|",
    ]
    start = (
        f"{np.nanmean(precisions(results, 'start', protocol, part)):.2f}" for protocol in PROTOCOLS
    )
    lines.append(f"| start | | {' | '.join(start)} | | |")
    found = scores(results, part)
    for arm in found["hard"]:
        cells = [str(len(precisions(results, arm, "hard", part)))]
        cells += [
            f"{mean:.2f} ± {mean - low:.2f}"
            for mean, low, _ in (found[protocol][arm] for protocol in PROTOCOLS)
        ]
        for against in ("neither", "start"):
            words = "" if arm == against else "{:+.2f} [{:+.2f}, {:+.2f}]"
            cells.append(words.format(*gain(results, arm, against, "hard", part)))
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)
