"""Answers to the checks of chapter 7: hard negatives, positives, Adam's reach."""

import numpy as np
from checking import Exercise


def stub(*arguments):
    raise NotImplementedError("your turn")


def negatives(scores, landmarks, own, count):
    chosen = []
    taken = {own}
    for image in np.argsort(-scores):
        if landmarks[image] not in taken and len(chosen) < count:
            chosen.append(image)
            taken.add(landmarks[image])
    return np.array(chosen)


def never_sorts(scores, landmarks, own, count):
    return negatives(-np.arange(len(scores)), landmarks, own, count)


def places(scores, landmarks, own, count):
    order = np.argsort(-scores).tolist()
    return [order.index(image) for image in negatives(scores, landmarks, own, count)]


def of_any_other_landmark(scores, landmarks, own, count):
    return [image for image in np.argsort(-scores) if landmarks[image] != own][:count]


def others(landmarks, query):
    return np.setdiff1d(np.flatnonzero(landmarks == landmarks[query]), query)


def fading(rate, fade, epochs):
    """The learning rate of every epoch."""
    return rate * np.exp(-fade * np.arange(epochs))


EXERCISES = {
    "negatives": Exercise(
        right=[negatives],
        start=stub,
        told="your turn",
        wrong=[
            ("own landmark", lambda scores, landmarks, own, count: np.argsort(-scores)[:count]),
            ("sort by the scores", never_sorts),
            ("places in the sorted list", places),
            ("most similar image", lambda scores, landmarks, own, count: [4, 0]),
            ("one of each", of_any_other_landmark),
            ("not the hardest", lambda scores, landmarks, own, count: [2, 0]),
            ("shape is (1,)", lambda scores, landmarks, own, count: [1]),
            ("Walk down", lambda scores, landmarks, own, count: [0, 3]),
        ],
    ),
    "positive": Exercise(
        right=[lambda landmarks, query, rng: rng.choice(others(landmarks, query))],
        start=stub,
        told="your turn",
        wrong=[
            (
                "query itself",
                lambda landmarks, query, rng: rng.choice(
                    np.flatnonzero(landmarks == landmarks[query])
                ),
            ),
            ("after the query", lambda landmarks, query, rng: others(landmarks, query)[-1]),
            ("Always the same", lambda landmarks, query, rng: others(landmarks, query)[0]),
            ("must show", lambda landmarks, query, rng: 1),
            (
                "with nothing else",
                lambda landmarks, query, rng: np.random.default_rng().choice(
                    others(landmarks, query)
                ),
            ),
            (
                "more often",
                lambda landmarks, query, rng: rng.choice(
                    others(landmarks, query), p=[0.1, 0.1, 0.8]
                ),
            ),
            ("its positives are", lambda landmarks, query, rng: rng.choice([0, 4])),
        ],
    ),
    "travel": Exercise(
        right=[lambda rate, fade, epochs, steps: steps * fading(rate, fade, epochs).sum()],
        start=stub,
        told="your turn",
        wrong=[
            ("many steps", lambda rate, fade, epochs, steps: fading(rate, fade, epochs).sum()),
            ("shrinks", lambda rate, fade, epochs, steps: steps * rate * epochs),
            (
                "whole rate",
                lambda rate, fade, epochs, steps: (
                    steps * (fading(rate, fade, epochs) * np.exp(-fade)).sum()
                ),
            ),
            ("Sum over epochs", lambda rate, fade, epochs, steps: 0),
        ],
    ),
}
