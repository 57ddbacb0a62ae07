"""Second-order attention: the N x N map against the fused path, time and peak memory.

Both ways do the same work: `SecondOrderAttention.explicit` with ordinary 1 x 1 convolutions, as the
authors' network has them, and `SecondOrderAttention.forward`. The explicit way holds two N x N
maps at its peak, the scaled logits and their softmax; code that also keeps the logits before they
are scaled holds three.

The two ways take turns, and the best run of each counts. Each is fed in the memory layout that
suits it: the explicit one in PyTorch's usual one, the fused one channels last, as `solar.describe`
and `solar train` feed it. Memory is the most that all tensors made meanwhile take at once (on CUDA:
that torch's allocator hands out). The floor is the time that the block's products alone would take
at the speed of one large matrix product on this machine. Run it as `python
benchmarks/attention.py`; with CUDA the GPU is measured too.
"""

import argparse
import copy
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.distributed._tools.mem_tracker import MemTracker

from solar import SecondOrderAttention


@dataclass(frozen=True)
class Case:
    """A block and its input: `side` x `side` positions."""

    channels: int
    reduction: int
    side: int


# SOA4's and SOA5's sizes in the published network
CASES = (Case(1024, 4, 32), Case(1024, 4, 64), Case(2048, 2, 32), Case(2048, 2, 64))


@dataclass(frozen=True)
class Cost:
    """Milliseconds of the best run, and peak memory in MB."""

    ms: float
    mb: float


def with_convolutions(block: SecondOrderAttention) -> SecondOrderAttention:
    """Copy a block with ordinary convolutions in place of its matrix products."""
    # the same weights, in layers that run torch's convolution
    plain = copy.deepcopy(block)
    plain.f[0] = convolution(block.f[0])
    plain.g[0] = convolution(block.g[0])
    plain.h = convolution(block.h)
    plain.v = convolution(block.v)
    return plain


def convolution(layer: nn.Conv2d) -> nn.Conv2d:
    """Make a 1 x 1 convolution with the weights of a `Pointwise` layer."""
    conv = nn.Conv2d(layer.in_channels, layer.out_channels, 1, device=layer.weight.device)
    conv.load_state_dict(layer.state_dict())
    return conv


def step(way: Callable, block: SecondOrderAttention, x: torch.Tensor) -> None:
    """Run `way` forward, and backward if `x` wants a gradient."""
    # gradients are cleared, so that every run does the same
    with torch.set_grad_enabled(x.requires_grad):
        y = way(block, x)
        if x.requires_grad:
            y.backward(y.detach())
            x.grad = None
            block.zero_grad()
    if x.is_cuda:
        torch.cuda.synchronize()


def peak_bytes(run: Callable, block: SecondOrderAttention, x: torch.Tensor) -> int:
    """Return the most memory that `run` holds beyond what was there before: block and input."""
    if x.is_cuda:
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        run()
        return torch.cuda.max_memory_allocated() - before
    # on a CPU, torch's tracker adds up all tensors that are alive
    tracker = MemTracker()
    tracker.track_external(block, x)
    with tracker:
        before = tracker.get_tracker_snapshot("current")
        run()
    peak = tracker.get_tracker_snapshot("peak")
    return peak[x.device]["Total"] - before[x.device]["Total"]


def timed(run: Callable) -> float:
    """Return the milliseconds of a call."""
    start = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - start)


def measure(case: Case, backward: bool, device: str, repeats: int) -> tuple[Cost, Cost]:
    """Return the costs of the explicit and of the fused way."""
    torch.manual_seed(0)
    block = SecondOrderAttention(case.channels, case.reduction).eval().to(device)
    nn.init.normal_(block.v.weight, std=0.01)
    plain = with_convolutions(block)

    # each way with the memory layout that suits it
    x = torch.rand(1, case.channels, case.side, case.side, device=device)
    usual = x.clone().requires_grad_(backward)
    last = x.contiguous(memory_format=torch.channels_last).requires_grad_(backward)
    slow = partial(step, SecondOrderAttention.explicit, plain, usual)
    fast = partial(step, SecondOrderAttention.__call__, block, last)

    # one run of each to warm up, then memory, then time in turns
    slow()
    fast()
    slow_mb = peak_bytes(slow, plain, usual) / 1e6
    fast_mb = peak_bytes(fast, block, last) / 1e6
    slow_ms = []
    fast_ms = []
    for _ in range(repeats):
        slow_ms.append(timed(slow))
        fast_ms.append(timed(fast))
    return Cost(min(slow_ms), slow_mb), Cost(min(fast_ms), fast_mb)


def speed(device: str, side: int = 2048) -> float:
    """Return multiplications and additions per millisecond in a product of two large matrices."""
    a = torch.rand(side, side, device=device)

    def product():
        a @ a
        if device == "cuda":
            torch.cuda.synchronize()

    return 2 * side**3 / min(timed(product) for _ in range(10))


def work(case: Case, backward: bool) -> float:
    """Count multiplications and additions: four convolutions and two products of N x N size.

    Backward takes twice as many again.
    """
    # a product (a, b) @ (b, c) takes a b c multiplications and as many additions
    positions = case.side**2
    reduced = case.channels // case.reduction
    convolutions = 4 * 2 * positions * case.channels * reduced
    products = 2 * 2 * positions**2 * reduced
    return (1 + 2 * backward) * (convolutions + products)


def main() -> None:
    """Print one line per case: both ways, their ratios, and the fused one over the floor."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--repeats",
        type=int,
        default=15,
        help="timed runs of each way; the best counts (%(default)s)",
    )
    repeats = parser.parse_args().repeats
    print(
        f"{torch.get_num_threads()} threads, torch {torch.__version__}; "
        "'saved' and 'faster' are explicit / fused"
    )
    print(
        "device   c'     N  pass                       explicit              fused   "
        "saved  faster  x floor"
    )

    # every device, every case, without and with gradients
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    for device, case, backward in itertools.product(devices, CASES, (False, True)):
        slow, fast = measure(case, backward, device, repeats)
        floor = work(case, backward) / speed(device)  # milliseconds
        name = "forward + backward" if backward else "forward"
        print(
            f"{device:6} {case.channels // case.reduction:4} {case.side**2:5}  {name:18} "
            f"{slow.mb:5.0f} MB {slow.ms:5.0f} ms  {fast.mb:5.0f} MB {fast.ms:5.0f} ms  "
            f"{slow.mb / fast.mb:5.1f}x {slow.ms / fast.ms:5.2f}x {fast.ms / floor:7.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
