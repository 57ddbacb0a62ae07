"""Draw at random from a seeded generator."""

from typing import TypeVar

import numpy as np

T = TypeVar("T")


def pick(rng: np.random.Generator, *choices: T) -> T:
    """Return one of `choices`, all equally likely."""
    return choices[rng.integers(len(choices))]


def maybe(rng: np.random.Generator, share: float) -> bool:
    """Return True with probability `share`."""
    return rng.random() < share
