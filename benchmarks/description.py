"""Describing photographs: one at a time with the plain network and the explicit attention map,
against `describe`.

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
from pathlib import Path

import numpy as np
import torch
from attention import explicit
from PIL import Image
from torchvision.models.resnet import Bottleneck

import solar
from solar.distributed import pick_device
from solar.images import prepare, to_tensor
from solar.search.describe import describe_batch


class Explicit(torch.nn.Module):
    """The attention block the textbook way."""

    def __init__(self, block: solar.SecondOrderAttention):
        super().__init__()
        self.block = block

    def forward(self, x):
        return explicit(self.block, x)


def network(architecture: str) -> solar.GlobalNet:
    """Random weights, with batch norms and attention that do something.

    Each residual is made small, or maps would grow from block to block: over values of ten thousand
    the softmax picks a single position, and a rounding may pick another.
    """
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


@torch.inference_mode()
def one_at_a_time(net, images, device) -> np.ndarray:
    """As the published code does it, in the network's own precision."""
    rows, dtype = [], next(net.parameters()).dtype
    for path in images:
        x = to_tensor(prepare(path, None, 1024), net.mean, net.std)[None].to(device, dtype)
        rows.append(describe_batch(net, x).cpu().numpy()[0])
    return np.stack(rows)


def main() -> None:
    """A line a network: seconds an image of both ways, their ratio, how far they are apart and from
    float64.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--networks", nargs="+", default=["resnet50", "resnet101"], help="(%(default)s)"
    )
    parser.add_argument("--images", type=int, default=4, help="(%(default)s)")
    parser.add_argument("--batch", type=int, default=4, help="of describe (%(default)s)")
    parser.add_argument("--workers", type=int, default=0, help="of describe (%(default)s)")
    parser.add_argument(
        "--repeats", type=int, default=2, help="runs of each, the best counts (%(default)s)"
    )
    options = parser.parse_args()
    device = pick_device()
    print(
        f"{device}, {torch.get_num_threads()} threads, torch {torch.__version__}; seconds an image"
    )
    print(
        "network     one at a time   describe   faster   in CPU s     apart   off: one at a time   describe"
    )
    with tempfile.TemporaryDirectory() as folder:
        images = [Path(folder) / f"{i}.jpg" for i in range(options.images)]
        for i, path in enumerate(images):
            noise = np.random.default_rng(i).integers(0, 256, (48, 64, 3), np.uint8)
            Image.fromarray(noise).resize((1024, 768), Image.Resampling.BICUBIC).save(path)
        for architecture in options.networks:
            plain = network(architecture).to(device)
            fast = network(architecture)
            for name in ("soa4", "soa5"):
                setattr(plain.features, name, Explicit(getattr(plain.features, name)))
            settings = dict(batch_size=options.batch, workers=options.workers, device=device)
            ways = (
                lambda net=plain: one_at_a_time(net, images, device),
                lambda net=fast, settings=settings: solar.describe(net, images, **settings),
            )
            times, rows = ([], []), [None, None]
            for _ in range(options.repeats):
                for i, way in enumerate(ways):
                    start, busy = time.perf_counter(), time.process_time()
                    rows[i] = way()
                    spent = time.perf_counter() - start, time.process_time() - busy
                    times[i].append([each / len(images) for each in spent])
            (slow, slow_cpu), (quick, quick_cpu) = (
                [min(each) for each in zip(*runs)] for runs in times
            )
            exact = one_at_a_time(plain.double(), images, device)
            apart, *off = (
                np.abs(a - b).max() for a, b in (rows, (rows[0], exact), (rows[1], exact))
            )
            ratios = f"{slow / quick:7.2f}x {slow_cpu / quick_cpu:8.2f}x"
            errors = f"{apart:11.1e} {off[0]:20.1e} {off[1]:10.1e}"
            print(f"{architecture:11} {slow:13.2f} {quick:10.2f} {ratios} {errors}", flush=True)


if __name__ == "__main__":
    main()
