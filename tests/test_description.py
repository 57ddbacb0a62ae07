"""Descriptors of images: several scales against a loop, the same from any batch, order and workers,
queries cropped, options checked, workers that fail, images given as arrays and upright.
"""

import math
import multiprocessing
import os
import signal
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from samples import texture

import solar
from solar import describe
from solar.search import PAPER_SCALES, DescribeOptions
from solar.search.describe import equal_batches, iter_descriptors
from solar.search.workers import in_order
from solar.training import trunk_maps

pytestmark = pytest.mark.slow  # some seconds each: `make fast` leaves them out

DESCRIBE = sys.modules["solar.search.describe"]  # the module, not the function of its name
SIZES = [
    (64, 48),
    (48, 64),
    (64, 48),
    (80, 50),
    (64, 48),
    (48, 64),
    (64, 64),
    (64, 48),
    (200, 100),
]


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    net = solar.GlobalNet("mini", soa="45").eval()
    for name, parameter in net.named_parameters():
        if ".v.weight" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return net


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for i, size in enumerate(SIZES):
        texture(i, *size).save(folder / f"{i}.png")
    return [folder / f"{i}.png" for i in range(len(SIZES))]


def resize_by_a_loop(image, scale):
    """(3, H, W) -> (3, floor(H s), floor(W s)): bilinear, pixel centres at half integers, borders
    repeated.
    """
    channels, height, width = image.shape
    out = np.zeros((channels, math.floor(height * scale), math.floor(width * scale)))

    def neighbours(i, length):
        at = max((i + 0.5) / scale - 0.5, 0)
        low = min(int(at), length - 1)
        return low, min(low + 1, length - 1), at - low

    for i in range(out.shape[1]):
        top, bottom, down = neighbours(i, height)
        for j in range(out.shape[2]):
            left, right, along = neighbours(j, width)
            upper = image[:, top, left] * (1 - along) + image[:, top, right] * along
            lower = image[:, bottom, left] * (1 - along) + image[:, bottom, right] * along
            out[:, i, j] = upper * (1 - down) + lower * down
    return out


def test_scales_are_resized_described_averaged_and_normalised_again(net, files):
    pixels = np.asarray(Image.open(files[0]), float).transpose(2, 0, 1) / 255
    image = (pixels - np.reshape(net.mean, (3, 1, 1))) / np.reshape(net.std, (3, 1, 1))
    total = np.zeros(net.dim)
    for scale in PAPER_SCALES:
        resized = torch.tensor(resize_by_a_loop(image, scale), dtype=torch.float32)
        with torch.no_grad():
            total += net(resized[None])[0].double().numpy()
    mean = total / 3
    normalised = mean / (np.sqrt((mean**2).sum()) + 1e-6)
    assert np.allclose(describe(net, files[:1])[0], normalised, atol=1e-5)


def test_rows_are_of_unit_length_and_plain_numpy(net, files):
    descriptors = describe(net, files, image_size=64)
    assert descriptors.shape == (9, 128)
    assert descriptors.dtype == np.float32
    assert np.allclose(np.linalg.norm(descriptors, axis=1), 1, atol=1e-5)
    assert describe(net, []).shape == (0, 128)


@pytest.mark.parametrize(
    "options",
    [dict(batch_size=1), dict(batch_size=3), dict(workers=2), dict(batch_size=2, workers=1)],
)
def test_batch_size_and_workers_change_nothing(net, files, options):
    expected = describe(net, files, image_size=64, batch_size=16)
    assert np.abs(describe(net, files, image_size=64, **options) - expected).max() < 1e-6


def test_order_changes_nothing(net, files):
    order = np.random.default_rng(0).permutation(len(files))
    shuffled = describe(net, [files[i] for i in order], image_size=64, batch_size=2)
    assert np.abs(shuffled - describe(net, files, image_size=64)[order]).max() < 1e-6


def test_paths_and_images_are_described_alike(net, files):
    by_path = describe(net, [str(file) for file in files[:3]])
    by_image = describe(net, [Image.open(file) for file in files[:3]])
    assert np.array_equal(by_path, by_image)


def test_a_network_in_training_is_described_in_evaluation_mode(net, files):
    expected = describe(net, files[:3])
    assert np.array_equal(describe(net.train(), files[:3]), expected)


def test_a_query_is_cropped_to_its_box(net, tmp_path):
    """Its surroundings show landmark B, its box landmark A: cropped it is A to the last digit,
    uncropped it is not.
    """
    a = texture(100)
    b = texture(101, 192, 144)
    query = b.copy()
    query.paste(a, (70, 50))
    query.save(tmp_path / "query.png")
    database = describe(net, [a, b, texture(102)])
    cropped = describe(net, [tmp_path / "query.png"], boxes=[(70, 50, 134, 98)])
    whole = describe(net, [tmp_path / "query.png"])
    assert np.allclose(cropped[0], database[0], atol=1e-6)
    assert solar.top_k(cropped, database, 1)[0].item() == 0
    assert solar.top_k(whole, database, 1)[0].item() == 1


def test_few_images_wait_however_many_sizes_there_are():
    images = ((i, torch.zeros(3, 16 + i % 50, 16)) for i in range(400))
    taken = 0
    seen = []

    def count():
        nonlocal taken
        for item in images:
            taken += 1
            yield item

    for numbers, batch in equal_batches(count(), 4):
        seen += numbers
        assert len(batch) == len(numbers) <= 4
        assert taken - len(seen) <= 16
    assert sorted(seen) == list(range(400))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_broken_image_is_named_in_one_line(net, files, tmp_path, workers):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    for bad, kind in (
        (tmp_path / "broken.jpg", ValueError),
        (tmp_path / "absent.jpg", FileNotFoundError),
    ):
        with pytest.raises(kind, match=bad.name) as caught:
            describe(net, [files[0], bad, files[1]], workers=workers)
        assert "\n" not in str(caught.value)


# ---- options -------------------------------------------------------------------------------------


def test_options_as_one_object_or_by_keyword_are_the_same(net, files):
    options = DescribeOptions(image_size=64, scales=(1,), batch_size=4)
    expected = describe(net, files, image_size=64, scales=(1,), batch_size=4)
    assert np.array_equal(describe(net, files, options=options), expected)
    # a keyword changes a field of the options
    single = DescribeOptions(image_size=1024, scales=(1,), batch_size=4)
    assert np.array_equal(describe(net, files, options=single, image_size=64), expected)
    descriptors = np.zeros_like(expected)
    for numbers, batch in iter_descriptors(net, files, None, options):
        descriptors[numbers] = batch
    assert np.array_equal(descriptors, expected)


def test_the_defaults_are_the_papers():
    options = DescribeOptions()
    assert options.image_size == 1024
    assert options.scales == PAPER_SCALES == (1, 2**0.5, 2**-0.5)


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(boxes=[]), "0 boxes for 1 images"),
        (dict(image_size=0), "image_size=0"),
        (dict(image_size=-4), "image_size=-4"),
        (dict(scales=()), r"scales=\(\)"),
        (dict(scales=(1, 0)), r"scales=\(1, 0\)"),
        (dict(batch_size=0), "batch_size=0"),
        (dict(workers=-1), "workers=-1"),
    ],
)
def test_options_that_make_no_sense_are_refused(net, files, options, message):
    with pytest.raises(ValueError, match=message):
        describe(net, files[:1], **options)


@pytest.mark.parametrize("name", ["imagesize", "device"])
def test_an_unknown_option_is_named_beside_those_there_are(net, files, name):
    message = f"unknown option '{name}': the options are image_size, scales, batch_size, workers"
    with pytest.raises(TypeError, match=message):
        describe(net, files[:1], **{name: 64})


def test_the_work_is_done_where_the_network_is(files):
    """A network of another precision on the CPU: its batches come in that precision, on the CPU."""
    seen = []

    class Mean(torch.nn.Module):
        """A descriptor of three numbers: the mean of each channel."""

        dim = 3
        mean = std = (0.5, 0.5, 0.5)

        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))

        def forward(self, x):
            seen.append((x.device.type, x.dtype))
            return x.mean((2, 3)) * self.weight

    assert describe(Mean(), files[:1], scales=(1,)).dtype == np.float32
    assert seen == [("cpu", torch.float64)]


# ---- workers that fail ---------------------------------------------------------------------------

MAIN = os.getpid()


def die_at_five(i):
    """i, but in a worker the fifth call is its last."""
    if i == 5 and os.getpid() != MAIN:
        os.kill(os.getpid(), signal.SIGKILL)
    return i


def test_work_goes_on_without_a_worker_that_was_killed(capsys):
    assert list(in_order(die_at_five, 20, workers=3)) == list(range(20))
    (line,) = capsys.readouterr().err.splitlines()
    assert "a worker process failed (killed, or out of memory); going on without workers" in line
    assert not multiprocessing.active_children()


def test_work_goes_on_after_half_a_result(monkeypatch, capsys):
    """A worker that is killed while it writes leaves half a message, which nobody may wait for."""

    def half(self, content, *_):
        os.write(self.fileno(), content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(Connection, "_send", half)
    arrays = list(in_order(np.zeros, 5, workers=2))
    assert [len(array) for array in arrays] == [0, 1, 2, 3, 4]
    assert capsys.readouterr().err.count("\n") == 1


def test_work_goes_on_where_no_process_can_be_started(monkeypatch, capsys):
    def refuse(self):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(multiprocessing.Process, "start", refuse)
    assert list(in_order(str, 3, workers=2)) == ["0", "1", "2"]
    assert "Resource temporarily unavailable" in capsys.readouterr().err


def test_an_exception_of_the_function_is_raised_here(capfd):
    def fail(i):
        return 1 // (3 - i)

    with pytest.raises(ZeroDivisionError):
        list(in_order(fail, 5, workers=2))
    assert "Traceback" not in capfd.readouterr().err


def test_workers_end_with_their_reader():
    numbers = in_order(str, 1000, workers=2)
    assert next(numbers) == "0"
    numbers.close()
    assert not multiprocessing.active_children()


def test_descriptors_are_the_same_bits_from_workers(net, files, monkeypatch, capsys):
    expected = describe(net, files, image_size=64)
    assert np.array_equal(describe(net, files, image_size=64, workers=2), expected)
    # and after one was killed
    prepare = DESCRIBE.prepare

    def killed(path, *more):
        if path == files[4] and os.getpid() != MAIN:
            os.kill(os.getpid(), signal.SIGKILL)
        return prepare(path, *more)

    monkeypatch.setattr(DESCRIBE, "prepare", killed)
    assert np.array_equal(describe(net, files, image_size=64, workers=2), expected)
    assert "going on without workers" in capsys.readouterr().err


def test_training_goes_on_without_a_worker_that_was_killed(net, files, monkeypatch, capsys):
    index = solar.datasets.TrainingIndex(files, np.arange(len(files)))

    def maps(workers):
        computed = trunk_maps.ComputedMaps(net, "conv4_x", index, 64, 64, "cpu", workers=workers)
        batches = [dict(image_ids=torch.tensor([[i, i + 1]]), seed=i) for i in range(4)]
        return torch.cat([batch["maps"] for batch in computed.feed(batches)])

    expected = maps(workers=0)
    assert torch.equal(maps(workers=2), expected)
    square = trunk_maps.square

    def killed(path, *more):
        if path == files[3] and os.getpid() != MAIN:
            os.kill(os.getpid(), signal.SIGKILL)
        return square(path, *more)

    monkeypatch.setattr(trunk_maps, "square", killed)
    assert torch.equal(maps(workers=2), expected)
    assert "going on without workers" in capsys.readouterr().err


@pytest.mark.processes
def test_workers_need_no_shared_memory(tmp_path):
    """A limit on the size of files stands for shared memory that is full."""
    resource = pytest.importorskip("resource")
    (tmp_path / "photos").mkdir()
    for i in range(3):
        texture(i, 1024, 768).save(tmp_path / "photos" / f"{i}.png", compress_level=1)
    words = "extract photos --net mini-gem --single-scale --workers 2 --out store"
    done = subprocess.run(
        [sys.executable, "-m", "solar", *words.split()],
        cwd=tmp_path,
        env=os.environ | dict(OMP_NUM_THREADS="1", PYTHONPATH=str(Path(__file__).parents[1])),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "failed" not in done.stderr
    assert len(solar.Store.open(tmp_path / "store")) == 3


# ---- arrays, one image, upright ------------------------------------------------------------------


def test_arrays_and_tensors_are_described_as_their_image_is(net):
    image = texture(3)
    pixels = np.asarray(image)  # (48, 64, 3) uint8
    images = [
        pixels,
        pixels / 255.0,
        (pixels.astype(np.uint16) * 257),
        np.dstack([pixels, pixels[:, :, 0]]),  # with transparency
        torch.from_numpy(pixels.copy()),
        torch.from_numpy(pixels.copy()).permute(2, 0, 1),
        torch.from_numpy(pixels.copy()).permute(2, 0, 1) / 255,
    ]
    expected = describe(net, [image], image_size=64)
    for workers in (0, 1):
        descriptors = describe(net, images, image_size=64, workers=workers)
        assert np.abs(descriptors - expected).max() < 1e-6
    # all in one array
    stack = np.stack([pixels, pixels])
    assert np.abs(describe(net, stack, image_size=64) - expected).max() < 1e-6


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    "image",
    [
        np.zeros((3, 3)),
        np.full((40, 40, 3), 7.5),
        np.zeros((40, 40, 7), np.uint8),
        np.zeros((2, 2, 2, 2), np.uint8),
        torch.full((3, 40, 40), torch.nan),
        [[0] * 100_000],
        None,
        7,
    ],
    ids=lambda image: type(image).__name__,
)
def test_what_is_no_image_is_refused_in_one_short_line(net, image, workers):
    with pytest.raises((ValueError, TypeError)) as caught:
        describe(net, [image], image_size=64, workers=workers)
    assert "\n" not in str(caught.value)
    assert 10 < len(str(caught.value)) < 300


def test_one_image_is_no_list(net, files):
    for image in (str(files[0]), files[0], Image.open(files[0])):
        with pytest.raises(TypeError, match=r"0.png: one image; expected a list of images"):
            describe(net, image)


def test_a_network_for_patches_is_refused(files, tmp_path):
    local = solar.load("mini-sosnet")
    with pytest.raises(ValueError, match="describes patches"):
        describe(local, files)
    with pytest.raises(ValueError, match="describes patches"):
        solar.search.extract(local, files, tmp_path / "s")


@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
def test_images_are_turned_upright_if_asked(net, tmp_path, orientation):
    turn = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 6: "ROTATE_90", 8: "ROTATE_270"}[orientation]
    seen = texture(5)
    stored = seen.transpose(Image.Transpose[turn])
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    for workers in (0, 1):
        options = dict(image_size=64, workers=workers)
        upright = describe(net, [tmp_path / "a.png"], upright=True, **options)
        assert np.array_equal(upright, describe(net, [seen], image_size=64))
        as_stored = describe(net, [tmp_path / "a.png"], **options)
        assert np.array_equal(as_stored, describe(net, [stored], image_size=64))


def test_a_whitening_is_applied_to_the_finished_descriptors(net, files):
    rows = describe(net, files, image_size=64)
    whitening = solar.search.pca_whitening(rows)
    whitened = describe(net, files, image_size=64, whitening=whitening)
    assert whitened.shape == (9, len(whitening.projection))
    assert np.abs(whitened - whitening(rows)).max() < 1e-6
