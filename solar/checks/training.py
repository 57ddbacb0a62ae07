"""Checks of the exercises on training.

Book: chapter 7 (training on GL18).
"""

from collections.abc import Callable

import numpy as np

from .basics import hint_of, judge, same


def why_wrong_negatives(function: Callable) -> str | None:
    """Return the first reason why `function` does not pick hard negatives, or None."""
    # six images; the query shows landmark 1; from the most similar on: 1, 3, 4, 5, 0, 2
    scores = np.array([0.5, 0.9, 0.4, 0.8, 0.7, 0.6])
    landmarks = np.array([3, 1, 4, 2, 2, 1])
    answer = np.asarray(function(scores, landmarks, 1, 2))

    if answer.shape != (2,):
        return f"The shape is {answer.shape}; expected (count,), here (2,)."
    if answer.dtype.kind not in "iu":
        return "Expected the numbers of the images, whole numbers: these are none."
    hint = hint_of(
        answer,
        (
            ("These are landmarks; expected the numbers of the images.", [2, 3]),
            ("The most similar image first: these are sorted the other way.", [0, 3]),
            ("These are places in the sorted list; expected the numbers of the images.", [1, 4]),
            ("Two images of one landmark: take at most one of each.", [3, 4]),
        ),
    )
    if hint:
        return hint
    if (landmarks[answer] == 1).any():
        return "An image of the query's own landmark is no negative."
    if set(answer.tolist()) <= {0, 2}:
        return "These are not the hardest: sort by the scores, the most similar first."
    if 4 in answer:
        return "Of each landmark, take the most similar image."
    if not same(answer, [3, 0]):
        return "Walk down from the most similar image, and remember who was taken."

    # another landmark, and three negatives
    if not same(function(scores, landmarks, 2, 3), [1, 0, 2]):
        return "Right for landmark 1 and two negatives: are `own` and `count` used?"
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
    # image 2 is the query, images 0, 4 and 5 show its landmark; many draws show every habit
    landmarks = np.array([7, 3, 7, 8, 7, 7])
    draws = [int(function(landmarks, 2, np.random.default_rng(seed))) for seed in range(3000)]
    again = [int(function(landmarks, 2, np.random.default_rng(seed))) for seed in range(300)]
    drawn = set(draws)

    if drawn - {0, 2, 4, 5}:
        return "The positive must show the query's landmark."
    if 2 in drawn:
        return "The query itself is no positive: its distance is zero, and nothing is learnt."
    if drawn <= {4, 5}:
        return "Only images after the query: this is the flaw of the published preparation script."
    if len(drawn) == 1:
        return "Always the same one: draw with `rng`, so that every epoch sees another."
    if draws[:300] != again:
        return "The same generator gives other images: draw with `rng` and with nothing else."
    if drawn != {0, 4, 5}:
        return "Here the query is image 2, and its positives are 0, 4 and 5."
    # about 1000 of each: fewer than 870 are five standard deviations away
    if min(draws.count(image) for image in drawn) < 870:
        return "Some are drawn more often than others: each is as likely as any."
    turned = landmarks[::-1].copy()
    others = {int(function(turned, 0, np.random.default_rng(seed))) for seed in range(9)}
    if not others <= {1, 3, 5}:
        return "Right for one query only: are `landmarks` and `query` used?"
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
    answer = function(0.5, 0.1, 3, 10)
    right = 5 * sum(np.exp(-0.1 * epoch) for epoch in range(3))

    if np.shape(answer) != ():
        return f"The shape is {np.shape(answer)}; a way is one number: add up."
    hint = hint_of(
        answer,
        (
            ("An epoch has many steps.", right / 10),
            ("The rate shrinks: e^(-fade) after every epoch.", 15),
            ("The first epoch still has the whole rate.", right * np.exp(-0.1)),
            (
                "The rate fades after every epoch, not after every step.",
                0.5 * np.exp(-0.1 * np.arange(30)).sum(),
            ),
            ("The factor is e^(-fade), a little more than 1 - fade.", 5 * (1 + 0.9 + 0.81)),
            ("A sum over epochs, not a mean.", right / 3),
            (
                "Only the last epoch has the last rate: add up epoch by epoch.",
                15 * np.exp(-0.2),
            ),
        ),
    )
    if hint:
        return hint
    if not same(answer, right):
        return "Sum over epochs: steps x rate x e^(-fade x epoch)."
    if not same(function(0.2, 0.0, 4, 5), 4):
        return "Right for one recipe only: rate 0.2 without fading, 4 epochs of 5 steps make 4."
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
