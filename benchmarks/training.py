"""Where a training step's time goes, and what our way saves against the plain way, on the same pictures and tuples.

The plain way decodes and normalises whole pictures before it cuts them, has gradients in conv5_x that no optimiser
uses, builds each attention map, and sorts the whole pool to mine. Medians of processor time.
"""

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from solar import GlobalNet, SecondOrderAttention
from solar.global_training import learners
from solar.images import read_image, square, to_tensor
from solar.losses import second_order_loss, triplet_loss
from solar.mining import hardest_negatives


def median(function, repeats: int) -> float:
    """Milliseconds of processor time of a call, after one that is not counted."""
    function()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(1000 * (time.process_time() - start))
    return float(np.median(times))


def explicit(self, x: torch.Tensor) -> torch.Tensor:
    """The attention block with its N x N map."""
    values = self.h(x).flatten(2).transpose(1, 2)  # (B, N, c')
    return x + self.v((self.maps(x) @ values).transpose(1, 2).unflatten(2, x.shape[2:]))


def sort_and_walk(queries, pool, mine, theirs, count=5) -> list[list[int]]:
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
    return found


def plain_square(path, size: int, net) -> torch.Tensor:
    """Decode all, normalise, cut the middle, resize."""
    image = to_tensor(read_image(path), net.mean, net.std)
    side = min(image.shape[1:])
    top, left = ((n - side) // 2 for n in image.shape[1:])
    part = image[None, :, top : top + side, left : left + side]
    return torch.nn.functional.interpolate(part, (size, size), mode="bicubic", antialias=True)[0]


def loss_of(net: GlobalNet, maps: torch.Tensor) -> torch.Tensor:
    """Both losses of tuples of seven from the last maps (7 B, C, h, w)."""
    d = net.head(maps).unflatten(0, (-1, 7))
    return triplet_loss(d[:, 0], d[:, 1], d[:, 2:]) + 10 * second_order_loss(d[:, 0], d[:, 1], d[:, 2:])


def step(net: GlobalNet, maps: torch.Tensor) -> None:
    """Forward and backward from what SOA4 sees."""
    net.zero_grad()
    loss_of(net, net.features.onwards(maps, "soa4")).backward()


def whole_step(net: GlobalNet, x: torch.Tensor) -> None:
    """The same from the picture."""
    with torch.no_grad():
        maps = net.features.until(x, "soa4")
    step(net, maps)


def parts_of(net: GlobalNet, x: torch.Tensor, repeats: int) -> dict[str, float]:
    """Milliseconds of a step's parts."""
    features = net.features
    with torch.no_grad():
        maps = features.until(x, "soa4")
        before5 = features.soa4(maps)
        last = features.conv5_x(before5)

    def forward(module, *inputs):
        with torch.no_grad():
            return module(*inputs)

    def attention():
        (features.soa4(maps).sum() + features.soa5(last).sum()).backward()

    whole = median(lambda: whole_step(net, x), repeats)
    found = {
        "trunk up to conv4_x": median(lambda: forward(lambda x: features.until(x, "soa4"), x), repeats),
        "SOA4 and SOA5, both ways": median(attention, repeats),
        "conv5_x, forward": median(lambda: forward(features.conv5_x, before5), repeats),
        "head and losses, both ways": median(lambda: loss_of(net, last).backward(), repeats),
    }
    return found | {"back through conv5_x, and the rest": whole - sum(found.values()), "the whole step": whole}


def line(name: str, plain: float, ours: float) -> None:
    """A comparison."""
    print(f"{name:44} plain {plain:9.1f} ms, ours {ours:9.1f} ms, {plain / ours:6.2f}x", flush=True)


def main() -> None:
    """Print the split of a step and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--architecture", default="resnet18", help="mini, resnet18 ... (%(default)s)")
    parser.add_argument("--size", type=int, default=256, help="side of the squares, pixels (%(default)s)")
    parser.add_argument("--tuples", type=int, default=2, help="of seven images, a step (%(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="of which the median counts (%(default)s)")
    options = parser.parse_args()
    torch.manual_seed(0)
    net = GlobalNet(options.architecture).eval()
    x = torch.randn(7 * options.tuples, 3, options.size, options.size)
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, {net}, {tuple(x.shape)}")
    learners(net)
    for name, ms in parts_of(net, x, options.repeats).items():
        print(f"{name:44} {ms:9.1f} ms")

    with torch.no_grad():
        maps = net.features.until(x, "soa4")
    ours, cached = median(lambda: whole_step(net, x), options.repeats), median(lambda: step(net, maps), options.repeats)
    fused = SecondOrderAttention.forward
    SecondOrderAttention.forward = explicit
    net.features.conv5_x.requires_grad_(True)
    plain = median(lambda: whole_step(net, x), options.repeats)
    SecondOrderAttention.forward = fused
    line("a step from the pictures", plain, ours)
    line("a step from cached maps", plain, cached)

    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.jpg"
        smooth = Image.fromarray(rng.integers(0, 255, (150, 200, 3), dtype=np.uint8)).resize((1600, 1200))
        smooth.save(path, quality=90)
        for size in (341, 1024):
            plain = median(partial(plain_square, path, size, net), options.repeats)
            ours = median(partial(square, path, size), options.repeats)
            line(f"an image of 1600 x 1200 to {size} x {size}", plain, ours)

    pool, theirs = torch.randn(20_000, 128), rng.integers(0, 3000, 20_000)
    queries, mine = torch.randn(200, 128), rng.integers(0, 3000, 200)
    inputs = (queries, pool, mine, theirs)
    line("mining, 200 queries, a pool of 20,000", median(lambda: sort_and_walk(*inputs), 3),
         median(lambda: hardest_negatives(*inputs), 3))  # fmt: skip


if __name__ == "__main__":
    main()
