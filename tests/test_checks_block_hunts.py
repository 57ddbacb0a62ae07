"""Bug hunt of chapter 4: each block is what it is said to be, and can be told apart."""

import torch
from test_checks_hunts import answers, of_kind, truth_of

from solar.checks.block_hunts import BLOCK_HIDDEN, BLOCK_KINDS, block_suspects

BLOCKS = truth_of(BLOCK_HIDDEN, BLOCK_KINDS)
EXERCISES = {"which_block": answers(BLOCKS)}


def test_each_kind_is_hidden_once():
    assert sorted(BLOCK_HIDDEN) == list(range(len(BLOCK_KINDS)))


def test_the_experiments_tell_the_blocks_apart():
    x = torch.rand(1, 8, 6, 7, generator=torch.Generator().manual_seed(0))
    changed = x.clone()
    changed[:, :, 0, 0] += 1
    found = {}
    for kind, block in of_kind(block_suspects(), BLOCKS).items():
        moved = (block(changed) - block(x))[0].flatten(1)[:, 1:]  # (8, N - 1): the other positions
        found[kind] = (
            bool(moved.abs().max() > 1e-5),  # do others change,
            bool(moved.std(1).max() > 1e-5),  # each in its own way,
            bool(moved[:, -1].abs().max() > 1e-5),  # the farthest too;
            torch.equal(block(x), x),  # is the output the input
        )
    assert found == {
        "soa": (True, True, True, False),
        "identity": (False, False, False, False),
        "even": (True, False, True, False),
        "none": (False, False, False, True),
        "neighbours": (True, True, False, False),
    }


def test_the_weights_of_the_blocks_leave_the_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    block_suspects()
    assert torch.equal(torch.rand(2), expected)
