"""Table `agreement`: what the second-order loss does to the lists that two images return.

Whitening alone learns, on pooled vectors of a frozen trunk that are held in memory. A run takes
seconds, so that there can be many.
"""

from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from solar.nets.pooling import l2n
from solar.search.protocol import average_precision
from solar.search.ranking import ranks_by_counting
from solar.training.agreement import rank_agreement
from solar.training.config import TrainConfig
from solar.training.held_out import held_out_map
from solar.training.loop import run as train
from solar.training.trunk_maps import run_from

from .fine_tuning import changes
from .frozen import precisions
from .heads import HeadTask, Whiten
from .ledger import Job
from .tables import CHOOSING_SEED, RATES, SEEDS
from .trained import Trained, score_of

WEIGHTS = (0.5, 2.0, 10.0)  # of the second-order loss, beside 0
FORMS = ("solar", "sosnet")
LANDMARKS = (35, 70, 140, 525)  # to learn from; each set holds the ones before
GAP = 35  # landmarks of either kind whose mAP is compared


class Agreement(Trained):
    """Whitening learns, with several weights of the second-order loss, from more landmarks."""

    name = "agreement"
    data = "mini-gl18-tuning"
    needs = (data,)
    start = "lite-gem"
    stage = "soa4"
    benchmarks = ("mini-ablation",)
    start_may_win = False
    common: ClassVar[dict] = dict(epochs=6, lr_decay=0.3)

    def __init__(self, work: Path):
        super().__init__(work)
        self.of_benchmark: dict[str, Tensor] = {}  # pooled vectors by name

    # ---- jobs ------------------------------------------------------------------------------------

    def start_job(self) -> Job:
        most = max(LANDMARKS)
        return Job.of("start", sos=0.0, form="solar", landmarks=most, rate=0.0, seed=0)

    def trainings(self) -> list[Job]:
        choosing = []
        runs = []
        for landmarks in LANDMARKS:
            for sos, form in settings_of_losses():
                which = dict(sos=sos, form=form, landmarks=landmarks)
                grid = [
                    Job.of("choosing", **which, rate=rate, seed=CHOOSING_SEED) for rate in RATES
                ]
                choosing += grid
                settings = self.chosen(grid)
                if settings is not None:
                    rate = settings["rate"]
                    runs += [Job.of("runs", **which, rate=rate, seed=seed) for seed in SEEDS]
        return choosing + sorted(runs, key=lambda job: job["seed"])

    def jobs(self, test: bool) -> list[Job]:
        jobs = []
        for job in super().jobs(test):
            # the large benchmark is for those that learnt from all landmarks
            if job.part != "ap" or f"landmarks={max(LANDMARKS)}_" in job["run"]:
                jobs.append(job)
        return jobs

    # ---- pooled vectors --------------------------------------------------------------------------

    def prepare(self, test: bool) -> None:
        self.pooled("train")
        self.pooled("val")

    def pool(self, maps: Tensor) -> Tensor:
        """Pool maps (n, C, H, W) of the frozen trunk: (n, D)."""
        net = self.trunk()
        return l2n(net.pool(run_from(net, maps, self.stage)))

    def rows(self, split: str) -> Tensor:
        """Return the pooled vectors (N, C) of the images of a split, of unit length."""
        return l2n(self.pooled(split).maps.flatten(1))

    def pooled_benchmark(self, name: str) -> tuple[Tensor, Tensor]:
        """Return the pooled vectors of a benchmark's queries (Q, C) and of its database (N, C)."""
        if name not in self.of_benchmark:
            queries, database = self.measure_of(name).descriptors(self.pool)
            self.of_benchmark[name] = torch.cat([queries, database])
        count = len(self.measure_of(name).benchmark.queries)
        return self.of_benchmark[name][:count], self.of_benchmark[name][count:]

    # ---- one job ---------------------------------------------------------------------------------

    def learn(self, settings: dict, output: Path) -> tuple[dict, dict[str, Tensor]]:
        options = dict(
            self.common,
            data=self.data,
            start=self.start,
            soa="",
            block="none",
            lr=settings["rate"],
            sos_weight=settings["sos"],
            second_order=settings["form"],
            train_landmarks=settings["landmarks"],
            seed=settings["seed"],
        )
        if settings["rate"] == 0:
            options["epochs"] = 0
        config = TrainConfig(**options)
        # the first landmarks by their number
        labels = self.index("train").landmarks
        chosen = np.flatnonzero(np.isin(labels, np.unique(labels)[: settings["landmarks"]]))
        net = Whiten(self.trunk().whiten)
        task = HeadTask(net, self.rows("train")[chosen], labels[chosen], config)
        result = train(task, output, config.epochs, config.seed, progress=False, keep="last")

        record = dict(config=changes(config), seconds=round(result["seconds"], 1))
        if settings["seed"] == CHOOSING_SEED:
            held_out = held_out_map(describe(net, self.rows("val")), self.index("val").landmarks)
            record["held_out"] = round(100 * held_out, 2)
        else:
            record |= self.on_landmarks(net)
        return record, net.state_dict()

    def on_landmarks(self, net: nn.Module) -> dict:
        """Return AP and agreement of every landmark, learnt from and held out."""
        measured = {}
        for split, name in (("train", "train"), ("val", "held_out")):
            labels = self.index(split).landmarks
            first = np.isin(labels, np.unique(labels)[:GAP])
            some = describe(net, self.rows(split)[first])
            measured[f"{name}_gap_ap"] = precision_by_landmark(some, labels[first])
        descriptors = describe(net, self.rows("val"))
        labels = self.index("val").landmarks
        measured["held_out_ap"] = precision_by_landmark(descriptors, labels)
        measured["held_out_agreement"] = agreement_by_landmark(descriptors, labels)
        measured["held_out"] = round(float(np.mean(measured["held_out_ap"])), 2)
        return measured

    def score_learnt(self, settings: dict, learnt: dict[str, Tensor], name: str) -> dict:
        net = Whiten(self.trunk().whiten)
        net.load_state_dict(learnt)
        pooled = self.pooled_benchmark(name)
        queries = describe(net, pooled[0])
        database = describe(net, pooled[1])
        benchmark = self.measure_of(name).benchmark
        record = score_of(precisions(benchmark, queries, database))
        record["agreement"] = agreement_with_positive(queries, database, benchmark.ground_truth)
        return record


def settings_of_losses() -> list[tuple[float, str]]:
    """Return weights and forms of the second-order loss; one is without it."""
    settings = [(0.0, "solar")]
    for form in FORMS:
        for sos in WEIGHTS:
            settings.append((sos, form))
    return settings


@torch.no_grad()
def describe(net: nn.Module, pooled: Tensor) -> Tensor:
    """Describe images from their pooled vectors: (N, C) -> (N, D)."""
    return net(pooled)


def precision_by_landmark(descriptors: Tensor, landmarks: np.ndarray) -> list[float]:
    """Return for each landmark the mean AP, in percent, of its images, each searching its siblings.

    Args:
        descriptors: (N, D) of images.
        landmarks: (N,) their labels; each has two images or more.
    """
    scores = (descriptors @ descriptors.T).numpy()  # (N, N)
    means = []
    for name in np.unique(landmarks):
        images = np.flatnonzero(landmarks == name)
        values = []
        for query in images:
            # the query itself is no answer: it is left out of the ranking
            siblings = images[images != query]
            values.append(average_precision(ranks_by_counting(scores[query], siblings, [query])))
        means.append(round(100 * float(np.mean(values)), 2))
    return means


def agreement_by_landmark(descriptors: Tensor, landmarks: np.ndarray) -> list[float]:
    """Return for each landmark the mean rank agreement of its pairs, over all other landmarks.

    Pairs are the first image and the second, the third and the fourth, and so on.

    Args:
        descriptors: (N, D) of images.
        landmarks: (N,) their labels.
    """
    means = []
    for name in np.unique(landmarks):
        images = np.flatnonzero(landmarks == name)
        pairs = len(images) // 2
        q = descriptors[images[0 : 2 * pairs : 2]]
        p = descriptors[images[1 : 2 * pairs : 2]]
        own = np.repeat((landmarks == name)[None], pairs, 0)  # (pairs, N)
        means.append(round(float(np.mean(rank_agreement(q, p, descriptors, own))), 4))
    return means


def agreement_with_positive(
    queries: Tensor, database: Tensor, ground_truth: list[dict]
) -> list[float | None]:
    """Return how much the lists of each query and of its first positive agree, others' images only.

    It is None where a query has no positive.

    Args:
        queries: (Q, D).
        database: (N, D).
        ground_truth: what each query is labelled with.
    """
    values = []
    for query, truth in zip(queries, ground_truth):
        positives = [*truth["easy"], *truth["hard"]]
        if not positives:
            values.append(None)
            continue
        own = np.zeros((1, len(database)), bool)
        own[0, [*positives, *truth["junk"]]] = True
        positive = database[positives[0]]
        value = rank_agreement(query[None], positive[None], database, own)[0]
        values.append(round(float(value), 4))
    return values
