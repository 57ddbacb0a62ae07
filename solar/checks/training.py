"""Checks of the exercises on training.

Book: chapter 7 (training on GL18).
"""

from collections.abc import Callable

import numpy as np

from .basics import judge, same


def why_wrong_negatives(function: Callable) -> str | None:
    """Return the first reason why `function` does not pick hard negatives, or None."""
    # six images, the most similar first; the query shows landmark 1
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    landmarks = np.array([1, 2, 2, 1, 3, 4])
    answer = np.asarray(function(scores, landmarks, 1, 2))

    if answer.shape != (2,):
        return f"The shape is {answer.shape}; expected (count,), here (2,)."
    if (landmarks[answer] == 1).any():
        return "An image of the query's own landmark is no negative."
    if same(answer, [1, 2]):
        return "Two images of one landmark: take at most one of each."
    if set(answer.tolist()) <= {4, 5}:
        return "These are not the hardest: the most similar come first."
    if not same(answer, [1, 4]):
        return "Walk down from the most similar image, and remember who was taken."
    return None


def negatives(function: Callable) -> None:
    """Check the exercise on hard negatives and print a verdict.

    Args:
        function: `function(scores, landmarks, own, count)` gives the numbers (count,) of the images
            that are most similar to the query, at most one per landmark and none of landmark
            `own`. `scores` (P,) are the similarities of the pool's images, `landmarks` (P,) what
            they show, `own` is the query's landmark.

    Example:
        >>> negatives(lambda scores, landmarks, own, count: np.argsort(-scores)[:count])
        negatives: not yet. An image of the query's own landmark is no negative.
    """
    judge("negatives", why_wrong_negatives, function)


def why_wrong_positive(function: Callable) -> str | None:
    """Return the first reason why `function` does not draw a positive, or None."""
    # image 2 is the query, images 0 and 4 show its landmark; sixty draws show every habit
    landmarks = np.array([5, 3, 5, 8, 5])
    drawn = {int(function(landmarks, 2, np.random.default_rng(seed))) for seed in range(60)}

    if drawn - {0, 2, 4}:
        return "The positive must show the query's landmark."
    if 2 in drawn:
        return "The query itself is no positive: its distance is zero, and nothing is learnt."
    if drawn == {4}:
        return "Only images after the query: this is the flaw of the published preparation script."
    if len(drawn) == 1:
        return "Always the same one: draw with `rng`, so that every epoch sees another."
    if drawn != {0, 4}:
        return "Here the query is image 2, and its positives are 0 and 4."
    return None


def positive(function: Callable) -> None:
    """Check the exercise on positives and print a verdict.

    Args:
        function: `function(landmarks, query, rng)` draws the number of another image of the query's
            landmark, each with the same probability. `landmarks` (N,) are what the images show,
            `query` is the number of an image, `rng` a NumPy generator.

    Example:
        >>> positive(lambda landmarks, query, rng: query)
        positive: not yet. The query itself is no positive: its distance is zero, and nothing is \
learnt.
    """
    judge("positive", why_wrong_positive, function)


def why_wrong_travel(function: Callable) -> str | None:
    """Return the first reason why `function` is not Adam's longest way, or None."""
    answer = float(function(0.5, 0.1, 3, 10))
    right = 5 * sum(np.exp(-0.1 * epoch) for epoch in range(3))

    if same(answer, right / 10):
        return "An epoch has many steps."
    if same(answer, 15):
        return "The rate shrinks: e^(-fade) after every epoch."
    if same(answer, right * np.exp(-0.1)):
        return "The first epoch still has the whole rate."
    if not same(answer, right):
        return "Sum over epochs: steps x rate x e^(-fade x epoch)."
    return None


def travel(function: Callable) -> None:
    """Check the exercise on Adam's reach and print a verdict.

    Args:
        function: `function(rate, fade, epochs, steps)` gives how far Adam can move a weight, if
            each step moves it by at most the learning rate: `rate` in the first epoch, and less by
            the factor e^(-fade) in each later one, with `steps` steps per epoch.

    Example:
        >>> travel(lambda rate, fade, epochs, steps: rate * epochs * steps)
        travel: not yet. The rate shrinks: e^(-fade) after every epoch.
    """
    judge("travel", why_wrong_travel, function)
