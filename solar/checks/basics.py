"""The parts that all checks share: how answers are compared, how a verdict is printed.

A check of an exercise NAME has two functions. `why_wrong_NAME` calls the reader's function and
returns the first reason why its answer is wrong, from the most basic mistake to the rarest, or None
for a right answer. `NAME` prints the verdict, and is what a notebook calls.
"""

import sys
import time
from collections.abc import Callable, Iterable

import numpy as np

NO_ANSWER = "The function returns nothing: does it end with `return`?"
YOUR_TURN = "Your turn: write the function."
CHANGED = "The function changes what it is given: copy it first, or compute without `_` and `*=`."


class _NotYet(Exception):
    """The reader's function gave no answer; the message says why."""


def same(a, b) -> bool:
    """Tell whether two answers are equal to five digits.

    Args:
        a: a number, a list, an array or a tensor of any shape.
        b: the same, of the shape of `a`.

    Returns:
        False also for answers of different shapes, and for those that cannot be compared.

    Example:
        >>> same([1, 2], [1.000001, 2])
        True
        >>> same([1, 2], [1, 2, 3])
        False
    """
    try:
        first = _numbers(a)
        second = _numbers(b)
    except (TypeError, ValueError, RuntimeError):
        return False
    return first.shape == second.shape and bool(np.allclose(first, second, atol=1e-5))


def hint_of(answer, mistakes: Iterable[tuple[str, object]]) -> str | None:
    """Return the hint for the first usual mistake that gives this answer, or None.

    Args:
        answer: what the reader's function gave.
        mistakes: pairs of a hint, and what the mistake gives.

    Example:
        >>> hint_of(9, [("The sign.", -3), ("The root is missing.", 9)])
        'The root is missing.'
    """
    for hint, value in mistakes:
        if same(answer, value):
            return hint
    return None


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
        before = [_kept(argument) for argument in arguments]
        try:
            answer = function(*arguments)
        except NotImplementedError as error:
            raise _NotYet(_first_line(error) or YOUR_TURN) from None
        except Exception as error:
            raise _NotYet(f"It stops with {type(error).__name__}: {_first_line(error)}") from None
        # a function without `return` is a mistake that every exercise knows
        if answer is None:
            raise _NotYet(NO_ANSWER)
        # the numbers that came in are the caller's, and go on being used
        after = [_kept(argument) for argument in arguments]
        if not all(map(_unchanged, before, after)):
            raise _NotYet(CHANGED)
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


def _kept(argument: object) -> np.ndarray | None:
    """Return a copy of an array, a tensor or a list of numbers; None for anything else."""
    if hasattr(argument, "detach"):
        return argument.detach().cpu().numpy().copy()
    if isinstance(argument, np.ndarray):
        return argument.copy()
    if isinstance(argument, list) and all(isinstance(item, (int, float)) for item in argument):
        return np.array(argument)
    return None


def _unchanged(before: np.ndarray | None, after: np.ndarray | None) -> bool:
    """Tell whether an argument is what it was; nan is equal to nan."""
    if before is None or after is None:
        return True
    return np.array_equal(before, after, equal_nan=before.dtype.kind == "f")


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
