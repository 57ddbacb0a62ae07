"""Differences between arms: intervals, several at once, slopes, and what can be seen at all.

`tools/ablation.py` writes the results of a table; `solar.results(table)` reads them. A run knows
its settings ('arm', 'rate', 'sos', 'seed') and the average precision of every query:
run['ap'][benchmark][protocol].

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993).
Book: chapter 4 (when attention helps) and chapter 8 (the ablation).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..intervals import Interval, by_landmark, over_both

# standard deviations between zero and a difference that is seen, at 5 %, in 80 % of all trials
SEEN = 1.960 + 0.842
# queries per landmark of the benchmarks that the tables share; they stand beside each other
QUERIES = {"mini-ablation": 1, "mini-validation": 2, "mini-revisitop": 2}


class Contrast(NamedTuple):
    """One difference between two arms, in points of mAP.

    Attributes:
        a: settings of the first arm.
        b: settings of the second.
        protocol: 'easy', 'medium' or 'hard'.
        interval: mean of a - b, and its interval.
        level: percent of the interval.
    """

    a: dict
    b: dict
    protocol: str
    interval: Interval
    level: float


def runs_of(results: dict, part: str = "runs", **settings) -> list[dict]:
    """Return the runs with the given settings, in the order of their seeds.

    Args:
        results: of a table.
        part: 'runs', 'choosing', 'start' or another list of the results.
        **settings: what the runs must have, such as arm='soa', sos=0.0.

    Raises:
        ValueError: there is none.

    Example:
        >>> results = dict(runs=[dict(arm="soa", seed=1), dict(arm="soa", seed=0)])
        >>> [run["seed"] for run in runs_of(results, arm="soa")]
        [0, 1]
    """
    found = []
    for run in results.get(part, []):
        if all(run.get(name) == value for name, value in settings.items()):
            found.append(run)
    if not found:
        words = ", ".join(f"{name}={value}" for name, value in settings.items())
        raise ValueError(f"no run with {words} in the part {part!r} of these results")
    return sorted(found, key=lambda run: run.get("seed", 0))


def precisions_of(runs: list[dict], benchmark: str, protocol: str) -> np.ndarray:
    """Return average precisions in percent, (runs, queries); nan where a query has no positive.

    Args:
        runs: as `runs_of` returns them.
        benchmark: name of the benchmark.
        protocol: 'easy', 'medium' or 'hard'.

    Raises:
        ValueError: a run was not measured on this benchmark.

    Example:
        >>> runs = [dict(ap={"x": {"hard": [50.0, None]}})]
        >>> precisions_of(runs, "x", "hard")
        array([[50., nan]])
    """
    for run in runs:
        if benchmark not in run.get("ap", {}):
            raise ValueError(f"{run.get('name', 'a run')}: not measured on {benchmark}")
    return np.array([run["ap"][benchmark][protocol] for run in runs], float)


def differences(
    results: dict, a: dict, b: dict, benchmark: str, protocol: str, queries: int = 2
) -> np.ndarray:
    """Return by how many points one arm is better than another: (seeds, landmarks).

    Runs with the same seed are compared, on the same landmarks; each landmark counts once.

    Args:
        results: of a table.
        a: settings of the first arm, as for `runs_of`.
        b: settings of the second arm.
        benchmark: name of the benchmark.
        protocol: 'easy', 'medium' or 'hard'.
        queries: per landmark, beside each other.

    Raises:
        ValueError: the arms have other seeds.

    Example:
        >>> ap = {"x": {"hard": [50.0, 70.0]}}
        >>> runs = [dict(arm="soa", seed=0, ap=ap), dict(arm="none", seed=0, ap=ap)]
        >>> differences(dict(runs=runs), dict(arm="soa"), dict(arm="none"), "x", "hard")
        array([[0.]])
    """
    # the same seeds in both arms
    ours = runs_of(results, **a)
    theirs = runs_of(results, **b)
    seeds = [run["seed"] for run in ours]
    if seeds != [run["seed"] for run in theirs]:
        raise ValueError(f"{a} has the seeds {seeds}, and {b} has others: nothing to pair")

    # the difference of each query, averaged over the queries of its landmark
    ap = precisions_of(ours, benchmark, protocol) - precisions_of(theirs, benchmark, protocol)
    return by_landmark(ap, queries)  # (seeds, queries) -> (seeds, landmarks)


def contrasts(
    results: dict,
    pairs: Sequence[tuple[dict, dict]],
    benchmark: str,
    protocols: Sequence[str] = ("easy", "medium", "hard"),
    queries: int = 2,
    corrected: bool = True,
) -> list[Contrast]:
    """Return several differences at once; their intervals are wide enough for all together.

    Args:
        results: of a table.
        pairs: settings of the arms a and b of each difference.
        benchmark: name of the benchmark.
        protocols: among 'easy', 'medium' and 'hard'.
        queries: per landmark, beside each other.
        corrected: whether m intervals get the level 100 - 5 / m (Bonferroni), so that all of them
            hold their truth in 95 of 100 experiments; otherwise each gets 95. False is for the one
            contrast that was named beforehand.

    Example:
        >>> ap = {"x": {"hard": [50.0, 70.0]}}
        >>> runs = [dict(arm="soa", seed=0, ap=ap), dict(arm="none", seed=0, ap=ap)]
        >>> pairs = [(dict(arm="soa"), dict(arm="none"))]
        >>> contrasts(dict(runs=runs), pairs, "x", ["hard"])[0].level
        95.0
    """
    level = 95.0
    if corrected:
        level = 100 - 5 / (len(pairs) * len(protocols))

    # one crossed bootstrap for each pair and protocol
    found = []
    for a, b in pairs:
        for protocol in protocols:
            points = differences(results, a, b, benchmark, protocol, queries)
            interval = over_both(points, level=level)
            found.append(Contrast(a, b, protocol, interval, level))
    return found


def verdict(interval: Interval) -> str:
    """Say in words what the interval of a difference a - b tells.

    Args:
        interval: of the difference, in any units; an end at zero counts as holding zero.

    Example:
        >>> verdict(Interval(1.0, 0.2, 1.8))
        'a is better'
        >>> verdict(Interval(0.3, -0.5, 1.1))
        'not told apart'
    """
    if interval.low > 0:
        return "a is better"
    if interval.high < 0:
        return "a is worse"
    return "not told apart"


def spreads(points: np.ndarray) -> tuple[float, float, float]:
    """Split the variance of differences into that of seeds, of landmarks, and of both together.

    The usual estimates of a two-way layout with one value in each cell; a negative one is zero.

    Args:
        points: (S, L) differences by seed and landmark, two or more of each.

    Returns:
        Standard deviations: over seeds, over landmarks, and what is left.

    Example:
        >>> over_seeds, over_landmarks, left = spreads(np.array([[0.0, 2.0], [0.0, 2.0]]))
        >>> over_seeds, round(over_landmarks, 3), left
        (0.0, 1.414, 0.0)
    """
    seeds, landmarks = points.shape
    # what row means and column means do not explain
    of_seed = points.mean(1, keepdims=True)  # (S, 1)
    of_landmark = points.mean(0, keepdims=True)  # (1, L)
    left = points - of_seed - of_landmark + points.mean()
    variance_left = (left**2).sum() / ((seeds - 1) * (landmarks - 1))
    # the variance of a mean of n values holds 1/n of what is left
    variance_seeds = of_seed.var(ddof=1) - variance_left / landmarks
    variance_landmarks = of_landmark.var(ddof=1) - variance_left / seeds
    variances = np.clip([variance_seeds, variance_landmarks, variance_left], 0, None)
    roots = np.sqrt(variances)
    return float(roots[0]), float(roots[1]), float(roots[2])


def detectable(points: np.ndarray, seeds: int | None = None, landmarks: int | None = None) -> float:
    """Return the difference that an experiment sees in four of five trials, at the 5 % level.

    Args:
        points: (S, L) differences of an experiment that was made: how much they vary.
        seeds: of the experiment that is planned; as many as were made if None.
        landmarks: likewise.

    Returns:
        Points of mAP; a true difference as large is told from zero with 80 % power.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> points = rng.normal(0, 6, (5, 80))
        >>> detectable(points, landmarks=320) < detectable(points)
        True
    """
    if seeds is None:
        seeds = len(points)
    if landmarks is None:
        landmarks = len(points[0])
    over_seeds, over_landmarks, left = spreads(points)
    # the variance of the mean over all seeds and landmarks
    variance = over_seeds**2 / seeds + over_landmarks**2 / landmarks
    variance += left**2 / (seeds * landmarks)
    return float(SEEN * np.sqrt(variance))


def landmarks_needed(points: np.ndarray, difference: float, seeds: int | None = None) -> float:
    """Return how many landmarks see a difference in four of five trials, at the 5 % level.

    Args:
        points: (S, L) differences of an experiment that was made.
        difference: to be seen, in points of mAP.
        seeds: of the experiment that is planned; as many as were made if None.

    Returns:
        The number; infinity if seeds vary so much that no number of landmarks is enough.

    Example:
        >>> points = np.random.default_rng(0).normal(0, 6, (5, 80))
        >>> round(detectable(points, landmarks=int(landmarks_needed(points, 1.0))), 1)
        1.0
    """
    if seeds is None:
        seeds = len(points)
    over_seeds, over_landmarks, left = spreads(points)
    # what the seeds leave of the variance that is allowed
    allowed = (difference / SEEN) ** 2 - over_seeds**2 / seeds
    if allowed <= 0:
        return float("inf")
    return float((over_landmarks**2 + left**2 / seeds) / allowed)


def slopes(points: np.ndarray, x: Sequence[float]) -> np.ndarray:
    """Return by how much a difference grows with a quantity, by least squares: (seeds, landmarks).

    `over_both` of it is the mean slope and its interval.

    Args:
        points: (K, S, L) differences at K values of the quantity.
        x: (K,) these values, such as log2(1 + number of others).

    Raises:
        ValueError: other numbers of values, or one value only.

    Example:
        >>> slopes(np.array([[[1.0]], [[3.0]], [[5.0]]]), [0, 1, 2])
        array([[2.]])
    """
    values = np.asarray(x, float)
    if len(values) != len(points) or len(np.unique(values)) < 2:
        raise ValueError(
            f"{len(points)} differences at {len(values)} values; expected two or more each"
        )
    centred = values - values.mean()
    return np.tensordot(centred, points, 1) / (centred @ centred)  # (K), (K, S, L) -> (S, L)
