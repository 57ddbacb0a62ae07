"""Table `local`: patch descriptors with attention, with its controls, and without, on photographs.

A network without blocks learns first, as `solar train --preset mini-local` does. Then every arm
goes on from it for as many steps, as `--preset mini-local-tuned` does: without blocks, or with new
ones, which at first change nothing.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

from solar.datasets import load_patches
from solar.files import atomic, sha256
from solar.local.keypoints import describe_patches
from solar.local.metrics import described_by, score_patches, sift_of_patches
from solar.nets import LocalNet, load_local, save
from solar.training.config import LOCAL_PRESETS, LocalConfig
from solar.training.local_task import LocalTask
from solar.training.loop import run as train
from solar.training.loop import state_of
from solar.world.photographs import photographs_at_hand

from .frozen import check_ready
from .ledger import Job
from .local_pairs import (
    FIRST_LANDMARK,
    KEYPOINTS,
    Scene,
    measure,
    scene_of_landmark,
    scene_of_photograph,
)
from .tables import ARMS, CHOOSING_SEED, SEEDS, Table, stamp

PLANNED = "2026-11-26"  # the day of this plan
TRIALS = Path(__file__).with_name("local_trials.json")  # made by hand before the plan
VALIDATION = ("mini-phototour-validation", "mini-photographs-validation")
TEST = ("mini-phototour-test", "mini-photographs-test")
RATES = (3e-3, 1e-2)  # to choose from
CHOOSING_ARMS = ("none", "soa")  # one rate for all arms is chosen with these
WARPS = 8  # of each photograph
LANDMARKS = 12  # whose views are matched
LOGGED = ("epoch", "first", "second")  # of every epoch


class Local(Table):
    """Starts without blocks; then, from each start, one run of every arm, by one recipe."""

    name = "local"
    needs = ("mini-phototour", "mini-photographs", *VALIDATION, *TEST)
    start_epochs = 3

    def __init__(self, work: Path):
        super().__init__(work)
        self.scenes: dict[str, list[Scene]] = {}  # what was opened so far

    # ---- jobs ------------------------------------------------------------------------------------

    def jobs(self, test: bool) -> list[Job]:
        # a start comes before what goes on from it
        jobs = [start_of(CHOOSING_SEED)]
        grid = []
        for rate in RATES:
            for arm in CHOOSING_ARMS:
                grid.append(Job.of("choosing", arm=arm, rate=rate, seed=CHOOSING_SEED))
        jobs += grid
        rate = self.chosen_rate(grid)
        if rate is None:
            return jobs
        if test:
            for name in ("sift", "untrained"):
                jobs.append(Job.of("references", net=name))
        # seed by seed, so that an unfinished table compares all arms; nothing is chosen any more
        for seed in SEEDS:
            jobs.append(start_of(seed))
            runs = [Job.of("runs", arm=arm, rate=rate, seed=seed) for arm in ARMS]
            jobs += runs
            if test:
                jobs += [Job.of("test", run=job.name) for job in runs]
        return jobs

    def chosen_rate(self, grid: list[Job]) -> float | None:
        """Return the rate that is best on average over two arms; None while records are missing."""
        if not all(self.ledger.has(job) for job in grid):
            return None
        means = {}
        for rate in RATES:
            scores = [self.ledger.read(job)["held_out"] for job in grid if job["rate"] == rate]
            means[rate] = float(np.mean(scores))
        # of equals the first, the smallest rate
        return max(means, key=means.get)

    # ---- one job ---------------------------------------------------------------------------------

    def run(self, job: Job) -> dict:
        cv2.setNumThreads(1)
        for need in self.needs:
            check_ready(need)
        if job.part == "references":
            return stamp(self.on_test(reference(job["net"])))
        if job.part == "test":
            return stamp(self.on_test(load_local(self.folder / f"{job['run']}.pth")))
        return stamp(self.learn(job))

    @property
    def folder(self) -> Path:
        """Folder of weights and data sheets."""
        return self.ledger.folder / "weights"

    def learn(self, job: Job) -> dict:
        """Train one network; what chooses is measured on validation photographs."""
        output = self.folder / f"{job.name}.pth"
        output.parent.mkdir(parents=True, exist_ok=True)
        start = ""
        if job.part != "starts":
            start = str(self.folder / f"{start_of(job['seed']).name}.pth")
        config = config_of(job, start, str(output), self.start_epochs)

        # no epoch is chosen, and test patches are looked at when all is chosen
        task = LocalTask(config, "cpu")
        result = train(task, output, config.epochs, config.seed, progress=False, keep="last")
        save(task.net, output, dtype=torch.float16)
        state_of(output).unlink(missing_ok=True)
        log = [{name: round(one[name], 4) for name in LOGGED} for one in result["log"]]
        record = dict(sha256=sha256(output), train_seconds=round(result["seconds"], 1), log=log)

        # all is measured with the stored, rounded weights
        net = load_local(output)
        measured = measure(self.open("validation"), partial(describe_patches, net))
        record["held_out"] = round(float(np.mean(list(measured["right"].values()))), 2)
        return record | dict(validation=measured)

    def on_test(self, net: LocalNet | str) -> dict:
        """Measure a network, or RootSIFT, on test photographs, views and test patches."""
        describe = None if net == "sift" else partial(describe_patches, net)
        record = {use: measure(self.open(use), describe) for use in ("photographs", "views")}
        return record | fpr95_of(net, TEST)

    def open(self, use: str) -> list[Scene]:
        """Return the pairs of validation photographs, of test photographs or of views."""
        if use in self.scenes:
            return self.scenes[use]
        path = self.ledger.folder / f"{use}-{names_of(use)[0]}-{len(names_of(use))}.pt"
        if not path.is_file():
            with atomic(path) as temporary:
                torch.save(list(make_scenes(use)), temporary)
        # a file of this tool's own, which holds more than tensors
        self.scenes[use] = torch.load(path, weights_only=False)
        return self.scenes[use]

    # ---- results ---------------------------------------------------------------------------------

    def results(self, test: bool) -> dict:
        return super().results(test) | dict(
            planned=PLANNED,
            trials=json.loads(TRIALS.read_text(encoding="utf-8")),
            photographs=names_of("photographs"),
            landmarks=names_of("views"),
            warps=WARPS,
            keypoints=KEYPOINTS,
        )

    def merge(self, parts: dict[str, list], job: Job, record: dict) -> None:
        """Add what was measured on test scenes to its run."""
        if job.part != "test":
            super().merge(parts, job, record | dict(name=job.name))
            return
        for run in [*parts["starts"], *parts.get("runs", [])]:
            if run["name"] == job["run"]:
                run |= {key: record[key] for key in ("photographs", "views", "fpr95")}


class LocalLong(Local):
    """The same from a start that learns longer: five starts, and the arms from the first of them.

    The networks of seed 0 are shipped.
    """

    name = "local_long"
    start_epochs = 10

    def jobs(self, test: bool) -> list[Job]:
        # what is shipped first: the start, and arm soa
        jobs = [start_of(0)]
        if test:
            jobs.append(Job.of("test", run=jobs[0].name))
        for arms in (("none", "soa"), ("identity", "even")):
            runs = [Job.of("runs", arm=arm, rate=RATES[0], seed=0) for arm in arms]
            jobs += runs
            if test:
                jobs += [Job.of("test", run=job.name) for job in runs]
        if test:
            jobs += [Job.of("references", net=name) for name in ("sift", "untrained")]
        # the same recipe with the other seeds
        for seed in SEEDS[1:]:
            jobs.append(start_of(seed))
            if test:
                jobs.append(Job.of("test", run=jobs[-1].name))
        return jobs


def start_of(seed: int) -> Job:
    """Return the job that trains the network without blocks from which all arms go on."""
    return Job.of("starts", seed=seed)


def config_of(job: Job, start: str, output: str, start_epochs: int) -> LocalConfig:
    """Return the settings of a training: a preset's, and what its job says."""
    if job.part == "starts":
        config = replace(LOCAL_PRESETS["mini-local"], output=output, seed=job["seed"])
        return replace(config, epochs=start_epochs)
    config = replace(LOCAL_PRESETS["mini-local-tuned"], start=start, output=output)
    config = replace(config, lr=job["rate"], seed=job["seed"], block=job["arm"])
    return replace(config, soa="") if job["arm"] == "none" else config


def reference(name: str) -> LocalNet | str:
    """Return what networks are compared with: 'sift', or an untrained network."""
    if name == "sift":
        return name
    torch.manual_seed(0)
    return LocalNet("", width=LOCAL_PRESETS["mini-local"].width).eval()


def fpr95_of(net: LocalNet | str, names: Iterable[str]) -> dict:
    """Return FPR95 of a network, or of RootSIFT, in percent, by the name of the patches."""
    describe = sift_of_patches if net == "sift" else described_by(net)
    scores = {}
    for name in names:
        scores[name] = round(100 * score_patches(describe, load_patches(name)), 2)
    return dict(fpr95=scores)


def names_of(use: str) -> list[str]:
    """Return the names of the photographs of a use, or the seeds of the views."""
    if use == "views":
        return [str(seed) for seed in range(FIRST_LANDMARK, FIRST_LANDMARK + LANDMARKS)]
    use = "test" if use == "photographs" else use
    return [photograph.name for photograph in photographs_at_hand(use)]


def make_scenes(use: str) -> Iterable[Scene]:
    """Make the pairs of a use, one photograph or landmark after the other."""
    if use == "views":
        for name in names_of(use):
            yield scene_of_landmark(int(name))
        return
    use = "test" if use == "photographs" else use
    for photograph in photographs_at_hand(use):
        yield scene_of_photograph(photograph, WARPS)
