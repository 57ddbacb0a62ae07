"""When does second order help? Five arms, five seeds, landmarks that nobody has seen: the ablation
of chapter 5.

Every run starts from `mini-gem`, learns for the same number of steps with the same images, and is
measured after its
last epoch: no epoch is chosen. The weight of the second-order loss is chosen on the held-out part
of the training data, with a seed of its own. What is reported comes from a third set of landmarks.
`mini-revisitop` is read at the very end.

    python tools/ablation.py --work ablation        # some 25 minutes of a core; goes on after a
    kill python tools/ablation.py --work ablation --test # reads the test set, once, when nothing is
    left to choose
"""

import argparse
import datetime
import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader

from solar.datasets import Benchmark, TrainingIndex, load_benchmark, load_training
from solar.files import atomic, load_pickle
from solar.nets.attention import SecondOrderAttention
from solar.nets.checkpoints import load
from solar.search.describe import Pictures
from solar.search.protocol import evaluate
from solar.training.config import TrainConfig
from solar.training.global_task import GlobalTask, held_out_map
from solar.training.loop import run as train
from solar.training.loop import state_of
from solar.training.trunk_maps import CachedMaps
from solar.world import DATASETS, Recipe, make, write

LANDMARKS = Recipe(
    "benchmark", 400_000, 80, 12, queries=2, others=40, other_views=4
)  # in no other dataset
SEEDS, CHOOSING = (0, 1, 2, 3, 4), 100
WEIGHTS = (0.5, 2.0, 10.0)  # of the second-order loss, to choose from
COMMON = dict(epochs=5, lr_decay=0.3)
# what differs; in the control 'alone' the layer's own weights are there, but every position sees
# only itself
ARMS = {
    "neither": dict(soa=""),
    "SOS": dict(soa="", sos_weight=None),
    "SOA": dict(soa="5"),
    "both": dict(soa="5", sos_weight=None),
    "alone": dict(soa="5", alone=True),
}
STAGE = "soa5"  # what lies before it is frozen in every arm, so that its maps are computed once
RESULTS = Path(__file__).resolve().parents[1] / "book" / "results" / "ablation.json"


class Alone(SecondOrderAttention):
    """The same weights without the attention: A is the identity, so nothing is gathered from
    elsewhere.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.v(self.h(x))


class Kept(CachedMaps):
    """The trunk's maps of some images, kept in the folder `work`, since all runs have the same
    trunk.
    """

    def __init__(self, work: Path, net, index: TrainingIndex, image_size: int):
        path = work / f"{index.images[0].parents[1].name}-{len(index)}-{STAGE}.pt"
        if path.is_file():
            self.device, self.maps = (
                torch.device("cpu"),
                torch.load(path, mmap=True, weights_only=True),
            )
            return
        super().__init__(net, STAGE, index, image_size, torch.device("cpu"))
        with atomic(path) as temporary:
            torch.save(self.maps, temporary)


class Arm(GlobalTask):
    """One arm with one seed. Its validation only counts epochs, so that the last is kept: no epoch
    is chosen.
    """

    def __init__(self, name: str, sos: float, seed: int, maps: tuple):
        options = ARMS[name] | dict(sos_weight=sos if "sos_weight" in ARMS[name] else 0.0)
        alone = options.pop("alone", False)
        super().__init__(
            TrainConfig(**COMMON, **options, seed=seed), "cpu", progress=False, maps=maps
        )
        self.stage, self.epochs = STAGE, 0
        for module in self.net.modules():
            if alone and isinstance(module, SecondOrderAttention):
                module.__class__ = Alone

    def validate(self) -> float:
        """How often it was asked: after every epoch."""
        self.epochs += 1
        return float(self.epochs)

    @torch.no_grad()
    def described(self, maps) -> torch.Tensor:
        """Descriptors (N, D) of maps (N, C, H, W), 64 at a time."""
        parts = np.array_split(np.arange(len(maps)), -(-len(maps) // 64))
        return torch.cat([self.describe_maps(maps[part]) for part in parts])

    def held_out_score(self) -> float:
        """mAP in percent on the held-out landmarks of the training data."""
        return round(100 * held_out_map(self.described(self.maps[1]), self.held_out.landmarks), 2)


def landmarks(folder: Path) -> Benchmark:
    """The landmarks that report, rendered on first use."""
    write(LANDMARKS, folder, "landmarks")
    content = load_pickle(folder / "gnd_landmarks.pkl")
    images, queries = (
        [folder / "jpg" / f"{name}.jpg" for name in content[key]] for key in ("imlist", "qimlist")
    )
    return Benchmark(
        "landmarks", images, queries, [truth["bbx"] for truth in content["gnd"]], content["gnd"]
    )


class Measure:
    """A benchmark seen through the frozen trunk: scores of what stands behind it, at one scale."""

    def __init__(self, work: Path, net, benchmark: Benchmark, size: int):
        self.benchmark = benchmark
        self.database = Kept(
            work, net, TrainingIndex(benchmark.images, np.zeros(len(benchmark.images), int)), size
        )
        pictures = DataLoader(
            Pictures(benchmark.queries, benchmark.boxes, size, net.mean, net.std), batch_size=None
        )
        with torch.no_grad():
            self.queries = [
                net.features.features_before(picture[None], STAGE).half() for _, picture in pictures
            ]

    @torch.no_grad()
    def __call__(self, arm: Arm) -> dict[str, list]:
        """Average precision of every query in percent, by protocol; None where a query has no
        positive.
        """
        queries = torch.cat([arm.describe_maps(maps.float()) for maps in self.queries])  # (Q, D)
        database = arm.described(self.database).numpy()
        report = evaluate(self.benchmark.ground_truth, database=database, queries=queries.numpy())
        return {
            protocol: [None if np.isnan(v) else round(100 * float(v), 2) for v in values]
            for protocol, values in report.ap.items()
        }


def digest(net) -> str:
    """SHA-256 over a network's tensors, in the order of their names."""
    total = hashlib.sha256()
    for name, tensor in sorted(net.state_dict().items()):
        total.update(name.encode() + tensor.cpu().numpy().tobytes())
    return total.hexdigest()


def run(arm: Arm, name: str, measure: Measure, work: Path) -> dict:
    """Train one arm and measure it; its weights stay in `work`."""
    config, output = arm.config, work / f"{name}-{arm.config.sos_weight:g}-{arm.config.seed}.pt"
    found = train(arm, output, config.epochs, config.seed, progress=False)
    last = found["log"][-1]
    record = dict(
        arm=name,
        sos=config.sos_weight,
        seed=config.seed,
        held_out=arm.held_out_score(),
        ap=measure(arm),
        first=round(last["first"], 4),
        second=round(last["second"], 5),
        p=round(arm.net.pool.p.item(), 3),
        seconds=round(found["seconds"]),
        sha256=digest(arm.net),
        date=datetime.date.today().isoformat(),
        config=asdict(config),
    )
    torch.save(arm.net.state_dict(), output)
    state_of(output).unlink()
    return record


def keep(results: dict, path: Path) -> None:
    """Write the results, a run a line."""
    head = {key: value for key, value in results.items() if key not in ("runs", "choosing")}
    lines = [f' "{k}": {json.dumps(v)},' for k, v in head.items()]
    parts = [
        f' "{key}": [\n' + ",\n".join("  " + json.dumps(run) for run in results[key]) + "\n ]"
        for key in ("choosing", "runs")
    ]
    with atomic(path) as temporary:
        temporary.write_text("{\n" + "\n".join(lines) + "\n" + ",\n".join(parts) + "\n}\n")


def best_weight(choosing: list[dict], arm: str) -> float:
    """The weight of the second-order loss with the best held-out mAP; of equals the smaller."""
    runs = [run for run in choosing if run["arm"] == arm]
    return max(runs, key=lambda run: (run["held_out"], -run["sos"]))["sos"]


def trunk(work: Path):
    """The start, and its maps of the images to learn from and of the held-out ones."""
    work.mkdir(parents=True, exist_ok=True)
    config, net = TrainConfig(**COMMON), load(TrainConfig.start)
    folder = make(config.data) if config.data in DATASETS else Path(config.data)
    return net, tuple(
        Kept(work, net, load_training(folder, split), config.image_size) for split in ("train", "val")
    )


def everything(work: Path, path: Path) -> None:
    """All runs that are not yet in the results file, seed by seed; the control comes last."""
    net, maps = trunk(work)
    measure = Measure(work, net, landmarks(work / "landmarks"), TrainConfig(**COMMON).image_size)
    if path.is_file():
        results = json.loads(path.read_text())
    else:
        start = Arm("neither", 0.0, 0, maps)  # nothing has been learnt yet
        measured = dict(held_out=start.held_out_score(), ap=measure(start))
        results = dict(landmarks=asdict(LANDMARKS), start=measured, choosing=[], runs=[])

    def do(part: str, name: str, sos: float, seed: int) -> None:
        if any((r["arm"], r["sos"], r["seed"]) == (name, sos, seed) for r in results[part]):
            return
        found = run(Arm(name, sos, seed, maps), name, measure, work)
        results[part].append(found)
        keep(results, path)
        hard = np.nanmean(np.array(found["ap"]["hard"], float))
        print(
            f"{part} {name} sos {sos:g} seed {seed}: held-out {found['held_out']}, hard {hard:.2f}, "
            f"loss {found['first']} + {found['second']}, {found['seconds']} s",
            flush=True,
        )

    for name in ("SOS", "both"):
        for sos in WEIGHTS:
            do("choosing", name, sos, CHOOSING)
    for names in (["neither", "SOS", "SOA", "both"], ["alone"]):
        for seed in SEEDS:
            for name in names:
                do(
                    "runs",
                    name,
                    best_weight(results["choosing"], name) if "sos_weight" in ARMS[name] else 0.0,
                    seed,
                )


def read_test(work: Path, path: Path) -> None:
    """Score every reported run, and the start, on `mini-revisitop`."""
    net, maps = trunk(work)
    results = json.loads(path.read_text())
    measure = Measure(work, net, load_benchmark("mini-revisitop"), TrainConfig(**COMMON).image_size)
    results["start"]["test"] = measure(Arm("neither", 0.0, 0, maps))
    for found in results["runs"]:
        arm = Arm(found["arm"], found["sos"], found["seed"], maps)
        weights = work / f"{found['arm']}-{found['sos']:g}-{found['seed']}.pt"
        arm.net.load_state_dict(torch.load(weights, weights_only=True))
        if digest(arm.net) != found["sha256"]:
            raise ValueError(f"{weights}: not the weights of that run")
        found["test"] = measure(arm)
    keep(results, path)


def main() -> int:
    """Run what is missing, or read the test set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--work", type=Path, required=True, help="a folder for maps and weights (about 1.5 GB)"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results are kept")
    parser.add_argument(
        "--test", action="store_true", help="read the test set with the finished runs"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # on any number of cores the same sums
    (read_test if arguments.test else everything)(arguments.work, arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
