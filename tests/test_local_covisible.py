"""What the renderer tells about a pair of photographs agrees with its own geometry."""

import numpy as np
import pytest

from solar.images.warping import project
from solar.local.metrics import pose_error
from solar.world import Camera, Landmark, photograph
from solar.world.covisible import intrinsics, places_in, pose_between

SIZE = (128, 96)


@pytest.fixture(scope="module")
def photos():
    """Two photographs of one landmark from two sides of its front."""
    landmark = Landmark(420_100)
    centre = (landmark.lo + landmark.hi) / 2
    places = np.array([(-6.0, -45.0, 0.0), (5.0, -48.0, 1.0)])
    cameras = [Camera.looking_at(centre + place, centre, 0.8, SIZE) for place in places]
    return [photograph(landmark, camera, clutter=0) for camera in cameras]


def test_places_there_and_back(photos):
    a, b = photos
    points = np.argwhere(a.own)[::37, ::-1].astype(float)
    places, seen = places_in(a, b, points)
    assert 0.3 < seen.mean() <= 1
    back, again = places_in(b, a, places[seen])
    # to the pixel that was left, up to the rounding to pixels on the way
    error = np.linalg.norm(back[again] - points[seen][again], axis=1)
    assert again.mean() > 0.8 and np.median(error) < 1


def test_points_beside_the_landmark_are_not_seen(photos):
    a, b = photos
    outside = np.argwhere(~a.own)[::97, ::-1].astype(float)
    _, seen = places_in(a, b, outside)
    assert len(outside) > 10 and not seen.any()
    assert places_in(a, b, np.zeros((0, 2)))[0].shape == (0, 2)


def test_intrinsics_and_pose_bring_a_point_from_one_image_to_the_other(photos):
    a, b = photos
    points = np.argwhere(a.own)[::53, ::-1].astype(float)
    columns = points[:, 0].astype(int)
    rows = points[:, 1].astype(int)
    in_a = (a.points[rows, columns] - a.camera.position) @ a.camera.rotation.T  # the frame of a
    rotation, translation = pose_between(a.camera, b.camera)
    in_b = in_a @ rotation.T + translation
    rays = project(intrinsics(b.camera), in_b[:, :2] / in_b[:, 2:])
    places, seen = places_in(a, b, points)
    np.testing.assert_allclose(rays[seen], places[seen], atol=1e-2)
    assert pose_error((rotation, translation), rotation, translation) < 1e-4
