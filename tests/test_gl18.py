"""The training index of GL18's layout: nothing lost or out of line, the same at every run; the
pickles of the field.
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


@pytest.fixture
def root(tmp_path):
    """Nine images of four landmarks, 3 is held out; 'cut' is broken, 'gone' missing, 'odd' has a
    longer end.
    """
    rows = [
        ("a0", 1),
        ("a1", 1),
        ("cut", 1),
        ("b0", 2),
        ("b1", 2),
        ("gone", 2),
        ("c0", 3),
        ("c1", 3),
        ("odd", 4),
    ]
    (tmp_path / "jpg").mkdir()
    for i, (name, _) in enumerate(rows):
        if name != "gone":
            Image.new("RGB", (40, 30), (20 * i, 0, 0)).save(tmp_path / "jpg" / f"{name}.jpg")
    cut = tmp_path / "jpg" / "cut.jpg"
    cut.write_bytes(cut.read_bytes()[:-200])
    odd = tmp_path / "jpg" / "odd.jpg"
    odd.write_bytes(odd.read_bytes() + b"\0\0\0")
    lines = [
        "id,url,landmark_id",
        *(f"{n},http://x/{n}.jpg,{i}" for n, i in rows),
        "a0,again,1",
        "nobody,,None",
    ]
    (tmp_path / "train.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "boxes_split1.csv").write_text(
        "id,box\nb1,0.1 0.2 0.8 0.9\na0,0.0 0.25 1.0 0.5\nb0,0.9 0.2 0.1 0.9\n"
    )
    (tmp_path / "boxes_split2.csv").write_text(
        "id,box\nc0,0.5 0.125 0.75 1\nstranger,0 0 1 1\na1,no box here\n"
    )
    return tmp_path


def test_counts_and_rows(root):
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
    assert lines[6] == "gone,2,train,,,,,missing" and lines[9] == "odd,4,train,,,,,good"
    first = (root / INDEX_FILE).read_bytes()
    build_index(root, decode=True, progress=False)
    assert (root / INDEX_FILE).read_bytes() == first


def test_boxes_line_up_with_and_without_an_index(root):
    plain = [load_training(root), load_training(root, split="val")]
    build_index(root, progress=False)
    for read, built in zip([load_training(root), load_training(root, split="val")], plain):
        assert (
            list(read.images) == list(built.images)
            and read.landmarks.tolist() == built.landmarks.tolist()
        )
        assert (
            np.allclose(read.boxes, built.boxes, equal_nan=True, atol=1e-6)
            and read.boxes.dtype == np.float32
        )
    learn, held_out = plain
    assert [path.stem for path in learn.images] == ["a0", "a1", "b0", "b1", "odd"]
    boxes = {path.stem: box.tolist() for path, box in zip(learn.images, learn.boxes)}
    assert (
        boxes["b1"] == pytest.approx([0.2, 0.1, 0.9, 0.8]) and np.isnan(boxes["b0"]).all()
    )  # y0 > y1: no box
    assert held_out.landmarks.tolist() == [3, 3] and held_out.boxes[0].tolist() == [
        0.125,
        0.5,
        1,
        0.75,
    ]
    rows = epoch_tuples(
        learn.landmarks, lambda i: torch.eye(5)[i], np.random.default_rng(0), negatives=1
    )
    assert sorted(rows[:, 0]) == [0, 1, 2, 3]  # every image with a sibling is a query


def test_an_index_older_than_its_tables_is_not_believed(root):
    build_index(root, progress=False)
    later = (root / INDEX_FILE).stat().st_mtime + 10
    (root / "train.csv").write_text("id,url,landmark_id\na0,,1\na1,,1\n")
    os.utime(root / "train.csv", (later, later))
    assert len(load_training(root)) == 2


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


def test_the_command_counts(root, tmp_path, capsys):
    place = tmp_path / "data"
    place.mkdir()
    shutil.copytree(root / "jpg", place / "gl18" / "jpg")
    for path in root.glob("*.csv"):
        shutil.copy(path, place / "gl18")
    assert main(["data", "gl18", "--root", str(place), "--offline"]) == 0
    out = capsys.readouterr().out
    assert (
        "broken: 1\n" in out and "queries: 4\n" in out and (place / "gl18" / INDEX_FILE).is_file()
    )


def database(**changes):
    part = dict(
        cids=["abcdef123456", "x" * 8, "ffeeddccbbaa"], cluster=[7, 7, 8], qidxs=[0], pidxs=[1]
    )
    part |= changes
    return dict(train=part, val=dict(part, cids=["q" * 8] * 3))


def test_pickles_of_the_field(tmp_path):
    for name in ("retrieval-SfM-120k", "db_gl18"):
        (tmp_path / f"{name}.pkl").write_bytes(pickle.dumps(database(bbxs=[None] * 3)))
    sfm, gl18 = (
        load_training(tmp_path / "retrieval-SfM-120k.pkl"),
        load_training(tmp_path / "db_gl18.pkl", split="val"),
    )
    assert sfm.images[
        0
    ] == tmp_path / "ims" / "56" / "34" / "12" / "abcdef123456" and sfm.pairs.tolist() == [[0, 1]]
    assert gl18.images[2] == tmp_path / "jpg" / "qqqqqqqq.jpg" and gl18.pairs is None
    rows = epoch_tuples(
        sfm.landmarks,
        lambda i: torch.eye(3)[i],
        np.random.default_rng(0),
        negatives=1,
        pairs=sfm.pairs,
    )
    assert rows.tolist() == [[0, 1, 2]]


def test_pickles_that_are_not(tmp_path):
    path = tmp_path / "retrieval-SfM-120k.pkl"
    for content, words in (
        (dict(train={}), "expected train and val with cids"),
        (database(cluster=[1]), "3 images, 1 clusters"),
        (database(pidxs=[5]), "pairs beyond them"),
    ):
        path.write_bytes(pickle.dumps(content))
        with pytest.raises(ValueError, match=words):
            load_training(path)
    path.write_bytes(b"cposix\nsystem\n(S'touch hacked'\ntR.")
    with pytest.raises(ValueError, match="not a plain data pickle"):
        load_training(path)
