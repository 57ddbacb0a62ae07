"""The revisited protocol (Radenovic et al., 2018): easy, medium and hard; average precision, mAP, mean precision at k.

An image labelled easy or hard counts as found, as junk (ignored), or not, depending on the protocol.
"""

from dataclasses import dataclass

import numpy as np

from .datasets import Benchmark
from .description import describe
from .retrieval import ranks_by_counting, similarity

PROTOCOLS = {  # which labels count as positive, which are ignored
    "easy": (("easy",), ("junk", "hard")),
    "medium": (("easy", "hard"), ("junk",)),
    "hard": (("hard",), ("junk", "easy")),
}


def average_precision(ranks) -> float:
    """AP from the zero-based, ascending ranks of all positives: the area under precision over recall, by trapezoids."""
    ranks = np.asarray(ranks, float)
    found = np.arange(len(ranks))
    before = np.where(ranks == 0, 1.0, found / np.maximum(ranks, 1))
    return float(((before + (found + 1) / (ranks + 1)) / 2).mean())


def precision_at(ranks, k: int) -> float:
    """Share of positives among the first k, where k is capped at the last positive's rank.

    The cap is the protocol's own oddity: a single positive at rank 1 gives precision 1 at any k.
    """
    ranks = np.asarray(ranks) + 1
    k = min(int(ranks.max()), k)
    return float((ranks <= k).sum() / k)


@dataclass(frozen=True)
class Report:
    """Scores of a benchmark, all in 0..1.

    Attributes:
        map: protocol -> mean average precision.
        mp: protocol -> k -> mean precision at k.
        ap: protocol -> (Q,) average precisions; nan where a query has no positive (it is left out of the means).
    """

    map: dict[str, float]
    mp: dict[str, dict[int, float]]
    ap: dict[str, np.ndarray]

    def __str__(self) -> str:
        ks = list(next(iter(self.mp.values())))
        lines = ["          mAP  " + " ".join(f"{f'mP@{k}':>6}" for k in ks)]
        for protocol, value in self.map.items():
            precisions = " ".join(f"{100 * self.mp[protocol][k]:6.2f}" for k in ks)
            lines.append(f"{protocol:7} {100 * value:6.2f} {precisions}")
        return "\n".join(lines)


def evaluate(ground_truth: list[dict], database, queries, distractors=None, ks=(1, 5, 10)) -> Report:
    """Score a ranking by the revisited protocol.

    Args:
        ground_truth: one dict a query with 'easy', 'hard', 'junk': indices of database rows.
        database: (N, D) descriptors;  queries: (Q, D).
        distractors: (M, D) more database images, none of which is ever a positive.

    Raises:
        ValueError: sizes that do not fit, or descriptors that are not finite (names the row).
    """
    database, queries = np.asarray(database), np.asarray(queries)
    distractors = np.empty((0, database.shape[-1]), database.dtype) if distractors is None else np.asarray(distractors)
    if len(ground_truth) != len(queries):
        raise ValueError(f"{len(ground_truth)} ground-truth entries for {len(queries)} query descriptors")
    labelled = [i for truth in ground_truth for label in ("easy", "hard", "junk") for i in truth[label]]
    if labelled and not 0 <= min(labelled) <= max(labelled) < len(database):
        raise ValueError(f"the ground truth names image {max(labelled)}; the database has {len(database)} descriptors")
    for name, rows in (("database", database), ("query", queries), ("distractor", distractors)):
        bad = np.flatnonzero(~np.isfinite(rows).all(-1))
        if len(bad):
            raise ValueError(f"{name} descriptor {bad[0]} is not finite")
    scores = np.concatenate([similarity(queries, database), similarity(queries, distractors)], 1)  # (Q, N + M)
    results = {protocol: _protocol(ground_truth, scores, *labels, ks) for protocol, labels in PROTOCOLS.items()}
    return Report(*({p: result[i] for p, result in results.items()} for i in range(3)))


def score(net, benchmark: Benchmark, **options) -> Report:
    """Describe a benchmark's images and its cropped queries, and evaluate; `options` are those of `describe`."""
    database = describe(net, benchmark.images, **options)
    queries = describe(net, benchmark.queries, boxes=benchmark.boxes, **options)
    return evaluate(benchmark.ground_truth, database=database, queries=queries)


def _protocol(ground_truth, scores, positive, ignored, ks) -> tuple[float, dict[int, float], np.ndarray]:
    ap = np.full(len(ground_truth), np.nan)
    precision = np.full((len(ground_truth), len(ks)), np.nan)
    for i, truth in enumerate(ground_truth):
        positives = [j for label in positive for j in truth[label]]
        if not positives:
            continue
        ranks = ranks_by_counting(scores[i], positives, [j for label in ignored for j in truth[label]])
        ap[i] = average_precision(ranks)
        precision[i] = [precision_at(ranks, k) for k in ks]
    if np.isnan(ap).all():
        return float("nan"), {k: float("nan") for k in ks}, ap
    return float(np.nanmean(ap)), dict(zip(ks, np.nanmean(precision, 0).tolist())), ap
