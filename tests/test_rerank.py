"""Re-ranking with global descriptors: a naive rebuilding in loops, and what may not change it."""

import numpy as np
import pytest

from solar.search import refined_descriptors, rerank, top_k


def random_rows(count, length, seed):
    rows = np.random.default_rng(seed).standard_normal((count, length))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def crowded_rows(count, length, seed):
    """Rows that are alike, as the first images of a list are."""
    rows = random_rows(count, length, seed) + 1.5 * random_rows(1, length, seed + 100)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def case():
    database = crowded_rows(40, 12, 0)
    queries = crowded_rows(5, 12, 7)
    lists, _ = top_k(queries, database, 40)
    return queries, database, lists


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def naive_average(own, rows, neighbours, beta):
    """The weighted mean of rows[own] and its nearest others, number by number."""
    others = [i for i in range(len(rows)) if i != own]
    others.sort(key=lambda i: -dot(rows[own], rows[i]))
    weights = {own: 1.0}
    for i in others[:neighbours]:
        weights[i] = beta * max(dot(rows[own], rows[i]), 0.0)
    total = sum(weights.values())
    length = len(rows[own])
    return [sum(w * rows[i][d] for i, w in weights.items()) / total for d in range(length)]


def naive(query, database, line, top, neighbours, beta):
    """One list in its new order, by loops over Python's own lists."""
    first = list(line[:top])
    rows = [database[i].tolist() for i in first]
    averages = [naive_average(own, rows, neighbours, beta) for own in range(len(rows))]
    one = [dot(average, query) for average in averages]
    best = sorted(range(len(first)), key=lambda i: -one[i])[: neighbours + 1]
    largest = [max(averages[i][d] for i in best) for d in range(len(query))]
    both = [(one[i] + dot(averages[i], largest)) / 2 for i in range(len(first))]
    order = sorted(range(len(first)), key=lambda i: -both[i])
    return [first[i] for i in order] + list(line[top:])


@pytest.mark.parametrize("top", [1, 7, 40, 400])
@pytest.mark.parametrize("neighbours, beta", [(0, 0.5), (1, 1.0), (3, 0.5), (9, 0.15), (60, 0.3)])
def test_equals_the_naive_loops(case, top, neighbours, beta):
    queries, database, lists = case
    expected = [
        naive(query.tolist(), database, line, top, neighbours, beta)
        for query, line in zip(queries, lists)
    ]
    assert rerank(queries, database, lists, top, neighbours, beta).tolist() == expected


def test_every_list_keeps_its_images_and_its_tail(case):
    queries, database, lists = case
    again = rerank(queries, database, lists, top=15, neighbours=3, beta=0.5)
    assert (np.sort(again, 1) == np.sort(lists, 1)).all()
    assert (again[:, 15:] == lists[:, 15:]).all()
    assert (again[:, :15] != lists[:, :15]).any()


def test_the_arguments_stay_as_they_are(case):
    copies = [each.copy() for each in case]
    rerank(*case)
    assert all((each == copy).all() for each, copy in zip(case, copies))


def test_a_query_does_not_depend_on_the_others(case):
    queries, database, lists = case
    together = rerank(queries, database, lists, top=20)
    alone = [rerank(queries[[q]], database, lists[[q]], top=20)[0] for q in range(len(queries))]
    assert (together == alone).all()


def test_the_order_of_the_first_images_does_not_matter(case):
    queries, database, lists = case
    shuffled = lists.copy()
    np.random.default_rng(3).shuffle(shuffled[:, :20], axis=1)
    assert (rerank(queries, database, shuffled, 20) == rerank(queries, database, lists, 20)).all()


def test_names_of_images_do_not_matter(case):
    # the same database in another order
    queries, database, lists = case
    order = np.random.default_rng(4).permutation(len(database))
    place = np.argsort(order)  # old index -> new index
    renamed = rerank(queries, database[order], place[lists], top=20)
    assert (renamed == place[rerank(queries, database, lists, top=20)]).all()


def test_images_behind_the_first_ones_do_not_matter(case):
    queries, database, lists = case
    other = database.copy()
    far = np.setdiff1d(np.arange(40), lists[0, :10])
    other[far] = random_rows(len(far), 12, 9)
    expected = rerank(queries[:1], database, lists[:1], top=10)
    assert (rerank(queries[:1], other, lists[:1], top=10) == expected).all()


def test_without_weight_and_with_one_image_the_query_decides(case):
    """With beta = 0 nothing is averaged; the first score is then the plain one."""
    queries, database, lists = case
    assert (refined_descriptors(database, 9, beta=0) == database).all()
    assert (rerank(queries, database, lists, top=1) == lists).all()
    assert (rerank(queries, database, lists, top=0) == lists).all()


def test_equal_scores_keep_their_order():
    database = np.repeat(random_rows(1, 6, 0), 5, 0)
    lists = np.array([[3, 1, 4, 0, 2]])
    assert (rerank(random_rows(1, 6, 1), database, lists, neighbours=2) == lists).all()


def test_a_true_image_that_others_vouch_for_comes_up():
    """Image 2 is unlike the query, but like image 0, which is like it; image 1 is like nothing."""
    angle = np.deg2rad([0, 20, 60, -50])
    rows = np.stack([np.cos(angle), np.sin(angle)], 1)
    query = rows[:1]
    database = rows[1:]  # at 20, 60 and -50 degrees
    lists, _ = top_k(query, database, 3)
    assert lists.tolist() == [[0, 2, 1]]
    assert rerank(query, database, lists, neighbours=1, beta=1.0).tolist() == [[0, 1, 2]]


def test_averages_are_weighted_means():
    rows = crowded_rows(9, 5, 2)
    expected = [naive_average(own, rows.tolist(), 4, 0.3) for own in range(9)]
    np.testing.assert_allclose(refined_descriptors(rows, 4, 0.3), expected, atol=1e-12)
    assert (np.linalg.norm(refined_descriptors(rows), axis=1) <= 1 + 1e-12).all()


def test_opposite_images_have_no_weight():
    rows = np.array([[1.0, 0.0], [-1.0, 0.0]])
    assert (refined_descriptors(rows, 1, beta=1.0) == rows).all()


def test_single_precision_stays(case):
    assert refined_descriptors(crowded_rows(5, 4, 0).astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(lists=[0, 1]), "expected (Q, k)"),
        (dict(lists=[[0], [1]]), "for 1 queries"),
        (dict(queries=np.ones((1, 3))), "rows of one length"),
        (dict(top=-1), "none below zero"),
        (dict(neighbours=-1), "none below zero"),
        (dict(beta=-0.1), "none below zero"),
        (dict(lists=[[0, -1]]), "name images -1 to 0"),
        (dict(lists=[[0, 4]]), "the database has 0 to 3"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    arguments = dict(queries=np.ones((1, 2)), database=np.ones((4, 2)), lists=[[0, 1]])
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace(")", r"\)")):
        rerank(**arguments | change)


@pytest.mark.parametrize("shape", [(0, 4), (3, 0)])
def test_no_queries_or_empty_lists(shape):
    lists = np.zeros(shape, int)
    queries = random_rows(shape[0], 6, 0) if shape[0] else np.zeros((0, 6))
    assert rerank(queries, random_rows(5, 6, 1), lists).shape == shape
