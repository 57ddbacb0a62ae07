"""Descriptors: several scales against a loop, the same from any batch, order and number of workers,
queries cropped.
"""

import math

import numpy as np
import pytest
import torch
from PIL import Image

import solar
from solar import describe
from solar.search.describe import PAPER_SCALES, equal_batches


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    net = solar.GlobalNet("mini", soa="45").eval()
    for name, parameter in net.named_parameters():
        if ".v.weight" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return net


def texture(seed, width=64, height=48):
    """A smooth pattern of its own kind for each seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 8
    waves = [
        np.sin(x * rng.uniform(0.2, 3) + y * rng.uniform(0.2, 3) + rng.uniform(0, 6))
        for _ in range(3)
    ]
    return Image.fromarray(np.uint8(127 + 120 * np.stack(waves, -1)))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    sizes = [
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
    for i, size in enumerate(sizes):
        texture(i, *size).save(folder / f"{i}.png")
    return [folder / f"{i}.png" for i in range(len(sizes))]


def loop_resize(image, scale):
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
        with torch.no_grad():
            total += (
                net(torch.tensor(loop_resize(image, scale), dtype=torch.float32)[None])[0]
                .double()
                .numpy()
            )
    mean = total / 3
    assert np.allclose(
        describe(net, files[:1])[0], mean / (np.sqrt((mean**2).sum()) + 1e-6), atol=1e-5
    )


def test_rows_are_of_unit_length_and_plain_numpy(net, files):
    rows = describe(net, files, image_size=64)
    assert rows.shape == (9, 128) and rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert describe(net, []).shape == (0, 128)


@pytest.mark.parametrize(
    "options",
    [dict(batch_size=1), dict(batch_size=3), dict(workers=2), dict(batch_size=2, workers=1)],
)
def test_batch_size_and_workers_change_nothing(net, files, options):
    wanted = describe(net, files, image_size=64, batch_size=16)
    assert np.abs(describe(net, files, image_size=64, **options) - wanted).max() < 1e-6


def test_order_changes_nothing(net, files):
    order = np.random.default_rng(0).permutation(len(files))
    shuffled = describe(net, [files[i] for i in order], image_size=64, batch_size=2)
    assert np.abs(shuffled - describe(net, files, image_size=64)[order]).max() < 1e-6


def test_paths_and_pictures_are_the_same(net, files):
    assert np.array_equal(
        describe(net, [str(f) for f in files[:3]]),
        describe(net, [Image.open(f) for f in files[:3]]),
    )


def test_a_network_in_training_is_described_in_evaluation_mode(net, files):
    wanted = describe(net, files[:3])
    assert np.array_equal(describe(net.train(), files[:3]), wanted)


def test_a_query_is_cropped_to_its_box(net, tmp_path):
    """Its surroundings show landmark B, its box landmark A: cropped it is A to the last digit,
    uncropped it is not.
    """
    a, b = texture(100), texture(101, 192, 144)
    query = b.copy()
    query.paste(a, (70, 50))
    query.save(tmp_path / "query.png")
    database = describe(net, [a, b, texture(102)])
    cropped = describe(net, [tmp_path / "query.png"], boxes=[(70, 50, 134, 98)])
    whole = describe(net, [tmp_path / "query.png"])
    assert np.allclose(cropped[0], database[0], atol=1e-6)
    assert solar.top_k(cropped, database, 1)[0].item() == 0
    assert solar.top_k(whole, database, 1)[0].item() == 1


def test_few_pictures_wait_however_many_sizes():
    pictures = ((i, torch.zeros(3, 16 + i % 50, 16)) for i in range(400))
    taken, seen = 0, []

    def count():
        nonlocal taken
        for item in pictures:
            taken += 1
            yield item

    for numbers, batch in equal_batches(count(), 4):
        seen += numbers
        assert len(batch) == len(numbers) <= 4 and taken - len(seen) <= 16
    assert sorted(seen) == list(range(400))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_broken_picture_is_named_in_one_line(net, files, tmp_path, workers):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    for bad, kind in (
        (tmp_path / "broken.jpg", ValueError),
        (tmp_path / "absent.jpg", FileNotFoundError),
    ):
        with pytest.raises(kind, match=bad.name) as caught:
            describe(net, [files[0], bad, files[1]], workers=workers)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options", [dict(boxes=[]), dict(image_size=0), dict(image_size=-4), dict(device="nosuch")]
)
def test_bad_options_are_refused(net, files, options):
    with pytest.raises(ValueError):
        describe(net, files[:1], **options)
