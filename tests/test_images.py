"""From a file to pixels: colour modes, crops, shrinking; one clear line for every bad image."""

import io

import cv2
import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torchvision.io import ImageReadMode, decode_jpeg

from solar.images import name_of, prepare, read_image, square, to_8_bits, to_tensor
from solar.images.reading import _read_bytes


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
        (1, 2, 3),
        (1, 2, 3, 4, 5),
        ("a", 2, 3, "x" * 10_000),
        [[0] * 4] * 4,
        7,
    ],
)
def test_every_bad_box_is_refused(tmp_path, box):
    noise(64, 64).save(tmp_path / "q.png")
    with pytest.raises(ValueError, match=r"q\.png.*box") as caught:
        prepare(tmp_path / "q.png", box)
    assert len(str(caught.value)) < 500


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


# ---- depth and range

RAMP = np.tile(np.arange(256, dtype=np.uint8), (64, 1))  # each grey level once a row
DEEP = {
    "16-bit PNG": (".png", RAMP.astype(np.uint16) * 257),
    "16-bit TIFF": (".tif", RAMP.astype(np.uint16) * 257),
    "16-bit TIFF, big endian": (".tif", (RAMP.astype(np.uint16) * 257).astype(">u2")),
    "16-bit PGM": (".pgm", RAMP.astype(np.uint16) * 257),
    "32-bit TIFF of 16 bits": (".tif", RAMP.astype(np.int32) * 257),
    "32-bit TIFF of 8 bits": (".tif", RAMP.astype(np.int32)),
    "32-bit TIFF": (".tif", RAMP.astype(np.int32) * 1_000_000 - 5),
    "float TIFF": (".tif", RAMP.astype(np.float32) / 255),
}


@pytest.mark.parametrize("kind", DEEP)
def test_images_of_any_depth_show_the_same_ramp(tmp_path, kind):
    suffix, values = DEEP[kind]
    path = tmp_path / f"ramp{suffix}"
    Image.fromarray(values).save(path)
    assert np.array_equal(np.asarray(read_image(path)), np.stack([RAMP] * 3, axis=2))
    assert np.array_equal(np.asarray(read_image(Image.open(path))), np.asarray(read_image(path)))
    assert np.array_equal(square(path, 64)[0, :, 0], square(path, 64)[-1, :, 2])
    assert len(np.unique(square(path, 64))) > 60


def test_colours_of_16_bits_become_8_bits(tmp_path):
    colours = np.asarray(noise(30, 20))
    for suffix in (".png", ".tif"):
        cv2.imwrite(str(tmp_path / f"x{suffix}"), colours[..., ::-1].astype(np.uint16) * 257)
        assert np.array_equal(np.asarray(read_image(tmp_path / f"x{suffix}")), colours)


@pytest.mark.parametrize(
    "values", [[0, 300.0], [-0.5, 1], [0, np.nan], [0, np.inf]], ids=["300", "-0.5", "nan", "inf"]
)
def test_floating_point_images_of_another_range_are_refused_by_name(tmp_path, values):
    pixels = np.resize(np.array(values, np.float32), (20, 20))
    Image.fromarray(pixels).save(tmp_path / "depth.tif")
    for read in (read_image, lambda path: square(path, 32)):
        with pytest.raises(ValueError, match=r"depth\.tif: floating-point values from .*0 to 1"):
            read(tmp_path / "depth.tif")


def test_one_rule_scales_all_values():
    assert to_8_bits(np.array([False, True]), "x").tolist() == [0, 255]
    assert to_8_bits(np.array([0, 128, 129, 65535], np.uint16), "x").tolist() == [0, 0, 1, 255]
    assert to_8_bits(np.array([0, 255]), "x").tolist() == [0, 255]
    assert to_8_bits(np.array([0, 256, 65535]), "x").tolist() == [0, 1, 255]
    assert to_8_bits(np.array([-100, 0, 155]), "x").tolist() == [0, 100, 255]
    assert to_8_bits(np.array([-7, -7]), "x").tolist() == [0, 0]
    assert to_8_bits(np.array([0, 0.5, 1], np.float16), "x").tolist() == [0, 128, 255]


@pytest.mark.parametrize("mode", ["P", "LA", "RGBA", "PA", "CMYK", "1", "YCbCr", "HSV"])
def test_images_in_memory_of_every_mode_become_rgb(mode):
    source = noise(20, 20).convert("RGBA" if mode == "PA" else "RGB")
    source = source.convert("P").convert("PA") if mode == "PA" else source.convert(mode)
    assert np.array_equal(np.asarray(read_image(source)), np.asarray(source.convert("RGB")))


# ---- arrays and tensors

GREY = np.asarray(noise(20, 24).convert("L"))  # (24, 20)
COLOURS = np.asarray(noise(20, 24))  # (24, 20, 3)
THREE = np.stack([GREY] * 3, axis=2)
ALPHA = np.dstack([COLOURS, GREY])
ARRAYS = {
    "(H, W)": (GREY, THREE),
    "(H, W, 1)": (GREY[:, :, None], THREE),
    "(1, H, W)": (GREY[None], THREE),
    "(H, W, 3)": (COLOURS, COLOURS),
    "(3, H, W)": (np.moveaxis(COLOURS, 2, 0), COLOURS),
    "(H, W, 4)": (ALPHA, COLOURS),
    "backwards": (COLOURS[::-1, ::-1], COLOURS[::-1, ::-1]),
    "uint16": (COLOURS.astype(np.uint16) * 257, COLOURS),
    "big endian": ((COLOURS.astype(np.uint16) * 257).astype(">u2"), COLOURS),
    "int64": (COLOURS.astype(np.int64), COLOURS),
    "float32": (COLOURS.astype(np.float32) / 255, COLOURS),
    "float64": (COLOURS / 255, COLOURS),
    "bool": (GREY > 99, (THREE > 99) * 255),
    "a tensor (3, H, W)": (torch.tensor(COLOURS / 255).permute(2, 0, 1), COLOURS),
    "a tensor (1, H, W)": (torch.tensor(GREY)[None], THREE),
    "a tensor (H, W, 3)": (torch.tensor(COLOURS), COLOURS),
    "a tensor with a gradient": (torch.tensor(THREE / 255, requires_grad=True), THREE),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_and_tensors_are_images(kind):
    source, wanted = ARRAYS[kind]
    assert np.array_equal(np.asarray(read_image(source)), wanted)
    assert prepare(source, image_size=20).size == (17, 20)


def test_half_precision_tensors_are_images():
    for dtype in (torch.float16, torch.bfloat16):
        pixels = np.asarray(read_image(torch.tensor(COLOURS / 255, dtype=dtype)))
        assert np.abs(pixels.astype(int) - COLOURS).max() <= 1


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (np.zeros((2, 3, 20, 20), np.uint8), r"array uint8 \(2, 3, 20, 20\): expected one image"),
        (torch.zeros(2, 3, 20, 20), r"tensor float32 \(2, 3, 20, 20\): expected one image"),
        (np.zeros((20, 20, 2), np.uint8), r"\(20, 20, 2\): expected one image"),
        (np.zeros((0, 20), np.uint8), r"\(0, 20\): expected one image"),
        (np.zeros(400), r"\(400,\): expected one image"),
        (np.full((20, 20), 255.0), r"values from 255 to 255; expected 0 to 1"),
        (torch.randn(3, 20, 20), r"values from .* expected 0 to 1"),
        (np.zeros((20, 20), complex), r"values of type complex128; expected numbers"),
        (np.full((20, 20), None), r"values of type object; expected numbers"),
        (np.full((20, 20), "a"), r"values of type <U1; expected numbers"),
        ([[0] * 400] * 400, r"an image of type list: expected a path"),
        (None, r"an image of type NoneType: expected a path"),
        (7, r"an image of type int: expected a path"),
    ],
)
def test_what_is_no_image_is_refused_in_one_short_line(source, words):
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        prepare(source)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_names_in_messages_are_one_short_line(tmp_path):
    for name in ("a\nb.jpg", "\u2028.jpg", "x" * 5000):
        with pytest.raises((ValueError, FileNotFoundError)) as caught:
            read_image(tmp_path / name)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 500
    assert name_of(Image.new("L", (3, 3))) == "image"


def test_a_format_that_is_not_read_says_what_to_do(tmp_path):
    (tmp_path / "phone.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1")
    for read in (read_image, lambda path: square(path, 32)):
        with pytest.raises(ValueError, match=r"phone\.HEIC: \.heic is not read here; convert"):
            read(tmp_path / "phone.HEIC")


@pytest.mark.parametrize("size", [0, -5])
def test_an_image_size_below_one_is_refused(size):
    with pytest.raises(ValueError, match=f"image_size={size}: expected a positive number"):
        prepare(noise(20, 20), image_size=size)


def test_open_files_are_read(tmp_path):
    noise(20, 20).save(tmp_path / "x.png")
    with (tmp_path / "x.png").open("rb") as file:
        assert read_image(file).size == (20, 20)


# ---- orientation

CORNERS = Image.new("RGB", (40, 30), "black")  # white, red and green in three corners
CORNERS.paste("white", (0, 0, 20, 15))
CORNERS.paste("red", (20, 0, 40, 15))
CORNERS.paste("lime", (0, 15, 20, 30))


def tagged(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_turned_upright_on_request_alone(tmp_path, orientation, suffix):
    path = tmp_path / f"phone{suffix}"
    CORNERS.save(path, exif=tagged(orientation), quality=95, subsampling=0)
    wanted = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
    assert wanted.shape[:2] == ((30, 40) if orientation < 5 else (40, 30))
    for source in (path, str(path), Image.open(path)):
        assert np.array_equal(np.asarray(read_image(source, upright=True)), wanted)
        assert np.array_equal(np.asarray(prepare(source, upright=True)), wanted)
        assert read_image(source).size == (40, 30)  # as stored: what boxes mean
    # once upright, an image stays so
    upright = read_image(path, upright=True)
    assert np.array_equal(np.asarray(read_image(upright, upright=True)), wanted)
    assert square(path, 30).shape == (30, 30, 3)
    stored = np.asarray(CORNERS)[:, 5:35]
    assert np.abs(square(path, 30).astype(int) - stored).mean() < 8


def test_boxes_are_of_the_image_as_it_is_read(tmp_path):
    CORNERS.resize((80, 60), Image.Resampling.NEAREST).save(tmp_path / "x.png", exif=tagged(6))
    red = (40, 0, 80, 30)  # as it is stored
    assert prepare(tmp_path / "x.png", red).getcolors() == [(1200, (255, 0, 0))]
    red_upright = (30, 40, 60, 80)  # turned by 90 degrees clockwise
    image = prepare(tmp_path / "x.png", red_upright, upright=True)
    assert image.getcolors() == [(1200, (255, 0, 0))]


@pytest.mark.parametrize("exif", [b"Exif\0\0MM", b"nonsense", tagged(0), tagged(9), tagged(77)])
def test_damaged_orientation_turns_nothing(tmp_path, exif):
    CORNERS.save(tmp_path / "phone.jpg", exif=exif)
    assert read_image(tmp_path / "phone.jpg", upright=True).size == (40, 30)


# ---- JPEG


def test_both_decoders_of_jpegs_give_the_same_bytes(tmp_path):
    """`square` reads by OpenCV what `read_image` reads by Pillow, and torchvision did before."""
    count = 0
    for n, size in enumerate([(64, 48), (67, 93), (17, 200)]):
        image = noise(12, 9, n).resize(size, Image.Resampling.BICUBIC)
        for mode in ("RGB", "L", "CMYK"):
            for quality in (5, 60, 95):
                for sampling in (0, 1, 2):
                    for progressive in (False, True):
                        out = io.BytesIO()
                        image.convert(mode).save(
                            out,
                            "JPEG",
                            quality=quality,
                            subsampling=sampling,
                            progressive=progressive,
                            exif=tagged(6),
                        )
                        (tmp_path / "x.jpg").write_bytes(out.getvalue())
                        ours = _read_bytes(tmp_path / "x.jpg")
                        before = torch.frombuffer(bytearray(out.getvalue()), dtype=torch.uint8)
                        assert torch.equal(ours, decode_jpeg(before, ImageReadMode.RGB))
                        by_pillow = np.asarray(read_image(tmp_path / "x.jpg"))
                        assert np.array_equal(ours.permute(1, 2, 0).numpy(), by_pillow)
                        count += 1
    assert count == 162


@pytest.mark.parametrize("read", [read_image, lambda path: square(path, 32)])
def test_an_image_too_large_for_the_memory_is_not_called_broken(read, tmp_path, monkeypatch):
    def too_large(*_, **__):
        raise MemoryError

    path = tmp_path / "a.jpg"
    Image.new("RGB", (64, 48)).save(path)
    monkeypatch.setattr("solar.images.reading.Image.open", too_large)
    with pytest.raises(MemoryError):
        read(path)
