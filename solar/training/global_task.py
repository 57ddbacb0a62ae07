"""SOLAR's training: from a GeM network to one with second-order attention (section 4).

The trunk stays as it is; the attention blocks, GeM's exponent and the whitening learn, with a
first-order and a second-order loss. Where every image is seen whole, the trunk's feature maps are
computed once and kept in memory; a training step then starts at the first attention block, or at
the pooling if there is none.

Book: chapter 7 (training on GL18).
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from .. import distributed
from ..datasets import TrainingIndex, load_benchmark, load_training
from ..images import square
from ..nets.checkpoints import load_global, save
from ..nets.global_net import GlobalNet
from ..search.protocol import score
from .config import TrainConfig
from .datasheet import write_sheet
from .held_out import first_images, first_landmarks, held_out_map
from .learnable import exponent_of, has_heads_only, make_optimizer, net_with_attention
from .loop import Task, run, state_of
from .mining import epoch_siblings, epoch_tuples
from .objective import both_orders
from .trunk_maps import CachedMaps, ComputedMaps, first_learnt_stage, half_on_cuda, run_from

Maps = CachedMaps | ComputedMaps
CHOICES = dict(
    block=("soa", "identity", "even", "none"),
    first_order=("triplet", "supcon"),
    second_order=("solar", "sosnet"),
    image_mode=("cached", "whole", "square"),
)


class GlobalTask(Task):
    """A network with a frozen trunk, whose attention and whitening learn, and p if asked for.

    Args:
        config: the settings.
        device: 'cpu', 'cuda', 'mps', or None for the fastest.
        progress: whether to show a progress bar while maps are cached.
        train_maps: feature maps of the training images, taken from another task with the same
            start network, data and image mode; None to make them. So several runs share them, and
            a step starts where these maps end.
        val_maps: the same of the held-out images.
        workers: processes that decode files, where they are read at every step.

    Attributes:
        net: the network that learns.
        train_index: the images to learn from.
        val_index: images of held-out landmarks, by which the best epoch is chosen.
        train_maps: `CachedMaps` or `ComputedMaps` of the training images.
        val_maps: the same of the held-out images.
        stage: name of the stage at which a step starts, the first attention block or 'head'; what
            lies before it never changes.

    Raises:
        ValueError: an unknown `block`, `first_order`, `second_order` or `image_mode`, a network
            that is not known, or nothing that learns.
        FileNotFoundError: no such training data or start network.
    """

    net: GlobalNet
    config: TrainConfig

    def __init__(
        self,
        config: TrainConfig,
        device: str | torch.device | None = None,
        progress: bool = True,
        train_maps: Maps | None = None,
        val_maps: Maps | None = None,
        workers: int = 0,
    ):
        for setting, known in CHOICES.items():
            value = getattr(config, setting)
            if value not in known:
                raise ValueError(f"{setting}={value!r}: expected {' or '.join(map(repr, known))}")
        self.config = config
        self.device = distributed.pick_device(device)

        # the network: the weights of the start, and attention blocks that change nothing yet.
        # Batch norms keep their statistics, as in the authors' training: always evaluation mode.
        torch.manual_seed(config.seed)
        self.net = net_with_attention(config).to(self.device).eval()
        self.stage = train_maps.stage if train_maps else first_learnt_stage(self.net)

        # the images, and what the trunk makes of them; only mining sees them at another size
        self.train_index = first_landmarks(load_training(config.data), config.train_landmarks)
        held_out = load_training(config.data, split="val")
        self.val_index = first_images(held_out, config.max_held_out_images)
        size = config.image_size
        mining_size = config.mining_size or size
        self.train_maps = train_maps or self._maps(self.train_index, mining_size, progress, workers)
        self.val_maps = val_maps or self._maps(self.val_index, size, progress, workers)

        # what learns, and how fast
        self.optimizer = make_optimizer(self.net, config)
        decay = math.exp(-config.lr_decay)
        self.schedule = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, decay)

    def _maps(self, index: TrainingIndex, stream_size: int, progress: bool, workers: int) -> Maps:
        """Return the feature maps of images; `stream` gives them at `stream_size`."""
        size = self.config.image_size
        if self.config.image_mode == "cached":
            return CachedMaps(self.net, self.stage, index, size, self.device, progress)
        squares = self.config.image_mode == "square"
        return ComputedMaps(
            self.net, self.stage, index, size, stream_size, self.device, squares, workers
        )

    # ---- batches ---------------------------------------------------------------------------------

    def batches(self, epoch: int) -> list[dict]:
        """Return the batches of an epoch (from 0): 'image_ids' (B, k) and a 'seed' for squares."""
        parts = torch.from_numpy(self.image_ids(epoch)).split(self.config.batch_size)
        batches = []
        for step, image_ids in enumerate(parts):
            # the hash of a tuple of integers depends on nothing but these integers
            seed = hash((self.config.seed, epoch, step)) % 2**32
            batches.append(dict(image_ids=image_ids, seed=seed))
        return batches

    def image_ids(self, epoch: int) -> np.ndarray:
        """Draw the images of an epoch (from 0), a function of the seed, the epoch and the weights.

        Returns:
            With the triplet loss (Q, 2 + K) query, positive and negatives; otherwise
            (Q, photos_per_landmark), one landmark per row.

        Raises:
            ValueError: too few landmarks.
        """
        # numbers of an epoch do not depend on those before it
        config = self.config
        landmarks = self.train_index.landmarks
        rng = np.random.default_rng([config.seed, epoch])
        if config.first_order == "supcon":
            steps = max(1, config.queries_per_epoch // config.batch_size)
            try:
                return epoch_siblings(
                    landmarks, rng, steps, config.batch_size, config.photos_per_landmark
                )
            except ValueError as error:
                raise ValueError(f"{config.data}: {error}") from None
        return epoch_tuples(
            landmarks,
            lambda image_ids: self.describe(image_ids, seed=epoch),
            rng,
            queries=config.queries_per_epoch,
            pool=config.pool_size,
            negatives=config.negatives,
            pairs=self.train_index.pairs,
        )

    def feed(self, batches: list[dict]) -> Iterator[dict]:
        """Yield the batches with the trunk's 'maps' of this process's share of their rows."""
        return self.train_maps.feed(batches)

    def names(self, batch: dict) -> list[str]:
        """Return the file names of a batch's images."""
        return [self.train_index.images[i].name for i in batch["image_ids"].ravel().tolist()]

    def example(self, batch: dict, count: int = 4, side: int = 128) -> np.ndarray:
        """Return the images of the first `count` rows as one: (count * side, k * side, 3) uint8."""
        images = self.train_index.images
        rows = batch["image_ids"][:count].tolist()
        return np.vstack([np.hstack([square(images[i], side) for i in row]) for row in rows])

    # ---- one step --------------------------------------------------------------------------------

    def losses(self, batch: dict) -> dict[str, Tensor]:
        """Return the losses of both orders over one batch that `feed` gave.

        Returns:
            What `both_orders` returns, and GeM's exponent 'p'.
        """
        image_ids = batch["image_ids"]  # (B, k)

        # describe this process's share of the rows; then every process has all descriptors
        share = distributed.my_share(len(image_ids))
        d = self.describe_in_chunks(batch["maps"])  # (share * k, D)
        d = d.unflatten(0, (len(share), image_ids.shape[1]))  # (share, k, D)
        d = distributed.all_gather_rows(d, share, len(image_ids))  # (B, k, D)

        # both orders over the whole batch
        landmarks = self.train_index.landmarks[image_ids.cpu().numpy()]  # (B, k)
        values = both_orders(d, landmarks, self.config)
        return dict(values, p=exponent_of(self.net).detach().mean())

    # ---- descriptors -----------------------------------------------------------------------------

    def describe_maps(self, maps: Tensor) -> Tensor:
        """Describe images from the frozen trunk's maps: (B, C, H, W) -> (B, D)."""
        with half_on_cuda(self.device):
            maps = run_from(self.net, maps, self.stage)
        return self.net.head(maps.float())

    def describe_in_chunks(self, maps: Tensor) -> Tensor:
        """Do the same in chunks; the forward pass of each is repeated when gradients come back."""
        if not self.config.chunk_size:
            return self.describe_maps(maps)
        chunks = maps.split(self.config.chunk_size)
        described = [checkpoint(self.describe_maps, chunk, use_reentrant=False) for chunk in chunks]
        return torch.cat(described)  # pyright: ignore[reportArgumentType]

    @torch.no_grad()
    def describe(
        self, image_ids: np.ndarray, seed: int | None = None, split: str = "train"
    ) -> Tensor:
        """Describe images; each process describes its share.

        Args:
            image_ids: (n,) indices into `train_index` or `val_index`.
            seed: of random squares, if images are seen as squares; None for the middle ones.
            split: 'train' or 'val'.

        Returns:
            (n, D) descriptors.
        """
        maps_of_split = self.train_maps if split == "train" else self.val_maps
        share = distributed.my_share(len(image_ids))
        mine = np.asarray(image_ids)[share]
        described = [self.describe_maps(maps) for maps in maps_of_split.stream(mine, seed)]
        return distributed.all_gather_rows(torch.cat(described), share, len(image_ids))

    # ---- after an epoch --------------------------------------------------------------------------

    def validate(self) -> float:
        """Return `held_out_map` of the network as it is."""
        descriptors = self.describe(np.arange(len(self.val_index)), split="val")
        return held_out_map(descriptors, self.val_index.landmarks)

    def measure(self, epoch: int) -> dict[str, float]:
        """Return mAP on the benchmark `config.test_benchmark`, to look at: it chooses nothing."""
        if not self.config.test_benchmark:
            return {}
        benchmark = load_benchmark(self.config.test_benchmark)
        report = score(self.net, benchmark, image_size=self.config.image_size)
        return {f"test_{protocol}": value for protocol, value in report.map.items()}


def train(
    config: TrainConfig,
    device: str | None = None,
    progress: bool = True,
    board: str | Path | None = None,
    save_every: int = 0,
    workers: int = 0,
) -> dict:
    """Train a global network; write the best epoch's weights and their data sheet (.json).

    The same call continues after an interruption, to the weights of an unbroken run (see
    `loop.run`). Under torchrun all processes work together.

    Args:
        config: the settings; `config.output` is the file to write.
        device: 'cpu', 'cuda', 'mps', or None for the fastest.
        progress: whether to show progress bars and one line per epoch.
        board: folder for TensorBoard; None for none.
        save_every: steps between two saved states; 0 for once per epoch.
        workers: processes that decode files, where files are read at every step.

    Returns:
        The data sheet; under torchrun an empty dictionary on all processes but the first.

    Raises:
        ValueError, FileNotFoundError, FloatingPointError: see `GlobalTask` and `loop.run`.
    """
    output = Path(config.output)
    with distributed.process_group(device) as device:
        task = GlobalTask(config, device, progress, workers=workers)
        result = run(task, output, config.epochs, config.seed, progress, board, save_every)
        if not distributed.is_first():
            return {}

    # the weights, without the trunk if the start has none; then the data sheet of this file; the
    # state is no longer needed
    save(task.net, output, heads_only=has_heads_only(config.start))
    validations = [result["start"], *(entry["validation"] for entry in result["log"])]
    sheet = write_sheet(
        load_global(output, task.device),
        output,
        config,
        photographs=len(task.train_index),
        landmarks=len(set(task.train_index.landmarks)),
        best_epoch=result["best_epoch"],
        held_out=[round(100 * value, 2) for value in validations],
        cpu_seconds=round(result["seconds"]),
    )
    state_of(output).unlink(missing_ok=True)
    return sheet
