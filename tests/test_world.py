"""The mini world: exact geometry, bytes that depend on the seed alone, published formats."""

import csv
import hashlib
import multiprocessing
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
    writing,
)
from solar.world.camera import NEAR, Sun
from solar.world.jobs import jobs
from solar.world.solids import Quadric
from solar.world.visibility import box_corners, intersect_quadric, see

TINY = Recipe("benchmark", 200_000, 2, 3, queries=1, others=1, other_views=2)
SIZE = (256, 192)  # width and height of an image
WRITE_TINY = """
import sys
from pathlib import Path
from solar.world import Recipe, write
write({recipe!r}, Path(sys.argv[1]), "tiny", 1, False)
"""


@pytest.fixture(scope="module")
def landmark():
    return Landmark(200_003)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write(TINY, tmp_path_factory.mktemp("world") / "tiny", "tiny", workers=1, progress=False)


def view(landmark, seed=0, freedom=1.0):
    return choose_view(landmark, np.random.default_rng(seed), SIZE, freedom)


def digest(folder: Path) -> dict[str, str]:
    """{path: hash} of all files in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_a_camera_projects_the_points_on_its_rays_to_their_pixels():
    camera = Camera.looking_at((3, -40, 1.7), (0, 0, 8), 0.9, SIZE, roll=0.1)
    u = np.array([10.0, 128.0, 250.0])
    v = np.array([3.0, 96.0, 180.0])
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
def test_the_nearness_of_a_plane_gives_the_depth_of_every_ray(camera):
    normal = np.array([0.0, -0.8, 0.6])
    point = np.array([0.0, 1.0, 3.0])
    a, b, c = camera.nearness(normal, normal @ point)
    u = np.array([11.0, 40.0])
    v = np.array([20.0, 30.0])
    origin, direction = camera.rays(u, v)
    depth = (normal @ point - normal @ origin) / (normal @ direction)
    np.testing.assert_allclose(camera.depth_from(a * u + b * v + c), depth, rtol=1e-9)


def depth_of_face(face, origin, direction) -> float:
    """Depth at which one ray meets the front of a face; inf if it misses."""
    along = direction @ face.normal
    if along >= 0:
        return np.inf
    depth = ((face.polygon[0] - origin) @ face.normal) / along
    if depth <= NEAR:
        return np.inf
    # inside: to the left of every edge
    point = origin + depth * direction
    edges = np.roll(face.polygon, -1, 0) - face.polygon
    inside = np.cross(edges, point - face.polygon) @ face.normal >= -1e-9
    return depth if inside.all() else np.inf


def cast_ray(solids, origin, direction) -> int:
    """Number of the solid that one ray meets first, -1 for none: solid by solid, face by face."""
    nearest = np.inf
    number = -1
    for index, solid in enumerate(solids):
        if isinstance(solid, Quadric):
            depths = [float(intersect_quadric(solid, origin, direction))]
        else:
            depths = [depth_of_face(face, origin, direction) for face in solid.faces]
        if min(depths) < nearest:
            nearest = min(depths)
            number = index
    return number


def test_visibility_agrees_with_a_naive_ray_caster(landmark):
    camera = view(landmark, 1)
    seen = see(camera, landmark.solids)
    wrong = 0
    for row in range(8, 192, 16):
        for column in range(8, 256, 16):
            origin, direction = camera.rays(np.array(column + 0.5), np.array(row + 0.5))
            wrong += cast_ray(landmark.solids, origin, direction) != seen.solid[row, column]
    assert wrong <= 3  # of 192 rays: pixels on an edge may fall to either side


def test_a_photograph_depends_on_its_seed_alone(landmark):
    camera = view(landmark)
    first = photograph(landmark, camera, "day", 5).image
    again = photograph(landmark, camera, "day", 5).image
    other = photograph(landmark, camera, "day", 6).image
    assert (first == again).all()
    assert (first != other).any()


def test_night_is_darker_and_fog_has_less_contrast_than_day(landmark):
    camera = view(landmark)
    day = photograph(landmark, camera, "day", clutter=0).image.astype(float)
    night = photograph(landmark, camera, "night", clutter=0).image.astype(float)
    fog = photograph(landmark, camera, "fog", clutter=0).image.astype(float)
    assert night.mean() < 0.6 * day.mean()
    assert fog.std() < day.std()


def test_a_box_holds_the_landmark(landmark):
    photo = photograph(landmark, view(landmark, freedom=0.0), clutter=0)
    x0, y0, x1, y1 = np.array(box_of(photo)).astype(int)
    assert photo.own.sum() > 0
    assert photo.own[y0:y1, x0:x1].sum() == photo.own.sum()
    # and is no larger than the landmark's bounding box
    pixels, _ = photo.camera.project(box_corners(landmark.lo, landmark.hi))
    assert x0 >= pixels[:, 0].min() - 2
    assert x1 <= pixels[:, 0].max() + 2


def test_corresponding_pixels_show_the_same_point(landmark):
    a = photograph(landmark, view(landmark, 1, freedom=0.2), clutter=0)
    b = photograph(landmark, view(landmark, 2, freedom=0.2), clutter=0)
    rows, columns = np.nonzero(a.own)
    pixels, visible = correspondences(a, b, rows, columns)
    assert visible.mean() > 0.3
    x, y = np.floor(pixels[visible]).astype(int).T
    distance = np.linalg.norm(b.points[y, x] - a.points[rows[visible], columns[visible]], axis=1)
    assert np.median(distance) < 0.3  # metres; a pixel covers about 0.1 m


def test_the_same_view_by_day_is_easy(landmark):
    camera = view(landmark, freedom=0.0)
    query = photograph(landmark, camera, clutter=0)
    same = shared(query, photograph(landmark, camera, "overcast", clutter=0))
    assert same.overlap > 0.95
    assert same.angle < 1
    assert abs(same.zoom - 1) < 0.05
    assert same.label == "easy"


def test_the_same_view_at_night_is_hard(landmark):
    camera = view(landmark, freedom=0.0)
    query = photograph(landmark, camera, clutter=0)
    assert shared(query, photograph(landmark, camera, "night", clutter=0)).label == "hard"


def test_an_image_that_looks_away_is_junk(landmark):
    camera = view(landmark, freedom=0.0)
    query = photograph(landmark, camera, clutter=0)
    away = Camera.looking_at(camera.position, camera.position * 2 - landmark.lo, 0.8, SIZE)
    assert shared(query, photograph(landmark, away, clutter=0)).label == "junk"


def test_a_benchmark_has_the_published_structure(tiny):
    gnd = load_pickle(tiny / "gnd_tiny.pkl")
    assert set(gnd) == {"gnd", "imlist", "qimlist"}
    assert len(gnd["imlist"]) == 2 * 3 + 2
    assert len(gnd["qimlist"]) == 2
    assert len(gnd["gnd"]) == 2
    for number, truth in enumerate(gnd["gnd"]):
        assert set(truth) == {"bbx", "easy", "hard", "junk"}
        # each image of the landmark has one label
        own_images = [3 * number, 3 * number + 1, 3 * number + 2]
        assert sorted(truth["easy"] + truth["hard"] + truth["junk"]) == own_images
        x0, y0, x1, y1 = truth["bbx"]
        assert 0 <= x0 < x1 <= 384
        assert 0 <= y0 < y1 <= 288
    for name, size in [(gnd["imlist"][0], (192, 256, 3)), (gnd["qimlist"][0], (288, 384, 3))]:
        assert cv2.imread(str(tiny / "jpg" / f"{name}.jpg")).shape == size


def read_table(path: Path) -> list[dict]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_training_set_has_the_files_of_gl18(tmp_path):
    recipe = Recipe("train", 0, 8, 2)
    folder = write(recipe, tmp_path / "g", "g", workers=1, progress=False)
    images = read_table(folder / "train.csv")
    train_boxes = read_table(folder / "boxes_split1.csv")
    validation_boxes = read_table(folder / "boxes_split2.csv")
    assert list(images[0]) == ["id", "url", "landmark_id"]
    assert list(train_boxes[0]) == ["id", "box"]
    # the eighth landmark is held out
    assert (len(images), len(train_boxes), len(validation_boxes)) == (16, 14, 2)
    landmark_of = {row["id"]: row["landmark_id"] for row in images}
    train_landmarks = {landmark_of[row["id"]] for row in train_boxes}
    validation_landmarks = {landmark_of[row["id"]] for row in validation_boxes}
    assert not train_landmarks & validation_landmarks
    # boxes are shares of the image
    for row in train_boxes:
        assert all(0 <= float(number) <= 1 for number in row["box"].split())


@pytest.mark.processes
def test_bytes_do_not_depend_on_workers(tiny, tmp_path):
    again = write(TINY, tmp_path / "again", "tiny", workers=2, progress=False)
    assert digest(again) == digest(tiny)


@pytest.mark.processes
def test_a_kill_is_resumed(tiny, tmp_path):
    # kill a process that writes a dataset when its first landmark is complete
    folder = tmp_path / "killed"
    code = WRITE_TINY.format(recipe=TINY)
    root = Path(__file__).parents[1]
    child = subprocess.Popen([sys.executable, "-c", code, str(folder)], cwd=root)
    deadline = time.monotonic() + 60
    while not list(folder.glob("parts/*.json")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert not (folder / "complete.json").exists()
    first = next(folder.glob("parts/*.json"))
    written = first.stat().st_mtime_ns
    # go on: what was complete is not written again, and the bytes are those of an unbroken run
    write(TINY, folder, "tiny", workers=1, progress=False)
    assert first.stat().st_mtime_ns == written
    hashes = {name: hashed for name, hashed in digest(folder).items() if not name.endswith(".tmp")}
    assert hashes.items() >= digest(tiny).items()
    assert len(records(folder)) == 3


def seeds_of(name: str) -> list[int]:
    return [job.seed for job in jobs(DATASETS[name])]


def test_two_datasets_never_share_a_landmark():
    # mini-gl18-large alone begins with the landmarks of mini-gl18; the four benchmarks of crowds
    # show the same landmarks
    again = ("mini-gl18", "mini-crowd-1", "mini-crowd-2", "mini-crowd-4")
    # photographs are no landmarks
    names = [
        name
        for name, recipe in DATASETS.items()
        if name not in again and recipe.kind != "photographs"
    ]
    everything = [seed for name in names for seed in seeds_of(name)]
    assert len(everything) == len(set(everything))
    assert set(seeds_of("mini-gl18")) <= set(seeds_of("mini-gl18-large"))


@pytest.mark.processes
def test_a_worker_that_is_killed_ends_the_work(monkeypatch):
    """A pool alone would wait for it for ever."""
    monkeypatch.setattr(writing, "PATIENCE", 0.2)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        crew = writing._living()
        results = pool.imap(os._exit, [1])  # the task ends its process, as the kernel does
        with pytest.raises(ChildProcessError, match=r"was killed .* continues from here"):
            writing._next_result(results, crew)
