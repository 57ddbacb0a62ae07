"""Describing images: one at a time with the plain network and attention, against `describe`.

    python benchmarks/description.py --networks resnet50 resnet101 --images 4

Random weights, images of noise, 1024 x 768, the paper's three scales; the same decoding for both.
With CUDA the GPU is measured. `describe` folds batch norms, keeps channels last, fuses the
attention, batches equal sizes and, on a CPU, adds residuals in place. The ratio is of the best of
each way's runs, which alternate; that of CPU seconds hardly changes when the machine is busy.
"Apart" is the largest difference between the two ways' descriptors; "off" is how far each is from
the same network in float64, so how much of it is the plain way's own rounding.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.models.resnet import Bottleneck

import solar
from solar.distributed import pick_device
from solar.images import prepare, to_tensor
from solar.search.describe import describe_batch

SIZE = (1024, 768)  # of an image, in pixels


class Explicit(torch.nn.Module):
    """The attention block as its equation reads, with the N x N maps."""

    def __init__(self, block: solar.SecondOrderAttention):
        super().__init__()
        self.block = block

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.block.explicit(x)


def network(architecture: str) -> solar.GlobalNet:
    """Make a network of random weights, with batch norms and attention that do something.

    Each residual is made small, or maps would grow from block to block: over values of ten thousand
    the softmax picks a single position, and a rounding may pick another.
    """
    # the weights of one architecture are the same at every call
    torch.manual_seed(0)
    net = solar.GlobalNet(architecture, soa="45").eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.8, 1.2)
        if isinstance(module, Bottleneck):
            torch.nn.init.constant_(module.bn3.weight, 0.4)
        if isinstance(module, solar.SecondOrderAttention):
            torch.nn.init.normal_(module.v.weight, std=0.01)
    return net


def plain_network(architecture: str) -> solar.GlobalNet:
    """Make the same network, with explicit attention."""
    net = network(architecture)
    for name in ("soa4", "soa5"):
        setattr(net.features, name, Explicit(getattr(net.features, name)))
    return net


@torch.inference_mode()
def one_at_a_time(net: solar.GlobalNet, images: list[Path]) -> np.ndarray:
    """Describe as the published code does, in the network's own precision."""
    weight = next(net.parameters())
    # no batches, batch norms as they are, the N x N maps of the attention
    descriptors = []
    for path in images:
        x = to_tensor(prepare(path, None, 1024), net.mean, net.std)  # (3, H, W)
        x = x[None].to(weight.device, weight.dtype)
        descriptors.append(describe_batch(net, x).cpu().numpy()[0])
    return np.stack(descriptors)


@dataclass
class Runs:
    """Seconds per image of each run, and the descriptors of the last."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    descriptors: np.ndarray | None = None

    def add(self, way: Callable[[], np.ndarray], images: int) -> None:
        """Run once more."""
        start = time.perf_counter()
        cpu_start = time.process_time()
        self.descriptors = way()
        self.wall.append((time.perf_counter() - start) / images)
        self.cpu.append((time.process_time() - cpu_start) / images)


def measure(architecture: str, images: list[Path], options: argparse.Namespace) -> str:
    """Return a line of the table for a network."""
    # the same weights twice, on the fastest device there is
    device = pick_device()
    plain_net = plain_network(architecture).to(device)
    fast_net = network(architecture).to(device)
    settings = solar.search.DescribeOptions(batch_size=options.batch, workers=options.workers)

    # 1. the two ways take turns
    plain = Runs()
    fast = Runs()
    for _ in range(options.repeats):
        plain.add(lambda: one_at_a_time(plain_net, images), len(images))
        fast.add(lambda: solar.describe(fast_net, images, options=settings), len(images))

    # 2. how far they are apart, and each from float64
    exact = one_at_a_time(plain_net.double(), images)
    apart = np.abs(plain.descriptors - fast.descriptors).max()
    plain_off = np.abs(plain.descriptors - exact).max()
    fast_off = np.abs(fast.descriptors - exact).max()

    # 3. the best run of each counts
    slow = min(plain.wall)
    quick = min(fast.wall)
    ratios = f"{slow / quick:7.2f}x {min(plain.cpu) / min(fast.cpu):8.2f}x"
    errors = f"{apart:11.1e} {plain_off:20.1e} {fast_off:10.1e}"
    return f"{architecture:11} {slow:13.2f} {quick:10.2f} {ratios} {errors}"


def make_images(folder: Path, count: int) -> list[Path]:
    """Write images of smooth noise."""
    images = []
    for i in range(count):
        # coarse noise made large, so that neighbouring pixels are alike, as in a photograph
        noise = np.random.default_rng(i).integers(0, 256, (48, 64, 3), np.uint8)
        images.append(folder / f"{i}.jpg")
        Image.fromarray(noise).resize(SIZE, Image.Resampling.BICUBIC).save(images[-1])
    return images


def main() -> None:
    """Print one line per network."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--networks", nargs="+", default=["resnet50", "resnet101"], help="trunks (%(default)s)"
    )
    parser.add_argument("--images", type=int, default=4, help="number of images (%(default)s)")
    parser.add_argument(
        "--batch", type=int, default=4, help="images per batch of describe (%(default)s)"
    )
    parser.add_argument(
        "--workers", type=int, default=0, help="processes that decode for describe (%(default)s)"
    )
    parser.add_argument(
        "--repeats", type=int, default=2, help="runs of each way, the best counts (%(default)s)"
    )
    options = parser.parse_args()
    print(
        f"{pick_device()}, {torch.get_num_threads()} threads, torch {torch.__version__}; "
        "seconds per image"
    )
    print(
        "network     one at a time   describe   faster   in CPU s     apart"
        "   off: one at a time   describe"
    )
    with tempfile.TemporaryDirectory() as folder:
        images = make_images(Path(folder), options.images)
        for architecture in options.networks:
            print(measure(architecture, images, options), flush=True)


if __name__ == "__main__":
    main()
