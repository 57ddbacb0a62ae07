"""Tables `lite` and `mini`: attention, or one of its controls, on a frozen trunk."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from solar.nets import GlobalNet
from solar.nets.fuse import folded
from solar.training.config import TrainConfig
from solar.training.global_task import GlobalTask
from solar.training.held_out import held_out_map
from solar.training.learnable import net_with_attention
from solar.training.loop import run as train
from solar.training.trunk_maps import CachedMaps, run_from

from .frozen import describe_all
from .ledger import Job
from .tables import ARMS, CHOOSING_SEED
from .trained import IMAGE_SIZE, Trained

NEAREST = 5  # other landmarks' images whose distance is logged


class FineTuning(Trained):
    """Runs of `GlobalTask`.

    Attributes:
        every_epoch: whether held-out distances are logged after each epoch.
        choosing_epochs: length of the runs that choose rates and weights.
    """

    data = "mini-gl18-tuning"
    needs = (data,)
    benchmarks = ("mini-ablation", "mini-validation")
    test = "mini-revisitop"
    every_epoch = False
    choosing_epochs = 3

    def prepare(self, test: bool) -> None:
        super().prepare(test)
        self.pooled("train")
        self.pooled("val")

    def config(self, settings: dict) -> TrainConfig:
        """Return the settings of a run: the common ones, and what its job says."""
        options = dict(
            self.common,
            data=self.data,
            start=self.start_file(),
            image_size=IMAGE_SIZE,
            block=settings["arm"],
            lr=settings["rate"],
            sos_weight=settings["sos"],
            seed=settings["seed"],
        )
        if settings["seed"] == CHOOSING_SEED:
            options["epochs"] = self.choosing_epochs
        if settings["rate"] == 0:
            options["epochs"] = 0
        if "first_order" in settings:
            options["first_order"] = settings["first_order"]
        return TrainConfig(**options)

    def learn(self, settings: dict, output: Path) -> tuple[dict, dict[str, Tensor]]:
        config = self.config(settings)
        # without blocks, nothing before the pooling learns
        maps = self.maps
        if settings["arm"] == "none":
            maps = self.pooled
        task = Arm(config, maps("train"), maps("val"), self.every_epoch)
        at_start = dict(epoch=0, **task.measure(0))
        result = train(task, output, config.epochs, config.seed, progress=False, keep="last")
        record = dict(
            held_out=task.held_out(),
            log=[rounded(entry) for entry in [at_start, *result["log"]]],
            config=changes(config) | dict(start=self.start),
            seconds=round(result["seconds"], 1),
        )
        return record, task.learnt()

    def describer(self, settings: dict, learnt: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
        net = net_with_attention(self.config(settings)).eval()
        net.load_state_dict(net.state_dict() | learnt)
        fold(net)
        return lambda maps: net.head(run_from(net, maps, self.stage))


class Arm(GlobalTask):
    """One run.

    Args:
        config: its settings.
        train_maps: maps of the images to learn from.
        val_maps: maps of the held-out images.
        every_epoch: whether `distances` are logged after each epoch.
    """

    def __init__(
        self, config: TrainConfig, train_maps: CachedMaps, val_maps: CachedMaps, every_epoch: bool
    ):
        super().__init__(config, "cpu", progress=False, train_maps=train_maps, val_maps=val_maps)
        fold(self.net)
        self.every_epoch = every_epoch

    def measure(self, epoch: int) -> dict[str, float]:
        """Return distances on held-out landmarks after an epoch, where they are asked for."""
        if not self.every_epoch:
            return {}
        descriptors = describe_all(self.describe_maps, self.val_maps)
        return distances(descriptors, self.val_index.landmarks)

    def held_out(self) -> float:
        """Return mAP in percent on the held-out landmarks of the training data."""
        descriptors = describe_all(self.describe_maps, self.val_maps)
        return round(100 * held_out_map(descriptors, self.val_index.landmarks), 2)

    def learnt(self) -> dict[str, Tensor]:
        """Return the tensors that differ from the start: attention and whitening, and p."""
        tensors = self.net.state_dict()
        return {name: tensors[name] for name in tensors if is_learnt(name)}


def fold(net: GlobalNet) -> None:
    """Put batch norms of the frozen trunk into the convolutions before them: a step takes 3/4."""
    net.features.conv5_x = folded(net.features.conv5_x).requires_grad_(False)


def is_learnt(name: str) -> bool:
    """Tell whether a tensor of a network belongs to what learns, or would if it were not fixed."""
    return ".soa" in name or name.startswith(("whiten.", "pool."))


def distances(descriptors: Tensor, landmarks: np.ndarray) -> dict[str, float]:
    """Return mean distances of images: to those of their landmark, to the nearest others, to all.

    Args:
        descriptors: (N, D) rows of unit length.
        landmarks: (N,) their labels.
    """
    squared = (2 - 2 * descriptors @ descriptors.T).clamp(min=0)  # (N, N)
    distance = squared.sqrt()
    same = torch.from_numpy(landmarks[:, None] == landmarks[None])  # (N, N)
    siblings = same & ~torch.eye(len(same), dtype=torch.bool)
    nearest = distance.masked_fill(same, torch.inf).topk(NEAREST, largest=False).values
    return dict(
        held_out_siblings=distance[siblings].mean().item(),
        held_out_nearest=nearest.mean().item(),
        held_out_others=distance[~same].mean().item(),
    )


def changes(config: TrainConfig) -> dict:
    """Return the settings that differ from the defaults of `TrainConfig`."""
    usual = asdict(TrainConfig())
    return {key: value for key, value in asdict(config).items() if value != usual[key]}


def rounded(entry: dict) -> dict:
    """Round the numbers of a log for the file."""
    return {
        key: round(value, 5) if isinstance(value, float) else value for key, value in entry.items()
    }


class Lite(FineTuning):
    """Real photographs taught the trunk; attention is added behind its last two stages."""

    name = "lite"
    start = "lite-gem"
    stage = "soa4"
    common: ClassVar[dict] = dict(soa="45", epochs=4, lr_decay=0.3)
    choosing_epochs = 2


class LastStage(FineTuning):
    """The same behind the last stage alone: its maps are kept, so that a run takes a minute."""

    name = "last"
    start = "lite-gem"
    stage = "soa5"
    common: ClassVar[dict] = dict(soa="5", epochs=4, lr_decay=0.3)


class Mini(FineTuning):
    """The trunk of mini-gem; attention behind its last stage, with and without second order."""

    name = "mini"
    start = "mini-gem"
    stage = "soa5"
    common: ClassVar[dict] = dict(soa="5", epochs=5, lr_decay=0.3)
    every_epoch = True

    weights = (0.5, 2.0, 10.0)  # of the second-order loss, to choose from
    triplet_rates = (1e-6, 1e-5, 1e-4)
    triplet_seeds = (0, 1, 2)
    triplet_weight = 10.0  # the paper's

    def trainings(self) -> list[Job]:
        choosing = []
        runs = []
        for weights in ((0.0,), self.weights):
            for arm in ARMS:
                grid = self.grid(arm, weights)
                choosing += grid
                runs += self.runs_of(arm, grid)
        return choosing + sorted(runs, key=lambda job: job["seed"]) + self.triplets()

    def triplets(self) -> list[Job]:
        """Return the runs with the paper's losses."""
        jobs = []
        for seed in self.triplet_seeds:
            for rate in self.triplet_rates:
                settings = dict(arm="soa", rate=rate, sos=self.triplet_weight, seed=seed)
                jobs.append(Job.of("triplets", **settings, first_order="triplet"))
        return jobs
