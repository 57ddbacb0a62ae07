"""Patches of real photographs: who is paired with whom, disjoint splits, the same bytes always."""

import numpy as np
import pytest

from solar.datasets import load_patches, names
from solar.images.warping import project
from solar.world import Recipe, write
from solar.world.photograph_patches import (
    MAX_PATCHES,
    MIN_DISTANCE,
    detect_keypoints,
    move_keypoints,
    pair_keypoints,
    photograph_patches,
    spread,
)
from solar.world.photographs import (
    PHOTOGRAPHS,
    SPLIT,
    Photograph,
    photograph_path,
    photographs_at_hand,
    read_photograph,
)
from solar.world.recipes import DATASETS

PAGE = 9  # a small photograph: patches within a second


@pytest.fixture(scope="module")
def page():
    return photograph_patches(PAGE, 3)


# ---- which photographs


def test_no_photograph_serves_two_uses():
    numbers = [number for use in SPLIT for number in SPLIT[use]]
    assert sorted(numbers) == list(range(len(PHOTOGRAPHS)))
    assert len({(each.source, each.file) for each in PHOTOGRAPHS}) == len(PHOTOGRAPHS)
    assert len({each.name for each in PHOTOGRAPHS}) == len(PHOTOGRAPHS)
    # chapter 12 shows these two: nothing is ever learnt from them
    assert {"china", "flower"} <= {PHOTOGRAPHS[number].name for number in SPLIT["test"]}


def test_the_recipes_keep_to_the_split():
    for use, name in (("train", ""), ("validation", "-validation"), ("test", "-test")):
        recipe = DATASETS[f"mini-photographs{name}"]
        assert recipe.kind == "photographs"
        numbers = range(recipe.first, recipe.first + recipe.landmarks)
        assert set(numbers) <= set(SPLIT[use])


def test_the_sets_are_known_by_name():
    assert "mini-photographs" in names.names_of("patches")
    assert names.test_patches_of("mini-photographs") == "mini-photographs-test"
    assert names.test_patches_of("mini-phototour") == "mini-phototour-test"
    assert names.test_patches_of("mini-photographs-test") is None
    assert names.test_patches_of("liberty") is None


def test_all_photographs_that_the_recipes_need_are_at_hand():
    for number in range(19):
        assert photograph_path(PHOTOGRAPHS[number]).is_file()
    at_hand = [each.name for each in photographs_at_hand("test")]
    assert at_hand[:3] == ["china", "flower", "grace_hopper"]


def test_a_photograph_is_shrunk_and_never_blown_up():
    china = PHOTOGRAPHS[16]
    assert read_photograph(china, 100).shape == (67, 100, 3)
    assert read_photograph(china, 5000).shape == (427, 640, 3)


def test_photographs_of_a_package_that_is_absent_say_what_to_install():
    absent = Photograph("house", ("some-package", "no_such_package", "data"), "house.png")
    with pytest.raises(ModuleNotFoundError, match=r"house comes with .* pip install some-package"):
        photograph_path(absent)
    gone = Photograph("house", PHOTOGRAPHS[0].source, "house.png")
    with pytest.raises(FileNotFoundError, match="another version of scikit-image"):
        photograph_path(gone)


@pytest.mark.parametrize("number", range(19, len(PHOTOGRAPHS)))
def test_photographs_of_further_packages(number):
    try:
        image = read_photograph(PHOTOGRAPHS[number], 64)
    except ModuleNotFoundError as error:
        pytest.skip(str(error))
    assert image.dtype == np.uint8 and image.std() > 10 and max(image.shape) == 64


# ---- which keypoints belong together


def test_keypoints_move_as_the_homography_says():
    rng = np.random.default_rng(0)
    keypoints = np.column_stack([rng.uniform(0, 100, (20, 3)) + 1, rng.uniform(0, 360, 20)])
    c = 2 * np.cos(0.3)
    s = 2 * np.sin(0.3)
    moved = move_keypoints(keypoints, np.array([[c, -s, 5], [s, c, -7], [0, 0, 1]]))
    np.testing.assert_allclose(moved[:, 2], 2 * keypoints[:, 2])
    turns = (moved[:, 3] - keypoints[:, 3] - np.degrees(0.3) + 180) % 360 - 180
    np.testing.assert_allclose(turns, 0, atol=1e-9)
    # under perspective the arrow's two ends still go where the homography brings them
    bent = np.array([[1, 0.1, 3], [0, 0.9, 2], [1e-3, 2e-3, 1]])
    moved = move_keypoints(keypoints, bent)
    for before, after in zip(keypoints, moved):
        ends = []
        for x, y, size, angle in (before, after):
            radians = np.radians(angle)
            ends.append((x + size * np.cos(radians), y + size * np.sin(radians)))
        np.testing.assert_allclose(project(bent, np.array(ends[:1]))[0], ends[1], atol=1e-6)


def pairs_by_loops(expected, found):
    """All rows of both that are each other's nearest among those that fit."""

    def fits(e, f):
        turn = abs(e[3] - f[3]) % 360
        near = np.hypot(e[0] - f[0], e[1] - f[1]) <= 2.5
        return near and abs(np.log2(e[2] / f[2])) <= 0.5 and min(turn, 360 - turn) <= 25

    def nearest(one, others):
        distances = {n: np.hypot(*(one[:2] - other[:2])) for n, other in enumerate(others)}
        fitting = [n for n, other in enumerate(others) if fits(one, other)]
        return min(fitting, key=lambda n: distances[n]) if fitting else None

    pairs = []
    for i, one in enumerate(expected):
        j = nearest(one, found)
        if j is not None and nearest(found[j], expected) == i:
            pairs.append([i, j])
    return pairs


def test_pairs_are_those_of_two_loops():
    rng = np.random.default_rng(1)
    low = np.array([0, 0, 3, 0])
    high = np.array([20, 20, 6, 90])
    expected = rng.uniform(low, high, (60, 4))
    found = rng.uniform(low, high, (50, 4))
    pairs = pair_keypoints(expected, found)
    assert pairs.tolist() == pairs_by_loops(expected, found)
    assert 10 < len(pairs) < 50
    assert pair_keypoints(expected[:0], found).shape == (0, 2)


def test_keypoints_keep_their_distance():
    kept = spread(detect_keypoints(read_photograph(PHOTOGRAPHS[PAGE])))
    distances = np.linalg.norm(kept[:, None, :2] - kept[None, :, :2], axis=2)
    assert (distances + 100 * np.eye(len(kept))).min() >= MIN_DISTANCE


# ---- patches


def test_points_are_seen_in_the_photograph_and_in_warps(page):
    patches, labels = page
    assert patches.shape == (len(labels), 64, 64)
    points = np.unique(labels[:, 0])
    assert points.tolist() == list(range(len(points))) and len(points) > 100
    for point in points:
        views = labels[labels[:, 0] == point, 1]
        assert views[0] == 0 and 2 <= len(views) <= MAX_PATCHES
        assert (np.diff(views) > 0).all() and views[-1] <= 3


def test_patches_of_one_point_look_alike(page):
    patches, labels = page
    flat = patches.reshape(len(patches), -1).astype(float)
    flat -= flat.mean(1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    starts = np.flatnonzero(labels[:, 1] == 0)
    same = (flat[starts] * flat[starts + 1]).sum(1)  # each point: photograph and first warp
    other = (flat[starts] * flat[np.roll(starts, 1)]).sum(1)
    assert np.median(same) > 0.7
    assert np.median(other) < 0.3


def test_the_same_patches_every_time(page):
    again = photograph_patches(PAGE, 3)
    np.testing.assert_array_equal(page[0], again[0])
    np.testing.assert_array_equal(page[1], again[1])


def test_a_set_is_written_in_the_format_of_phototour(tmp_path):
    recipe = Recipe("photographs", PAGE, 1, 1)
    folder = write(recipe, tmp_path / "tiny", "tiny", workers=1, progress=False)
    data = load_patches(folder, size=64)
    patches, labels = photograph_patches(PAGE, 1)
    np.testing.assert_array_equal(data.patches, patches)
    np.testing.assert_array_equal(data.points, labels[:, 0])
    assert data.same.mean() == 0.5
