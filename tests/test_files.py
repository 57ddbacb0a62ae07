"""Pickles from strangers run nothing and corrupt nothing; plain ones are read as they were.

Ground truths become JSON and are read back.
"""

import datetime
import json
import os
import pickle
import pickletools
import struct
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from solar import load_benchmark
from solar.datasets import read_ground_truth, write_ground_truth
from solar.files import atomic, imread, imwrite, in_one_line, load_pickle, name_in, read_lines

PLAIN = [
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6).reshape(2, 3)),
    np.array(["é", "longer"]),
    np.arange(3, dtype=">i4"),
    np.array([], int),
    np.float32(1.5),
    np.int64(7),
    np.bool_(True),
    np.array(2 + 3j),
    np.arange(24, dtype="u1").reshape(2, 3, 4)[:, ::2],
    np.array([b"ab", b"c"]),
    {1, 2},
    frozenset("a"),
    {"a": [1, None, (2.5, "x")], 3: b"y"},
    1 << 200,
    "x" * 100_000,
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("number", range(len(PLAIN)))
def test_plain_data_come_back(tmp_path, protocol, number):
    value = PLAIN[number]
    for numpy in ("numpy._core", "numpy.core"):  # as numpy 2 writes it, and as numpy 1
        text = pickle.dumps(value, protocol)
        if protocol < 4:
            text = text.replace(b"numpy._core", numpy.encode())
        elif numpy == "numpy.core":
            continue
        (tmp_path / "p").write_bytes(text)
        back = load_pickle(tmp_path / "p")
        assert np.array_equal(back, value)
        assert np.asarray(back).dtype.kind == np.asarray(value).dtype.kind


# ---- what Python 2 wrote, byte by byte

OLD_ARRAY = """\
cnumpy.core.multiarray
_reconstruct
(cnumpy
ndarray
(I0
tS'b'
tR(I1
(I2
tcnumpy
dtype
(S'i4'
I0
I1
tR(I3
S'<'
NNNI-1
I-1
I0
tbI00
S'\\xff\\xff\\xff\\xff\\xe9\\x00\\x00\\x80'
tb."""
OLD_NUMBER = """\
cnumpy.core.multiarray
scalar
(cnumpy
dtype
(S'f8'
I0
I1
tR(I3
S'<'
NNNI-1
I-1
I0
tbS'\\x00\\x00\\x00\\x00\\x00\\x00\\xf8\\xbf'
tR."""
PYTHON_2 = [
    (rb"S'caf\xc3\xa9'" + b"\n.", "café"),  # str, bytes in UTF-8
    (b"U\x05caf\xc3\xa9.", "café"),  # the same, protocols 1 and 2
    (b"Vcaf\\u00e9\n.", "café"),  # unicode, protocol 0
    (b"X\x05\x00\x00\x00caf\xc3\xa9.", "café"),
    (b"L123456789012345678901L\n.", 123456789012345678901),  # long
    (b"\x80\x02\x8a\x02\xff\x00.", 255),
    (b"I01\n.", True),
    (b"c__builtin__\nset\n((lI1\naI1\natR.", {1}),
    (b"c__builtin__\ncomplex\n(F1.5\nF-2.0\ntR.", 1.5 - 2j),
    (b"c__builtin__\nbytearray\n(Vab\nS'latin-1'\ntR.", b"ab"),
    (b"ccollections\nOrderedDict\n((l(lS'a'\naI1\naatR.", {"a": 1}),
    (b"ccollections\ndefaultdict\n(c__builtin__\nlist\ntRS'a'\n(lI1\nas.", {"a": [1]}),
]


@pytest.mark.parametrize("number", range(len(PYTHON_2)))
def test_plain_data_of_python_2_are_read(tmp_path, number):
    content, wanted = PYTHON_2[number]
    (tmp_path / "p").write_bytes(content)
    assert load_pickle(tmp_path / "p") == wanted


def test_arrays_of_python_2_keep_every_byte(tmp_path):
    (tmp_path / "p").write_bytes(OLD_ARRAY.encode())
    assert load_pickle(tmp_path / "p").tolist() == [-1, 0xE9 - 2**31]
    (tmp_path / "p").write_bytes(OLD_NUMBER.encode())
    assert load_pickle(tmp_path / "p") == -1.5


def test_names_of_python_2_are_utf_8_or_else_latin_1(tmp_path):
    (tmp_path / "p").write_bytes(b"(lU\x04caf\xe9aU\x05caf\xc3\xa9aS'plain'\na.")
    assert [name_in(name) for name in load_pickle(tmp_path / "p")] == ["café", "café", "plain"]


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_dates_and_other_objects_of_old_protocols_are_refused(tmp_path, protocol):
    for value in (datetime.date(2004, 5, 6), Fraction(1, 2), Path("a"), OldStyle()):
        (tmp_path / "p.pkl").write_bytes(pickle.dumps(value, protocol))
        with pytest.raises(ValueError, match=r"p\.pkl: not a plain data pickle \(it asks for"):
            load_pickle(tmp_path / "p.pkl")


class OldStyle:
    pass


# ---- pickles from strangers


class Calls:
    """Calls anything when it is unpickled the usual way."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def crafted(*pieces) -> bytes:
    return pickle.PROTO + bytes([4]) + b"".join(pieces) + pickle.STOP


def text(word: str) -> bytes:
    return pickle.SHORT_BINUNICODE + bytes([len(word)]) + word.encode()


def name(module: str, word: str) -> bytes:
    return text(module) + text(word) + pickle.STACK_GLOBAL


def dtype(code: str, state: tuple = ()) -> bytes:
    """numpy.dtype(code), with a state of the attacker's choosing."""
    made = name("numpy", "dtype") + text(code) + pickle.TUPLE1 + pickle.REDUCE
    return made + (pickle.dumps(state, 1)[:-1] + pickle.BUILD if state else b"")


def array(kind: bytes, content: bytes, shape=(1,)) -> bytes:
    """An array's pickle, piece by piece: the call that makes it, and the state that fills it."""
    function = name("numpy._core.multiarray", "_reconstruct")
    arguments = name("numpy", "ndarray") + pickle.EMPTY_TUPLE + pickle.SHORT_BINBYTES + b"\1b"
    start = function + arguments + pickle.TUPLE3 + pickle.REDUCE
    state = pickle.BININT1 + b"\1" + pickle.dumps(shape, 2)[2:-1]
    tail = kind + pickle.NEWFALSE + pickle.SHORT_BINBYTES + bytes([len(content)]) + content
    return start + pickle.MARK + state + tail + pickle.TUPLE + pickle.BUILD


def lie(size: int, flags: int = 0, inside=None) -> tuple:
    """A dtype's state: the size of an element, and what it holds."""
    return (3, "|", inside, None, None, size, 1, flags)


HOSTILE = {
    "a command": lambda trace: pickle.dumps(Calls(__import__("os").mkdir, trace)),
    "eval": lambda trace: pickle.dumps(Calls(eval, f"__import__('os').mkdir({trace!r})")),
    "exec": lambda trace: pickle.dumps(Calls(exec, f"__import__('os').mkdir({trace!r})")),
    "a subprocess": lambda trace: pickle.dumps(
        Calls(__import__("subprocess").check_call, ["mkdir", trace])
    ),
    "in a list": lambda trace: pickle.dumps([1, {"gnd": Calls(__import__("os").mkdir, trace)}]),
    "old protocol": lambda trace: b"cos\nmkdir\n(V" + trace.encode() + b"\ntR.",
    "instance": lambda trace: b"(V" + trace.encode() + b"\nios\nmkdir\n.",
    "dotted": lambda trace: crafted(
        name("numpy", "ndarray.tofile"), text(trace[:250]), pickle.TUPLE1, pickle.REDUCE
    ),
    "through numpy": lambda trace: crafted(
        name("numpy", "os.mkdir"), text("x"), pickle.TUPLE1, pickle.REDUCE
    ),
    "numpy's loader": lambda trace: pickle.dumps(Calls(np.load, trace)),
    "getattr": lambda trace: crafted(name("builtins", "getattr"), pickle.NONE, pickle.REDUCE),
    "torch": lambda trace: pickle.dumps(__import__("torch").zeros(1)),
    "a class": lambda trace: pickle.dumps(load_pickle),
    "an object array": lambda trace: pickle.dumps(np.array([None, {}], object)),
    "an array of pointers": lambda trace: crafted(array(dtype("O8"), struct.pack("P", 0xDEAD))),
    "pointers by a lie": lambda trace: crafted(array(dtype("O8", lie(8)), bytes(8))),
    "a structure with pointers": lambda trace: pickle.dumps(
        np.zeros(1, [("a", object), ("b", int)])
    ),
    "elements larger than memory": lambda trace: crafted(array(dtype("S8", lie(1 << 30)), b"x")),
    "elements smaller than nothing": lambda trace: crafted(array(dtype("S8", lie(-8)), b"x" * 9)),
    "too few bytes": lambda trace: crafted(array(dtype("f8"), bytes(8), (1 << 40,))),
    "a negative shape": lambda trace: crafted(array(dtype("f8"), bytes(8), (-1,))),
    "no dtype": lambda trace: crafted(array(pickle.NONE, bytes(8))),
    "an extension": lambda trace: pickle.EXT1 + b"\1.",
    "a persistent id": lambda trace: b"Pfile\n.",
    "a length that is not there": lambda trace: (
        pickle.BINBYTES8 + struct.pack("<Q", 1 << 50) + b"x."
    ),
    "a popped stack": lambda trace: b"0.",
    "a memo of nothing": lambda trace: pickle.BINGET + b"\x09.",
    "nothing": lambda trace: b"",
    "noise": lambda trace: bytes(range(256)),
    "cut off": lambda trace: pickle.dumps(dict(gnd=list(range(1000))))[:-40],
    "bytes of any size": lambda trace: b"c__builtin__\nbytes\n(L1000000000000L\ntR.",
    "a bytearray of any size": lambda trace: b"c__builtin__\nbytearray\n(L1000000000000L\ntR.",
    "another encoding": lambda trace: b"c_codecs\nencode\n(Vab\nVhex\ntR.",
    "a decoder": lambda trace: b"c_codecs\ndecode\n(Vab\nVlatin1\ntR.",
    "a name of any size": lambda trace: b"c" + b"x" * 100_000 + b"\ny\n.",
    "a web page": lambda trace: b"<!doctype html><p>404",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_pickles_run_nothing(tmp_path, kind):
    (tmp_path / "p.pkl").write_bytes(HOSTILE[kind](str(tmp_path / "trace")))
    with pytest.raises(ValueError, match=r"p\.pkl: not a plain data pickle") as caught:
        load_pickle(tmp_path / "p.pkl")
    assert [p.name for p in tmp_path.iterdir()] == ["p.pkl"]
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_the_hostile_ones_are_real(tmp_path):
    """Without our reader, they would have run."""
    pickle.loads(HOSTILE["a command"](str(tmp_path / "trace")))
    assert (tmp_path / "trace").is_dir()
    for kind in ("pointers by a lie", "elements larger than memory"):
        assert list(pickletools.genops(HOSTILE[kind]("")))[-1][0].name == "STOP"  # well-formed


def test_what_a_pickle_says_of_a_dtypes_inside_is_not_believed(tmp_path):
    for state in (lie(64, 63), lie(800, 0, ("f8", (99,)))):
        (tmp_path / "p").write_bytes(crafted(array(dtype("f8", state), struct.pack("d", 2.5))))
        assert load_pickle(tmp_path / "p").tolist() == [2.5]


def test_the_ground_truth_becomes_json_and_is_read_back(tmp_path):
    folder = tmp_path / "roxford5k"
    (folder / "jpg").mkdir(parents=True)
    box = np.array([1.5, 2, 30, 40])
    query = dict(bbx=box, easy=np.array([0]), hard=[1], junk=np.array([], int))
    content = dict(imlist=["é 1", "b"], qimlist=["q"], gnd=[query])
    (folder / "gnd_roxford5k.pkl").write_bytes(pickle.dumps(content))
    before = load_benchmark("roxford5k", tmp_path)
    write_ground_truth(folder / "gnd_roxford5k.pkl", folder / "gnd_roxford5k.json")
    (folder / "gnd_roxford5k.pkl").unlink()
    assert load_benchmark("roxford5k", tmp_path) == before
    written = json.loads((folder / "gnd_roxford5k.json").read_text())
    assert written["gnd"][0]["bbx"] == [1.5, 2, 30, 40]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"imlist": []}', '{"imlist": ["a"], "qimlist": ["q"], "gnd": [3]}']
)
def test_json_of_another_structure(tmp_path, text):
    (tmp_path / "gnd_x.json").write_text(text)
    with pytest.raises(ValueError, match=r"gnd_x\.json"):
        read_ground_truth(tmp_path / "gnd_x.json")


# ---- lists of names, messages, temporary files

NAMES = ["a.jpg", " é b.jpg", "market\u2028square\x85.jpg", "日本.png"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_of_names_is_read_in_any_encoding_that_it_tells(tmp_path, encoding, end):
    (tmp_path / "list.txt").write_bytes((end.join(NAMES) + end + end).encode(encoding))
    assert read_lines(tmp_path / "list.txt") == NAMES
    mark = "\ufeff".encode("utf-16-be")
    (tmp_path / "list.txt").write_bytes(mark + end.join(NAMES).encode("utf-16-be"))
    assert read_lines(tmp_path / "list.txt") == NAMES


def test_a_list_can_name_any_file_of_the_disk(tmp_path):
    latin = os.fsdecode(b"caf\xe9.jpg")
    (tmp_path / "list.txt").write_bytes(b"caf\xe9.jpg\n")
    assert read_lines(tmp_path / "list.txt") == [latin]


@pytest.mark.parametrize(
    "content",
    [
        "a.jpg\n".encode("utf-16-le"),
        b"\xff\xfea.jpg",
        b"\x89PNG\r\n\x1a\n\0\0",
        b"\xef\xbb\xbf\xff",
    ],
)
def test_a_list_of_another_encoding_is_refused_by_name(tmp_path, content):
    (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(ValueError, match=r"list\.txt: .*UTF-8") as caught:
        read_lines(tmp_path / "list.txt")
    assert "\n" not in str(caught.value)


def test_messages_quote_one_short_printable_line():
    for words in ("a\nb" * 5000, os.fsdecode(b"\xe9"), [list(range(1000))] * 50, np.zeros(5000)):
        line = in_one_line(words)
        assert line.isprintable()
        assert len(line) < 250
    assert in_one_line("photos/é.jpg") == "photos/é.jpg"


@pytest.mark.parametrize("name", ["n" * 251 + ".txt", "é" * 125, "new\nline", os.fsdecode(b"\xe9")])
def test_atomic_writes_every_name_that_the_disk_takes(tmp_path, name):
    with atomic(tmp_path / name) as temporary:
        temporary.write_text("whole")
    assert (tmp_path / name).read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_opencv_reads_and_writes_under_any_name(tmp_path):
    """OpenCV's own reader ends the process on a path that is not UTF-8."""
    image = np.arange(48, dtype=np.uint8).reshape(6, 8)
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")
    assert imwrite(path, image)
    assert np.array_equal(imread(path, cv2.IMREAD_GRAYSCALE), image)


def test_what_opencv_cannot_read_or_write_is_told(tmp_path):
    (tmp_path / "empty.png").touch()
    assert imread(tmp_path / "empty.png", cv2.IMREAD_GRAYSCALE) is None
    (tmp_path / "text.png").write_text("no image")
    assert imread(tmp_path / "text.png", cv2.IMREAD_GRAYSCALE) is None
    assert not imwrite(tmp_path / "image.nothing", np.zeros((4, 4), np.uint8))
