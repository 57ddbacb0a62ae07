"""From an image file to a tensor: decode, crop to a box, shrink, normalise.

Book: chapter 1 (finding a landmark again).
"""

from collections.abc import Sequence
from contextlib import suppress
from os import PathLike, fspath
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps

from ..files import in_one_line
from .folders import UNREADABLE_SUFFIXES
from .pixels import image_of, name_of_array, rgb_of

MIN_SIDE = 16  # pixels: a network sees nothing in an image with a shorter side
MOST_NAME = 300  # letters of a file's name in a message

ImageSource = str | Path | Image.Image | np.ndarray | torch.Tensor


def read_image(source: ImageSource, upright: bool = False) -> Image.Image:
    """Read an image as RGB with 8 bits per value.

    Files and images with more bits (16-bit scans, floating-point TIFF) are scaled, see
    `pixels.to_8_bits`.

    Args:
        source: a path; a PIL image of any mode; or an array or tensor, (H, W), (H, W, 1), (H, W,
            3), (H, W, 4), (1, H, W) or (3, H, W), of uint8, uint16, bool, or floating point in
            0..1.
        upright: turn the image as its metadata say (EXIF orientation, all eight values), as every
            viewer does: for a reader's own photographs, which phones store lying on their side. By
            default the pixels are taken as they are stored, which is what the boxes of benchmarks
            mean. Arrays have no metadata. (PIL itself turns TIFF files upright, always.)

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is not an image, or is cut off, or has too many pixels; an array of
            another shape, or with values that cannot be scaled.
        TypeError: not a path, a PIL image, an array or a tensor.

    Example:
        >>> read_image(Image.new("L", (40, 30))).mode
        'RGB'
        >>> read_image(np.zeros((30, 40), np.uint16)).size
        (40, 30)
    """
    if isinstance(source, np.ndarray | torch.Tensor):
        return image_of(source)
    is_file = isinstance(source, str | PathLike) or hasattr(source, "read")
    if not is_file and not isinstance(source, Image.Image):
        raise TypeError(
            f"an image of type {type(source).__name__}: expected a path, a PIL image, an array or "
            f"a tensor"
        )
    try:
        if isinstance(source, Image.Image):
            return _decoded(source, upright, name_of(source))
        with Image.open(source) as image:
            return _decoded(image, upright, name_of(source))
    except MemoryError:
        raise  # an image that is too large is not a broken one
    except Exception as error:  # decoders of broken files raise almost anything
        raise _refusal(source, error) from error


def _decoded(image: Image.Image, upright: bool, name: str) -> Image.Image:
    """Decode an opened image, turn it upright if asked, and convert it to RGB."""
    image.load()
    if upright:
        with suppress(Exception):  # damaged metadata say nothing; the pixels are there
            image = ImageOps.exif_transpose(image)
    return rgb_of(image, name)


def _refusal(source: object, error: Exception) -> Exception:
    """Return the error, in one line, that says which image cannot be read and why."""
    name = name_of(source)
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(f"{name}: no such image")
    if isinstance(error, Image.DecompressionBombError):
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        return ValueError(f"{name}: not a readable image (over {most:,} pixels, the limit of PIL)")
    if isinstance(error, Image.UnidentifiedImageError):
        suffix = Path(name).suffix.lower()
        if suffix in UNREADABLE_SUFFIXES:
            return ValueError(f"{name}: {suffix} is not read here; convert it to JPEG or PNG")
        reason = "of a format or a kind of pixels that is not read here, or damaged"
    elif isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    elif str(error).startswith(f"{name}: "):  # told in our own words
        return error
    else:
        reason = in_one_line(str(error) or type(error).__name__, 200)
    return ValueError(f"{name}: not a readable image ({reason}); is the file complete?")


def prepare(
    source: ImageSource,
    box: Sequence[float] | None = None,
    image_size: int | None = None,
    upright: bool = False,
) -> Image.Image:
    """Read an image, crop it to a box, then shrink it.

    The longer side of the *whole* image is shrunk to `image_size` pixels; a crop shrinks by the
    same factor, so that a stone on a query is as large as it would be on the whole image (as the
    authors' loader does it). Nothing is ever enlarged.

    Args:
        source: a path, a PIL image, an array or a tensor, as in `read_image`.
        box: (x0, y0, x1, y1) in pixels of the image as it is read; the whole image if None. The
            boxes of benchmarks mean the pixels as they are stored, without `upright`.
        image_size: the longer side at most, in pixels; as it is stored if None.
        upright: turn the image as its metadata say, as in `read_image`.

    Returns:
        an RGB image.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an image, a box without area or outside the image, or fewer than 16 pixels
            left on a side.
        TypeError: not a path, a PIL image, an array or a tensor.

    Example:
        >>> image = Image.new("RGB", (400, 200))
        >>> prepare(image, image_size=100).size
        (100, 50)
        >>> prepare(image, box=(0, 0, 200, 100), image_size=100).size
        (50, 25)
    """
    if image_size is not None and image_size < 1:
        raise ValueError(f"image_size={image_size}: expected a positive number of pixels, or None")
    image = read_image(source, upright)
    longer_side = max(image.size)  # of the whole image, before the crop
    if box is not None:
        image = _crop(image, box, name_of(source))

    # the crop's share of the whole image's size
    if image_size is not None:
        side = image_size * max(image.size) / longer_side
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    if min(image.size) < MIN_SIDE:
        hint = "; try a larger image_size" if image_size is not None else ""
        raise ValueError(
            f"{name_of(source)}: {image.width} x {image.height} pixels are left; expected "
            f"{MIN_SIDE} or more per side{hint}"
        )
    return image


def _crop(image: Image.Image, box: Sequence[float], name: str) -> Image.Image:
    """Cut a box out of an image; the part of it that lies outside becomes black."""
    try:
        corners = tuple(float(v) for v in box)
        x0, y0, x1, y1 = corners
    except (TypeError, ValueError):
        raise ValueError(
            f"{name}: box {in_one_line(box)}; expected four numbers, x0, y0, x1, y1"
        ) from None
    if not (x0 < x1 and y0 < y1):
        raise ValueError(f"{name}: box {corners} has no area; expected x0 < x1 and y0 < y1")
    is_beside = x0 >= image.width or y0 >= image.height or x1 <= 0 or y1 <= 0
    is_huge = max(x1 - x0, y1 - y0) > 2 * max(image.size)  # its crop could fill the memory
    if is_beside or is_huge:
        raise ValueError(
            f"{name}: box {corners} lies outside the image of {image.width} x {image.height} pixels"
        )
    return image.crop((x0, y0, x1, y1))


def square(path: str | Path, size: int, rng: np.random.Generator | None = None) -> np.ndarray:
    """Read a square part of an image file, resized to `size`.

    The square is as large as the shorter side. Unlike `prepare` this enlarges small images, as the
    authors do in training. Pixels stay bytes and are cut before they are resized.

    Args:
        path: the image file.
        size: side of the result in pixels.
        rng: chooses where the square lies; it lies in the middle if None.

    Returns:
        (size, size, 3) uint8.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an image.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGB", (40, 30)).save(f"{folder}/a.png")
        ...     square(f"{folder}/a.png", 64).shape
        (64, 64, 3)
    """
    pixels = _read_bytes(path)  # (3, H, W)

    # where the square begins
    height, width = pixels.shape[1:]
    side = min(height, width)
    if rng is None:
        top = (height - side) // 2
        left = (width - side) // 2
    else:
        top = int(rng.integers(0, height - side + 1))
        left = int(rng.integers(0, width - side + 1))

    # cut and resize with channels last in memory; (1, 3, side, side) -> (1, 3, size, size)
    part = pixels[None, :, top : top + side, left : left + side]
    part = part.contiguous(memory_format=torch.channels_last)
    part = F.interpolate(part, (size, size), mode="bicubic", antialias=True)
    return part[0].permute(1, 2, 0).numpy()  # (size, size, 3)


def _read_bytes(path: str | Path) -> torch.Tensor:
    """Read an image file as (3, H, W) uint8: JPEGs by OpenCV, all others by Pillow.

    Both give the same bytes; `benchmarks/training.py` shows what OpenCV saves.
    """
    try:
        # Pillow reads only the head here, and refuses what is not an image or far too large
        with Image.open(path) as image:
            is_plain_jpeg = image.format == "JPEG" and image.mode in ("L", "RGB")
            if not is_plain_jpeg:
                pixels = np.array(rgb_of(image, name_of(path)))  # (H, W, 3)
                return torch.from_numpy(pixels).permute(2, 0, 1)
        content = np.fromfile(path, np.uint8)
        pixels = cv2.imdecode(content, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if pixels is None:
            raise ValueError("cut off or damaged")
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)  # (H, W, 3)
        return torch.from_numpy(pixels).permute(2, 0, 1)
    except MemoryError:
        raise
    except Exception as error:  # as in read_image
        raise _refusal(path, error) from error


def name_of(source: object) -> str:
    """Return what an error message calls an image: its file, or its type and shape.

    Example:
        >>> name_of("photos/a.jpg"), name_of(np.zeros((20, 30), np.uint8))
        ('photos/a.jpg', 'array uint8 (20, 30)')
    """
    if isinstance(source, np.ndarray | torch.Tensor):
        return name_of_array(source)
    if isinstance(source, Image.Image):
        return in_one_line(str(getattr(source, "filename", "") or "image"), MOST_NAME)
    if isinstance(source, str | PathLike):
        return in_one_line(str(fspath(source)), MOST_NAME)
    return f"image of type {type(source).__name__}"


def to_tensor(image: Image.Image, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Convert an RGB image to the normalised tensor that networks take.

    Args:
        image: an RGB image of H x W pixels.
        mean: three numbers, the mean of each colour (of pixels in 0..1).
        std: three numbers, the standard deviation of each colour.

    Returns:
        (3, H, W) float32: pixels / 255, minus `mean`, divided by `std`.

    Example:
        >>> image = Image.new("RGB", (3, 2), (255, 0, 51))
        >>> to_tensor(image, mean=(0.5, 0.5, 0.5), std=(0.5, 0.25, 1))[:, 0, 0]
        tensor([ 1.0000, -2.0000, -0.3000])
    """
    pixels = torch.from_numpy(np.array(image, dtype=np.uint8))  # (H, W, 3)
    pixels = pixels.permute(2, 0, 1).float() / 255  # (3, H, W)
    # one number per colour, (3,) -> (3, 1, 1), for all pixels
    means = torch.tensor(mean, dtype=torch.float32).view(3, 1, 1)
    stds = torch.tensor(std, dtype=torch.float32).view(3, 1, 1)
    return (pixels - means) / stds
