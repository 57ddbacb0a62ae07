"""Scores of local descriptors against counting by hand, and baselines that behave as they must."""

import cv2
import numpy as np
import pytest

from solar.local.metrics import (
    area,
    error_curve,
    fpr95,
    matching_accuracy,
    pair_distances,
    pose_auc,
    pose_error,
    project,
    raw_pixels,
    relative_pose,
    sift_of_patches,
    warped,
)


def test_fpr95_by_counting():
    same = np.array([True] * 20 + [False] * 10)
    distances = np.concatenate([np.arange(20), [0.5, 17.5, 18, 18.5, 19, 20, 30, 31, 32, 33]])
    assert fpr95(distances, same) == 0.3  # 19 of 20 lie at most at 18: so do 0.5, 17.5 and 18
    assert fpr95(-distances[::-1], ~same[::-1]) == 0.95  # up to -0.5: all but one of the 20
    assert fpr95(np.concatenate([np.zeros(20), np.ones(10)]), same) == 0


def test_fpr95_needs_both_kinds():
    for same in (np.ones(4, bool), np.zeros(4, bool), np.zeros(0, bool)):
        with pytest.raises(ValueError, match="one kind only"):
            fpr95(np.arange(len(same)), same)


def test_the_curve_passes_through_fpr95():
    rng = np.random.default_rng(0)
    distances = rng.normal(size=500)
    same = rng.random(500) < 0.4
    wrong, right = error_curve(distances, same)
    assert wrong[0] == right[0] == 0
    assert wrong[-1] == right[-1] == 1
    assert wrong[np.argmax(right >= 0.95)] == pytest.approx(fpr95(distances, same))


def test_area_by_loops():
    rng = np.random.default_rng(1)
    distances = rng.random(30)
    right = rng.random(30) < 0.4
    hits = 0
    total = 0.0
    for rank, number in enumerate(np.argsort(distances)):
        if right[number]:
            before = hits / rank if rank else 1.0
            hits += 1
            total += (before + hits / (rank + 1)) / 2
    assert area(distances, right) == pytest.approx(total / right.sum())
    assert area(distances, right, 60) == pytest.approx(total / 60)
    assert area(distances, np.zeros(30, bool)) == 0


def test_distances_of_pairs():
    rows = np.array([[0.0, 0], [3, 4], [0, 1]])
    np.testing.assert_allclose(pair_distances(rows, np.array([[0, 1], [2, 0]])), [5, 1])


def test_raw_pixels_ignore_light():
    patch = np.random.default_rng(0).integers(20, 100, (1, 32, 32))
    a = raw_pixels(patch.astype(np.uint8))
    b = raw_pixels((2 * patch + 10).astype(np.uint8))
    np.testing.assert_allclose(a, b, atol=1e-5)
    assert np.isfinite(raw_pixels(np.full((1, 32, 32), 9, np.uint8))).all()


def test_sift_of_patches_are_unit_rows():
    patches = np.random.default_rng(0).integers(0, 255, (4, 32, 32)).astype(np.uint8)
    rows = sift_of_patches(np.stack([cv2.GaussianBlur(p, (0, 0), 2) for p in patches]))
    assert rows.shape == (4, 128)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)
    assert sift_of_patches(np.zeros((0, 32, 32), np.uint8)).shape == (0, 128)


def test_accuracy_under_a_homography():
    homography = np.array([[1, 0, 10], [0, 1, 0], [0, 0, 1.0]])
    a = np.array([[0.0, 0], [5, 5], [9, 1], [2, 2]])
    b = a + np.array([10, 0]) + np.array([[0, 0], [0, 2], [4, 0], [0, 90]])
    assert matching_accuracy(a, b, homography) == {1: 0.25, 3: 0.5, 5: 0.75}
    assert matching_accuracy(a[:0], b[:0], homography) == {1: 0, 3: 0, 5: 0}


def test_a_warped_image_is_where_its_homography_says():
    image = np.zeros((120, 160, 3), np.uint8)
    cv2.circle(image, (70, 50), 6, (255, 255, 255), -1)
    for seed in range(5):
        other, homography = warped(image, np.random.default_rng(seed), 0.12)
        y, x = np.nonzero(other[..., 0] > 110)
        centre = project(homography, np.array([[70.0, 50]]))[0]
        assert np.linalg.norm(centre - (x.mean(), y.mean())) < 1
        again, _ = warped(image, np.random.default_rng(seed), 0.12)
        assert (again == other).all()


def seen(points, inner):
    """Pixels (M, 2) of points (M, 3) before a camera with this inner matrix."""
    rays = points @ inner.T
    return rays[:, :2] / rays[:, 2:]


def test_pose_is_recovered():
    rng = np.random.default_rng(0)
    points = rng.uniform((-4, -3, 8), (4, 3, 16), (200, 3))
    angle = 0.2
    rotation = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    translation = np.array([-1.5, 0.2, 0.4])
    inner_a = np.array([[300, 0, 160], [0, 300, 120], [0, 0, 1.0]])
    inner_b = np.array([[350, 0, 160], [0, 350, 120], [0, 0, 1.0]])
    a = seen(points, inner_a) + rng.normal(0, 0.2, (200, 2))
    b = seen(points @ rotation.T + translation, inner_b) + rng.normal(0, 0.2, (200, 2))
    b[:60] = rng.uniform(0, 300, (60, 2))
    pose = relative_pose(a, b, inner_a, inner_b)
    assert pose_error(pose, rotation, translation) < 3
    assert pose_error(pose, rotation, -translation) > 165
    too_few = relative_pose(a[:4], b[:4], inner_a, inner_b)
    assert pose_error(too_few, rotation, translation) == 180


def test_area_under_pose_errors():
    areas = pose_auc([0, 2.5, 50], (5, 10))
    assert areas == {5: pytest.approx((1 + 0.5) / 3), 10: pytest.approx((1 + 0.75) / 3)}
