"""From a file to pixels: colour modes, crops, shrinking; one clear line for every bad image."""

import numpy as np
import pytest
import torch
from PIL import Image

from solar.images import prepare, read_image, square, to_tensor


def noise(width, height, seed=0):
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1"])
def test_every_colour_mode_becomes_rgb(tmp_path, mode):
    path = tmp_path / ("x.jpg" if mode == "CMYK" else "x.png")
    noise(20, 20).convert(mode).save(path)
    assert read_image(path).mode == "RGB"


def test_shrinks_the_longer_side_and_never_enlarges():
    assert prepare(noise(400, 200), image_size=100).size == (100, 50)
    assert prepare(noise(200, 400), image_size=100).size == (50, 100)
    assert prepare(noise(40, 20), image_size=100).size == (40, 20)
    assert prepare(noise(400, 200)).size == (400, 200)


def test_shrinking_is_antialiased():
    """A fine chequerboard becomes grey; picking pixels would leave it black and white."""
    board = Image.fromarray((np.indices((256, 256)).sum(0) % 2 * 255).astype(np.uint8))
    assert np.array(prepare(board, image_size=64)).std() < 5


def test_crop_comes_first_and_takes_the_very_pixels():
    image = noise(100, 80)
    crop = np.array(prepare(image, (10.4, 20.6, 60, 70)))
    assert np.array_equal(crop, np.array(image)[21:70, 10:60])


def test_a_crop_shrinks_by_the_whole_images_factor():
    image = noise(200, 160)
    assert prepare(image, (0, 0, 60, 40), image_size=100).size == (30, 20)
    assert prepare(image, (0, 0, 60, 40), image_size=400).size == (60, 40)
    whole = np.array(prepare(image, image_size=100))[:20, :30].astype(float)
    crop = np.array(prepare(image, (0, 0, 60, 40), image_size=100)).astype(float)
    # away from the cut, the very same pixels but for rounding
    assert np.abs(whole - crop)[2:-2, 2:-2].max() <= 1


@pytest.mark.parametrize("size", [48, 200])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_squares_are_cut_and_resized_as_pillow_does_it(tmp_path, suffix, size):
    path = tmp_path / f"x{suffix}"
    noise(12, 8).resize((150, 100), Image.Resampling.BICUBIC).save(path, quality=95)
    middle = Image.open(path).convert("RGB").crop((25, 0, 125, 100))
    wanted = np.asarray(middle.resize((size, size), Image.Resampling.BICUBIC))
    pixels = square(path, size)
    assert pixels.shape == (size, size, 3)
    assert pixels.dtype == np.uint8
    # decoders and integers round differently
    assert np.abs(pixels.astype(float) - wanted).max() <= 3


def test_random_squares_follow_the_seed_and_reach_both_ends(tmp_path):
    columns = np.arange(60, dtype=np.uint8)[None, :, None]
    ramp = np.broadcast_to(columns, (40, 60, 3))  # a pixel's value is its column
    Image.fromarray(ramp).save(tmp_path / "x.png")

    def left_end(seed):
        return int(square(tmp_path / "x.png", 40, np.random.default_rng(seed))[0, 0, 0])

    ends = [left_end(seed) for seed in range(200)]
    assert set(ends) == set(range(21))
    assert ends[3] == left_end(3)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_squares_of_grey_and_of_printers_jpegs_have_three_channels(tmp_path, mode):
    Image.new(mode, (30, 20), 0).save(tmp_path / "x.jpg")
    assert square(tmp_path / "x.jpg", 16).shape == (16, 16, 3)


def test_to_tensor_normalises():
    image = Image.new("RGB", (3, 2), (255, 0, 51))
    tensor = to_tensor(image, mean=(0.5, 0.5, 0.5), std=(0.5, 0.25, 1))
    assert tensor.shape == (3, 2, 3)
    assert tensor.dtype == torch.float32
    assert torch.allclose(tensor[:, 0, 0], torch.tensor([1.0, -2.0, -0.3]))


def write_bad_files(folder):
    """Write files that are no images, cut off or too small; return their names and two more."""
    noise(64, 64).save(folder / "whole.jpg")
    content = (folder / "whole.jpg").read_bytes()
    files = {
        "empty.jpg": b"",
        "text.jpg": b"not a picture",
        "cut.jpg": content[: len(content) // 2],
    }
    noise(64, 64).save(folder / "whole.png")
    files["cut.png"] = (folder / "whole.png").read_bytes()[:2000]
    for name, data in files.items():
        (folder / name).write_bytes(data)
    noise(64, 5).save(folder / "thin.jpg")
    noise(3, 3).save(folder / "tiny.png")
    (folder / "folder.jpg").mkdir()
    return [*files, "thin.jpg", "tiny.png", "folder.jpg", "absent.jpg"]


def test_every_bad_file_gives_one_line_that_names_it(tmp_path):
    def message_of(read, name):
        with pytest.raises((ValueError, FileNotFoundError)) as caught:
            read(tmp_path / name)
        return str(caught.value)

    for name in write_bad_files(tmp_path):
        messages = [message_of(prepare, name)]
        if name not in ("thin.jpg", "tiny.png"):  # squares enlarge
            messages.append(message_of(lambda path: square(path, 32), name))
        assert all(name in message for message in messages)
        assert not any("\n" in message for message in messages), name


@pytest.mark.parametrize(
    "box",
    [
        (5, 5, 5, 50),
        (50, 5, 20, 50),
        (float("nan"), 0, 5, 5),
        (100, 0, 150, 50),
        (-50, -50, 0, 0),
        (0, 0, 10**9, 10**9),
        (0, 0, float("inf"), 9),
    ],
)
def test_every_bad_box_is_refused(tmp_path, box):
    noise(64, 64).save(tmp_path / "q.png")
    with pytest.raises(ValueError, match=r"q\.png.*box"):
        prepare(tmp_path / "q.png", box)


def test_an_image_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    noise(64, 64).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValueError, match=r"bomb\.png"):
        read_image(tmp_path / "bomb.png")
    with pytest.raises(ValueError, match=r"bomb\.png"):
        square(tmp_path / "bomb.png", 32)


@pytest.mark.filterwarnings("ignore")
def test_damaged_images_never_raise_anything_else(tmp_path):
    rng = np.random.default_rng(0)
    readers = (read_image, lambda path: square(path, 32))
    messages = []
    for kind in ("jpg", "png", "gif", "tiff", "webp"):
        noise(48, 48).save(tmp_path / f"x.{kind}")
        whole = np.frombuffer((tmp_path / f"x.{kind}").read_bytes(), np.uint8)
        for _ in range(40):
            damaged = whole[: rng.integers(1, len(whole) + 1)].copy()
            spots = rng.integers(0, min(len(damaged), 400), 6)
            damaged[spots] = rng.integers(0, 256, 6)
            (tmp_path / "d").write_bytes(damaged.tobytes())
            for read in readers:
                try:
                    read(tmp_path / "d")
                except ValueError as error:
                    messages.append(str(error))
    assert messages
    assert all("d: not a readable image" in message for message in messages)
