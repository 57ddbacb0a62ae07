"""Datasets on disk: names become folders, benchmarks are read in the published layout.

Whatever is missing or broken gives one clear line.
"""

import json
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from solar import datasets, evaluate, load_benchmark
from solar.cli import main
from solar.datasets import folder_of, load_patches, load_training, read_ground_truth
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


@pytest.mark.parametrize("name", ["liberty", "gl18", "roxford5k", "mini-phototour-test"])
def test_names_go_before_what_lies_in_the_current_folder(tmp_path, monkeypatch, name):
    (tmp_path / "here" / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    assert datasets.is_name(name)
    if name in DATASETS:
        monkeypatch.setattr("solar.world.make", lambda name, root: root / name)
    assert folder_of(name, tmp_path / "data") == tmp_path / "data" / name
    for path in (f"./{name}", Path(name)):  # paths are told from names
        assert not datasets.is_name(path)
        assert folder_of(path, tmp_path / "data").samefile(tmp_path / "here" / name)


def test_the_folder_of_a_names_name_is_opened_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_patches(tmp_path / "liberty", "0 0\n")
    with pytest.raises(FileNotFoundError, match="solar data phototour-liberty"):
        load_patches("liberty", tmp_path / "data")
    assert len(load_patches("./liberty")) == 1


def write_patches(folder, info):
    """Write one sheet of patches and a table; return the folder."""
    folder.mkdir(exist_ok=True)
    Image.fromarray(np.zeros((1024, 1024), np.uint8)).save(folder / "patches0000.bmp")
    (folder / "info.txt").write_bytes(info.encode() if isinstance(info, str) else info)
    return folder


def test_what_goes_with_a_mini_set():
    scored_on = {"validation": "mini-validation", "test": "mini-revisitop"}
    assert datasets.benchmarks_of("mini-gl18") == scored_on
    assert datasets.benchmarks_of("mini-gl18-tuning") == scored_on
    assert datasets.benchmarks_of("gl18") == {}
    assert datasets.benchmarks_of("mini-phototour") == {}
    assert datasets.test_patches_of("mini-phototour") == "mini-phototour-test"
    assert datasets.test_patches_of("liberty") is None
    # joined sets have test patches if each has
    joined = datasets.test_patches_of("mini-phototour+mini-photographs")
    assert joined == "mini-phototour-test+mini-photographs-test"
    assert datasets.test_patches_of("mini-phototour+liberty") is None
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


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_lists_of_distractors_of_any_editor(tmp_path, encoding):
    folder = tmp_path / "revisitop1m"
    (folder / "jpg").mkdir(parents=True)
    names = ["é.jpg", "market\u2028square.jpg", "x.jpg"]
    (folder / "revisitop1m.txt").write_bytes("\r\n".join([*names, ""]).encode(encoding))
    images = load_benchmark("revisitop1m", tmp_path).images
    assert images == [folder / "jpg" / name for name in names]


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
        dict(gnd=[GOOD | dict(bbx=[0, 0, 9, float("nan")])]),
        dict(gnd=[GOOD | dict(easy=[0.5])]),
        dict(gnd=[GOOD | dict(easy=[float("inf")])]),
        dict(gnd=[GOOD | dict(easy=["1"])]),
        dict(gnd=[GOOD | dict(easy=np.array([True, False]))]),
        dict(gnd=[GOOD | dict(hard=["x" * 100_000])]),
        dict(imlist=[["a"], ["b"]]),
    ],
)
def test_a_ground_truth_of_another_structure_is_refused(tmp_path, changes):
    with pytest.raises(ValueError, match=r"gnd_roxford5k\.pkl") as caught:
        load_benchmark("roxford5k", write_roxford5k(tmp_path, **changes))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 700


def test_unknown_benchmarks_list_the_known():
    for name in ("nosuch", "mini-gl18", ""):
        with pytest.raises(ValueError, match=r"unknown benchmark.*mini-revisitop.*roxford5k"):
            load_benchmark(name)


@pytest.mark.parametrize("label", ["easy", "hard", "junk"])
def test_an_image_that_is_listed_twice_counts_once(tmp_path, label):
    query = GOOD | {label: np.array([1, 0, 1, 1])}
    truth = load_benchmark("roxford5k", write_roxford5k(tmp_path, gnd=[query])).ground_truth
    assert truth[0][label] == [1, 0]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (dict(easy=[0, 1], junk=[1]), "image 1 (b) is in easy and in junk"),
        (dict(easy=[0], hard=[1, 0]), "image 0 (a) is in easy and in hard"),
        (dict(hard=[1], junk=[0, 1]), "image 1 (b) is in hard and in junk"),
        (dict(ok=[0, 1], junk=[0]), "image 0 (a) is in ok and in junk"),
    ],
)
def test_two_labels_of_one_image_are_refused_with_the_query(tmp_path, query, words):
    good = GOOD | dict(ok=[])
    root = write_roxford5k(tmp_path, qimlist=["q", "tower"], gnd=[good, good | query])
    if "ok" not in query:
        entries = [GOOD, GOOD | query]
        content = dict(imlist=["a", "b"], qimlist=["q", "tower"], gnd=entries)
        (root / "roxford5k" / "gnd_roxford5k.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=re.escape(f"query 1 (tower): {words}")):
        load_benchmark("roxford5k", root)


@pytest.mark.parametrize("protocol", range(6))
def test_ground_truths_of_all_protocols_are_read(tmp_path, protocol):
    content = dict(imlist=np.array(["é", "b"]), qimlist=[np.str_("q")], gnd=[QUERY])
    path = tmp_path / "gnd.pkl"
    path.write_bytes(pickle.dumps(content, protocol))
    images, queries, truth = read_ground_truth(path)
    assert (images, queries) == (["é", "b"], ["q"])
    assert truth == [dict(bbx=(1, 2, 30, 40), easy=[0], hard=[1], junk=[])]


def test_names_as_bytes_are_names(tmp_path):
    content = dict(imlist=np.array([b"a", b"caf\xe9"]), qimlist=["é".encode()], gnd=[QUERY])
    (tmp_path / "gnd.pkl").write_bytes(pickle.dumps(content))
    images, queries, _ = read_ground_truth(tmp_path / "gnd.pkl")
    assert (images, queries) == (["a", "café"], ["é"])


# ---- own benchmarks


@pytest.fixture
def mine(tmp_path):
    """A ground truth and a folder of images of several formats."""
    photos = tmp_path / "my photos"
    (photos / "sub").mkdir(parents=True)
    for name in ("a.png", "sub/b.v2.tif", "query é.JPG"):
        Image.new("RGB", (40, 30)).save(photos / name)
    (photos / "notes.txt").touch()
    query = dict(bbx=[0, 0, 40, 30], easy=[0], hard=[1], junk=[])
    content = dict(imlist=["a", "sub/b.v2"], qimlist=["query é"], gnd=[query])
    (tmp_path / "gnd_mine.json").write_text(json.dumps(content))
    (tmp_path / "gnd_mine.pkl").write_bytes(pickle.dumps(content, 2))
    return tmp_path


@pytest.mark.parametrize("suffix", [".pkl", ".json"])
@pytest.mark.parametrize("kind", [str, Path])
def test_an_own_benchmark_is_a_ground_truth_and_a_folder(mine, suffix, kind):
    photos = mine / "my photos"
    benchmark = load_benchmark(kind(mine / f"gnd_mine{suffix}"), images=kind(photos))
    assert benchmark.name == "mine"
    assert benchmark.images == [photos / "a.png", photos / "sub" / "b.v2.tif"]
    assert benchmark.queries == [photos / "query é.JPG"]
    assert benchmark.boxes == [(0, 0, 40, 30)]
    photos.rename(mine / "jpg")  # beside the ground truth it need not be named
    assert load_benchmark(mine / f"gnd_mine{suffix}").images[0] == mine / "jpg" / "a.png"


def test_names_of_own_images_may_have_their_suffix(mine):
    photos = mine / "my photos"
    content = json.loads((mine / "gnd_mine.json").read_text())
    Image.new("RGB", (40, 30)).save(photos / "a.jpg")
    with pytest.raises(ValueError, match=r"several images are called a \(\.jpg, \.png\)"):
        load_benchmark(mine / "gnd_mine.json", images=photos)
    content["imlist"][1] = "sub/b.v2.TIF"
    content["imlist"][0] = "a.png"
    (mine / "gnd_mine.json").write_text(json.dumps(content), encoding="utf-8-sig")
    assert load_benchmark(mine / "gnd_mine.json", images=photos).images[0] == photos / "a.png"


def test_own_images_on_a_disk_of_latin_1(mine):
    photos = mine / "my photos"
    latin = photos / os.fsdecode("query é.JPG".encode("latin-1"))
    (photos / "query é.JPG").rename(latin)
    assert load_benchmark(mine / "gnd_mine.pkl", images=photos).queries == [latin]


def test_what_an_own_benchmark_lacks_is_named(mine):
    truth = mine / "gnd_mine.json"
    with pytest.raises(FileNotFoundError, match=r"gnd_none\.pkl: no such ground truth"):
        load_benchmark(mine / "gnd_none.pkl", images=mine)
    with pytest.raises(FileNotFoundError, match=r"jpg: no such folder.*--images FOLDER"):
        load_benchmark(truth)
    with pytest.raises(ValueError, match="roxford5k: its images are known"):
        load_benchmark("roxford5k", images=mine)
    (mine / "my photos" / "a.png").rename(mine / "my photos" / "a.heic")
    with pytest.raises(FileNotFoundError, match=r"1 of 3 images are not there, such as a .*heic"):
        load_benchmark(truth, images=mine / "my photos")


# ---- outputs of `solar data`


def test_json_never_replaces_its_source(mine, capsys, monkeypatch):
    monkeypatch.chdir(mine)
    before = (mine / "gnd_mine.pkl").read_bytes()
    (mine / "link.json").symlink_to(mine / "gnd_mine.pkl")
    (mine / "hard.json").hardlink_to(mine / "gnd_mine.pkl")
    for output in ("gnd_mine.pkl", "./gnd_mine.pkl", "link.json", "hard.json"):
        assert main(["data", "json", "--dataset", "gnd_mine.pkl", "-o", output]) == 2
        assert "is the input" in capsys.readouterr().err
    assert (mine / "gnd_mine.pkl").read_bytes() == before


def test_a_default_output_replaces_no_file(mine, capsys, monkeypatch):
    monkeypatch.chdir(mine)
    (mine / "gnd_mine.json").write_text("precious")
    assert main(["data", "json", "--dataset", "gnd_mine.pkl"]) == 2
    assert "gnd_mine.json: is there already; -o gnd_mine.json" in capsys.readouterr().err
    assert (mine / "gnd_mine.json").read_text() == "precious"
    (mine / "contact-sheet.png").write_text("precious")
    assert main(["data", "show"]) == 2
    assert (mine / "contact-sheet.png").read_text() == "precious"
    assert main(["data", "json", "--dataset", "gnd_mine.pkl", "-o", "gnd_mine.json"]) == 0
    assert json.loads((mine / "gnd_mine.json").read_text())["qimlist"] == ["query é"]


# ---- tables of patches


@pytest.mark.parametrize(
    "info",
    [
        "0 0\n0 1\n1 0\n\n",
        "\n0 0\n\n0 1\n1 0",
        "\ufeff0 0\r\n0 1\r\n1 0\r\n",
        "0.0 0\n0 1.0\n1e0 0\n",
        "0 0 7\n0 1 7\n1 0 7\n",
        "  0\t0 \n0  1\n1 0\n",
    ],
)
def test_tables_of_patches_are_read_line_by_line(tmp_path, info):
    patches = load_patches(write_patches(tmp_path, info))
    assert patches.points.tolist() == [0, 0, 1]
    assert patches.photographs.tolist() == [0, 1, 0]


@pytest.mark.parametrize("name", [os.fsdecode(b"caf\xe9"), "two\nlines", "日本", "50% #1"])
def test_patches_in_a_folder_of_any_name(tmp_path, name):
    folder = write_patches(tmp_path / name, "0 0\n")
    assert len(load_patches(folder)) == 1
    (folder / "patches0000.bmp").write_bytes(b"")
    with pytest.raises(ValueError, match=r"patches0000\.bmp: expected a sheet") as caught:
        load_patches(folder)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1", "line 3 is '1'"),
        ("1 0 0 1", "line 3 is '1 0 0 1'"),
        ("1 0.5", r"line 3 is '1 0\.5'"),
        ("1 nan", "line 3 is '1 nan'"),
        ("1,0", "line 3 is '1,0'"),
        ("1e30 0", "line 3 is '1e30 0'"),
        ("1 " + "9" * 5000, "line 3 is"),
    ],
)
def test_a_line_of_another_kind_is_named_with_its_number(tmp_path, line, words):
    write_patches(tmp_path, f"0 0\n\n{line}\n1 0\n")
    with pytest.raises(
        ValueError, match=r"info\.txt: expected 2 whole numbers.*" + words
    ) as caught:
        load_patches(tmp_path)
    assert len(str(caught.value)) < 500


def test_short_lines_of_test_pairs_are_named(tmp_path):
    write_patches(tmp_path, "0 0\n0 1\n1 0\n")
    (tmp_path / "m50_2_2_0.txt").write_text("0 0 0 1 0 0\n\n0 0 0 2e0 1 0\n")
    assert load_patches(tmp_path).same.tolist() == [True, False]
    (tmp_path / "m50_2_2_0.txt").write_text("0 0 0 1 0 0\n0 0 0 2 1\n")
    with pytest.raises(ValueError, match=r"m50_2_2_0\.txt: expected 6 whole .* line 2 is"):
        load_patches(tmp_path)
