"""Checks of the exercises on false positives at 95 % recall, and on drawing whole buildings.

Book: chapter 11 (a local descriptor).
"""

import itertools
from collections.abc import Callable

import numpy as np

from ..local.metrics import fpr95 as right_fpr95
from .basics import judge, same


def why_wrong_fpr95(function: Callable) -> str | None:
    """Return the first reason why `function` is not the false positive rate at 95 %, or None."""
    # 400 pairs: distances around 1 for right pairs and around 1.6 for wrong ones
    rng = np.random.default_rng(0)
    labels = rng.random(400) < 0.5
    apart = np.where(labels, rng.normal(1, 0.3, 400), rng.normal(1.6, 0.4, 400))
    answer = function(apart, labels)
    if np.shape(answer) != ():
        return f"The shape is {np.shape(answer)}; a share is one number."
    answer = float(answer)
    right = right_fpr95(apart, labels)

    # an interpolated threshold is right, too
    interpolated = _share_within(apart[~labels], apart[labels], 95)
    threshold = np.sort(apart[labels])[int(np.ceil(0.95 * labels.sum())) - 1]
    accepted = apart <= threshold
    wrong = accepted & ~labels

    # what each usual mistake gives
    mistakes = [
        (100 * right, "A share, not percent."),
        (1 - right, "This is the share of wrong pairs that are rejected."),
        (wrong.sum() / accepted.sum(), "Divide by all wrong pairs, not by all accepted."),
        (wrong.mean(), "Divide by the number of wrong pairs alone."),
        (
            _share_within(apart[~labels], apart, 95),
            "The threshold comes from the right pairs alone; this one comes from all pairs.",
        ),
        (
            _share_within(apart[~labels], apart[labels], 5),
            "This threshold accepts 5 % of the right pairs: 95 % are wanted.",
        ),
        (
            _share_within(apart[~labels], apart[~labels], 95),
            "The threshold comes from the right pairs; this one comes from the wrong ones.",
        ),
        (
            _share_within(apart[labels], apart[~labels], 95),
            "The roles are exchanged: the threshold comes from the right pairs.",
        ),
    ]
    for value, hint in mistakes:
        if same(answer, value):
            return hint
    if answer > 1:
        return "A share from 0 to 1: divide by the number of wrong pairs."
    if answer > 0.9:
        return "Small distance means accepted: is the comparison the right way round?"
    if not same(answer, right) and not same(answer, interpolated):
        return "The threshold accepts 95 % of the right pairs."
    return None


def _share_within(distances: np.ndarray, reference: np.ndarray, percent: float) -> float:
    """Return the share of distances up to a percentile of others."""
    return float((distances <= np.percentile(reference, percent)).mean())


def fpr95(function: Callable) -> None:
    """Check the exercise on false positives at 95 % recall and print a verdict.

    Args:
        function: `function(distances, same)` gives the share, 0 to 1, of wrong pairs that a
            threshold accepts which accepts 95 % of the right ones. `distances` (M,) are those of
            the pairs, `same` (M,) tells which pairs are right.

    Example:
        >>> fpr95(lambda distances, same: 0.99)
        fpr95: not yet. Small distance means accepted: is the comparison the right way round?
    """
    judge("fpr95", why_wrong_fpr95, function)


def _grouped_pairs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return distances, right pairs and groups of 240 pairs: an easy group, and a hard small one.

    Pooled, a draw of both has a threshold and a share of its own: no mean of the two groups.
    """
    rng = np.random.default_rng(7)
    easy = np.concatenate([rng.uniform(0.2, 0.8, 100), rng.uniform(0.9, 1.6, 100)])
    hard = np.concatenate([rng.uniform(0.5, 1.2, 20), rng.uniform(0.6, 1.6, 20)])
    same_points = np.concatenate([np.arange(200) < 100, np.arange(40) < 20])
    return np.concatenate([easy, hard]), same_points, np.repeat([3, 8], [200, 40])


def _all_in(answer: np.ndarray, values: list[float]) -> bool:
    """Tell whether every number of an answer is, to three digits, one of some values."""
    apart = np.abs(answer[:, None] - np.array(values))  # (draws, values)
    return bool((apart.min(1) < 1e-3).all())


def why_wrong_resampled(function: Callable) -> str | None:
    """Return the first reason why `function` does not draw groups for FPR95, or None."""
    apart, labels, groups = _grouped_pairs()
    answer = np.asarray(function(apart, labels, groups, 300, np.random.default_rng(0)), float)
    if answer.shape != (300,):
        return f"The shape is {answer.shape}; expected one FPR95 for each draw, (draws,)."
    again = np.asarray(function(apart, labels, groups, 300, np.random.default_rng(0)), float)
    if not same(answer, again):
        return "The same generator gives other draws: use `rng` for all of them."
    return _mistake_in_draws(answer) or _mistake_with_three(function)


def _mistake_in_draws(answer: np.ndarray) -> str | None:
    """Return what is wrong with draws (draws,) of the groups of `_grouped_pairs`, or None."""
    apart, labels, groups = _grouped_pairs()

    # two groups: a draw holds the first twice, both, or the second twice
    one = groups == 3
    first = right_fpr95(apart[one], labels[one])
    second = right_fpr95(apart[~one], labels[~one])
    both = right_fpr95(apart, labels)

    # the same with the threshold of all pairs
    threshold = np.sort(apart[labels])[int(np.ceil(0.95 * labels.sum())) - 1]
    kept = []
    for group in (one, ~one):
        kept.append(float((apart[group & ~labels] <= threshold).mean()))

    if np.ptp(answer) < 1e-9:
        return "All draws are the same: draw with replacement."
    if _all_in(answer, [100 * first, 100 * both, 100 * second]):
        return "A share, not percent."
    if _all_in(answer, [first, (first + second) / 2, second]):
        if not _all_in(answer, [first, second]):
            return "Pool the pairs of a draw, then one FPR95: no mean over groups."
        return "Draw as many groups as there are, not one."
    if _all_in(answer, [kept[0], both, kept[1]]):
        return "The threshold belongs to the draw: find it anew each time."
    if not _all_in(answer, [first, both, second]):
        return (
            "Draw whole groups: one that is drawn brings all its pairs, and twice if drawn twice."
        )
    if not 0.4 < (np.abs(answer - both) < 1e-3).mean() < 0.6:
        return "Each group is drawn with the same chance, whatever its size."
    return None


def _mistake_with_three(function: Callable) -> str | None:
    """Return what is wrong with the draws of three groups, one of which may come twice, or None."""
    apart, labels, groups = _grouped_pairs()
    groups = np.where(np.arange(len(groups)) % 3 == 0, 1, groups)  # a third of both groups
    draws = np.asarray(function(apart, labels, groups, 100, np.random.default_rng(0)), float)
    values = []
    for chosen in itertools.combinations_with_replacement((1, 3, 8), 3):
        rows = np.concatenate([np.flatnonzero(groups == group) for group in chosen])
        values.append(right_fpr95(apart[rows], labels[rows]))
    if not _all_in(draws, values):
        return "A group that is drawn twice brings its pairs twice: draw as many as there are."
    return None


def resampled(function: Callable) -> None:
    """Check the exercise on drawing buildings for FPR95 and print a verdict.

    Args:
        function: `function(distances, same, groups, draws, rng)` gives the FPR95, 0 to 1, of each
            draw, (draws,). A draw takes as many groups as there are, with replacement, with all
            their pairs. `groups` (M,) tells the group of each pair.

    Example:
        >>> resampled(lambda distances, same, groups, draws, rng: np.zeros(draws))
        resampled: not yet. All draws are the same: draw with replacement.
    """
    judge("resampled", why_wrong_resampled, function)
