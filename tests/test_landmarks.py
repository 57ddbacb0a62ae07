"""Landmarks: every seed builds one sound building, the same on every run, unlike any other."""

import hashlib

import numpy as np
import pytest

from solar.world.builder import Builder
from solar.world.facades import facade
from solar.world.landmark import Landmark, draw_style
from solar.world.secular import arch
from solar.world.solids import Polyhedron, Quadric
from solar.world.styles import STYLES
from solar.world.textures import TEXELS_PER_METRE, Stones, masonry, noise, swatch, tiles
from solar.world.visibility import box_corners

SEEDS = range(2000, 2016)  # all ten styles occur among them


@pytest.fixture(scope="module")
def landmarks():
    return [Landmark(seed) for seed in SEEDS]


def polyhedra(landmark):
    return [solid for solid in landmark.solids if isinstance(solid, Polyhedron)]


def quadrics(landmark):
    return [solid for solid in landmark.solids if isinstance(solid, Quadric)]


def polygons(landmark):
    """All (solid, face) pairs."""
    return [(solid, face) for solid in polyhedra(landmark) for face in solid.faces]


def fingerprint(landmark) -> str:
    """A hash of everything that a photograph of the landmark depends on."""
    parts = [landmark.atlas, landmark.rects, landmark.lo, landmark.hi, *landmark.mips]
    parts.append(np.array(landmark.trees))
    for _, face in polygons(landmark):
        parts += [face.polygon, face.normal, face.u, face.v, np.array(face.texture)]
    for solid in quadrics(landmark):
        parts += [solid.centre, solid.scale, np.array(solid.shape), np.array(solid.texture)]
    content = b"".join(np.ascontiguousarray(part).tobytes() for part in parts)
    return hashlib.sha256(content).hexdigest()


def test_a_seed_always_builds_the_same_landmark(landmarks):
    for landmark in landmarks[::5]:
        again = Landmark(landmark.seed)
        assert again.style == landmark.style
        assert again.n_own == landmark.n_own
        assert again.ground == landmark.ground
        assert fingerprint(again) == fingerprint(landmark)


def test_two_seeds_never_build_the_same_landmark(landmarks):
    fingerprints = {fingerprint(landmark) for landmark in landmarks}
    sizes = {tuple(np.round(landmark.hi - landmark.lo, 2)) for landmark in landmarks}
    assert len(fingerprints) == len(landmarks)
    assert len(sizes) == len(landmarks)


def test_all_ten_styles_occur(landmarks):
    assert len(STYLES) >= 10
    assert {landmark.style for landmark in landmarks} == set(STYLES)


def test_faces_are_planar_convex_and_turned_outwards(landmarks):
    for landmark in landmarks:
        for solid, face in polygons(landmark):
            np.testing.assert_allclose(np.linalg.norm(face.normal), 1, atol=1e-12)
            # planar: all corners lie in one plane, within a nanometre
            assert np.abs((face.polygon - face.polygon[0]) @ face.normal).max() < 1e-9
            # convex and counter-clockwise: every edge turns left
            edges = np.roll(face.polygon, -1, 0) - face.polygon
            turns = np.cross(edges, np.roll(edges, -1, 0)) @ face.normal
            assert (turns > 0).all(), f"seed {landmark.seed}: not convex and counter-clockwise"
            # outwards: the solid lies behind the face
            corners = np.concatenate([f.polygon for f in solid.faces])
            before = (corners - face.polygon[0]) @ face.normal
            assert (before < 1e-9).all(), f"seed {landmark.seed}: turned inwards"


def test_solids_of_the_building_are_closed(landmarks):
    """The outward areas of a closed surface add up to zero (Gauss)."""
    for landmark in landmarks:
        for solid in landmark.solids[: landmark.n_own]:
            if not isinstance(solid, Polyhedron):
                continue
            areas = []
            for face in solid.faces:
                spokes = face.polygon[1:] - face.polygon[0]
                areas.append(np.cross(spokes[:-1], spokes[1:]).sum(0) / 2)
            np.testing.assert_allclose(np.sum(areas, 0), 0, atol=1e-9)


def test_bounding_boxes_hold_convex_solids(landmarks):
    for landmark in landmarks:
        for solid in polyhedra(landmark):
            assert (solid.hi >= solid.lo).all()
            corners = np.concatenate([face.polygon for face in solid.faces])
            assert (corners >= solid.lo - 1e-9).all()
            assert (corners <= solid.hi + 1e-9).all()


def test_bounding_boxes_hold_curved_solids(landmarks):
    for landmark in landmarks:
        for solid in quadrics(landmark):
            assert (solid.hi >= solid.lo).all()
            # the square of the radius at 101 heights
            a, b, c = solid.shape
            z = np.linspace(0, 1, 101)
            squared = -(a * z * z + b * z + c)
            assert (squared > -1e-9).all()
            reach = np.sqrt(squared.clip(0).max()) * solid.scale[0]
            assert (solid.hi[:2] >= solid.centre[:2] + reach - 1e-6).all()
            assert (solid.lo[:2] <= solid.centre[:2] - reach + 1e-6).all()
            bottom_and_top = solid.centre[2] + np.array([0, solid.scale[2]])
            np.testing.assert_allclose([solid.lo[2], solid.hi[2]], bottom_and_top)


def test_a_landmark_has_the_size_of_a_building_and_stands_on_the_ground(landmarks):
    for landmark in landmarks:
        own = landmark.solids[: landmark.n_own]
        corners = np.concatenate([box_corners(solid.lo, solid.hi) for solid in own])
        np.testing.assert_allclose([landmark.lo, landmark.hi], [corners.min(0), corners.max(0)])
        assert abs(landmark.lo[2]) < 1e-9
        size = landmark.hi - landmark.lo
        assert (size > 3).all(), f"seed {landmark.seed}: {size} metres"
        assert (size < 100).all(), f"seed {landmark.seed}: {size} metres"


def test_the_ground_is_flat_and_wide(landmarks):
    for landmark in landmarks:
        assert landmark.ground >= landmark.n_own
        ground = landmark.solids[landmark.ground]
        for face in ground.faces:
            assert (face.polygon[:, 2] == 0).all()
            assert face.normal[2] == 1
        assert (ground.hi - ground.lo)[:2].min() >= 800


def test_houses_and_trees_keep_clear_of_the_landmark(landmarks):
    for landmark in landmarks:
        for house in landmark.solids[landmark.n_own :]:
            if house is landmark.solids[landmark.ground]:
                continue
            apart = np.maximum(house.lo - landmark.hi, landmark.lo - house.hi)[:2].max()
            assert apart > 0, f"seed {landmark.seed}: a house stands inside the landmark"
        for x, _, height, kind in landmark.trees:
            assert not landmark.lo[0] < x < landmark.hi[0]
            assert height > 0
            assert kind in range(8)


def test_mipmaps_halve_the_atlas(landmarks):
    for landmark in landmarks:
        height, width, channels = landmark.atlas.shape
        assert landmark.atlas.dtype == np.uint8
        assert channels == 4
        for level, mip in enumerate(landmark.mips):
            assert mip.dtype == np.uint8
            enlarged = np.array(mip.shape[:2]) * 2**level
            assert np.abs(enlarged - (height, width)).max() < 2**level


def test_textures_lie_in_the_atlas_without_overlap(landmarks):
    for landmark in landmarks:
        height, width = landmark.atlas.shape[:2]
        owners = np.zeros((height, width), np.uint8)
        for x, y, w, h in landmark.rects.astype(int):
            assert w > 0
            assert h > 0
            assert 0 <= x <= width - w
            assert 0 <= y <= height - h
            owners[y : y + h, x : x + w] += 1
        assert owners.max() == 1
        used = [solid.texture for solid in quadrics(landmark)]
        used += [face.texture for _, face in polygons(landmark)]
        assert min(used) >= 0
        assert max(used) < len(landmark.rects)


def test_windows_glow_and_walls_do_not():
    rng = np.random.default_rng(3)
    style = draw_style(np.random.default_rng(8))
    assert masonry(rng, 5, 5, (0.5, 0.5, 0.5))[..., 3].max() == 0
    wall = facade(rng, style, 20, 15, portal=True, ornament="clock")
    assert wall.shape == (15 * TEXELS_PER_METRE, 20 * TEXELS_PER_METRE, 4)
    assert 0.05 < (wall[..., 3] > 0.3).mean() < 0.8


def test_noise_has_no_seam_zero_mean_and_unit_variance():
    field = noise(64)
    assert abs(field.mean()) < 1e-3
    assert abs(field.std() - 1) < 1e-3
    # where one copy meets the next, the step is like those inside
    inside = np.abs(np.diff(field, axis=0)).mean()
    across = np.abs(field[0] - field[-1]).mean()
    assert across < 2 * inside


def smooth_swatch(rng, side):
    return swatch(rng, side, (0.6, 0.6, 0.6), Stones(0.7, 1.5, 0.1, 0.0))


def roof_tiles(rng, side):
    return tiles(rng, side, (0.6, 0.6, 0.6), 0.7)


@pytest.mark.parametrize("side", [12.8, 25.6])
@pytest.mark.parametrize("paint", [smooth_swatch, roof_tiles])
def test_repeating_textures_have_no_seam(side, paint):
    """Where one copy meets the next, the step is no larger than the steps inside."""
    texture = paint(np.random.default_rng(0), side)[..., 0]
    for axis in (0, 1):
        inside = np.abs(np.diff(texture, axis=axis)).mean(1 - axis)
        across = np.abs(np.take(texture, 0, axis) - np.take(texture, -1, axis)).mean()
        assert across <= 1.1 * inside.max()


def test_some_arches_have_three_passages_and_some_one():
    widths = []
    raised_blocks = []  # boxes that do not stand on the ground
    for seed in range(12):
        rng = np.random.default_rng(seed)
        builder = Builder(rng, draw_style(rng))
        arch(builder, rng)
        boxes = [solid for solid in builder.solids if isinstance(solid, Polyhedron)]
        widths.append(max(box.hi[0] for box in boxes) - min(box.lo[0] for box in boxes))
        raised_blocks.append(sum(box.lo[2] > 0 for box in boxes))
    assert max(widths) > 1.2 * min(widths)
    # the vault of one passage has 13 blocks
    assert min(raised_blocks) < 30
    assert max(raised_blocks) > 39
