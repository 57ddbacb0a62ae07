"""Answers to the checks of chapter 2: attention, one of its rows, its entropy."""

import numpy as np
import torch
from checking import Exercise


def attention(q, k, v):
    return torch.nn.functional.scaled_dot_product_attention(q, k, v)


def scaled(q, k, v, scale, axis=-1):
    return (q @ k.transpose(1, 2) * scale).softmax(axis) @ v


def row(soa, x, at):
    return soa.maps(x, torch.tensor([at[0] * x.shape[3] + at[1]]))[0, 0].view(x.shape[2:])


def row_of_all(soa, x, at):
    return soa.maps(x)[0, at[0] * 7 + at[1]].view(5, 7)


def entropy(maps):
    return torch.special.entr(maps).sum(-1) / np.log(maps.shape[-1])


def stub(*arguments):
    raise NotImplementedError("your turn")


def half_row(soa, x, at, order=("f", "g"), factor=0.5, softmax=True, whole=True):
    """A row from its parts, with mistakes."""
    asking, asked = (getattr(soa, name) for name in order)
    if not whole:
        asking, asked = asking[0], asked[0]
    q = asking(x)[0, :, at[0], at[1]]
    k = asked(x)[0].flatten(1)
    logits = q @ k * factor
    return (logits.softmax(0) if softmax else logits).view(x.shape[2:])


def bits(maps):
    return torch.special.entr(maps).sum(-1) / np.log(2)


def over_map(q, k, v):
    """A softmax over the whole map."""
    logits = q @ k.mT / 2
    return logits.flatten(1).softmax(1).view_as(logits) @ v


EXERCISES = {
    "attention": Exercise(
        right=[
            attention,
            lambda q, k, v: scaled(q, k, v, k.shape[-1] ** -0.5).requires_grad_(),
        ],
        start=stub,
        told="your turn",
        wrong=[
            ("The temperature is missing", lambda q, k, v: scaled(q, k, v, 1)),
            ("not by c' itself", lambda q, k, v: scaled(q, k, v, 1 / 4)),
            ("wrong axis", lambda q, k, v: scaled(q, k, v, 1 / 2, -2)),
            ("softmax is missing", lambda q, k, v: q @ k.transpose(1, 2) / 2 @ v),
            ("shape", lambda q, k, v: attention(q, k, v)[0]),
            ("Keys and values", lambda q, k, v: attention(q, v, k)),
            ("Queries and keys", lambda q, k, v: attention(k, q, v)),
            ("not transposed", lambda q, k, v: (q @ k / 2).softmax(-1) @ v),
            ("root of N", lambda q, k, v: scaled(q, k, v, q.shape[1] ** -0.5)),
            ("You multiply", lambda q, k, v: scaled(q, k, v, 2)),
            ("behind the softmax", lambda q, k, v: scaled(q, k, v, 1) / 2),
            ("2 mistakes at once. The first: The softmax", lambda q, k, v: scaled(q, k, v, 1, -2)),
            ("2 mistakes at once. The first: The temp", lambda q, k, v: scaled(k, q, v, 1)),
            ("3 mistakes at once", lambda q, k, v: scaled(k, q, v, 1 / 4, -2)),
            ("It stops with RuntimeError", lambda q, k, v: q @ q @ v),
            ("Compare", lambda q, k, v: attention(q, k, v) * 3),
            ("The input is not added", lambda q, k, v: attention(q, k, v) + v),
            ("c' = 4 only", lambda q, k, v: scaled(q, k, v, 1 / 2)),
            ("stay in torch", lambda q, k, v: attention(q, k, v).numpy()),
            ("transposed", lambda q, k, v: (q @ k.mT / 2).softmax(-1).mT @ v),
            ("wrong axis", over_map),
        ],
    ),
    "rows": Exercise(
        right=[row, half_row],
        start=stub,
        told="your turn",
        wrong=[
            ("column", lambda soa, x, at: soa.maps(x)[0, :, at[0] * 7 + at[1]].view(5, 7)),
            ("r * w + c", lambda soa, x, at: soa.maps(x)[0, at[1] * 5 + at[0]].view(5, 7)),
            ("and w is 7", lambda soa, x, at: soa.maps(x)[0, at[0] * 5 + at[1]].view(5, 7)),
            ("all 35 x 35", row_of_all),
            ("shape", lambda soa, x, at: row(soa, x, at).flatten()),
            ("temperature is missing", lambda *a: half_row(*a, factor=1)),
            ("not by c' itself", lambda *a: half_row(*a, factor=1 / 4)),
            ("root of N", lambda *a: half_row(*a, factor=35**-0.5)),
            ("you have them exchanged", lambda *a: half_row(*a, order=("g", "f"))),
            ("softmax is missing", lambda *a: half_row(*a, softmax=False)),
            ("call soa.f(x) and soa.g(x), whole", lambda *a: half_row(*a, whole=False)),
            ("2 mistakes at once", lambda *a: half_row(*a, order=("g", "f"), factor=1)),
            ("the row is", lambda soa, x, at: row(soa, x, at) * 2),
            ("It stops with", lambda soa, x, at: soa.maps(x)[0][at].view(5, 7)),
            ("is `at` used", lambda soa, x, at: row(soa, x, (3, 1))),
        ],
    ),
    "entropy": Exercise(
        right=[
            entropy,
            lambda maps: -(maps * (maps + 1e-12).log()).sum(-1) / np.log(maps.shape[-1]),
        ],
        start=stub,
        told="your turn",
        wrong=[
            ("nan", lambda maps: -(maps * maps.log()).sum(-1) / np.log(4)),
            ("one number per row", lambda maps: entropy(maps).mean()[None]),
            ("sign", lambda maps: -entropy(maps)),
            ("log N", lambda maps: torch.special.entr(maps).sum(-1)),
            ("bits", bits),
            ("length of a row", lambda maps: torch.special.entr(maps).sum(-1) / np.log(len(maps))),
            ("not by N", lambda maps: torch.special.entr(maps).mean(-1)),
            ("expect", lambda maps: maps.amax(-1)),
            ("last axis", lambda maps: torch.special.entr(maps).sum(1) / np.log(maps.shape[1])),
            ("last axis", lambda maps: torch.special.entr(maps).sum(-1) / np.log(maps.shape[1])),
            ("rows of four only", lambda maps: torch.special.entr(maps).sum(-1) / np.log(4)),
            ("other way round", lambda maps: 1 - entropy(maps)),
        ],
    ),
}
