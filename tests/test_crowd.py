"""Landmarks among others: paired pictures, exact masks, areas in their strata."""

import json
from dataclasses import replace

import numpy as np
import pytest

import solar
from solar.datasets import load_training
from solar.world import DATASETS, Landmark, Recipe, photograph, records, write
from solar.world.crowd import (
    GAP,
    MOST_HIDDEN,
    STRATA,
    bounding_block,
    draw_others,
    draw_view,
    stratum_of,
)
from solar.world.crowd_photos import crowd_photo, crowd_pictures, crowd_view
from solar.world.jobs import jobs, run
from solar.world.neighbours import Other, Placed, Scene, mask, moved
from solar.world.photo import SAMPLES
from solar.world.recipes import Crowd
from solar.world.visibility import see

SEED = 600_002
SEEDS = list(range(650_000, 650_020))
TINY = Crowd("benchmark", 600_000, 1, 2, queries=1, beside=1, pool=80)


@pytest.fixture(scope="module")
def landmark():
    return Landmark(SEED)


@pytest.fixture(scope="module")
def view(landmark):
    return draw_view(landmark, np.random.default_rng(0), (256, 192), 1)


@pytest.fixture(scope="module")
def placed(landmark, view):
    return draw_others(landmark, view.camera, np.random.default_rng(3), SEEDS, 4)


@pytest.fixture(scope="module")
def photos(landmark, view, placed):
    """The same view with 0, 1 and 4 others, under a covered sky: nothing throws a shadow."""
    crowds = ([], placed[:1], placed)
    return [crowd_photo(landmark, view, "overcast", 0, others) for others in crowds]


def test_small_crowds_are_the_beginning_of_large_ones(landmark, view, placed):
    for count in (0, 1, 2):
        rng = np.random.default_rng(3)
        few = draw_others(landmark, view.camera, rng, SEEDS, count)
        assert [each.other.seed for each in few] == [each.other.seed for each in placed[:count]]
        for one, same in zip(few, placed):
            assert (one.shift == same.shift).all()


def test_nobody_stands_in_another_or_hides_too_much(landmark, view, placed):
    boxes = [(landmark.lo, landmark.hi), *((each.lo, each.hi) for each in placed)]
    for i, (lo, hi) in enumerate(boxes):
        for other_lo, other_hi in boxes[:i]:
            gap = np.maximum(lo - other_hi, other_lo - hi)[:2].max()
            assert gap >= GAP
    alone = mask(Scene(landmark, [], []), view.camera)
    among = mask(Scene(landmark, [], placed), view.camera)
    assert not (among & ~alone).any()
    # counted exactly here, coarsely where they are placed
    assert among.sum() > (1 - MOST_HIDDEN - 0.05) * alone.sum()


def test_a_full_picture_is_filled_from_the_sides():
    # the first two others leave no room: more stand half outside, and those two stay
    landmark = Landmark(610_104)
    rng = np.random.default_rng([610_104, 0, 9])
    seeds = (rng.choice(2000, 60, replace=False) + 660_000).tolist()[:14]
    rng.choice((0, 1, 2, 4))
    state = rng.bit_generator.state
    view, _ = crowd_view(landmark, 0)
    four = draw_others(landmark, view.camera, rng, seeds, 4)
    assert len({each.other.seed for each in four}) == 4
    rng.bit_generator.state = state
    two = draw_others(landmark, view.camera, rng, seeds, 2)
    assert [each.other.seed for each in two] == [each.other.seed for each in four[:2]]


def test_too_few_places_are_an_error(landmark, view):
    with pytest.raises(RuntimeError, match="of 1 others only 1 found a place, expected 2"):
        draw_others(landmark, view.camera, np.random.default_rng(0), SEEDS[:1], 2)


@pytest.mark.parametrize("stratum", range(len(STRATA)))
def test_the_area_lies_in_its_stratum(landmark, stratum):
    view = draw_view(landmark, np.random.default_rng(1), (128, 96), stratum)
    assert view.stratum == stratum
    assert STRATA[stratum][0] <= view.area < STRATA[stratum][1]


def test_strata_do_not_overlap():
    assert [stratum_of(low) for low, _ in STRATA] == [0, 1, 2, 3]
    assert stratum_of(0.029) is None
    assert stratum_of(0.5) is None


def test_four_views_in_a_row_have_all_strata(landmark):
    strata = [crowd_view(landmark, number)[0].stratum for number in range(4)]
    assert sorted(strata) == [0, 1, 2, 3]


def test_the_mask_is_what_the_renderer_numbers(landmark, view, placed, photos):
    # with nothing in the way, the mask is where the first solids are seen
    scene = Scene(landmark, [], placed)
    photo = photograph(scene, view.camera, clutter=0)
    fine = see(view.camera.scaled(SAMPLES), scene.solids).solid
    own = (fine >= 0) & (fine < landmark.n_own)
    assert (photo.own == own[SAMPLES // 2 :: SAMPLES, SAMPLES // 2 :: SAMPLES]).all()
    # trees and passers-by cover a part of it; `mask` knows without a photograph
    for others, picture in zip(([], placed[:1], placed), photos):
        assert (mask(Scene(landmark, view.things, others), view.camera) == picture.own).all()
    assert photos[0].own.mean() == view.area


def test_pictures_differ_only_where_others_stand(landmark, view, placed, photos):
    alone, _, among = photos
    blocks = [bounding_block(each.lo, each.hi) for each in placed]
    there = see(view.camera, blocks).solid >= 0
    # out of focus, a pixel takes from its neighbours
    near = np.zeros_like(there)
    for down in range(-6, 7):
        for right in range(-6, 7):
            near |= np.roll(there, (down, right), (0, 1))
    assert (alone.image == among.image)[~near].all()
    assert (alone.image != among.image).any(-1)[there].mean() > 0.5
    assert (alone.own == among.own)[~near].all()


def test_a_moved_landmark_looks_as_before():
    # the landmark alone, and its copy seen by a camera that moved along: the same picture
    landmark = Landmark(SEED)
    shift = np.array([300.0, -200.0, 0.0])
    view = draw_view(landmark, np.random.default_rng(1), (128, 96), 2)
    camera = replace(view.camera, position=view.camera.position + shift)
    scene = Scene(landmark, [], [Placed(Other(SEED), shift)])
    photo = photograph(scene, camera, "overcast", clutter=0, grey=0.4)
    before = photograph(Scene(landmark, [], []), view.camera, "overcast", clutter=0, grey=0.4)
    copy = see(camera, scene.solids).solid > landmark.n_own
    difference = np.abs(photo.image.astype(int) - before.image)[copy & before.own]
    assert np.median(difference) <= 1
    assert (difference > 24).mean() < 0.02


def test_moving_a_solid_keeps_its_texture_in_place(landmark):
    shift = np.array([3.0, -2.0, 0.0])
    for solid in landmark.solids[: landmark.n_own]:
        again = moved(solid, shift, textures=7)
        np.testing.assert_allclose(again.lo, solid.lo + shift)
        for face, same in zip(getattr(solid, "faces", ()), getattr(again, "faces", ())):
            assert same.texture == face.texture + 7
            before = face.polygon @ face.u[:3] + face.u[3]
            after = same.polygon @ same.u[:3] + same.u[3]
            np.testing.assert_allclose(after, before, atol=1e-9)


def test_jobs_do_not_depend_on_each_other():
    recipe = replace(TINY, landmarks=2, queries=0, views=1)
    first, second = jobs(recipe)
    alone = run(second)
    run(first)
    assert run(second) == alone


def test_the_training_set_draws_how_many_stand_there():
    recipe = Crowd("train", 610_000, 1, 5, pool=80)
    images, queries, record = crowd_pictures(610_000, recipe)
    counts = [len(others) for others in record["others"]]
    assert set(counts) <= {0, 1, 2, 4}
    assert len(set(counts)) > 1
    assert not queries
    assert len(images) == 5
    for count, hidden in zip(counts, record["hidden"]):
        assert 0 <= hidden <= MOST_HIDDEN + 0.05
        assert count or not hidden


@pytest.mark.slow
def test_a_benchmark_and_a_training_set_are_read(tmp_path, monkeypatch):
    monkeypatch.setitem(DATASETS, "mini-crowd-1", TINY)
    training = Crowd("train", 610_000, 8, 2, beside=0)
    monkeypatch.setitem(DATASETS, "mini-crowd-train", training)
    bench = solar.load_benchmark("mini-crowd-1", root=tmp_path)
    assert len(bench.queries) == 1
    assert len(bench.images) == 2
    record = records(tmp_path / "mini-crowd-1")[0]
    labels = ["easy" if stratum >= 2 else "hard" for stratum in record["strata"]]
    assert record["queries"][0]["labels"] == labels
    truth = bench.ground_truth[0]
    assert sorted([*truth["easy"], *truth["hard"]]) == [0, 1]
    assert not len(truth["junk"])
    # the eighth landmark is held out
    assert len(load_training("mini-crowd-train", "val", root=tmp_path).images) == 2


def test_the_four_benchmarks_have_the_same_landmarks():
    recipes = [DATASETS[f"mini-crowd-{count}"] for count in (0, 1, 2, 4)]
    assert len({json.dumps([job.seed for job in jobs(recipe)]) for recipe in recipes}) == 1
    for recipe, count in zip(recipes, (0, 1, 2, 4)):
        assert recipe == replace(recipes[0], beside=count)
        assert isinstance(recipe, Recipe)
    seeds = {job.seed for job in jobs(recipes[0])}
    assert not seeds & {job.seed for job in jobs(DATASETS["mini-crowd-train"])}


@pytest.mark.processes
def test_bytes_do_not_depend_on_the_number_of_processes(tmp_path):
    recipe = replace(TINY, landmarks=2, views=1, queries=0)
    one = write(recipe, tmp_path / "one", "tiny", workers=1, progress=False)
    two = write(recipe, tmp_path / "two", "tiny", workers=2, progress=False)
    for path in one.rglob("*.*"):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes()
