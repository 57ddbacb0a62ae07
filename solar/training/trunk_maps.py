"""What a frozen trunk makes of pictures: maps computed once and kept, or anew from every crop.

Both kinds have `stream(numbers, seed)`, which yields maps (n, C, H, W) of images in their order,
and `feed(batches)`, which yields an epoch's batches (dicts with 'rows', (B, k) image numbers, and
'seed') with the 'maps' (or what makes them) of this process's share of the rows.
"""

from collections.abc import Iterator
from math import ceil

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from .. import distributed
from ..datasets import TrainingIndex
from ..images import prepare, square
from ..nets.fuse import folded
from ..nets.global_net import STAGES, GlobalNet
from ..search.describe import Pictures, equal_batches

CHUNK = 64  # images that go through the trunk at a time, without gradients


def half_on_cuda(device: torch.device):
    """bfloat16 where matrices are large, on CUDA alone; elsewhere float32."""
    return torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda")


def _parts(numbers: np.ndarray) -> list[np.ndarray]:
    return np.array_split(numbers, max(1, ceil(len(numbers) / CHUNK)))


class CachedMaps:
    """Feature maps of images, as the stage called `stage` sees them: computed once, kept as `kept`
    (float16).

    Indexing with image numbers (n,) gives (n, C, H, W) float32. All images must have one size.
    """

    def __init__(
        self,
        net: GlobalNet,
        stage: str,
        index: TrainingIndex,
        image_size: int,
        device,
        progress: bool = True,
        kept: torch.dtype = torch.float16,
    ):
        self.device, self.maps = device, None
        loader = DataLoader(
            Pictures(index.images, None, image_size, net.mean, net.std), batch_size=None
        )
        net = net.eval().to(device)
        with (
            torch.inference_mode(),
            tqdm(
                total=len(index), desc="trunk", unit="image", disable=None if progress else True
            ) as bar,
        ):
            for numbers, batch in equal_batches(loader, 32):
                found = net.features.features_before(batch.to(device), stage).to(kept).cpu()
                if self.maps is None:
                    self.maps = torch.empty(len(index), *found.shape[1:], dtype=kept)
                if found.shape[1:] != self.maps.shape[1:]:
                    raise ValueError(
                        f"{index.images[numbers[0]]}: of another size than the images before it"
                    )
                self.maps[torch.tensor(numbers)] = found
                bar.update(len(numbers))

    def __len__(self) -> int:
        return len(self.maps)

    def __getitem__(self, numbers) -> torch.Tensor:
        return self.maps[torch.as_tensor(numbers)].to(self.device).float()

    def stream(self, numbers: np.ndarray, seed: int | None = None) -> Iterator[torch.Tensor]:
        """Maps of images, some at a time; the seed is of no use here."""
        for part in _parts(numbers):
            yield self[part]

    def feed(self, batches: list[dict]) -> Iterator[dict]:
        """The batches with their maps."""
        for batch in batches:
            yield batch | dict(
                maps=self[batch["rows"][distributed.my_share(len(batch["rows"]))].ravel()]
            )


class ComputedMaps:
    """Feature maps made from the files every time: of whole pictures, or of squares cut out anew.

    Args:
        size: side of the squares, or the whole picture's longer side; `mining_size`: the same in
            `stream`.
        squares: random squares with a seed, middle ones without; otherwise whole pictures, all of
            one size.
        workers: processes that decode while the net computes.
    """

    def __init__(
        self,
        net: GlobalNet,
        stage: str,
        index: TrainingIndex,
        size: int,
        mining_size: int,
        device,
        squares: bool = True,
        workers: int = 0,
    ):
        self.net, self.index, self.device = net, index, device
        before = [
            getattr(net.features, name, nn.Identity()) for name in STAGES[: STAGES.index(stage)]
        ]
        self.trunk = folded(nn.Sequential(*before)).to(
            device
        )  # it never learns: batch norms folded, channels last
        self.size, self.mining_size, self.squares, self.workers = (
            size,
            mining_size,
            squares,
            workers,
        )

    def __len__(self) -> int:
        return len(self.index)

    @torch.no_grad()
    def _maps(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, S, S, 3) uint8 -> (n, C, H, W): normalised on the device."""
        mean, std = (
            torch.tensor(v, device=self.device).view(3, 1, 1) for v in (self.net.mean, self.net.std)
        )
        x = (
            pixels.to(self.device, non_blocking=True).permute(0, 3, 1, 2).float() / 255
        )  # (n, 3, S, S)
        parts = (x.sub_(mean).div_(std)).split(CHUNK)
        with half_on_cuda(self.device):
            return torch.cat([self.trunk(part) for part in parts]).float()

    def stream(self, numbers: np.ndarray, seed: int | None = None) -> Iterator[torch.Tensor]:
        """Maps of images at the mining size, some at a time."""
        jobs = [
            (part, None if seed is None else [seed, i]) for i, part in enumerate(_parts(numbers))
        ]
        for pixels in self._load(jobs, self.mining_size):
            yield self._maps(pixels)

    def feed(self, batches: list[dict]) -> Iterator[dict]:
        """The batches with their maps; files are read ahead."""
        shares = [
            batch["rows"][distributed.my_share(len(batch["rows"]))].ravel().numpy()
            for batch in batches
        ]
        jobs = [
            (share, [batch["seed"], distributed.rank()]) for share, batch in zip(shares, batches)
        ]
        for batch, pixels in zip(batches, self._load(jobs, self.size)):
            yield batch | dict(maps=self._maps(pixels))

    def _load(self, jobs: list[tuple], size: int) -> Iterator[torch.Tensor]:
        loader = DataLoader(
            _Pixels(self.index, jobs, size, self.squares), batch_size=None, num_workers=self.workers
        )
        for pixels in loader:
            if isinstance(pixels, Exception):
                raise pixels
            yield pixels


class _Pixels(Dataset):
    """(n, H, W, 3) uint8 of each job, which is image numbers and a seed; or the error of a file
    that cannot be read.
    """

    def __init__(self, index: TrainingIndex, jobs: list[tuple], size: int, squares: bool):
        self.index, self.jobs, self.size, self.squares = index, jobs, size, squares

    def __len__(self) -> int:
        return len(self.jobs)

    def __getitem__(self, i):
        numbers, seed = self.jobs[i]
        rng = np.random.default_rng(seed) if self.squares and seed is not None else None
        try:
            found = [self._read(self.index.images[int(n)], rng) for n in numbers]
            if len({picture.shape for picture in found}) > 1:
                raise ValueError(
                    f"{self.index.images[int(numbers[0])]}: a batch with it has pictures of several sizes"
                )
            return (
                torch.from_numpy(np.stack(found))
                if found
                else torch.zeros(0, self.size, self.size, 3).byte()
            )
        except (
            OSError,
            ValueError,
        ) as error:  # handed on: raised in a worker, it would arrive wrapped in a traceback
            return error

    def _read(self, path, rng) -> np.ndarray:
        return (
            square(path, self.size, rng)
            if self.squares
            else np.asarray(prepare(path, None, self.size))
        )
