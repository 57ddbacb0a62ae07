"""What every check shares: the verdict with its hint, and what a notebook has cost so far."""

import sys
import time
from collections.abc import Callable

import numpy as np


def same(a, b) -> bool:
    """Equal to five digits; False for what cannot be compared."""
    try:
        return bool(np.allclose(np.asarray(a, float), np.asarray(b, float), atol=1e-5))
    except (TypeError, ValueError):
        return False


def judge(
    name: str, right: bool, hints: list[tuple[Callable[[], bool], str]], otherwise: str
) -> None:
    """Print the verdict on exercise `name`: the first hint that applies, `otherwise` if it is wrong
    in no known way.

    Args:
        hints: (does it apply?, words) of each usual mistake, the most basic first.
    """
    hint = next((words for applies, words in hints if applies()), "" if right else otherwise)
    print(f"{name}: " + (f"not yet. {hint}" if hint else "correct."))


def budget() -> None:
    """Print what the notebook has cost so far: processor seconds, and the most memory it has held."""
    try:
        import resource  # not on Windows
    except ImportError:
        memory = "unknown"
    else:
        unit = 1 if sys.platform == "darwin" else 1024
        memory = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30:.1f} GiB"
    print(f"So far: {time.process_time():.0f} s of processor time, {memory} of memory at most.")
