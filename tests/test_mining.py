"""Mining against a plain search, and the promises of a tuple."""

import numpy as np
import pytest
import torch

from solar.training.mining import epoch_tuples, hardest_negatives


def naive(queries, pool, mine, theirs, count):
    """Walk down the sorted list; leave out the query's landmark and every landmark that has been
    taken.
    """
    rows = []
    for query, landmark in zip(queries, mine, strict=True):
        scores, taken, row = (pool @ query).tolist(), {landmark}, []
        for i in sorted(range(len(pool)), key=lambda i: (-scores[i], i)):
            if theirs[i] not in taken and len(row) < count:
                row.append(i)
                taken.add(theirs[i])
        rows.append(row)
    return rows


@pytest.mark.parametrize(
    "pool_size, landmarks, chunk", [(130, 20, 50), (131, 9, 7), (60, 6, 1000), (51, 51, 1)]
)
def test_hardest_negatives_are_those_of_the_sorted_list(pool_size, landmarks, chunk):
    rng = np.random.default_rng(pool_size)
    queries, pool = (
        torch.from_numpy(rng.standard_normal((n, 8)).astype(np.float32)) for n in (13, pool_size)
    )
    theirs = (
        np.concatenate([np.arange(landmarks), rng.integers(0, landmarks, pool_size - landmarks)])
        * 7
    )
    mine = rng.integers(0, landmarks + 2, 13) * 7  # some queries' landmarks are not in the pool
    found = hardest_negatives(queries, pool, mine, theirs, 5, chunk)
    assert found.tolist() == naive(queries, pool, mine, theirs, 5)


def test_of_equal_images_the_first_is_taken():
    pool = torch.tensor([[1.0], [3], [3], [2], [2], [9]])
    found = hardest_negatives(
        torch.ones(1, 1), pool, np.array([9]), np.array([4, 4, 4, 5, 5, 9]), 2
    )
    assert found.tolist() == [[1, 3]]


def test_a_pool_of_too_few_landmarks_says_so():
    with pytest.raises(ValueError, match="4 images show 2 landmarks; 5 negatives .* need 6"):
        hardest_negatives(torch.ones(1, 2), torch.ones(4, 2), np.array([0]), np.array([0, 0, 1, 1]))


def test_tuples_keep_their_promises_and_follow_the_seed():
    rng = np.random.default_rng(0)
    landmarks = rng.permutation(np.repeat(np.arange(30), rng.integers(1, 9, 30)))
    vectors = torch.from_numpy(rng.standard_normal((len(landmarks), 8)).astype(np.float32))

    def draw(seed):
        return epoch_tuples(
            landmarks, lambda i: vectors[i], np.random.default_rng(seed), queries=40, pool=100
        )

    rows = draw(1)
    assert (
        rows.shape == (40, 7)
        and np.array_equal(rows, draw(1))
        and not np.array_equal(rows, draw(2))
    )
    for query, positive, *negatives in rows:
        assert positive != query and landmarks[positive] == landmarks[query]
        assert len({landmarks[query], *landmarks[negatives]}) == 6
    assert len(set(rows[:, 0])) == 40


def test_every_image_is_a_query_and_every_other_one_its_positive():
    landmarks = np.array([5, 3, 5, 5, 8, 3])
    vectors = torch.eye(6)
    pairs = set()
    for seed in range(60):
        rows = epoch_tuples(
            landmarks, lambda i: vectors[i], np.random.default_rng(seed), 99, 99, negatives=1
        )
        assert sorted(rows[:, 0]) == [0, 1, 2, 3, 5]  # the single image of landmark 8 cannot be one
        pairs |= {(int(q), int(p)) for q, p, _ in rows}
    assert pairs == {(0, 2), (0, 3), (2, 0), (2, 3), (3, 0), (3, 2), (1, 5), (5, 1)}
