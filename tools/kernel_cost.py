"""What this process has used so far, beside what a fixed piece of work takes here and now.

The build runs this file in the kernel of each notebook, after its last cell (`book_costs.py`).
Processor seconds are counted, not those of the clock: other programs hardly change them.
"""

import json
import os
import sys
import time

import numpy as np

SIZE = 500_000  # numbers of the reference work
TRIES = 15


def processor_seconds() -> float:
    """Return the processor seconds of this process, and of the processes that it started."""
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def peak_memory() -> float | None:
    """Return the most memory that this process has held, in units of 2^20 bytes.

    Windows does not tell: None.
    """
    try:
        import resource
    except ImportError:
        return None
    # the peak is counted in bytes on macOS and in units of 1024 bytes elsewhere
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def reference_seconds() -> float:
    """Return the processor seconds of a fixed piece of work in one thread, the least of some tries.

    It is a sort, a Fourier transform and a loop of plain Python: memory, arithmetic, interpreter.
    """
    numbers = np.random.default_rng(0).random(SIZE)
    least = float("inf")
    for _ in range(TRIES):
        start = time.process_time()
        np.sort(numbers)
        np.fft.rfft(numbers)
        sum(value * value for value in range(SIZE))
        least = min(least, time.process_time() - start)
    return least


def main() -> None:
    """Print the three numbers as JSON; the reference work comes last and so counts for nothing."""
    cost = dict(seconds=processor_seconds(), memory=peak_memory())
    cost["reference"] = reference_seconds()
    print(json.dumps(cost))


if __name__ == "__main__":
    main()
