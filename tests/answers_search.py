"""Answers to the checks of chapter 1: pooling, ranking, average precision."""

import numpy as np
import torch
from checking import Exercise

from solar import gem, mac, spoc
from solar.search.protocol import average_precision


def cosine(query, database):
    return database @ query / np.linalg.norm(database, axis=1)


def order(query, database):
    return np.argsort(-cosine(query, database))


def summed(query, database):
    return np.argsort(-(database @ query) / abs(database).sum(1))


def squared(query, database):
    return np.argsort(-(database @ query) / np.square(database).sum(1))


def in_place(query, database):
    database /= np.linalg.norm(database, axis=1, keepdims=True)
    return np.argsort(-(database @ query))


def by_rows(x, p):
    return x.clamp(min=1e-6).pow(p).mean(3).pow(1 / p).mean(2)


def before(ranks):
    return np.mean([1.0 if rank == 0 else i / rank for i, rank in enumerate(ranks)])


def from_one(ranks):
    return average_precision([rank + 1 for rank in ranks])


def rectangles(ranks):
    return np.mean([(i + 1) / (rank + 1) for i, rank in enumerate(ranks)])


EXERCISES = {
    "gem": Exercise(
        right=[gem],
        start=lambda x, p: x.clamp(min=1e-6).pow(p).mean((2, 3)),
        told="The last step is missing: take the p-th root of the mean.",
        wrong=[
            ("root of the mean", lambda x, p: gem(x, p) ** p),
            ("SPoC", lambda x, p: spoc(x)),
            ("MAC", lambda x, p: mac(x)),
            ("sum", lambda x, p: gem(x, p) * (x.shape[2] * x.shape[3]) ** (1 / p)),
            ("nan", lambda x, p: x.pow(p + 0.5).mean((2, 3))),
            ("really used", lambda x, p: gem(x, 3.0)),
            ("shape", lambda x, p: gem(x, p).mean(1)),
            ("Negative numbers", lambda x, p: x.abs().pow(p).mean((2, 3)).pow(1 / p)),
            ("Negative numbers", lambda x, p: x.pow(p).mean((2, 3)).pow(1 / p)),
            ("swapped", lambda x, p: x.clamp(min=1e-6).pow(1 / p).mean((2, 3)).pow(p)),
            ("SPoC", lambda x, p: x.clamp(min=1e-6).mean((2, 3)).pow(p).pow(1 / p)),
            ("not at zero", lambda x, p: x.clamp(min=0).pow(p).mean((2, 3)).pow(1 / p)),
            ("stay in torch", lambda x, p: gem(x, p).detach().numpy()),
            ("step by step", lambda x, p: gem(x, p) + (p == 3)),
            ("copy it first", lambda x, p: x.clamp_(min=1e-6).pow(p).mean((2, 3)).pow(1 / p)),
            ("below a thousandth", lambda x, p: x.clamp(min=1e-2).pow(p).mean((2, 3)).pow(1 / p)),
            ("unit length", lambda x, p: torch.nn.functional.normalize(gem(x, p))),
            ("rows first", by_rows),
        ],
    ),
    "ranking": Exercise(
        right=[lambda q, d: np.argsort(-cosine(q, d))],
        start=lambda q, d: np.argsort(-(d @ q)),
        told="Long vectors win: divide every row by its length before the dot product.",
        wrong=[
            ("Long vectors", lambda q, d: np.argsort(-(d @ q))),
            ("worst", lambda q, d: np.argsort(cosine(q, d))),
            ("Normalise", lambda q, d: np.arange(len(d))),
            ("copy it first", in_place),
            ("Euclidean", lambda q, d: np.argsort(np.linalg.norm(d - q, axis=1))),
            ("no absolute value", lambda q, d: np.argsort(-abs(cosine(q, d)))),
            ("sum of squares", summed),
            ("not by its square", squared),
            ("places of the rows", lambda q, d: np.argsort(order(q, d))),
            ("similarities", cosine),
            ("has a place", lambda q, d: order(q, d)[:1]),
        ],
    ),
    "average_precision": Exercise(
        right=[average_precision],
        start=rectangles,
        told="These are rectangles; the protocol averages the precision just before and just after "
        "a positive.",
        wrong=[
            ("rectangles", rectangles),
            ("number of positives", lambda ranks: average_precision(ranks) * len(ranks)),
            ("lies in 0..1", lambda ranks: 1.7),
            ("perfect list", lambda ranks: average_precision(ranks) if ranks[1] > 1 else 0.5),
            ("expect", lambda ranks: 1.0),
            ("one number", lambda ranks: [average_precision(ranks)]),
            ("just before each", before),
            ("not percent", lambda ranks: 100 * average_precision(ranks)),
            ("count from 0", from_one),
            ("It stops with ZeroDivisionError", lambda ranks: sum(1 / rank for rank in ranks)),
            ("not for four", lambda ranks: average_precision(ranks) if len(ranks) < 4 else 0),
            ("Right so far", lambda ranks: average_precision(ranks) if len(ranks) < 6 else 0),
        ],
    ),
}
