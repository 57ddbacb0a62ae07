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
    assert np.allclose(np.linalg.norm(white(rows), axis=1), 1, atol=1e-5) and white(
        rows, 2
    ).shape == (2000, 2)
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
    """cnnimageretrieval's: a Cholesky factor, then eigenvectors; the same scores, as rotations
    change none.
    """
    rows = stretched(400)
    queries, positives = np.arange(0, 400, 2), np.arange(1, 400, 2)
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
        assert white.projection.shape == (3, 5) and np.isfinite(white(flat)).all()
    for bad in (
        lambda: pca_whitening(np.ones((5, 3))),
        lambda: learnt_whitening(flat, [1], [1, 2]),
        lambda: learnt_whitening(flat, [], []),
        lambda: learnt_whitening(flat, [3], [3]),
    ):
        with pytest.raises(ValueError):
            bad()


@pytest.mark.parametrize("alpha", [0, 3])
def test_expansion_against_a_loop(alpha):
    queries, database = unit(5), unit(60, seed=1)
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
    assert np.allclose(expand_queries(queries, database, 0), queries, atol=1e-6)
    same = np.repeat(
        unit(1), 6, 0
    )  # six equal images: each is left out of its own list, or one of its equals
    assert np.allclose(augment_database(same, 2), same, atol=1e-6)
    for function in (
        lambda: expand_queries(queries, database, -1),
        lambda: augment_database(database, 1, -1),
    ):
        with pytest.raises(ValueError, match="below zero"):
            function()


@pytest.mark.parametrize("size", [1, 7, 100])
def test_top_k_in_chunks_is_a_stable_sort(size, tmp_path):
    rng = np.random.default_rng(0)
    queries, database = (
        rng.integers(-2, 3, (n, 4)).astype(np.float32) for n in (6, 90)
    )  # many ties
    order = np.argsort(-(queries @ database.T), axis=1, kind="stable")
    for k in (0, 1, 5, 90):
        found, scores = top_k(queries, database, k, chunk=size)
        assert np.array_equal(found, order[:, :k])
        assert np.array_equal(scores, np.take_along_axis(queries @ database.T, order[:, :k], 1))
    store, rows = Store.write(tmp_path / "s", unit(90)), unit(90)
    assert np.array_equal(
        top_k(unit(6, seed=2), store, 9, size)[0], top_k(unit(6, seed=2), rows, 9)[0]
    )
