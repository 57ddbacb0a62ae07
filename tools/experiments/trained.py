"""What the tables of trained networks have in common: a rate is chosen, runs, then measurements.

Runs learn from maps of one frozen trunk. Their weights are kept, so that a benchmark that is
rendered later is measured later.
"""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from solar.datasets import TrainingIndex, load_training
from solar.files import atomic
from solar.nets import GlobalNet, load
from solar.training.loop import state_of

from .frozen import (
    DiskMaps,
    Measure,
    PooledMaps,
    check_ready,
    digest,
    is_ready,
    open_benchmark,
    version_of_benchmark,
)
from .ledger import Job
from .tables import ARMS, CHOOSING_SEED, RATES, SEEDS, Table, best, stamp

IMAGE_SIZE = 256  # longer side of the images in pixels


class Trained(Table):
    """Runs behind one frozen trunk, measured on benchmarks afterwards.

    Attributes:
        data: training set, by name.
        start: network whose trunk it is, by name.
        stage: where the cached maps end; nothing before it learns in any arm.
        benchmarks: that are read as soon as they are rendered.
        common: settings of all runs that differ from those of `TrainConfig`.
        test: the benchmark that is read once, at the very end; '' for none.
        rates: learning rates to choose from.
        start_may_win: whether an arm may be chosen not to learn, where the start is no worse.
    """

    data: str
    start: str
    stage: str
    benchmarks: tuple[str, ...]
    common: ClassVar[dict] = {}
    test = ""
    rates = RATES
    start_may_win = True

    def __init__(self, work: Path):
        super().__init__(work)
        # what was opened so far, by name
        self.nets: dict[str, GlobalNet] = {}
        self.indices: dict[str, TrainingIndex] = {}
        self.cached: dict[str, DiskMaps] = {}
        self.vectors: dict[str, PooledMaps] = {}
        self.measures: dict[str, Measure] = {}
        self.versions: dict[str, str] = {}

    # ---- what a subclass says --------------------------------------------------------------------

    def learn(self, settings: dict, output: Path) -> tuple[dict, dict[str, Tensor]]:
        """Train one network.

        Args:
            settings: of the run.
            output: where its weights will be kept, for `loop.run`.

        Returns:
            The record, with 'held_out' and 'seconds', and the tensors that were learnt.
        """
        raise NotImplementedError

    def describer(self, settings: dict, learnt: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
        """Return the function from maps (n, C, H, W) to descriptors (n, D) of a trained network."""
        raise NotImplementedError

    def trainings(self) -> list[Job]:
        """Return the jobs that train, those known so far."""
        choosing = []
        runs = []
        for arm in ARMS:
            grid = self.grid(arm, (0.0,))
            choosing += grid
            runs += self.runs_of(arm, grid)
        # seed by seed, so that an unfinished table compares all arms
        return choosing + sorted(runs, key=lambda job: job["seed"])

    # ---- jobs ------------------------------------------------------------------------------------

    def start_job(self) -> Job:
        """Return the job that measures the network before any training."""
        return Job.of("start", arm="none", rate=0.0, sos=0.0, seed=0)

    def jobs(self, test: bool) -> list[Job]:
        jobs = [self.start_job(), *self.trainings()]
        # what is trained is measured, on every benchmark that is there; its maps come first
        measures = []
        for name in self.readable(test):
            maps = Job.of("maps", benchmark=name, version=self.version_of(name))
            measures.append(maps)
            if not self.ledger.has(maps):
                continue
            for job in jobs:
                if job.part != "choosing" and self.ledger.has(job):
                    measures.append(Job.of("ap", run=job.name, **dict(maps.settings)))
        return jobs + measures

    def readable(self, test: bool) -> list[str]:
        """Return the benchmarks that may be read and are rendered."""
        names = [*self.benchmarks]
        if test and self.test:
            names.append(self.test)
        return [name for name in names if is_ready(name)]

    def grid(self, arm: str, weights: tuple[float, ...]) -> list[Job]:
        """Return the jobs that choose an arm's rate, and its weight if there are several."""
        jobs = []
        for sos in weights:
            for rate in self.rates:
                jobs.append(Job.of("choosing", arm=arm, rate=rate, sos=sos, seed=CHOOSING_SEED))
        return jobs

    def runs_of(self, arm: str, grid: list[Job]) -> list[Job]:
        """Return the reported runs of an arm; none while its grid is not done."""
        settings = self.chosen(grid)
        if settings is None:
            return []
        return [Job.of("runs", arm=arm, **settings, seed=seed) for seed in SEEDS]

    def chosen(self, grid: list[Job]) -> dict | None:
        """Return the settings that held-out landmarks prefer, or None while some are missing.

        If the start is not worse than all of them, the rate is 0: nothing is learnt.
        """
        records = []
        for job in grid:
            record = self.ledger.read(job)
            if record is None:
                return None
            records.append(dict(job.settings) | record)
        found = best(records, "rate", "sos")
        if self.start_may_win:
            start = self.ledger.read(self.start_job())
            if start is None:
                return None
            if start["held_out"] >= found["held_out"]:
                return dict(rate=0.0, sos=found["sos"])
        return dict(rate=found["rate"], sos=found["sos"])

    # ---- what all jobs share ---------------------------------------------------------------------

    def prepare(self, test: bool) -> None:
        self.maps("train")
        self.maps("val")

    def trunk(self) -> GlobalNet:
        """Return the network whose trunk makes the maps."""
        if "start" not in self.nets:
            self.nets["start"] = load(self.start_file()).eval()
        return self.nets["start"]

    def start_file(self) -> str:
        """Return the name of the start; its file in the work folder goes first, if there is one."""
        path = self.work / f"{self.start}.pth"
        return str(path) if path.is_file() else self.start

    def index(self, split: str) -> TrainingIndex:
        """Return the images to learn from, 'train', or those held out, 'val'."""
        if split not in self.indices:
            check_ready(self.data)
            self.indices[split] = load_training(self.data, split)
        return self.indices[split]

    def maps(self, split: str) -> DiskMaps:
        """Return the maps of the images to learn from, 'train', or of those held out, 'val'."""
        if split not in self.cached:
            name = f"{Path(self.data).name}-{split}"
            index = self.index(split)
            self.cached[split] = DiskMaps(
                self.work, self.trunk(), self.stage, index, IMAGE_SIZE, name
            )
        return self.cached[split]

    def pooled(self, split: str) -> PooledMaps:
        """Return what the trunk's pooling makes of the same images."""
        if split not in self.vectors:
            self.vectors[split] = PooledMaps(self.trunk(), self.maps(split))
        return self.vectors[split]

    def measure_of(self, name: str) -> Measure:
        """Return what scores a network on a benchmark."""
        if name not in self.measures:
            benchmark = open_benchmark(name)
            self.measures[name] = Measure(
                self.work, self.trunk(), self.stage, benchmark, IMAGE_SIZE
            )
        return self.measures[name]

    def version_of(self, name: str) -> str:
        """Return 8 letters that tell the images and labels of a benchmark from other versions."""
        if name not in self.versions:
            self.versions[name] = version_of_benchmark(open_benchmark(name))
        return self.versions[name]

    # ---- one job ---------------------------------------------------------------------------------

    def run(self, job: Job) -> dict:
        if job.part == "maps":
            self.measure_of(job["benchmark"])
            return {}
        if job.part == "ap":
            return self.score(job)
        # a training opens its dataset by name: it must not render it
        check_ready(self.data)
        output = self.ledger.weights(job)
        output.parent.mkdir(parents=True, exist_ok=True)
        record, learnt = self.learn(dict(job.settings), output)
        record["sha256"] = digest(learnt)
        # the weights first: a record says that they are there
        if job.part != "choosing":
            with atomic(output) as temporary:
                torch.save(learnt, temporary)
        state_of(output).unlink(missing_ok=True)
        return stamp(record)

    def score(self, job: Job) -> dict:
        """Score the weights of a run on a benchmark."""
        of = next(one for one in [self.start_job(), *self.trainings()] if one.name == job["run"])
        record = self.ledger.read(of)
        path = self.ledger.weights(of)
        learnt = torch.load(path, weights_only=True)
        if record is None or digest(learnt) != record["sha256"]:
            raise ValueError(
                f"{path}: not the weights of that run, whose checksum is in "
                f"{self.ledger.path(of)}; remove both files, and the run is done again"
            )
        return self.score_learnt(dict(of.settings), learnt, job["benchmark"])

    def score_learnt(self, settings: dict, learnt: dict[str, Tensor], name: str) -> dict:
        """Return the record of a network's score on the benchmark `name`."""
        describe = self.describer(settings, learnt)
        return score_of(self.measure_of(name)(describe))

    def merge(self, parts: dict[str, list], job: Job, record: dict) -> None:
        """Add a run to its part, and the precisions of a run to this run."""
        if job.part == "maps":
            return
        if job.part != "ap":
            super().merge(parts, job, record | dict(name=job.name))
            return
        for runs in parts.values():
            for run in runs:
                if run["name"] == job["run"]:
                    for key in ("ap", "agreement", "strata", "twins"):
                        if key in record:
                            run.setdefault(key, {})[job["benchmark"]] = record[key]


def score_of(ap: dict[str, list]) -> dict:
    """Return the record of precisions: themselves, and their mean for the log."""
    protocol = "medium" if "medium" in ap else next(iter(ap))
    known = [value for value in ap[protocol] if value is not None]
    return dict(ap=ap, medium=round(float(np.mean(known)), 2))
