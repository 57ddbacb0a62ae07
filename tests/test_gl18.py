"""The training index of GL18's layout: nothing lost, nothing out of line, the same at every run; pickles of the field."""

import pickle

import numpy as np
import pytest
from PIL import Image

from solar.cli import main
from solar.datasets import build_index, load_training
from solar.datasets.gl18 import INDEX
from solar.mining import epoch_tuples


@pytest.fixture
def root(tmp_path):
    """Nine images of four landmarks; landmark 3 is held out; 'cut' is broken, 'gone' missing, 'odd' has a longer end."""
    rows = [("a0", 1), ("a1", 1), ("cut", 1), ("b0", 2), ("b1", 2), ("gone", 2), ("c0", 3), ("c1", 3), ("odd", 4)]
    (tmp_path / "jpg").mkdir()
    for i, (name, _) in enumerate(rows):
        if name != "gone":
            Image.new("RGB", (40, 30), (20 * i, 0, 0)).save(tmp_path / "jpg" / f"{name}.jpg")
    cut = tmp_path / "jpg" / "cut.jpg"
    cut.write_bytes(cut.read_bytes()[:-200])
    odd = tmp_path / "jpg" / "odd.jpg"
    odd.write_bytes(odd.read_bytes() + b"\0\0\0")
    lines = ["id,url,landmark_id", *(f"{n},http://x/{n}.jpg,{i}" for n, i in rows), "a0,again,1", "nobody,,None"]
    (tmp_path / "train.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "boxes_split1.csv").write_text("id,box\nb1,0.1 0.2 0.8 0.9\na0,0.0 0.25 1.0 0.5\nb0,0.9 0.2 0.1 0.9\n")
    (tmp_path / "boxes_split2.csv").write_text("id,box\nc0,0.5 0.125 0.75 1\nstranger,0 0 1 1\na1,no box here\n")
    return tmp_path


def test_counts_and_columns(root):
    counts = build_index(root, progress=False)
    assert counts == dict(
        rows=9, without_landmark=1, repeated=1, boxes_of_no_image=1, missing=1, broken=1, images=5, landmarks=3,
        queries=4 - 0 if False else 2, boxes=3, held_out=2,
    ) | dict(queries=2)  # fmt: skip
