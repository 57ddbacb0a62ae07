"""The parts that all checks share: how answers are compared, how a verdict is printed.

A check of an exercise NAME has two functions. `why_wrong_NAME` calls the reader's function and
returns the first reason why its answer is wrong, from the most basic mistake to the rarest, or None
for a right answer. `NAME` prints the verdict, and is what a notebook calls.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

NO_ANSWER = "The function returns nothing: does it end with `return`?"


class _NoAnswer(Exception):
    """The reader's function returned None."""


def same(a, b) -> bool:
    """Tell whether two answers are equal to five digits.

    Args:
        a: a number, a list, an array or a tensor of any shape.
        b: the same, of a shape that broadcasts to that of `a`.

    Returns:
        False also for answers that cannot be compared.

    Example:
        >>> same([1, 2], [1.000001, 2])
        True
        >>> same([1, 2], [1, 2, 3])
        False
    """
    try:
        return bool(np.allclose(np.asarray(a, float), np.asarray(b, float), atol=1e-5))
    except (TypeError, ValueError):
        return False


def judge(name: str, why_wrong: Callable[[Callable], str | None], function: Callable) -> None:
    """Print the verdict on the reader's answer to one exercise.

    Args:
        name: the exercise.
        why_wrong: the function that returns the first reason why an answer is wrong, or None.
        function: the reader's answer.

    Example:
        >>> def why_wrong_double(function):
        ...     return None if function(3) == 6 else "Multiply by two."
        >>> judge("double", why_wrong_double, lambda number: 2 * number)
        double: correct.
        >>> judge("double", why_wrong_double, lambda number: number)
        double: not yet. Multiply by two.
    """

    # a function without `return` is a mistake that every exercise knows
    def answering(*arguments):
        answer = function(*arguments)
        if answer is None:
            raise _NoAnswer
        return answer

    try:
        reason = why_wrong(answering)
    except _NoAnswer:
        reason = NO_ANSWER

    if reason is None:
        print(f"{name}: correct.")
    else:
        print(f"{name}: not yet. {reason}")


def budget() -> None:
    """Print the cost of the notebook so far: processor seconds and peak memory."""
    try:
        import resource  # not on Windows
    except ImportError:
        memory = "unknown"
    else:
        # the peak is counted in bytes on macOS and in units of 1024 bytes elsewhere
        unit = 1 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        memory = f"{peak / 2**30:.1f} GiB"
    print(f"So far: {time.process_time():.0f} s of processor time, {memory} of memory at most.")
