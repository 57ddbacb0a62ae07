"""Measures of matches against loops and against pairs made by hand."""

import numpy as np
import pytest

from solar.images.warping import project
from solar.local.accuracy import (
    Counts,
    Expected,
    corner_error,
    count_right,
    error_auc,
    under_homography,
)
from solar.local.metrics import pose_auc

HOMOGRAPHY = np.array([[1.1, 0.1, -20], [-0.05, 0.9, 4], [4e-4, -2e-4, 1]])


@pytest.fixture(scope="module")
def pair():
    """Keypoints of two images of 100 x 80 pixels, and matches, many of them wrong."""
    rng = np.random.default_rng(3)
    a = rng.uniform((0, 0), (100, 80), (60, 2))
    copies = project(HOMOGRAPHY, a[:40]) + rng.normal(0, 2, (40, 2))
    b = np.concatenate([copies, rng.uniform((0, 0), (100, 80), (15, 2))])
    b = b[(b >= 0).all(1) & (b < (100, 80)).all(1)]
    matches = np.stack([rng.permutation(60)[:50], rng.integers(0, len(b), 50)], 1)
    # half of the matches are the nearest keypoints, which are mostly right
    for match in matches[:25]:
        place = project(HOMOGRAPHY, a[match[0]][None])[0]
        match[1] = np.linalg.norm(b - place, axis=1).argmin()
    return a, b, matches


def test_counts_by_loops(pair):
    a, b, matches = pair
    forth = under_homography(a, HOMOGRAPHY, (100, 80))
    back = under_homography(b, np.linalg.inv(HOMOGRAPHY), (100, 80))
    counts = count_right(a, b, matches, forth, back, threshold=3.0)

    def there(point, matrix):
        x, y, z = matrix @ np.array([*point, 1])
        place = np.array([x / z, y / z])
        return place if 0 <= place[0] + 0.5 < 100 and 0 <= place[1] + 0.5 < 80 else None

    seen_a = [there(point, HOMOGRAPHY) for point in a]
    seen_b = [there(point, np.linalg.inv(HOMOGRAPHY)) for point in b]
    counted = 0
    right = 0
    for i, j in matches:
        if seen_a[i] is not None:
            counted += 1
            right += np.linalg.norm(seen_a[i] - b[j]) <= 3
    possible = 0
    for place in seen_a:
        if place is not None:
            possible += any(np.linalg.norm(place - point) <= 3 for point in b)
    covisible = min(sum(p is not None for p in seen_a), sum(p is not None for p in seen_b))
    assert counts == Counts(counted, right, covisible, possible)
    # the pair is a test: some matches are set aside, some are wrong, some possible ones missing
    assert counted < len(matches) and 0 < right < counted and right < possible < covisible


def test_keypoints_that_the_other_image_does_not_show_count_for_nothing():
    a = np.array([[10.0, 10], [20, 20], [30, 30]])
    all_seen = Expected(a, np.ones(3, bool))
    matches = np.array([[0, 0], [1, 1], [2, 0]])
    assert count_right(a, a, matches, all_seen, all_seen) == Counts(3, 2, 3, 3)
    hidden = Expected(a, np.array([True, True, False]))
    assert count_right(a, a, matches, hidden, all_seen) == Counts(2, 2, 2, 2)
    assert count_right(a, a, matches, hidden, all_seen).precision == 1


def test_the_image_with_fewer_keypoints_limits_the_score():
    a = np.array([[10.0, 10], [20, 20], [30, 30], [40, 40]])
    b = a[:1]
    forth = Expected(a, np.ones(4, bool))
    back = Expected(b, np.ones(1, bool))
    counts = count_right(a, b, np.array([[0, 0]]), forth, back)
    assert counts.matching_score == counts.recall == counts.precision == 1


def test_nothing_scores_zero():
    none = np.zeros((0, 2))
    there = Expected(none, np.zeros(0, bool))
    counts = count_right(none, none, np.zeros((0, 2), int), there, there)
    assert counts == Counts(0, 0, 0, 0)
    assert counts.precision == counts.recall == counts.matching_score == 0


def test_points_behind_the_camera_are_not_seen():
    # the third coordinate of x = -30 is 1 - 0.05 * 30 = -0.5: mirrored through infinity to (60, 10)
    homography = np.array([[1, 0, 0], [0, 1, 0], [0.05, 0, 1.0]])
    points = np.array([[-30.0, -5], [10, 5]])
    for matrix in (homography, -homography):  # both are the same homography
        there = under_homography(points, matrix, (100, 80))
        np.testing.assert_allclose(there.places[0], (60, 10))
        assert there.seen.tolist() == [False, True]


def test_the_border_pixels_are_inside():
    there = under_homography(
        np.array([[0, 0], [99, 79], [99.6, 0], [0, -0.6]]), np.eye(3), (100, 80)
    )
    assert there.seen.tolist() == [True, True, False, False]


def test_corner_error_by_hand():
    true = np.eye(3)
    doubled = np.diag([2, 2, 1])  # corners (0, 0), (10, 0), (10, 5), (0, 5) move by their length
    right = (0 + 10 + np.hypot(10, 5) + 5) / 4
    assert corner_error(doubled, true, (11, 6)) == pytest.approx(right)
    assert corner_error(true, doubled, (11, 6)) == pytest.approx(right)
    assert corner_error(3 * HOMOGRAPHY, HOMOGRAPHY, (640, 480)) == pytest.approx(0, abs=1e-9)
    assert corner_error(None, true, (11, 6)) == np.inf


def test_auc_is_the_area_under_the_steps():
    errors = np.array([0.3, 1.2, 4.0, 2.5, np.inf])
    for limit, area in error_auc(errors, (1, 3, 5)).items():
        grid = (np.arange(100_000) + 0.5) / 100_000 * limit
        steps = (errors[:, None] <= grid).mean(0)
        assert area == pytest.approx(steps.mean(), abs=1e-4)
    assert error_auc([0.0, 0.0], (5,)) == {5: 1.0}
    assert error_auc([], (1, 3)) == {1: 0.0, 3: 0.0}
    assert pose_auc([1.0, 4.0]) == error_auc([1.0, 4.0], (5, 10, 20))
