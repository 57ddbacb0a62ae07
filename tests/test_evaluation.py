"""Ranks, average precision and the revisited protocol.

Known values, a naive second implementation, the same integers in any split, odd cases, refusals.
"""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import reference
from solar import evaluate, ranks_by_counting, similarity, top_k
from solar.files import load_pickle
from solar.intervals import paired_bootstrap
from solar.search import (
    average_precision,
    count_above,
    counting,
    evaluate_lists,
    precision_at,
    ranks_by_sorting,
)
from solar.search.labels import ORIGINAL, split_labels
from solar.search.labels import PROTOCOLS as OURS

ROOT = Path(__file__).parents[1]

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
            ranked = [
                i for i in sorted(range(len(row)), key=lambda i: (-row[i], i)) if i not in skip
            ]
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
        order = rng.permutation(images)
        cuts = np.sort(rng.integers(0, 30, 3))
        truth.append(
            dict(
                easy=order[: cuts[0]], hard=order[cuts[0] : cuts[1]], junk=order[cuts[1] : cuts[2]]
            )
        )
    database = rng.standard_normal((images, 6))
    wanted = rng.standard_normal((queries, 6))
    if decimals is not None:  # coarse numbers: many exact ties
        database = database.round(decimals)
        wanted = wanted.round(decimals)
    return truth, database, wanted


def split(rows, cuts):
    """An array as parts, cut at the given rows."""
    edges = [0, *sorted(cuts), len(rows)]
    return [rows[start:stop] for start, stop in itertools.pairwise(edges)]


# ---- ranks and average precision -----------------------------------------------------------------


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
    assert indices.tolist() == [[1, 0, 2]]
    assert best.tolist() == [[0.9, 0.5, 0.5]]


@pytest.mark.parametrize("decimals", [None, 0])
def test_ranks_by_counting_are_ranks_by_sorting(decimals):
    rng = np.random.default_rng(0)
    scores = rng.standard_normal(200)
    if decimals is not None:
        scores = scores.round(decimals)
    images = rng.permutation(200)
    positives = images[:20]
    junk = images[20:50]
    expected = ranks_by_sorting(scores, positives, junk)
    assert np.array_equal(ranks_by_counting(scores, positives, junk), expected)
    assert np.array_equal(ranks_by_counting(scores, positives), ranks_by_sorting(scores, positives))


# ---- the protocol --------------------------------------------------------------------------------


def test_labels_are_positive_or_ignored_by_protocol():
    truth = dict(easy=[4, 1], hard=[7], junk=[2])
    assert split_labels(truth, OURS["easy"]) == ([4, 1], [2, 7])
    assert split_labels(truth, OURS["medium"]) == ([4, 1, 7], [2])
    assert split_labels(truth, OURS["hard"]) == ([7], [2, 4, 1])
    assert split_labels(dict(ok=[3], junk=[0]), ORIGINAL["original"]) == ([3], [0])


@pytest.mark.parametrize("decimals", [None, 0])
@pytest.mark.parametrize("seed", range(5))
def test_scores_by_counting_are_scores_by_sorting(seed, decimals):
    truth, database, queries = random_benchmark(seed, decimals=decimals)
    rng = np.random.default_rng(seed)
    distractors = (
        rng.standard_normal((200, 6))
        if decimals is None
        else rng.integers(-2, 3, (200, 6)).astype(float)
    )
    for more in (None, distractors):
        report = evaluate(truth, database, queries, more)
        everything = database if more is None else np.concatenate([database, more])
        for k in (1, 5, 10):
            for protocol, (ap, precision) in naive(
                truth, similarity(queries, everything), k
            ).items():
                assert report.map[protocol] == pytest.approx(ap, abs=1e-9, nan_ok=True)
                assert report.mp[protocol][k] == pytest.approx(precision, abs=1e-9, nan_ok=True)


def test_queries_without_positives_are_left_out():
    truth = [
        dict(easy=[0], hard=[], junk=[]),
        dict(easy=[], hard=[1], junk=[]),
        dict(easy=[], hard=[], junk=[0]),
    ]
    report = evaluate(truth, np.eye(3), np.eye(3))
    assert np.isnan(report.ap["easy"]).tolist() == [False, True, True]
    assert report.map == {"easy": 1.0, "medium": 1.0, "hard": 1.0}
    assert np.isnan(evaluate(truth[2:], np.eye(3), np.eye(3)[2:]).map["hard"])


def test_distractors_only_ever_hurt():
    truth, database, queries = random_benchmark(7)
    far = np.zeros((50, 6))
    alone = evaluate(truth, database, queries)
    more = evaluate(truth, database, queries, far)
    assert all(more.map[p] <= alone.map[p] for p in alone.map)


def test_report_prints_a_table():
    report = evaluate([dict(easy=[0], hard=[2], junk=[])], np.eye(3), np.eye(3)[:1])
    lines = str(report).splitlines()
    assert lines[0].split() == ["mAP", "mP@1", "mP@5", "mP@10"]
    assert len({len(line) for line in lines}) == 1
    assert [line.split()[0] for line in lines[1:]] == ["easy", "medium", "hard"]
    assert lines[1].split()[1:] == ["100.00"] * 4


def test_sizes_and_numbers_that_do_not_fit_are_refused():
    truth = [dict(easy=[0], hard=[], junk=[])]
    good = np.eye(3)
    bad = good.copy()
    bad[1, 1] = np.nan
    for arguments, message in (
        ((truth, good, good), "1 ground-truth entries for 3"),
        ((truth, bad, good[:1]), "database descriptor 1 is not finite"),
        ((truth, good, bad[1:2]), "query descriptor 0 is not finite"),
        ((truth, good, good[:1], bad), "distractor descriptor 1 is not finite"),
        ((truth, good[:, :2], good[:1]), "rows of one length"),
        (
            ([dict(easy=[3], hard=[], junk=[])], good, good[:1], good),
            "names image 3; the database has 3",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            evaluate(*arguments)


def test_the_published_ground_truth_is_scored_as_by_sorting():
    content = load_pickle(reference("revisitop/gnd_roxford5k.pkl"))
    truth = content["gnd"]
    assert (len(content["imlist"]), len(content["qimlist"]), len(truth)) == (4993, 70, 70)
    rng = np.random.default_rng(0)
    # whole numbers: exact sums, many ties
    database = rng.integers(-99, 100, (4993, 8)).astype(np.float32)
    queries = rng.integers(-99, 100, (70, 8)).astype(np.float32)
    report = evaluate(truth, database, queries)
    for protocol, (ap, precision) in naive(truth, similarity(queries, database), 10).items():
        assert report.map[protocol] == pytest.approx(ap, abs=1e-9)
        assert report.mp[protocol][10] == pytest.approx(precision, abs=1e-9)
    assert int((~np.isnan(report.ap["easy"])).sum()) == 68


# ---- the same integers in any split --------------------------------------------------------------


def loop_counts(truth, scores):
    """How many images stand above each labelled image of each query, by loops."""
    wanted = [np.concatenate([t["easy"], t["hard"], t["junk"]]).astype(int) for t in truth]
    return wanted, [
        [sum((s, -j) > (row[i], -i) for j, s in enumerate(row)) for i in index]
        for index, row in zip(wanted, scores)
    ]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    cuts=st.lists(st.integers(0, 300), max_size=4),
    processes=st.integers(1, 3),
    tile=st.integers(1, 400),
    ties=st.booleans(),
)
def test_any_split_counts_the_same(seed, cuts, processes, tile, ties):
    """Cut the database anywhere, share its tiles among processes, take any size of tile: the
    integers are the same.
    """
    truth, database, queries = random_benchmark(seed, queries=3, images=300)
    factor = 1 if ties else 1000
    database = (database * factor).round().astype(np.float32)
    queries = (queries * factor).round().astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "TILE", tile)
        wanted, whole = loop_counts(truth, similarity(queries.astype(int), database.astype(int)))
        parts = split(database, cuts)
        shares = [count_above(queries, parts, wanted, (i, processes)) for i in range(processes)]
        alone = count_above(queries, [database], wanted)
    for q in range(3):
        assert alone[0][q].tolist() == whole[q]
        assert sum(counts[q] for counts, _ in shares).tolist() == whole[q]
        assert all(scores[q].tobytes() == alone[1][q].tobytes() for _, scores in shares)


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    cuts=st.lists(st.integers(0, 9000), max_size=3),
    threads=st.sampled_from([1, 2, 3]),
)
def test_scores_have_the_same_bits_in_any_split(seed, cuts, threads):
    """Whatever the parts and threads, thresholds and counts are equal to the last bit."""
    rng = np.random.default_rng(seed)
    database = rng.standard_normal((9000, 512)).astype(np.float32)
    queries = rng.standard_normal((2, 512)).astype(np.float32)
    images = np.sort(rng.choice(9000, 40, replace=False))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        counts, scores = count_above(queries, split(database, cuts), [images, images])
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    counts_alone, scores_alone = count_above(queries, [database], [images, images])
    for q in range(2):
        assert counts[q].tobytes() == counts_alone[q].tobytes()
        assert scores[q].tobytes() == scores_alone[q].tobytes()


WORKER = """
import sys, numpy as np, torch
from torch import distributed
from solar import evaluate
distributed.init_process_group("gloo")
data = dict(np.load(sys.argv[1]))
truth = [dict(easy=[i], hard=[i + 5, i + 9], junk=[i + 20]) for i in range(4)]
report = evaluate(truth, data["database"], data["queries"], data["distractors"])
told = str([ranks.tolist() for lines in report.ranks.values() for ranks in lines])
data["distractors"][17] = np.nan
try:
    evaluate(truth, data["database"], data["queries"], data["distractors"])
except ValueError as error:
    open(f"{sys.argv[2]}.{distributed.get_rank()}", "w").write(f"{told}\\n{error}")
"""


@pytest.mark.processes
def test_two_processes_count_the_same_integers(tmp_path):
    rng = np.random.default_rng(0)
    sizes = dict(database=40, queries=4, distractors=20_000)
    data = {name: rng.standard_normal((n, 32)).astype(np.float32) for name, n in sizes.items()}
    np.savez(tmp_path / "data.npz", **data)
    (tmp_path / "worker.py").write_text(WORKER)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "worker.py", "data.npz", "out"]
    environment = os.environ | dict(PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1")
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    truth = [dict(easy=[i], hard=[i + 5, i + 9], junk=[i + 20]) for i in range(4)]
    ranks = evaluate(truth, data["database"], data["queries"], data["distractors"]).ranks
    wanted = str([r.tolist() for lines in ranks.values() for r in lines])
    for rank in range(2):
        lines = (tmp_path / f"out.{rank}").read_text().splitlines()
        assert lines == [wanted, "distractor descriptor 17 is not finite"]


# ---- lists, the first benchmarks, reports --------------------------------------------------------


def test_lists_that_are_cut_short_lose_what_stands_behind():
    truth, database, queries = random_benchmark(3)
    whole = evaluate(truth, database, queries)
    lists = top_k(queries.astype(np.float32), database.astype(np.float32), len(database))[0]
    full = evaluate_lists(truth, lists)
    for protocol in PROTOCOLS:
        assert np.allclose(full.ap[protocol], whole.ap[protocol], equal_nan=True)
        assert np.allclose(
            full.precision[protocol][5], whole.precision[protocol][5], equal_nan=True
        )
        short = evaluate_lists(truth, lists[:, :20]).ap[protocol]
        assert (short <= full.ap[protocol] + 1e-12)[~np.isnan(short)].all()
    one = evaluate_lists([dict(easy=[3, 7], hard=[], junk=[5])], [[5, 3, 2, -1]], ks=(2,))
    assert one.ap["easy"].tolist() == [0.5]
    assert one.precision["easy"][2].tolist() == [0.5]


def test_the_first_benchmarks_have_their_own_protocol():
    truth = [dict(ok=[0, 2], junk=[1])]
    database = np.eye(4)[:, :2] + [[0.9, 0], [0.8, 0], [0.2, 0], [0.5, 0]]
    report = evaluate(truth, database, np.array([[1.0, 0]]))
    assert report.ranks["original"][0].tolist() == [0, 2]  # image 1 is junk, image 3 stands between
    assert list(report.map) == ["original"]
    assert report.map["original"] == pytest.approx((1 + (1 / 2 + 2 / 3) / 2) / 2)
    with pytest.raises(ValueError, match=r"entry 1 has \['easy'\]; expected junk, ok"):
        evaluate([*truth, dict(easy=[1])], np.eye(4), np.eye(4)[:2])


def test_a_report_becomes_data_frames_and_json():
    truth = [dict(easy=[0], hard=[2], junk=[]), dict(easy=[], hard=[1], junk=[])]
    report = evaluate(truth, np.eye(3), np.eye(3)[:2], ks=(1, 3))
    frame = report.frame()
    assert list(frame.columns) == ["mAP", "mP@1", "mP@3"]
    assert frame.loc["easy", "mAP"] == 100
    queries = report.queries()
    assert queries.shape == (2, 9)
    assert np.isnan(queries.loc[1, ("easy", "AP")])
    content = json.loads(report.json())
    assert content["ap"]["easy"] == [1.0, None]
    assert content["mp"]["easy"]["3"] == report.mp["easy"][3]
    assert content["provenance"]["ties"].startswith("of two equal scores")


def test_means_without_any_positive_are_null_in_json():
    report = evaluate([dict(easy=[], hard=[], junk=[])], np.eye(3), np.eye(3)[:1], ks=(1,))
    content = json.loads(report.json())
    assert content["map"] == {"easy": None, "medium": None, "hard": None}
    assert content["mp"]["easy"] == {"1": None}


def test_paired_bootstrap_of_queries():
    rng = np.random.default_rng(0)
    b = rng.random(70)
    assert paired_bootstrap(b, b) == dict(difference=0, low=0, high=0, better=0)
    better = paired_bootstrap(b + 0.1 + 0.01 * rng.standard_normal(70), b)
    assert better["better"] == 1
    assert 0.09 < better["low"] < better["difference"] < better["high"] < 0.11
    noise = rng.standard_normal(400)
    interval = paired_bootstrap(np.append(noise, np.nan), np.zeros(401))
    width = 2 * 1.96 * noise.std() / 20  # the normal approximation
    assert interval["high"] - interval["low"] == pytest.approx(width, rel=0.05)
    for a in (b[:3], b[None]):
        with pytest.raises(ValueError, match="one AP per query"):
            paired_bootstrap(a, b)
    with pytest.raises(ValueError, match="no query has a positive"):
        paired_bootstrap(np.full(70, np.nan), b)


# ---- sets that arrive as lists -------------------------------------------------------------------


def test_an_image_that_is_on_a_list_twice_counts_at_its_first_place():
    truth = [dict(easy=[3, 4], hard=[6], junk=[5])]
    for line in ([3, 3, 3, 1, 4], [5, 3, 5, 1, 3, 1, 4], [-1, 3, -1, 1, 4, 4, 6]):
        report = evaluate_lists(truth, np.array([line]), ks=(1, 5))
        assert report.ranks["easy"][0].tolist() == [0, 2]
        assert report.map["easy"] == pytest.approx(average_precision([0, 2]))
        assert report.mp["easy"][5] == pytest.approx(2 / 3)


@pytest.mark.parametrize("label", ["easy", "hard", "junk"])
def test_an_image_twice_under_one_label_counts_once(label):
    truth, database, queries = random_benchmark(2)
    lists = top_k(queries.astype(np.float32), database.astype(np.float32), 50)[0]
    twice = [t | {label: [*t[label], *t[label]]} for t in truth]
    for one, other in (
        (evaluate(truth, database, queries), evaluate(twice, database, queries)),
        (evaluate_lists(truth, lists), evaluate_lists(twice, lists)),
    ):
        assert one.json() == other.json()
        assert max(np.nanmax(ap) for ap in other.ap.values()) <= 1


@pytest.mark.parametrize(
    "truth, labels",
    [
        (dict(easy=[0, 2], hard=[], junk=[2]), "easy and junk"),
        (dict(easy=[2], hard=[2], junk=[]), "easy and hard"),
        (dict(easy=[0], hard=[2], junk=[1, 2, 2]), "hard and junk"),
        (dict(ok=[2], junk=[2]), "junk and ok"),
    ],
)
def test_an_image_under_two_labels_is_refused(truth, labels):
    start = {label: [] for label in truth}
    message = f"entry 1 has image 2 under {labels}; expected one label each"
    with pytest.raises(ValueError, match=message):
        evaluate([start, truth], np.eye(4), np.eye(4)[:2])
    with pytest.raises(ValueError, match=message):
        evaluate_lists([start, truth], [[1, 2], [1, 2]])


def test_positives_and_junk_are_sets_in_both_ways_to_the_ranks():
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    for positives, junk, expected in (
        ([3, 3, 1], [], [1, 3]),
        ([3], [0, 0, 2, 2], [1]),
        ([3, 0], [0], [2]),  # junk is never a positive
    ):
        assert ranks_by_sorting(scores, positives, junk).tolist() == expected
        assert ranks_by_counting(scores, positives, junk).tolist() == expected


def test_a_rank_given_twice_counts_once():
    assert average_precision([0, 0, 0], 1) == 1
    assert average_precision([2, 0, 2, 5]) == average_precision([0, 2, 5])
    assert precision_at([0, 0, 2], 5) == pytest.approx(2 / 3)
