"""Patches right to a fraction of a pixel, matches against loops, geometry against the truth."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from solar import GlobalNet, LocalNet
from solar.local import keypoints as keypoints_module
from solar.local.geometry import fundamental_of_cameras
from solar.local.matching import (
    BATCH,
    WINDOW,
    cut_patches,
    describe_keypoints,
    describe_patches,
    detect,
    detect_and_describe,
    grey,
    match,
    match_images,
    pyramid,
    root_sift,
    verify_geometry,
)

NOTHING = np.zeros((0, 4), np.float32)


@pytest.fixture(scope="module")
def china():
    return cv2.resize(load_sample_image("china.jpg"), (320, 214), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return LocalNet("", 4).eval()


def smooth(x, y):
    """An image that is known between its pixels too."""
    return 120 + 50 * np.sin(x / 9) * np.cos(y / 13) + 0.2 * x - 0.1 * y


@pytest.fixture(scope="module")
def waves():
    y, x = np.mgrid[:160, :200]
    return smooth(x, y).round().astype(np.uint8)


def places(keypoint, side):
    """Where each pixel of a patch lies, (side, side) x and y, by the definition."""
    x, y, size, degrees = keypoint
    step = size * WINDOW / side
    v, u = np.mgrid[:side, :side] - (side - 1) / 2
    c = np.cos(np.radians(degrees)) * step
    s = np.sin(np.radians(degrees)) * step
    return x + c * u - s * v, y + s * u + c * v


@pytest.mark.parametrize(
    "keypoint", [(100.3, 80.6, 4, 0), (90, 70, 5.3, 33), (105.5, 75.25, 5.5, 250), (98, 82, 9, 120)]
)
def test_patches_are_right_between_pixels(waves, keypoint):
    patch = cut_patches(waves, np.array([keypoint]))[0, 0].numpy()
    x, y = places(keypoint, 32)
    blur = 0.0 if keypoint[2] < 8 else 1.5  # levels above the first are blurred a little
    assert np.abs(patch - smooth(x, y)).max() < 1.5 + blur


def test_patches_are_those_of_a_loop_of_warps(china):
    keypoints = detect(china, count=300)
    keypoints = keypoints[keypoints[:, 2] * WINDOW / 32 < 1.4]  # read from the first level
    inside = (np.abs(keypoints[:, :2] - (160, 107)) < (120, 70)).all(1)
    patches = cut_patches(china, keypoints[inside])[:, 0].numpy()
    assert len(patches) > 20
    for (x, y, size, degrees), patch in zip(keypoints[inside].astype(float), patches):
        step = size * WINDOW / 32
        c = step * np.cos(np.radians(degrees))
        s = step * np.sin(np.radians(degrees))
        there = np.array([[c, -s, x - 15.5 * (c - s)], [s, c, y - 15.5 * (s + c)]])
        one = cv2.warpAffine(
            grey(china).astype(np.float32),
            there,
            (32, 32),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        assert np.abs(one - patch).max() < 5  # OpenCV rounds places to 1/32 pixel


def test_levels_of_the_pyramid_are_where_they_should_be(waves):
    sheet, levels = pyramid(waves)
    y, x = np.mgrid[4:30, 4:40]
    top, height, width = levels[2]
    assert (height, width) == (40, 50)
    level = sheet[top : top + height, :width]
    assert np.abs(level[4:30, 4:40] - smooth(4 * x, 4 * y)).max() < 8  # blurred, not shifted
    assert len(levels) == len(set(map(tuple, levels)))


def test_patches_cut_at_once_are_those_cut_one_by_one(china):
    keypoints = detect(china, count=50)
    together = cut_patches(china, keypoints)
    apart = torch.cat([cut_patches(china, row[None]) for row in keypoints])
    assert torch.allclose(together, apart, atol=1e-3)


def test_borders_and_beyond_repeat_the_last_pixels():
    image = np.full((40, 60), 7, np.uint8)
    image[20:] = 90
    odd = np.array(
        [
            (0, 0, 4, 0),
            (59, 39, 30, 45),
            (-500, 5, 4, 0),
            (30, 5000, 4, 0),
            (30, 19.5, 500, 0),
            (30, 20, 1e-3, 0),
        ]
    )
    patches = cut_patches(image, odd)
    assert torch.isfinite(patches).all()
    assert patches.min() >= 7 - 1e-3
    assert patches.max() <= 90 + 1e-3
    assert (patches[2] == 7).all()
    assert (patches[3] - 90).abs().max() < 1e-3


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (17, 5), (32, 32)])
def test_tiny_images_have_patches_and_no_keypoints(shape, net):
    image = np.full(shape, 50, np.uint8)
    assert cut_patches(image, np.array([(0, 0, 8, 10)])).shape == (1, 1, 32, 32)
    assert len(detect_and_describe(net, image)) == 0


def test_no_keypoints_give_empty_results(net, china):
    blank = np.full((64, 64, 3), 200, np.uint8)
    for detector in ("sift", "orb"):
        assert detect(blank, detector).shape == (0, 4)
    assert cut_patches(china, NOTHING).shape == (0, 1, 32, 32)
    assert describe_keypoints(net, china, NOTHING).shape == (0, 128)
    assert describe_keypoints("sift", china, NOTHING).shape == (0, 128)
    matching = match_images(net, blank, china)
    assert matching.matches.shape == (0, 2)
    assert matching.geometry.matrix is None
    assert len(matching.points[0]) == 0


@pytest.mark.parametrize(
    "keypoints, words",
    [
        (np.zeros((2, 3)), r"expected \(N, 4\)"),
        (np.array([(1, 1, 0, 0)]), "sizes above zero"),
        (np.array([(1, np.nan, 2, 0)]), "finite"),
    ],
)
def test_impossible_keypoints_are_refused(china, keypoints, words):
    with pytest.raises(ValueError, match=words):
        cut_patches(china, keypoints)


def test_impossible_images_and_options_are_refused(china, net, tmp_path):
    for array in (np.zeros((0, 5), np.uint8), np.zeros((4, 4, 2), np.uint8), np.full((4, 4), -2.0)):
        with pytest.raises(ValueError, match=r"^array \w+ \(.*expected"):
            grey(array)
    with pytest.raises(TypeError, match="an image of type list"):
        grey([1])
    with pytest.raises(FileNotFoundError, match="no such image"):
        detect(tmp_path / "none.jpg")
    with pytest.raises(ValueError, match="expected 'sift', 'orb' or 'brisk'"):
        detect(china, "surf")
    with pytest.raises(ValueError, match="one keypoint or more"):
        detect(china, count=0)
    with pytest.raises(ValueError, match="a local network or 'sift'"):
        describe_keypoints("surf", china, NOTHING)
    with pytest.raises(ValueError, match="ratio=2"):
        match(np.eye(3), np.eye(3), 2)
    with pytest.raises(ValueError, match="rows of one length"):
        match(np.eye(3), np.eye(4))
    with pytest.raises(ValueError, match="model='plane'"):
        verify_geometry(np.zeros((4, 2)), np.zeros((4, 2)), "plane")
    with pytest.raises(ValueError, match="twice"):
        verify_geometry(np.zeros((4, 2)), np.zeros((5, 2)))


def test_detectors_give_as_many_as_asked_the_strongest_first(china):
    for detector in ("sift", "orb"):
        assert 30 <= len(detect(china, detector, 40)) <= 40  # ORB spreads them over its levels
    few, many = detect(china, count=20), detect(china, count=200)
    assert {tuple(row) for row in few} < {tuple(row) for row in many}


def test_sift_at_given_keypoints_is_opencvs_own(china):
    points, histograms = cv2.SIFT_create().detectAndCompute(grey(china), None)
    keypoints = np.array([(*k.pt, k.size, k.angle) for k in points])
    close = np.abs(describe_keypoints("sift", china, keypoints) - root_sift(histograms)).max(1)
    assert (close < 1e-3).mean() > 0.98  # a size between two layers may be rounded to the other one


def test_patches_in_any_grey_range(net):
    patches = torch.rand(BATCH + 3, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 255
    rows = describe_patches(net, patches)
    assert rows.shape == (BATCH + 3, 128)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, describe_patches(net, patches[:, 0] / 255), atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(rows[BATCH:], describe_patches(net, patches[BATCH:]), atol=1e-5)


def unit(n, dim, seed):
    rows = np.random.default_rng(seed).normal(size=(n, dim))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("ratio, mutual", [(0.9, True), (0.9, False), (None, True), (None, False)])
def test_matches_are_those_of_a_loop(ratio, mutual):
    a = unit(40, 4, 0)
    b = unit(30, 4, 1)
    distance = np.linalg.norm(a[:, None] - b[None], axis=2)
    expected = []
    for i in range(40):
        order = np.argsort(distance[i])
        if ratio is not None and not distance[i, order[0]] < ratio * distance[i, order[1]]:
            continue
        if mutual and distance[:, order[0]].argmin() != i:
            continue
        expected.append((i, order[0]))
    assert match(a, b, ratio, mutual).tolist() == [list(pair) for pair in expected]


def test_matches_in_pieces_are_the_same():
    a = torch.from_numpy(unit(5000, 8, 5000))
    b = torch.from_numpy(unit(50, 8, 50))
    best = (a @ b.T).argmax(0).numpy()
    expected = [[i, j] for j, i in enumerate(best) if (a[i] @ b.T).argmax() == j]
    assert sorted(match(a, b, None).tolist()) == sorted(expected)


def test_few_descriptors_match_too():
    assert match(np.eye(3), np.eye(3)[:1]).tolist() == [[0, 0]]
    assert match(np.eye(3), np.zeros((0, 3))).shape == (0, 2)
    assert match(np.zeros((0, 3)), np.eye(3)).shape == (0, 2)


def test_geometry_is_found_among_wrong_matches():
    rng = np.random.default_rng(0)
    homography = np.array([[1.1, 0.05, 12], [-0.04, 0.95, -7], [1e-4, -5e-5, 1]])
    a = rng.uniform(0, 400, (120, 2))
    moved = np.column_stack([a, np.ones(120)]) @ homography.T
    b = moved[:, :2] / moved[:, 2:] + rng.normal(0, 0.3, (120, 2))
    b[:50] = rng.uniform(0, 400, (50, 2))
    geometry = verify_geometry(a, b)
    assert geometry.inliers[50:].mean() > 0.95
    assert geometry.inliers[:50].mean() < 0.1
    matrix = geometry.matrix / geometry.matrix[2, 2]
    np.testing.assert_allclose(matrix, homography, atol=1e-2, rtol=0.05)
    again = verify_geometry(a, b)  # the same at every call
    np.testing.assert_array_equal(again.inliers, geometry.inliers)


@pytest.mark.parametrize("model, few", [("homography", 3), ("fundamental", 7)])
def test_too_few_or_coinciding_points_agree_on_nothing(model, few):
    for a in (
        np.random.default_rng(0).uniform(0, 9, (few, 2)),
        np.zeros((20, 2)),
        np.zeros((0, 2)),
    ):
        geometry = verify_geometry(a, a, model)
        assert len(geometry.inliers) == len(a)
        assert geometry.matrix is None or geometry.matrix.shape == (3, 3)
        if len(a) <= few:
            assert geometry.matrix is None
            assert not geometry.inliers.any()


def test_an_image_matches_itself(china, net):
    matching = match_images(net, china, china, count=200)
    assert (matching.matches[:, 0] == matching.matches[:, 1]).mean() > 0.95
    assert len(matching.matches) > 100
    assert matching.geometry.inliers.mean() > 0.95


# ---- images of strangers: depth, orientation, sizes that OpenCV cannot work on


@pytest.mark.parametrize("kind", ["uint16", "float32", "float64", "int32"])
def test_images_with_more_bits_give_the_grey_values_of_eight(waves, tmp_path, kind):
    eight = waves.astype(np.float64) / 255
    deep = eight.astype(kind) if kind.startswith("float") else (eight * 65535).astype(kind)
    difference = grey(deep).astype(int) - waves
    assert np.abs(difference).max() <= 1
    if kind == "uint16":  # as files have it
        Image.fromarray(deep).save(tmp_path / "deep.png")
        np.testing.assert_array_equal(grey(tmp_path / "deep.png"), grey(deep))


def test_masks_and_tensors_are_images(waves):
    mask = waves > 120
    np.testing.assert_array_equal(grey(mask), mask * 255)
    np.testing.assert_array_equal(grey(torch.from_numpy(waves)), waves)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_upright(china, tmp_path, orientation):
    # the stored pixels of each orientation: what must be turned back to be seen upright
    back = {
        1: lambda p: p,
        2: np.fliplr,
        3: lambda p: np.rot90(p, 2),
        4: np.flipud,
        5: lambda p: p.transpose(1, 0, 2),
        6: np.rot90,
        7: lambda p: np.rot90(p, 2).transpose(1, 0, 2),
        8: lambda p: np.rot90(p, 3),
    }
    tag = Image.Exif()
    tag[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(back[orientation](china)))
    stored.save(tmp_path / "phone.png", exif=tag)
    np.testing.assert_array_equal(grey(tmp_path / "phone.png"), grey(china))
    with Image.open(tmp_path / "phone.png") as image:
        np.testing.assert_array_equal(grey(image), grey(china))


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1)])
def test_images_that_opencv_refuses_are_named(tmp_path, size):
    path = tmp_path / "line.png"
    Image.new("L", size, 90).save(path)
    words = f"line.png: OpenCV cannot work on this image of {size[0]} x {size[1]} pixels: "
    with pytest.raises(ValueError, match=words) as caught:
        detect_and_describe("sift", path, "orb")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("step", ["detect", "compute", "pyrDown"])
def test_opencv_without_memory_is_told_in_one_line(china, net, tmp_path, monkeypatch, step):
    def out_of_memory(*_):
        error = cv2.error("OpenCV(5.0.0) alloc.cpp:73: error: (-4:Insufficient memory)\n")
        error.code = cv2.Error.StsNoMem
        raise error

    class Sift:
        detect = out_of_memory if step == "detect" else cv2.SIFT.create().detect
        compute = out_of_memory

    if step == "pyrDown":
        monkeypatch.setattr(cv2, "pyrDown", out_of_memory)
    else:
        monkeypatch.setattr(keypoints_module.cv2.SIFT, "create", lambda **_: Sift())
    Image.fromarray(china).save(tmp_path / "large.png")
    with pytest.raises(ValueError, match=r"large\.png: .* more memory than there is") as caught:
        detect_and_describe(net if step == "pyrDown" else "sift", tmp_path / "large.png", count=20)
    assert "alloc.cpp" not in str(caught.value)


def test_a_global_network_is_refused_where_patches_are_described(china):
    net = GlobalNet("mini")
    for describe in (
        lambda: describe_patches(net, torch.rand(1, 32, 32)),
        lambda: describe_keypoints(net, china, NOTHING),
        lambda: match_images(net, china, china),
    ):
        with pytest.raises(ValueError, match="a global network, which describes whole images"):
            describe()


def test_points_of_the_world_lie_on_the_epipolar_lines_of_their_cameras():
    rng = np.random.default_rng(3)
    inner_a = np.array([[300.0, 0, 160], [0, 310, 120], [0, 0, 1]])
    inner_b = np.array([[280.0, 0, 150], [0, 280, 130], [0, 0, 1]])
    rotation = cv2.Rodrigues(np.array([0.1, -0.3, 0.05]))[0]
    translation = np.array([0.8, 0.1, 0.2])
    points = rng.uniform([-1, -1, 4], [1, 1, 9], (20, 3))  # in the frame of camera a
    a = points @ inner_a.T
    b = (points @ rotation.T + translation) @ inner_b.T
    a /= a[:, 2:]
    b /= b[:, 2:]
    lines = a @ fundamental_of_cameras(inner_a, inner_b, rotation, translation).T
    off = (lines * b).sum(1) / np.hypot(lines[:, 0], lines[:, 1])
    assert np.abs(off).max() < 1e-9
    # the way back is the transposed matrix
    back = b @ fundamental_of_cameras(inner_a, inner_b, rotation, translation)
    assert np.abs((back * a).sum(1)).max() < 1e-9


class Blobs:
    """A detector that gives keypoints of two strengths, as OpenCV's do."""

    def detect(self, pixels, mask):
        strong = cv2.KeyPoint(20, 30, 13.5, 45, 0.9)
        return [cv2.KeyPoint(5, 6, 27, 90, 0.1), strong]


def test_brisk_keypoints_have_windows_as_opencv_takes_them(china, monkeypatch):
    monkeypatch.setattr(cv2, "BRISK_create", Blobs, raising=False)
    # the strongest first; 5 sizes of BRISK are 6.75 sizes of SIFT
    assert detect(china, "brisk", 1).tolist() == [[20, 30, 10, 45]]


def test_an_opencv_without_brisk_says_which_one_has_it(china, monkeypatch):
    monkeypatch.delattr(cv2, "BRISK_create", raising=False)
    monkeypatch.setattr(cv2, "xfeatures2d", None, raising=False)
    with pytest.raises(ModuleNotFoundError, match="opencv-contrib-python"):
        detect(china, "brisk")
