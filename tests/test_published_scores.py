"""Published scores: the file, which weights are published, what is printed beside ours."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import solar
from solar.cli import main
from solar.commands import comparing
from solar.files import sha256
from solar.published import ENTRIES, network_of, published_scores
from solar.published.scores import SCORES

BEST = "resnet101-solar-best"


# ---- the numbers ---------------------------------------------------------------------------------


def test_names_are_those_of_the_catalogue():
    for scores in SCORES:
        assert ENTRIES[scores.network].kind == "weights"
        assert ENTRIES[scores.benchmark].kind == "benchmark"
        assert scores.source


def test_solar_has_48_numbers_half_of_them_among_a_million():
    counts = [
        len(published_scores(BEST, benchmark, distractors).numbers())
        for benchmark in ("roxford5k", "rparis6k")
        for distractors in (0, 1_001_001)
    ]
    assert counts == [12, 12, 12, 12]


def test_numbers_are_percent_and_fall_from_easy_to_hard_and_among_distractors():
    for scores in SCORES:
        values = scores.numbers()
        assert all(0 < value <= 100 for value in values.values())
        falling = [scores.map[protocol] for protocol in scores.map]
        assert falling == sorted(falling, reverse=True)
        alone = published_scores(scores.network, scores.benchmark).numbers()
        assert all(value <= alone[name] for name, value in values.items())


def test_two_numbers_by_hand():
    """mAP medium and mP@10 hard, from the table of the authors' repository."""
    scores = published_scores(BEST, "rparis6k", 1_001_001)
    assert scores.map["medium"] == 59.19
    assert scores.mp["hard"][10] == 81.57


@pytest.mark.parametrize("what", [(BEST, "roxford5k", 7), (None, "roxford5k", 0), (BEST, "x", 0)])
def test_nothing_was_published(what):
    assert published_scores(*what) is None


# ---- which weights are published -----------------------------------------------------------------


@pytest.fixture
def fetched(place):
    """A small network in the place of the published one, recorded as `solar data` does."""
    folder = place / "home" / "weights"
    folder.mkdir(parents=True)
    path = folder / f"{BEST}.pth"
    path.write_bytes((place / "net.pth").read_bytes())
    record = {path.name: dict(url="somewhere", size=path.stat().st_size, sha256=sha256(path))}
    (folder / "sources.json").write_text(json.dumps(record))
    return path


def test_a_file_is_known_by_its_checksum_whatever_its_name(fetched, place):
    assert network_of(sha256(place / "net.pth")) == BEST
    assert network_of(sha256(place / "net.pth").replace("a", "b")) is None
    assert network_of("") is None


def test_no_record_no_published_network(place):
    assert network_of(sha256(place / "net.pth")) is None


def test_a_checksum_of_the_catalogue_goes_before_the_record(fetched, place, monkeypatch):
    entry = ENTRIES[BEST]
    file = entry.files[0]
    known = type(file)(file.path, file.mirrors, digest=f"sha256:{'1' * 64}")
    changed = type(entry)(**{**vars(entry), "files": (known,)})
    monkeypatch.setitem(ENTRIES, BEST, changed)
    assert network_of(sha256(fetched)) is None
    assert network_of("1" * 64) == BEST


# ---- what a report is compared with --------------------------------------------------------------


def report_of(numbers=None, **made):
    """A report whose scores are the published ones of ROxford, or other ones."""
    scores = published_scores(BEST, "roxford5k")
    numbers = numbers or scores.numbers()
    mean_ap = {p: numbers[f"mAP {p}"] / 100 for p in ("easy", "medium", "hard")}
    mp = {p: {k: numbers[f"mP@{k} {p}"] / 100 for k in (1, 5, 10)} for p in mean_ap}
    ap = {p: np.array([value]) for p, value in mean_ap.items()}
    precision = {p: {k: np.array([v]) for k, v in mp[p].items()} for p in mp}
    provenance = dict(sha256="x", image_size=1024, scales=(1, 2**0.5, 2**-0.5), distractors=0)
    return solar.Report(mean_ap, mp, ap, precision, {}, provenance | made)


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setattr("solar.published.network_of", lambda sha256: BEST)


@pytest.mark.parametrize(
    "made",
    [
        dict(image_size=256),
        dict(scales=(1,)),
        dict(whitening_name="sfm"),
        dict(distractors=600),
    ],
)
def test_other_descriptions_are_compared_with_nothing(known, made):
    assert comparing.published_for("roxford5k", report_of(**made)) is None
    assert "published" not in comparing.in_words("roxford5k", report_of(**made))
    assert comparing.for_scripts("roxford5k", report_of(**made))["published"] is None


def test_other_weights_are_compared_with_nothing():
    assert comparing.published_for("roxford5k", report_of()) is None


def test_the_largest_difference_is_named(known):
    numbers = published_scores(BEST, "roxford5k").numbers() | {"mP@5 hard": 74.0}
    words = comparing.in_words("roxford5k", report_of(numbers), heading=True)
    lines = words.splitlines()
    assert lines[0] == "roxford5k"
    assert "published: resnet101-solar-best, roxford5k alone (README of" in words
    assert lines[-1] == "largest difference: -0.29 (mP@5 hard)"
    assert "  mAP medium      69.90  here  69.90 (+0.00)" in lines
    content = comparing.for_scripts("roxford5k", report_of(numbers))["published"]
    assert content["differences"]["mP@5 hard"] == -0.29
    assert content["scores"]["mAP easy"] == 85.88


def test_a_million_distractors_have_numbers_of_their_own(known):
    words = comparing.in_words("roxford5k", report_of(distractors=1_001_001))
    assert "roxford5k among 1,001,001 distractors" in words
    assert "  mAP medium      53.49  here  69.90 (+16.41)" in words.splitlines()


def test_only_what_was_published_is_compared(monkeypatch):
    monkeypatch.setattr("solar.published.network_of", lambda sha256: "gl18-tl-resnet101-gem-w")
    content = comparing.for_scripts("roxford5k", report_of())["published"]
    assert list(content["differences"]) == ["mAP medium", "mAP hard"]


# ---- the command ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_several_benchmarks_in_one_command(place, fetched, capsys):
    from samples import write_benchmark

    write_benchmark(place / "data", "rparis6k")
    words = ["evaluate", "roxford5k", "rparis6k", "--net", "net.pth", "--root", "data"]
    assert main([*words, "--board", "board"]) == 0
    out = capsys.readouterr().out
    assert re.findall("^r.*", out, re.MULTILINE) == ["roxford5k", "rparis6k"]
    assert out.count("published: resnet101-solar-best") == 2
    assert out.count("largest difference: ") == 2
    assert {path.name for path in Path("board").iterdir()} == {"rparis6k", "roxford5k"}

    # for a script, a list; the same numbers as one by one
    assert main([*words, "--json"]) == 0
    both = json.loads(capsys.readouterr().out)
    assert [each["provenance"]["dataset"] for each in both] == ["roxford5k", "rparis6k"]
    assert main(["evaluate", *words[2:], "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == both[1]


@pytest.mark.parametrize(
    "words, message",
    [
        ("roxford5k nosuch", "unknown benchmark 'nosuch'"),
        ("roxford5k roxford5k.pkl --images data", "one by one"),
    ],
)
def test_nothing_is_described_when_one_of_them_is_wrong(place, capsys, words, message):
    more = ["--net", "net.pth", "--root", "data", "--single-scale"]
    assert main(["evaluate", *words.split(), *more]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert not printed.out
