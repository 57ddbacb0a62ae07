"""Faults that days-long jobs meet, in files and folders; book/faults.md lists them all.

Nothing is lost, nothing half-done is taken for complete, and one clear line says what happened.
"""

import errno
import json
import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch
from PIL import Image
from serving import BIG, entry, serving, tar_of

import solar
from solar.cli import main
from solar.files import atomic, sha256
from solar.published import http
from solar.published.catalogue import File
from solar.published.fetch import fetch, file_states
from solar.world import DATASETS, Recipe, write

pytestmark = pytest.mark.slow  # some seconds each: `make fast` leaves them out

ROOT = Path(__file__).parents[1]
TINY = Recipe("benchmark", 200_000, 2, 2, queries=1)
PICTURES = {f"top/{i:02}.jpg": bytes([i]) * 4000 for i in range(20)}


@pytest.fixture
def server(monkeypatch):
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with serving() as server:
        server.files |= {"big": BIG, "p.tgz": tar_of(PICTURES)}
        yield server


def stand_in(server, **changes):
    """An entry of one file and one archive, both on the server."""
    archive = File("p.tgz", (f"{server.url}/p.tgz",), archive="p.tgz", into="jpg", keep=1)
    return entry(File("big", (f"{server.url}/big",)), archive, proof="jpg/*.jpg", **changes)


def child(function, *arguments):
    """Run a function in a process of its own: (process number, what it will have said).

    The function may not use torch, whose threads do not survive a fork.
    """
    reading, writing = os.pipe()
    number = os.fork()
    if number == 0:
        code = 1
        try:
            signal.alarm(100)
            os.close(reading)
            sys.stderr = os.fdopen(writing, "w", buffering=1)
            function(*arguments)
            code = 0
        except BaseException as error:
            print(repr(error), file=sys.stderr)
        finally:
            os._exit(code)
    os.close(writing)
    return number, os.fdopen(reading)


def join(process):
    """Wait for a child: (exit status, or minus the signal that ended it; what it said)."""
    number, out = process
    with out:
        said = out.read()
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), said


def is_complete(folder):
    """Whether the stand-in is there, right, and nothing else lies beside it."""
    wanted = {Path(name).name: content for name, content in PICTURES.items()}
    pictures = {p.name: p.read_bytes() for p in (folder / "jpg").iterdir() if p.suffix == ".jpg"}
    names = sorted(path.name for path in folder.iterdir() if path.name != ".lock")
    has_big = (folder / "big").read_bytes() == BIG
    return has_big and pictures == wanted and names == ["big", "jpg", "sources.json"]


def wait_for(condition):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came to that")


def fetch_stand_in(server):
    fetch(stand_in(server), progress=False)


# ---- kill


def test_a_kill_during_a_download(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    server.script["big"] = ["stall"]
    process = child(fetch_stand_in, server)
    part = tmp_path / "data" / "stand-in" / "big.part"
    wait_for(lambda: part.is_file() and part.stat().st_size > 1e5)
    os.kill(process[0], signal.SIGKILL)
    assert join(process)[0] == -signal.SIGKILL
    here = part.stat().st_size
    assert not (part.parent / "big").exists()
    assert file_states(stand_in(server))[0][1] == "begun"
    assert is_complete(fetch(stand_in(server), progress=False))
    assert [r for path, r, _ in server.requests if path == "big"] == [None, f"bytes={here}-"]


def killed_at_move(number):
    """A `Path.replace` that kills this process when the nth unpacked file is to be moved."""
    replace = Path.replace
    left = number

    def replace_or_die(path, target):
        nonlocal left
        if any(part.startswith(".unpacking-") for part in path.parts):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return replace(path, target)

    return replace_or_die


@pytest.mark.parametrize("move", [1, 10, 20])
def test_a_kill_while_unpacking(server, tmp_path, monkeypatch, move):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed_at_move(move))
        assert join(child(fetch_stand_in, server))[0] == -signal.SIGKILL
    folder = tmp_path / "data" / "stand-in"
    assert (folder / "p.tgz").is_file()  # the tarball is kept until all is there
    assert file_states(stand_in(server))[1][1] == "begun"
    asked = len(server.requests)
    assert is_complete(fetch(stand_in(server), progress=False))
    assert len(server.requests) == asked


def test_a_kill_between_unpacking_and_deleting(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    folder = fetch(stand_in(server), progress=False)
    (folder / "p.tgz").write_bytes(server.files["p.tgz"])
    assert is_complete(fetch(stand_in(server), progress=False))


# ---- a full disk


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 400 kB; the test is skipped where none may be mounted."""
    place = tmp_path / "small disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no right to mount a small disk here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_during_a_download(server, small_disk, monkeypatch):
    monkeypatch.setenv("SOLAR_HOME", str(small_disk))
    roomy = stand_in(server, gigabytes=1e-6)
    # the server says how long it is
    with pytest.raises(OSError, match=r"big needs 0\.00 GB and the disk of"):
        fetch(roomy, progress=False)
    server.script["big"] = ["unsized"]
    with pytest.raises(OSError, match=r"No space left.*what has come of big is kept") as caught:
        fetch(roomy, progress=False)
    assert caught.value.errno == errno.ENOSPC
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    assert is_complete(fetch(roomy, progress=False))
    assert server.requests[2][1] is not None  # it went on


def test_a_full_disk_while_the_mini_world_is_made(small_disk):
    subprocess.run(["mount", "-o", "remount,size=48k", str(small_disk)], check=True)
    with pytest.raises(OSError, match="No space left"):
        write(TINY, small_disk / "tiny", "tiny", workers=1, progress=False)
    assert not list(small_disk.rglob("*.tmp"))
    assert not (small_disk / "tiny" / "complete.json").exists()
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    write(TINY, small_disk / "tiny", "tiny", workers=1, progress=False)
    assert (small_disk / "tiny" / "complete.json").is_file()


@pytest.fixture
def short_files():
    """No file may grow beyond 100 kB: what a quota does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_quota_during_a_download(server, tmp_path, monkeypatch, short_files):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    monkeypatch.setattr(http, "CHUNK", 1 << 14)
    with pytest.raises(OSError, match="what has come of big is kept"):
        fetch(stand_in(server), progress=False)
    assert (tmp_path / "data" / "stand-in" / "big.part").stat().st_size == 100_000
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 40, hard))
    assert is_complete(fetch(stand_in(server), progress=False))


def test_a_quota_while_saving_keeps_the_old_file(tmp_path, short_files):
    old = tmp_path / "net.pth"
    old.write_bytes(b"old weights")
    with pytest.raises((OSError, RuntimeError)):
        solar.save(solar.GlobalNet("mini"), old)
    assert old.read_bytes() == b"old weights"
    assert [path.name for path in tmp_path.iterdir()] == ["net.pth"]


# ---- folders


@pytest.mark.skipif(
    os.geteuid() == 0 and not all(path.stat().st_mode & 1 for path in (ROOT, *ROOT.parents)),
    reason="root tests as nobody, who may not enter the folders above this checkout",
)
def test_an_unwritable_folder():
    """In a fresh Python, and as nobody if we are root: root may write anywhere."""
    program = """
import os
import solar, solar.doctor, solar.world.writing  # while all of Python may be read
from solar.cli import main
solar.load("lite-gem")  # which imports timm
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
commands = [["data", "roxford5k"], ["data", "mini-distractors"], ["doctor"]]
print([main(command) for command in commands], flush=True)
os._exit(0)  # without cleaning up: what PyTorch 2.6 made as root, nobody cannot remove
"""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        for path, mode in ((Path(folder), 0o755), (home, 0o555)):
            path.chmod(mode)
        environment = os.environ | {
            "SOLAR_HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
        }
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.stdout.splitlines()[-1:] == ["[2, 2, 3]"], done.stderr
        lines = done.stderr.splitlines()
        assert len(lines) == 2
        assert all("Permission denied" in line and str(home) in line for line in lines)
        assert "NOT WRITABLE" in done.stdout
        assert list(home.iterdir()) == []


def test_a_home_that_is_a_file(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("precious")
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path / "file"))
    for command in (["data", "roxford5k"], ["data", "mini-distractors", "--workers", "1"]):
        assert main(command) == 2
        error = capsys.readouterr().err
        assert str(tmp_path / "file") in error
        assert error.count("\n") == 1
    assert (tmp_path / "file").read_text() == "precious"


# ---- two processes


def test_two_processes_fetch_into_one_cache(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    server.script["big"] = ["cut"]
    both = [child(fetch_stand_in, server) for _ in range(2)]
    assert [code for code, _ in map(join, both)] == [0, 0]
    assert is_complete(tmp_path / "data" / "stand-in")
    # once, but for the cut
    assert [path for path, *_ in server.requests] == ["big", "big", "p.tgz"]


def test_the_second_process_waits_and_says_so(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    server.script["big"] = ["stall"]
    first = child(fetch_stand_in, server)
    wait_for((tmp_path / "data" / "stand-in" / "big.part").is_file)
    second = child(fetch_stand_in, server)
    assert second[1].readline().startswith("solar: another process is fetching into ")
    os.kill(first[0], signal.SIGKILL)  # its lock falls with it
    join(first)
    assert join(second)[0] == 0
    assert is_complete(tmp_path / "data" / "stand-in")


def checksums(folder):
    """Name -> SHA-256 of all files below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder): sha256(path) for path in files}


def test_two_processes_make_one_mini_dataset(tmp_path):
    program = (
        "from test_faults import *\n"
        f"write(TINY, Path({str(tmp_path / 'both')!r}), 'tiny', workers=1, progress=False)"
    )
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    other = subprocess.Popen([sys.executable, "-c", program], env=environment)
    wait_for((tmp_path / "both" / "jpg").is_dir)
    write(TINY, tmp_path / "both", "tiny", workers=1, progress=False)
    assert other.wait(120) == 0
    write(TINY, tmp_path / "alone", "tiny", workers=1, progress=False)
    assert checksums(tmp_path / "both") == checksums(tmp_path / "alone")


# ---- clocks, locales, names


@pytest.mark.parametrize("when", [0, 4_102_444_800])  # 1970 and 2100
def test_clocks_that_are_wrong(server, tmp_path, monkeypatch, when):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    monkeypatch.setitem(DATASETS, "mini-revisitop", TINY)
    folders = [
        fetch(stand_in(server), progress=False),
        solar.world.make("mini-revisitop", workers=1, progress=False),
    ]
    files = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    for path in files:
        os.utime(path, (when, when))
    monkeypatch.setattr(time, "time", lambda: 1.0)  # and the computer believes it is 1970
    asked = len(server.requests)
    assert is_complete(fetch(stand_in(server), progress=False))
    assert len(server.requests) == asked
    solar.world.make("mini-revisitop", workers=1, progress=False)
    # nothing was done anew
    assert all(path.stat().st_mtime == when for path in files if path.name != ".lock")


@pytest.fixture
def odd_place(tmp_path):
    """A benchmark of three images and a network, in a folder with spaces, accents and Japanese."""
    place = tmp_path / "a b" / "é ü ß" / "日本"
    jpg = place / "data" / "roxford5k" / "jpg"
    jpg.mkdir(parents=True)
    for number, name in enumerate(["tour é 1", "b", "query ü"]):
        Image.effect_noise((48, 32), 10 + 40 * number).convert("RGB").save(jpg / f"{name}.jpg")
    gnd = [dict(bbx=[0, 0, 48, 32], easy=[0], hard=[1], junk=[])]
    content = dict(imlist=["tour é 1", "b"], qimlist=["query ü"], gnd=gnd)
    (jpg.parent / "gnd_roxford5k.pkl").write_bytes(pickle.dumps(content))
    torch.manual_seed(0)
    solar.save(solar.GlobalNet("mini"), place / "net é.pth")
    return place


def in_locale(place, locale):
    """Run all commands that read names under another locale: (exit statuses, stderr)."""
    ours = ("LC_", "LANG", "PYTHON")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"SOLAR_HOME": str(place), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment |= locale
    program = """
import os
from solar.cli import main
home = os.environ["SOLAR_HOME"]
commands = [
    ["evaluate", "roxford5k", "--net", home + "/net \\u00e9.pth", "--single-scale", "--json"],
    ["data", "roxford5k", "--dry-run"],
    ["data", "json", "--dataset", "roxford5k", "-o", home + "/gnd \\u00fc.json"],
]
codes = [main(command) for command in commands]
print(codes)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    printed = done.stdout.decode(errors="replace")
    return printed.splitlines()[-1:], done.stderr.decode(errors="replace")


def test_spaces_accents_and_odd_locales(odd_place):
    last, said = in_locale(odd_place, {"LC_ALL": "C", "TZ": "Pacific/Kiritimati"})
    assert last == ["[0, 0, 0]"], said
    truth = json.loads((odd_place / "gnd ü.json").read_text(encoding="utf-8"))
    assert truth["qimlist"] == ["query ü"]


def test_a_locale_that_cannot_spell_the_names_says_so(odd_place):
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "nonsense"}
    last, said = in_locale(odd_place, locale)
    assert last == ["[2, 0, 2]"]
    assert "Traceback" not in said
    assert said.count("(for names beyond ASCII, set PYTHONUTF8=1)") == 2, said


def test_atomic_makes_the_folders_it_writes_to(tmp_path):
    with atomic(tmp_path / "new" / "folder" / "f") as temporary:
        temporary.write_text("whole")
    assert (tmp_path / "new" / "folder" / "f").read_text() == "whole"


def test_atomic_leaves_the_old_file_when_writing_fails(tmp_path):
    (tmp_path / "f").write_text("old")

    def write_half():
        with atomic(tmp_path / "f") as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert (tmp_path / "f").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


# ---- the table


def test_every_test_in_the_table_of_faults_exists():
    page = (ROOT / "book" / "faults.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:book/)?test_\w+)\.py::(test_\w+)`", page)
    assert len(named) >= 25
    for file, name in named:
        source = (ROOT / "tests" / f"{file}.py").read_text(encoding="utf-8")
        assert f"def {name}(" in source, f"{file}.py::{name}"
