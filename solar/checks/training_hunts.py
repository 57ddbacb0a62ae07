"""A bug hunt among trainings: what they do wrong must be found by experiments.

Book: chapter 7 (training on GL18).
"""

from collections.abc import Callable

import numpy as np

from .basics import judge
from .hunts import wrong_names

# what a training of `trainers` may do, with an experiment that gives it away
TRAINER_KINDS = {
    "right": "with a gradient of 1 in every step it moves by the rate per step, and a pause "
    "changes nothing.",
    "never fades": "let the gradient be 1 in every step. Is the way of every epoch the same?",
    "fades at each step": "let the gradient be 1 in every step. How far does the first epoch go?",
    "moments lost": "pause it, with gradients that are not all the same. Does the pause change "
    "the end?",
    "gradients pile up": "let the gradient be 1 in the first step, and -1 in the second. Does the "
    "second step go a little back, or on?",
}
TRAINER_HIDDEN = (3, 0, 4, 2, 1)
RATE = 0.1  # of the first epoch
FADE = 0.1  # the rate falls by e^(-FADE) after each epoch


def _trained(kind: str, gradients: np.ndarray, pause: int | None) -> np.ndarray:
    """Return the weight after each epoch (epochs,) of one training of a kind, with Adam."""
    gradients = np.asarray(gradients, float)  # (epochs, steps)
    weight = 0.0
    rate = RATE
    first = 0.0
    second = 0.0
    step = 0
    gathered = 0.0
    weights = []
    for epoch, of_epoch in enumerate(gradients):
        if kind == "moments lost" and epoch == pause:
            first = 0.0
            second = 0.0
            step = 0
        for gradient in of_epoch:
            gathered = gathered + gradient if kind == "gradients pile up" else gradient
            # one step of Adam, with its two moments and their corrections
            step += 1
            first = 0.9 * first + 0.1 * gathered
            second = 0.999 * second + 0.001 * gathered**2
            scale = np.sqrt(second / (1 - 0.999**step)) + 1e-8
            weight -= rate * first / (1 - 0.9**step) / scale
            if kind == "fades at each step":
                rate *= np.exp(-FADE)
        if kind not in ("never fades", "fades at each step"):
            rate *= np.exp(-FADE)
        weights.append(weight)
    return np.array(weights)


def trainers() -> dict[str, Callable]:
    """Return five trainings of one weight with Adam, four of which err.

    Returns:
        'A' ... 'E' -> a function of gradients (epochs, steps) and, if it is to be stopped and
        continued from its file, `pause`, the number of epochs before that. It returns the weight
        after each epoch, (epochs,). The weight starts at zero, the rate at 0.1, and the rate falls
        by e^(-0.1) after each epoch.

    Example:
        >>> trainers()["B"](np.ones((2, 10))).round(3).tolist()
        [-1.0, -1.905]
    """
    kinds = list(TRAINER_KINDS)

    def trainer(kind: str) -> Callable:
        return lambda gradients, pause=None: _trained(kind, gradients, pause)

    return {letter: trainer(kinds[number]) for letter, number in zip("ABCDE", TRAINER_HIDDEN)}


def why_wrong_which_trainer(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `trainers`, or None."""
    return wrong_names(function(), TRAINER_HIDDEN, TRAINER_KINDS)


def which_trainer(function: Callable) -> None:
    """Check the bug hunt among the `trainers` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `TRAINER_KINDS`.

    Example:
        >>> which_trainer(lambda: {"A": "right"})
        which_trainer: not yet. No word on B, C, D, E.
    """
    judge("which_trainer", why_wrong_which_trainer, function)
