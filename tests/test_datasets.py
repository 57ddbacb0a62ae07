"""Benchmarks on disk in the published layout, and a clear line for whatever is missing or broken."""

import pickle

import numpy as np
import pytest

from solar import evaluate, load_benchmark
from solar.world import DATASETS, Recipe


def lay_out(root, name="roxford5k", **changes):
    gnd = [
        dict(bbx=np.array([1.0, 2, 30, 40]), easy=np.array([0]), hard=[1], junk=np.array([], int))
    ]
    content = dict(imlist=["a", "b"], qimlist=["q"], gnd=gnd) | changes
    (root / name / "jpg").mkdir(parents=True)
    (root / name / f"gnd_{name}.pkl").write_bytes(pickle.dumps(content))
    return root


def test_a_published_benchmark(tmp_path):
    bench = load_benchmark("roxford5k", lay_out(tmp_path))
    assert bench.images == [tmp_path / "roxford5k" / "jpg" / f"{n}.jpg" for n in "ab"]
    assert bench.queries == [tmp_path / "roxford5k" / "jpg" / "q.jpg"] and bench.boxes == [
        (1, 2, 30, 40)
    ]
    assert bench.ground_truth == [dict(bbx=(1, 2, 30, 40), easy=[0], hard=[1], junk=[])]
    assert repr(bench) == "Benchmark('roxford5k'): 2 images, 1 queries"


def test_the_first_benchmarks_share_the_images_of_the_revisited(tmp_path):
    gnd = [dict(bbx=[1, 2, 30, 40], ok=[1], junk=[0])]
    with pytest.raises(FileNotFoundError, match=r"oxford5k: not complete.*gnd_oxford5k\.pkl"):
        load_benchmark("oxford5k", tmp_path)
    root = lay_out(tmp_path)
    content = dict(imlist=["a", "b"], qimlist=["q"], gnd=gnd)
    (root / "roxford5k" / "gnd_oxford5k.pkl").write_bytes(pickle.dumps(content))
    bench = load_benchmark("oxford5k", root)
    assert bench.images == load_benchmark("roxford5k", root).images and bench.name == "oxford5k"
    assert bench.ground_truth == [dict(bbx=(1, 2, 30, 40), ok=[1], junk=[0])]
    report = evaluate(
        bench.ground_truth, np.eye(2, dtype=np.float32), np.array([[0.6, 0.8]], np.float32)
    )
    assert report.map == {"original": 1.0}
    (root / "roxford5k" / "gnd_oxford5k.pkl").write_bytes(
        pickle.dumps(content | dict(gnd=[gnd[0] | dict(ok=[2])]))
    )
    with pytest.raises(ValueError, match="labels images beyond the 2"):
        load_benchmark("oxford5k", root)


def test_a_list_of_distractors(tmp_path):
    (tmp_path / "revisitop1m" / "jpg").mkdir(parents=True)
    (tmp_path / "revisitop1m" / "revisitop1m.txt").write_text("00/x.jpg\r\n01/y.jpg\n\n")
    bench = load_benchmark("revisitop1m", tmp_path)
    assert bench.images == [tmp_path / "revisitop1m" / "jpg" / n for n in ("00/x.jpg", "01/y.jpg")]
    assert bench.queries == bench.ground_truth == []


@pytest.mark.parametrize("name", ["roxford5k", "rparis6k", "revisitop1m"])
def test_absent_data_say_what_to_fetch_and_where_to_put_it(tmp_path, monkeypatch, name):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        load_benchmark(name)
    message = str(caught.value)
    assert "http" in message or "ox.ac.uk" in message
    assert str(tmp_path / "data" / name / "jpg") in message and "\n" not in message


def test_a_ground_truth_without_its_images(tmp_path):
    (lay_out(tmp_path) / "roxford5k" / "jpg").rmdir()
    with pytest.raises(FileNotFoundError, match="roxford5k: not complete.*oxbuild_images"):
        load_benchmark("roxford5k", tmp_path)


GOOD = dict(bbx=[0, 0, 9, 9], easy=[], hard=[], junk=[])


@pytest.mark.parametrize(
    "changes",
    [
        dict(gnd=3),
        dict(gnd=[{}]),
        dict(gnd=[]),
        dict(qimlist=None),
        dict(gnd=[GOOD | dict(bbx=[1, 2])]),
        dict(gnd=[GOOD | dict(easy=[2])]),
        dict(gnd=[GOOD | dict(junk=[-1])]),
        dict(gnd=[GOOD | dict(bbx=["a"] * 4)]),
    ],
)
def test_a_ground_truth_of_another_structure_is_refused(tmp_path, changes):
    with pytest.raises(ValueError, match=r"gnd_roxford5k\.pkl"):
        load_benchmark("roxford5k", lay_out(tmp_path, **changes))


def test_unknown_names_list_the_known():
    for name in ("nosuch", "mini-gl18", ""):
        with pytest.raises(ValueError, match="unknown benchmark.*mini-revisitop.*roxford5k"):
            load_benchmark(name)


def test_mini_benchmarks_are_made_when_first_asked_for(tmp_path, monkeypatch):
    monkeypatch.setitem(DATASETS, "mini-revisitop", Recipe("benchmark", 200_000, 1, 2, queries=1))
    monkeypatch.setitem(DATASETS, "mini-distractors", Recipe("distractors", 300_000, 1, 2))
    bench = load_benchmark("mini-revisitop", tmp_path)
    assert (len(bench.images), len(bench.queries)) == (2, 1)
    assert all(path.is_file() for path in bench.images + bench.queries)
    assert bench == load_benchmark("mini-revisitop", tmp_path)
    assert all(path.is_file() for path in load_benchmark("mini-distractors", tmp_path).images)
