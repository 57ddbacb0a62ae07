"""Feature maps of the frozen trunk, cached in memory or computed for every crop.

The trunk before the first attention block never learns, so training starts from its feature maps;
a network without attention starts from the maps that enter the pooling, the stage called 'head'.
Where every image is always seen whole, they are computed once: `CachedMaps`. Where each step sees
new crops, they are computed from the files at every step: `ComputedMaps`.

Both have two methods. `stream(image_ids, seed)` yields maps (n, C, H, W) of images in their order.
`feed(batches)` yields an epoch's batches, dicts with 'image_ids' (B, k) and 'seed', each with the
'maps' of this process's share of the rows added: (share * k, C, H, W).

Book: chapter 7 (training on GL18).
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from math import ceil

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset
from tqdm import tqdm

from .. import distributed
from ..datasets import TrainingIndex
from ..images import prepare, square
from ..nets.fuse import folded
from ..nets.global_net import STAGES, GlobalNet
from ..search.describe import PreparedImages, equal_batches
from ..search.workers import in_order

CHUNK = 64  # images that go through the trunk at a time, without gradients
CACHING_BATCH = 32  # images that go through it at a time while the cache is filled
HEAD = "head"  # the stage after those of the trunk: pooling and whitening


def first_learnt_stage(net: GlobalNet) -> str:
    """Return the name of the first attention block of a network; 'head' if it has none.

    Example:
        >>> [first_learnt_stage(GlobalNet("mini", soa)) for soa in ("45", "5", "")]
        ['soa4', 'soa5', 'head']
    """
    for name in STAGES:
        if name.startswith("soa") and hasattr(net.features, name):
            return name
    return HEAD


def run_before(net: GlobalNet, x: torch.Tensor, stage: str) -> torch.Tensor:
    """Run the stages before the stage called `stage`: images (B, 3, H, W) -> (B, C, h, w).

    Args:
        net: the network.
        x: images.
        stage: one of `nets.global_net.STAGES`, or 'head' for the whole trunk.
    """
    if stage == HEAD:
        return net.features(x)
    return net.features.features_before(x, stage)


def run_from(net: GlobalNet, maps: torch.Tensor, stage: str) -> torch.Tensor:
    """Run the stage called `stage` and those after it, up to the pooling.

    Args:
        net: the network.
        maps: (B, C, h, w), as `run_before` returns them.
        stage: one of `nets.global_net.STAGES`, or 'head', for which nothing is left to do.
    """
    if stage == HEAD:
        return maps
    return net.features.features_from(maps, stage)


def half_on_cuda(device: torch.device | str) -> AbstractContextManager:
    """Return a context in which large matrix products are in bfloat16 on CUDA, float32 elsewhere.

    Args:
        device: where the computation runs.
    """
    on_cuda = torch.device(device).type == "cuda"
    return torch.autocast("cuda", torch.bfloat16, enabled=on_cuda)


def _in_chunks(image_ids: np.ndarray) -> list[np.ndarray]:
    """Split image indices into parts of CHUNK or fewer, of nearly equal length."""
    return np.array_split(image_ids, max(1, ceil(len(image_ids) / CHUNK)))


def _my_image_ids(batch: dict) -> torch.Tensor:
    """Return the image indices (share * k,) of this process's rows of a batch."""
    image_ids = batch["image_ids"]  # (B, k)
    return image_ids[distributed.my_share(len(image_ids))].ravel()


class CachedMaps:
    """Feature maps of whole images, computed once and kept in memory.

    Indexing with image indices (n,) gives maps (n, C, H, W) float32.

    Args:
        net: the network; its stages before `stage` are the trunk.
        stage: name of the first stage that is left out, see `run_before`.
        index: the images, all of one size.
        image_size: longer side of the images in pixels.
        device: where the trunk computes, and where indexing puts the maps.
        progress: whether to show a progress bar.
        dtype: type in which the maps are kept, on the CPU.

    Attributes:
        maps: (N, C, H, W) of type `dtype`.
        stage: as given.

    Raises:
        ValueError: images of several sizes, or none.
    """

    def __init__(
        self,
        net: GlobalNet,
        stage: str,
        index: TrainingIndex,
        image_size: int,
        device: torch.device | str,
        progress: bool = True,
        dtype: torch.dtype = torch.float16,
    ):
        # images of equal size, in batches with their indices
        self.stage = stage
        self.device = device
        net = net.eval().to(device)
        images = PreparedImages(index.images, None, image_size, net.mean, net.std)
        batches = equal_batches(images.in_order(), CACHING_BATCH)
        bar = tqdm(total=len(index), desc="trunk", unit="image", disable=None if progress else True)

        # fill the cache
        maps: torch.Tensor | None = None
        with torch.inference_mode(), bar:
            for image_ids, pixels in batches:
                # (n, 3, H, W) -> (n, C, h, w)
                part = run_before(net, pixels.to(device), stage).to(dtype).cpu()
                # the first batch tells the shape of all maps
                if maps is None:
                    maps = torch.empty(len(index), *part.shape[1:], dtype=dtype)
                if part.shape[1:] != maps.shape[1:]:
                    path = index.images[image_ids[0]]
                    raise ValueError(f"{path}: of another size than the images before it")
                maps[torch.tensor(image_ids)] = part
                bar.update(len(image_ids))
        if maps is None:
            raise ValueError("no images to compute feature maps of")
        self.maps = maps

    def __len__(self) -> int:
        return len(self.maps)

    def __getitem__(self, image_ids) -> torch.Tensor:
        return self.maps[torch.as_tensor(image_ids)].to(self.device).float()

    def stream(self, image_ids: np.ndarray, seed: int | None = None) -> Iterator[torch.Tensor]:
        """Yield maps (n, C, H, W) of images, some at a time.

        Args:
            image_ids: (N,) indices.
            seed: not used, since every image is seen whole.
        """
        for some in _in_chunks(image_ids):
            yield self[some]

    def feed(self, batches: list[dict]) -> Iterator[dict]:
        """Yield the batches with their 'maps'."""
        for batch in batches:
            yield dict(batch, maps=self[_my_image_ids(batch)])


class ComputedMaps:
    """Feature maps computed from the image files at every step.

    Args:
        net: the network; its stages before `stage` are the trunk.
        stage: name of the first stage that is left out, see `run_before`.
        index: the images.
        size: in `feed`, side of the squares or longer side of the whole images, in pixels.
        mining_size: the same in `stream`.
        device: where the trunk computes.
        squares: whether to cut squares: at random with a seed, from the middle without. Otherwise
            images are seen whole, and must have one size.
        workers: processes that decode files while the network computes.
    """

    def __init__(
        self,
        net: GlobalNet,
        stage: str,
        index: TrainingIndex,
        size: int,
        mining_size: int,
        device: torch.device | str,
        squares: bool = True,
        workers: int = 0,
    ):
        self.net = net
        self.stage = stage
        self.index = index
        self.size = size
        self.mining_size = mining_size
        self.device = device
        self.squares = squares
        self.workers = workers
        # the trunk never learns: its batch norms become part of the convolutions before them
        before = STAGES
        if stage != HEAD:
            before = STAGES[: STAGES.index(stage)]
        stages = [getattr(net.features, name, nn.Identity()) for name in before]
        self.trunk = folded(nn.Sequential(*stages)).to(device)

    def __len__(self) -> int:
        return len(self.index)

    def stream(self, image_ids: np.ndarray, seed: int | None = None) -> Iterator[torch.Tensor]:
        """Yield maps (n, C, H, W) of images at the mining size, some at a time.

        Args:
            image_ids: (N,) indices.
            seed: of the random squares; None for the middle ones.
        """
        # each part has a seed of its own, so that parts may be read in any order
        jobs = []
        for number, some in enumerate(_in_chunks(image_ids)):
            jobs.append((some, None if seed is None else [seed, number]))
        for pixels in self._read(jobs, self.mining_size):
            yield self._maps(pixels)

    def feed(self, batches: list[dict]) -> Iterator[dict]:
        """Yield the batches with their 'maps'; with workers, files are read ahead."""
        # each process cuts other squares: its number is a part of the seed
        rank = distributed.rank()
        jobs = [(_my_image_ids(batch).numpy(), [batch["seed"], rank]) for batch in batches]
        for batch, pixels in zip(batches, self._read(jobs, self.size)):
            yield dict(batch, maps=self._maps(pixels))

    @torch.no_grad()
    def _maps(self, pixels: torch.Tensor) -> torch.Tensor:
        """Run the trunk on images: (n, H, W, 3) uint8 -> (n, C, h, w) float32."""
        # normalise on the device, where bytes arrive four times as fast as floats
        mean = torch.tensor(self.net.mean, device=self.device).view(3, 1, 1)
        std = torch.tensor(self.net.std, device=self.device).view(3, 1, 1)
        x = pixels.to(self.device, non_blocking=True).permute(0, 3, 1, 2)  # (n, 3, H, W)
        x = (x.float() / 255).sub_(mean).div_(std)

        # a few images at a time, since nothing has to be kept for gradients
        with half_on_cuda(self.device):
            return torch.cat([self.trunk(part) for part in x.split(CHUNK)]).float()

    def _read(self, jobs: list[tuple], size: int) -> Iterator[torch.Tensor]:
        """Yield the pixels (n, H, W, 3) uint8 of each job: (image indices, seed)."""
        # workers hand over arrays of bytes; if one fails, this process does its work
        batches = PixelBatches(self.index, jobs, size, self.squares)
        for pixels in in_order(batches.__getitem__, len(jobs), self.workers):
            if isinstance(pixels, Exception):
                raise pixels
            yield torch.from_numpy(pixels)


class PixelBatches(Dataset):
    """Pixels (n, H, W, 3) uint8 of jobs, or the error of a file that cannot be read.

    An error is handed on as a value: raised in a worker process, it would end the worker.

    Args:
        index: the images.
        jobs: pairs (image indices (n,), seed of their squares or None).
        size: side of the squares, or longer side of the whole images, in pixels.
        squares: whether to cut squares.
    """

    def __init__(self, index: TrainingIndex, jobs: list[tuple], size: int, squares: bool):
        self.index = index
        self.jobs = jobs
        self.size = size
        self.squares = squares

    def __len__(self) -> int:
        return len(self.jobs)

    def __getitem__(self, job: int) -> np.ndarray | Exception:
        image_ids, seed = self.jobs[job]
        # a process with nothing to do, where the last batch has fewer rows than processes
        if len(image_ids) == 0:
            return np.zeros((0, self.size, self.size, 3), np.uint8)

        rng = np.random.default_rng(seed) if self.squares and seed is not None else None
        try:
            images = [self._read_image(self.index.images[int(i)], rng) for i in image_ids]
            if len({image.shape for image in images}) > 1:
                first = self.index.images[int(image_ids[0])]
                raise ValueError(f"{first}: a batch with it has images of several sizes")
        except (OSError, ValueError) as error:
            return error
        return np.stack(images)  # (n, H, W, 3)

    def _read_image(self, path, rng: np.random.Generator | None) -> np.ndarray:
        """Read one image, as a square or whole: (H, W, 3) uint8."""
        if self.squares:
            return square(path, self.size, rng)
        return np.asarray(prepare(path, None, self.size))
