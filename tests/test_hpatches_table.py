"""The tool that scores methods on HPatches' files, on tiny files of the same form."""

import ast
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import hpatches_table  # noqa: E402

from solar.local import hpatches  # noqa: E402

MOVES = (0, 3, 6, 9, 12, 15)  # pixels to the right, of the six images


@pytest.fixture(scope="module")
def blocks():
    """A picture with corners, (160, 200, 3) uint8."""
    rng = np.random.default_rng(3)
    grey = np.kron(rng.integers(0, 255, (20, 25)), np.ones((8, 8))).astype(np.uint8)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


def test_sequences(tmp_path, blocks, capsys):
    folder = tmp_path / "v_blocks"
    folder.mkdir()
    for number, move in enumerate(MOVES, 1):
        image = np.roll(blocks, move, axis=1)
        cv2.imwrite(str(folder / f"{number}.ppm"), image)
        (folder / f"H_1_{number}").write_text(f"1 0 {move}\n0 1 0\n0 0 1\n")
    hpatches_table.main(["--sequences", str(tmp_path), "--methods", "sift", "--count", "200"])
    name, kind, scores = capsys.readouterr().out.strip().split(" ", 2)
    assert (name, kind) == ("sift", "v")
    scores = ast.literal_eval(scores)
    assert scores["pairs"] == 5 and scores["matches"] > 50
    # what is moved by whole pixels is found again, and its homography too
    assert scores["mma_1"] > 0.8 and scores["homography_auc_3"] > 0.8
    assert scores["mma_1"] <= scores["mma_3"] <= scores["mma_5"]


def test_patches(tmp_path, blocks, capsys):
    rng = np.random.default_rng(0)
    sizes = {}
    for sequence, count in dict(i_one=12, v_two=12).items():
        sizes[sequence] = count
        (tmp_path / sequence).mkdir()
        column = rng.integers(0, 255, (count * 5, 5)).astype(np.float32)
        column = cv2.resize(column, (65, count * 65), interpolation=cv2.INTER_LINEAR)
        for name in ("ref", *hpatches.HPATCHES_KINDS):
            noisy = column + rng.normal(0, 6, column.shape)
            file = tmp_path / sequence / f"{name}.png"
            cv2.imwrite(str(file), noisy.clip(0, 255).astype(np.uint8))
    tasks = hpatches.draw_hpatches_tasks(sizes, rng, pairs=200, queries=6, distractors=10)
    lists = tmp_path / "tasks"
    lists.mkdir()
    names = dict(right="verif_pos", intra="verif_neg_intra", inter="verif_neg_inter")
    names |= dict(queries="retr_queries", distractors="retr_distractors")
    for field, name in names.items():
        getattr(tasks, field).to_csv(lists / f"{name}_split-full.csv", index=False)
    words = ["--patches", str(tmp_path), "--tasks", str(lists)]
    hpatches_table.main([*words, "--methods", "sift", "untrained", "xfeat"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["sift", "untrained"]  # a peer has no patches
    scores = ast.literal_eval(lines[0].split(" ", 1)[1].replace("nan", "None"))
    assert scores["matching"] > 90 and scores["verification"] > 90


def test_without_files_it_says_what_to_give(capsys):
    with pytest.raises(SystemExit):
        hpatches_table.main([])
    assert "--patches and --tasks, or --sequences" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        hpatches_table.main(["--patches", "somewhere"])
    assert "belong together" in capsys.readouterr().err
