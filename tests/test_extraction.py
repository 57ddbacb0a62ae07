"""Stores made from images: killed and resumed, in shards, with unreadable images, of own folders
and lists, on disks without hard links.

And the network with folded batch norms, which describes: it is the same.
"""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from samples import texture
from torchvision.models.resnet import Bottleneck

import solar
from solar.cli import main
from solar.nets.fuse import folded, in_place
from solar.search import DescribeOptions, Store, extract
from solar.search.extract import _write_once
from solar.search.store_files import DONE, STATES

pytestmark = pytest.mark.slow  # some seconds each: `make fast` leaves them out

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    net = solar.GlobalNet("mini", soa="45").eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 1.5)
        if isinstance(module, solar.SecondOrderAttention):
            torch.nn.init.normal_(module.v.weight, std=0.1)
    return net


@pytest.fixture(scope="module")
def photos(tmp_path_factory, net):
    """A folder of forty images of three sizes, and the network beside it."""
    folder = tmp_path_factory.mktemp("many") / "photos"
    folder.mkdir()
    for i in range(40):
        texture(i, *[(96, 64), (64, 96), (80, 80)][i % 3]).save(folder / f"{i:02}.png")
    solar.save(net, folder.parent / "net.pth")
    return folder


@pytest.fixture(scope="module")
def wanted(net, photos):
    return solar.describe(net, sorted(photos.iterdir()))


def rows_of(store):
    return np.load(store / "descriptors.npy")


def command(photos, out, *more):
    net = str(photos.parent / "net.pth")
    return ["extract", str(photos), "--net", net, "--out", str(out), *more]


def killed(photos, out, at: int) -> set[int]:
    """Run the command, kill -9 it when `at` rows are described; the rows that were."""
    environment = os.environ | dict(PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1")
    arguments = [sys.executable, "-m", "solar", *command(photos, out, "--batch", "1")]
    process = subprocess.Popen(arguments, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.time() + 120
    while process.poll() is None and time.time() < deadline:
        if (out / STATES).exists() and (np.load(out / STATES) == DONE).sum() >= at:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return set(np.flatnonzero(np.load(out / STATES) == DONE).tolist())
        time.sleep(0.002)
    raise AssertionError("it ended before it could be killed")


@pytest.mark.slow
@pytest.mark.processes
def test_a_killed_extraction_goes_on_where_it_was(tmp_path, photos, net, wanted):
    out = tmp_path / "store"
    seen = []  # sizes of the batches that the network is given
    first = killed(photos, out, 3)
    before = rows_of(out)
    with pytest.raises(ValueError, match=f"{40 - len(first)} rows are still to be described"):
        Store.open(out)
    second = killed(photos, out, len(first) + 4)
    middle = rows_of(out)
    assert first < second
    assert all(np.array_equal(before[i], middle[i]) for i in first)  # not done again

    class Watched(torch.nn.Module):
        mean = net.mean
        std = net.std
        dim = net.dim

        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x):
            seen.append(len(x))
            return self.net(x)

    names = [f"{i:02}.png" for i in range(40)]
    meta = json.loads((out / "meta.json").read_text())
    files = [photos / name for name in names]
    options = dict(meta={key: meta[key] for key in ("network", "sha256")}, upright=True)
    assert extract(Watched(), files, out, names, **options) == []
    assert sum(seen) == 3 * (40 - len(second))  # three scales of what was left, and no more
    assert np.abs(rows_of(out) - wanted).max() < 1e-6
    assert Store.open(out).names == names
    assert all(np.array_equal(middle[i], rows_of(out)[i]) for i in second)
    seen.clear()
    extract(Watched(), files, out, names, **options)
    assert not seen
    assert not (out / STATES).exists()


@pytest.mark.parametrize("options", [["--batch", "3"], ["--workers", "2"], ["--half"]])
def test_descriptors_are_the_same_from_any_batch_and_workers(
    tmp_path, photos, wanted, options, capsys
):
    half = "--half" in options
    assert main(command(photos, tmp_path / "s", *options)) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "s")
    store = Store.open(tmp_path / "s")
    largest = np.abs(np.concatenate(list(store.chunks())) - wanted).max()
    assert largest < (1e-3 if half else 1e-6)
    assert store.dtype == (np.float16 if half else np.float32)


def test_a_store_tells_how_it_was_made(tmp_path, photos):
    assert main(command(photos, tmp_path / "s")) == 0
    made = Store.open(tmp_path / "s").meta
    assert made["network"] == "net"
    assert len(made["sha256"]) == 64
    assert made["scales"] == [1, 2**0.5, 2**-0.5]
    assert made["image_size"] == 1024
    assert made["length"] == 128
    assert {"torch", "numpy"} < made["versions"].keys()


def test_shards_fill_one_store(tmp_path, photos, wanted, monkeypatch):
    out = tmp_path / "s"
    assert main(command(photos, out, "--shard", "2/3")) == 0
    with pytest.raises(ValueError, match="27 rows are still"):
        Store.open(out)
    assert main(command(photos, out, "--shard", "0/3")) == 0
    torchrun = dict(RANK=1, LOCAL_RANK=1, WORLD_SIZE=3, MASTER_ADDR="localhost", MASTER_PORT=29500)
    for name, value in torchrun.items():  # as torchrun sets them
        monkeypatch.setenv(name, str(value))
    assert main(command(photos, out)) == 0
    assert np.abs(rows_of(out) - wanted).max() < 1e-6
    assert len(Store.open(out)) == 40


@pytest.mark.processes
def test_two_processes_at_the_same_time_fill_one_store(tmp_path, photos, wanted):
    environment = os.environ | dict(PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1")
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    run += ["-m", "solar", *command(photos, tmp_path / "s")]
    done = subprocess.run(run, env=environment, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert np.abs(rows_of(tmp_path / "s") - wanted).max() < 1e-6
    assert len(Store.open(tmp_path / "s")) == 40


def test_unreadable_images_are_listed_and_tried_again(tmp_path, photos, wanted, capsys):
    listing = tmp_path / "list.txt"
    listing.write_text("\n".join(["a.png", "broken.png", "absent.png", "b.png"]))
    for name, i in (("a.png", 0), ("b.png", 1)):
        (tmp_path / name).write_bytes((photos / f"{i:02}.png").read_bytes())
    (tmp_path / "broken.png").write_bytes(b"no picture")
    out = tmp_path / "s"
    run = ["extract", str(listing), "--net", str(photos.parent / "net.pth"), "--out", str(out)]
    assert main(run) == 3
    errors = capsys.readouterr().err
    assert "2 images could not be read" in errors
    assert "broken.png: not a readable image" in errors
    assert (out / "skipped.txt").read_text() == "broken.png\nabsent.png\n"
    store = Store.open(out)
    assert store.skipped.tolist() == [1, 2]
    assert np.abs(rows_of(out)[[0, 3]] - wanted[[0, 1]]).max() < 1e-6
    (tmp_path / "broken.png").write_bytes((photos / "02.png").read_bytes())
    assert main(run) == 3
    assert (out / "skipped.txt").read_text() == "absent.png\n"
    (tmp_path / "absent.png").write_bytes((photos / "03.png").read_bytes())
    assert main(run) == 0
    assert not (out / "skipped.txt").exists()
    assert np.abs(rows_of(out) - wanted[[0, 2, 3, 1]]).max() < 1e-6


def test_queries_are_cropped_to_their_boxes(tmp_path, net, photos):
    boxes = [(0, 0, 40, 40), (10, 5, 60, 60)]
    files = sorted(photos.iterdir())[:2]
    extract(net, files, tmp_path / "s", boxes=boxes)
    assert np.abs(rows_of(tmp_path / "s") - solar.describe(net, files, boxes=boxes)).max() < 1e-6


def test_options_as_one_object_or_by_keyword_are_the_same(tmp_path, net, photos):
    files = sorted(photos.iterdir())[:2]
    extract(net, files, tmp_path / "a", options=DescribeOptions(image_size=64, scales=(1,)))
    extract(net, files, tmp_path / "b", image_size=64, scales=(1,))
    assert np.array_equal(rows_of(tmp_path / "a"), rows_of(tmp_path / "b"))
    with pytest.raises(TypeError, match="unknown option 'device'"):
        extract(net, files, tmp_path / "c", device="cpu")


def test_a_store_of_other_images_or_options_is_not_mixed_in(tmp_path, photos, net):
    files = sorted(photos.iterdir())[:3]
    extract(net, files, tmp_path / "s")
    for images, options, message in (
        (files[:2], {}, "another list of images"),
        (files, dict(scales=(1,)), "other scales"),
        (files, dict(half=True), "other dtype"),
        (files, dict(meta=dict(sha256="x")), "other sha256"),
        (files, dict(shard=(2, 2)), "shard 2/2"),
    ):
        with pytest.raises(ValueError, match=message):
            extract(net, images, tmp_path / "s", **options)


def test_a_full_disk_is_told_before_the_work(tmp_path, photos, net, monkeypatch):
    files = sorted(photos.iterdir())[:3]
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10))
    with pytest.raises(ValueError, match="3 descriptors need"):
        extract(net, files, tmp_path / "full")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("extract nosuch --net net.pth --out s", "unknown benchmark 'nosuch'"),
        ("extract photos --net nosuch --out s", "unknown network"),
        ("extract photos --net net.pth --out s --shard 3", "--shard"),
        ("extract photos --net net.pth --out s --shard 3/3", "shard 3/3"),
        ("extract photos --net net.pth --out s --batch 0", "batch_size=0"),
        ("extract photos --net net.pth --out s --queries", "only a benchmark has queries"),
        ("extract empty --net net.pth --out s", "no images there"),
        ("extract absent.txt --net net.pth --out s", "absent.txt: no such folder or file"),
        ("extract absent/ --net net.pth --out s", "absent/: no such folder or file"),
        ("extract photos/00.png --net net.pth --out s", "00.png: one image; expected a folder"),
        ("extract net.pth --net net.pth --out s", "net.pth: not a text file"),
        ("extract photos --net net.pth --out s --whitening w", "no such whitening; it has none"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    photos, monkeypatch, capsys, tmp_path, arguments, message
):
    monkeypatch.chdir(photos.parent)
    (photos.parent / "empty").mkdir(exist_ok=True)
    words = arguments.replace("--out s", f"--out {tmp_path / 's'}").split()
    try:
        code = main(words)
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert message in capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.parametrize("architecture", ["mini", "resnet50"])
def test_folding_changes_rounding_only(architecture):
    torch.manual_seed(0)
    net = solar.GlobalNet(architecture, soa="45").eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 1.5)
        if isinstance(module, solar.SecondOrderAttention):
            torch.nn.init.normal_(module.v.weight, std=0.01)
    state = {name: value.clone() for name, value in net.state_dict().items()}
    fast = folded(net)
    x = torch.randn(2, 3, 96, 64)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in fast.modules())
    with torch.no_grad():
        assert (fast(x.contiguous(memory_format=torch.channels_last)) - net(x)).abs().max() < 1e-6
        assert (in_place(fast)(x) - net(x)).abs().max() < 1e-6  # in either order in memory
    assert not any(isinstance(module, Bottleneck) for module in fast.modules())
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    grey = Image.new("L", (70, 50), 99)
    assert np.array_equal(solar.describe(net, [grey]), solar.describe(net, [grey.convert("RGB")]))


# ---- a reader's own images -----------------------------------------------------------------------


def small(dataset, out, *more):
    """Extract with a shipped network, quickly: the words of the command."""
    words = ["extract", str(dataset), "--net", "mini-gem", "--image-size", "48", "--single-scale"]
    return [*words, "--out", str(out), *more]


def phone(path, orientation):
    """A photograph as a phone stores it, lying on its side, and how it is seen upright."""
    seen = texture(7, 48, 64)
    turned = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
    exif = Image.Exif()
    exif[0x0112] = orientation
    seen.transpose(turned[orientation]).save(path, exif=exif)
    return seen


@pytest.mark.parametrize("orientation", [3, 6])
@pytest.mark.parametrize("listed", [False, True])
def test_own_photographs_are_described_upright(tmp_path, orientation, listed):
    (tmp_path / "photos").mkdir()
    seen = phone(tmp_path / "photos" / "a.png", orientation)
    dataset = tmp_path / "photos"
    if listed:
        dataset = tmp_path / "list.txt"
        dataset.write_text("photos/a.png\n")
    assert main(small(dataset, tmp_path / "s")) == 0
    net = solar.load("mini-gem")
    expected = solar.describe(net, [seen], image_size=48, scales=(1,))
    assert np.abs(rows_of(tmp_path / "s") - expected).max() < 1e-6
    assert Store.open(tmp_path / "s").meta["upright"] is True


def test_benchmarks_are_described_as_they_are_stored(place, monkeypatch):
    path = place / "data" / "roxford5k" / "jpg" / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(path).save(path, exif=exif)
    assert main(small("roxford5k", "s", "--root", "data")) == 0
    stored = Image.open(path).convert("RGB")
    expected = solar.describe(solar.load("mini-gem"), [stored], image_size=48, scales=(1,))
    assert np.abs(rows_of(place / "s")[:1] - expected).max() < 1e-6
    assert Store.open("s").meta["upright"] is False


def test_stores_of_before_count_as_not_upright(tmp_path, photos, net):
    files = sorted(photos.iterdir())[:2]
    extract(net, files, tmp_path / "s")
    meta = json.loads((tmp_path / "s" / "meta.json").read_text())
    del meta["upright"], meta["whitening"]
    (tmp_path / "s" / "meta.json").write_text(json.dumps(meta))
    assert extract(net, files, tmp_path / "s") == []
    with pytest.raises(ValueError, match="other upright"):
        extract(net, files, tmp_path / "s", upright=True)


def test_a_name_goes_before_a_folder_of_that_name(place, capsys):
    (place / "roxford5k").mkdir()
    texture(0).save(place / "roxford5k" / "mine.png")
    assert main(small("roxford5k", "s", "--root", "data")) == 0
    assert Store.open("s").names == ["a.jpg", "b.jpg", "c.jpg"]
    # the folder, by its path
    assert main(small("./roxford5k", "t", "--root", "data")) == 0
    assert main(small(f"{place}/roxford5k", "u", "--root", "data")) == 0
    assert Store.open("t").names == Store.open("u").names == ["mine.png"]
    with pytest.raises(SystemExit):
        main(["extract", "--help"])
    assert "./NAME" in capsys.readouterr().out


def test_what_a_folder_holds_beside_images_is_said(tmp_path, capsys):
    folder = tmp_path / "photos"
    (folder / "__MACOSX").mkdir(parents=True)
    (tmp_path / "disk").mkdir()
    (folder / "more").symlink_to(tmp_path / "disk")
    (folder / "round").symlink_to(folder)
    for name in ("photos/b.jpg", "photos/A.JPG", "photos/scan.tif", "photos/x.gif", "disk/c.webp"):
        texture(0).save(tmp_path / name)
    for name in ("phone.HEIC", "._b.jpg", "notes.txt", "__MACOSX/d.jpg"):
        (folder / name).write_bytes(b"\0")
    assert main(small(folder, tmp_path / "s")) == 0
    names = ["A.JPG", "b.jpg", "more/c.webp", "scan.tif", "x.gif"]
    assert Store.open(tmp_path / "s").names == names
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "left out" in line]
    for words in ("1 .heic (not readable here", "2 macOS litter", "1 .txt", "1 linked folders"):
        assert words in line


def test_a_folder_without_images_says_what_it_has(tmp_path, capsys):
    (tmp_path / "phone.heic").touch()
    assert main(small(tmp_path, tmp_path / "s")) == 2
    assert "no images there (left out: 1 .heic (not readable here" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffa.png\r\n\r\nb b.png\r\n".encode(),  # of a Windows editor
        "a.png\r\nb b.png".encode("utf-16"),
        b"a.png\nb b.png\n",
    ],
)
def test_lists_of_any_editor_are_read(tmp_path, content):
    for name in ("a.png", "b b.png"):
        texture(0).save(tmp_path / name)
    (tmp_path / "list").write_bytes(content)  # whatever its name
    assert main(small(tmp_path / "list", tmp_path / "s")) == 0
    assert Store.open(tmp_path / "s").names == ["a.png", "b b.png"]
    assert not len(Store.open(tmp_path / "s").skipped)


def test_names_hold_whatever_the_disk_accepts(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    names = ["a\u2028b.png", "two\nlines.png", "two\rlines.png", '"quoted".png', "\ufeffmark.png"]
    names += ["caf\udce9.png", "\u00e9.png", " blank .png", "back\\nslash.png", "%#.png"]
    for i, name in enumerate(names):
        try:
            texture(i).save(folder / name)
        except OSError:
            pytest.skip("this disk does not accept such names")
    (folder / "bro\nken.png").write_bytes(b"no picture")
    for _ in range(2):  # made, and continued
        assert main(small(folder, tmp_path / "s")) == 3
        store = Store.open(tmp_path / "s")
        assert sorted(store.names) == sorted([*names, "bro\nken.png"])
        assert [store.names[i] for i in store.skipped] == ["bro\nken.png"]


def test_the_result_is_told_to_a_script(tmp_path, capsys):
    texture(0).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    assert main(small(tmp_path, tmp_path / "s", "--json")) == 3
    told = json.loads(capsys.readouterr().out)
    wanted = dict(path=str(tmp_path / "s"), described=1, skipped=["b.png"], to_do=0)
    assert told == wanted
    assert main(small(tmp_path, tmp_path / "t", "--json", "--shard", "0/2")) == 0
    assert json.loads(capsys.readouterr().out) == wanted | dict(
        path=str(tmp_path / "t"), skipped=[], to_do=1
    )


# ---- images that do not fit into memory ----------------------------------------------------------


def test_an_image_too_large_for_memory_is_skipped_with_its_name(tmp_path, monkeypatch, capsys):
    for i in range(3):
        texture(i).save(tmp_path / f"{i}.png")
    module = sys.modules["solar.search.describe"]
    prepare, to_tensor = module.prepare, module.to_tensor

    def no_memory_for_one(path, *more):
        if path.name == "1.png":
            raise MemoryError
        return prepare(path, *more)

    def no_memory(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")

    for name, function, workers, skipped in (
        ("prepare", no_memory_for_one, "0", ["1.png"]),
        ("prepare", no_memory_for_one, "2", ["1.png"]),
        ("to_tensor", no_memory, "0", ["0.png", "1.png", "2.png"]),
    ):
        monkeypatch.setattr(module, "prepare", prepare)
        monkeypatch.setattr(module, "to_tensor", to_tensor)
        monkeypatch.setattr(module, name, function)
        out = tmp_path / f"s-{name}-{workers}"
        assert main(small(tmp_path, out, "--workers", workers)) == 3
        errors = capsys.readouterr().err
        assert "1.png: too large for the memory that is left; shrink it" in errors
        assert "Traceback" not in errors
        store = Store.open(out)
        assert [store.names[i] for i in store.skipped] == skipped


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # of the small one
def test_an_image_of_too_many_pixels_is_skipped_with_the_limit(tmp_path, monkeypatch, capsys):
    texture(0, 80, 60).save(tmp_path / "large.png")
    texture(1, 40, 30).save(tmp_path / "small.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert main(small(tmp_path, tmp_path / "s")) == 3
    errors = capsys.readouterr().err
    assert "large.png: not a readable image (over 2,000 pixels" in errors
    assert Store.open(tmp_path / "s").skipped.tolist() == [0]


# ---- disks without hard links --------------------------------------------------------------------


def no_links(number):
    def refuse(source, target, **_):
        raise OSError(number, os.strerror(number), str(source), None, str(target))

    return refuse


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
def test_a_store_is_made_on_a_disk_without_hard_links(
    tmp_path, photos, wanted, monkeypatch, number
):
    monkeypatch.setattr(os, "link", no_links(number))
    out = tmp_path / "s"
    assert main(command(photos, out, "--shard", "0/2")) == 0
    assert main(command(photos, out, "--shard", "1/2")) == 0
    assert np.abs(rows_of(out) - wanted).max() < 1e-6
    kept = {"descriptors.npy", "meta.json", "names.txt"}
    assert {path.name for path in out.iterdir()} == kept


def test_a_file_is_written_once_where_the_system_knows_no_links(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "link")
    for text in ("first", "second"):
        _write_once(tmp_path / "a", lambda path: path.write_text(text))  # noqa: B023 - used at once
    assert (tmp_path / "a").read_text() == "first"


@pytest.mark.parametrize("has_links", [True, False])
def test_of_many_that_write_a_file_one_succeeds(tmp_path, monkeypatch, has_links):
    if not has_links:
        monkeypatch.setattr(os, "link", no_links(errno.EPERM))
    barrier = threading.Barrier(8)
    path = tmp_path / "names.txt"
    for _ in range(20):
        seen = []

        def race(i):
            barrier.wait()
            _write_once(path, lambda temporary: temporary.write_text(str(i) * 10_000))
            seen.append(path.read_text())  # noqa: B023 - used within this turn

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(race, range(8)))
        # all see the file of one, whole
        assert len(set(seen)) == 1
        assert len(seen[0]) == 10_000
        assert [one.name for one in tmp_path.iterdir()] == ["names.txt"]
        path.unlink()


def test_a_lock_that_was_left_is_named_and_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", no_links(errno.EPERM))
    monkeypatch.setattr(sys.modules["solar.search.extract"], "LONGEST_LOCK", 0.05)
    (tmp_path / ".names.txt.lock").touch()
    with pytest.raises(TimeoutError, match=r"names.txt.lock: left there by a process.*delete"):
        _write_once(tmp_path / "names.txt", lambda path: path.write_text("x"))
    assert [one.name for one in tmp_path.iterdir()] == [".names.txt.lock"]
