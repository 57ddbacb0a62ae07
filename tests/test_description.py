"""Descriptors of images: several scales against a loop, the same from any batch, order and workers,
queries cropped, options checked.
"""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from samples import texture

import solar
from solar import describe
from solar.search import PAPER_SCALES, DescribeOptions
from solar.search.describe import equal_batches, iter_descriptors

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
