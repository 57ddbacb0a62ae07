"""Table `crowd`: one attention block on maps of crowded pictures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from solar.datasets import Benchmark
from solar.files import home
from solar.nets import SecondOrderAttention
from solar.nets.pooling import GeM, l2n, whitened
from solar.search.protocol import average_precision
from solar.search.ranking import ranks_by_counting
from solar.training.config import TrainConfig
from solar.training.held_out import held_out_map
from solar.training.loop import run as train

from .fine_tuning import changes, rounded
from .frozen import describe_all, precisions
from .heads import HeadTask, pca_linear
from .tables import CHOOSING_SEED
from .trained import IMAGE_SIZE, Trained, score_of

PCA_IMAGES = 2000  # images from which the whitening starts, at most


class OneBlock(nn.Module):
    """One attention block, pooling and whitening on the maps of a frozen trunk.

    Args:
        arm: 'none', or what the block does.
        start: whitening at the start.

    Shape:
        (n, C, H, W) -> (n, D), rows of unit length.
    """

    def __init__(self, arm: str, start: nn.Linear):
        super().__init__()
        self.block = nn.Identity()
        if arm != "none":
            self.block = SecondOrderAttention(start.in_features, 1, arm)
        self.pool = GeM()
        self.pool.requires_grad_(False)
        self.whiten = nn.Linear(start.in_features, start.out_features)
        self.whiten.load_state_dict(start.state_dict())

    def forward(self, maps: Tensor) -> Tensor:
        """Describe images from their maps."""
        # the trunk's maps have both signs; pooling needs none below zero
        x = self.block(maps).relu()  # (n, C, H, W)
        return whitened(self.whiten, l2n(self.pool(x)))  # (n, D)


class OneBlockTable(Trained):
    """Runs of `OneBlock` on maps of EfficientNet-Lite0, stride 16."""

    start = "lite-gem"
    stage = "soa4"
    start_may_win = False
    task = HeadTask
    # of 40 steps: attention must be learnt, and needs more steps than whitening
    common: ClassVar[dict] = dict(epochs=15)
    choosing_epochs = 8

    def config(self, settings: dict) -> TrainConfig:
        """Return the settings of a run."""
        options = dict(
            self.common,
            data=self.data,
            start=self.start,
            block=settings["arm"],
            lr=settings["rate"],
            sos_weight=settings["sos"],
            seed=settings["seed"],
            image_size=IMAGE_SIZE,
        )
        if settings["seed"] == CHOOSING_SEED:
            options["epochs"] = min(self.choosing_epochs, options["epochs"])
        if settings["rate"] == 0:
            options["epochs"] = 0
        return TrainConfig(**options)

    def prepare(self, test: bool) -> None:
        super().prepare(test)
        self.whitening()

    def inputs(self, split: str):
        """Return what the network takes, (N, C, H, W), of the images to learn from or held out."""
        return self.maps(split)

    def whitening(self) -> nn.Linear:
        """Return the whitening at the start, made from training images and kept."""
        path = self.work / self.name / "whitening.pt"
        if not path.is_file():
            maps = self.inputs("train")
            some = np.linspace(0, len(maps) - 1, min(len(maps), PCA_IMAGES)).astype(int)
            pool = GeM()
            with torch.no_grad():
                parts = [pool(maps[part].relu()) for part in np.array_split(some, 32) if len(part)]
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(pca_linear(torch.cat(parts)).state_dict(), path)
        state = torch.load(path, weights_only=True)
        linear = nn.Linear(state["weight"].shape[1], state["weight"].shape[0])
        linear.load_state_dict(state)
        return linear

    def net(self, settings: dict) -> OneBlock:
        """Return the network of a run before it learns; its block is drawn by the seed."""
        torch.manual_seed(settings["seed"])
        return OneBlock(settings["arm"], self.whitening()).eval()

    def learn(self, settings: dict, output: Path) -> tuple[dict, dict[str, Tensor]]:
        config = self.config(settings)
        net = self.net(settings)
        task = self.task(net, self.inputs("train"), self.index("train").landmarks, config)
        result = train(task, output, config.epochs, config.seed, progress=False, keep="last")
        held_out = held_out_map(describe_all(net, self.inputs("val")), self.index("val").landmarks)
        record = dict(
            held_out=round(100 * held_out, 2),
            log=[rounded(entry) for entry in result["log"]],
            config=changes(config),
            seconds=round(result["seconds"], 1),
        )
        return record, net.state_dict()

    def describer(self, settings: dict, learnt: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
        net = self.net(settings)
        net.load_state_dict(learnt)
        return net


class Crowd(OneBlockTable):
    """The landmark among 0, 1, 2 and 4 others."""

    name = "crowd"
    data = "mini-crowd-train"
    needs = (data,)
    benchmarks = ("mini-crowd-0", "mini-crowd-1", "mini-crowd-2", "mini-crowd-4")

    def score_learnt(self, settings: dict, learnt: dict[str, Tensor], name: str) -> dict:
        measure = self.measure_of(name)
        queries, database = measure.descriptors(self.describer(settings, learnt))
        record = score_of(precisions(measure.benchmark, queries, database))
        # where it is most crowded, each stratum for itself too
        if name == self.benchmarks[-1]:
            strata = strata_of(measure.benchmark, folder_of(name))
            record["strata"] = precisions_by_stratum(
                queries @ database.T, measure.benchmark.ground_truth, strata
            )
        return record


def folder_of(name: str) -> Path:
    """Return the folder of a mini set."""
    return home() / "data" / name


def strata_of(benchmark: Benchmark, folder: Path) -> np.ndarray:
    """Return the stratum of each image of the database (N,), as the renderer noted it."""
    noted = {}
    for path in sorted((folder / "parts").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        noted |= dict(zip(record["images"], record["strata"]))
    return np.array([noted[Path(image).stem] for image in benchmark.images])


def precisions_by_stratum(
    scores: Tensor, ground_truth: list[dict], strata: np.ndarray
) -> dict[str, list]:
    """Return for each stratum the AP of every query in percent, where only its images are sought.

    The landmark's other images are ignored. It is None where a landmark has none in the stratum.

    Args:
        scores: (Q, N) similarities.
        ground_truth: what each query is labelled with.
        strata: (N,) of the images.
    """
    rows = scores.numpy()
    percents: dict[str, list] = {}
    for stratum in np.unique(strata):
        values = []
        for query, truth in enumerate(ground_truth):
            own = np.concatenate([truth[label] for label in ("easy", "hard", "junk")]).astype(int)
            sought = own[strata[own] == stratum]
            if not len(sought):
                values.append(None)
                continue
            ignored = own[strata[own] != stratum]
            ap = average_precision(ranks_by_counting(rows[query], sought, ignored))
            values.append(round(100 * float(ap), 1))
        percents[str(stratum)] = values
    return percents
