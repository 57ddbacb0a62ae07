"""SOLAR's training: from a GeM network to one with second-order attention, by a second-order loss
(section 4).

The trunk stays as it is; the attention blocks, GeM's exponent and the whitening learn. Where every
image is seen whole, the frozen trunk's maps are computed once and kept in memory: a step then
starts at SOA4.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch.utils.checkpoint import checkpoint

from .. import distributed
from ..datasets import TrainingIndex, load_benchmark, load_training
from ..distributed import pick_device
from ..files import home
from ..images import square
from ..nets.checkpoints import load, save
from ..nets.global_net import GlobalNet
from ..search.protocol import average_precision, score
from ..search.ranking import ranks_by_counting
from ..world import DATASETS, make
from .config import TrainConfig
from .datasheet import write_sheet
from .loop import run, state_of
from .losses import second_order_loss, squared_distance, supervised_contrastive_loss, triplet_loss
from .mining import epoch_tuples, hardest_negatives
from .trunk_maps import CachedMaps, ComputedMaps, half_on_cuda


def learners(net: GlobalNet) -> dict[str, list[torch.nn.Parameter]]:
    """What learns, by name: 'attention', 'p', 'whitening'; everything else is frozen."""
    parts = {
        "attention": [p for name, p in net.named_parameters() if ".soa" in name],
        "p": [net.pool.p],
        "whitening": list(net.whiten.parameters()) if net.whiten is not None else [],
    }
    net.requires_grad_(False)
    for parameter in sum(parts.values(), []):
        parameter.requires_grad_(True)
    return parts


def held_out_map(descriptors: torch.Tensor, landmarks: np.ndarray) -> float:
    """Mean average precision (0..1) when every image of held-out landmarks looks for its siblings
    among all others.
    """
    scores = (descriptors @ descriptors.T).cpu().numpy()  # (N, N)
    found = []
    for i, row in enumerate(scores):
        siblings = np.setdiff1d(np.flatnonzero(landmarks == landmarks[i]), i)
        if len(siblings):
            found.append(average_precision(ranks_by_counting(row, siblings, [i])))
    return float(np.mean(found))


class GlobalTask:
    """Task of `training.run`: a frozen trunk with attention, GeM's exponent and whitening that
    learn.

    Args:
        maps: what the trunk makes of the learning and of the held-out images, as another task of
            the same start, data and pictures keeps it in `.maps`: several runs can share it.
        workers: processes that decode files, where they are read at every step.
    """

    def __init__(
        self,
        config: TrainConfig,
        device=None,
        progress: bool = True,
        maps: tuple | None = None,
        workers: int = 0,
    ):
        for name, known in (
            ("first_order", ("triplet", "supcon")),
            ("image_mode", ("cached", "whole", "square")),
        ):
            if getattr(config, name) not in known:
                raise ValueError(
                    f"{name}={getattr(config, name)!r}: expected {' or '.join(map(repr, known))}"
                )
        self.config, self.device = config, pick_device(device)
        torch.manual_seed(config.seed)
        start = load(config.start)
        self.net = GlobalNet(
            start.architecture, config.soa, start.pooling, start.whiten is not None
        )
        self.net.load_state_dict(self.net.state_dict() | start.state_dict())
        self.net.mean, self.net.std = start.mean, start.std
        folder = folder_of(config.data)
        self.index, self.held_out = (
            load_training(folder),
            _first(load_training(folder, split="val"), config.max_held_out_images),
        )
        self.stage = "soa3" if "3" in config.soa else "soa4"  # what lies before it never changes
        self.net.to(
            self.device
        ).eval()  # batch norms keep their statistics, as in the authors' training
        self.maps = maps or tuple(
            self._trunk(index, progress, workers) for index in (self.index, self.held_out)
        )
        parts = learners(self.net)
        groups = [
            dict(
                params=parts["attention"] + parts["whitening"],
                weight_decay=config.weight_decay,
                name="rest",
            ),
            dict(params=parts["p"], lr=config.lr * config.lr_p_factor, weight_decay=0.0, name="p"),
        ]
        self.optimizer = torch.optim.Adam(groups, lr=config.lr)
        self.schedule = torch.optim.lr_scheduler.ExponentialLR(
            self.optimizer, math.exp(-config.lr_decay)
        )

    def _trunk(self, index, progress: bool, workers: int) -> CachedMaps | ComputedMaps:
        config, what = self.config, (self.net, self.stage, index, self.config.image_size)
        if config.image_mode == "cached":
            return CachedMaps(*what, self.device, progress)
        size = (config.mining_size if index is self.index else 0) or config.image_size
        return ComputedMaps(*what, size, self.device, config.image_mode == "square", workers)

    def batches(self, epoch: int) -> list[dict]:
        """An epoch's batches: 'rows', (B, 2 + K) or (B, photos) image numbers, and the 'seed' of
        their crops.
        """
        rows = torch.from_numpy(self.rows(epoch)).split(self.config.batch_size)
        return [
            dict(rows=part, seed=hash((self.config.seed, epoch, i)) % 2**32)
            for i, part in enumerate(rows)
        ]

    def rows(self, epoch: int) -> np.ndarray:
        """An epoch's image numbers, a row a query: (Q, 2 + K) query, positive, negatives; or (Q,
        photos) siblings.
        """
        config, landmarks, rng = (
            self.config,
            self.index.landmarks,
            np.random.default_rng([self.config.seed, epoch]),
        )
        if config.first_order == "triplet":
            sizes = (config.queries_per_epoch, config.pool_size, config.negatives)
            return epoch_tuples(
                landmarks, lambda i: self.describe(i, epoch), rng, *sizes, self.index.pairs
            )
        groups = [np.flatnonzero(landmarks == name) for name in np.unique(landmarks)]
        groups = [group for group in groups if len(group) >= config.photos_per_landmark]
        if len(groups) < config.batch_size:
            raise ValueError(
                f"{config.data}: {len(groups)} landmarks have {config.photos_per_landmark} photographs or more; a batch needs "
                f"{config.batch_size}: make `batch_size` or `photos_per_landmark` smaller"
            )
        steps = range(max(1, config.queries_per_epoch // config.batch_size))
        chosen = [
            i for _ in steps for i in rng.choice(len(groups), config.batch_size, replace=False)
        ]
        return np.array(
            [rng.choice(groups[i], config.photos_per_landmark, replace=False) for i in chosen]
        )

    def feed(self, batches: list[dict]) -> Iterator[dict]:
        """The batches with the trunk's 'maps' of this process's share of their rows."""
        return self.maps[0].feed(batches)

    def losses(self, batch: dict) -> dict[str, torch.Tensor]:
        """Losses of both orders over one batch that `feed` gave; each process describes its share
        of the rows.

        'negatives' is the mean distance from queries to their negatives: near zero, the descriptors
        have collapsed.
        """
        rows, config = batch["rows"], self.config
        share = distributed.my_share(len(rows))
        d = self.describe_in_chunks(batch["maps"]).unflatten(0, (len(share), rows.shape[1]))
        d = distributed.all_gather_rows(d, share, len(rows))  # (B, 2 + K or photos, D)
        q, p = d[:, 0], d[:, 1]
        if config.first_order == "triplet":
            n = d[:, 2:]
            first = triplet_loss(q, p, n, config.margin)
        else:
            labels, flat = self.index.landmarks[rows.cpu().numpy()], d.flatten(0, 1)
            near = hardest_negatives(
                q.detach(), flat.detach(), labels[:, 0], labels.ravel(), config.negatives
            )
            first = supervised_contrastive_loss(
                flat, torch.from_numpy(labels.ravel()).to(flat.device)
            )
            n = flat[torch.from_numpy(near).to(flat.device)]  # (B, K, D)
        second = second_order_loss(q, p, n)
        found = dict(loss=first + config.sos_weight * second, first=first, second=second)
        found["negatives"] = squared_distance(q[:, None], n).detach().sqrt().mean()
        return found | (
            dict(p=self.net.pool.p.detach().mean()) if hasattr(self.net.pool, "p") else {}
        )

    def names(self, batch: dict) -> list[str]:
        """File names of a batch's images."""
        return [self.index.images[i].name for i in batch["rows"].ravel().tolist()]

    def example(self, batch: dict, count: int = 4, side: int = 128) -> np.ndarray:
        """The middles of the first `count` rows' pictures, a row beside each other, (H, W, 3)
        uint8.
        """
        rows = batch["rows"][:count].tolist()
        return np.vstack(
            [np.hstack([square(self.index.images[i], side) for i in row]) for row in rows]
        )

    def describe_maps(self, maps: torch.Tensor) -> torch.Tensor:
        """Descriptors (B, D) from the frozen trunk's maps, through everything that learns."""
        with half_on_cuda(self.device):
            maps = self.net.features.features_from(maps, self.stage)
        return self.net.head(maps.float())

    def describe_in_chunks(self, maps: torch.Tensor) -> torch.Tensor:
        """The same, with `chunk` images held at a time: their forward pass is repeated when
        gradients come back.
        """
        if not self.config.chunk_size:
            return self.describe_maps(maps)
        parts = maps.split(self.config.chunk_size)
        return torch.cat(
            [checkpoint(self.describe_maps, part, use_reentrant=False) for part in parts]
        )

    @torch.no_grad()
    def describe(self, numbers: np.ndarray, seed: int | None = None, part: int = 0) -> torch.Tensor:
        """Descriptors (n, D) of images to learn from (part 0) or held out (1); each process
        describes its share.
        """
        share, numbers = distributed.my_share(len(numbers)), np.asarray(numbers)
        found = [self.describe_maps(maps) for maps in self.maps[part].stream(numbers[share], seed)]
        return distributed.all_gather_rows(torch.cat(found), share, len(numbers))

    def validate(self) -> float:
        """`held_out_map` of the network as it is."""
        return held_out_map(
            self.describe(np.arange(len(self.held_out)), part=1), self.held_out.landmarks
        )

    def measure(self) -> dict[str, float]:
        """mAP on the benchmark `config.test_benchmark`, if there is one, to look at: nothing is
        chosen by it.
        """
        if not self.config.test_benchmark:
            return {}
        report = score(
            self.net, load_benchmark(self.config.test_benchmark), image_size=self.config.image_size
        )
        return {f"test_{protocol}": value for protocol, value in report.map.items()}


def folder_of(data: str) -> Path:
    """The folder (or pickle) of training data: a mini set by name, made on first use; a name in
    `home()`; or a path.

    Raises:
        FileNotFoundError: there is none.
    """
    if data in DATASETS:
        return make(data)
    for path in (Path(data), home() / "data" / data):
        if path.exists():
            return path
    raise FileNotFoundError(
        f"{data}: no such training data; `solar data gl18` says what to fetch and where to put it"
    )


def _first(index: TrainingIndex, count: int) -> TrainingIndex:
    """At most `count` images, whole landmarks by their number as far as it goes."""
    if len(index) <= count:
        return index
    keep = np.sort(np.argsort(index.landmarks, kind="stable")[:count])
    return TrainingIndex([index.images[i] for i in keep], index.landmarks[keep])


def train(
    config: TrainConfig,
    device=None,
    progress: bool = True,
    board=None,
    save_every: int = 0,
    workers: int = 0,
) -> dict:
    """Train, keep the epoch of the best validation, write it with its data sheet (.json); returns
    the sheet.

    The same command goes on after a kill, to the very weights of an unbroken run (see
    `training.run`).
    """
    output = Path(config.output)
    with distributed.process_group(device) as device:
        task = GlobalTask(config, device, progress, workers=workers)
        found = run(task, output, config.epochs, config.seed, progress, board, save_every)
        if distributed.rank() > 0:
            return {}
    save(task.net, output)
    held_out = [
        round(100 * value, 2)
        for value in (found["start"], *(e["validation"] for e in found["log"]))
    ]
    facts = dict(
        photographs=len(task.index),
        landmarks=len(set(task.index.landmarks)),
        best_epoch=found["best_epoch"],
        held_out=held_out,
        cpu_seconds=round(found["seconds"]),
    )
    sheet = write_sheet(task.net, output, config, **facts)
    state_of(output).unlink(missing_ok=True)
    return sheet
