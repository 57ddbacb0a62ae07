"""The revisited protocol (Radenovic et al., 2018): easy, medium and hard.

Whether an image labelled easy or hard counts as found, as junk (ignored), or not, depends on the
protocol; average precision, mAP and mean precision at k follow from the ranks of the positives. The
ground truth of the first Oxford and Paris benchmarks ('ok' and 'junk') is scored by its one
protocol, called 'original'.

Book: chapter 9 (the revisited protocol).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..datasets import Benchmark
from .counting import count_together
from .describe import describe
from .labels import PROTOCOLS, check_labels, labels_of, split_labels
from .options import DescribeOptions, Describer
from .ranking import standing_above
from .report import Report, provenance_of
from .store import rows_of

__all__ = [
    "PROTOCOLS",
    "average_precision",
    "evaluate",
    "evaluate_lists",
    "precision_at",
    "report_of_ranks",
    "score",
    "split_labels",
]

KS = (1, 5, 10)  # depths at which precision is reported


# ---- one query -----------------------------------------------------------------------------------


def average_precision(ranks, positives: int | None = None) -> float:
    """Return the area under precision over recall, by trapezoids.

    Equation: eq-ap.

    Args:
        ranks: zero-based ranks of the positives; a rank given twice counts once.
        positives: how many positives there are, if only some were found; the others add nothing.

    Returns:
        AP, between 0 and 1.

    Example:
        >>> round(average_precision([0, 2, 5]), 4)
        0.6778
    """
    ranks = np.unique(np.asarray(ranks, float))  # ascending
    number = np.arange(len(ranks))  # positives found before each
    # precision just before each positive (1 at the very top) and just after it
    before = np.where(ranks == 0, 1.0, number / np.maximum(ranks, 1))
    after = (number + 1) / (ranks + 1)
    # each positive is a step of recall as wide as all others, and as high as the mean of the two
    return float(((before + after) / 2).sum() / (positives or len(ranks)))


def precision_at(ranks, k: int, complete: bool = True) -> float:
    """Return the share of positives among the first k images.

    k is capped at the last positive's rank. The cap is the protocol's own oddity: a single positive
    at rank 1 gives precision 1 at any k.

    Args:
        ranks: zero-based ranks of the positives; a rank given twice counts once.
        k: depth.
        complete: whether all positives are in `ranks`. If not, the others stand behind all that
            were found, and nothing is capped.

    Example:
        >>> precision_at([0, 2, 5], k=5), precision_at([0, 2], k=5)
        (0.4, 0.6666666666666666)
    """
    # ranks from one; the depth stops at the last positive
    ranks = np.unique(ranks) + 1
    depth = min(int(ranks.max()), k) if complete else k
    return float((ranks <= depth).sum() / depth)


# ---- all queries ---------------------------------------------------------------------------------


def report_of_ranks(
    ranks: dict[str, list],
    ks: Sequence[int] = KS,
    totals: dict[str, list[int]] | None = None,
    provenance: dict[str, Any] | None = None,
) -> Report:
    """Score the ranks of the positives.

    Args:
        ranks: protocol -> for each query the zero-based, ascending ranks of its positives.
        ks: depths at which precision is reported.
        totals: protocol -> for each query how many positives it has, if some are not in `ranks`.
        provenance: how the ranks came about.
    """
    ap: dict[str, np.ndarray] = {}
    precision: dict[str, dict[int, np.ndarray]] = {}
    for protocol, lines in ranks.items():
        counts = [len(line) for line in lines] if totals is None else totals[protocol]
        # (Q,) scores each; nan for a query without positives
        ap[protocol] = np.full(len(lines), np.nan)
        precision[protocol] = {k: np.full(len(lines), np.nan) for k in ks}
        for q, (line, count) in enumerate(zip(lines, counts)):
            if not count:
                continue
            ap[protocol][q] = average_precision(line, count)
            for k in ks:
                precision[protocol][k][q] = precision_at(line, k, complete=len(line) == count)

    # the means are over the queries that have positives
    mean_ap = {protocol: _mean(values) for protocol, values in ap.items()}
    mean_precision = {
        protocol: {k: _mean(values) for k, values in by_depth.items()}
        for protocol, by_depth in precision.items()
    }
    return Report(mean_ap, mean_precision, ap, precision, ranks, dict(provenance or {}))


def _mean(values: np.ndarray) -> float:
    """Return the mean of all that is not nan; nan if nothing is left."""
    return float("nan") if np.isnan(values).all() else float(np.nanmean(values))


def evaluate(
    ground_truth: list[dict], database, queries, distractors=None, ks: Sequence[int] = KS
) -> Report:
    """Score a search by the revisited protocol, exactly.

    No ranking is ever sorted and never are all scores in memory (see `counting`). Under torchrun,
    inside `distributed.process_group` or any group of torch's, the processes share the work, and
    all get the report.

    Args:
        ground_truth: one dict per query with 'easy', 'hard', 'junk' (or 'ok', 'junk' for the first
            Oxford and Paris benchmarks): indices of database rows. An image given twice under one
            label counts once.
        database: descriptors of the labelled images: an array (N, D), a Store, or a path.
        queries: descriptors of the queries (Q, D), likewise.
        distractors: more images, none of which is ever a positive: an array (M, D), a Store, the
            path of one or of the published `.pt`, or a list of these.
        ks: depths at which precision is reported.

    Raises:
        ValueError: sizes that do not fit, an image with two labels of one query, descriptors that
            are not finite, or rows on disk that are not of unit length (names the row).

    Example:
        >>> import numpy as np
        >>> truth = [dict(easy=[0], hard=[2], junk=[1])]
        >>> database = np.array([[0.8, 0.6], [1.0, 0.0], [0.0, 1.0]])
        >>> report = evaluate(truth, database, queries=np.array([[1.0, 0.0]]))
        >>> report.map["easy"], report.map["hard"]  # the junk image above them is ignored
        (1.0, 1.0)
        >>> more = np.array([[0.6, 0.8]])  # one distractor, before the hard positive
        >>> evaluate(truth, database, np.array([[1.0, 0.0]]), distractors=more).map["hard"]
        0.25
    """
    # 1. everything is something to read from, and fits together
    database = rows_of(database, "database")
    queries = rows_of(queries, "query")
    if distractors is None:
        distractors = []
    elif not isinstance(distractors, (list, tuple)):
        distractors = [distractors]
    parts = [database]
    parts += [rows_of(each, "distractor") for each in distractors]
    protocols, ground_truth = check_labels(ground_truth, len(queries), len(database))

    # 2. for every labelled image, the number of images above it in the whole database
    labelled = []
    for truth in ground_truth:
        # all labels together: a hard image counts as positive in one protocol and is ignored in
        # another, but its place is the same
        images = [image for label in labels_of(protocols) for image in truth[label]]
        labelled.append(np.array(images, int))
    counts, scores = count_together(queries.read(0, len(queries)), parts, labelled)

    # 3. the ranks under each protocol: images above a positive, less the ignored ones among them
    ranks: dict[str, list] = {name: [] for name in protocols}
    for truth, images, above, their_scores in zip(ground_truth, labelled, counts, scores):
        # image -> its place among the query's labelled images
        place = {image: i for i, image in enumerate(images.tolist())}
        for name, protocol in protocols.items():
            positive, ignored = split_labels(truth, protocol)
            # places of the positives and of the ignored images
            good = np.array([place[image] for image in positive], int)
            out = np.array([place[image] for image in ignored], int)
            ignored_above = standing_above(
                their_scores[out], images[out], their_scores[good], images[good]
            )
            ranks[name].append(np.sort(above[good] - ignored_above))
    return report_of_ranks(ranks, ks, provenance=provenance_of(parts, queries))


def evaluate_lists(ground_truth: list[dict], lists: np.ndarray, ks: Sequence[int] = KS) -> Report:
    """Score ranked lists that may be cut short, as an index such as FAISS's gives them.

    A positive that is not on its list adds nothing to the AP.

    Args:
        ground_truth: as in `evaluate`.
        lists: (Q, k) indices of images, best first; negative ones (FAISS's "none") are ignored. An
            image that is on a list twice counts once, at its first place.
        ks: depths at which precision is reported.

    Raises:
        ValueError: sizes that do not fit, or an image with two labels of one query.

    Example:
        >>> truth = [dict(easy=[3, 7], hard=[], junk=[5])]
        >>> evaluate_lists(truth, [[5, 3, 2]]).ap["easy"]  # image 7 is not on the list
        array([0.5])
    """
    protocols, ground_truth = check_labels(ground_truth, len(lists), np.inf)
    ranks: dict[str, list] = {name: [] for name in protocols}
    totals: dict[str, list] = {name: [] for name in protocols}
    for truth, images in zip(ground_truth, np.asarray(lists)):
        # each image at its first place
        _, first_places = np.unique(images, return_index=True)
        line = images[np.sort(first_places)]
        for name, protocol in protocols.items():
            positive, ignored = split_labels(truth, protocol)
            # the list without what is ignored; where a positive stands on it is its rank
            line_without_ignored = line[~np.isin(line, ignored) & (line >= 0)]
            ranks[name].append(np.flatnonzero(np.isin(line_without_ignored, positive)))
            totals[name].append(len(positive))
    return report_of_ranks(ranks, ks, totals, dict(depth=int(np.shape(lists)[1])))


def score(
    net: Describer,
    benchmark: Benchmark,
    distractors=None,
    options: DescribeOptions | None = None,
    progress: bool = False,
    **changes: Any,
) -> Report:
    """Describe a benchmark's images and its cropped queries, and evaluate.

    Args:
        net: a `GlobalNet`, or any module with the members of `Describer`.
        benchmark: of `solar.load_benchmark`.
        distractors: descriptors of more images, as in `evaluate`.
        options: how images are read and described, as in `describe`.
        progress: show a progress bar.
        **changes: fields of `DescribeOptions` that differ from `options`.

    Example:
        >>> from PIL import Image
        >>> import solar
        >>> images = [Image.effect_noise((64, 64), sigma) for sigma in (20, 90)]
        >>> truth = [dict(bbx=(0, 0, 64, 64), easy=[0], hard=[], junk=[])]
        >>> bench = solar.Benchmark("two", images, images[:1], [(0, 0, 64, 64)], truth)
        >>> solar.score(solar.load("mini-gem"), bench, image_size=64, scales=(1,)).map["easy"]
        1.0
    """
    options = (options or DescribeOptions()).changed(**changes)
    # queries are cropped to their boxes, images are not; both are read at one size
    database = describe(net, benchmark.images, None, options, progress)
    queries = describe(net, benchmark.queries, benchmark.boxes, options, progress)
    return evaluate(benchmark.ground_truth, database, queries, distractors)
