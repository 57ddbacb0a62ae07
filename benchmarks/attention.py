"""Second-order attention: the explicit N x N map against the fused path, time and peak memory, the same work for both.

Memory is the most that all tensors made meanwhile take at once (on CUDA: that torch's allocator hands out). The floor
is the time that the block's products alone would take at the speed of one large matrix product on this machine. Run it
as `python benchmarks/attention.py`; with CUDA the GPU is measured too.
"""

import argparse
import itertools
import time

import torch
from torch.distributed._tools.mem_tracker import MemTracker

from solar import SecondOrderAttention

CASES = [(1024, 4, 32), (1024, 4, 64), (2048, 2, 32), (2048, 2, 64)]  # channels, reduction, side: SOA4's and SOA5's


def explicit(block: SecondOrderAttention, x: torch.Tensor) -> torch.Tensor:
    """The textbook way: build A, multiply, add."""
    values = block.h(x).flatten(2).transpose(1, 2)  # (B, N, c')
    return x + block.v((block.maps(x) @ values).transpose(1, 2).unflatten(2, x.shape[2:]))


def peak_bytes(step, weights: int, device: str) -> int:
    """The most memory that `step` holds beyond what was there before, `weights` bytes of parameters among it."""
    if device == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step()
        return torch.cuda.max_memory_allocated() - before
    tracker = MemTracker()
    with tracker:
        step()
    return tracker.get_tracker_snapshot("peak")[torch.device("cpu")]["Total"] - weights


def measure(way, channels: int, reduction: int, side: int, backward: bool, device: str, repeats: int) -> dict:
    """Milliseconds (median) and peak MB of one way, `way(block, x)`."""
    torch.manual_seed(0)
    block = SecondOrderAttention(channels, reduction).eval().to(device)
    torch.nn.init.normal_(block.v.weight, std=0.01)
    x = torch.rand(1, channels, side, side, device=device, requires_grad=backward)

    def step():
        with torch.set_grad_enabled(backward):
            y = way(block, x)
            if backward:
                y.backward(y.detach())
                x.grad = None
                block.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()

    step()
    peak, times = peak_bytes(step, sum(t.nbytes for t in block.state_dict().values()), device), []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return dict(ms=1000 * sorted(times)[len(times) // 2], mb=peak / 1e6)


def speed(device: str, side: int = 2048) -> float:
    """Multiplications and additions a millisecond in a product of two large matrices."""
    a, times = torch.rand(side, side, device=device), []
    for _ in range(10):
        start = time.perf_counter()
        a @ a
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(1000 * (time.perf_counter() - start))
    return 2 * side**3 / min(times)


def work(channels: int, reduction: int, side: int, backward: bool) -> float:
    """Multiplications and additions of four convolutions and two products; backward takes twice as many again."""
    n, reduced = side**2, channels // reduction
    return (1 + 2 * backward) * (4 * 2 * n * channels * reduced + 2 * 2 * n**2 * reduced)


def main() -> None:
    """Print one line a case: both ways, their ratio, and how far the fused one is from the floor."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=9, help="timed runs of each, the median counts (%(default)s)")
    repeats = parser.parse_args().repeats
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}; 'saved' and 'faster' are explicit / fused")
    print("device   c'     N  pass                       explicit              fused   saved  faster  x floor")
    devices = ["cpu"] + ["cuda"] * torch.cuda.is_available()
    ways, fastest = (explicit, SecondOrderAttention.__call__), {device: speed(device) for device in devices}
    for device, case, backward in itertools.product(devices, CASES, (False, True)):
        slow, fast = (measure(way, *case, backward, device, repeats) for way in ways)
        channels, reduction, side = case
        name = "forward + backward" if backward else "forward"
        costs = "  ".join(f"{cost['mb']:5.0f} MB {cost['ms']:5.0f} ms" for cost in (slow, fast))
        ratios = f"{slow['mb'] / fast['mb']:5.1f}x {slow['ms'] / fast['ms']:5.2f}x"
        floor = work(*case, backward) / fastest[device]
        ratios += f" {fast['ms'] / floor:7.2f}"
        print(f"{device:6} {channels // reduction:4} {side**2:5}  {name:18} {costs}  {ratios}", flush=True)


if __name__ == "__main__":
    main()
