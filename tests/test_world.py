"""The mini world: geometry is exact, bytes are the seed's, a kill loses nothing, formats are the
published ones.
"""

import csv
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from solar.files import load_pickle
from solar.world import (
    DATASETS,
    Camera,
    Landmark,
    Recipe,
    box_of,
    choose_view,
    correspondences,
    photograph,
    records,
    shared,
    write,
)
from solar.world.camera import Sun
from solar.world.visibility import box_corners, intersect_quadric, see

TINY = Recipe("benchmark", 200_000, 2, 3, queries=1, others=1, other_views=2)


@pytest.fixture(scope="module")
def landmark():
    return Landmark(200_003)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write(TINY, tmp_path_factory.mktemp("world") / "tiny", "tiny", workers=1, progress=False)


def view(landmark, seed=0, size=(256, 192), **options):
    return choose_view(landmark, np.random.default_rng(seed), size, **options)


def digest(folder: Path) -> dict:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_camera_projects_what_its_rays_meet():
    camera = Camera.looking_at((3, -40, 1.7), (0, 0, 8), 0.9, (256, 192), roll=0.1)
    u, v = np.array([10.0, 128.0, 250.0]), np.array([3.0, 96.0, 180.0])
    origin, direction = camera.rays(u, v)
    pixels, depth = camera.project(origin + 17.0 * direction.T)
    np.testing.assert_allclose(pixels, np.stack([u, v], 1), atol=1e-9)
    np.testing.assert_allclose(depth, 17.0)


@pytest.mark.parametrize(
    "camera",
    [
        Camera.looking_at((5, -30, 2), (0, 0, 6), 0.8, (64, 48)),
        Sun.above(np.array([-9, -9, 0]), np.array([9, 9, 20]), -1.2, 0.8, 64),
    ],
)
def test_nearness_of_a_plane_is_affine_and_right(camera):
    normal, point = np.array([0.0, -0.8, 0.6]), np.array([0.0, 1.0, 3.0])
    a, b, c = camera.nearness(normal, normal @ point)
    u, v = np.array([11.0, 40.0]), np.array([20.0, 30.0])
    origin, direction = camera.rays(u, v)
    depth = (normal @ point - normal @ origin) / (normal @ direction)
    np.testing.assert_allclose(camera.depth_from(a * u + b * v + c), depth, rtol=1e-9)


def test_visibility_agrees_with_a_naive_ray_caster(landmark):
    camera = view(landmark, 1)
    seen = see(camera, landmark.solids)
    wrong = 0
    for row in range(8, 192, 16):
        for column in range(8, 256, 16):
            origin, direction = camera.rays(np.array(column + 0.5), np.array(row + 0.5))
            best = (np.inf, -1)
            for index, solid in enumerate(landmark.solids):
                if hasattr(solid, "shape"):
                    depth = float(intersect_quadric(solid, origin, direction))
                    best = min(best, (depth, index))
                    continue
                for face in solid.faces:
                    along = direction @ face.normal
                    depth = (
                        ((face.polygon[0] - origin) @ face.normal) / along if along < 0 else np.inf
                    )
                    point = (
                        origin + depth * direction if np.isfinite(depth) and depth > 0.3 else None
                    )
                    if point is None:
                        continue
                    edges = np.roll(face.polygon, -1, 0) - face.polygon
                    if (np.cross(edges, point - face.polygon) @ face.normal >= -1e-9).all():
                        best = min(best, (depth, index))
            wrong += (
                best[1] != seen.solid[row, column]
                if np.isfinite(best[0])
                else seen.solid[row, column] != -1
            )
    assert wrong <= 3  # of 192 rays: pixels on an edge may fall to either side


def test_photograph_is_the_seeds(landmark):
    camera = view(landmark)
    first, again = (photograph(landmark, camera, "day", 5).image for _ in range(2))
    assert (first == again).all()
    assert (photograph(landmark, camera, "day", 6).image != first).any()


def test_night_is_darker_and_fog_is_paler(landmark):
    camera = view(landmark)
    day, night, fog = (
        photograph(landmark, camera, w, clutter=0).image.astype(float)
        for w in ("day", "night", "fog")
    )
    assert night.mean() < 0.6 * day.mean()
    assert fog.std() < day.std()


def test_box_holds_the_landmark(landmark):
    photo = photograph(landmark, view(landmark, freedom=0.0), clutter=0)
    x0, y0, x1, y1 = (int(b) for b in box_of(photo))
    assert photo.own[y0:y1, x0:x1].sum() == photo.own.sum() > 0
    pixels, _ = photo.camera.project(box_corners(landmark.lo, landmark.hi))
    assert x0 >= pixels[:, 0].min() - 2 and x1 <= pixels[:, 0].max() + 2


def test_correspondences_are_exact(landmark):
    a = photograph(landmark, view(landmark, 1, freedom=0.2), clutter=0)
    b = photograph(landmark, view(landmark, 2, freedom=0.2), clutter=0)
    rows, columns = np.nonzero(a.own)
    pixels, visible = correspondences(a, b, rows, columns)
    assert visible.mean() > 0.3
    x, y = np.floor(pixels[visible]).astype(int).T
    distance = np.linalg.norm(b.points[y, x] - a.points[rows[visible], columns[visible]], axis=1)
    assert np.median(distance) < 0.3  # metres; a pixel covers about 0.1 m


def test_labels_follow_the_rule(landmark):
    camera = view(landmark, freedom=0.0)
    query = photograph(landmark, camera, clutter=0)
    same = shared(query, photograph(landmark, camera, "overcast", clutter=0))
    assert (
        same.overlap > 0.95
        and same.angle < 1
        and abs(same.zoom - 1) < 0.05
        and same.label == "easy"
    )
    assert shared(query, photograph(landmark, camera, "night", clutter=0)).label == "hard"
    away = Camera.looking_at(camera.position, camera.position * 2 - landmark.lo, 0.8, (256, 192))
    assert shared(query, photograph(landmark, away, clutter=0)).label == "junk"


def test_benchmark_has_the_published_structure(tiny):
    gnd = load_pickle(tiny / "gnd_tiny.pkl")
    assert set(gnd) == {"gnd", "imlist", "qimlist"}
    assert len(gnd["imlist"]) == 2 * 3 + 2 and len(gnd["qimlist"]) == len(gnd["gnd"]) == 2
    for number, truth in enumerate(gnd["gnd"]):
        assert set(truth) == {"bbx", "easy", "hard", "junk"}
        assert sorted(truth["easy"] + truth["hard"] + truth["junk"]) == [
            3 * number + i for i in range(3)
        ]
        x0, y0, x1, y1 = truth["bbx"]
        assert 0 <= x0 < x1 <= 384 and 0 <= y0 < y1 <= 288
    for name, size in [(gnd["imlist"][0], (192, 256, 3)), (gnd["qimlist"][0], (288, 384, 3))]:
        assert cv2.imread(str(tiny / "jpg" / f"{name}.jpg")).shape == size


def test_training_set_has_gl18_files(tmp_path):
    folder = write(Recipe("train", 0, 8, 2), tmp_path / "g", "g", workers=1, progress=False)
    tables = [
        list(csv.DictReader((folder / f).open()))
        for f in ("train.csv", "boxes_split1.csv", "boxes_split2.csv")
    ]
    assert [len(t) for t in tables] == [16, 14, 2]
    assert list(tables[0][0]) == ["id", "url", "landmark_id"] and list(tables[1][0]) == [
        "id",
        "box",
    ]
    learn, choose = ({r["id"] for r in t} for t in tables[1:])
    by_image = {r["id"]: r["landmark_id"] for r in tables[0]}
    assert not {by_image[i] for i in learn} & {by_image[i] for i in choose}
    assert all(0 <= float(x) <= 1 for row in tables[1] for x in row["box"].split())


def test_bytes_do_not_depend_on_workers(tiny, tmp_path):
    again = write(TINY, tmp_path / "again", "tiny", workers=2, progress=False)
    assert digest(again) == digest(tiny)


def test_a_kill_is_resumed(tiny, tmp_path):
    folder = tmp_path / "killed"
    code = f"from solar.world import *; write({TINY!r}, __import__('pathlib').Path({str(folder)!r}), 'tiny', 1, False)"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[1])
    deadline = time.monotonic() + 60
    while not list(folder.glob("parts/*.json")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert not (folder / "complete.json").exists()
    first = next(folder.glob("parts/*.json")).stat().st_mtime_ns
    write(TINY, folder, "tiny", workers=1, progress=False)
    assert (
        next(
            p.stat().st_mtime_ns
            for p in folder.glob("parts/*.json")
            if p.stat().st_mtime_ns == first
        )
        == first
    )
    kept = {name: hashed for name, hashed in digest(folder).items() if not name.endswith(".tmp")}
    assert kept.items() >= digest(tiny).items()
    assert len(records(folder)) == 3


def test_landmarks_of_splits_are_disjoint():
    def seeds(name):
        r = DATASETS[name]
        return {r.first + i for i in range(r.landmarks)} | {
            r.first + 50_000 + i for i in range(r.others)
        }

    names = [name for name in DATASETS if name != "mini-gl18"]
    everything = [seed for name in names for seed in seeds(name)]
    assert len(everything) == len(set(everything))
    assert seeds("mini-gl18") <= seeds("mini-gl18-large")
