"""`solar evaluate` among distractors of every kind, on own benchmarks, by learnt whitenings."""

import json
import pickle
import shutil

import numpy as np
import pytest
import torch
from samples import texture

import solar
from solar.cli import main
from solar.files import load_pickle
from solar.search import Whitening

pytestmark = pytest.mark.slow  # some seconds each: `make fast` leaves them out

COMMAND = ["evaluate", "roxford5k", "--net", "net.pth", "--root", "data", "--single-scale"]
EXTRACT = ["extract", "revisitop1m", "--root", "data"]
WAY = ["--net", "net.pth", "--single-scale"]


@pytest.fixture
def more(place):
    """A list of distractors beside the benchmark, by the published name."""
    jpg = place / "data" / "revisitop1m" / "jpg"
    jpg.mkdir(parents=True)
    for i in range(6):
        texture(i).save(jpg / f"{i}.jpg")
    (jpg.parent / "revisitop1m.txt").write_text("".join(f"{i}.jpg\n" for i in range(6)))
    return jpg


def evaluated(capsys, distractors):
    """What the command prints for scripts."""
    capsys.readouterr()
    assert main([*COMMAND, "--json", "--distractors", distractors]) == 0
    return json.loads(capsys.readouterr().out)


def test_distractors_of_every_kind_give_one_score(place, more, capsys):
    # a folder of descriptors, a published file of the same, and the images themselves
    assert main([*EXTRACT, "--net", "net.pth", "--single-scale", "--out", "s"]) == 0
    rows = np.load("s/descriptors.npy")
    torch.save(torch.from_numpy(rows).T.contiguous(), "published.pt")
    from_store = evaluated(capsys, "s")
    assert from_store["ap"] == evaluated(capsys, "published.pt")["ap"]
    assert from_store["ap"] == evaluated(capsys, "revisitop1m")["ap"]

    # the report says what it was made of
    made = from_store["provenance"]
    assert made["network"] == "net"
    assert made["dataset"] == "roxford5k"
    assert made["distractors"] == 6
    assert made["images"] == 3
    assert made["stores"][0]["sha256"] == made["sha256"]

    # descriptors of the images are kept for the next time
    (store,) = (place / "home" / "stores").iterdir()
    assert store.name.startswith("revisitop1m-net-")
    assert len(solar.Store.open(store)) == 6
    assert main([*COMMAND, "--distractors", "s", "published.pt"]) == 0


def test_distractors_of_other_making_are_refused(place, more, capsys):
    # described at three scales, described by another network, and a damaged image
    assert main([*EXTRACT, "--net", "net.pth", "--out", "three"]) == 0
    torch.manual_seed(1)
    solar.save(solar.GlobalNet("mini"), "other.pth")
    assert main([*EXTRACT, "--net", "other.pth", "--single-scale", "--out", "other"]) == 0
    (more / "3.jpg").write_bytes(b"no picture")
    for name, message in (
        ("three", "described with scales"),
        ("other", "described with sha256"),
        ("absent.pt", "no store of descriptors"),
        ("nosuch", "unknown benchmark 'nosuch'"),
        ("revisitop1m", "1 images of revisitop1m cannot be read"),
    ):
        capsys.readouterr()
        assert main([*COMMAND, "--distractors", name]) == 2
        assert message in capsys.readouterr().err.strip().splitlines()[-1]


def test_a_name_of_distractors_goes_before_a_folder_of_that_name(place, more, capsys):
    expected = evaluated(capsys, "revisitop1m")["ap"]
    (place / "revisitop1m").mkdir()
    assert evaluated(capsys, "revisitop1m")["ap"] == expected
    assert main([*COMMAND, "--distractors", "./revisitop1m"]) == 2
    assert "no store of descriptors here" in capsys.readouterr().err


def test_own_photographs_can_be_distractors(place, more, capsys):
    """Their store was made upright, the benchmark is not: each is read as is right for it."""
    assert main(["extract", str(more), *WAY, "--out", "s"]) == 0
    assert solar.Store.open("s").meta["upright"] is True
    assert evaluated(capsys, "s")["provenance"]["distractors"] == 6


# ---- own benchmarks ------------------------------------------------------------------------------


@pytest.fixture
def own(place):
    """The benchmark of `place` as a reader's own: a ground truth, and images in another folder."""
    published = place / "data" / "roxford5k"
    shutil.copytree(published / "jpg", place / "photos")
    truth = load_pickle(published / "gnd_roxford5k.pkl")
    (place / "gnd_own.pkl").write_bytes(pickle.dumps(truth))
    (place / "gnd_own.json").write_text(json.dumps(truth))
    return ["evaluate", "gnd_own.pkl", "--images", "photos", "--net", "net.pth", "--single-scale"]


@pytest.mark.parametrize("name", ["gnd_own.pkl", "gnd_own.json", "./gnd_own.json"])
def test_an_own_benchmark_scores_as_a_published_one(place, own, capsys, name):
    assert main([*COMMAND, "--json"]) == 0
    expected = json.loads(capsys.readouterr().out)
    own[1] = name
    assert main([*own, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ap"] == expected["ap"]
    assert report["provenance"]["dataset"] == name


def test_an_own_benchmark_among_distractors_by_name(place, own, more, capsys):
    assert main([*own, "--distractors", "revisitop1m", "--root", "data", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["provenance"]["distractors"] == 6


def test_queries_of_an_own_benchmark_can_be_extracted(place, own):
    words = ["extract", "gnd_own.pkl", "--images", "photos", "--queries", *WAY, "--out", "q"]
    assert main(words) == 0
    assert solar.Store.open("q").names == ["q.jpg"]


@pytest.mark.parametrize(
    "words, message",
    [
        ("evaluate absent.pkl", "absent.pkl"),
        ("evaluate gnd_own.pkl", "jpg: no such folder"),
        ("evaluate gnd_own.pkl --images absent", "absent: no such folder"),
        ("evaluate gnd_own.pkl --images empty", "empty"),
        ("evaluate roxford5k --root data --images photos", "its images are known"),
        ("evaluate net.pth", "unknown benchmark 'net.pth'"),
    ],
)
def test_an_own_benchmark_that_is_not_complete_is_refused(place, own, capsys, words, message):
    (place / "empty").mkdir()
    assert main([*words.split(), *WAY]) == 2
    assert message in capsys.readouterr().err.strip().splitlines()[-1]


# ---- learnt whitenings ---------------------------------------------------------------------------


@pytest.fixture
def whitened(place):
    """A network whose file has a learnt whitening 'sfm', of 128 numbers to 8."""
    rng = np.random.default_rng(0)
    net = solar.load("net.pth")
    for scales in ("ss", "ms"):
        mean = rng.standard_normal(128) / 100
        projection = rng.standard_normal((8, 128))
        net.whitenings.setdefault("sfm", {})[scales] = (mean, projection)
    net.whitenings["old"] = {"ss": net.whitenings["sfm"]["ss"]}
    solar.save(net, "white.pth")
    return net


@pytest.mark.parametrize("scales", ["ss", "ms"])
def test_a_learnt_whitening_is_applied_to_all_descriptors(place, more, whitened, capsys, scales):
    words = ["evaluate", "roxford5k", "--root", "data", "--net", "white.pth", "--json"]
    words += ["--distractors", "revisitop1m", "--whitening", "sfm"]
    words += ["--single-scale"] if scales == "ss" else []
    assert main(words) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert report["provenance"]["length"] == 8
    assert report["provenance"]["whitening_name"] == "sfm"

    # the same by hand: describe, then whiten
    whitening = Whitening(*whitened.whitenings["sfm"][scales])
    bench = solar.load_benchmark("roxford5k", "data")
    options = dict(scales=(1,)) if scales == "ss" else {}
    rows = [
        whitening(solar.describe(whitened, images, boxes, **options))
        for images, boxes in (
            (bench.images, None),
            (bench.queries, bench.boxes),
            (sorted(more.iterdir()), None),
        )
    ]
    expected = solar.evaluate(bench.ground_truth, *rows)
    assert report["ap"]["medium"] == expected.ap["medium"].tolist()

    # the store of the distractors tells of it, and does not go with others
    (store,) = (place / "home" / "stores").iterdir()
    opened = solar.Store.open(store)
    assert opened.shape == (6, 8)
    assert opened.meta["whitening"] == whitening.digest()


@pytest.mark.parametrize(
    "more_words, message",
    [
        ("--whitening nosuch", "has no such whitening; it has sfm, old"),
        ("--whitening old", "learnt for other scales; run it with --single-scale"),
        ("--distractors s --single-scale", "described with whitening"),
        ("--distractors plain --whitening sfm --single-scale", "described with whitening None"),
    ],
)
def test_whitenings_that_do_not_fit_are_refused(place, more, whitened, capsys, more_words, message):
    start = ["--root", "data", "--net", "white.pth"]
    extract = ["extract", "revisitop1m", *start, "--single-scale"]
    assert main([*extract, "--whitening", "sfm", "--out", "s"]) == 0
    assert main([*extract, "--out", "plain"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "roxford5k", *start, *more_words.split()]) == 2
    assert message in capsys.readouterr().err.strip().splitlines()[-1]


def test_whitenings_that_are_not_applied_are_named(place, whitened, capsys):
    words = ["evaluate", "roxford5k", "--root", "data", "--net", "white.pth", "--single-scale"]
    assert main(words) == 0
    assert "learnt whitenings, which are not applied: sfm, old" in capsys.readouterr().err
    assert main([*words, "--whitening", "sfm"]) == 0
    assert "not applied" not in capsys.readouterr().err
