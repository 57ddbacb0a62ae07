"""Places of twelve small buildings: which five are painted alike, and nothing else, tells."""

import numpy as np
import pytest

import solar
from solar.datasets import load_training
from solar.world import DATASETS, records, write
from solar.world.jobs import jobs, run
from solar.world.photo import SAMPLES
from solar.world.recipes import Relations
from solar.world.relations import (
    COMMON,
    FIRST,
    IN_VIEW,
    MEMBERS,
    Place,
    draw_layout,
    pairs,
    relations_photo,
    relations_pictures,
    what_is_seen,
)
from solar.world.shapes import COLOURS, SHAPES
from solar.world.visibility import see

SEED = FIRST + 6
TINY = Relations("benchmark", SEED, 2, 2, queries=1)


def place_of(seed, number=0):
    pair = (seed - FIRST) // 2
    layout = draw_layout(pair, number)
    return Place(pairs()[pair][seed % 2], layout, [FIRST, pair, number, 1]), layout


def test_no_set_of_shapes_is_two_landmarks():
    sets = [landmark for pair in pairs() for landmark in pair]
    assert len(sets) == len({frozenset(one) for one in sets})
    for first, second in pairs():
        assert len(set(first)) == len(set(second)) == MEMBERS
        assert len(set(first) & set(second)) == COMMON


def test_the_datasets_share_no_landmark_and_begin_with_a_pair():
    seeds = []
    for name in ("mini-relations", "mini-relations-train"):
        assert DATASETS[name].first % 2 == 0
        seeds += [job.seed for job in jobs(DATASETS[name])]
    assert len(seeds) == len(set(seeds))
    assert max(seeds) < FIRST + 2 * len(pairs())


def colours_of(place) -> list[tuple]:
    """The mean colour, in whole numbers, of the texture of each solid that is not the ground."""
    found = []
    for number, solid in enumerate(place.solids):
        if number == place.ground:
            continue
        texture = solid.texture if hasattr(solid, "texture") else solid.faces[0].texture
        x, y, w, h = place.rects[texture].astype(int)
        found.append(
            tuple(place.atlas[y : y + h, x : x + w, :3].reshape(-1, 3).mean(0).astype(int))
        )
    return found


def boxes_of(place) -> set[tuple]:
    """The bounding boxes of all solids."""
    return {tuple(np.round([*solid.lo, *solid.hi], 6)) for solid in place.solids}


def test_the_members_alone_are_painted_alike():
    place, layout = place_of(SEED)
    colours = colours_of(place)
    assert len(set(colours[: place.n_own])) == 1
    assert colours[0] not in colours[place.n_own :]
    # the seven others: a paint of its own for each
    assert len(set(colours)) == 1 + IN_VIEW - MEMBERS
    assert len({number % len(COLOURS) for number in layout.paints}) == 1 + IN_VIEW - MEMBERS


def test_twins_differ_in_who_wears_which_paint_alone():
    first, layout = place_of(SEED)
    second, same = place_of(SEED + 1)
    assert layout.shapes == same.shapes
    assert len(set(layout.shapes)) == IN_VIEW
    assert {*pairs()[3][0], *pairs()[3][1]} <= set(layout.shapes)
    # the same solids in the same places, in the same paints
    boxes = [
        {tuple(np.round([*s.lo, *s.hi], 6)) for s in place.solids} for place in (first, second)
    ]
    assert boxes[0] == boxes[1]
    assert len(set(colours_of(first))) == len(set(colours_of(second)))
    one = relations_photo(SEED, 0)
    two = relations_photo(SEED + 1, 0)
    assert one.depth.tolist() == two.depth.tolist()
    assert one.weather == two.weather
    assert (one.image != two.image).any()


def test_the_paint_and_the_spots_change_from_picture_to_picture():
    layouts = [draw_layout(3, number) for number in range(6)]
    assert len({layout.paints[0] for layout in layouts}) > 2
    member = pairs()[3][0][0]
    spots = {tuple(layout.spots[layout.shapes.index(member)].round(1)) for layout in layouts}
    assert len(spots) == 6


def test_the_mask_is_what_the_renderer_numbers():
    place, layout = place_of(SEED)
    fine = see(layout.camera.scaled(SAMPLES), place.solids).solid
    own = (fine >= 0) & (fine < place.n_own)
    photo = relations_photo(SEED, 0)
    assert (photo.own == own[SAMPLES // 2 :: SAMPLES, SAMPLES // 2 :: SAMPLES]).all()
    assert 0.03 < photo.own.mean() < 0.3


def test_each_shape_is_in_view():
    for number in range(4):
        place, layout = place_of(SEED, number)
        seen = set(np.unique(see(layout.camera, place.solids).solid))
        for shape, spot in zip(layout.shapes, layout.spots):
            # its solids are those within five metres and a half of its spot
            near = [
                index
                for index, solid in enumerate(place.solids)
                if index != place.ground
                and np.abs((solid.lo + solid.hi)[:2] / 2 - spot).max() < 5.5
            ]
            assert seen & set(near), list(SHAPES)[shape]


def test_jobs_do_not_depend_on_each_other():
    first, second = jobs(TINY)
    alone = run(second)
    run(first)
    assert run(second) == alone
    assert all(content[:2] == b"\xff\xd8" for content in alone[0].values())


def test_a_benchmark_and_a_training_set_are_read(tmp_path, monkeypatch):
    monkeypatch.setitem(DATASETS, "mini-relations", TINY)
    training = Relations("train", FIRST, 8, 1)
    monkeypatch.setitem(DATASETS, "mini-relations-train", training)
    bench = solar.load_benchmark("mini-relations", root=tmp_path)
    assert len(bench.images) == 4
    assert bench.boxes == [(0, 0, 256, 192)] * 2
    assert [list(truth["easy"]) for truth in bench.ground_truth] == [[0], [2]]
    assert [list(truth["hard"]) for truth in bench.ground_truth] == [[1], [3]]
    assert len(records(tmp_path / "mini-relations")[0]["shapes"]) == MEMBERS
    assert len(load_training("mini-relations-train", "val", root=tmp_path).images) == 1


def test_pictures_of_a_landmark_are_named_after_it():
    images, queries, record = relations_pictures(SEED, TINY)
    assert list(images) == ["place700006_00", "place700006_01"] == record["images"]
    assert list(queries) == ["place700006_q0"]


@pytest.mark.processes
def test_bytes_do_not_depend_on_the_number_of_processes(tmp_path):
    one = write(TINY, tmp_path / "one", "tiny", workers=1, progress=False)
    two = write(TINY, tmp_path / "two", "tiny", workers=2, progress=False)
    for path in one.rglob("*.*"):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes()


def test_every_pixel_knows_its_building():
    photo = relations_photo(SEED, 1)
    seen = what_is_seen(SEED, 1)
    layout = draw_layout(3, 1)
    members = pairs()[3][0]
    assert set(np.unique(seen.shapes)) <= {-1, *layout.shapes}
    # what is the landmark's is what the renderer calls so, but for its shadowless foot
    assert (seen.own & ~photo.own).sum() == 0
    assert (photo.own & ~seen.own).sum() < 0.12 * photo.own.sum()
    # all of it wears the common paint, and no other colour is worn twice
    assert set(seen.colours[seen.own]) == {layout.paints[0] % len(COLOURS)}
    others = {shape for shape in layout.shapes if shape not in members}
    worn = {shape: set(seen.colours[seen.shapes == shape]) for shape in others}
    worn = [colour for colours in worn.values() for colour in colours]
    assert len(worn) == len(set(worn))
    assert layout.paints[0] % len(COLOURS) not in worn
    # the twin's picture: the same buildings on the same pixels, another five
    twin = what_is_seen(SEED + 1, 1)
    assert (twin.shapes == seen.shapes).mean() > 0.99
    assert (twin.own != seen.own).any()
