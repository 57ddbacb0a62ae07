"""The training index of GL18's layout, and the pickles of the field.

Nothing is lost or out of line, and the same files give the same index at every run.
"""

import os
import pickle
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from solar.cli import main
from solar.datasets import build_index, load_training
from solar.datasets.gl18 import INDEX_FILE
from solar.training.mining import epoch_tuples

IMAGES = [
    ("a0", 1),
    ("a1", 1),
    ("cut", 1),  # cut off
    ("b0", 2),
    ("b1", 2),
    ("gone", 2),  # missing
    ("c0", 3),  # landmark 3 has a box in split 2 alone
    ("c1", 3),
    ("odd", 4),  # whole, with three bytes after its end
]
BOXES_1 = """\
id,box
b1,0.1 0.2 0.8 0.9
a0,0.0 0.25 1.0 0.5
b0,0.9 0.2 0.1 0.9
"""
BOXES_2 = """\
id,box
c0,0.5 0.125 0.75 1
stranger,0 0 1 1
a1,no box here
"""


@pytest.fixture
def root(tmp_path):
    """Nine images of four landmarks in GL18's layout, some of them missing or broken."""
    jpg = tmp_path / "jpg"
    jpg.mkdir()
    for i, (name, _) in enumerate(IMAGES):
        if name != "gone":
            Image.new("RGB", (40, 30), (20 * i, 0, 0)).save(jpg / f"{name}.jpg")
    cut = jpg / "cut.jpg"
    cut.write_bytes(cut.read_bytes()[:-200])
    odd = jpg / "odd.jpg"
    odd.write_bytes(odd.read_bytes() + b"\0\0\0")

    lines = [f"{name},http://x/{name}.jpg,{landmark}" for name, landmark in IMAGES]
    lines = ["id,url,landmark_id", *lines, "a0,again,1", "nobody,,None"]
    (tmp_path / "train.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "boxes_split1.csv").write_text(BOXES_1)
    (tmp_path / "boxes_split2.csv").write_text(BOXES_2)
    return tmp_path


def test_counts_and_lines_of_the_index(root):
    counts = build_index(root, progress=False)
    assert counts == dict(
        rows=9,
        without_landmark=1,
        repeated=1,
        boxes_of_no_image=1,
        missing=1,
        broken=1,
        images=5,
        landmarks=3,
        queries=4,
        boxes=3,
        held_out=2,
    )
    lines = (root / INDEX_FILE).read_text().splitlines()
    assert lines[:4] == [
        "id,landmark_id,part,x0,y0,x1,y1,state",
        "a0,1,train,0.250000,0.000000,0.500000,1.000000,good",
        "a1,1,train,,,,,good",  # its box is no box
        "cut,1,train,,,,,broken",
    ]
    assert lines[6] == "gone,2,train,,,,,missing"
    assert lines[9] == "odd,4,train,,,,,good"


def test_decoding_finds_the_same_as_looking_at_both_ends(root):
    build_index(root, progress=False)
    first = (root / INDEX_FILE).read_bytes()
    build_index(root, decode=True, progress=False)
    assert (root / INDEX_FILE).read_bytes() == first


def test_an_index_changes_nothing(root):
    without = {split: load_training(root, split) for split in ("train", "val")}
    build_index(root, progress=False)
    for split, wanted in without.items():
        found = load_training(root, split)
        assert list(found.images) == list(wanted.images)
        assert found.landmarks.tolist() == wanted.landmarks.tolist()
        assert np.allclose(found.boxes, wanted.boxes, equal_nan=True, atol=1e-6)
        assert found.boxes.dtype == np.float32


def test_boxes_stand_beside_their_images(root):
    train = load_training(root)
    assert [path.stem for path in train.images] == ["a0", "a1", "b0", "b1", "odd"]
    boxes = {path.stem: box.tolist() for path, box in zip(train.images, train.boxes)}
    assert boxes["b1"] == pytest.approx([0.2, 0.1, 0.9, 0.8])
    assert np.isnan(boxes["b0"]).all()  # y0 > y1: no box
    val = load_training(root, split="val")
    assert val.landmarks.tolist() == [3, 3]
    assert val.boxes[0].tolist() == [0.125, 0.5, 1, 0.75]


@pytest.mark.parametrize("box", ["1e-1 2E-1 8.0e-1 .9", " 0.1 0.2 0.8 0.9 ", "+0.1\t0.2 0.8 9e-01"])
def test_boxes_may_have_exponents_signs_and_spaces(root, box):
    (root / "boxes_split1.csv").write_text(f"id,box\nb1,{box}\na0,0 0 1e0 1.\nb0,1e999 0 1 1\n")
    train = load_training(root)
    boxes = {path.stem: box.tolist() for path, box in zip(train.images, train.boxes)}
    assert boxes["b1"] == pytest.approx([0.2, 0.1, 0.9, 0.8])
    assert boxes["a0"] == [0, 0, 1, 1]
    assert np.isnan(boxes["b0"]).all()


@pytest.mark.parametrize(
    "box", ["1.2.3 0 1 1", "-0.5 0 1 1", "0 0 1", "0 0 1 1 1", "nan 0 1 1", ""]
)
def test_what_is_no_box_is_none(root, box):
    (root / "boxes_split1.csv").write_text(f"id,box\nb1,{box}\na0,0 0 1 1\n")
    train = load_training(root)
    boxes = {path.stem: box.tolist() for path, box in zip(train.images, train.boxes)}
    assert np.isnan(boxes["b1"]).all()
    assert boxes["a0"] == [0, 0, 1, 1]


@pytest.mark.parametrize("line", ["x,,None", "x,,", "x,,inf", "x,,1.5", ",,1", "x", "x,,1e999"])
def test_lines_without_a_landmark_are_counted_and_left_out(root, line):
    wanted = load_training(root)
    with (root / "train.csv").open("a") as file:
        file.write(f"\n{line}\n\n")
    assert list(load_training(root).images) == list(wanted.images)
    assert build_index(root, progress=False)["without_landmark"] == 2


def test_tables_of_any_editor(root):
    wanted = load_training(root)
    for name in ("train.csv", "boxes_split1.csv", "boxes_split2.csv"):
        text = (root / name).read_text()
        (root / name).write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    found = load_training(root)
    assert list(found.images) == list(wanted.images)
    assert np.allclose(found.boxes, wanted.boxes, equal_nan=True)


def nest(root):
    """Give all ids three letters of hexadecimal, and images the folders of GLDv2."""
    for name in ("train.csv", "boxes_split1.csv", "boxes_split2.csv"):
        text = (root / name).read_text()
        for image, _ in IMAGES:
            text = text.replace(f"{image},", f"6e1{image},")
        (root / name).write_text(text)
    (root / "jpg" / "6" / "e" / "1").mkdir(parents=True)
    for path in (root / "jpg").glob("*.jpg"):
        path.rename(root / "jpg" / "6" / "e" / "1" / f"6e1{path.name}")


def test_images_in_the_nested_folders_of_gldv2(root):
    flat = load_training(root)
    counts = build_index(root, progress=False)
    nest(root)
    deep = root / "jpg" / "6" / "e" / "1"
    for _ in range(2):  # without and with an index
        found = load_training(root)
        assert list(found.images) == [deep / f"6e1{path.name}" for path in flat.images]
        assert np.allclose(found.boxes, flat.boxes, equal_nan=True, atol=1e-6)
        assert build_index(root, progress=False) == counts


def test_a_stray_folder_nests_nothing(root):
    wanted = list(load_training(root).images)
    (root / "jpg" / "a").mkdir()
    assert list(load_training(root).images) == wanted


def test_every_image_with_a_sibling_is_a_query(root):
    train = load_training(root)
    rng = np.random.default_rng(0)
    tuples = epoch_tuples(train.landmarks, lambda i: torch.eye(5)[i], rng, negatives=1)
    assert sorted(tuples[:, 0]) == [0, 1, 2, 3]


def test_an_index_older_than_its_tables_is_not_used(root):
    build_index(root, progress=False)
    later = (root / INDEX_FILE).stat().st_mtime + 10
    (root / "train.csv").write_text("id,url,landmark_id\na0,,1\na1,,1\n")
    os.utime(root / "train.csv", (later, later))
    assert len(load_training(root)) == 2


@pytest.mark.parametrize(
    ("old", "new"), [(",train,", ",learn,"), (",val,", ",held out,"), ("state", "whole")]
)
def test_an_index_of_an_older_version_is_not_used(root, old, new):
    """Its parts or columns had other names; the tables are read instead."""
    wanted = {split: list(load_training(root, split).images) for split in ("train", "val")}
    build_index(root, progress=False)
    index = root / INDEX_FILE
    index.write_text(index.read_text().replace(old, new))
    for split, images in wanted.items():
        assert list(load_training(root, split).images) == images


def test_tables_and_folders_that_are_missing_or_strange(root):
    with pytest.raises(ValueError, match="split=3: expected 'train' or 'val'"):
        load_training(root, split=3)
    (root / "boxes_split2.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"boxes_split2\.csv: expected the columns id, box"):
        load_training(root)
    (root / "boxes_split2.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"boxes_split2\.csv: no such table"):
        build_index(root)
    (root / "boxes_split2.csv").write_text("id,box\n")
    with pytest.raises(ValueError, match=r"none of its 9 images can be used \(val\)"):
        load_training(root, split="val")
    shutil.rmtree(root / "jpg")
    with pytest.raises(FileNotFoundError, match="jpg: no such folder"):
        load_training(root)


def test_the_command_writes_the_index_and_counts(root, tmp_path, capsys):
    folder = tmp_path / "data" / "gl18"
    shutil.copytree(root / "jpg", folder / "jpg")
    for path in root.glob("*.csv"):
        shutil.copy(path, folder)
    assert main(["data", "gl18", "--root", str(folder.parent), "--offline"]) == 0
    printed = capsys.readouterr().out
    assert "broken: 1\n" in printed
    assert "queries: 4\n" in printed
    assert (folder / INDEX_FILE).is_file()


# ---- pickles


def database(**changes):
    """The content of a pickle of three images, with changes in both parts."""
    cids = ["abcdef123456", "x" * 8, "ffeeddccbbaa"]
    part = dict(cids=cids, cluster=[7, 7, 8], qidxs=[0], pidxs=[1]) | changes
    return dict(train=part, val=part | dict(cids=["q" * 8] * 3))


def test_sfm120k_keeps_its_pairs_and_its_nested_folders(tmp_path):
    path = tmp_path / "retrieval-SfM-120k.pkl"
    path.write_bytes(pickle.dumps(database(bbxs=[None] * 3)))
    index = load_training(path)
    assert index.images[0] == tmp_path / "ims" / "56" / "34" / "12" / "abcdef123456"
    assert index.pairs.tolist() == [[0, 1]]
    rng = np.random.default_rng(0)
    tuples = epoch_tuples(
        index.landmarks, lambda i: torch.eye(3)[i], rng, negatives=1, pairs=index.pairs
    )
    assert tuples.tolist() == [[0, 1, 2]]


def test_gl18s_pickle_gives_images_and_landmarks_alone(tmp_path):
    path = tmp_path / "db_gl18.pkl"
    path.write_bytes(pickle.dumps(database(bbxs=[None] * 3)))
    index = load_training(path, split="val")
    assert index.images[2] == tmp_path / "jpg" / "qqqqqqqq.jpg"
    assert index.images[1:] == [tmp_path / "jpg" / "qqqqqqqq.jpg"] * 2
    assert index.pairs is None
    assert index.boxes is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (dict(train={}), "expected train and val with cids"),
        (database(cluster=[1]), "3 images, 1 clusters"),
        (database(pidxs=[5]), "pairs beyond them"),
        (database(qidxs=[-1]), "pairs beyond them"),
    ],
)
def test_pickles_of_another_structure_are_refused(tmp_path, content, words):
    path = tmp_path / "retrieval-SfM-120k.pkl"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=words):
        load_training(path)


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_all_protocols_are_read(tmp_path, protocol):
    path = tmp_path / "db_gl18.pkl"
    content = database(cids=np.array([b"a", b"b", b"c"]), cluster=np.array([7, 7, 8]))
    path.write_bytes(pickle.dumps(content, protocol))
    index = load_training(path)
    assert [image.name for image in index.images] == ["a.jpg", "b.jpg", "c.jpg"]
    assert index.landmarks.tolist() == [7, 7, 8]


def test_a_pickle_that_runs_something_is_refused(tmp_path):
    path = tmp_path / "retrieval-SfM-120k.pkl"
    path.write_bytes(b"cposix\nsystem\n(S'touch hacked'\ntR.")
    with pytest.raises(ValueError, match="not a plain data pickle"):
        load_training(path)
