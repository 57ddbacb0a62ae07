"""Patches: exact geometry behind the mini ones, PhotoTour's files, and errors for broken files."""

import shutil

import cv2
import numpy as np
import pytest

from solar.datasets import load_patches
from solar.world import Camera, Landmark, Recipe, contact_sheet, photograph, write
from solar.world.patches import (
    MAX_BENDING,
    cut_patch,
    detect_frames,
    find_points,
    grids,
    transfer_frames,
)
from solar.world.phototour import draw_test_pairs
from solar.world.recipes import DATASETS

TINY = Recipe("patches", 410_000, 2, 2)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("patches") / "tiny"
    return write(TINY, folder, "tiny", workers=1, progress=False)


@pytest.fixture(scope="module")
def photos():
    """Two photographs of one landmark, about 11 metres apart."""
    landmark = Landmark(400_000)
    centre = (landmark.lo + landmark.hi) / 2
    places = np.array([(-6.0, -45.0, 0.0), (5.0, -48.0, 0.0)])
    return [
        photograph(
            landmark,
            Camera.looking_at(centre + place, centre, 0.8, (384, 288), roll=0.1 * n),
            clutter=0,
        )
        for n, place in enumerate(places)
    ]


def test_a_grid_lies_on_its_window():
    # a window of side 8 around (10, 20), turned by a quarter: u points down, v to the left
    grid = grids(np.array([[10.0, 20.0, 8.0, np.pi / 2]]))[0]
    assert grid.shape == (49, 2)
    np.testing.assert_allclose(grid[0], (14, 16), atol=1e-9)
    np.testing.assert_allclose(grid[-1], (6, 24), atol=1e-9)
    np.testing.assert_allclose(grid[24], (10, 20), atol=1e-9)


def test_a_transferred_window_lies_where_the_camera_sees_it(photos):
    a, b = photos
    frames = detect_frames(a)
    transferred, seen, bending = transfer_frames(a, b, frames)
    good = seen & (bending < MAX_BENDING)
    assert good.sum() > 20
    for frame, there in zip(frames[good], transferred[good]):
        # where `b` shows the point in the window's middle pixel
        x, y = frame[:2].astype(int)
        exact, _ = b.camera.project(a.points[y, x])
        assert np.linalg.norm(exact - there[:2]) < 1.5 + 0.04 * there[2]
        # the point four pixels along the keypoint's direction lies along the transferred direction;
        # whole pixels are coarse, but no sign or axis can be wrong
        step = 4 * np.array([np.cos(frame[3]), np.sin(frame[3])])
        x, y = (frame[:2] + step).astype(int)
        moved = b.camera.project(a.points[y, x])[0] - exact
        turned = np.arctan2(moved[1], moved[0]) - there[3]
        assert abs(np.angle(np.exp(1j * turned))) < 0.8


def test_a_window_transferred_to_its_own_photograph_stays_as_it_is(photos):
    frames = detect_frames(photos[0])
    transferred, seen, bending = transfer_frames(photos[0], photos[0], frames)
    np.testing.assert_allclose(transferred[seen][:, :3], frames[seen][:, :3], atol=1e-3)
    assert bending[seen].max() < 1e-3


def test_windows_across_a_depth_edge_bend_more_than_others(photos):
    """A window whose halves lie at different depths does not move as one piece."""
    a, b = photos
    frames = detect_frames(a)
    _, seen, bending = transfer_frames(a, b, frames)
    columns, rows = np.moveaxis(np.clip(grids(frames), 0, (383.5, 287.5)).astype(int), -1, 0)
    depth = np.where(np.isfinite(a.depth), a.depth, 1e4)[rows, columns]  # (n, 49)
    jump = np.ptp(depth, axis=1) / depth.min(1)
    bent = seen & (bending > 0.08)
    flat = seen & (bending < 0.02)
    assert np.median(jump[bent]) > 2 * np.median(jump[flat])


def test_every_point_is_seen_in_both_photographs(photos):
    for point in find_points(photos):
        assert len(point) == 2


def test_patches_are_upright_and_centred():
    # brightness grows along the keypoint's direction, from (50, 40)
    y, x = np.mgrid[:96, :96] + 0.5
    angle = 0.7
    along = np.cos(angle) * (x - 50) + np.sin(angle) * (y - 40)
    image = np.clip(128 + 3 * along, 0, 255).astype(np.uint8)
    patch = cut_patch(image, np.array([50, 40, 32, angle]))
    # 64 pixels of the patch on 32 pixels of the image: brightness grows along its rows
    expected = 128 + 3 * (np.arange(64) - 31.5) / 2
    assert np.abs(patch.astype(float) - expected[None]).max() < 2


def test_a_set_of_patches_has_the_files_of_phototour(tiny):
    names = {path.name for path in tiny.iterdir()}
    assert {"info.txt", "patches0000.bmp", "complete.json"} < names
    assert "jpg" not in names
    sheet = cv2.imread(str(tiny / "patches0000.bmp"), cv2.IMREAD_UNCHANGED)
    assert sheet.shape == (1024, 1024)
    # a photograph shows a point once
    info = np.loadtxt(tiny / "info.txt", int)
    assert len(np.unique(info, axis=0)) == len(info)


def test_the_file_of_test_pairs_agrees_with_the_points(tiny):
    info = np.loadtxt(tiny / "info.txt", int)
    path = next(tiny.glob("m50_*_0.txt"))
    table = np.loadtxt(path, int)
    assert path.name == f"m50_{len(table)}_{len(table)}_0.txt"
    assert table.shape[1] == 6
    # patch, point, 0, patch, point, 0
    assert (table[:, 1] == info[table[:, 0], 0]).all()
    assert (table[:, 4] == info[table[:, 3], 0]).all()
    assert (table[:, 0] != table[:, 3]).all()
    # half of the pairs match
    assert (table[:, 1] == table[:, 4]).mean() == 0.5


def test_half_of_the_pairs_match_and_no_match_comes_twice():
    points = np.repeat(np.arange(30), 3)
    pairs = draw_test_pairs(points, np.random.default_rng(0))
    same = points[pairs[:, 0]] == points[pairs[:, 1]]
    assert len(pairs) == 180
    assert same.sum() == 90
    assert len(np.unique(np.sort(pairs[same], 1), axis=0)) == 90


def test_no_patches_make_no_pairs():
    assert len(draw_test_pairs(np.zeros(0, int), np.random.default_rng(0))) == 0


def test_patches_are_read_as_they_were_written(tiny):
    data = load_patches(tiny, size=64)
    sheet = cv2.imread(str(tiny / "patches0000.bmp"), cv2.IMREAD_GRAYSCALE)
    # 16 patches in a row: number 17 is the second of the second row
    np.testing.assert_array_equal(data.patches[17], sheet[64:128, 64:128])
    assert data.same.mean() == 0.5
    assert "pairs" in repr(data)


def test_patches_are_shrunk_each_by_itself(tiny):
    full = load_patches(tiny, size=64).patches
    small = load_patches(tiny).patches
    assert small.shape == (len(full), 32, 32)
    assert small.dtype == np.uint8
    means = full.reshape(-1, 32, 2, 32, 2).mean((2, 4))
    assert np.abs(small - means).max() <= 0.5


def test_the_contact_sheet_of_a_set_of_patches_is_its_first_sheet(tiny, tmp_path):
    sheet = cv2.imread(str(contact_sheet(tiny, tmp_path / "sheet.png")))
    assert (sheet == cv2.imread(str(tiny / "patches0000.bmp"))).all()


def test_missing_patches_say_what_is_known_and_how_to_get_them(tmp_path):
    words = "unknown patches 'nowhere': expected one of mini-phototour"
    with pytest.raises(ValueError, match=words):
        load_patches("nowhere")
    with pytest.raises(FileNotFoundError, match=r"solar data phototour-liberty.*liberty\.zip"):
        load_patches("liberty", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"info\.txt: not there; it is no folder"):
        load_patches(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("info.txt", b"1 2\nthree 4\n", r"info\.txt: expected 2 whole numbers per line"),
        ("info.txt", b"0 0\n" * 5000, "hold fewer than the 5000"),
        ("info.txt", b"0 0\n", "names patches beyond the 1"),
        ("patches0000.bmp", b"BM", r"patches0000\.bmp: expected a sheet"),
    ],
)
def test_broken_files_of_patches_are_named(tiny, tmp_path, file, content, words):
    for path in (*tiny.glob("*.bmp"), *tiny.glob("*.txt")):
        shutil.copy(path, tmp_path)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ValueError, match=words):
        load_patches(tmp_path)


def files_in(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_interrupted_writing_is_resumed_with_the_same_bytes(tiny, tmp_path):
    folder = tmp_path / "tiny"
    shutil.copytree(tiny, folder)
    before = files_in(folder)
    # as after a kill: no index files, the second landmark has half a file and no record
    for path in [folder / "complete.json", *folder.glob("*.bmp"), *folder.glob("*.txt")]:
        path.unlink()
    (folder / "parts" / f"{TINY.first + 1}.json").unlink()
    (folder / "parts" / f"{TINY.first + 1}.png").write_bytes(b"cut off")
    write(TINY, folder, "tiny", workers=1, progress=False)
    assert files_in(folder) == before


def test_joined_sets_keep_their_points_apart(monkeypatch, tmp_path):
    recipes = {
        "mini-phototour": Recipe("patches", 410_000, 1, 2),
        "mini-photographs": Recipe("photographs", 9, 1, 1),
    }
    for name, recipe in recipes.items():
        monkeypatch.setitem(DATASETS, name, recipe)
    parts = [load_patches(name, tmp_path) for name in recipes]
    both = load_patches("mini-phototour+mini-photographs", tmp_path)
    assert both.name == "mini-phototour+mini-photographs"
    np.testing.assert_array_equal(both.patches, np.concatenate([p.patches for p in parts]))
    # a pair still shows what it showed: two patches of one point, or of two
    np.testing.assert_array_equal(both.same, np.ptp(both.points[both.pairs], axis=1) == 0)
    assert len(np.unique(both.points)) == sum(len(np.unique(p.points)) for p in parts)
    assert len(np.unique(both.photographs)) == 2 + 2


def test_a_plus_is_a_name_of_its_own_unless_all_parts_are_known(tmp_path):
    with pytest.raises(ValueError, match=r"unknown patches 'liberty\+stonehenge'"):
        load_patches("liberty+stonehenge", tmp_path)
