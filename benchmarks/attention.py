"""Second-order attention: the explicit N x N map against the fused path, time and peak memory, the same work for both.

Every measurement runs in a process of its own, so that one's memory does not hide another's. Run it as
`python benchmarks/attention.py` on Linux, whose kernel counts memory; with CUDA the GPU is measured too.
"""

import argparse
import itertools
import json
import subprocess
import sys
import time

import torch

from solar import SecondOrderAttention

CASES = [(1024, 4, 32), (1024, 4, 64), (2048, 2, 32), (2048, 2, 64)]  # channels, reduction, side: SOA4's and SOA5's


def explicit(block: SecondOrderAttention, x: torch.Tensor) -> torch.Tensor:
    """The textbook way: build A, multiply, add."""
    values = block.h(x).flatten(2).transpose(1, 2)  # (B, N, c')
    out = (block.maps(x) @ values).transpose(1, 2).unflatten(2, x.shape[2:])
    return x + block.v(out)


def peak_bytes(device: str) -> int:
    """The most memory held so far, of the process (CPU) or of torch on the GPU."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def restart_peak(device: str) -> int:
    """Forget the peak; returns what is held now."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # Linux: the peak of resident memory starts anew
    return peak_bytes(device)


def measure(way: str, channels: int, reduction: int, side: int, backward: bool, device: str, repeats: int) -> dict:
    """Milliseconds (median) and peak MB over what was held before."""
    torch.manual_seed(0)
    block = SecondOrderAttention(channels, reduction).eval().to(device)
    torch.nn.init.normal_(block.v.weight, std=0.01)
    x = torch.rand(1, channels, side, side, device=device, requires_grad=backward)
    run = block if way == "fused" else lambda x: explicit(block, x)

    def step():
        with torch.set_grad_enabled(backward):
            y = run(x)
            if backward:
                y.square().mean().backward()
        if device == "cuda":
            torch.cuda.synchronize()

    before = restart_peak(device)
    step()
    peak = peak_bytes(device) - before
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return dict(ms=1000 * sorted(times)[len(times) // 2], mb=peak / 1e6)


def main() -> None:
    """Print one line a case: both ways and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=9, help="timed runs of each, the median counts (%(default)s)")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # the arguments of one measurement, as JSON
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(**json.loads(arguments.one))))
        return
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}; 'saved' and 'faster' are explicit / fused")
    print("device   c'     N  pass                       explicit              fused   saved  faster")
    devices = ["cpu"] + ["cuda"] * torch.cuda.is_available()
    for device, (channels, reduction, side), backward in itertools.product(devices, CASES, (False, True)):
        case = dict(channels=channels, reduction=reduction, side=side, backward=backward, device=device)
        case["repeats"] = arguments.repeats
        slow, fast = (in_a_process(case | dict(way=way)) for way in ("explicit", "fused"))
        name = "forward + backward" if backward else "forward"
        costs = "  ".join(f"{cost['mb']:5.0f} MB {cost['ms']:5.0f} ms" for cost in (slow, fast))
        ratios = f"{slow['mb'] / fast['mb']:5.1f}x {slow['ms'] / fast['ms']:5.2f}x"
        print(f"{device:6} {channels // reduction:4} {side**2:5}  {name:18} {costs}  {ratios}", flush=True)


def in_a_process(case: dict) -> dict:
    """`measure` in a fresh Python."""
    command = [sys.executable, __file__, "--one", json.dumps(case)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
