"""Checks of the chapter on training."""

import numpy as np

from .basics import judge, same


def negatives(function) -> None:
    """Check `function(scores, landmarks, own, count)`: the images (count,) of other landmarks, one
    a landmark.

    scores (P,) says how similar the pool's images are, landmarks (P,) what they show, own is the
    query's landmark.
    """
    scores, landmarks = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4]), np.array([1, 2, 2, 1, 3, 4])
    found = np.asarray(function(scores, landmarks, 1, 2))
    hints = [
        (lambda: found.shape != (2,), f"The shape is {found.shape}; expected (count,), here (2,)."),
        (
            lambda: bool((landmarks[found] == 1).any()),
            "An image of the query's own landmark is no negative.",
        ),
        (lambda: same(found, [1, 2]), "Two images of one landmark: take at most one of each."),
        (
            lambda: set(found.tolist()) <= {4, 5},
            "These are not the hardest: the most similar come first.",
        ),
    ]
    judge(
        "negatives",
        same(found, [1, 4]),
        hints,
        "Walk down from the most similar image, and remember who was taken.",
    )


def positive(function) -> None:
    """Check `function(landmarks, query, rng)`: any other image of the query's landmark, each as
    likely as any.
    """
    landmarks = np.array([5, 3, 5, 8, 5])
    drawn = {int(function(landmarks, 2, np.random.default_rng(seed))) for seed in range(60)}
    hints = [
        (lambda: bool(drawn - {0, 2, 4}), "The positive must show the query's landmark."),
        (
            lambda: 2 in drawn,
            "The query itself is no positive: its distance is zero, and nothing is learnt.",
        ),
        (
            lambda: drawn == {4},
            "Only images after the query: this is the flaw of the published preparation script.",
        ),
        (
            lambda: len(drawn) == 1,
            "Always the same one: draw with `rng`, so that every epoch sees another.",
        ),
    ]
    judge(
        "positive",
        drawn == {0, 4},
        hints,
        "Here the query is image 2, and its positives are 0 and 4.",
    )


def travel(function) -> None:
    """Check `function(rate, fade, epochs, steps)`: how far Adam can move a weight, at most about a
    rate a step.
    """
    found, right = (
        float(function(0.5, 0.1, 3, 10)),
        5 * sum(np.exp(-0.1 * epoch) for epoch in range(3)),
    )
    hints = [
        (lambda: same(found, right / 10), "An epoch has many steps."),
        (lambda: same(found, 15), "The rate shrinks: e^(-fade) after every epoch."),
        (lambda: same(found, right * np.exp(-0.1)), "The first epoch still has the whole rate."),
    ]
    judge("travel", same(found, right), hints, "Sum over epochs: steps x rate x e^(-fade x epoch).")
