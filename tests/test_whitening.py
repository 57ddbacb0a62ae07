"""Whitening, query expansion and database augmentation, each against a naive second way."""

import numpy as np
import pytest

from solar import similarity, top_k
from solar.search.expansion import augment_database, expand_queries
from solar.search.store import Store
from solar.search.whitening import learnt_whitening, pca_whitening


def unit(n, d=8, seed=0):
    rows = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def stretched(n=2000, d=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) + 3


def test_pca_gives_every_direction_the_same_variance():
    rows = stretched()
    white = pca_whitening(rows)
    projected = (rows - white.mean) @ white.projection.T
    assert np.allclose(projected.T @ projected / len(rows), np.eye(6), atol=1e-9)
    assert np.allclose(np.linalg.norm(white(rows), axis=1), 1, atol=1e-5)
    assert white(rows, 2).shape == (2000, 2)
    variance = 1 / (white.projection**2).sum(1)
    assert (np.diff(variance) < 0).all()  # largest spread first


def test_learnt_whitening_evens_out_the_pairs():
    rows = stretched()
    rng = np.random.default_rng(1)
    twins = rows + rng.standard_normal(rows.shape) * [3, 1, 0.1, 0.1, 0.5, 2]
    everything = np.concatenate([rows, twins])
    white = learnt_whitening(everything, np.arange(2000), np.arange(2000) + 2000)
    projected = (everything - white.mean) @ white.projection.T
    difference = projected[:2000] - projected[2000:]
    assert np.allclose(difference.T @ difference / 2000, np.eye(6), atol=1e-9)
    spread = projected.T @ projected
    assert np.allclose(spread, np.diag(np.diag(spread)), atol=1e-6 * spread.max())
    assert (np.diff(np.diag(spread)) < 0).all()


def test_learnt_whitening_is_the_published_recipe():
    """That of cnnimageretrieval: a Cholesky factor, then eigenvectors.

    The scores are the same, for a rotation changes none.
    """
    rows = stretched(400)
    queries = np.arange(0, 400, 2)
    positives = np.arange(1, 400, 2)
    mean = rows[queries].mean(0)
    difference = rows[queries] - rows[positives]
    first = np.linalg.inv(np.linalg.cholesky(difference.T @ difference / len(queries)))
    spread = (rows - mean) @ first.T
    values, vectors = np.linalg.eigh(spread.T @ spread)
    theirs = spread @ vectors[:, np.argsort(-values)]
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    ours = learnt_whitening(rows, queries, positives)(rows)
    assert np.abs(similarity(ours, ours) - similarity(theirs, theirs)).max() < 1e-5
    assert np.abs(np.abs(ours) - np.abs(theirs)).max() < 1e-4


def test_directions_without_spread_are_left_out():
    flat = np.concatenate([stretched(300, 3), np.zeros((300, 2))], 1)
    for white in (
        pca_whitening(flat),
        learnt_whitening(flat, np.arange(150), np.arange(150) + 150),
    ):
        assert white.projection.shape == (3, 5)
        assert np.isfinite(white(flat)).all()


def test_rows_or_pairs_that_teach_nothing_are_refused():
    rows = stretched(300)
    with pytest.raises(ValueError, match="all rows are the same"):
        pca_whitening(np.ones((5, 3)))
    with pytest.raises(ValueError, match="1 queries and 2 positives"):
        learnt_whitening(rows, [1], [1, 2])
    with pytest.raises(ValueError, match="0 queries and 0 positives"):
        learnt_whitening(rows, [], [])
    with pytest.raises(ValueError, match="all rows are the same"):
        learnt_whitening(rows, [3], [3])


def test_a_row_that_whitens_to_zero_stays_zero():
    """The mean of all rows has no direction: zeros, never nan."""
    rows = stretched(300)
    for white in (pca_whitening(rows), learnt_whitening(rows, np.arange(150), np.arange(150, 300))):
        whitened = white(np.stack([white.mean, rows[0]]))
        assert (whitened[0] == 0).all()
        assert np.linalg.norm(whitened[1]) == pytest.approx(1, abs=1e-5)


def test_zero_rows_stay_zero_in_expansion():
    """An image that could not be read has a zero row: it attracts nothing and becomes no nan."""
    queries = unit(3)
    queries[1] = 0
    database = unit(20, seed=1)
    database[7] = 0
    expanded = expand_queries(queries, database, 4)
    assert (expanded[1] == 0).all()
    assert np.allclose(np.linalg.norm(expanded[[0, 2]], axis=1), 1, atol=1e-5)
    augmented = augment_database(database, 3)
    assert (augmented[7] == 0).all()
    assert np.isfinite(augmented).all()


@pytest.mark.parametrize("alpha", [0, 3])
def test_expansion_against_a_loop(alpha):
    queries = unit(5)
    database = unit(60, seed=1)
    for q, row in enumerate(expand_queries(queries, database, 4, alpha)):
        order = sorted(range(60), key=lambda i: -float(queries[q] @ database[i]))[:4]
        total = queries[q] + sum(
            max(float(queries[q] @ database[i]), 0) ** alpha * database[i] for i in order
        )
        assert np.allclose(row, total / np.linalg.norm(total), atol=1e-5)
    for i, row in enumerate(augment_database(database, 3, alpha, chunk=17)):
        order = sorted(set(range(60)) - {i}, key=lambda j: -float(database[i] @ database[j]))[:3]
        total = database[i] + sum(
            max(float(database[i] @ database[j]), 0) ** alpha * database[j] for j in order
        )
        assert np.allclose(row, total / np.linalg.norm(total), atol=1e-5)


def test_expansion_by_nothing_changes_nothing():
    queries = unit(5)
    database = unit(60, seed=1)
    assert np.allclose(expand_queries(queries, database, 0), queries, atol=1e-6)
    # six equal images: each is left out of its own list, or one of its equals
    same = np.repeat(unit(1), 6, 0)
    assert np.allclose(augment_database(same, 2), same, atol=1e-6)


def test_negative_numbers_for_expansion_are_refused():
    rows = unit(5)
    with pytest.raises(ValueError, match=r"count=-1.*below zero"):
        expand_queries(rows, rows, -1)
    with pytest.raises(ValueError, match=r"alpha=-1.*below zero"):
        augment_database(rows, 1, -1)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_top_k_in_chunks_is_a_stable_sort(size, tmp_path):
    rng = np.random.default_rng(0)
    # small whole numbers: many ties
    queries = rng.integers(-2, 3, (6, 4)).astype(np.float32)
    database = rng.integers(-2, 3, (90, 4)).astype(np.float32)
    order = np.argsort(-(queries @ database.T), axis=1, kind="stable")
    for k in (0, 1, 5, 90):
        ranking, scores = top_k(queries, database, k, chunk=size)
        assert np.array_equal(ranking, order[:, :k])
        assert np.array_equal(scores, np.take_along_axis(queries @ database.T, order[:, :k], 1))
    rows = unit(90)
    store = Store.write(tmp_path / "s", rows)
    from_store, _ = top_k(unit(6, seed=2), store, 9, size)
    from_memory, _ = top_k(unit(6, seed=2), rows, 9)
    assert np.array_equal(from_store, from_memory)


def test_top_k_without_queries_or_images():
    assert top_k(np.zeros((0, 8), np.float32), unit(5), 3)[0].shape == (0, 3)
    assert top_k(unit(2), np.zeros((0, 8), np.float32), 3)[0].shape == (2, 0)
