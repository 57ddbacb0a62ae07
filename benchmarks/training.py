"""Where the time of a training step goes, and what our way saves against the plain way.

Both ways see the same images and tuples. The plain way decodes and normalises whole images before
it cuts them, keeps batch norms and the usual memory layout, has gradients in conv5_x that no
optimizer uses, builds each attention map, and sorts the whole pool to mine. Medians are printed.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
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

LANDMARKS = 24
VIEWS = 4  # images per landmark


def median(function: Callable, repeats: int) -> float:
    """Return the milliseconds of a call, after one that is not counted."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times))


# ---- the plain way -------------------------------------------------------------------------------


def sort_and_walk(queries, pool, query_landmarks, pool_landmarks, count=5) -> np.ndarray:
    """Find hard negatives by a full sort of the pool for each query."""
    negatives = []
    orders = (queries @ pool.T).argsort(1, descending=True).tolist()  # (Q, P)
    for order, own in zip(orders, query_landmarks):
        taken = {own}
        row = []
        for i in order:
            if pool_landmarks[i] not in taken:
                taken.add(pool_landmarks[i])
                row.append(i)
            if len(row) == count:
                break
        negatives.append(row)
    return np.array(negatives)


def plain_square(path, size: int, net) -> torch.Tensor:
    """Decode all, normalise, cut the middle, resize: (3, size, size)."""
    image = to_tensor(read_image(path), net.mean, net.std)  # (3, H, W)
    height, width = image.shape[1:]
    side = min(height, width)
    top = (height - side) // 2
    left = (width - side) // 2
    part = image[None, :, top : top + side, left : left + side]
    return torch.nn.functional.interpolate(part, (size, size), mode="bicubic", antialias=True)[0]


class PlainMaps(ComputedMaps):
    """Read and compute everything anew, as it stands in the network."""

    @torch.no_grad()
    def _maps(self, x: torch.Tensor) -> torch.Tensor:
        return self.net.features.features_before(x, "soa4")

    def _read(self, jobs: list[tuple], size: int) -> Iterator[torch.Tensor]:
        for image_ids, _ in jobs:
            paths = [self.index.images[int(i)] for i in image_ids]
            yield torch.stack([self._read_one(path, size) for path in paths])

    def _read_one(self, path, size: int) -> torch.Tensor:
        if self.squares:
            return plain_square(path, size, self.net)
        return to_tensor(prepare(path, None, size), self.net.mean, self.net.std)


def plain_task(config: TrainConfig) -> GlobalTask:
    """Return the same task, the plain way."""
    squares = TrainConfig(**vars(config) | dict(image_mode="square"))
    task = GlobalTask(squares, "cpu", progress=False)
    task.train_maps = PlainMaps(
        task.net,
        task.stage,
        task.train_index,
        size=config.image_size,
        mining_size=config.mining_size or config.image_size,
        device="cpu",
        squares=config.image_mode == "square",
    )
    task.net.features.conv5_x.requires_grad_(True)
    return task


def the_plain_way():
    """Return a context in which each attention map is built."""
    return mock.patch.object(SecondOrderAttention, "forward", SecondOrderAttention.explicit)


# ---- what is measured ----------------------------------------------------------------------------


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
    """Write images of 1600 x 1200 in GL18's layout and a network to start from; name both."""
    # noise, enlarged: as costly to decode as a photograph
    (folder / "jpg").mkdir()
    rng = np.random.default_rng(0)
    lines = []
    for number in range(LANDMARKS * VIEWS):
        noise = Image.fromarray(rng.integers(0, 255, (150, 200, 3), dtype=np.uint8))
        large = noise.resize((1600, 1200), Image.Resampling.BICUBIC)
        large.save(folder / "jpg" / f"{number}.jpg", quality=90)
        lines.append(f"{number},,{number // VIEWS}\n")

    # the tables; the last landmark is held out
    (folder / "train.csv").write_text("id,url,landmark_id\n" + "".join(lines))
    boxes = [f"{number},0 0 1 1\n" for number in range(len(lines))]
    (folder / "boxes_split1.csv").write_text("id,box\n" + "".join(boxes[:-VIEWS]))
    (folder / "boxes_split2.csv").write_text("id,box\n" + "".join(boxes[-VIEWS:]))
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


def parts_of(
    task: GlobalTask, batch: dict, image_ids: np.ndarray, repeats: int
) -> dict[str, float]:
    """Return the milliseconds of the parts of a step, our way."""
    features = task.net.features
    size = task.config.image_size
    maps = batch["maps"]
    paths = [task.train_index.images[int(i)] for i in image_ids]
    pixels = torch.stack([torch.from_numpy(square(path, size)) for path in paths])
    with torch.no_grad():
        before5 = features.soa4(maps)
        last = features.conv5_x(before5)

    def conv5():
        with torch.no_grad():
            features.conv5_x(before5)

    def attention():
        (features.soa4(maps).sum() + features.soa5(last).sum()).backward()

    def head():
        with mock.patch.object(task, "describe_maps", task.net.head):
            task.losses(dict(batch, maps=last))["loss"].backward()

    # what comes before the learning part, each part of that, and what remains
    data = median(lambda: [square(path, size) for path in paths], repeats)
    trunk = median(lambda: task.train_maps._maps(pixels), repeats)
    whole = median(lambda: step(task, batch), repeats)
    parts = {
        "SOA4 and SOA5, both ways": median(attention, repeats),
        "conv5_x, forward": median(conv5, repeats),
        "head and losses, both ways": median(head, repeats),
    }
    rest = whole - sum(parts.values())
    return {
        "data: decode, cut, resize": data,
        "trunk up to conv4_x": trunk,
        **parts,
        "back through conv5_x, Adam, and the rest": rest,
        "in all": data + trunk + whole,
    }


def line(name: str, plain: float, ours: float) -> None:
    """Print a comparison."""
    print(f"{name:48} plain {plain:9.1f} ms, ours {ours:9.1f} ms, {plain / ours:6.2f}x", flush=True)


def compare_steps(config: TrainConfig, repeats: int) -> None:
    """Print the parts of a step, and a step from pixels both ways."""
    plain = plain_task(config)
    ours = GlobalTask(config, "cpu", progress=False)
    batches = ours.batches(0)
    image_ids = batches[0]["image_ids"].ravel().numpy()
    parts = parts_of(ours, next(ours.feed(batches[:1])), image_ids, repeats)
    for name, ms in parts.items():
        print(f"{name:48} {ms:9.1f} ms")

    def from_pixels(task, pixels):
        step(task, dict(batches[0], maps=task.train_maps._maps(pixels)))

    pixels = next(ours.train_maps._read([(image_ids, [0, 0])], config.image_size))
    tensor = next(plain.train_maps._read([(image_ids, None)], config.image_size))
    with the_plain_way():
        slow = median(partial(from_pixels, plain, tensor), repeats)
    quick = median(partial(from_pixels, ours, pixels), repeats)
    line(f"a step of {len(image_ids)} images, from pixels", slow, quick)


def compare_epochs(config: TrainConfig) -> None:
    """Print an epoch with fresh crops and one from cached maps, both ways."""
    cached = TrainConfig(**vars(config) | dict(image_mode="cached", mining_size=0))
    for name, settings in (("fresh crops", config), ("cached maps (whole images)", cached)):
        plain = plain_task(settings)
        ours = GlobalTask(settings, "cpu", progress=False)
        sorting = mock.patch.object(solar.training.mining, "hardest_negatives", sort_and_walk)
        with the_plain_way(), sorting:
            slow = median(partial(epoch, plain), 1)
        line(f"an epoch, {name}", slow, median(partial(epoch, ours), 1))


def compare_images(path: Path, repeats: int) -> None:
    """Print one image cut and resized, both ways."""
    net = GlobalNet("mini")
    for size in (341, 1024):
        slow = median(partial(plain_square, path, size, net), repeats)
        quick = median(partial(square, path, size), repeats)
        line(f"an image of 1600 x 1200 to {size} x {size}", slow, quick)


def compare_mining() -> None:
    """Print the search for hard negatives, both ways."""
    rng = np.random.default_rng(0)
    pool = torch.randn(20_000, 128)
    pool_landmarks = rng.integers(0, 3000, 20_000)
    queries = torch.randn(200, 128)
    query_landmarks = rng.integers(0, 3000, 200)

    def search(function):
        return lambda: function(queries, pool, query_landmarks, pool_landmarks)

    slow = median(search(sort_and_walk), 3)
    quick = median(search(hardest_negatives), 3)
    line("mining, 200 queries, a pool of 20,000", slow, quick)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--architecture", default="resnet18", help="mini, resnet18 ... (%(default)s)")
    add("--size", type=int, default=256, help="side of the squares in pixels (%(default)s)")
    add("--tuples", type=int, default=2, help="tuples of seven images per step (%(default)s)")
    add("--repeats", type=int, default=5, help="calls, whose median is printed (%(default)s)")
    return parser.parse_args()


def main() -> None:
    """Print the parts of a step and the ratios."""
    options = parse()
    threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        config = write(Path(folder), options.architecture)
        sizes = dict(
            image_mode="square",
            image_size=options.size,
            mining_size=options.size // 3,
            batch_size=options.tuples,
            queries_per_epoch=4 * options.tuples,
            pool_size=LANDMARKS * VIEWS,
        )
        config = TrainConfig(**vars(config) | sizes)
        print(f"{threads} threads, torch {torch.__version__}, {options.architecture}")
        compare_steps(config, options.repeats)
        compare_epochs(config)
        compare_images(Path(folder) / "jpg" / "0.jpg", options.repeats)
    compare_mining()


if __name__ == "__main__":
    main()
