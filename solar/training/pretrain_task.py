"""Pretraining of the small trunk from scratch: `mini-gem`, the start of SOLAR's own training.

SOLAR begins with a GeM network that was trained before, and so do we. Landmarks are told apart with
the supervised contrastive loss (Khosla et al., 2020): in a batch of 16 landmarks with 4 images
each, an image should be more similar to its three siblings than to the other sixty. A mirrored
landmark counts as another landmark. Small images teach cheaply at first; the last epochs see them
at the size at which they will be described.

Book: chapter 7 (training on GL18).
"""

from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..datasets import benchmarks_of, load_training
from ..images import read_image
from ..nets.checkpoints import save
from ..nets.global_net import GlobalNet
from ..nets.pooling import l2n
from .augment import augment, draw_views
from .config import PretrainConfig
from .datasheet import percent, write_sheet
from .learnable import exponent_of
from .loop import Task, run, state_of
from .losses import supervised_contrastive_loss

WARM_UP = 0.15  # share of all steps in which the learning rate rises
VALIDATE_EVERY = 4  # epochs between two looks at the validation benchmark


class Trunk(nn.Module):
    """A GlobalNet with a batch norm before its whitening; `fold` takes it out.

    Without the batch norm the loss hardly moves.

    Args:
        net: a network with whitening.
    """

    def __init__(self, net: GlobalNet):
        super().__init__()
        self.net = net
        self.norm = nn.BatchNorm1d(_whitening(net).in_features, affine=False)

    def forward(self, images: Tensor) -> Tensor:
        """Describe images: (B, 3, H, W) -> (B, D), rows of unit length."""
        pooled = l2n(self.net.pool(self.net.features(images)))  # (B, C)
        return F.normalize(_whitening(self.net)(self.norm(pooled)))  # (B, D)

    @torch.no_grad()
    def fold(self) -> GlobalNet:
        """Return the same function as a plain GlobalNet in evaluation mode.

        W (x - mean) / std + b is itself an affine map of x: it has the weights W / std and the bias
        b - W mean / std.
        """
        mean = cast(Tensor, self.norm.running_mean)  # (C,)
        variance = cast(Tensor, self.norm.running_var)
        scale = (variance + self.norm.eps).rsqrt()  # (C,) 1 / std
        net = GlobalNet("mini", soa="")
        net.load_state_dict(self.net.state_dict())

        # first the bias, which needs W as it was
        whitening = _whitening(net)
        whitening.bias.sub_(whitening.weight @ (mean * scale))
        whitening.weight.mul_(scale)
        return net.eval()


def _whitening(net: GlobalNet) -> nn.Linear:
    """Return the whitening of a network that has one."""
    return cast(nn.Linear, net.whiten)


class PretrainTask(Task):
    """The small trunk, which learns from scratch to tell landmarks apart.

    Args:
        config: the settings.

    Attributes:
        net: the `Trunk` that learns; `net.fold()` is the network to write.
        images: (N, 3, H, W) uint8, all images to learn from.
        groups: for each landmark with two images or more, the indices of its images.

    Raises:
        ValueError: fewer images than a batch needs.
    """

    net: Trunk
    config: PretrainConfig
    schedule_per_step = True

    def __init__(self, config: PretrainConfig):
        self.config = config

        # all images in memory, and the network
        torch.manual_seed(config.seed)
        self.images, self.groups = read_images(config.data)
        self.net = Trunk(GlobalNet("mini", soa=""))
        self.net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        batch_size = config.landmarks_per_batch * config.photos_per_landmark
        self.steps_per_epoch = len(self.images) // batch_size
        if self.steps_per_epoch == 0:
            raise ValueError(
                f"{config.data}: {len(self.images)} images to learn from; a batch needs "
                f"{batch_size}"
            )

        # AdamW; weight decay for matrices and filters only, not for biases and batch norms
        parameters = list(self.net.parameters())
        weights = dict(
            params=[p for p in parameters if p.ndim > 1], weight_decay=config.weight_decay
        )
        others = dict(params=[p for p in parameters if p.ndim <= 1], weight_decay=0.0)
        self.optimizer = torch.optim.AdamW([weights, others], lr=config.lr)

        # one cycle: the learning rate rises to `lr` and falls to almost nothing
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            config.lr,
            total_steps=config.epochs * self.steps_per_epoch,
            pct_start=WARM_UP,
        )

    def batches(self, epoch: int) -> list[dict]:
        """Return the batches of an epoch, with everything random in them.

        Args:
            epoch: number of the epoch, from 0.

        Returns:
            One dict per step: 'image_ids' (B,) array, 'views' (see `draw_views`) and 'size', height
            and width in pixels.
        """
        # two generators, each seeded by the epoch: one chooses images, one chooses their views
        config = self.config
        rng = np.random.default_rng([config.seed, epoch])
        generator = torch.Generator().manual_seed(1000 * config.seed + epoch)

        # everything random of the epoch, step by step; the last epochs see large images
        large = epoch >= config.epochs - config.large_epochs
        size = config.large_size if large else config.small_size
        batches = []
        for _ in range(self.steps_per_epoch):
            image_ids, mirror = draw_batch(self.groups, config, rng)
            views = draw_views(torch.from_numpy(mirror), generator)
            batches.append(dict(image_ids=image_ids.tolist(), views=views, size=list(size)))
        return batches

    def losses(self, batch: dict) -> dict[str, Tensor]:
        """Return the supervised contrastive loss, and GeM's exponent 'p', of a batch."""
        # (B, 3, H, W) uint8 -> (B, 3, h, w) float32 -> (B, D)
        config = self.config
        images = augment(self.images[batch["image_ids"]], batch["views"], batch["size"])
        self.net.train()
        descriptors = self.net(images.contiguous(memory_format=torch.channels_last))

        # siblings stand beside each other in the batch
        labels = torch.arange(config.landmarks_per_batch)
        labels = labels.repeat_interleave(config.photos_per_landmark)  # (B,)
        loss = supervised_contrastive_loss(descriptors, labels, config.temperature)
        return dict(loss=loss, p=exponent_of(self.net.net).detach().mean())

    def names(self, batch: dict) -> list[str]:
        """Return the indices of a batch's images."""
        return [f"image {i}" for i in batch["image_ids"]]

    def measure(self, epoch: int) -> dict[str, float]:
        """Return mAP in percent on the validation benchmark, every fourth epoch and at the end."""
        benchmark = benchmarks_of(self.config.data).get("validation")
        if benchmark is None:
            return {}
        if epoch % VALIDATE_EVERY and epoch < self.config.epochs:
            return {}
        scores = percent(self.net.fold(), benchmark, self.config.image_size)
        return {f"validation_{protocol}": value for protocol, value in scores.items()}


def read_images(data: str | Path) -> tuple[Tensor, list[np.ndarray]]:
    """Read all images of a training set, and group them by landmark.

    Args:
        data: a training set by name, or a folder in GL18's layout; its images have one size.

    Returns:
        (N, 3, H, W) uint8 images; and for each landmark with two images or more, in the order of
        their first images, an array of image indices.
    """
    # all images have one size, so they fit one tensor
    index = load_training(data)
    pixels = np.stack([np.array(read_image(path)) for path in index.images])  # (N, H, W, 3)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2)  # (N, 3, H, W)

    # each landmark once, in the order of first appearance
    names = dict.fromkeys(index.landmarks)
    groups = [np.flatnonzero(index.landmarks == name) for name in names]
    return images, [group for group in groups if len(group) > 1]


def draw_batch(
    groups: list[np.ndarray], config: PretrainConfig, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the images of a batch, and which landmarks are mirrored.

    Args:
        groups: for each landmark the indices of its images.
        config: `landmarks_per_batch` and `photos_per_landmark`.
        rng: random generator.

    Returns:
        (B,) image indices, siblings beside each other; and (B,) bool, the same for all siblings.
    """
    # different landmarks; an image is taken twice only where a landmark has too few
    count = config.photos_per_landmark
    chosen = rng.choice(len(groups), config.landmarks_per_batch, replace=False)
    images = [rng.choice(groups[g], count, replace=len(groups[g]) < count) for g in chosen]
    mirror = rng.random(config.landmarks_per_batch) < 0.5
    return np.concatenate(images), np.repeat(mirror, count)


def pretrain(config: PretrainConfig, progress: bool = True) -> dict:
    """Train the small trunk from scratch; write the last epoch's weights and their data sheet.

    The same call continues after an interruption, to the weights of an unbroken run (see
    `loop.run`).

    Args:
        config: the settings; `config.output` is the file to write.
        progress: whether to show a progress bar and one line per epoch.

    Returns:
        The data sheet.

    Raises:
        ValueError, FileNotFoundError, FloatingPointError: see `loop.run` and
            `datasets.load_training`.
    """
    output = Path(config.output)
    # what is kept is the last epoch, since the cycle of the learning rate ends with it
    task = PretrainTask(config)
    result = run(task, output, config.epochs, config.seed, progress, keep="last")

    # the weights, then their data sheet; the state is no longer needed
    net = task.net.fold()
    save(net, output)
    sheet = write_sheet(
        net,
        output,
        config,
        photographs=len(task.images),
        landmarks=len(task.groups),
        cpu_seconds=round(result["seconds"]),
    )
    state_of(output).unlink(missing_ok=True)
    return sheet
