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


def next_if_itself(landmarks, query, rng):
    siblings = np.flatnonzero(landmarks == landmarks[query])
    place = rng.integers(0, len(siblings))
    if siblings[place] == query:
        place = (place + 1) % len(siblings)
    return siblings[place]


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
            ("Walk down", lambda scores, landmarks, own, count: [3, 3]),
            ("These are landmarks", lambda *a: a[1][negatives(*a)]),
            ("the other way", lambda *a: negatives(*a)[::-1]),
            ("whole numbers", lambda *a: negatives(*a) + 0.0),
            ("`own` and `count`", lambda scores, landmarks, *a: negatives(scores, landmarks, 1, 2)),
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
            ("more often", next_if_itself),
            ("one query only", lambda landmarks, query, rng: rng.choice([0, 4, 5])),
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
            ("add up", lambda rate, fade, epochs, steps: steps * fading(rate, fade, epochs)),
            (
                "not after every step",
                lambda rate, fade, epochs, steps: fading(rate, fade, epochs * steps).sum(),
            ),
            (
                "e^(-fade)",
                lambda rate, fade, epochs, steps: (
                    steps * rate * ((1 - fade) ** np.arange(epochs)).sum()
                ),
            ),
            (
                "not a mean",
                lambda rate, fade, epochs, steps: steps * fading(rate, fade, epochs).mean(),
            ),
            (
                "Only the last epoch",
                lambda rate, fade, epochs, steps: steps * epochs * fading(rate, fade, epochs)[-1],
            ),
            ("one recipe only", lambda *recipe: 10 * fading(0.5, 0.1, 3).sum()),
        ],
    ),
}
