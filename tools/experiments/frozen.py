"""Maps of a frozen trunk, computed once and kept on disk; benchmarks measured behind it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from math import ceil
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from solar.datasets import Benchmark, TrainingIndex, load_benchmark
from solar.files import atomic, home
from solar.nets import GlobalNet
from solar.search.describe import PreparedImages
from solar.search.protocol import evaluate
from solar.training.trunk_maps import HEAD, CachedMaps, run_before, run_from
from solar.world.recipes import DATASETS, VERSION

CHUNK = 64  # images that are described at a time
Describe = Callable[[Tensor], Tensor]  # maps (n, C, H, W) -> descriptors (n, D)


def is_ready(name: str) -> bool:
    """Tell whether a dataset can be read at once: own data, or a mini set that is rendered."""
    if name not in DATASETS:
        return Path(name).exists()
    path = home() / "data" / name / "complete.json"
    if not path.is_file():
        return False
    # an older renderer's pictures would be made anew
    label = json.loads(path.read_text(encoding="utf-8"))
    recipe = json.loads(json.dumps(asdict(DATASETS[name])))
    return label.get("version") == VERSION and label.get("recipe") == recipe


def check_ready(name: str) -> None:
    """Refuse a dataset that would have to be rendered: an experiment never makes or empties one.

    Raises:
        FileNotFoundError: it is not there, or another version of the renderer made it.
    """
    if not is_ready(name):
        raise FileNotFoundError(
            f"{name}: not there, or made by another version of the renderer; `solar data {name}` "
            "renders it"
        )


def open_benchmark(name: str) -> Benchmark:
    """Open a benchmark by its name, if it is there."""
    check_ready(name)
    return load_benchmark(name)


def version_of_files(paths, labels=None) -> str:
    """Return 8 letters that tell these files, by names and sizes, and their labels from others."""
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{Path(path).name} {Path(path).stat().st_size}\n".encode())
    total.update(json.dumps(labels, default=str).encode())
    return total.hexdigest()[:8]


def version_of_benchmark(benchmark: Benchmark) -> str:
    """Return 8 letters that tell a benchmark, its images and its labels, from others."""
    return version_of_files([*benchmark.images, *benchmark.queries], benchmark.ground_truth)


def version_of_trunk(net: GlobalNet) -> str:
    """Return 8 letters that tell a trunk from others: of the checksum of its tensors."""
    tensors = net.features.state_dict()
    return digest({name: tensors[name] for name in tensors if not name.startswith("soa")})[:8]


def digest(tensors: dict[str, Tensor]) -> str:
    """Return the SHA-256 of tensors, in the order of their names."""
    total = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        total.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


class DiskMaps(CachedMaps):
    """Feature maps of images, kept in a folder and read from there as they are needed.

    Args:
        folder: where they are kept.
        net: the network; its stages before `stage` are the trunk.
        stage: name of the first stage that is left out, or 'head'.
        index: the images, all of one size.
        image_size: longer side of the images in pixels.
        name: of the dataset, the first word of the file's name.
    """

    def __init__(
        self,
        folder: Path,
        net: GlobalNet,
        stage: str,
        index: TrainingIndex,
        image_size: int,
        name: str,
    ):
        version = f"{version_of_files(index.images)}-{version_of_trunk(net)}-{image_size}"
        self.path = folder / "maps" / f"{name}-{stage}-{version}.pt"
        if not self.path.is_file():
            super().__init__(net, stage, index, image_size, "cpu")
            with atomic(self.path) as temporary:
                torch.save(self.maps, temporary)
        self.stage = stage
        self.device = torch.device("cpu")
        self.maps = torch.load(self.path, mmap=True, weights_only=True)


class PooledMaps(CachedMaps):
    """What the pooling of a frozen network returns, as maps of a single position.

    Where nothing before the pooling learns, a step can start from them: a generalised mean over one
    position is that position.

    Args:
        net: the network.
        maps: its maps of the images, from which the pooled vectors are made once.
    """

    def __init__(self, net: GlobalNet, maps: DiskMaps):
        path = maps.path.with_suffix(".pooled.pt")
        if not path.is_file():
            pooled = describe_all(lambda some: net.pool(run_from(net, some, maps.stage)), maps)
            with atomic(path) as temporary:
                torch.save(pooled[:, :, None, None], temporary)  # (N, C, 1, 1)
        self.stage = HEAD
        self.device = torch.device("cpu")
        self.maps = torch.load(path, weights_only=True)


@torch.no_grad()
def describe_all(describe: Describe, maps: CachedMaps) -> Tensor:
    """Describe images from their maps (N, C, H, W): (N, D)."""
    parts = np.array_split(np.arange(len(maps)), ceil(len(maps) / CHUNK))
    return torch.cat([describe(maps[part]) for part in parts])


class Measure:
    """A benchmark whose images have passed the frozen trunk; it scores what stands behind it.

    Args:
        folder: where maps are kept.
        net: the network; its stages before `stage` are the trunk.
        stage: name of the first stage that is left out, or 'head'.
        benchmark: images, queries and labels.
        image_size: longer side of the images in pixels.
    """

    def __init__(
        self, folder: Path, net: GlobalNet, stage: str, benchmark: Benchmark, image_size: int
    ):
        self.benchmark = benchmark
        # the database: no label is needed
        no_labels = np.zeros(len(benchmark.images), int)
        index = TrainingIndex(benchmark.images, no_labels)
        self.database = DiskMaps(folder, net, stage, index, image_size, benchmark.name)

        # the queries, cropped to their boxes, each of its own size
        version = f"{version_of_benchmark(benchmark)}-{version_of_trunk(net)}-{image_size}"
        path = folder / "maps" / f"{benchmark.name}-queries-{stage}-{version}.pt"
        if not path.is_file():
            maps = query_maps(net, stage, benchmark, image_size)
            with atomic(path) as temporary:
                torch.save(maps, temporary)
        self.queries = torch.load(path, weights_only=True)

    @torch.no_grad()
    def descriptors(self, describe: Describe) -> tuple[Tensor, Tensor]:
        """Return the descriptors of the queries (Q, D) and of the database (N, D)."""
        queries = torch.cat([describe(maps.float()) for maps in self.queries])
        return queries, describe_all(describe, self.database)

    def __call__(self, describe: Describe) -> dict[str, list]:
        """Return the average precision of every query in percent: protocol -> (queries,).

        It is None where a query has no positive.
        """
        queries, database = self.descriptors(describe)
        return precisions(self.benchmark, queries, database)


def query_maps(net: GlobalNet, stage: str, benchmark: Benchmark, image_size: int) -> list[Tensor]:
    """Return the maps (1, C, H, W) float16 of each query, cropped to its box."""
    images = PreparedImages(benchmark.queries, benchmark.boxes, image_size, net.mean, net.std)
    maps = []
    with torch.no_grad():
        for _, image in DataLoader(images, batch_size=None):
            maps.append(run_before(net.eval(), image[None], stage).half())
    return maps


def precisions(benchmark: Benchmark, queries: Tensor, database: Tensor) -> dict[str, list]:
    """Return the average precision of every query in percent: protocol -> (queries,)."""
    report = evaluate(benchmark.ground_truth, database=database.numpy(), queries=queries.numpy())
    percents = {}
    for protocol, values in report.ap.items():
        percents[protocol] = [
            None if np.isnan(value) else round(100 * float(value), 2) for value in values
        ]
    return percents
