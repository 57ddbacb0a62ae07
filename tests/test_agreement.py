"""Rank agreement: by hand, against SciPy, with ties and rows that do not count."""

import numpy as np
import pytest
import torch

from solar.training import rank_agreement


def rows(n, dim, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, dim))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_by_hand():
    """Similarities 4 3 2 1 against 3 4 1 2: squared differences of ranks 1 + 1 + 1 + 1."""
    database = np.eye(4)
    q = np.array([[4.0, 3, 2, 1]])
    p = np.array([[3.0, 4, 1, 2]])
    assert rank_agreement(q, p, database) == pytest.approx(1 - 6 * 4 / (4 * 15))


def test_ties_share_the_mean_of_their_ranks():
    """Ranks 1.5 1.5 3 against 1 2 3: deviations -.5 -.5 1 and -1 0 1."""
    found = rank_agreement(np.array([[0.0, 0, 9]]), np.array([[0.0, 1, 2]]), np.eye(3))
    assert found == pytest.approx(1.5 / np.sqrt(1.5 * 2))


def test_it_is_spearmans_correlation():
    stats = pytest.importorskip("scipy.stats")
    q = rows(5, 8, 0)
    p = q + 0.5 * rows(5, 8, 1)
    database = rows(60, 8, 2)
    database[10:20] = database[:10]  # ties
    ignore = np.random.default_rng(3).random((5, 60)) < 0.3
    found = rank_agreement(q, p, database, ignore)
    for i in range(5):
        kept = ~ignore[i]
        ours = (q @ database.T)[i, kept]
        theirs = (p @ database.T)[i, kept]
        assert found[i] == pytest.approx(stats.spearmanr(ours, theirs).statistic, abs=1e-12)


def test_rows_that_do_not_count_change_nothing():
    q = rows(2, 4, 0)
    p = rows(2, 4, 1)
    database = rows(9, 4, 2)
    ignore = np.zeros((2, 9), bool)
    ignore[:, 5:] = True
    other = database.copy()
    other[5:] = rows(4, 4, 3)
    expected = rank_agreement(q, p, database[:5])
    assert rank_agreement(q, p, other, ignore) == pytest.approx(expected, abs=1e-12)
    assert rank_agreement(q, q, database) == pytest.approx(1)
    assert rank_agreement(q, -q, database) == pytest.approx(-1)


def test_tensors_are_taken_too():
    q = torch.from_numpy(rows(3, 4, 0))
    p = torch.from_numpy(rows(3, 4, 1))
    database = torch.from_numpy(rows(9, 4, 2))
    ignore = torch.zeros(3, 9, dtype=torch.bool)
    expected = rank_agreement(q.numpy(), p.numpy(), database.numpy())
    assert rank_agreement(q, p, database, ignore) == pytest.approx(expected, abs=1e-12)


def test_a_list_without_order_has_no_agreement():
    q = np.array([[0.0, 0, 0], [1.0, 2, 3]])
    ignore = np.array([[False, False, False], [True, True, False]])
    found = rank_agreement(q, np.array([[1.0, 2, 3]] * 2), np.eye(3), ignore)
    assert np.isnan(found).all()


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"q \(2, 4\), p \(1, 4\)"):
        rank_agreement(np.ones((2, 4)), np.ones((1, 4)), np.ones((3, 4)))
    with pytest.raises(ValueError, match=r"ignore \(3,\): expected .* with 3 columns"):
        rank_agreement(np.ones((2, 4)), np.ones((2, 4)), np.ones((3, 4)), np.zeros(3))
