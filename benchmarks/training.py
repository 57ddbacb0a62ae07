"""Where a training step's time goes, and what our way saves against the plain way, on the same
pictures and tuples.

The plain way decodes and normalises whole pictures before it cuts them, keeps batch norms and the
usual memory layout, has gradients in conv5_x that no optimizer uses, builds each attention map, and
sorts the whole pool to mine. Medians.
"""

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from PIL import Image

import solar.training.mining
from solar import GlobalNet, SecondOrderAttention, save
from solar.datasets import build_index
from solar.images import prepare, read_image, square, to_tensor
from solar.training.config import TrainConfig
from solar.training.global_task import GlobalTask
from solar.training.mining import hardest_negatives
from solar.training.trunk_maps import ComputedMaps

LANDMARKS, VIEWS = 24, 4


def median(function, repeats: int) -> float:
    """Milliseconds of a call, after one that is not counted."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times))


def explicit(self, x: torch.Tensor) -> torch.Tensor:
    """The attention block with its N x N map."""
    values = self.h(x).flatten(2).transpose(1, 2)  # (B, N, c')
    return x + self.v((self.maps(x) @ values).transpose(1, 2).unflatten(2, x.shape[2:]))


def sort_and_walk(queries, pool, mine, theirs, count=5) -> np.ndarray:
    """Hard negatives by a full sort of the pool for each query."""
    found = []
    for order, own in zip((queries @ pool.T).argsort(1, descending=True).tolist(), mine):
        taken, row = {own}, []
        for i in order:
            if theirs[i] not in taken:
                taken.add(theirs[i])
                row.append(i)
            if len(row) == count:
                break
        found.append(row)
    return np.array(found)


def plain_square(path, size: int, net) -> torch.Tensor:
    """Decode all, normalise, cut the middle, resize."""
    image = to_tensor(read_image(path), net.mean, net.std)
    side = min(image.shape[1:])
    top, left = ((n - side) // 2 for n in image.shape[1:])
    part = image[None, :, top : top + side, left : left + side]
    return torch.nn.functional.interpolate(part, (size, size), mode="bicubic", antialias=True)[0]


class PlainTrunk(ComputedMaps):
    """Reads and computes everything anew, as it stands in the network."""

    @torch.no_grad()
    def _maps(self, x: torch.Tensor) -> torch.Tensor:
        return self.net.features.features_before(x, "soa4")

    def _load(self, jobs, size: int):
        for numbers, _ in jobs:
            paths = [self.index.images[int(n)] for n in numbers]
            if self.squares:
                yield torch.stack([plain_square(path, size, self.net) for path in paths])
            else:
                yield torch.stack(
                    [
                        to_tensor(prepare(path, None, size), self.net.mean, self.net.std)
                        for path in paths
                    ]
                )


def plain_task(config: TrainConfig) -> GlobalTask:
    """The same task, the plain way."""
    task = GlobalTask(TrainConfig(**vars(config) | dict(image_mode="square")), "cpu", False)
    what = (
        task.net,
        task.stage,
        task.index,
        config.image_size,
        config.mining_size or config.image_size,
        "cpu",
    )
    task.maps = (PlainTrunk(*what, config.image_mode == "square"), None)
    task.net.features.conv5_x.requires_grad_(True)
    return task


def epoch(task: GlobalTask) -> None:
    """Mine, and take all steps."""
    for batch in task.feed(task.batches(0)):
        step(task, batch)


def step(task: GlobalTask, batch: dict) -> None:
    """Forward, backward, Adam."""
    task.optimizer.zero_grad()
    task.losses(batch)["loss"].backward()
    task.optimizer.step()


def write(folder: Path, architecture: str) -> TrainConfig:
    """Photographs of 1600 x 1200 in GL18's layout, a network to start from, and the configuration
    that names both.
    """
    (folder / "jpg").mkdir()
    rng, lines = np.random.default_rng(0), []
    for number in range(LANDMARKS * VIEWS):
        noise = Image.fromarray(rng.integers(0, 255, (150, 200, 3), dtype=np.uint8))
        noise.resize((1600, 1200), Image.Resampling.BICUBIC).save(
            folder / "jpg" / f"{number}.jpg", quality=90
        )
        lines.append(f"{number},,{number // VIEWS}\n")
    (folder / "train.csv").write_text("id,url,landmark_id\n" + "".join(lines))
    boxes = [f"{number},0 0 1 1\n" for number in range(len(lines))]
    for split, rows in ((1, boxes[:-VIEWS]), (2, boxes[-VIEWS:])):  # the last landmark is held out
        (folder / f"boxes_split{split}.csv").write_text("id,box\n" + "".join(rows))
    build_index(folder, progress=False)
    torch.manual_seed(0)
    save(GlobalNet(architecture, soa="").eval(), folder / "start.pth")
    return TrainConfig(
        data=str(folder),
        start=str(folder / "start.pth"),
        first_order="triplet",
        sos_weight=10.0,
        lr=1e-6,
    )


def parts_of(task: GlobalTask, batch: dict, numbers: np.ndarray, repeats: int) -> dict[str, float]:
    """Milliseconds of a step's parts, our way."""
    features, size, maps = task.net.features, task.config.image_size, batch["maps"]
    pixels = torch.stack(
        [torch.from_numpy(square(task.index.images[int(n)], size)) for n in numbers]
    )
    with torch.no_grad():
        before5 = features.soa4(maps)
        last = features.conv5_x(before5)

    def forward(function, x):
        with torch.no_grad():
            function(x)

    def attention():
        (features.soa4(maps).sum() + features.soa5(last).sum()).backward()

    def head():
        with mock.patch.object(task, "describe_maps", task.net.head):
            task.losses(dict(batch, maps=last))["loss"].backward()

    whole = median(lambda: step(task, batch), repeats)
    found = {
        "SOA4 and SOA5, both ways": median(attention, repeats),
        "conv5_x, forward": median(lambda: forward(features.conv5_x, before5), repeats),
        "head and losses, both ways": median(head, repeats),
    }
    found["back through conv5_x, Adam, and the rest"] = whole - sum(found.values())
    data = median(lambda: [square(task.index.images[int(n)], size) for n in numbers], repeats)
    trunk = median(lambda: task.maps[0]._maps(pixels), repeats)
    return (
        {"data: decode, cut, resize": data, "trunk up to conv4_x": trunk}
        | found
        | {"in all": data + trunk + whole}
    )


def line(name: str, plain: float, ours: float) -> None:
    """A comparison."""
    print(f"{name:48} plain {plain:9.1f} ms, ours {ours:9.1f} ms, {plain / ours:6.2f}x", flush=True)


def compare(config: TrainConfig, repeats: int) -> None:
    """The split of a step; a step and an epoch with fresh crops; an epoch from cached maps."""
    plain, ours = plain_task(config), GlobalTask(config, "cpu", False)
    batches = ours.batches(0)
    numbers = batches[0]["rows"].ravel().numpy()
    for name, ms in parts_of(ours, next(ours.feed(batches[:1])), numbers, repeats).items():
        print(f"{name:48} {ms:9.1f} ms")

    def from_pixels(task, pixels):
        step(task, dict(batches[0], maps=task.maps[0]._maps(pixels)))

    pixels = next(ours.maps[0]._load([(numbers, [0, 0])], config.image_size))
    tensor = next(plain.maps[0]._load([(numbers, None)], config.image_size))
    with mock.patch.object(SecondOrderAttention, "forward", explicit):
        slow = median(partial(from_pixels, plain, tensor), repeats)
    line(
        f"a step of {len(numbers)} images, from pixels",
        slow,
        median(partial(from_pixels, ours, pixels), repeats),
    )
    whole = TrainConfig(**vars(config) | dict(image_mode="cached", mining_size=0))
    for name, settings in (("fresh crops", config), ("cached maps (whole pictures)", whole)):
        plain, ours = plain_task(settings), GlobalTask(settings, "cpu", False)
        with (
            mock.patch.object(SecondOrderAttention, "forward", explicit),
            mock.patch.object(solar.training.mining, "hardest_negatives", sort_and_walk),
        ):
            slow = median(partial(epoch, plain), 1)
        line(f"an epoch, {name}", slow, median(partial(epoch, ours), 1))


def main() -> None:
    """Print the split of a step and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--architecture", default="resnet18", help="mini, resnet18 ... (%(default)s)"
    )
    parser.add_argument(
        "--size", type=int, default=256, help="side of the squares, pixels (%(default)s)"
    )
    parser.add_argument(
        "--tuples", type=int, default=2, help="of seven images, a step (%(default)s)"
    )
    parser.add_argument(
        "--repeats", type=int, default=5, help="of which the median counts (%(default)s)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = write(Path(folder), options.architecture)
        sizes = dict(image_mode="square", image_size=options.size, mining_size=options.size // 3)
        sizes |= dict(
            batch_size=options.tuples,
            queries_per_epoch=4 * options.tuples,
            pool_size=LANDMARKS * VIEWS,
        )
        config = TrainConfig(**vars(config) | sizes)
        print(
            f"{torch.get_num_threads()} threads, torch {torch.__version__}, {options.architecture}"
        )
        compare(config, options.repeats)
        path, net = Path(folder) / "jpg" / "0.jpg", GlobalNet("mini")
        for size in (341, 1024):
            plain = median(partial(plain_square, path, size, net), options.repeats)
            ours = median(partial(square, path, size), options.repeats)
            line(f"an image of 1600 x 1200 to {size} x {size}", plain, ours)
    rng = np.random.default_rng(0)
    pool, theirs = torch.randn(20_000, 128), rng.integers(0, 3000, 20_000)
    queries, mine = torch.randn(200, 128), rng.integers(0, 3000, 200)
    inputs = (queries, pool, mine, theirs)
    line(
        "mining, 200 queries, a pool of 20,000",
        median(lambda: sort_and_walk(*inputs), 3),
        median(lambda: hardest_negatives(*inputs), 3),
    )


if __name__ == "__main__":
    main()
