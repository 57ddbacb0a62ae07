"""HPatches: files and lists are read, broken ones named, the three tasks are those of loops."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from solar.local import hpatches
from solar.local.hpatches import (
    HPATCHES_KINDS,
    draw_hpatches_tasks,
    load_hpatches,
    load_hpatches_tasks,
    load_sequences,
)
from solar.local.metrics import area, raw_pixels


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


@pytest.fixture
def folder(tmp_path):
    """Two sequences of three patches, every file of another grey."""
    for sequence in ("i_light", "v_view"):
        (tmp_path / sequence).mkdir()
        for number, name in enumerate(("ref", *HPATCHES_KINDS)):
            column = np.repeat(np.array([10, 20, 30]) + number, 65)[:, None] * np.ones((1, 65))
            cv2.imwrite(str(tmp_path / sequence / f"{name}.png"), column.astype(np.uint8))
    return tmp_path


def test_patches_are_read(folder):
    data = load_hpatches(folder)
    assert list(data) == ["i_light", "v_view"]
    assert len(HPATCHES_KINDS) == 15
    assert data["v_view"]["ref"].shape == (3, 32, 32)
    assert (data["v_view"]["ref"] == np.array([10, 20, 30])[:, None, None]).all()
    assert (data["v_view"]["e2"][:, 0, 0] == [12, 22, 32]).all()


def test_broken_files_are_named(folder):
    cv2.imwrite(str(folder / "v_view" / "h3.png"), np.zeros((65, 65), np.uint8))
    with pytest.raises(ValueError, match=r"h3\.png: 1 patches"):
        load_hpatches(folder)
    cv2.imwrite(str(folder / "v_view" / "h3.png"), np.zeros((64, 65), np.uint8))
    with pytest.raises(ValueError, match="expected a column of 65 x 65"):
        load_hpatches(folder)
    (folder / "v_view" / "h3.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"h3\.png: this file"):
        load_hpatches(folder)
    with pytest.raises(FileNotFoundError, match="no HPatches sequence"):
        load_hpatches(folder / "i_light")


def test_image_sequences_are_read(tmp_path):
    folder = tmp_path / "v_wall"
    folder.mkdir()
    for i in range(1, 7):
        cv2.imwrite(str(folder / f"{i}.ppm"), np.zeros((4, 5, 3), np.uint8))
        (folder / f"H_1_{i}").write_text(f"1 0 {i}\n0 1 0\n0 0 1\n")
    (sequence,) = load_sequences(tmp_path)
    assert sequence.name == "v_wall"
    assert len(sequence.images) == len(sequence.homographies) == 6
    assert (sequence.homographies[0] == np.eye(3)).all()
    assert sequence.homographies[3][0, 2] == 4
    (folder / "H_1_4").write_text("1 0\n")
    with pytest.raises(ValueError, match="H_1_4: expected a homography"):
        load_sequences(tmp_path)
    (folder / "5.ppm").unlink()
    with pytest.raises(FileNotFoundError, match=r"5\.ppm"):
        load_sequences(tmp_path)
    with pytest.raises(FileNotFoundError, match="no HPatches image sequence"):
        load_sequences(folder)


@pytest.fixture(scope="module")
def copies():
    """Descriptors in HPatches' structure: copies with little, more and much noise."""
    rng = np.random.default_rng(0)
    noise = dict(e=0.05, h=0.2, t=0.5)
    descriptors = {}
    for name, count in dict(i_a=30, v_b=20, v_c=40).items():
        ref = unit(rng.normal(size=(count, 16)))
        files = {"ref": ref}
        for kind in HPATCHES_KINDS:
            files[kind] = unit(ref + noise[kind[0]] * rng.normal(size=ref.shape))
        descriptors[name] = files
    return descriptors


@pytest.fixture(scope="module")
def tasks(copies):
    sizes = {name: len(files["ref"]) for name, files in copies.items()}
    return draw_hpatches_tasks(sizes, np.random.default_rng(0), 600, 20, 60)


def test_drawn_lists_are_what_they_say(tasks, copies):
    for kind in ("right", "intra", "inter"):
        pairs = getattr(tasks, kind)
        assert len(pairs) == 600
        assert (pairs.t1 != pairs.t2).all()
        assert set(pairs.t1) == set(range(6))
        for i in "12":
            assert (pairs[f"idx{i}"] < pairs[f"s{i}"].map(lambda s: len(copies[s]["ref"]))).all()
    assert (tasks.right.s1 == tasks.right.s2).all()
    assert (tasks.right.idx1 == tasks.right.idx2).all()
    assert (tasks.intra.s1 == tasks.intra.s2).all()
    assert (tasks.intra.idx1 != tasks.intra.idx2).all()
    assert (tasks.inter.s1 != tasks.inter.s2).all()
    queries = set(tasks.queries.itertuples(index=False, name=None))
    others = set(tasks.distractors.itertuples(index=False, name=None))
    assert len(queries) == 20
    assert len(others) == 60
    assert not queries & others


def test_scores_fall_from_easy_to_tough(copies, tasks):
    for task in (
        lambda level: hpatches.verification(copies, level, tasks)["intra"],
        lambda level: hpatches.verification(copies, level, tasks)["inter"],
        lambda level: hpatches.matching(copies, level),
        lambda level: hpatches.retrieval(copies, level, tasks, (60,))[60],
    ):
        easy = task("e")
        hard = task("h")
        tough = task("t")
        assert 1 >= easy > 0.97
        assert easy >= hard > tough > 0.1


def test_verification_by_loops(copies, tasks):
    def distances(pairs):
        rows = []
        for s1, t1, n1, s2, t2, n2 in pairs.itertuples(index=False):
            a = copies[s1][f"h{t1}" if t1 else "ref"][n1]
            b = copies[s2][f"h{t2}" if t2 else "ref"][n2]
            rows.append(np.sqrt(((a - b) ** 2).sum()))
        return rows

    for imbalance in (5, 1):
        right = distances(tasks.right)[: 600 // imbalance]
        for kind, score in hpatches.verification(copies, "h", tasks, imbalance).items():
            every = right + distances(getattr(tasks, kind))
            assert score == pytest.approx(area(np.array(every), np.arange(len(every)) < len(right)))


def test_matching_by_loops(copies):
    scores = []
    for files in copies.values():
        for i in range(1, 6):
            distance = np.linalg.norm(files["ref"][:, None] - files[f"t{i}"][None], axis=2)
            nearest = distance.argmin(1)
            scores.append(area(distance.min(1), nearest == np.arange(len(nearest)), len(nearest)))
    assert hpatches.matching(copies, "t") == pytest.approx(np.mean(scores))


def test_retrieval_by_loops(copies, tasks):
    assert hpatches.retrieval(copies, "t", tasks) == {}  # no pool of 100 in a list of 60
    for size, score in hpatches.retrieval(copies, "t", tasks, (25, 65)).items():
        scores = []
        for name, n in tasks.queries.itertuples(index=False):
            rows = [copies[name][f"t{i}"][n] for i in range(1, 6)]
            others = [
                copies[s]["ref"][m]
                for s, m in tasks.distractors.itertuples(index=False)
                if s != name
            ]
            rows += others[: size - 5]
            distance = np.linalg.norm(np.array(rows) - copies[name]["ref"][n], axis=1)
            scores.append(area(distance, np.arange(len(rows)) < 5))
        assert score == pytest.approx(np.mean(scores))


def test_random_descriptors_verify_at_chance(copies):
    rng = np.random.default_rng(3)
    noise = {
        name: {kind: unit(rng.normal(size=v.shape)) for kind, v in files.items()}
        for name, files in copies.items()
    }
    tasks = draw_hpatches_tasks(
        {name: len(files["ref"]) for name, files in copies.items()}, rng, 3000
    )
    for score in hpatches.verification(noise, "e", tasks).values():
        assert score == pytest.approx(1 / 6, abs=0.05)


def test_published_lists_are_read(tmp_path, tasks, copies):
    files = dict(
        right="verif_pos", intra="verif_neg_intra", inter="verif_neg_inter", queries="retr_queries"
    )
    files["distractors"] = "retr_distractors"
    for kind, name in files.items():
        getattr(tasks, kind).to_csv(tmp_path / f"{name}_split-a.csv", index=False)
    read = load_hpatches_tasks(tmp_path, "a")
    for kind in files:
        assert getattr(read, kind).equals(getattr(tasks, kind))
    assert hpatches.verification(copies, "e", read) == hpatches.verification(copies, "e", tasks)


def test_broken_lists_are_named(tmp_path, tasks, copies):
    for name in ("verif_pos", "verif_neg_intra"):
        tasks.right.to_csv(tmp_path / f"{name}_split-full.csv", index=False)
    with pytest.raises(FileNotFoundError, match=r"verif_neg_inter_split-full\.csv: not there"):
        load_hpatches_tasks(tmp_path)
    (tmp_path / "verif_pos_split-full.csv").write_text("s1,t1\na,0\n")
    words = r"verif_pos_split-full\.csv: expected the columns s1, t1, idx1"
    with pytest.raises(ValueError, match=words):
        load_hpatches_tasks(tmp_path)
    (tmp_path / "verif_pos_split-full.csv").write_text("s1,t1,idx1,s2,t2,idx2\na,0,0,a,one,0\n")
    with pytest.raises(ValueError, match=r"verif_pos_split-full\.csv: expected"):
        load_hpatches_tasks(tmp_path)
    with pytest.raises(ValueError, match="two sequences or more"):
        draw_hpatches_tasks(dict(a=5), np.random.default_rng(0))
    beyond = {
        name: {kind: rows[:3] for kind, rows in files.items()} for name, files in copies.items()
    }
    with pytest.raises(IndexError, match="a patch that its sequence does not have"):
        hpatches.verification(beyond, "e", tasks)
    for wrong in (dict(idx1=-1), dict(t1=6), dict(t2=-1)):  # rows of other patches lie there
        pairs = replace(tasks, right=tasks.right.assign(**wrong))
        with pytest.raises(IndexError, match="a patch that its sequence does not have"):
            hpatches.verification(copies, "e", pairs)


def test_describing_keeps_the_structure():
    patches = {"i_a": {"ref": np.zeros((3, 8, 8), np.uint8), "e1": np.ones((3, 8, 8), np.uint8)}}
    descriptors = hpatches.describe_hpatches(raw_pixels, patches)
    assert list(descriptors["i_a"]) == ["ref", "e1"]
    for rows in descriptors["i_a"].values():
        assert rows.shape == (3, 64)
