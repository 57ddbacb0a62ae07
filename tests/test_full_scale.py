"""The whole way of a researcher, on stand-ins in the exact published layouts: fetched from a
(local) server under their published names, indexed, trained on, described, evaluated among
distractors.
"""

import io
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from serving import serving, tar_of

import solar
from solar.cli import main
from solar.published import http
from solar.published.catalogue import ENTRIES
from solar.world import DATASETS, Recipe

pytestmark = pytest.mark.slow  # some seconds each: `make fast` leaves them out

WEIGHTS, START = "resnet101-solar-best", "gl18-tl-resnet101-gem-w"


def jpeg(seed: int, size=(96, 64)) -> bytes:
    rng, out = np.random.default_rng(seed), io.BytesIO()
    small = rng.integers(0, 255, (6, 9, 3), dtype=np.uint8)
    Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(out, "JPEG")
    return out.getvalue()


def saved(content, **options) -> bytes:
    out = io.BytesIO()
    torch.save(content, out, **options)
    return out.getvalue()


def authors_checkpoint() -> bytes:
    """Their layout: a ResNet-101 with SOA4 and SOA5 under the published keys, and a meta dict;
    weights made up.
    """
    torch.manual_seed(0)
    net = solar.GlobalNet("resnet101", "45")
    meta = dict(
        architecture="resnet101",
        pooling="gem",
        local_whitening=False,
        regional=False,
        whitening=True,
        outputdim=2048,
        mean=[0.485, 0.456, 0.406],
        std=[0.229, 0.224, 0.225],
        soa=True,
        soa_layers="45",
    )
    return saved(dict(epoch=100, meta=meta, state_dict=net.state_dict()))


def start_checkpoint() -> bytes:
    """cnnimageretrieval's layout, numbered stages and numpy arrays in meta; a ResNet-18, to be
    quick.
    """
    torch.manual_seed(1)
    resnet = torchvision.models.resnet18(weights=None)
    state = {
        f"features.{k}": v
        for k, v in torch.nn.Sequential(*list(resnet.children())[:-2]).state_dict().items()
    }
    state |= {
        "pool.p": torch.tensor([3.0]),
        "whiten.weight": torch.eye(512),
        "whiten.bias": torch.zeros(512),
    }
    meta = dict(
        architecture="resnet18",
        pooling="gem",
        whitening=True,
        outputdim=512,
        regional=False,
        Lw={"retrieval-SfM-120k": {"ss": {"m": np.zeros((512, 1)), "P": np.eye(512)}}},
    )
    return saved(dict(meta=meta, state_dict=state))


def benchmark_files(name: str, archives: dict) -> dict:
    """Images in tarballs with folders of their own, and the ground truth."""
    images, queries = [f"{name}_{i:06}" for i in range(5)], [f"{name}_q{i}" for i in range(2)]
    gnd = [
        dict(bbx=[8.0, 4.0, 88.0, 60.0], easy=[0], hard=[1], junk=[2]),
        dict(bbx=[0, 0, 96, 64], easy=[], hard=[3], junk=[]),
    ]
    members = {
        f"{folder}/{image}.jpg": jpeg(100 * len(name) + i)
        for i, (image, folder) in enumerate(zip(images + queries, [f"{name}/a", f"{name}/b"] * 4))
    }
    halves = np.array_split(list(members), len(archives))
    truth = pickle.dumps(dict(gnd=gnd, imlist=images, qimlist=queries), protocol=2)
    tarballs = {
        archive: tar_of({m: members[m] for m in half}) for archive, half in zip(archives, halves)
    }
    return {f"gnd_{name}.pkl": truth} | tarballs


def gl18_files() -> dict:
    """Six landmarks to learn from, two held out, four images each; two are missing, one is broken;
    22 parts.
    """
    rows = [(f"{landmark:02}{i:014x}", landmark) for landmark in range(8) for i in range(4)]
    train = "id,url,landmark_id\n" + "".join(
        f"{i},http://example.org/{i}.jpg,{landmark}\n" for i, landmark in rows
    )
    boxes = [
        "id,box\n"
        + "".join(f"{i},0.1 0.2 0.8 0.9\n" for i, landmark in rows if (landmark > 5) == held)
        for held in (False, True)
    ]
    images = {
        f"train/{i}.jpg": jpeg(n, (80, 64)) for n, (i, _) in enumerate(rows) if n not in (3, 9)
    }
    images[f"train/{rows[5][0]}.jpg"] = images[f"train/{rows[5][0]}.jpg"][:300]
    whole = tar_of(images)
    parts = [file.path for file in ENTRIES["gl18"].files if file.archive]
    cuts = np.linspace(0, len(whole), len(parts) + 1).astype(int)
    return {
        "train.csv": train.encode(),
        "boxes_split1.csv": boxes[0].encode(),
        "boxes_split2.csv": boxes[1].encode(),
    } | {part: whole[a:b] for part, a, b in zip(parts, cuts, cuts[1:])}


def distractor_files() -> dict:
    names = [f"{i % 3:02}/d{i:03}.jpg" for i in range(100)]
    tarballs = {
        f"revisitop1m.{i + 1}.tar.gz": tar_of({name: jpeg(1000 + i, (64, 48))})
        for i, name in enumerate(names)
    }
    tarballs["revisitop1m.8.tar.gz"] = tar_of({names[7]: b"no picture"})
    return {"revisitop1m.txt": "".join(f"{name}\n" for name in names).encode()} | tarballs


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server that has everything under the published names, and the real catalogue with its
    addresses turned there.
    """
    patch = pytest.MonkeyPatch()
    place = tmp_path_factory.mktemp("full scale") / "mémoire de masse"
    patch.setenv("SOLAR_HOME", str(place))
    patch.setattr(http, "WAIT", 0.01)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        patch.delenv(variable, raising=False)
    with serving() as server:
        server.files |= {f"{WEIGHTS}.pth": authors_checkpoint(), f"{START}.pth": start_checkpoint()}
        server.files |= benchmark_files("roxford5k", ["oxbuild_images-v1.tgz"])
        server.files |= benchmark_files("rparis6k", ["paris_1-v1.tgz", "paris_2-v1.tgz"])
        server.files |= gl18_files() | distractor_files()
        server.script |= {
            "GL18_TRAIN.partac": ["cut", "503"],
            f"{WEIGHTS}.pth": ["cut"],
            "train.csv": ["500"],
        }
        for name in (
            WEIGHTS,
            START,
            "roxford5k",
            "rparis6k",
            "gl18",
            "revisitop1m",
            "revisitop1m-descriptors",
        ):
            here = [
                replace(f, mirrors=(f"{server.url}/{f.path}",), digest="", size=None)
                for f in ENTRIES[name].files
            ]
            patch.setitem(ENTRIES, name, replace(ENTRIES[name], files=tuple(here), gigabytes=0.001))
        yield server, place
    patch.undo()


def solar_says(capsys, *command, code=0):
    assert main([str(word) for word in command]) == code, capsys.readouterr().err
    return capsys.readouterr().out


SMALL = ["--image-size", "96", "--single-scale", "--device", "cpu"]


def test_the_whole_way(world, tmp_path, capsys, monkeypatch):
    server, place = world
    monkeypatch.chdir(tmp_path)
    for name in (
        "mini-validation",
        "mini-revisitop",
    ):  # a data sheet scores both; small ones will do
        monkeypatch.setitem(DATASETS, name, Recipe("benchmark", 200_000, 1, 3, queries=1))

    # download -> index
    for name in (WEIGHTS, START, "roxford5k", "rparis6k", "revisitop1m"):
        solar_says(capsys, "data", name)
    found = json.loads(solar_says(capsys, "data", "gl18", "--json"))[0]
    assert (found["rows"], found["missing"], found["broken"], found["images"]) == (32, 2, 1, 21)
    assert found["landmarks"] == 6 and found["held_out"] == 8
    assert sorted(p.name for p in (place / "data" / "gl18").glob("[!.]*")) == [
        "boxes_split1.csv",
        "boxes_split2.csv",
        "index.csv",
        "jpg",
        "sources.json",
        "train.csv",
    ]
    assert len(list((place / "data" / "revisitop1m" / "jpg").glob("*/*.jpg"))) == 100

    # train two steps
    options = dict(
        data=place / "data" / "gl18",
        start=START,
        first_order="triplet",
        sos_weight=10,
        queries_per_epoch=4,
        batch_size=2,
        pool_size=12,
        negatives=2,
        epochs=1,
        image_size=128,
        lr=1e-6,
        lr_p_factor=100,
        lr_decay=0.01,
    )
    words = [
        word for key, value in options.items() for word in ("--" + key.replace("_", "-"), value)
    ]
    said = solar_says(capsys, "train", *words, "--output", "trained.pth", "--device", "cpu")
    sheet = json.loads(said)  # what goes on meanwhile is told on the other channel
    assert sheet["config"]["queries_per_epoch"] == 4 and sheet["photographs"] == 21
    start, trained = solar.load(START), solar.load("trained.pth")
    assert trained.soa == "45" and trained.architecture == "resnet18"
    for name, value in start.state_dict().items():
        moved = not torch.equal(value, trained.state_dict()[name])
        assert moved == (sheet["best_epoch"] > 0 and name.startswith(("whiten", "pool"))), (
            name
        )  # never the trunk

    # extract: a million distractors are a hundred here, one of which is broken
    solar_says(capsys, "extract", "revisitop1m", "--net", WEIGHTS, "--out", "r1m", *SMALL, code=3)
    store = solar.Store.open("r1m")
    assert (
        store.shape == (100, 2048)
        and store.names[7] == "d007.jpg"
        and store.skipped.tolist() == [7]
    )

    # the same rows as the authors publish them: a column an image, in torch's old serialisation
    rows = np.concatenate(list(store.chunks()))
    rows[7] = rows[8]
    net, bench = solar.load(WEIGHTS), solar.load_benchmark("roxford5k")
    options = dict(image_size=96, scales=(1.0,))
    rows[50] = solar.describe(net, bench.queries[:1], boxes=bench.boxes[:1], **options)[
        0
    ]  # a very hard distractor
    columns = torch.from_numpy(rows.T.copy())
    old = saved(columns, _use_new_zipfile_serialization=False)
    server.files[ENTRIES["revisitop1m-descriptors"].files[0].path] = old
    solar_says(capsys, "data", "revisitop1m-descriptors")

    # evaluate, without and with distractors
    for name in ("roxford5k", "rparis6k"):
        assert (
            json.loads(solar_says(capsys, "evaluate", name, "--net", WEIGHTS, *SMALL, "--json"))[
                "map"
            ]["hard"]
            > 0
        )
    command = ["evaluate", "roxford5k", "--net", WEIGHTS, *SMALL, "--json"]
    alone = json.loads(solar_says(capsys, *command))
    among = json.loads(solar_says(capsys, *command, "--distractors", "revisitop1m-descriptors"))
    database = solar.describe(net, bench.images, **options)
    queries = solar.describe(net, bench.queries, boxes=bench.boxes, **options)
    for report, distractors in ((alone, None), (among, rows)):
        expected = solar.evaluate(bench.ground_truth, database, queries, distractors=distractors)
        assert report["map"] == pytest.approx(expected.map, abs=1e-6)
    assert among["map"]["easy"] < alone["map"]["easy"]
    assert among["mp"]["easy"]["1"] == 0  # the copy of the query stands first

    # and all of it is whole
    report = json.loads(solar_says(capsys, "doctor", "--full", "--json"))
    states = {row["name"]: row["state"] for row in report["published"]}
    assert {name for name, state in states.items() if state == "whole"} == {
        WEIGHTS,
        START,
        "roxford5k",
        "rparis6k",
        "gl18",
        "revisitop1m",
        "revisitop1m-descriptors",
    }


def test_dry_runs_fetch_nothing(world, capsys):
    server, _ = world
    asked = len(server.requests)
    for name in ENTRIES:
        plan = json.loads(solar_says(capsys, "data", name, "--dry-run", "--json"))
        assert plan["name"] == name and all(file["mirrors"] for file in plan["files"])
    assert len(server.requests) == asked
