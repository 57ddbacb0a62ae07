"""Ranks, average precision and the revisited protocol: known values, a naive second implementation, odd cases."""

import numpy as np
import pytest
from conftest import reference

from solar import evaluate, ranks_by_counting, similarity, top_k
from solar.evaluation import average_precision, precision_at
from solar.files import load_pickle

PROTOCOLS = {
    "easy": (["easy"], ["junk", "hard"]),
    "medium": (["easy", "hard"], ["junk"]),
    "hard": (["hard"], ["junk", "easy"]),
}


def naive(ground_truth, scores, k):
    """mAP, mP@k of every protocol by sorting the whole list and walking down it."""
    out = {}
    for protocol, (positive, ignored) in PROTOCOLS.items():
        aps, precisions = [], []
        for truth, row in zip(ground_truth, scores, strict=True):
            good = {i for label in positive for i in truth[label]}
            skip = {i for label in ignored for i in truth[label]}
            if not good:
                continue
            ranked = [i for i in sorted(range(len(row)), key=lambda i: (-row[i], i)) if i not in skip]
            found, ap, last = 0, 0.0, 0
            for rank, image in enumerate(ranked):
                if image in good:
                    before = found / rank if rank else 1.0
                    found += 1
                    ap += (before + found / (rank + 1)) / 2 / len(good)
                    last = rank + 1
            depth = min(last, k)
            aps.append(ap)
            precisions.append(sum(i in good for i in ranked[:depth]) / depth)
        out[protocol] = (np.mean(aps), np.mean(precisions)) if aps else (np.nan, np.nan)
    return out


def random_benchmark(seed, queries=8, images=120, decimals=None):
    rng = np.random.default_rng(seed)
    truth = []
    for _ in range(queries):
        order, cuts = rng.permutation(images), np.sort(rng.integers(0, 30, 3))
        truth.append(dict(easy=order[: cuts[0]], hard=order[cuts[0] : cuts[1]], junk=order[cuts[1] : cuts[2]]))
    database, wanted = (rng.standard_normal((n, 6)) for n in (images, queries))
    if decimals is not None:  # coarse numbers: many exact ties
        database, wanted = database.round(decimals), wanted.round(decimals)
    return truth, database, wanted


def test_known_average_precision():
    assert average_precision([0, 2, 5]) == pytest.approx(0.677778, abs=1e-6)
    assert average_precision([0, 1, 2]) == 1
    assert average_precision([1]) == 0.25


def test_known_ranks_without_junk():
    scores = np.arange(100, 0, -1.0)  # image i stands at rank i
    assert ranks_by_counting(scores, [0, 2, 6, 10, 20], [1, 8, 9, 30]).tolist() == [0, 1, 5, 7, 17]
    assert ranks_by_counting(scores, [20, 0]).tolist() == [0, 20]
    assert ranks_by_counting(scores, []).tolist() == []


def test_precision_is_capped_at_the_last_positive():
    assert precision_at([0], 10) == 1.0
    assert precision_at([1], 10) == 0.5
    assert precision_at([0, 20], 10) == 0.1


def test_ties_go_to_the_smaller_index():
    scores = np.array([0.5, 0.9, 0.5, 0.5])
    assert ranks_by_counting(scores, [2]).tolist() == [2]
    assert ranks_by_counting(scores, [2], [0]).tolist() == [1]
    assert ranks_by_counting(scores, [3, 0]).tolist() == [1, 3]
    indices, best = top_k(np.ones((1, 1)), scores[:, None], 3)
    assert indices.tolist() == [[1, 0, 2]] and best.tolist() == [[0.9, 0.5, 0.5]]


@pytest.mark.parametrize("decimals", [None, 0])
@pytest.mark.parametrize("seed", range(5))
def test_counting_is_sorting(seed, decimals):
    truth, database, queries = random_benchmark(seed, decimals=decimals)
    rng = np.random.default_rng(seed)
    distractors = rng.standard_normal((200, 6)) if decimals is None else rng.integers(-2, 3, (200, 6)).astype(float)
    for more in (None, distractors):
        report = evaluate(truth, database, queries, more)
        everything = database if more is None else np.concatenate([database, more])
        for k in (1, 5, 10):
            for protocol, (ap, precision) in naive(truth, similarity(queries, everything), k).items():
                assert report.map[protocol] == pytest.approx(ap, abs=1e-9, nan_ok=True)
                assert report.mp[protocol][k] == pytest.approx(precision, abs=1e-9, nan_ok=True)


def test_queries_without_positives_are_left_out():
    truth = [dict(easy=[0], hard=[], junk=[]), dict(easy=[], hard=[1], junk=[]), dict(easy=[], hard=[], junk=[0])]
    report = evaluate(truth, np.eye(3), np.eye(3))
    assert np.isnan(report.ap["easy"]).tolist() == [False, True, True]
    assert report.map == {"easy": 1.0, "medium": 1.0, "hard": 1.0}
    assert np.isnan(evaluate(truth[2:], np.eye(3), np.eye(3)[2:]).map["hard"])


def test_distractors_only_ever_hurt():
    truth, database, queries = random_benchmark(7)
    far = np.zeros((50, 6))
    alone, more = evaluate(truth, database, queries), evaluate(truth, database, queries, far)
    assert all(more.map[p] <= alone.map[p] for p in alone.map)


def test_report_prints_a_table():
    report = evaluate([dict(easy=[0], hard=[2], junk=[])], np.eye(3), np.eye(3)[:1])
    lines = str(report).splitlines()
    assert lines[0].split() == ["mAP", "mP@1", "mP@5", "mP@10"] and len({len(line) for line in lines}) == 1
    assert [line.split()[0] for line in lines[1:]] == ["easy", "medium", "hard"]
    assert lines[1].split()[1:] == ["100.00"] * 4


def test_what_does_not_fit_is_refused():
    truth, good = [dict(easy=[0], hard=[], junk=[])], np.eye(3)
    bad = good.copy()
    bad[1, 1] = np.nan
    for arguments, message in (
        ((truth, good, good), "1 ground-truth entries for 3"),
        ((truth, bad, good[:1]), "database descriptor 1 is not finite"),
        ((truth, good, bad[1:2]), "query descriptor 0 is not finite"),
        ((truth, good, good[:1], bad), "distractor descriptor 1 is not finite"),
        ((truth, good[:, :2], good[:1]), "rows of one length"),
        (([dict(easy=[3], hard=[], junk=[])], good, good[:1], good), "names image 3; the database has 3"),
    ):
        with pytest.raises(ValueError, match=message):
            evaluate(*arguments)


def test_the_published_ground_truth():
    content = load_pickle(reference("revisitop/gnd_roxford5k.pkl"))
    truth = content["gnd"]
    assert (len(content["imlist"]), len(content["qimlist"]), len(truth)) == (4993, 70, 70)
    rng = np.random.default_rng(0)
    database, queries = rng.standard_normal((4993, 8)), rng.standard_normal((70, 8))
    report = evaluate(truth, database, queries)
    for protocol, (ap, precision) in naive(truth, similarity(queries, database), 10).items():
        assert report.map[protocol] == pytest.approx(ap, abs=1e-9)
        assert report.mp[protocol][10] == pytest.approx(precision, abs=1e-9)
    assert int((~np.isnan(report.ap["easy"])).sum()) == 68
