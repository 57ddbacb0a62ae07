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
YOUR_TURN = "Your turn: write the function."


class _NotYet(Exception):
    """The reader's function gave no answer; the message says why."""


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
        return bool(np.allclose(_numbers(a), _numbers(b), atol=1e-5))
    except (TypeError, ValueError, RuntimeError):
        return False


def _numbers(answer) -> np.ndarray:
    """Return an answer as an array of numbers; a tensor may still carry its gradient."""
    if hasattr(answer, "detach"):
        answer = answer.detach()
    return np.asarray(answer, float)


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
        >>> judge("double", why_wrong_double, lambda number: number["three"])
        double: not yet. It stops with TypeError: 'int' object is not subscriptable
    """

    # whatever happens inside the reader's function becomes one line
    def answering(*arguments):
        try:
            answer = function(*arguments)
        except NotImplementedError as error:
            raise _NotYet(_first_line(error) or YOUR_TURN) from None
        except Exception as error:
            raise _NotYet(f"It stops with {type(error).__name__}: {_first_line(error)}") from None
        # a function without `return` is a mistake that every exercise knows
        if answer is None:
            raise _NotYet(NO_ANSWER)
        return answer

    try:
        reason = why_wrong(answering)
    except _NotYet as stop:
        reason = str(stop)
    except Exception as error:  # raised while the check looked at the answer
        reason = f"The answer has another form than expected ({_first_line(error)})."

    if reason is None:
        print(f"{name}: correct.")
    else:
        print(f"{name}: not yet. {reason}")


def _first_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    lines = str(error).splitlines() or [""]
    return lines[0]


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
