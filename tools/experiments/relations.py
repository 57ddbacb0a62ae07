"""Table `relations`: pictures of places where only the relation of their parts tells a landmark."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from solar.files import atomic
from solar.nets import SecondOrderAttention
from solar.nets.pooling import GeM
from solar.training.held_out import held_out_map
from solar.training.loop import run as train
from solar.training.loop import state_of

from .frozen import check_ready, describe_all, precisions
from .heads import HeadTask, Whiten, pca_linear
from .ledger import Job
from .one_block import OneBlockTable
from .reader import Labels, Reader, accuracy, labels_of, learn_reader
from .tables import stamp
from .trained import score_of

PLANNED = "2026-11-26"  # the day of this plan
READ = dict(train=640, val=248)  # pictures whose positions are labelled: 80 landmarks, and 31
READER_SEED = 0
KNOWN_RATE = 3e-3  # of the whitening where the positions are known
LABELS = ("shapes", "colours", "own")


class TwinTask(HeadTask):
    """Twins stand in one batch, in pictures that differ in nothing but who is painted alike."""

    def batches(self, epoch: int) -> list[Tensor]:
        config = self.config
        rng = np.random.default_rng([config.seed, epoch])
        steps = config.queries_per_epoch // config.batch_size
        pairs = config.batch_size // 2
        rows = epoch_twins(self.landmarks, rng, steps, pairs, config.photos_per_landmark)
        return list(torch.from_numpy(rows).split(2 * pairs))


class Relations(OneBlockTable):
    """One block on what a reader says of each position of the pictures."""

    name = "relations"
    data = "mini-relations-train"
    needs = (data,)
    benchmarks = ("mini-relations",)
    task = TwinTask
    rates = (1e-3, 4e-3, 1.6e-2)
    # a steady rate: attention must be learnt
    common: ClassVar[dict] = dict(epochs=15, batch_size=24, queries_per_epoch=960, lr_decay=0.0)
    choosing_epochs = 10

    # ---- the reader ------------------------------------------------------------------------------

    def prepare(self, test: bool) -> None:
        for split in READ:
            self.labels(split)
        self.reader()
        super().prepare(test)

    def labels(self, split: str) -> Labels:
        """Return what the positions of the first pictures show; they are rendered again once."""
        path = self.work / self.name / f"labels-{split}.pt"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            made = labels_of(self.index(split).images[: READ[split]])
            with atomic(path) as temporary:
                torch.save({name: getattr(made, name) for name in LABELS}, temporary)
        stored = torch.load(path, weights_only=True)
        return Labels(*[stored[name].numpy() for name in LABELS])

    def labelled(self, split: str) -> Tensor:
        """Return the maps (n, C, h, w) of the pictures whose positions are labelled."""
        maps = self.maps(split)
        return maps[np.arange(min(READ[split], len(maps)))]

    def reader(self) -> Reader:
        """Return the reader; it learns once, and is kept."""
        path = self.work / self.name / "reader.pt"
        if not path.is_file():
            made = learn_reader(self.labelled("train"), self.labels("train"), READER_SEED)
            with atomic(path) as temporary:
                torch.save(made.state_dict(), temporary)
        state = torch.load(path, weights_only=True)
        reader = Reader(len(state["mean"]))
        reader.load_state_dict(state)
        return reader.eval()

    def inputs(self, split: str) -> Tensor:
        """Return what the reader says of the images, (N, 32, h, w)."""
        path = self.work / self.name / f"read-{split}.pt"
        if not path.is_file():
            made = describe_all(self.reader(), self.maps(split))
            with atomic(path) as temporary:
                torch.save(made, temporary)
        return torch.load(path, mmap=True, weights_only=True)

    # ---- jobs ------------------------------------------------------------------------------------

    def jobs(self, test: bool) -> list[Job]:
        # how well positions are read, and what could be found if the landmark's were known
        first = [Job.of("reader", seed=READER_SEED)]
        for maps in ("raw", "read"):
            for positions in ("all", "own"):
                first.append(Job.of("known", maps=maps, positions=positions))
        others = super().jobs(test)
        # where attention looks in the end, and before it has learnt
        looks = []
        for job in others:
            if job.part == "runs" and job["arm"] == "soa":
                looks.append(Job.of("looks", run=job.name))
        return first + others + looks

    def run(self, job: Job) -> dict:
        if job.part == "reader":
            found = accuracy(self.reader(), self.labelled("val"), self.labels("val"))
            return stamp(
                dict(accuracy=found, pictures=READ["train"], held_out_pictures=READ["val"])
            )
        if job.part == "known":
            check_ready(self.data)
            return stamp(self.with_known_positions(job))
        if job.part == "looks":
            return stamp(self.looks(job["run"]))
        return super().run(job)

    def looks(self, run: str) -> dict:
        """Measure how much of their attention the landmark's positions pay to each other.

        Args:
            run: name of a run of arm soa.

        Returns:
            The record, mean shares in percent over held-out pictures: 'trained', 'untrained', and
            'even' for a look that is the same everywhere. What a position pays to itself is left
            out.
        """
        job = next(one for one in self.trainings() if one.name == run)
        net = self.net(dict(job.settings))
        inputs = self.inputs("val")[: READ["val"]]
        own = self.labels("val").own.flatten(1)  # (n, N)
        shares = dict(untrained=own_share(net.block, inputs, own))
        net.load_state_dict(torch.load(self.ledger.weights(job), weights_only=True))
        shares["trained"] = own_share(net.block, inputs, own)
        count = own.sum(1, keepdim=True)  # (n, 1)
        even = ((count - 1) / (own.shape[1] - 1)).expand(own.shape)
        shares["even"] = even[own].mean().item()
        return {name: round(100 * share, 1) for name, share in shares.items()}

    def with_known_positions(self, job: Job) -> dict:
        """Pool over the landmark's own positions, which the renderer knows, or over all; learn."""
        vectors = {}
        for split in READ:
            maps = self.labelled(split)
            x = self.reader()(maps) if job["maps"] == "read" else maps.float().relu()
            own = self.labels(split).own
            # where none is its own, all count
            own = own | ~own.any(2, keepdim=True).any(1, keepdim=True)
            weights = own if job["positions"] == "own" else torch.ones_like(own)
            vectors[split] = pooled(x, weights)
        net = Whiten(pca_linear(vectors["train"]))
        config = self.config(dict(arm="none", rate=KNOWN_RATE, sos=0.0, seed=0))
        landmarks = {split: self.index(split).landmarks[: READ[split]] for split in READ}
        task = HeadTask(net, vectors["train"], landmarks["train"], config)
        output = self.ledger.weights(job)
        output.parent.mkdir(parents=True, exist_ok=True)
        train(task, output, config.epochs, config.seed, progress=False, keep="last")
        state_of(output).unlink(missing_ok=True)
        found = held_out_map(describe_all(net, vectors["val"]), landmarks["val"])
        return dict(held_out=round(100 * found, 2))

    def results(self, test: bool) -> dict:
        return super().results(test) | dict(planned=PLANNED)

    # ---- scores ----------------------------------------------------------------------------------

    def describer(self, settings: dict, learnt: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
        net = super().describer(settings, learnt)
        reader = self.reader()
        return lambda maps: net(reader(maps))

    def score_learnt(self, settings: dict, learnt: dict[str, Tensor], name: str) -> dict:
        measure = self.measure_of(name)
        queries, database = measure.descriptors(self.describer(settings, learnt))
        record = score_of(precisions(measure.benchmark, queries, database))
        record["twins"] = twins_told(queries @ database.T, measure.benchmark.ground_truth)
        return record


@torch.no_grad()
def own_share(block: SecondOrderAttention, maps: Tensor, own: Tensor) -> float:
    """Return the mean share of attention that own positions pay to the other own ones.

    Args:
        block: the attention block.
        maps: (n, C, h, w) that it gets.
        own: (n, N) bool, the positions of the landmark.
    """
    attention = block.maps(maps)  # (n, N, N)
    itself = attention.diagonal(dim1=1, dim2=2)  # (n, N)
    to_own = (attention * own[:, None]).sum(2) - itself
    return (to_own / (1 - itself))[own].mean().item()


@torch.no_grad()
def pooled(maps: Tensor, weights: Tensor) -> Tensor:
    """Pool by GeM with weights (N, h, w) of the positions: (N, C)."""
    p = GeM().p.item()
    shares = weights / weights.sum((1, 2), keepdim=True)  # (N, h, w)
    powers = maps.clamp(min=1e-6).pow(p) * shares[:, None]
    return powers.sum((2, 3)).pow(1 / p)


def epoch_twins(
    landmarks: np.ndarray, rng: np.random.Generator, steps: int, pairs: int, siblings: int
) -> np.ndarray:
    """Draw pairs of twins, and the same pictures of both.

    Args:
        landmarks: (N,) label of every image; twins have an even and the next odd label, and their
            pictures the same order.
        rng: random generator.
        steps: number of steps.
        pairs: of twins in a step.
        siblings: images per landmark.

    Returns:
        (steps * 2 * pairs, siblings) image indices, one landmark per row, twins beside each other.
    """
    groups = {name: np.flatnonzero(landmarks == name) for name in np.unique(landmarks).tolist()}
    # of some pairs one is held out
    firsts = [name for name in groups if name % 2 == 0 and name + 1 in groups]
    rows = []
    for _ in range(steps):
        for first in rng.choice(firsts, pairs, replace=False).tolist():
            numbers = rng.choice(len(groups[first]), siblings, replace=False)
            rows += [groups[first][numbers], groups[first + 1][numbers]]
    return np.array(rows)


def twins_told(scores: Tensor, ground_truth: list[dict]) -> list[float]:
    """Return for each query how often its landmark is nearer than the twin, in percent.

    Compared are the two pictures with the same number: they show the same shapes on the same spots.
    Who sees no relation tells half of them.

    Args:
        scores: (Q, N) similarities.
        ground_truth: of the queries; twins beside each other.
    """
    # the pictures of a landmark in their order
    own = []
    for truth in ground_truth:
        labelled = [truth[label] for label in ("easy", "hard", "junk")]
        own.append(np.sort(np.concatenate(labelled).astype(int)))
    shares = []
    for query, pictures in enumerate(own):
        nearer = scores[query, pictures] > scores[query, own[query ^ 1]]  # (n,)
        shares.append(round(100 * nearer.float().mean().item(), 1))
    return shares
