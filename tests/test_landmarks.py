"""Landmarks: every seed builds one sound building, the same on every run, unlike any other."""

import hashlib

import numpy as np
import pytest

from solar.world.facades import facade
from solar.world.landmark import Landmark, draw_style
from solar.world.solids import Polyhedron, Quadric
from solar.world.styles import STYLES
from solar.world.textures import TEXELS_PER_METRE, Stones, masonry, noise, swatch, tiles
from solar.world.visibility import box_corners

SEEDS = range(2000, 2016)  # all ten styles occur among them


@pytest.fixture(scope="module")
def landmarks():
    return [Landmark(seed) for seed in SEEDS]


def polygons(landmark):
    return [(s, f) for s in landmark.solids if isinstance(s, Polyhedron) for f in s.faces]


def fingerprint(landmark) -> str:
    """A hash of everything that a photograph of the landmark depends on."""
    parts = [
        landmark.atlas,
        landmark.rects,
        landmark.lo,
        landmark.hi,
        *landmark.mips,
        np.array(landmark.trees),
    ]
    for _, face in polygons(landmark):
        parts += [face.polygon, face.normal, face.u, face.v, np.array(face.texture)]
    for solid in landmark.solids:
        if isinstance(solid, Quadric):
            parts += [solid.centre, solid.scale, np.array(solid.shape), np.array(solid.texture)]
    return hashlib.sha256(b"".join(np.ascontiguousarray(p).tobytes() for p in parts)).hexdigest()


def test_a_seed_always_builds_the_same_landmark(landmarks):
    for landmark in landmarks[::5]:
        again = Landmark(landmark.seed)
        assert (again.style, again.n_own, again.ground) == (
            landmark.style,
            landmark.n_own,
            landmark.ground,
        )
        assert fingerprint(again) == fingerprint(landmark)


def test_seeds_differ_within_a_style_too(landmarks):
    assert len({fingerprint(landmark) for landmark in landmarks}) == len(landmarks)
    assert len({tuple(np.round(landmark.hi - landmark.lo, 2)) for landmark in landmarks}) == len(
        landmarks
    )


def test_every_style_is_reached(landmarks):
    assert len(STYLES) >= 10
    assert {landmark.style for landmark in landmarks} == set(STYLES)


def test_faces_are_planar_convex_and_turned_outwards(landmarks):
    for landmark in landmarks:
        for solid, face in polygons(landmark):
            np.testing.assert_allclose(np.linalg.norm(face.normal), 1, atol=1e-12)
            assert np.abs((face.polygon - face.polygon[0]) @ face.normal).max() < 1e-9  # metres
            edges = np.roll(face.polygon, -1, 0) - face.polygon
            turns = np.cross(edges, np.roll(edges, -1, 0)) @ face.normal
            assert (turns > 0).all(), f"seed {landmark.seed}: not convex and counter-clockwise"
            corners = np.concatenate([f.polygon for f in solid.faces])
            assert ((corners - face.polygon[0]) @ face.normal < 1e-9).all(), (
                f"seed {landmark.seed}: turned inwards"
            )


def test_own_solids_are_closed(landmarks):
    for landmark in landmarks:
        for solid in landmark.solids[: landmark.n_own]:
            if isinstance(solid, Polyhedron):
                areas = []
                for face in solid.faces:
                    spokes = face.polygon[1:] - face.polygon[0]
                    areas.append(np.cross(spokes[:-1], spokes[1:]).sum(0) / 2)
                np.testing.assert_allclose(
                    np.sum(areas, 0), 0, atol=1e-9
                )  # Gauss: outward areas of a closed surface


def test_bounds_hold_their_solids(landmarks):
    for landmark in landmarks:
        for solid in landmark.solids:
            assert (solid.hi >= solid.lo).all()
            if isinstance(solid, Polyhedron):
                corners = np.concatenate([f.polygon for f in solid.faces])
                assert (corners >= solid.lo - 1e-9).all() and (corners <= solid.hi + 1e-9).all()
                continue
            a, b, c = solid.shape
            z = np.linspace(0, 1, 101)
            squared = -(a * z * z + b * z + c)  # the radius at height z, squared
            assert (squared > -1e-9).all()
            reach = np.sqrt(squared.clip(0).max()) * solid.scale[0]
            assert (solid.hi[:2] >= solid.centre[:2] + reach - 1e-6).all()
            assert (solid.lo[:2] <= solid.centre[:2] - reach + 1e-6).all()
            np.testing.assert_allclose(
                [solid.lo[2], solid.hi[2]], solid.centre[2] + np.array([0, solid.scale[2]])
            )


def test_a_landmark_stands_on_its_ground_and_is_a_building(landmarks):
    for landmark in landmarks:
        size = landmark.hi - landmark.lo
        own = np.concatenate([box_corners(s.lo, s.hi) for s in landmark.solids[: landmark.n_own]])
        np.testing.assert_allclose([landmark.lo, landmark.hi], [own.min(0), own.max(0)])
        assert abs(landmark.lo[2]) < 1e-9
        assert (size > 3).all() and (size < 100).all(), f"seed {landmark.seed}: {size} metres"
        assert landmark.ground >= landmark.n_own
        ground = landmark.solids[landmark.ground]
        assert all((face.polygon[:, 2] == 0).all() and face.normal[2] == 1 for face in ground.faces)
        assert (ground.hi - ground.lo)[:2].min() >= 800


def test_neighbours_and_trees_keep_clear(landmarks):
    for landmark in landmarks:
        for house in landmark.solids[landmark.n_own :]:
            if house is landmark.solids[landmark.ground]:
                continue
            apart = np.maximum(house.lo - landmark.hi, landmark.lo - house.hi)[:2].max()
            assert apart > 0, f"seed {landmark.seed}: a house stands inside the landmark"
        for x, _, height, kind in landmark.trees:
            assert not landmark.lo[0] < x < landmark.hi[0] and height > 0 and kind in range(8)


def test_textures_lie_in_the_atlas_without_overlap(landmarks):
    for landmark in landmarks:
        height, width = landmark.atlas.shape[:2]
        assert landmark.atlas.dtype == np.uint8 and landmark.atlas.shape[2] == 4
        for level, mip in enumerate(landmark.mips):
            assert (
                mip.dtype == np.uint8
                and np.abs(np.array(mip.shape[:2]) * 2**level - (height, width)).max() < 2**level
            )
        owner = np.zeros((height, width), np.uint8)
        for x, y, w, h in landmark.rects.astype(int):
            assert w > 0 and h > 0 and 0 <= x <= width - w and 0 <= y <= height - h
            owner[y : y + h, x : x + w] += 1
        assert owner.max() == 1
        used = [s.texture for s in landmark.solids if isinstance(s, Quadric)] + [
            f.texture for _, f in polygons(landmark)
        ]
        assert 0 <= min(used) and max(used) < len(landmark.rects)


def test_windows_glow_and_walls_do_not():
    rng, style = np.random.default_rng(3), draw_style(np.random.default_rng(8))
    assert masonry(rng, 5, 5, (0.5, 0.5, 0.5))[..., 3].max() == 0
    wall = facade(rng, style, 20, 15, portal=True, ornament="clock")
    assert wall.shape == (15 * TEXELS_PER_METRE, 20 * TEXELS_PER_METRE, 4)
    assert 0.05 < (wall[..., 3] > 0.3).mean() < 0.8


def test_noise_tiles_and_is_standardised():
    field = noise(64)
    assert abs(field.mean()) < 1e-3 and abs(field.std() - 1) < 1e-3
    inside = np.abs(np.diff(field, axis=0)).mean()
    across = np.abs(field[0] - field[-1]).mean()
    assert across < 2 * inside  # no seam where a tile meets the next


@pytest.mark.parametrize("side", [12.8, 25.6])
@pytest.mark.parametrize(
    "make",
    [
        lambda rng, s: swatch(rng, s, (0.6,) * 3, Stones(0.7, 1.5, 0.1, 0.0)),
        lambda rng, s: tiles(rng, s, (0.6,) * 3, 0.7),
    ],
)
def test_repeating_textures_have_no_seam(side, make):
    """Across the edge of a repeated piece, the step is no larger than the steps inside it."""
    texture = make(np.random.default_rng(0), side)[..., 0]
    for axis in (0, 1):
        inside = np.abs(np.diff(texture, axis=axis)).mean(1 - axis)
        across = np.abs(np.take(texture, 0, axis) - np.take(texture, -1, axis)).mean()
        assert across <= 1.1 * inside.max()


def test_some_arches_have_three_gates_and_some_one():
    arches = [lm for lm in map(Landmark, range(4000, 4120)) if lm.style == "arch"]
    widths = sorted(lm.hi[0] - lm.lo[0] for lm in arches)
    boxes = [
        sum(isinstance(s, Polyhedron) and s.lo[2] > 0 for s in lm.solids[: lm.n_own])
        for lm in arches
    ]
    assert widths[-1] > 1.2 * widths[0]
    assert min(boxes) < 30 and max(boxes) > 39, boxes  # a vault is made of 13
