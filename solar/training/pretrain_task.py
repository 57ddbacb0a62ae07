"""How the small trunk learnt to see: `mini-gem`, the start that SOLAR's own training then refines.

SOLAR begins with a GeM network that was trained before, and so do we. Landmarks are told apart with
the supervised contrastive loss (Khosla et al., 2020): in a batch of 16 landmarks x 4 photographs,
each photograph should be more similar to its three siblings than to the other sixty. A mirrored
landmark counts as another landmark. Small pictures teach cheaply at first; the last epochs see them
at the size in which they will be described.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from ..datasets import load_training
from ..files import atomic
from ..images import read_image
from ..nets.checkpoints import save
from ..nets.global_net import IMAGENET_MEAN, IMAGENET_STD, GlobalNet
from ..nets.pooling import l2n
from ..world import make
from .config import PretrainConfig
from .datasheet import percent, write_sheet
from .losses import supervised_contrastive_loss


class Trunk(nn.Module):
    """GlobalNet with a batch norm before its whitening, without which the loss hardly moves; `fold`
    takes it out.
    """

    def __init__(self, net: GlobalNet):
        super().__init__()
        self.net = net
        self.norm = nn.BatchNorm1d(net.whiten.in_features, affine=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        pooled = l2n(self.net.pool(self.net.features(images)))  # (B, 3, H, W) -> (B, C)
        return F.normalize(self.net.whiten(self.norm(pooled)))  # (B, D)

    @torch.no_grad()
    def fold(self) -> GlobalNet:
        """The same function as a plain GlobalNet: W (x - mean) / std + b is itself an affine map of
        x.
        """
        scale = (self.norm.running_var + self.norm.eps).rsqrt()
        net = GlobalNet("mini", soa="")
        net.load_state_dict(self.net.state_dict())
        net.whiten.bias -= net.whiten.weight @ (self.norm.running_mean * scale)
        net.whiten.weight *= scale
        return net.eval()


def read_photos(folder: Path) -> tuple[torch.Tensor, list[np.ndarray]]:
    """All learning images of a GL18 folder, and the rows of each landmark that has two or more.

    Returns:
        images (N, 3, H, W) uint8;  one array of row numbers a landmark.
    """
    index = load_training(folder)
    images = [np.array(read_image(path)) for path in index.images]
    landmark = index.landmarks
    groups = [np.flatnonzero(landmark == name) for name in dict.fromkeys(landmark)]
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2), [g for g in groups if len(g) > 1]


def augment(
    images: torch.Tensor, mirror: torch.Tensor, size: tuple[int, int], generator
) -> torch.Tensor:
    """Random crop, tilt and stretch by one sampling call, then random light.

    Args:
        images: (B, 3, H, W) uint8.  mirror: (B,) bool.  size: (h, w) of the result.

    Returns:
        (B, 3, h, w) float32, normalised.
    """
    count = len(images)

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    zoom = (
        torch.rand(count, generator=generator) * 0.5 + 0.55
    )  # share of the picture's side that is kept
    angle, stretch = normal(count) * 0.05, torch.exp(normal(count) * 0.06)
    room = (1 - zoom).clamp(min=0)
    x, y = ((torch.rand(count, generator=generator) * 2 - 1) * room for _ in range(2))
    flip = 1 - 2 * mirror.float()
    c, s = angle.cos(), angle.sin()
    affine = torch.stack(
        [
            torch.stack([flip * zoom * stretch * c, -zoom * s, x], 1),
            torch.stack([flip * zoom * s, zoom / stretch * c, y], 1),
        ],
        1,
    )  # (B, 2, 3)
    pixels = (images.float() / 255 - torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1)) / torch.tensor(
        IMAGENET_STD
    ).view(1, 3, 1, 1)
    grid = F.affine_grid(affine, [count, 3, *size], align_corners=False)
    pixels = F.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)
    pixels = pixels * (1 + 0.25 * normal(count, 1, 1, 1)) * (1 + 0.12 * normal(count, 3, 1, 1))
    pixels = pixels + 0.25 * normal(count, 1, 1, 1)
    grey = (torch.rand(count, 1, 1, 1, generator=generator) < 0.2).float()
    return pixels * (1 - grey) + grey * pixels.mean(1, keepdim=True)


def draw_batch(
    groups: list[np.ndarray], config: PretrainConfig, rng
) -> tuple[np.ndarray, np.ndarray]:
    """Rows (B,) of `landmarks_per_batch` x `photos_per_landmark` images, siblings side by side, and
    which landmarks are mirrored (B,).
    """
    chosen = rng.choice(len(groups), config.landmarks_per_batch, replace=False)
    rows = [
        rng.choice(
            groups[g],
            config.photos_per_landmark,
            replace=len(groups[g]) < config.photos_per_landmark,
        )
        for g in chosen
    ]
    return np.concatenate(rows), np.repeat(
        rng.random(config.landmarks_per_batch) < 0.5, config.photos_per_landmark
    )


def _epoch(trunk, optimizer, schedule, data, epoch: int, config: PretrainConfig) -> float:
    """One pass over as many photographs as there are; returns the mean loss."""
    images, groups = data
    rng = np.random.default_rng(
        [config.seed, epoch]
    )  # an epoch's randomness depends on its number alone
    generator = torch.Generator().manual_seed(1000 * config.seed + epoch)
    size = config.large_size if epoch >= config.epochs - config.large_epochs else config.small_size
    labels = torch.arange(config.landmarks_per_batch).repeat_interleave(config.photos_per_landmark)
    steps, total = len(images) // len(labels), 0.0
    trunk.train()
    for _ in tqdm(
        range(steps), desc=f"epoch {epoch + 1}/{config.epochs}", unit="step", disable=None
    ):
        rows, mirror = draw_batch(groups, config, rng)
        batch = augment(images[rows], torch.from_numpy(mirror), size, generator)
        descriptors = trunk(batch.contiguous(memory_format=torch.channels_last))
        loss = supervised_contrastive_loss(descriptors, labels, config.temperature)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.item()
    return total / steps


def pretrain(config: PretrainConfig) -> dict:
    """Train, write the weights and, beside them, their data sheet (.json); returns the data sheet.

    After every epoch the state is kept in `<output>.state`; the same command goes on from there
    after a kill.
    """
    torch.manual_seed(config.seed)
    output, started = Path(config.output), time.process_time()
    state = output.with_suffix(".state")
    data = read_photos(make(config.data))
    trunk = Trunk(GlobalNet("mini", soa="")).to(memory_format=torch.channels_last)
    weights = [p for p in trunk.parameters() if p.ndim > 1]
    others = [p for p in trunk.parameters() if p.ndim <= 1]
    groups = [
        dict(params=weights, weight_decay=config.weight_decay),
        dict(params=others, weight_decay=0.0),
    ]
    optimizer = torch.optim.AdamW(groups, lr=config.lr)
    steps = config.epochs * (
        len(data[0]) // (config.landmarks_per_batch * config.photos_per_landmark)
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.lr, total_steps=steps, pct_start=0.15
    )
    first, seconds = 0, 0.0
    if state.is_file():
        kept = torch.load(state, weights_only=True)
        trunk.load_state_dict(kept["trunk"])
        optimizer.load_state_dict(kept["optimizer"])
        schedule.load_state_dict(kept["schedule"])
        first, seconds = kept["epoch"] + 1, kept["seconds"]
    for epoch in range(first, config.epochs):
        loss = _epoch(trunk, optimizer, schedule, data, epoch, config)
        spent = seconds + time.process_time() - started
        kept = dict(
            trunk=trunk.state_dict(),
            optimizer=optimizer.state_dict(),
            schedule=schedule.state_dict(),
        )
        with atomic(state) as temporary:
            torch.save(kept | dict(epoch=epoch, seconds=spent), temporary)
        print(
            f"epoch {epoch + 1}: loss {loss:.3f}, p {trunk.net.pool.p.item():.2f}",
            file=sys.stderr,
            flush=True,
        )
        if epoch % 4 == 3 or epoch == config.epochs - 1:
            found = percent(trunk.fold(), "mini-validation", config.image_size)
            print("  validation mAP", found, file=sys.stderr, flush=True)
    net = trunk.fold()
    save(net, output)
    facts = dict(photographs=len(data[0]), landmarks=len(data[1]), cpu_seconds=round(spent))
    sheet = write_sheet(net, output, config, **facts)
    state.unlink()
    return sheet
