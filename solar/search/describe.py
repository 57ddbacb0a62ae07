"""From pictures to descriptors: batches of equal size, several scales, batch norms folded."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from ..distributed import pick_device
from ..images import prepare, to_tensor
from ..nets.fuse import folded, in_place
from ..nets.pooling import l2n

PAPER_SCALES = (1, 2**0.5, 2**-0.5)


class Pictures(Dataset):
    """(number, tensor) of each picture, prepared; or (number, error) for one that cannot be read."""

    def __init__(self, images, boxes, image_size, mean, std):
        self.images, self.boxes, self.image_size, self.mean, self.std = (
            images,
            boxes,
            image_size,
            mean,
            std,
        )

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        box = None if self.boxes is None else self.boxes[i]
        try:
            return i, to_tensor(prepare(self.images[i], box, self.image_size), self.mean, self.std)
        except (
            OSError,
            ValueError,
        ) as error:  # handed on: raised in a worker, it would arrive wrapped in a traceback
            return i, error


def equal_batches(
    pictures, batch_size: int, failed: Callable | None = None
) -> Iterator[tuple[list, torch.Tensor]]:
    """Group a stream of (number, (3, H, W)) into batches of one size each; at most four batches
    wait in memory.

    An error in a picture's place is raised, or given to `failed(number, error)` and left out.
    """
    waiting: dict[tuple, list] = {}
    for i, picture in pictures:
        if isinstance(picture, Exception):
            if failed is None:
                raise picture
            failed(i, picture)
            continue
        waiting.setdefault(tuple(picture.shape), []).append((i, picture))
        fullest = max(waiting, key=lambda size: len(waiting[size]))
        if len(waiting[fullest]) >= batch_size or sum(map(len, waiting.values())) > 4 * batch_size:
            yield _stack(waiting.pop(fullest))
    for group in waiting.values():
        yield _stack(group)


def _stack(group: list) -> tuple[list[int], torch.Tensor]:
    numbers, pictures = zip(*group)
    return list(numbers), torch.stack(pictures)


def describe_batch(
    net, batch: torch.Tensor, scales: Sequence[float] = PAPER_SCALES
) -> torch.Tensor:
    """Descriptors (B, D) of a batch (B, 3, H, W): the mean over `scales`, normalised again.

    The picture is resized bilinearly without aligned corners; descriptors are averaged after
    whitening, as the authors do.
    """
    total = 0
    for scale in scales:
        x = (
            batch
            if scale == 1
            else F.interpolate(batch, scale_factor=scale, mode="bilinear", align_corners=False)
        )
        total = total + net(x)
    return l2n(total / len(scales))


def describe(
    net,
    images: Sequence,
    boxes: Sequence | None = None,
    image_size: int | None = 1024,
    scales: Sequence[float] = PAPER_SCALES,
    batch_size: int = 16,
    workers: int = 0,
    device: str | torch.device | None = None,
    progress: bool = False,
) -> np.ndarray:
    """Describe pictures; row i belongs to image i, whatever the batch size, order and number of
    workers.

    A copy of the network does the work, in evaluation mode and with its batch norms folded (see
    `folding`).

    Args:
        images: paths or PIL images.
        boxes: a box (x0, y0, x1, y1) in pixels for each, or None: pictures are cropped before they
            shrink.
        image_size: the longer side is shrunk to at most this many pixels.
        scales: as `describe_batch`; the default is the paper's (SOLAR, section 5).
        workers: processes that decode.
        device: where to compute; if None where the network is, or the fastest device if it is on
            the CPU.

    Returns:
        (N, D) float32, rows of unit length.

    Raises:
        FileNotFoundError, ValueError: an image that is missing, broken or tiny; the message names
            it.
    """
    rows = np.zeros((len(images), net.dim), np.float32)
    settings = image_size, scales, batch_size, workers, device
    with tqdm(total=len(images), unit="image", disable=not progress) as bar:
        for numbers, found in iter_descriptors(net, images, boxes, *settings):
            rows[numbers] = found
            bar.update(len(numbers))
    return rows


@torch.inference_mode()
def iter_descriptors(
    net,
    images,
    boxes,
    image_size,
    scales,
    batch_size,
    workers,
    device,
    failed: Callable | None = None,
) -> Iterator[tuple[list[int], np.ndarray]]:
    """`describe` as a stream: (numbers, their rows (B, D)) in the order in which batches fill;
    `failed` as in `equal_batches`.
    """
    if boxes is not None and len(boxes) != len(images):
        raise ValueError(f"{len(boxes)} boxes for {len(images)} images; expected one each")
    if image_size is not None and image_size < 1:
        raise ValueError(f"image_size={image_size}: expected a positive number of pixels, or None")
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size}: expected at least 1")
    first = next(net.parameters())
    device = pick_device(device or (None if first.device.type == "cpu" else first.device))
    pictures = Pictures(images, boxes, image_size, net.mean, net.std)
    loader = DataLoader(pictures, batch_size=None, num_workers=workers)
    fast = folded(net).to(device)
    if device.type == "cpu":
        fast = in_place(fast)
    for numbers, batch in equal_batches(loader, batch_size, failed):
        batch = batch.to(device, first.dtype, memory_format=torch.channels_last)
        yield numbers, describe_batch(fast, batch, scales).float().cpu().numpy()
