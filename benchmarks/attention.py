"""Second-order attention: the textbook's N x N map against the fused path, time and peak memory of
the same work.

The two ways take turns, and the best run of each counts. Each is fed in the memory layout that
suits it: the textbook's in PyTorch's usual one, the fused path channels last, as `solar.describe`
and `solar train` feed it. Memory is the most that all tensors made meanwhile take at once (on CUDA:
that torch's allocator hands out). The floor is the time that the block's products alone would take
at the speed of one large matrix product on this machine. Run it as `python
benchmarks/attention.py`; with CUDA the GPU is measured too.
"""

import argparse
import itertools
import time
from functools import partial

import torch
import torch.nn.functional as F
from torch.distributed._tools.mem_tracker import MemTracker

from solar import SecondOrderAttention

CASES = [
    (1024, 4, 32),
    (1024, 4, 64),
    (2048, 2, 32),
    (2048, 2, 64),
]  # channels, reduction, side: SOA4's and SOA5's
LAYOUTS = torch.contiguous_format, torch.channels_last


def explicit(block: SecondOrderAttention, x: torch.Tensor) -> torch.Tensor:
    """Step by step, as the equation reads and the authors' network computes it."""
    q, k = (
        F.relu(norm(F.conv2d(x, conv.weight, conv.bias))).flatten(2)
        for conv, norm, _ in (block.f, block.g)
    )
    values = F.conv2d(x, block.h.weight, block.h.bias).flatten(2)  # (B, c', N)
    logits = q.transpose(1, 2) @ k  # (B, N, N)
    weights = (block.reduced**-0.5 * logits).softmax(-1)
    out = (
        (weights @ values.transpose(1, 2)).transpose(1, 2).unflatten(2, x.shape[2:])
    )  # (B, c', H, W)
    return x + F.conv2d(out, block.v.weight, block.v.bias)


WAYS = explicit, SecondOrderAttention.__call__


def peak_bytes(step, block, x: torch.Tensor) -> int:
    """The most memory that `step` holds beyond what was there before, the block and its input."""
    if x.is_cuda:
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step()
        return torch.cuda.max_memory_allocated() - before
    tracker = MemTracker()
    tracker.track_external(block, x)
    with tracker:
        before, _ = tracker.get_tracker_snapshot("current"), step()
    return tracker.get_tracker_snapshot("peak")[x.device]["Total"] - before[x.device]["Total"]


def measure(
    channels: int, reduction: int, side: int, backward: bool, device: str, repeats: int
) -> list[dict]:
    """Milliseconds (the best of all repeats) and peak MB of each way."""
    torch.manual_seed(0)
    block = SecondOrderAttention(channels, reduction).eval().to(device)
    torch.nn.init.normal_(block.v.weight, std=0.01)
    x = torch.rand(1, channels, side, side, device=device)
    inputs = [x.contiguous(memory_format=layout).requires_grad_(backward) for layout in LAYOUTS]
    steps = [partial(step, way, block, x) for way, x in zip(WAYS, inputs)]
    for once in steps:
        once()
    peaks = [peak_bytes(once, block, x) / 1e6 for once, x in zip(steps, inputs)]
    times = [[timed(once) for once in steps] for _ in range(repeats)]
    return [dict(ms=min(each), mb=mb) for each, mb in zip(zip(*times), peaks)]


def step(way, block, x: torch.Tensor) -> None:
    """Forward, and backward if `x` wants a gradient."""
    with torch.set_grad_enabled(x.requires_grad):
        y = way(block, x)
        if x.requires_grad:
            y.backward(y.detach())
            x.grad = None
            block.zero_grad()
    if x.is_cuda:
        torch.cuda.synchronize()


def timed(function) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    function()
    return 1000 * (time.perf_counter() - start)


def speed(device: str, side: int = 2048) -> float:
    """Multiplications and additions a millisecond in a product of two large matrices."""
    a = torch.rand(side, side, device=device)

    def product():
        a @ a
        if device == "cuda":
            torch.cuda.synchronize()

    return 2 * side**3 / min(timed(product) for _ in range(10))


def work(channels: int, reduction: int, side: int, backward: bool) -> float:
    """Multiplications and additions of four convolutions and two products; backward takes twice as
    many again.
    """
    n, reduced = side**2, channels // reduction
    return (1 + 2 * backward) * (4 * 2 * n * channels * reduced + 2 * 2 * n**2 * reduced)


def main() -> None:
    """Print one line a case: both ways, their ratio, and how far the fused one is from the floor."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--repeats", type=int, default=15, help="timed runs of each, the best counts (%(default)s)"
    )
    repeats = parser.parse_args().repeats
    print(
        f"{torch.get_num_threads()} threads, torch {torch.__version__}; 'saved' and 'faster' are explicit / fused"
    )
    print(
        "device   c'     N  pass                       explicit              fused   saved  faster  x floor"
    )
    devices = ["cpu"] + ["cuda"] * torch.cuda.is_available()
    for device, case, backward in itertools.product(devices, CASES, (False, True)):
        slow, fast = measure(*case, backward, device, repeats)
        channels, reduction, side = case
        name = "forward + backward" if backward else "forward"
        costs = "  ".join(f"{cost['mb']:5.0f} MB {cost['ms']:5.0f} ms" for cost in (slow, fast))
        ratios = f"{slow['mb'] / fast['mb']:5.1f}x {slow['ms'] / fast['ms']:5.2f}x"
        ratios += f" {fast['ms'] * speed(device) / work(*case, backward):7.2f}"
        print(
            f"{device:6} {channels // reduction:4} {side**2:5}  {name:18} {costs}  {ratios}",
            flush=True,
        )


if __name__ == "__main__":
    main()
