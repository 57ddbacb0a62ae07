"""What the photographs of the mini datasets show, and that training sets keep their views."""

import numpy as np
import pytest

from solar.world import BOOK, DATASETS, Landmark, choose_view, shared
from solar.world.jobs import jobs
from solar.world.takes import (
    BAD_LIGHT,
    FAIR_LIGHT,
    PLAN,
    database_photo,
    query_photo,
    training_photo,
)

SIZE = (64, 48)  # width and height of an image


@pytest.fixture(scope="module")
def landmark():
    return Landmark(100_001)


def view(landmark, seed=0, **changes):
    return choose_view(landmark, np.random.default_rng(seed), SIZE, **changes)


def away(landmark, camera) -> np.ndarray:
    """Metres from the middle of the landmark to a camera, on the ground: (2,)."""
    return camera.position[:2] - ((landmark.lo + landmark.hi) / 2)[:2]


def test_the_plan_has_many_fair_images_and_some_of_each_kind():
    assert {kind: PLAN.count(kind) for kind in "FHX"} == dict(F=10, H=5, X=1)
    assert len(PLAN) == DATASETS["mini-revisitop"].views
    # the few images of an ablation's landmark are fair and hard
    assert PLAN[: DATASETS["mini-ablation"].views] == "FHFHFF"


def test_the_database_follows_the_plan_and_the_labels_agree(landmark):
    query = query_photo(landmark, 0)
    fair = database_photo(landmark, PLAN.index("F"))
    hard = database_photo(landmark, PLAN.index("H"))
    hopeless = database_photo(landmark, PLAN.index("X"))
    assert query.weather in FAIR_LIGHT
    assert fair.weather in FAIR_LIGHT
    assert hard.weather in BAD_LIGHT
    labels = [shared(query, photo).label for photo in (fair, hard, hopeless)]
    assert labels == ["easy", "hard", "junk"]
    # an image depends on its number alone
    again = database_photo(landmark, PLAN.index("H"))
    assert (again.image == hard.image).all()


@pytest.mark.parametrize("changes", [dict(freedom=1.0), dict(freedom=0.6, aside=0.7)])
def test_nothing_is_taken_from_behind(landmark, changes):
    # the front looks towards negative y
    for seed in range(60):
        assert away(landmark, view(landmark, seed, **changes))[1] < 0


def test_farther_aside_and_zoom_change_what_they_say(landmark):
    plain = view(landmark)
    x, y = away(landmark, plain)
    far = away(landmark, view(landmark, farther=3.0))
    np.testing.assert_allclose(far, [3 * x, 3 * y])
    # further round, on the side on which the tourist stands
    side = away(landmark, view(landmark, aside=0.5))
    angle = np.arctan2(x, -y)
    turned = np.arctan2(side[0], -side[1])
    np.testing.assert_allclose(turned, angle + np.copysign(0.5, angle))
    # a field of view half as wide, from the same place
    zoomed = view(landmark, zoom=2.0)
    np.testing.assert_allclose(zoomed.position, plain.position)
    width = [np.arctan(SIZE[0] / 2 / camera.focal) for camera in (plain, zoomed)]
    np.testing.assert_allclose(width[0], 2 * width[1])


def test_training_sets_keep_their_views():
    """Their bytes must not change with the benchmarks: weights were learnt from them."""
    photo = training_photo(Landmark(0), 3)
    assert photo.weather == "evening"
    np.testing.assert_allclose(
        photo.camera.position, [26.37221480804418, -74.6843341952954, 4.0], atol=1e-9
    )
    np.testing.assert_allclose(photo.camera.focal, 328.2047006104543, atol=1e-9)
    assert abs(int(photo.own.sum()) - 6837) <= 5


def test_the_ablation_has_many_landmarks_and_is_not_made_by_default():
    recipe = DATASETS["mini-ablation"]
    assert recipe.landmarks == 320
    assert sum(job.photos for job in jobs(recipe)) == 2240
    assert "mini-ablation" not in BOOK
