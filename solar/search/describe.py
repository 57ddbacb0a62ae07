"""From images to descriptors: batches of equal size, several scales, batch norms folded.

Images of one size share a batch, so that nothing is padded and no descriptor depends on the other
images. Each image is seen at three scales, and the mean of their descriptors is normalised again.

Book: chapter 1 (finding a landmark again).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from os import PathLike
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import Dataset
from tqdm import tqdm

from ..images import name_of, prepare, to_tensor
from ..nets import check_global
from ..nets.fuse import folded, in_place
from ..nets.pooling import l2n
from .options import PAPER_SCALES, DescribeOptions, Describer
from .workers import in_order

MOST_WAITING = 4  # batches' worth of images that wait for others of their size


# ---- batches of images ---------------------------------------------------------------------------


class PreparedImages(Dataset):
    """Images ready for a network: item i is (i, tensor), or (i, error) for an unreadable image.

    Args:
        images: paths, PIL images, arrays or tensors, as in `images.read_image`.
        boxes: a box (x0, y0, x1, y1) in pixels for each, or None.
        image_size: most pixels of the longer side, or None.
        mean: of red, green and blue.
        std: of red, green and blue.
        upright: turn images as their metadata say.
    """

    def __init__(self, images, boxes, image_size, mean, std, upright: bool = False):
        self.images = images
        self.boxes = boxes
        self.image_size = image_size
        self.mean = mean
        self.std = std
        self.upright = upright

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[int, torch.Tensor | Exception]:
        return self._normalised(i, self.decode(i))

    def in_order(self, workers: int = 0) -> Iterator[tuple[int, torch.Tensor | Exception]]:
        """Yield all items, decoded by worker processes; see `workers.in_order`.

        Workers hand over bytes, a quarter of the memory of floats, and this process normalises.
        """
        for i, pixels in enumerate(in_order(self.decode, len(self), workers)):
            yield self._normalised(i, pixels)

    def decode(self, i: int) -> np.ndarray | Exception:
        """Return the pixels (H, W, 3) uint8 of image i, or why there are none."""
        box = None if self.boxes is None else self.boxes[i]
        try:
            # decode, crop to the box, and shrink
            image = prepare(self.images[i], box, self.image_size, self.upright)
            return np.asarray(image)
        except (OSError, ValueError, TypeError) as error:
            # returned, not raised: one unreadable image in a million must not end the work
            return error
        except MemoryError:
            return self._too_large(i)

    def _normalised(
        self, i: int, pixels: np.ndarray | Exception
    ) -> tuple[int, torch.Tensor | Exception]:
        """Return item i from its pixels (H, W, 3) uint8: the tensor (3, H, W), or the error."""
        if isinstance(pixels, Exception):
            return i, pixels
        try:
            return i, to_tensor(Image.fromarray(pixels), self.mean, self.std)
        except MemoryError:
            return i, self._too_large(i)
        except RuntimeError as error:  # torch's word for it
            if "can't allocate memory" not in str(error):
                raise
            return i, self._too_large(i)

    def _too_large(self, i: int) -> ValueError:
        name = name_of(self.images[i])
        return ValueError(
            f"{name}: too large for the memory that is left; shrink it, or use fewer workers"
        )


def equal_batches(
    images: Iterable[tuple[int, torch.Tensor | Exception]],
    batch_size: int,
    failed: Callable[[int, Exception], None] | None = None,
) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Group a stream of images into batches of one size each.

    Args:
        images: (number, (3, H, W)) of each image, or (number, error).
        batch_size: images per batch, at most. No more than four times as many wait in memory.
        failed: called with (number, error) for an image that cannot be read; if None the error is
            raised.

    Yields:
        (numbers, (B, 3, H, W)); each number comes once, batches in the order in which they fill.
    """
    waiting: dict[torch.Size, list] = {}  # size -> [(number, image), ...]
    for number, image in images:
        # an unreadable image: the caller takes note of it, or all ends here
        if isinstance(image, Exception):
            if failed is None:
                raise image
            failed(number, image)
            continue

        # the image waits among those of its size; the largest group leaves when it is a whole
        # batch, or when too many images of other sizes wait
        waiting.setdefault(image.shape, []).append((number, image))
        largest = max(waiting, key=lambda size: len(waiting[size]))
        all_waiting = sum(len(group) for group in waiting.values())
        if len(waiting[largest]) >= batch_size or all_waiting > MOST_WAITING * batch_size:
            yield _stack(waiting.pop(largest))

    # what is left at the end
    for group in waiting.values():
        yield _stack(group)


def _stack(group: list[tuple[int, torch.Tensor]]) -> tuple[list[int], torch.Tensor]:
    """Return the numbers and the batch (B, 3, H, W) of some images of one size."""
    # B tensors (3, H, W) -> (B, 3, H, W)
    numbers = [number for number, _ in group]
    batch = torch.stack([image for _, image in group])
    return numbers, batch


# ---- from a batch to descriptors -----------------------------------------------------------------


def describe_batch(
    net: Callable[[torch.Tensor], torch.Tensor],
    batch: torch.Tensor,
    scales: Sequence[float] = PAPER_SCALES,
) -> torch.Tensor:
    """Describe a batch at several scales (SOLAR, section 5).

    Descriptors are averaged after whitening, as the authors do.

    Args:
        net: (B, 3, H, W) -> (B, D).
        batch: images (B, 3, H, W).
        scales: factors by which the images are resized.

    Returns:
        (B, D), rows of unit length.
    """
    # the sum of the descriptors of all scales, which have one length D whatever the size
    total = net(_resized(batch, scales[0]))  # (B, D)
    for scale in scales[1:]:
        total = total + net(_resized(batch, scale))
    # a mean of unit vectors is shorter than one
    return l2n(total / len(scales))


def _resized(batch: torch.Tensor, scale: float) -> torch.Tensor:
    """Resize (B, 3, H, W) by a factor: bilinear, pixel centres at half integers, as the authors."""
    if scale == 1:
        return batch
    return F.interpolate(batch, scale_factor=scale, mode="bilinear", align_corners=False)


def describe(
    net: Describer,
    images: Sequence,
    boxes: Sequence | None = None,
    options: DescribeOptions | None = None,
    progress: bool = False,
    **changes: Any,
) -> np.ndarray:
    """Describe images by a network, on the device on which the network is.

    Row i belongs to image i, whatever the batch size, the order and the number of workers. A copy
    of the network does the work, in evaluation mode and with its batch norms folded into the
    convolutions (see `nets.fuse`).

    Args:
        net: a `GlobalNet`, or any module with the members of `Describer`.
        images: paths, PIL images, arrays or tensors, N of them, as `images.read_image` takes them.
        boxes: a box (x0, y0, x1, y1) in pixels for each image, or None. Images are cropped before
            they are shrunk.
        options: how images are read and described; the paper's way if None.
        progress: show a progress bar.
        **changes: fields of `DescribeOptions` that differ from `options`: `image_size`, `scales`,
            `batch_size`, `workers`, `upright`, `whitening`.

    Returns:
        (N, D) float32, rows of unit length.

    Raises:
        FileNotFoundError: an image is missing.
        ValueError: an image is broken or tiny (the message names it), a box is empty or outside its
            image, an option makes no sense, or the network describes patches.
        TypeError: an option has an unknown name, or something given is no image.

    Example:
        >>> from PIL import Image
        >>> import solar
        >>> images = [Image.new("RGB", (80, 60), colour) for colour in ("red", "blue")]
        >>> net = solar.load("mini-gem")
        >>> solar.describe(net, images, image_size=64, scales=(1,)).shape
        (2, 128)
    """
    options = (options or DescribeOptions()).changed(**changes)
    check_global(net)
    check_list(images)
    # batches come in the order in which they fill; each descriptor goes to its image's row
    descriptors = np.zeros((len(images), length_of(net, options)), np.float32)  # (N, D)
    hidden = None if progress else True  # None: on terminals only
    with tqdm(total=len(images), unit="image", disable=hidden) as bar:
        for numbers, batch in iter_descriptors(net, images, boxes, options):
            descriptors[numbers] = batch
            bar.update(len(numbers))
    return descriptors


def check_list(images: object) -> None:
    """Refuse one image where a list of images is expected.

    Raises:
        TypeError: it is a path or a PIL image.
    """
    if isinstance(images, str | PathLike | Image.Image):
        raise TypeError(f"{name_of(images)}: one image; expected a list of images: [image]")


def length_of(net: Describer, options: DescribeOptions) -> int:
    """Return D, the length of the finished descriptors."""
    # a learnt map may keep some directions only: its matrix is (D, net.dim)
    return net.dim if options.whitening is None else len(options.whitening.projection)


@torch.inference_mode()
def iter_descriptors(
    net: Describer,
    images: Sequence,
    boxes: Sequence | None,
    options: DescribeOptions,
    failed: Callable[[int, Exception], None] | None = None,
) -> Iterator[tuple[list[int], np.ndarray]]:
    """Describe images as a stream, for more descriptors than memory holds.

    Args:
        net: as in `describe`.
        images: as in `describe`.
        boxes: as in `describe`.
        options: how images are read and described.
        failed: called with (number, error) for an image that cannot be read; if None the error is
            raised.

    Yields:
        (numbers, (B, D) float32) of some images, in the order in which batches fill.

    Raises:
        ValueError: another number of boxes than of images.
    """
    if boxes is not None and len(boxes) != len(images):
        raise ValueError(f"{len(boxes)} boxes for {len(images)} images; expected one each")

    # 1. decode, crop, shrink, perhaps in other processes; normalise here
    prepared = PreparedImages(images, boxes, options.image_size, net.mean, net.std, options.upright)
    loader = prepared.in_order(options.workers)

    # 2. the same network with fewer operations, where the network is and in its precision
    weight = next(net.parameters())
    fast = folded(cast(nn.Module, net))
    # adding residuals in place is faster on a CPU, by measure, and not on a GPU
    if weight.device.type == "cpu":
        fast = in_place(fast)

    # 3. describe batch after batch; channels last is the order in memory that the network wants
    for numbers, batch in equal_batches(loader, options.batch_size, failed):
        x = batch.to(weight.device, weight.dtype, memory_format=torch.channels_last)
        descriptors = describe_batch(fast, x, options.scales).float().cpu().numpy()  # (B, D)
        if options.whitening is not None:
            descriptors = options.whitening(descriptors)  # (B, D) -> (B, D')
        yield numbers, descriptors
