"""Datasets on disk: names become folders, benchmarks are read in the published layout.

Whatever is missing or broken gives one clear line.
"""

import pickle

import numpy as np
import pytest

from solar import datasets, evaluate, load_benchmark
from solar.datasets import folder_of, load_patches, load_training
from solar.world import DATASETS, Recipe

QUERY = dict(bbx=np.array([1.0, 2, 30, 40]), easy=np.array([0]), hard=[1], junk=np.array([], int))


def write_roxford5k(root, **changes):
    """Write two images' names and one query in the published layout; return `root`."""
    content = dict(imlist=["a", "b"], qimlist=["q"], gnd=[QUERY]) | changes
    folder = root / "roxford5k"
    (folder / "jpg").mkdir(parents=True)
    (folder / "gnd_roxford5k.pkl").write_bytes(pickle.dumps(content))
    return root


# ---- names


def test_published_names_have_folders_below_root_or_home(tmp_path, monkeypatch):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path / "home"))
    assert folder_of("roxford5k") == tmp_path / "home" / "data" / "roxford5k"
    assert folder_of("oxford5k", tmp_path) == tmp_path / "roxford5k"
    assert folder_of("liberty", tmp_path) == tmp_path / "liberty"
    assert folder_of("gl18", tmp_path) == tmp_path / "gl18"


def test_own_data_have_a_path_or_a_name_below_root(tmp_path):
    (tmp_path / "mine").mkdir()
    assert folder_of(tmp_path / "mine") == tmp_path / "mine"
    assert folder_of("mine", root=tmp_path, use="training") == tmp_path / "mine"


@pytest.mark.parametrize("use", ["benchmark", "patches", "training", None])
def test_unknown_names_list_the_known_ones_of_their_use(tmp_path, use):
    known = datasets.names_of(use or "training")
    for name in ("nosuch", ""):
        with pytest.raises(ValueError, match="unknown") as caught:
            folder_of(name, tmp_path, use)
        assert all(one in str(caught.value) for one in known)


def test_a_name_of_another_use_is_refused(tmp_path):
    with pytest.raises(ValueError, match="unknown patches 'mini-gl18'"):
        folder_of("mini-gl18", tmp_path, use="patches")
    with pytest.raises(ValueError, match="unknown training set 'mini-revisitop'"):
        load_training("mini-revisitop", root=tmp_path)


def test_a_path_that_leads_nowhere_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
        load_training(tmp_path / "nowhere")


def test_what_goes_with_a_mini_set():
    scored_on = {"validation": "mini-validation", "test": "mini-revisitop"}
    assert datasets.benchmarks_of("mini-gl18") == scored_on
    assert datasets.benchmarks_of("mini-gl18-tuning") == scored_on
    assert datasets.benchmarks_of("gl18") == {}
    assert datasets.benchmarks_of("mini-phototour") == {}
    assert datasets.test_patches_of("mini-phototour") == "mini-phototour-test"
    assert datasets.test_patches_of("liberty") is None
    assert datasets.image_size_of("mini-distractors") == 256
    assert datasets.image_size_of("revisitop1m") == 1024
    assert datasets.image_size_of("photos/") == 1024


def test_mini_sets_are_made_when_first_asked_for(tmp_path, monkeypatch):
    recipes = {
        "mini-revisitop": Recipe("benchmark", 200_000, 1, 2, queries=1),
        "mini-distractors": Recipe("distractors", 300_000, 1, 2),
        "mini-gl18": Recipe("train", 0, 8, 1),
        "mini-phototour": Recipe("patches", 410_000, 1, 2),
    }
    for name, recipe in recipes.items():
        monkeypatch.setitem(DATASETS, name, recipe)

    benchmark = load_benchmark("mini-revisitop", tmp_path)
    assert (len(benchmark.images), len(benchmark.queries)) == (2, 1)
    assert all(path.is_file() for path in benchmark.images + benchmark.queries)
    assert benchmark == load_benchmark("mini-revisitop", tmp_path)
    distractors = load_benchmark("mini-distractors", tmp_path)
    assert all(path.is_file() for path in distractors.images)

    train = load_training("mini-gl18", root=tmp_path)
    val = load_training("mini-gl18", split="val", root=tmp_path)
    assert (len(train), len(val)) == (7, 1)  # every eighth landmark is for validation
    assert all(path.is_file() for path in [*train.images, *val.images])
    assert load_patches("mini-phototour", tmp_path).name == "mini-phototour"


# ---- benchmarks


def test_a_published_benchmark(tmp_path):
    benchmark = load_benchmark("roxford5k", write_roxford5k(tmp_path))
    jpg = tmp_path / "roxford5k" / "jpg"
    assert benchmark.images == [jpg / "a.jpg", jpg / "b.jpg"]
    assert benchmark.queries == [jpg / "q.jpg"]
    assert benchmark.boxes == [(1, 2, 30, 40)]
    assert benchmark.ground_truth == [dict(bbx=(1, 2, 30, 40), easy=[0], hard=[1], junk=[])]
    assert repr(benchmark) == "Benchmark('roxford5k'): 2 images, 1 queries"


def test_the_first_benchmarks_share_the_images_of_the_revisited(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"oxford5k: not complete.*gnd_oxford5k\.pkl"):
        load_benchmark("oxford5k", tmp_path)

    root = write_roxford5k(tmp_path)
    query = dict(bbx=[1, 2, 30, 40], ok=[1], junk=[0])
    content = dict(imlist=["a", "b"], qimlist=["q"], gnd=[query])
    truth = root / "roxford5k" / "gnd_oxford5k.pkl"
    truth.write_bytes(pickle.dumps(content))
    benchmark = load_benchmark("oxford5k", root)
    assert benchmark.name == "oxford5k"
    assert benchmark.images == load_benchmark("roxford5k", root).images
    assert benchmark.ground_truth == [dict(bbx=(1, 2, 30, 40), ok=[1], junk=[0])]
    database = np.eye(2, dtype=np.float32)
    report = evaluate(benchmark.ground_truth, database, np.array([[0.6, 0.8]], np.float32))
    assert report.map == {"original": 1.0}

    truth.write_bytes(pickle.dumps(content | dict(gnd=[query | dict(ok=[2])])))
    with pytest.raises(ValueError, match="labels images beyond the 2"):
        load_benchmark("oxford5k", root)


def test_a_list_of_distractors(tmp_path):
    folder = tmp_path / "revisitop1m"
    (folder / "jpg").mkdir(parents=True)
    (folder / "revisitop1m.txt").write_text("00/x.jpg\r\n01/y.jpg\n\n")
    benchmark = load_benchmark("revisitop1m", tmp_path)
    assert benchmark.images == [folder / "jpg" / "00/x.jpg", folder / "jpg" / "01/y.jpg"]
    assert benchmark.queries == []
    assert benchmark.ground_truth == []


@pytest.mark.parametrize("name", ["roxford5k", "rparis6k", "revisitop1m"])
def test_absent_data_say_what_to_fetch_and_where_to_put_it(tmp_path, monkeypatch, name):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        load_benchmark(name)
    message = str(caught.value)
    assert "http" in message or "ox.ac.uk" in message
    assert str(tmp_path / "data" / name / "jpg") in message
    assert "\n" not in message


def test_a_ground_truth_without_its_images(tmp_path):
    (write_roxford5k(tmp_path) / "roxford5k" / "jpg").rmdir()
    with pytest.raises(FileNotFoundError, match=r"roxford5k: not complete.*oxbuild_images"):
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
        load_benchmark("roxford5k", write_roxford5k(tmp_path, **changes))


def test_unknown_benchmarks_list_the_known():
    for name in ("nosuch", "mini-gl18", ""):
        with pytest.raises(ValueError, match=r"unknown benchmark.*mini-revisitop.*roxford5k"):
            load_benchmark(name)
