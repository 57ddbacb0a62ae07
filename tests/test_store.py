"""Stores on disk and the published `.pt`: the same numbers as in memory, every damage named."""

import io
import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from solar import evaluate, top_k
from solar.search import Store
from solar.search.store_files import STATES, write_names
from solar.search.torch_file import Layout, tensor_layout


def unit(n, d=16, seed=0):
    rows = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def all_of(store, size=7):
    return np.concatenate([np.zeros((0, store.shape[1]), np.float32), *store.chunks(size)])


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_store_gives_back_what_was_written(tmp_path, dtype):
    rows = unit(50)
    Store.write(tmp_path / "s", rows, [f"n{i}" for i in range(50)], dict(net="x"), dtype)
    store = Store.open(tmp_path / "s")
    assert store.shape == (50, 16)
    assert len(store) == 50
    assert store.dtype == dtype
    assert store.names[3] == "n3"
    assert store.meta == {"net": "x"}
    assert np.array_equal(all_of(store), rows.astype(dtype).astype(np.float32))
    assert np.array_equal(np.load(tmp_path / "s" / "descriptors.npy"), rows.astype(dtype))
    assert "50 descriptors of 16" in repr(store)
    with pytest.raises(FileExistsError, match="a store already"):
        Store.write(tmp_path / "s", rows)
    copy = Store.write(tmp_path / "copy", store)  # of a store, chunk by chunk
    assert np.array_equal(all_of(copy), all_of(store))
    assert all_of(Store.write(tmp_path / "none", rows[:0])).shape == (0, 16)


def test_another_number_of_names_than_of_rows_is_refused(tmp_path):
    with pytest.raises(ValueError, match="2 names for 3 rows"):
        Store.write(tmp_path / "s", unit(3), ["a", "b"])


def test_opening_a_file_leaves_its_layout_as_it_was(tmp_path):
    rows = unit(50)
    torch.save(torch.from_numpy(rows).T.contiguous(), tmp_path / "r.pt")
    layout = tensor_layout(tmp_path / "r.pt")
    first = Store(tmp_path / "r.pt", layout)
    second = Store(tmp_path / "r.pt", layout)
    assert isinstance(layout, Layout)
    assert layout.columns
    assert layout.row_shape == (50, 16)
    assert np.array_equal(all_of(first), all_of(second))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("form", ["columns", "rows", "half", "part"])
def test_the_published_layout_in_both_serialisations(tmp_path, zipped, form):
    rows = unit(50)
    columns = torch.from_numpy(rows).T.contiguous()  # (D, N)
    tensor = dict(
        columns=columns,
        rows=torch.from_numpy(rows).T,
        half=columns.half(),
        part=torch.cat([columns * 9, columns])[16:],
    )[form]
    torch.save(tensor, tmp_path / "vecs.pt", _use_new_zipfile_serialization=zipped)
    store = Store.open(tmp_path / "vecs.pt")
    assert store.shape == (50, 16)
    assert store.names is None
    assert np.array_equal(all_of(store), tensor.float().T.numpy())


def test_a_file_of_any_kind_scores_as_the_array_does(tmp_path):
    database = unit(30)
    distractors = unit(9000, seed=1)
    queries = unit(3, seed=2)
    truth = [dict(easy=[i, i + 3], hard=[i + 6], junk=[i + 9]) for i in range(3)]
    wanted = evaluate(truth, database, queries, distractors).ranks
    columns = torch.from_numpy(distractors).T.contiguous()  # (D, N)
    torch.save(columns, tmp_path / "new.pt")
    torch.save(columns, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    Store.write(tmp_path / "s", distractors)
    for more in (tmp_path / "s", str(tmp_path / "new.pt"), Store.open(tmp_path / "old.pt")):
        ranks = evaluate(truth, database, queries, more).ranks
        for protocol, lines in wanted.items():
            assert all(np.array_equal(a, b) for a, b in zip(lines, ranks[protocol]))


def test_skipped_images_are_never_found(tmp_path):
    rows = unit(20)
    rows[[4, 11]] = 0
    with pytest.raises(ValueError, match=r"row 4 \(4\) has length 0"):
        list(Store.write(tmp_path / "s", rows).chunks())
    (tmp_path / "s" / "skipped.txt").write_text("4\n11\n")
    truth = [dict(easy=[4, 5], hard=[], junk=[])]
    report = evaluate(truth, Store.open(tmp_path / "s"), rows[5:6])
    assert report.ranks["easy"][0].tolist() == [0, 18]  # behind all that could be read
    ranking, scores = top_k(rows[5:6], Store.open(tmp_path / "s"), 20, chunk=6)
    assert ranking[0, -2:].tolist() == [4, 11]
    assert np.isneginf(scores[0, -2:]).all()


def test_damaged_rows_are_named(tmp_path):
    for i, value, message in (
        (0, np.nan, "descriptor 9 is not finite"),
        (1, 2.0, r"row 9 \(name 9\) has length 2"),
    ):
        rows = unit(20)
        rows[9] *= value
        if np.isnan(value):
            with pytest.raises(ValueError, match="descriptor 9 is not finite"):
                Store.write(tmp_path / "refused", rows)
            Store.write(tmp_path / f"{i}", unit(20), [f"name {n}" for n in range(20)])
            np.save(tmp_path / f"{i}" / "descriptors.npy", rows)
        else:
            Store.write(tmp_path / f"{i}", rows, [f"name {n}" for n in range(20)])
        store = Store.open(tmp_path / f"{i}")
        with pytest.raises(ValueError, match=message):
            list(store.chunks(6))
        with pytest.raises(ValueError, match=message):
            evaluate([dict(easy=[0], hard=[], junk=[])], unit(2), unit(1), store)
    torch.save(torch.from_numpy(rows).T.contiguous(), tmp_path / "vecs.pt")
    with pytest.raises(ValueError, match=r"vecs.pt: row 9 has length 2"):
        evaluate([dict(easy=[0], hard=[], junk=[])], unit(2), unit(1), tmp_path / "vecs.pt")


def damaged_files(tmp_path):
    """(path, what the error says) of files that are no D x N tensor."""
    tensor = torch.from_numpy(unit(50)).T.contiguous()
    for zipped in (True, False):
        path = tmp_path / f"cut{zipped}.pt"
        torch.save(tensor, path, _use_new_zipfile_serialization=zipped)
        path.write_bytes(path.read_bytes()[:-1500])
        yield path, "zip file that is cut off" if zipped else r"cut off in row 8 of 16"
        for name, content, message in (
            ("flat", tensor.flatten(), r"shape \(800,\)"),
            ("gaps", tensor[:, ::2], "without gaps"),
            ("dict", dict(a=tensor), "not a complete torch file"),
            ("double", tensor.double(), "DoubleStorage"),
        ):
            path = tmp_path / f"{name}{zipped}.pt"
            torch.save(content, path, _use_new_zipfile_serialization=zipped)
            yield path, message
    (tmp_path / "words.pt").write_bytes(b"no tensor at all")
    yield tmp_path / "words.pt", "not a complete torch file"
    (tmp_path / "evil.pt").write_bytes(pickle.dumps(print))
    yield tmp_path / "evil.pt", "asks for builtins.print"


def test_damaged_files_are_refused(tmp_path):
    for path, message in damaged_files(tmp_path):
        with pytest.raises(ValueError, match=message) as caught:
            Store.open(path)
        assert path.name in str(caught.value)


def test_damaged_folders_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="solar extract"):
        Store.open(tmp_path / "absent")
    Store.write(tmp_path / "s", unit(5))
    np.save(states := io.BytesIO(), np.array([1, 1, 0, 0, 1], np.uint8))
    for name, content, message in (
        ("names.txt", b"one\ntwo\n", "2 lines"),
        ("meta.json", b"{", "not a complete store"),
        ("descriptors.npy", b"\x93NUMPY", "not a complete store"),
        (STATES, states.getvalue(), "2 rows are still"),
    ):
        path = tmp_path / "s" / name
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            Store.open(tmp_path / "s")
        path.unlink() if before is None else path.write_bytes(before)
    np.save(tmp_path / "s" / "descriptors.npy", unit(5).astype(np.float64))
    with pytest.raises(ValueError, match="expected float32 or float16"):
        Store.open(tmp_path / "s")


def test_a_transposed_file_says_so(tmp_path):
    torch.save(torch.from_numpy(unit(50)), tmp_path / "rows.pt")  # N x D instead of D x N
    with pytest.raises(ValueError, match=r"rows.pt: descriptors of \(16, 50\)"):
        evaluate([dict(easy=[0], hard=[], junk=[])], unit(2), unit(1), tmp_path / "rows.pt")


def test_provenance_names_the_store(tmp_path):
    Store.write(tmp_path / "s", unit(5), meta=dict(network="mini-gem"))
    report = evaluate([dict(easy=[0], hard=[], junk=[])], unit(2), unit(1), tmp_path / "s")
    provenance = json.loads(report.json())["provenance"]
    assert provenance["stores"] == [dict(name="s", rows=5, network="mini-gem")]
    sizes = dict(images=2, distractors=5, queries=1, length=16)
    assert {key: provenance[key] for key in sizes} == sizes


WATCHED = """
import resource, sys
import numpy as np
from solar import evaluate

def unit(n, seed):
    rows = np.random.default_rng(seed).standard_normal((n, 64)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)

def peak():
    size = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * size

truth = [dict(easy=[0, 1], hard=[2], junk=[3])] * 3
database = unit(3000, 0)
queries = unit(3, 1)
evaluate(truth, database, queries, database)
before = peak()
reports = [evaluate(truth, database, queries, path) for path in sys.argv[1:]]
print(peak() - before)
first = reports[0].ranks["medium"]
for report in reports:
    assert all(np.array_equal(a, b) for a, b in zip(report.ranks["medium"], first))
"""


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
def test_no_file_is_ever_loaded_whole(tmp_path):
    """51 MB in both serialisations and as a store: the process grows by a third of one at most."""
    rows = unit(200_000, 64)
    columns = torch.from_numpy(rows).T.contiguous()
    torch.save(columns, tmp_path / "new.pt")
    torch.save(columns, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    Store.write(tmp_path / "s", rows)
    environment = os.environ | dict(PYTHONPATH=str(Path(__file__).parents[1]))
    command = [sys.executable, "-c", WATCHED, "new.pt", "old.pt", "s"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < rows.nbytes / 3


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_published_file_is_read_across_its_strips(tmp_path, monkeypatch, dtype):
    """Forward, backward, over several strips, by several threads: always the rows on disk."""
    monkeypatch.setattr("solar.search.torch_file.STRIP", 7)
    rows = unit(40).astype(dtype)
    torch.save(torch.from_numpy(rows.T.copy()), tmp_path / "r.pt")
    store = Store.open(tmp_path / "r.pt")
    spans = [(0, 5), (5, 9), (3, 30), (39, 40), (2, 2), (33, 40), (0, 40), (6, 8)]
    with ThreadPoolExecutor(3) as pool:
        pieces = pool.map(lambda span: store.read(span[0], span[1]), spans * 20)
        for (start, stop), piece in zip(spans * 20, pieces):
            assert np.array_equal(piece, rows[start:stop].astype(np.float32))
    # with a buffer that is used again and again
    strip = store.new_strip()
    for start, stop in spans:
        piece = store.read(start, stop, strip=strip)
        assert np.array_equal(piece, rows[start:stop].astype(np.float32))


# ---- names ---------------------------------------------------------------------------------------

NAMES = [
    "a.jpg",
    "market\u2028square.jpg",
    "two\nlines",
    "return\r",
    '"quoted"',
    '"',
    "caf\udce9",  # a byte that is no UTF-8
    "\udcc3\udca9",  # two that would be one letter
    "\ufeffmark",
    "",
    "  blank ",
    "back\\nslash",
    "\x1c\x85\x0b",  # ends of lines for str.splitlines
    "é",
]


def test_any_name_comes_back(tmp_path):
    store = Store.write(tmp_path / "s", unit(len(NAMES)), NAMES)
    assert store.names == Store.open(tmp_path / "s").names == NAMES
    # the list stays a text file with one line per name
    assert len((tmp_path / "s" / "names.txt").read_text(encoding="utf-8").split("\n")) == 15


@pytest.mark.parametrize("name", NAMES)
def test_any_name_can_be_of_a_skipped_image(tmp_path, name):
    rows = unit(3)
    rows[1] = 0
    Store.write(tmp_path / "s", rows, ["x", name, "y"])
    write_names(tmp_path / "s" / "skipped.txt", [name])
    store = Store.open(tmp_path / "s")
    assert store.skipped.tolist() == [1]
    assert len(all_of(store)) == 3


@pytest.mark.parametrize(
    "content, names",
    [
        (b"a.jpg\nb.jpg\n", ["a.jpg", "b.jpg"]),
        (b"a.jpg\r\nb.jpg\r\n", ["a.jpg", "b.jpg"]),  # made on Windows
        (b"caf\xe9.jpg\nb\n", ["caf\udce9.jpg", "b"]),  # where the language was Latin-1
        (b'"a" of b.jpg\n"c\n', ['"a" of b.jpg', '"c']),
        (b'c:\\new\\a.jpg\n"3"\n', ["c:\\new\\a.jpg", "3"]),
    ],
)
def test_stores_of_before_keep_their_names(tmp_path, content, names):
    Store.write(tmp_path / "s", unit(2))
    (tmp_path / "s" / "names.txt").write_bytes(content)
    assert Store.open(tmp_path / "s").names == names


def test_names_stay_when_the_folder_goes(tmp_path):
    store = Store.write(tmp_path / "s", unit(2), ["a", "b"])
    (tmp_path / "s" / "names.txt").unlink()
    assert store.names == ["a", "b"]
