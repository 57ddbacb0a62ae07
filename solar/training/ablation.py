"""Results of an ablation: scores by arm and seed, with intervals that say how far to trust them.

`tools/ablation.py` writes the results, and `solar/results/ablation.json` holds them, with the
average precision of every query.

Book: chapter 7 (training on GL18) and the experiment log.
"""

import json
from pathlib import Path

import numpy as np

from ..intervals import Interval, by_landmark, over_both, over_seeds

PROTOCOLS = ("easy", "medium", "hard")
HEADS = (
    "| arm | seeds | Easy | Medium | Hard | Hard against neither | Hard against start |",
    "|---|---|---|---|---|---|---|",
)


def load_ablation(path: str | Path) -> dict:
    """Read a results file.

    Args:
        path: a JSON file of `tools/ablation.py`.

    Returns:
        'start': the network before any training;  'choosing': the runs that chose lambda;  'runs':
        the runs that are reported.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such results; tools/ablation.py makes them")
    # any JSON might have been given: look for the three parts
    results = json.loads(path.read_text())
    missing = {"start", "choosing", "runs"} - results.keys()
    if missing:
        raise ValueError(
            f"{path}: expected the results of an ablation; it has no {', '.join(sorted(missing))}"
        )
    return results


def arms_of(results: dict) -> list[str]:
    """Return the names of the arms in the order of their runs."""
    return list(dict.fromkeys(run["arm"] for run in results["runs"]))


def precisions(results: dict, arm: str, protocol: str, part: str = "ap") -> np.ndarray:
    """Return the average precisions of an arm in percent.

    Args:
        results: what `load_ablation` returned.
        arm: name of an arm, or 'start' for the network before any training, one row.
        protocol: 'easy', 'medium' or 'hard'.
        part: 'ap' on the landmarks that are reported, 'test' on the test set.

    Returns:
        (seeds, queries), nan where a query has no positive.
    """
    if arm == "start":
        return np.array([results["start"][part][protocol]], float)
    runs = [run for run in results["runs"] if run["arm"] == arm]
    runs.sort(key=lambda run: run["seed"])
    # a query without a positive is null in the file, None here and nan as a number
    return np.array([run[part][protocol] for run in runs], float)


def gain(results: dict, arm: str, against: str, protocol: str, part: str = "ap") -> Interval:
    """Return by how many points of mAP one arm is better than another.

    Args:
        results: what `load_ablation` returned.
        arm: name of the first arm.
        against: name of the second arm, or 'start'.
        protocol: 'easy', 'medium' or 'hard'.
        part: 'ap' on the landmarks that are reported, 'test' on the test set.

    Returns:
        The mean over seeds and landmarks, all landmarks counting alike, and its 95 % interval over
        both.
    """
    # differences of runs with the same seed, on the same landmarks
    ours = by_landmark(precisions(results, arm, protocol, part))  # (seeds, landmarks)
    theirs = by_landmark(precisions(results, against, protocol, part))
    return over_both(ours - theirs)


def scores(results: dict, part: str = "ap") -> dict[str, dict[str, Interval]]:
    """Return mAP in percent and its 95 % interval over seeds: protocol -> arm -> interval.

    Args:
        results: what `load_ablation` returned.
        part: 'ap' on the landmarks that are reported, 'test' on the test set.
    """
    intervals: dict[str, dict[str, Interval]] = {}
    for protocol in PROTOCOLS:
        intervals[protocol] = {}
        for arm in arms_of(results):
            means = np.nanmean(precisions(results, arm, protocol, part), 1)  # (seeds,)
            intervals[protocol][arm] = over_seeds(means)
    return intervals


def table(results: dict, part: str = "ap") -> str:
    """Return a Markdown table: mAP by arm and protocol, and what Hard gains.

    Args:
        results: what `load_ablation` returned.
        part: 'ap' on the landmarks that are reported, 'test' on the test set.
    """
    # the network before any training: one value per protocol, no interval
    starts = [np.nanmean(precisions(results, "start", protocol, part)) for protocol in PROTOCOLS]
    cells = [f"{mean:.2f}" for mean in starts]
    lines = [*HEADS, f"| start | | {' | '.join(cells)} | | |"]

    # one line per arm: number of seeds, mAP with its interval, gains with theirs
    intervals = scores(results, part)
    for arm in arms_of(results):
        cells = [str(len(precisions(results, arm, "hard", part)))]
        for protocol in PROTOCOLS:
            interval = intervals[protocol][arm]
            cells.append(f"{interval.mean:.2f} ± {interval.mean - interval.low:.2f}")
        cells.append(_gain_words(results, arm, "neither", part))
        cells.append(_gain_words(results, arm, "start", part))
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _gain_words(results: dict, arm: str, against: str, part: str) -> str:
    """Return what Hard gains, as '+1.00 [+0.50, +1.50]'; nothing for an arm against itself."""
    if arm == against:
        return ""
    mean, low, high = gain(results, arm, against, "hard", part)
    return f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"
