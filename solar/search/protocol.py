"""The revisited protocol (Radenovic et al., 2018): easy, medium and hard; average precision, mAP,
mean precision at k.

An image labelled easy or hard counts as found, as junk (ignored), or not, depending on the
protocol. The ground truth of the first Oxford and Paris benchmarks ('ok' and 'junk') is scored by
its one protocol, called 'original'.
"""

import json
from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np
import pandas

from ..datasets import Benchmark
from .describe import describe
from .ranking import count_together, standing_above
from .store import Rows, Store, rows_of

PROTOCOLS = {  # which labels count as positive, which are ignored
    "easy": (("easy",), ("junk", "hard")),
    "medium": (("easy", "hard"), ("junk",)),
    "hard": (("hard",), ("junk", "easy")),
}
ORIGINAL = {"original": (("ok",), ("junk",))}
TIES = "of two equal scores, the image of the smaller index stands above"


def average_precision(ranks, positives: int | None = None) -> float:
    """AP from the zero-based, ascending ranks of all positives: the area under precision over
    recall, by trapezoids.

    `positives`: how many there are, if only some were found; the others add nothing.
    """
    ranks = np.asarray(ranks, float)
    found = np.arange(len(ranks))
    before = np.where(ranks == 0, 1.0, found / np.maximum(ranks, 1))
    return float(((before + (found + 1) / (ranks + 1)) / 2).sum() / (positives or len(ranks)))


def precision_at(ranks, k: int, complete: bool = True) -> float:
    """Share of positives among the first k, where k is capped at the last positive's rank.

    The cap is the protocol's own oddity: a single positive at rank 1 gives precision 1 at any k.
        Without `complete`,
    some positives are missing from `ranks`: they stand behind all that were found, and nothing is
        capped.
    """
    ranks = np.asarray(ranks) + 1
    k = min(int(ranks.max()), k) if complete else k
    return float((ranks <= k).sum() / k)


@dataclass(frozen=True)
class Report:
    """Scores of a benchmark, all in 0..1. It prints as a table; `frame()` and `json()` give it to
    other programs.

    Attributes:
        map: protocol -> mean average precision.
        mp: protocol -> k -> mean precision at k.
        ap: protocol -> (Q,) average precisions; nan where a query has no positive (it is left out
            of the means).
        precision: protocol -> k -> (Q,) precisions at k, nan likewise.
        ranks: protocol -> for each query the zero-based, ascending ranks of its positives, ignored
            images taken out.
        provenance: how the scores came about: sizes, tie rule, versions, and what else the maker
            knows.
    """

    map: dict[str, float]
    mp: dict[str, dict[int, float]]
    ap: dict[str, np.ndarray]
    precision: dict[str, dict[int, np.ndarray]]
    ranks: dict[str, list[np.ndarray]]
    provenance: dict = field(default_factory=dict)

    @classmethod
    def of_ranks(
        cls, ranks: dict[str, list], ks=(1, 5, 10), positives=None, provenance=None
    ) -> "Report":
        """Scores from protocol -> ranks of each query's positives; `positives`: how many it has, if
        some miss.
        """
        ap, precision = {}, {}
        for protocol, lines in ranks.items():
            totals = [len(line) for line in lines] if positives is None else positives[protocol]
            each = list(zip(lines, totals))
            ap[protocol] = np.array(
                [average_precision(line, n) if n else np.nan for line, n in each]
            )
            precision[protocol] = {
                k: np.array(
                    [precision_at(line, k, len(line) == n) if n else np.nan for line, n in each]
                )
                for k in ks
            }
        mp = {
            protocol: {k: _mean(values) for k, values in at.items()}
            for protocol, at in precision.items()
        }
        return cls(
            {p: _mean(values) for p, values in ap.items()},
            mp,
            ap,
            precision,
            ranks,
            dict(provenance or {}),
        )

    def frame(self) -> pandas.DataFrame:
        """A row a protocol, in percent."""
        rows = {
            p: {"mAP": self.map[p]} | {f"mP@{k}": v for k, v in self.mp[p].items()}
            for p in self.map
        }
        return 100 * pandas.DataFrame.from_dict(rows, orient="index")

    def queries(self) -> pandas.DataFrame:
        """A row a query: AP and precisions of every protocol, in percent; nan where it has no
        positive.
        """
        columns = {}
        for p, values in self.ap.items():
            columns |= {(p, "AP"): values} | {
                (p, f"P@{k}"): v for k, v in self.precision[p].items()
            }
        return 100 * pandas.DataFrame(columns).rename_axis("query")

    def json(self) -> str:
        """Means, each query's AP (null without a positive) and provenance."""
        ap = {
            p: [None if np.isnan(v) else float(v) for v in values] for p, values in self.ap.items()
        }
        means = {p: None if np.isnan(v) else v for p, v in self.map.items()}
        mp = {
            p: {k: None if np.isnan(v) else v for k, v in at.items()} for p, at in self.mp.items()
        }
        return json.dumps(dict(map=means, mp=mp, ap=ap, provenance=self.provenance), indent=2)

    def __str__(self) -> str:
        ks = list(next(iter(self.mp.values())))
        wide = max(7, *map(len, self.map))
        lines = [f"{'':{wide}}    mAP  " + " ".join(f"{f'mP@{k}':>6}" for k in ks)]
        for protocol, value in self.map.items():
            precisions = " ".join(f"{100 * self.mp[protocol][k]:6.2f}" for k in ks)
            lines.append(f"{protocol:{wide}} {100 * value:6.2f}  {precisions}")
        return "\n".join(lines)


def _mean(values: np.ndarray) -> float:
    return float("nan") if np.isnan(values).all() else float(np.nanmean(values))


def evaluate(
    ground_truth: list[dict], database, queries, distractors=None, ks=(1, 5, 10)
) -> Report:
    """Score a ranking, exactly, without ever sorting it or holding all scores (see `retrieval`).

    Under torchrun (after `torch.distributed.init_process_group`) the processes share the work; all
    get the report.

    Args:
        ground_truth: one dict a query with 'easy', 'hard', 'junk' (or 'ok', 'junk'): indices of
            database rows.
        database: (N, D) descriptors or a Store;  queries: (Q, D).
        distractors: more images, none of which is ever a positive: an array (M, D), a Store, the
            path of one or of the published `.pt`, or a list of these.

    Raises:
        ValueError: sizes that do not fit, descriptors that are not finite, or rows on disk that are
            not of unit length (names the row).
    """
    database, queries = rows_of(database, "database"), rows_of(queries, "query")
    more = (
        distractors
        if isinstance(distractors, (list, tuple))
        else []
        if distractors is None
        else [distractors]
    )
    parts = [database, *(rows_of(each, "distractor") for each in more)]
    protocols = _check(ground_truth, len(queries), len(database))
    labels = sorted({label for sides in protocols.values() for side in sides for label in side})
    labelled = [
        np.concatenate([np.asarray(truth[label], int) for label in labels])
        for truth in ground_truth
    ]
    counts, scores = count_together(queries.read(0, len(queries)), parts, labelled)
    ranks: dict[str, list] = {protocol: [] for protocol in protocols}
    for truth, index, count, score in zip(ground_truth, labelled, counts, scores):
        kinds = np.repeat(labels, [len(truth[label]) for label in labels])
        for protocol, (positive, ignored) in protocols.items():
            good, out = np.isin(kinds, positive), np.isin(kinds, ignored)
            above = standing_above(score[out], index[out], score[good], index[good])
            ranks[protocol].append(np.sort(count[good] - above))
    return Report.of_ranks(ranks, ks, provenance=_provenance(parts, queries))


def evaluate_lists(ground_truth: list[dict], lists: np.ndarray, ks=(1, 5, 10)) -> Report:
    """Score ranked lists that may be cut short: (Q, k) indices of database images, best first.

    A positive that is not on its list adds nothing to the AP. Negative indices (FAISS's "none") are
    ignored.
    """
    protocols = _check(ground_truth, len(lists), np.inf)
    ranks: dict[str, list] = {protocol: [] for protocol in protocols}
    totals: dict[str, list] = {protocol: [] for protocol in protocols}
    for truth, line in zip(ground_truth, np.asarray(lists)):
        for protocol, sides in protocols.items():
            good, out = (
                np.concatenate([np.asarray(truth[label], int) for label in side]) for side in sides
            )
            kept = line[~np.isin(line, out) & (line >= 0)]
            ranks[protocol].append(np.flatnonzero(np.isin(kept, good)))
            totals[protocol].append(len(good))
    return Report.of_ranks(ranks, ks, totals, dict(depth=int(np.shape(lists)[1])))


def _check(ground_truth, queries: int, images: float) -> dict:
    """The protocols that fit the ground truth, if it fits the descriptors."""
    if len(ground_truth) != queries:
        raise ValueError(
            f"{len(ground_truth)} ground-truth entries for {queries} query descriptors"
        )
    protocols = ORIGINAL if ground_truth and "ok" in ground_truth[0] else PROTOCOLS
    wanted = {label for sides in protocols.values() for side in sides for label in side}
    for i, truth in enumerate(ground_truth):
        if not wanted <= truth.keys():
            raise ValueError(
                f"ground-truth entry {i} has {sorted(truth)}; expected {', '.join(sorted(wanted))}"
            )
        index = [int(j) for label in wanted for j in truth[label]]
        if index and not 0 <= min(index) <= max(index) < images:
            worst = min(index) if min(index) < 0 else max(index)
            raise ValueError(
                f"the ground truth names image {worst}; the database has {images} descriptors"
            )
    return protocols


def _provenance(parts: list[Rows], queries: Rows) -> dict:
    made = [
        dict(name=part.path.name, rows=len(part), **part.meta)
        for part in parts
        if isinstance(part, Store)
    ]
    sizes = dict(images=len(parts[0]), distractors=sum(map(len, parts[1:])), queries=len(queries))
    versions = {name: version(name) for name in ("torch", "numpy")}
    return dict(**sizes, length=queries.shape[1], ties=TIES, stores=made, versions=versions)


def score(net, benchmark: Benchmark, distractors=None, **options) -> Report:
    """Describe a benchmark's images and its cropped queries, and evaluate; `options` are those of
    `describe`.
    """
    database = describe(net, benchmark.images, **options)
    queries = describe(net, benchmark.queries, boxes=benchmark.boxes, **options)
    return evaluate(
        benchmark.ground_truth, database=database, queries=queries, distractors=distractors
    )
