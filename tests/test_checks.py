"""Every check accepts the right answer, and tells each usual mistake by a hint of its own."""

import hashlib
import re

import numpy as np
import pytest
import torch

from solar import checks, mac, spoc
from solar import gem as right_gem
from solar.search.protocol import average_precision as right_ap

WRONG_GEM = {
    "root": lambda x, p: right_gem(x, p) ** p,
    "SPoC": lambda x, p: spoc(x),
    "MAC": lambda x, p: mac(x),
    "sum": lambda x, p: right_gem(x, p) * (x.shape[2] * x.shape[3]) ** (1 / p),
    "nan": lambda x, p: x.pow(p + 0.5).mean((2, 3)),
    "really used": lambda x, p: right_gem(x, 3.0),
    "shape": lambda x, p: right_gem(x, p).mean(1),
}
WRONG_AP = {
    "rectangles": lambda ranks: np.mean([(i + 1) / (r + 1) for i, r in enumerate(ranks)]),
    "number of positives": lambda ranks: right_ap(ranks) * len(ranks),
    "perfect list": lambda ranks: right_ap(ranks) if ranks[1] > 1 else 0.5,
}
WRONG_RANKING = {
    "Long vectors": lambda q, d: np.argsort(-(d @ q)),
    "worst": lambda q, d: np.argsort(d @ q / np.linalg.norm(d, axis=1)),
    "Normalise": lambda q, d: np.arange(len(d)),
}


def right_attention(q, k, v):
    return torch.nn.functional.scaled_dot_product_attention(q, k, v)


def softmaxed(q, k, v, scale, axis=-1):
    return (q @ k.transpose(1, 2) * scale).softmax(axis) @ v


WRONG_ATTENTION = {
    "temperature": lambda q, k, v: softmaxed(q, k, v, 1),
    "not by c' itself": lambda q, k, v: softmaxed(q, k, v, 1 / 4),
    "wrong axis": lambda q, k, v: softmaxed(q, k, v, 1 / 2, -2),
    "softmax is missing": lambda q, k, v: q @ k.transpose(1, 2) / 2 @ v,
    "shape": lambda q, k, v: right_attention(q, k, v)[0],
    "Compare": lambda q, k, v: right_attention(q, v, k),
}


def right_row(soa, x, at):
    return soa.maps(x, torch.tensor([at[0] * x.shape[3] + at[1]]))[0, 0].view(x.shape[2:])


WRONG_ROWS = {
    "column": lambda soa, x, at: soa.maps(x)[0, :, at[0] * 7 + at[1]].view(5, 7),
    "r * w + c": lambda soa, x, at: soa.maps(x)[0, at[1] * 5 + at[0]].view(5, 7),
    "all 35 x 35": lambda soa, x, at: soa.maps(x)[0, at[0] * 7 + at[1]].view(5, 7),
    "shape": lambda soa, x, at: right_row(soa, x, at).flatten(),
    "soa.f": lambda soa, x, at: right_row(soa, x, at) * 2,
}


def right_entropy(maps):
    return torch.special.entr(maps).sum(-1) / np.log(maps.shape[-1])


WRONG_ENTROPY = {
    "nan": lambda maps: -(maps * maps.log()).sum(-1) / np.log(4),
    "one number a row": lambda maps: right_entropy(maps).mean()[None],
    "sign": lambda maps: -right_entropy(maps),
    "log N": lambda maps: torch.special.entr(maps).sum(-1),
    "bits": lambda maps: 2 * right_entropy(maps),
    "expect": lambda maps: maps.amax(-1),
}


@pytest.mark.parametrize(
    "check, answer",
    [
        (checks.attention, right_attention),
        (checks.rows, right_row),
        (checks.entropy, right_entropy),
        (checks.gem, right_gem),
        (checks.average_precision, right_ap),
        (checks.ranking, lambda q, d: np.argsort(-(d @ q) / np.linalg.norm(d, axis=1))),
    ],
)
def test_right_answers_pass(check, answer, capsys):
    assert check(answer) is None  # a value would be shown below the cell
    assert "correct" in capsys.readouterr().out


@pytest.mark.parametrize(
    "check, word, answer",
    [(checks.gem, *pair) for pair in WRONG_GEM.items()]
    + [(checks.average_precision, *pair) for pair in WRONG_AP.items()]
    + [(checks.ranking, *pair) for pair in WRONG_RANKING.items()]
    + [(checks.attention, *pair) for pair in WRONG_ATTENTION.items()]
    + [(checks.rows, *pair) for pair in WRONG_ROWS.items()]
    + [(checks.entropy, *pair) for pair in WRONG_ENTROPY.items()],
)
def test_usual_mistakes_get_their_hint(check, word, answer, capsys):
    check(answer)
    out = capsys.readouterr().out
    assert "not yet" in out and word in out


def test_budget_prints_both_costs(capsys):
    checks.budget()
    assert re.fullmatch(
        r"So far: \d+ s of processor time, \d+\.\d GiB of memory at most\.\n",
        capsys.readouterr().out,
    )


PUBLISHED = {
    "hours": [
        (lambda i, r, d: i / r / d / 3600, "correct"),
        (lambda i, r, d: i / r / d, "seconds"),
        (lambda i, r, d: i / r / 3600, "eight share"),
        (lambda i, r, d: i / r * d / 3600, "by their number"),
        (lambda i, r, d: 0, "Images, divided"),
    ],
    "share": [
        (lambda r, n, i: range(r, i, n), "correct"),
        (lambda r, n, i: range(r * i // n, (r + 1) * i // n), "correct"),
        (lambda r, n, i: range(r * (i // n), (r + 1) * (i // n)), "nobody's share"),
        (lambda r, n, i: range(i), "described twice"),
        (
            lambda r, n, i: range(r * (i // n), i if r == n - 1 else (r + 1) * (i // n)),
            "gets all of the rest",
        ),
        (lambda r, n, i: range(r + 1, i + 1, n), "exactly one share"),
    ],
    "genuine": [
        (lambda c, d: hashlib.sha256(c).hexdigest() == d.lower(), "correct"),
        (lambda c, d: False, "refused"),
        (lambda c, d: True, "One bit"),
        (lambda c, d: hashlib.sha256(c).hexdigest()[:8] == d[:8], "All digits"),
        (lambda c, d: hashlib.sha256(c).hexdigest() == d, "capitals"),
    ],
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published(name, capsys):
    for function, words in PUBLISHED[name]:
        getattr(checks, name)(function)
        assert words in capsys.readouterr().out
