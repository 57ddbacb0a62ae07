"""Bug hunts of chapters 1 and 9: each suspect is what it is said to be, and can be told apart."""

import numpy as np
import pytest
import torch
from test_checks_hunts import answers, of_kind, truth_of

from solar import gem, l2n
from solar.checks.search_hunts import (
    HEAD_HIDDEN,
    HEAD_KINDS,
    SCORER_HIDDEN,
    SCORER_KINDS,
    head_suspects,
    scorers,
)

HEADS = truth_of(HEAD_HIDDEN, HEAD_KINDS)
SCORERS = truth_of(SCORER_HIDDEN, SCORER_KINDS)
EXERCISES = {"which_head": answers(HEADS), "which_scorer": answers(SCORERS)}


@pytest.mark.parametrize(
    "hidden, kinds", [(HEAD_HIDDEN, HEAD_KINDS), (SCORER_HIDDEN, SCORER_KINDS)]
)
def test_each_kind_is_hidden_once(hidden, kinds):
    assert sorted(hidden) == list(range(len(kinds)))


def test_the_experiments_tell_the_heads_apart():
    heads = of_kind(head_suspects(), HEADS)
    x = torch.rand(2, 5, 6, 7, generator=torch.Generator().manual_seed(0))
    right = l2n(gem(x, 3.0))
    assert [kind for kind, head in heads.items() if torch.allclose(head(x), right)] == ["right"]

    # one strong position in one channel, the same sum spread out in the other
    peaked = torch.full((1, 2, 4, 4), 0.5)
    peaked[0, 0] = 0
    peaked[0, 0, 2, 1] = 8
    gaps = {kind: head(peaked)[0, 0] - head(peaked)[0, 1] for kind, head in heads.items()}
    assert [kind for kind, gap in gaps.items() if abs(gap) < 1e-5] == ["mean"]

    # weaker positions doubled; ten times as much; upside down
    weaker = x.clone()
    weaker[:, 0] = torch.where(x[:, 0] < 0.3, 2 * x[:, 0], x[:, 0])
    for kind, changed in (
        ("maximum", weaker),
        ("not normalised", 10 * x),
        ("place counts", x.flip(2)),
    ):
        same = {name for name, head in heads.items() if torch.allclose(head(changed), head(x))}
        assert same == ({kind} if kind == "maximum" else set(heads) - {kind})


def test_the_experiments_tell_the_scorers_apart():
    programs = of_kind(scorers(), SCORERS)
    # similarities, positives, junk; what the protocol gives; who gives something else
    experiments = [
        ([0.9, 0.8, 0.1], [1], [0], 1, {"junk is wrong", "ranks from one"}),
        ([0.9, 0.8, 0.1], [1], [], 0.25, {"rectangles", "ranks from one"}),
        ([0.9, 0.8, 0.1], [0, 1], [], 1, {"ranks from one"}),
        ([0.5, 0.5, 0.1], [1], [], 0.25, {"rectangles", "ranks from one", "ties in its favour"}),
    ]
    for scores, positives, junk, expected, others in experiments:
        got = {kind: run(np.array(scores), positives, junk) for kind, run in programs.items()}
        assert {kind for kind, value in got.items() if abs(value - expected) > 1e-9} == others
