"""Patches: exact geometry behind the mini ones, PhotoTour's and HPatches' files, and clear words
for broken ones.
"""

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

TINY = Recipe("patches", 410_000, 2, 2)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write(
        TINY, tmp_path_factory.mktemp("patches") / "tiny", "tiny", workers=1, progress=False
    )


@pytest.fixture(scope="module")
def photos():
    landmark = Landmark(400_000)
    centre = (landmark.lo + landmark.hi) / 2
    places = ((-6.0, 0.0), (5.0, 3.0))
    cameras = [
        Camera.looking_at(centre + (x, -45 - y, 0), centre, 0.8, (384, 288), roll=0.1 * n)
        for n, (x, y) in enumerate(places)
    ]
    return [photograph(landmark, camera, clutter=0) for camera in cameras]


def test_a_grid_lies_on_its_window():
    corner = grids(np.array([[10.0, 20.0, 8.0, np.pi / 2]]))[
        0
    ]  # turned by a quarter: u points down, v to the left
    assert corner.shape == (49, 2)
    np.testing.assert_allclose(corner[0], (14, 16), atol=1e-9)
    np.testing.assert_allclose(corner[-1], (6, 24), atol=1e-9)
    np.testing.assert_allclose(corner[24], (10, 20), atol=1e-9)


def test_a_window_carried_over_lies_where_the_camera_sees_it(photos):
    a, b = photos
    frames = detect_frames(a)
    found, seen, bent = transfer_frames(a, b, frames)
    good = seen & (bent < MAX_BENDING)
    assert good.sum() > 20
    for frame, there in zip(frames[good], found[good]):
        x, y = int(frame[0]), int(frame[1])
        exact, _ = b.camera.project(
            a.points[y, x]
        )  # of the point seen in that pixel: within a pixel of the centre's
        assert np.hypot(*(exact - there[:2])) < 1.5 + 0.04 * there[2]
        step = 4 * np.array(
            [np.cos(frame[3]), np.sin(frame[3])]
        )  # four pixels along the keypoint's direction
        x2, y2 = (frame[:2] + step).astype(int)
        moved = b.camera.project(a.points[y2, x2])[0] - exact
        turned = np.angle(np.exp(1j * (np.arctan2(moved[1], moved[0]) - there[3])))
        assert abs(turned) < 0.8  # whole pixels: coarse, but no sign or axis can be wrong


def test_the_same_photograph_gives_the_same_windows(photos):
    frames = detect_frames(photos[0])
    found, seen, bent = transfer_frames(photos[0], photos[0], frames)
    np.testing.assert_allclose(found[seen][:, :3], frames[seen][:, :3], atol=1e-3)
    assert bent[seen].max() < 1e-3


def test_depth_edges_are_bent(photos):
    """A window whose halves lie at different depths does not move as one piece."""
    a, b = photos
    frames = detect_frames(a)
    _, seen, bent = transfer_frames(a, b, frames)
    columns, rows = np.moveaxis(np.clip(grids(frames), 0, (383.5, 287.5)).astype(int), -1, 0)
    depth = np.where(np.isfinite(a.depth), a.depth, 1e4)[rows, columns]  # (n, 49)
    jump = np.ptp(depth, axis=1) / depth.min(1)
    assert np.median(jump[seen & (bent > 0.08)]) > 2 * np.median(jump[seen & (bent < 0.02)])
    for point in find_points(photos):
        assert len(point) == 2


def test_patches_are_upright_and_centred():
    y, x = np.mgrid[:96, :96] + 0.5
    angle = 0.7
    along = np.cos(angle) * (x - 50) + np.sin(angle) * (
        y - 40
    )  # pixels from (50, 40) along the keypoint's direction
    patch = cut_patch(
        np.clip(128 + 3 * along, 0, 255).astype(np.uint8), np.array([50, 40, 32, angle])
    )
    wanted = 128 + 3 * (np.arange(64) - 31.5) / 2  # 64 patch pixels on 32 picture pixels
    assert np.abs(patch.astype(float) - wanted[None]).max() < 2


def test_files_are_phototours(tiny):
    names = {path.name for path in tiny.iterdir()}
    info = np.loadtxt(tiny / "info.txt", int)
    pairs = next(tiny.glob("m50_*_0.txt"))
    table = np.loadtxt(pairs, int)
    assert pairs.name == f"m50_{len(table)}_{len(table)}_0.txt" and table.shape[1] == 6
    assert {"info.txt", "patches0000.bmp", "complete.json"} < names and "jpg" not in names
    assert (table[:, 1] == info[table[:, 0], 0]).all() and (
        table[:, 4] == info[table[:, 3], 0]
    ).all()
    same = table[:, 1] == table[:, 4]
    assert same.mean() == 0.5 and (table[:, 0] != table[:, 3]).all()
    shown = np.unique(np.stack([info[:, 0], info[:, 1]], 1), axis=0)
    assert len(shown) == len(info)  # a photograph shows a point once
    assert cv2.imread(str(tiny / "patches0000.bmp"), cv2.IMREAD_UNCHANGED).shape == (1024, 1024)


def test_pairs_are_even_and_no_match_comes_twice():
    points = np.repeat(np.arange(30), 3)
    pairs = draw_test_pairs(points, np.random.default_rng(0))
    same = points[pairs[:, 0]] == points[pairs[:, 1]]
    assert len(pairs) == 180 and same.sum() == 90
    assert len(np.unique(np.sort(pairs[same], 1), axis=0)) == 90
    assert len(draw_test_pairs(np.zeros(0, int), np.random.default_rng(0))) == 0


def test_patches_are_read_as_they_were_written(tiny):
    data = load_patches(tiny, size=64)
    sheet = cv2.imread(str(tiny / "patches0000.bmp"), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(
        data.patches[17], sheet[64:128, 64:128]
    )  # number 17: second row, second column
    small = load_patches(tiny)
    assert small.patches.shape == (len(data), 32, 32) and small.patches.dtype == np.uint8
    wanted = data.patches.reshape(-1, 32, 2, 32, 2).mean((2, 4))
    assert np.abs(small.patches - wanted).max() <= 0.5
    assert "pairs" in repr(data) and data.same.mean() == 0.5


def test_the_sheet_can_be_looked_at(tiny, tmp_path):
    assert cv2.imread(str(contact_sheet(tiny, tmp_path / "sheet.png"))).shape == (1024, 1024, 3)


def test_missing_and_broken_patches_are_named(tiny, tmp_path):
    with pytest.raises(
        ValueError, match="unknown patches 'nowhere': expected one of mini-phototour"
    ):
        load_patches("nowhere")
    with pytest.raises(FileNotFoundError, match="solar data phototour-liberty.*liberty.zip"):
        load_patches("liberty", tmp_path)
    folder = tmp_path / "broken"
    folder.mkdir()
    for path in (*tiny.glob("*.bmp"), *tiny.glob("*.txt")):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "info.txt").write_text("1 2\nthree 4\n")
    with pytest.raises(ValueError, match="info.txt: expected 2 whole numbers per line"):
        load_patches(folder)
    (folder / "info.txt").write_text("0 0\n" * 5000)
    with pytest.raises(ValueError, match="hold fewer than the 5000"):
        load_patches(folder)
    (folder / "info.txt").write_text("0 0\n")
    with pytest.raises(ValueError, match="names patches beyond the 1"):
        load_patches(folder)
    (folder / "patches0000.bmp").write_bytes(b"BM")
    with pytest.raises(ValueError, match="patches0000.bmp: expected a sheet"):
        load_patches(folder)


def test_what_a_kill_left_is_taken_up_to_the_same_bytes(tiny, tmp_path):
    folder = tmp_path / "tiny"
    shutil.copytree(tiny, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for path in [folder / "complete.json", *folder.glob("*.bmp"), *folder.glob("*.txt")]:
        path.unlink()
    (folder / "parts" / f"{TINY.first + 1}.json").unlink()  # the second landmark was not finished
    (folder / "parts" / f"{TINY.first + 1}.png").write_bytes(b"cut off")
    write(TINY, folder, "tiny", workers=1, progress=False)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
