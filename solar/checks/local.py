"""Checks of the exercises on local descriptors.

Book: chapter 11 (a local descriptor).
"""

import itertools
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from ..local.metrics import fpr95 as right_fpr95
from ..training.losses import distances
from .basics import judge, same


def _pairs() -> tuple[torch.Tensor, torch.Tensor]:
    """Return six random anchors and their positives, (6, 4) each, of unit length."""
    generator = torch.Generator().manual_seed(2)
    anchors = F.normalize(torch.randn(6, 4, generator=generator))
    positives = F.normalize(anchors + 0.4 * torch.randn(6, 4, generator=generator))
    return anchors, positives


def _near(a, b) -> bool:
    """Tell whether two answers have one shape and are equal to three digits."""
    if tuple(np.shape(a)) != tuple(np.shape(b)):
        return False
    return bool(np.allclose(np.asarray(a), np.asarray(b), atol=1e-3))


def _hard_pairs() -> tuple[torch.Tensor, torch.Tensor]:
    """Return eight anchors and their positives, (8, 4) each, of unit length.

    Each of the four kinds of negatives is the nearest of some pair, and the last pair lies far from
    all others, so that no part of the answer can be left out unnoticed.
    """
    generator = torch.Generator().manual_seed(5)
    anchors = torch.randn(8, 4, generator=generator)
    anchors[:, 0] = anchors[:, 0].abs()
    positives = anchors + 0.4 * torch.randn(8, 4, generator=generator)
    positives[:, 0] = positives[:, 0].abs()

    # all others have a first coordinate above zero
    anchors[7] = torch.tensor([-1, 0.1, 0, 0])
    positives[7] = torch.tensor([-1, 0, 0.1, 0])
    return F.normalize(anchors), F.normalize(positives)


def _hardest_of_kinds(
    a: torch.Tensor, p: torch.Tensor, diagonal: float = 10.0
) -> dict[str, torch.Tensor]:
    """Return for each kind of negatives the distance (B,) of each pair to the nearest one."""
    # the diagonal, a descriptor and its own pair, is moved away
    itself = diagonal * torch.eye(len(a))
    across = distances(a, p) + itself  # (B, B)
    return {
        "d(a_i, a_j)": (distances(a, a) + itself).amin(1),
        "d(a_i, p_j)": across.amin(1),
        "d(p_i, a_j)": across.amin(0),
        "d(p_i, p_j)": (distances(p, p) + itself).amin(1),
    }


def _missing_kinds(answer, kinds: dict[str, torch.Tensor]) -> list[str]:
    """Return the kinds of negatives that an answer leaves out; none if it is another mistake."""
    for count in range(len(kinds) - 1, 0, -1):
        for names in itertools.combinations(kinds, count):
            if _near(answer, torch.stack([kinds[name] for name in names]).amin(0)):
                return [name for name in kinds if name not in names]
    return []


def why_wrong_hardest(function: Callable) -> str | None:
    """Return the first reason why `function` does not find the hardest negatives, or None."""
    a, p = _hard_pairs()
    answer = function(a, p)

    # the nearest of each kind, and the nearest of all
    kinds = _hardest_of_kinds(a, p)
    right = torch.stack([*kinds.values()]).amin(0)  # (8,)
    near_diagonal = torch.stack([*_hardest_of_kinds(a, p, diagonal=1.0).values()]).amin(0)
    every = torch.stack([distances(a, p), distances(p, a), distances(a, a), distances(p, p)])
    easiest = every.masked_fill(torch.eye(8) > 0, -1).amax((0, 2))

    shape = tuple(np.shape(answer))
    if shape != (8,):
        return f"The shape is {shape}; one distance per pair: (8,)."
    if _near(answer, (a - p).norm(dim=1)):
        return "These are the distances inside the pairs."
    if (torch.as_tensor(answer) < 0.01).any():
        return "Each is its own nearest: keep the diagonal out."
    if _near(answer, near_diagonal):
        return "Keep the diagonal out for certain: two descriptors can be 2 apart, so add more."
    if _near(answer, easiest):
        return "These are the easiest negatives: take the smallest distance."
    if _near(answer, kinds["d(a_i, p_j)"]):
        return (
            "Only d(a_i, p_j) so far: a negative may be an anchor too, and p_i looks for its own."
        )
    missing = _missing_kinds(answer, kinds)
    if missing:
        return f"Not every kind of negative is there; missing: {', '.join(missing)}."
    if _near(torch.as_tensor(answer) ** 0.5, right):
        return "These are squared distances: take the root."
    if not _near(answer, right):
        return "The least of d(a_i, a_j), d(a_i, p_j), d(p_i, a_j), d(p_i, p_j), j != i."
    return None


def hardest(function: Callable) -> None:
    """Check the exercise on the hardest negatives in a batch and print a verdict.

    Args:
        function: `function(a, p)` gives the distance (B,) from each pair to its hardest negative in
            the batch, for anchors a and positives p (B, D).

    Example:
        >>> hardest(lambda a, p: (a - p).norm(dim=1))
        hardest: not yet. These are the distances inside the pairs.
    """
    judge("hardest", why_wrong_hardest, function)


def why_wrong_similarity(function: Callable) -> str | None:
    """Return the first reason why `function` is not second-order similarity, or None."""
    a, p = _pairs()
    difference = torch.cdist(a, a) - torch.cdist(p, p)  # (6, 6)
    squares = difference.square()
    answer = float(function(a, p))
    right = squares.sum(1).sqrt().mean().item()

    # the form of the global loss: differences of squared distances
    global_difference = torch.cdist(a, a) ** 2 - torch.cdist(p, p) ** 2
    global_form = global_difference.square().sum(1).sqrt().mean().item()

    if not np.isfinite(answer):
        return "Not a number: has the root met something negative?"
    if _near(answer, global_form):
        return "Squared distances are SOLAR's global form; the local one takes plain ones."
    if _near(answer, squares.sum().sqrt().item()):
        return "One root per anchor, then their mean."
    if _near(answer, squares.sum().sqrt().item() / 6):
        return "One root for the whole batch: it is one per anchor."
    if _near(answer, squares.sum(1).sqrt().sum().item()):
        return "Take the mean over anchors, not the sum."
    if _near(answer, squares.sum(1).mean().item()):
        return "The root is missing."
    if _near(answer, difference.abs().sum(1).mean().item()):
        return "Squares inside, a root outside."
    if not _near(answer, right):
        return "Mean over i of the root of the sum over j of squared differences."
    return None


def similarity(function: Callable) -> None:
    """Check the exercise on second-order similarity and print a verdict.

    Args:
        function: `function(a, p)` gives the second-order similarity loss, a scalar with one root
            per anchor over all other pairs, for anchors a and positives p (B, D).

    Example:
        >>> similarity(lambda a, p: (torch.cdist(a, a) - torch.cdist(p, p)).abs().sum(1).mean())
        similarity: not yet. Squares inside, a root outside.
    """
    judge("similarity", why_wrong_similarity, function)


def why_wrong_fpr95(function: Callable) -> str | None:
    """Return the first reason why `function` is not the false positive rate at 95 %, or None."""
    # 400 pairs: distances around 1 for right pairs and around 1.6 for wrong ones
    rng = np.random.default_rng(0)
    labels = rng.random(400) < 0.5
    apart = np.where(labels, rng.normal(1, 0.3, 400), rng.normal(1.6, 0.4, 400))
    answer = float(function(apart, labels))
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
    return _mistake_in_draws(answer)


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
