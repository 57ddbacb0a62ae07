"""When does second order help? Five arms, five seeds, landmarks that nobody has seen.

This is the ablation of chapter 5. Every run starts from `mini-gem`, learns for the same number of
steps from the same images, and is measured after its last epoch: no epoch is chosen. The weight of
the second-order loss is chosen on the held-out part of the training data, with a seed of its own.
The scores that are reported come from a third set of landmarks. `mini-revisitop` is read at the
very end.

    python tools/ablation.py --work ablation         # about 25 minutes of one core; can be resumed
    python tools/ablation.py --work ablation --test  # reads the test set, once, at the very end
"""

import argparse
import datetime
import hashlib
import json
import sys
from dataclasses import asdict
from math import ceil
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader

from solar.datasets import Benchmark, TrainingIndex, load_benchmark, load_training
from solar.files import atomic, load_pickle
from solar.nets import GlobalNet, SecondOrderAttention, load
from solar.search.describe import PreparedImages
from solar.search.protocol import evaluate
from solar.training.config import TrainConfig
from solar.training.global_task import GlobalTask
from solar.training.held_out import held_out_map
from solar.training.loop import run as train
from solar.training.loop import state_of
from solar.training.trunk_maps import CachedMaps
from solar.world import Recipe, write

# the landmarks that are reported: they are in no other dataset
LANDMARKS = Recipe("benchmark", 400_000, 80, 12, queries=2, others=40, other_views=4)
SEEDS = (0, 1, 2, 3, 4)  # of the runs that are reported
CHOOSING_SEED = 100  # of the runs that choose the weight of the second-order loss
WEIGHTS = (0.5, 2.0, 10.0)  # of the second-order loss, to choose from
COMMON = dict(epochs=5, lr_decay=0.3)

# what differs between the arms; None: the chosen weight. In the control 'alone' the attention
# block's own weights are there, but every position sees only itself.
ARMS = {
    "neither": dict(soa=""),
    "SOS": dict(soa="", sos_weight=None),
    "SOA": dict(soa="5"),
    "both": dict(soa="5", sos_weight=None),
    "alone": dict(soa="5", alone=True),
}
STAGE = "soa5"  # what lies before it is frozen in every arm, so that its maps are computed once
CHUNK = 64  # images that are described at a time
RESULTS = Path(__file__).resolve().parents[1] / "solar" / "results" / "ablation.json"


class OwnPositionOnly(SecondOrderAttention):
    """The attention block with A = identity: nothing is gathered from other positions."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.v(self.h(x))


class CachedOnDisk(CachedMaps):
    """Feature maps of images, also kept in the folder `work`: all runs have the same trunk."""

    def __init__(self, work: Path, net: GlobalNet, index: TrainingIndex, image_size: int):
        dataset = index.images[0].parents[1].name
        path = work / f"{dataset}-{len(index)}-{STAGE}.pt"
        if path.is_file():
            self.device = torch.device("cpu")
            self.maps = torch.load(path, mmap=True, weights_only=True)
            return
        super().__init__(net, STAGE, index, image_size, torch.device("cpu"))
        with atomic(path) as temporary:
            torch.save(self.maps, temporary)


class Arm(GlobalTask):
    """One arm of the ablation with one seed."""

    def __init__(self, name: str, sos_weight: float, seed: int, maps: dict[str, CachedMaps]):
        options = dict(sos_weight=0.0) | ARMS[name]
        if options["sos_weight"] is None:
            options["sos_weight"] = sos_weight
        alone = options.pop("alone", False)
        config = TrainConfig(**COMMON, **options, seed=seed)
        super().__init__(config, "cpu", progress=False, **maps)
        self.stage = STAGE

        # another forward pass for the same parameters, which the optimizer has already
        if alone:
            for module in self.net.modules():
                if isinstance(module, SecondOrderAttention):
                    module.__class__ = OwnPositionOnly

    @torch.no_grad()
    def describe_all(self, maps: CachedMaps) -> torch.Tensor:
        """Describe images from their maps (N, C, H, W): (N, D)."""
        parts = np.array_split(np.arange(len(maps)), ceil(len(maps) / CHUNK))
        return torch.cat([self.describe_maps(maps[part]) for part in parts])

    def held_out_score(self) -> float:
        """Return mAP in percent on the held-out landmarks of the training data."""
        descriptors = self.describe_all(self.val_maps)
        return round(100 * held_out_map(descriptors, self.val_index.landmarks), 2)


def landmarks(folder: Path) -> Benchmark:
    """Return the landmarks that are reported, rendered on first use."""
    write(LANDMARKS, folder, "landmarks")
    content = load_pickle(folder / "gnd_landmarks.pkl")
    return Benchmark(
        name="landmarks",
        images=[folder / "jpg" / f"{name}.jpg" for name in content["imlist"]],
        queries=[folder / "jpg" / f"{name}.jpg" for name in content["qimlist"]],
        boxes=[truth["bbx"] for truth in content["gnd"]],
        ground_truth=content["gnd"],
    )


class Measure:
    """A benchmark whose images have passed the frozen trunk; it scores what stands behind it."""

    def __init__(self, work: Path, net: GlobalNet, benchmark: Benchmark, image_size: int):
        self.benchmark = benchmark
        # the database: no label is needed
        no_labels = np.zeros(len(benchmark.images), int)
        index = TrainingIndex(benchmark.images, no_labels)
        self.database = CachedOnDisk(work, net, index, image_size)
        # the queries, cropped to their boxes, each of its own size
        images = PreparedImages(benchmark.queries, benchmark.boxes, image_size, net.mean, net.std)
        self.queries = []
        with torch.no_grad():
            for _, image in DataLoader(images, batch_size=None):
                maps = net.features.features_before(image[None], STAGE)  # (1, C, H, W)
                self.queries.append(maps.half())

    @torch.no_grad()
    def __call__(self, arm: Arm) -> dict[str, list]:
        """Return the average precision of every query in percent: protocol -> (queries,).

        It is None where a query has no positive.
        """
        queries = torch.cat([arm.describe_maps(maps.float()) for maps in self.queries])  # (Q, D)
        database = arm.describe_all(self.database)  # (N, D)
        report = evaluate(
            self.benchmark.ground_truth, database=database.numpy(), queries=queries.numpy()
        )
        percents = {}
        for protocol, values in report.ap.items():
            percents[protocol] = [
                None if np.isnan(value) else round(100 * float(value), 2) for value in values
            ]
        return percents


def digest(net: GlobalNet) -> str:
    """Return the SHA-256 of a network's tensors, in the order of their names."""
    total = hashlib.sha256()
    for name, tensor in sorted(net.state_dict().items()):
        total.update(name.encode() + tensor.cpu().numpy().tobytes())
    return total.hexdigest()


def weights_of(work: Path, name: str, sos_weight: float, seed: int) -> Path:
    """Return the file of a run's weights."""
    return work / f"{name}-{sos_weight:g}-{seed}.pt"


def run(arm: Arm, name: str, measure: Measure, work: Path) -> dict:
    """Train one arm and measure its last epoch; its weights stay in `work`."""
    config = arm.config
    output = weights_of(work, name, config.sos_weight, config.seed)
    result = train(arm, output, config.epochs, config.seed, progress=False, keep="last")
    last = result["log"][-1]
    record = dict(
        arm=name,
        sos=config.sos_weight,
        seed=config.seed,
        held_out=arm.held_out_score(),
        ap=measure(arm),
        first=round(last["first"], 4),
        second=round(last["second"], 5),
        p=round(arm.net.pool.p.item(), 3),
        seconds=round(result["seconds"]),
        sha256=digest(arm.net),
        date=datetime.date.today().isoformat(),
        config=asdict(config),
    )
    torch.save(arm.net.state_dict(), output)
    state_of(output).unlink()
    return record


def save_results(results: dict, path: Path) -> None:
    """Write the results, one run per line."""
    parts = []
    for key, value in results.items():
        if key not in ("choosing", "runs"):
            parts.append(f' "{key}": {json.dumps(value)}')
    for key in ("choosing", "runs"):
        runs = ",\n".join("  " + json.dumps(record) for record in results[key])
        parts.append(f' "{key}": [\n{runs}\n ]')
    with atomic(path) as temporary:
        temporary.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def best_weight(choosing: list[dict], arm: str) -> float:
    """Return the weight with the best held-out mAP; of equals the smallest."""
    runs = [record for record in choosing if record["arm"] == arm]
    best = max(runs, key=lambda record: (record["held_out"], -record["sos"]))
    return best["sos"]


def start_and_maps(work: Path) -> tuple[GlobalNet, dict[str, CachedMaps]]:
    """Return the start network, and its maps of the training images as arguments of a task."""
    work.mkdir(parents=True, exist_ok=True)
    config = TrainConfig(**COMMON)
    net = load(config.start)
    maps = {}
    for split in ("train", "val"):
        index = load_training(config.data, split)
        maps[f"{split}_maps"] = CachedOnDisk(work, net, index, config.image_size)
    return net, maps


def load_or_begin(path: Path, maps: dict[str, CachedMaps], measure: Measure) -> dict:
    """Read the results so far; at first only the start is measured."""
    if path.is_file():
        return json.loads(path.read_text())
    start = Arm("neither", 0.0, 0, maps)  # nothing has been learnt yet
    measured = dict(held_out=start.held_out_score(), ap=measure(start))
    return dict(landmarks=asdict(LANDMARKS), start=measured, choosing=[], runs=[])


def everything(work: Path, path: Path) -> None:
    """Do all runs that are not yet in the results file, seed by seed; the control comes last."""
    net, maps = start_and_maps(work)
    image_size = TrainConfig(**COMMON).image_size
    measure = Measure(work, net, landmarks(work / "landmarks"), image_size)
    results = load_or_begin(path, maps, measure)

    def do(part: str, name: str, sos_weight: float, seed: int) -> None:
        """Do one run, unless it is there, and add it to a part of the results."""
        done = [(record["arm"], record["sos"], record["seed"]) for record in results[part]]
        if (name, sos_weight, seed) in done:
            return
        record = run(Arm(name, sos_weight, seed, maps), name, measure, work)
        results[part].append(record)
        save_results(results, path)
        hard = np.nanmean(np.array(record["ap"]["hard"], float))
        print(
            f"{part} {name} sos {sos_weight:g} seed {seed}: held-out {record['held_out']}, "
            f"hard {hard:.2f}, loss {record['first']} + {record['second']}, "
            f"{record['seconds']} s",
            flush=True,
        )

    # first the weight of the second-order loss is chosen, for each arm that has one
    with_loss = [name for name, options in ARMS.items() if "sos_weight" in options]
    for name in with_loss:
        for sos_weight in WEIGHTS:
            do("choosing", name, sos_weight, CHOOSING_SEED)
    chosen = {name: best_weight(results["choosing"], name) for name in with_loss}

    # then all arms are run with it
    for names in (["neither", "SOS", "SOA", "both"], ["alone"]):
        for seed in SEEDS:
            for name in names:
                do("runs", name, chosen.get(name, 0.0), seed)


def read_test(work: Path, path: Path) -> None:
    """Score every reported run, and the start, on `mini-revisitop`."""
    net, maps = start_and_maps(work)
    results = json.loads(path.read_text())
    image_size = TrainConfig(**COMMON).image_size
    measure = Measure(work, net, load_benchmark("mini-revisitop"), image_size)
    results["start"]["test"] = measure(Arm("neither", 0.0, 0, maps))
    for record in results["runs"]:
        arm = Arm(record["arm"], record["sos"], record["seed"], maps)
        weights = weights_of(work, record["arm"], record["sos"], record["seed"])
        arm.net.load_state_dict(torch.load(weights, weights_only=True))
        if digest(arm.net) != record["sha256"]:
            raise ValueError(f"{weights}: not the weights of that run")
        record["test"] = measure(arm)
    save_results(results, path)


def main() -> int:
    """Run what is missing, or read the test set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for maps and weights (about 1.5 GB)"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, help="results file (%(default)s)")
    parser.add_argument(
        "--test", action="store_true", help="read the test set with the finished runs"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # the same sums on any number of cores
    if arguments.test:
        read_test(arguments.work, arguments.output)
    else:
        everything(arguments.work, arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
