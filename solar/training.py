"""SOLAR's training: from a GeM network to one with second-order attention, by a second-order loss (section 4).

The trunk stays as it is; the attention blocks, GeM's exponent and the whitening learn. Since the trunk is frozen and
every image is seen whole, its feature maps are computed once and kept in memory: a step then starts at SOA4.
"""

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader
from tqdm import tqdm

from .checkpoints import load, pick_device, save
from .datasets import TrainingIndex, load_training
from .description import Pictures, equal_batches
from .evaluation import average_precision
from .files import atomic
from .global_net import GlobalNet
from .losses import batch_contrastive_loss, second_order_loss, triplet_loss
from .mining import epoch_tuples, hardest_negatives
from .retrieval import ranks_by_counting
from .sheets import write_sheet
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


class FrozenTrunk:
    """Feature maps of images, as the stage called `stage` sees them: computed once, kept as float16.

    Indexing with image numbers (n,) gives (n, C, H, W) float32. All images must have one size.
    """

    def __init__(
        self, net: GlobalNet, stage: str, index: TrainingIndex, image_size: int, device, progress: bool = True
    ):
        self.device, self.maps = device, None
        loader = DataLoader(Pictures(index.images, None, image_size, net.mean, net.std), batch_size=None)
        net = net.eval().to(device)
        with (
            torch.inference_mode(),
            tqdm(total=len(index.images), desc="trunk", unit="image", disable=not progress) as bar,
        ):
            for numbers, batch in equal_batches(loader, 32):
                found = net.features.until(batch.to(device), stage).half().cpu()
                if self.maps is None:
                    self.maps = torch.empty(len(index.images), *found.shape[1:], dtype=torch.float16)
                if found.shape[1:] != self.maps.shape[1:]:
                    raise ValueError(f"{index.images[numbers[0]]}: of another size than the images before it")
                self.maps[torch.tensor(numbers)] = found
                bar.update(len(numbers))

    def __len__(self) -> int:
        return len(self.maps)

    def __getitem__(self, numbers) -> torch.Tensor:
        return self.maps[torch.as_tensor(numbers)].to(self.device).float()


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


class Trainer:
    """One run: network, data, optimiser and log. What an epoch does depends on the seed and its number alone."""

    def __init__(self, config: TrainConfig, device=None, progress: bool = True):
        if config.first not in ("triplet", "batch"):
            raise ValueError(f"first={config.first!r}: expected 'triplet' or 'batch'")
        self.config, self.progress, self.log = config, progress, []
        self.device = pick_device(device)
        torch.manual_seed(config.seed)
        start = load(config.start)
        self.net = GlobalNet(start.architecture, config.soa, start.pooling)
        self.net.load_state_dict(self.net.state_dict() | start.state_dict())
        folder = make(config.data) if config.data in DATASETS else Path(config.data)
        self.index, self.held_out = load_training(folder), load_training(folder, split=2)
        self.stage = "soa3" if "3" in config.soa else "soa4"  # what lies before it never changes
        self.maps, self.held_out_maps = (
            FrozenTrunk(self.net, self.stage, index, config.image_size, self.device, progress)
            for index in (self.index, self.held_out)
        )
        self.net.to(self.device).eval()  # batch norms keep their statistics, as in the authors' training
        parts = learners(self.net)
        groups = [
            dict(params=parts["attention"] + parts["whitening"], weight_decay=config.decay),
            dict(params=parts["p"], lr=config.rate * config.rate_of_p, weight_decay=0.0),
        ]
        self.optimiser = torch.optim.Adam(groups, lr=config.rate)
        self.schedule = torch.optim.lr_scheduler.ExponentialLR(self.optimiser, math.exp(-config.fade))

    def describe_maps(self, maps: torch.Tensor) -> torch.Tensor:
        """Descriptors (B, D) from the frozen trunk's maps, through everything that learns."""
        return self.net.head(self.net.features.onwards(maps, self.stage))

    @torch.no_grad()
    def describe(self, maps: FrozenTrunk, numbers: np.ndarray) -> torch.Tensor:
        """Descriptors (n, D) of images by their numbers, without gradients."""
        return torch.cat([self.describe_maps(maps[part]) for part in np.array_split(numbers, -(-len(numbers) // 64))])

    def validate(self) -> float:
        """`held_out_map` of the network as it is."""
        return held_out_map(self.describe(self.held_out_maps, np.arange(len(self.held_out))), self.held_out.landmarks)

    def rows(self, rng) -> np.ndarray:
        """An epoch's image numbers, a row a query: (Q, 2 + K) query, positive, negatives; or (Q, photos) siblings."""
        config, landmarks = self.config, self.index.landmarks
        if config.first == "triplet":
            sizes = (config.queries, config.pool, config.negatives)
            return epoch_tuples(landmarks, lambda i: self.describe(self.maps, i), rng, *sizes)
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

    def losses(self, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """First- and second-order loss of one batch of rows."""
        d = self.describe_maps(self.maps[rows.ravel()]).unflatten(0, rows.shape)  # (B, 2 + K or photos, D)
        q, p, config = d[:, 0], d[:, 1], self.config
        if config.first == "triplet":
            return triplet_loss(q, p, d[:, 2:], config.margin), second_order_loss(q, p, d[:, 2:])
        labels, flat = self.index.landmarks[rows], d.flatten(0, 1)
        near = hardest_negatives(q.detach(), flat.detach(), labels[:, 0], labels.ravel(), config.negatives)  # (B, K)
        first = batch_contrastive_loss(flat, torch.from_numpy(labels.ravel()).to(flat.device))
        return first, second_order_loss(q, p, flat[torch.from_numpy(near).to(flat.device)])

    def epoch(self) -> dict:
        """Draw rows, take a step for each batch of them, validate; returns and logs the means."""
        config, number = self.config, len(self.log)
        rows, found = self.rows(np.random.default_rng([config.seed, number])), []
        batches = [rows[i : i + config.batch] for i in range(0, len(rows), config.batch)]
        for batch in tqdm(batches, desc=f"epoch {number + 1}/{config.epochs}", unit="step", disable=not self.progress):
            first, second = self.losses(batch)
            loss = first + config.sos * second
            if not torch.isfinite(loss):
                names = ", ".join(self.index.images[i].name for i in batch.ravel())
                raise FloatingPointError(f"epoch {number + 1}: the loss is {loss.item()} for the images {names}")
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            found.append((first.item(), second.item()))
        self.schedule.step()
        first, second = np.mean(found, 0).tolist()
        p = self.net.pool.p.mean().item()
        self.log.append(dict(epoch=number + 1, first=first, second=second, p=p, validation=self.validate()))
        return self.log[-1]

    def state(self) -> dict:
        """Everything that a later process needs to go on."""
        return dict(
            net=self.net.state_dict(), optimiser=self.optimiser.state_dict(), schedule=self.schedule.state_dict(),
            log=self.log, config=asdict(self.config),
        )  # fmt: skip

    def go_on_from(self, state: dict) -> None:
        """Take up a run where `state` left it.

        Raises:
            ValueError: it was kept by a run of another configuration.
        """
        if state["config"] != asdict(self.config):
            raise ValueError(f"{self.config.output}: its .state belongs to another configuration; remove it or rename")
        self.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.log = state["log"]


def train(config: TrainConfig, device=None, progress: bool = True) -> dict:
    """Train, keep the epoch of the best validation, write it with its data sheet (.json); returns the sheet.

    After every epoch the state is kept beside the output, as `<name>.state`; the same command goes on from there after
    a kill, to the very weights of an unbroken run (on one kind of machine).
    """
    output, started = Path(config.output), time.process_time()
    kept, spent = output.with_suffix(".state"), 0.0
    trainer = Trainer(config, device, progress)
    start = trainer.validate()  # of a network that is the start itself: its attention changes nothing yet
    best = dict(epoch=0, validation=start, net=None)
    if kept.is_file():
        state = torch.load(kept, map_location=trainer.device, weights_only=True)
        trainer.go_on_from(state["trainer"])
        best, spent = state["best"], state["seconds"]
    else:
        best["net"] = {k: v.clone() for k, v in trainer.net.state_dict().items()}
        print(f"start: validation mAP {100 * start:.2f}", flush=True)
    while len(trainer.log) < config.epochs:
        found = trainer.epoch()
        print(
            f"epoch {found['epoch']}: first order {found['first']:.3f}, second order {found['second']:.4f}, "
            f"p {found['p']:.2f}, validation mAP {100 * found['validation']:.2f}",
            flush=True,
        )
        if found["validation"] > best["validation"]:
            net = {k: v.clone() for k, v in trainer.net.state_dict().items()}
            best = dict(epoch=found["epoch"], validation=found["validation"], net=net)
        seconds = spent + time.process_time() - started
        with atomic(kept) as temporary:
            torch.save(dict(trainer=trainer.state(), best=best, seconds=seconds), temporary)
    trainer.net.load_state_dict(best["net"])
    save(trainer.net, output)
    facts = dict(
        photographs=len(trainer.index), landmarks=len(set(trainer.index.landmarks)), best_epoch=best["epoch"],
        held_out=[round(100 * value, 2) for value in (start, *(found["validation"] for found in trainer.log))],
        cpu_seconds=round(spent + time.process_time() - started),
    )  # fmt: skip
    sheet = write_sheet(trainer.net, output, config, **facts)
    kept.unlink(missing_ok=True)
    return sheet
