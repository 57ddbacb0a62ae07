"""How far to trust a difference: 95 % intervals by the bootstrap and by Student's t.

What is drawn again depends on the question. Would other queries give the same? Draw queries
(`bootstrap`, `paired_bootstrap`). Other landmarks? Keep the queries of a landmark together
(`groups` of `bootstrap`). Other training runs? Use Student's t over seeds (`over_seeds`). Runs and
landmarks at once? Draw both (`over_both`). Every function has an explicit seed and returns the same
numbers at every call.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993).
Book: chapter 9 (the revisited protocol) and the experiment log.
"""

from typing import NamedTuple

import numpy as np

from .files import optional

LEVELS = (2.5, 97.5)  # percentiles that enclose 95 % of the draws
WIDTH = 3.92  # of an interval of 95 %, in standard errors
VISIBLE = 2.8  # a true difference of so many standard errors is told from zero with 80 % power


class Interval(NamedTuple):
    """A mean and its 95 % interval, in the units of the values."""

    mean: float
    low: float
    high: float

    @property
    def detectable(self) -> float:
        """The true difference that four of five such experiments would tell from zero.

        It belongs beside every null result. A bootstrap over a dozen values or more is meant; for
        an interval over a few seeds it is a rough guess.

        Example:
            >>> Interval(0.0, -1.4, 1.4).detectable
            2.0
        """
        return VISIBLE / WIDTH * (self.high - self.low)


def bootstrap(values, groups=None, draws: int = 2000, seed: int = 0) -> Interval:
    """Return the mean of `values` and its 95 % interval over resampled values or groups.

    Args:
        values: (N,) numbers, such as the difference of two methods for each query. nan is left out.
        groups: (N,) labels. Values of one label stay together, as the queries of one landmark
            should; None draws single values.
        draws: number of resamplings.
        seed: random seed.

    Raises:
        ValueError: nothing to draw from, or other numbers of labels than of values.

    Example:
        >>> bootstrap([1.0, 1.0, 1.0])
        Interval(mean=1.0, low=1.0, high=1.0)
    """
    values = np.asarray(values, float)
    if groups is not None and len(groups) != len(values):
        raise ValueError(f"{len(groups)} group labels for {len(values)} values; expected one each")

    # leave out what is unknown
    known = ~np.isnan(values)
    if not known.any():
        raise ValueError("no value to draw from: the list is empty, or all of it is nan")
    values = values[known]

    # the mean of each draw, of single values or of whole groups: (draws,)
    rng = np.random.default_rng(seed)
    if groups is None:
        chosen = rng.integers(0, len(values), (draws, len(values)))
        means = values[chosen].mean(1)  # (draws, N) -> (draws,)
    else:
        means = _group_means(values, np.asarray(groups)[known], draws, rng)

    low, high = np.percentile(means, LEVELS)
    return Interval(float(values.mean()), float(low), float(high))


def _group_means(values: np.ndarray, groups: np.ndarray, draws: int, rng) -> np.ndarray:
    """Means (draws,) over whole groups, drawn with replacement."""
    # sum and number of the values of each group
    _, group = np.unique(groups, return_inverse=True)
    sums = np.bincount(group, values)  # (groups,)
    sizes = np.bincount(group)
    # as many groups are drawn as there are; a large one counts for all its values
    chosen = rng.integers(0, len(sums), (draws, len(sums)))
    return sums[chosen].sum(1) / sizes[chosen].sum(1)


def paired_bootstrap(a, b, draws: int = 10_000, seed: int = 0) -> dict[str, float]:
    """Ask whether method A is better than B, by drawing queries anew for both at once.

    Args:
        a: (Q,) average precisions of method A; a query that is nan in either is left out.
        b: (Q,) average precisions of method B, of the same queries.
        draws: number of resamplings.
        seed: random seed.

    Returns:
        difference: mean of a - b;  low, high: its 95 % interval;  better: share of the draws in
        which A is above B.

    Raises:
        ValueError: other numbers of queries, or none left.

    Example:
        >>> paired_bootstrap([0.5, 0.7], [0.4, 0.6])["better"]
        1.0
    """
    a = np.asarray(a, float)
    b = np.asarray(b, float)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(
            f"expected one AP per query from both methods, got {a.shape} and {b.shape}"
        )

    # one difference per query: what is hard for both methods cancels
    difference = a - b
    difference = difference[~np.isnan(difference)]
    if not len(difference):
        raise ValueError("no query has a positive: there is nothing to compare")

    # the mean difference of each draw of queries
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, len(difference), (draws, len(difference)))
    means = difference[chosen].mean(1)  # (draws, Q) -> (draws,)
    low, high = np.percentile(means, LEVELS)
    return dict(
        difference=float(difference.mean()),
        low=float(low),
        high=float(high),
        better=float((means > 0).mean()),
    )


def over_seeds(values) -> Interval:
    """Return the mean and its 95 % interval by Student's t, for one number per training run.

    Args:
        values: (S,) numbers of S runs, two or more.

    Example:
        >>> over_seeds([1.0, 2.0, 3.0]).mean
        2.0
    """
    stats = optional("scipy.stats", "scipy", "an interval over seeds")

    # half the width: a quantile of Student's t, times the standard error of the mean
    mean = float(np.mean(values))
    quantile = stats.t.ppf(0.975, len(values) - 1)
    half = float(quantile * np.std(values, ddof=1) / np.sqrt(len(values)))
    return Interval(mean, mean - half, mean + half)


def by_landmark(values: np.ndarray, queries: int = 2) -> np.ndarray:
    """Average over the queries of each landmark: (..., landmarks * queries) -> (..., landmarks).

    Landmarks whose queries are all nan are left out.

    Args:
        values: (..., Q) numbers, the queries of a landmark beside each other.
        queries: queries per landmark.

    Example:
        >>> by_landmark(np.array([1.0, 3.0, 5.0, 5.0]))
        array([2., 5.])
    """
    values = values.reshape(*values.shape[:-1], -1, queries)
    # whether a query is nan depends on the query alone, not on the run
    all_but_landmarks = (*range(values.ndim - 2), -1)
    known = ~np.isnan(values).all(axis=all_but_landmarks)
    return np.nanmean(values[..., known, :], -1)


def over_both(
    differences: np.ndarray, draws: int = 4000, seed: int = 0, level: float = 95.0
) -> Interval:
    """Return the mean of paired differences and its interval over seeds and landmarks.

    Both are drawn with replacement, independently of each other (a crossed bootstrap).

    Args:
        differences: (seeds, landmarks) numbers.
        draws: number of resamplings.
        seed: random seed.
        level: percent of the draws that the interval encloses. Of m intervals that are looked at
            together, each needs 100 - 5 / m (Bonferroni).

    Example:
        >>> round(over_both(np.ones((3, 4))).low, 6)
        1.0
    """
    rng = np.random.default_rng(seed)
    seeds, landmarks = differences.shape

    # how often each seed and each landmark is drawn, as a share: (draws, seeds), (draws, landmarks)
    seed_weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), draws) / seeds
    landmark_weights = rng.multinomial(landmarks, np.full(landmarks, 1 / landmarks), draws)
    landmark_weights = landmark_weights / landmarks

    # the weighted mean of each draw: (draws,)
    means = np.einsum("ds,sl,dl->d", seed_weights, differences, landmark_weights)
    outside = (100 - level) / 2
    low, high = np.percentile(means, (outside, 100 - outside))
    return Interval(float(differences.mean()), float(low), float(high))
