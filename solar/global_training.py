"""SOLAR's training: from a GeM network to one with second-order attention, by a second-order loss (section 4).

The trunk stays as it is; the attention blocks, GeM's exponent and the whitening learn. Since the trunk is frozen and
every image is seen whole, its feature maps are computed once and kept in memory: a step then starts at SOA4.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import processes
from .checkpoints import load, pick_device, save
from .datasets import load_training
from .evaluation import average_precision
from .frozen import FrozenTrunk
from .global_net import GlobalNet
from .losses import batch_contrastive_loss, second_order_loss, squared_distance, triplet_loss
from .mining import epoch_tuples, hardest_negatives
from .retrieval import ranks_by_counting
from .sheets import write_sheet
from .training import run, state_of
from .world import DATASETS, make


@dataclass
class TrainConfig:
    """The command line of `solar train`; the defaults are the recipe of `mini-solar`.

    first: the first-order loss. 'triplet' is the paper's: `batch` tuples a step, their negatives the hardest of a pool.
        'batch' is the supervised contrastive loss over `batch` landmarks x `photos`, whose negatives are all others.
    sos: weight of the second-order loss (lambda).  rate: of Adam, for attention and whitening; GeM's exponent learns
        `rate_of_p` times as fast.  fade: the rate is multiplied by e^-fade every epoch.
    """

    data: str = "mini-gl18-tuning"
    start: str = "mini-gem"
    output: str = "mini-solar.pth"
    soa: str = "45"
    first: str = "batch"
    sos: float = 0.5
    margin: float = 1.25
    epochs: int = 20
    queries: int = 640
    pool: int = 2500
    negatives: int = 5
    batch: int = 16
    photos: int = 4
    rate: float = 1e-3
    rate_of_p: float = 10.0
    fade: float = 0.15
    decay: float = 1e-6
    image_size: int = 256
    seed: int = 0


def learners(net: GlobalNet) -> dict[str, list[torch.nn.Parameter]]:
    """What learns, by name: 'attention', 'p', 'whitening'; everything else is frozen."""
    parts = {
        "attention": [p for name, p in net.named_parameters() if ".soa" in name],
        "p": [net.pool.p],
        "whitening": list(net.whiten.parameters()),
    }
    net.requires_grad_(False)
    for parameter in sum(parts.values(), []):
        parameter.requires_grad_(True)
    return parts


def held_out_map(descriptors: torch.Tensor, landmarks: np.ndarray) -> float:
    """Mean average precision (0..1) when every image of held-out landmarks looks for its siblings among all others."""
    scores = (descriptors @ descriptors.T).cpu().numpy()  # (N, N)
    found = []
    for i, row in enumerate(scores):
        siblings = np.setdiff1d(np.flatnonzero(landmarks == landmarks[i]), i)
        if len(siblings):
            found.append(average_precision(ranks_by_counting(row, siblings, [i])))
    return float(np.mean(found))


class GlobalTask:
    """Task of `training.run`: a frozen trunk with attention, GeM's exponent and whitening that learn.

    Args:
        maps: the trunk's maps of the learning and of the held-out images, as another task of the same start, data and
            size keeps them in `.maps`: several runs can share them.
    """

    def __init__(self, config: TrainConfig, device=None, progress: bool = True, maps: tuple | None = None):
        if config.first not in ("triplet", "batch"):
            raise ValueError(f"first={config.first!r}: expected 'triplet' or 'batch'")
        self.config, self.device = config, pick_device(device)
        torch.manual_seed(config.seed)
        start = load(config.start)
        self.net = GlobalNet(start.architecture, config.soa, start.pooling)
        self.net.load_state_dict(self.net.state_dict() | start.state_dict())
        folder = make(config.data) if config.data in DATASETS else Path(config.data)
        self.index, self.held_out = load_training(folder), load_training(folder, split=2)
        self.stage = "soa3" if "3" in config.soa else "soa4"  # what lies before it never changes
        self.maps = maps or tuple(
            FrozenTrunk(self.net, self.stage, index, config.image_size, self.device, progress)
            for index in (self.index, self.held_out)
        )
        self.net.to(self.device).eval()  # batch norms keep their statistics, as in the authors' training
        parts = learners(self.net)
        groups = [
            dict(params=parts["attention"] + parts["whitening"], weight_decay=config.decay, name="rest"),
            dict(params=parts["p"], lr=config.rate * config.rate_of_p, weight_decay=0.0, name="p"),
        ]
        self.optimiser = torch.optim.Adam(groups, lr=config.rate)
        self.schedule = torch.optim.lr_scheduler.ExponentialLR(self.optimiser, math.exp(-config.fade))

    def batches(self, epoch: int) -> list[torch.Tensor]:
        """An epoch's batches of `rows`, (B, 2 + K) or (B, photos) image numbers each."""
        rows = torch.from_numpy(self.rows(np.random.default_rng([self.config.seed, epoch])))
        return list(rows.split(self.config.batch))

    def rows(self, rng) -> np.ndarray:
        """An epoch's image numbers, a row a query: (Q, 2 + K) query, positive, negatives; or (Q, photos) siblings."""
        config, landmarks = self.config, self.index.landmarks
        if config.first == "triplet":
            sizes = (config.queries, config.pool, config.negatives)
            return epoch_tuples(landmarks, lambda i: self.describe(self.maps[0], i), rng, *sizes, self.index.pairs)
        groups = [np.flatnonzero(landmarks == name) for name in np.unique(landmarks)]
        groups = [group for group in groups if len(group) >= config.photos]
        if len(groups) < config.batch:
            raise ValueError(
                f"{config.data}: {len(groups)} landmarks have {config.photos} photographs or more; a batch needs "
                f"{config.batch}: make `batch` or `photos` smaller"
            )
        steps = range(max(1, config.queries // config.batch))
        chosen = [i for _ in steps for i in rng.choice(len(groups), config.batch, replace=False)]
        return np.array([rng.choice(groups[i], config.photos, replace=False) for i in chosen])

    def losses(self, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        """Losses of both orders over one batch of rows; each process describes its share of the rows.

        'negatives' is the mean distance from queries to their negatives: near zero, the descriptors have collapsed.
        """
        share = processes.mine(len(rows))
        d = self.describe_maps(self.maps[0][rows[share].ravel()]).unflatten(0, rows[share].shape)
        d = processes.whole(d, share, len(rows))  # (B, 2 + K or photos, D)
        q, p, config = d[:, 0], d[:, 1], self.config
        if config.first == "triplet":
            n = d[:, 2:]
            first = triplet_loss(q, p, n, config.margin)
        else:
            labels, flat = self.index.landmarks[rows.numpy()], d.flatten(0, 1)
            near = hardest_negatives(q.detach(), flat.detach(), labels[:, 0], labels.ravel(), config.negatives)
            first = batch_contrastive_loss(flat, torch.from_numpy(labels.ravel()).to(flat.device))
            n = flat[torch.from_numpy(near).to(flat.device)]  # (B, K, D)
        second = second_order_loss(q, p, n)
        distance = squared_distance(q[:, None], n).detach().sqrt().mean()
        exponent = self.net.pool.p.detach().mean()
        return dict(loss=first + config.sos * second, first=first, second=second, negatives=distance, p=exponent)

    def names(self, rows: torch.Tensor) -> list[str]:
        """File names of a batch's images."""
        return [self.index.images[i].name for i in rows.ravel()]

    def describe_maps(self, maps: torch.Tensor) -> torch.Tensor:
        """Descriptors (B, D) from the frozen trunk's maps, through everything that learns."""
        return self.net.head(self.net.features.onwards(maps, self.stage))

    @torch.no_grad()
    def describe(self, maps: FrozenTrunk, numbers: np.ndarray) -> torch.Tensor:
        """Descriptors (n, D) of images by their numbers, without gradients; each process describes its share."""
        share = processes.mine(len(numbers))
        parts = np.array_split(np.asarray(numbers)[share], -(-len(share) // 64))
        return processes.whole(torch.cat([self.describe_maps(maps[part]) for part in parts]), share, len(numbers))

    def validate(self) -> float:
        """`held_out_map` of the network as it is."""
        return held_out_map(self.describe(self.maps[1], np.arange(len(self.held_out))), self.held_out.landmarks)


def train(config: TrainConfig, device=None, progress: bool = True, board=None, save_every: int = 0) -> dict:
    """Train, keep the epoch of the best validation, write it with its data sheet (.json); returns the sheet.

    The same command goes on after a kill, to the very weights of an unbroken run (see `training.run`).
    """
    output = Path(config.output)
    with processes.started(device) as device:
        task = GlobalTask(config, device, progress)
        found = run(task, output, config.epochs, config.seed, progress, board, save_every)
        if processes.rank() > 0:
            return {}
    save(task.net, output)
    held_out = [round(100 * value, 2) for value in (found["start"], *(e["validation"] for e in found["log"]))]
    facts = dict(
        photographs=len(task.index), landmarks=len(set(task.index.landmarks)), best_epoch=found["best_epoch"],
        held_out=held_out, cpu_seconds=round(found["seconds"]),
    )  # fmt: skip
    sheet = write_sheet(task.net, output, config, **facts)
    state_of(output).unlink(missing_ok=True)
    return sheet
