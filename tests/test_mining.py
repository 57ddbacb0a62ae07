"""Mining: against a plain search, and what a tuple and a row of siblings promise."""

import numpy as np
import pytest
import torch

from solar.training.mining import epoch_siblings, epoch_tuples, hardest_negatives


def walk_down(query, pool, own_landmark, landmarks, count):
    """Walk down the sorted list; leave out the query's landmark, and landmarks taken before."""
    scores = (pool @ query).tolist()
    taken = {own_landmark}
    negatives = []
    for i in sorted(range(len(pool)), key=lambda i: (-scores[i], i)):
        if landmarks[i] not in taken and len(negatives) < count:
            negatives.append(i)
            taken.add(landmarks[i])
    return negatives


@pytest.mark.parametrize(
    ("pool_size", "landmarks", "chunk"), [(130, 20, 50), (131, 9, 7), (60, 6, 1000), (51, 51, 1)]
)
def test_hardest_negatives_are_those_of_the_sorted_list(pool_size, landmarks, chunk):
    rng = np.random.default_rng(pool_size)
    queries = torch.from_numpy(rng.standard_normal((13, 8)).astype(np.float32))
    pool = torch.from_numpy(rng.standard_normal((pool_size, 8)).astype(np.float32))
    # every landmark is in the pool, but some queries show one that is not
    more = rng.integers(0, landmarks, pool_size - landmarks)
    pool_landmarks = np.concatenate([np.arange(landmarks), more]) * 7
    query_landmarks = rng.integers(0, landmarks + 2, 13) * 7

    found = hardest_negatives(queries, pool, query_landmarks, pool_landmarks, 5, chunk)
    for row, query, own in zip(found.tolist(), queries, query_landmarks, strict=True):
        assert row == walk_down(query, pool, own, pool_landmarks, 5)


def test_of_equal_images_the_first_is_taken():
    pool = torch.tensor([[1.0], [3], [3], [2], [2], [9]])
    landmarks = np.array([4, 4, 4, 5, 5, 9])
    found = hardest_negatives(torch.ones(1, 1), pool, np.array([9]), landmarks, 2)
    assert found.tolist() == [[1, 3]]


def test_a_pool_of_too_few_landmarks_says_so():
    with pytest.raises(ValueError, match=r"4 images show 2 landmarks; 5 negatives .* need 6"):
        hardest_negatives(torch.ones(1, 2), torch.ones(4, 2), np.array([0]), np.array([0, 0, 1, 1]))


@pytest.fixture
def world():
    """Thirty landmarks with one to eight images in any order, and descriptors of all images."""
    rng = np.random.default_rng(0)
    landmarks = rng.permutation(np.repeat(np.arange(30), rng.integers(1, 9, 30)))
    vectors = torch.from_numpy(rng.standard_normal((len(landmarks), 8)).astype(np.float32))
    return landmarks, vectors


def draw(world, seed):
    landmarks, vectors = world
    rng = np.random.default_rng(seed)
    return epoch_tuples(landmarks, lambda ids: vectors[ids], rng, queries=40, pool=100)


def test_tuples_keep_their_promises(world):
    landmarks, _ = world
    tuples = draw(world, 1)
    assert tuples.shape == (40, 7)
    assert len(set(tuples[:, 0])) == 40  # no query twice
    for query, positive, *negatives in tuples:
        assert positive != query
        assert landmarks[positive] == landmarks[query]
        assert len({landmarks[query], *landmarks[negatives]}) == 6


def test_tuples_follow_the_seed(world):
    assert np.array_equal(draw(world, 1), draw(world, 1))
    assert not np.array_equal(draw(world, 1), draw(world, 2))


def test_every_image_is_a_query_and_every_other_one_its_positive():
    landmarks = np.array([5, 3, 5, 5, 8, 3])
    descriptors = torch.eye(6)
    pairs = set()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        tuples = epoch_tuples(landmarks, lambda ids: descriptors[ids], rng, 99, 99, negatives=1)
        # the single image of landmark 8 cannot be a query
        assert sorted(tuples[:, 0]) == [0, 1, 2, 3, 5]
        pairs |= {(int(query), int(positive)) for query, positive, _ in tuples}
    assert pairs == {(0, 2), (0, 3), (2, 0), (2, 3), (3, 0), (3, 2), (1, 5), (5, 1)}


def test_given_pairs_are_queries_and_positives():
    landmarks = np.array([5, 5, 5, 8, 8])
    pairs = np.array([[0, 2], [4, 3]])
    descriptors = torch.eye(5)
    rng = np.random.default_rng(0)
    tuples = epoch_tuples(
        landmarks, lambda ids: descriptors[ids], rng, queries=9, negatives=1, pairs=pairs
    )
    assert sorted(tuples[:, :2].tolist()) == [[0, 2], [4, 3]]


def test_siblings_show_one_landmark_and_steps_different_ones():
    landmarks = np.array([1, 1, 1, 2, 2, 3, 4, 4, 4, 4])
    rows = epoch_siblings(landmarks, np.random.default_rng(0), steps=20, batch=2, siblings=2)
    assert rows.shape == (40, 2)
    assert (landmarks[rows[:, 0]] == landmarks[rows[:, 1]]).all()
    assert (rows[:, 0] != rows[:, 1]).all()
    in_step = landmarks[rows[:, 0]].reshape(20, 2)
    assert (in_step[:, 0] != in_step[:, 1]).all()
    assert set(in_step.ravel()) == {1, 2, 4}  # landmark 3 has a single image


def test_too_few_landmarks_for_siblings_are_counted():
    with pytest.raises(ValueError, match="1 landmarks have 2 photographs or more; a batch needs 2"):
        epoch_siblings(np.array([1, 1, 2]), np.random.default_rng(0), 1, batch=2, siblings=2)
