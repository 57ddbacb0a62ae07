"""From an image to local features: find keypoints and describe their windows.

A keypoint is a row (x, y, size, angle), explained in `solar.local.patches`.

Book: chapters 11 (a local descriptor) and 12 (matching two photographs).
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ..images import name_of
from ..nets.checkpoints import check_local
from ..nets.fuse import folded, last_as_product
from ..nets.local_net import LocalNet
from .patches import ImageLike, OpenCVError, cut_patches, grey, opencv

CUT = 4096  # patches cut out at a time
BATCH = 128  # patches described at a time: their feature maps fit a processor's cache
DETECTORS = ("sift", "orb", "brisk")


def detect(image: ImageLike, detector: str = "sift", count: int = 2000) -> np.ndarray:
    """Find the strongest keypoints of an image.

    Args:
        image: as in `grey`.
        detector: 'sift' (Lowe, 2004), 'orb' (Rublee et al., 2011) or 'brisk' (Leutenegger et al.,
            2011), which only some versions of OpenCV have.
        count: the largest number of keypoints.

    Returns:
        (N, 4) float32 rows x, y, size, angle, the strongest first; (0, 4) where there is nothing.

    Raises:
        ValueError: unknown detector, or `count` below one.
        ModuleNotFoundError: BRISK, and this OpenCV has none; the message says which one has.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((64, 64), np.uint8)
        >>> detect(image).shape  # nothing to see
        (0, 4)
    """
    if detector not in DETECTORS or count < 1:
        raise ValueError(
            f"detector={detector!r}, count={count}: "
            "expected 'sift', 'orb' or 'brisk', and one keypoint or more"
        )
    finder, scale = _finder(detector, count)

    # the strongest first; SIFT returns more than it was asked for where some tie
    pixels = grey(image)  # (H, W)
    with opencv(pixels):
        points = finder.detect(pixels, None)
    points = sorted(points, key=lambda point: (-point.response, point.pt, point.angle))[:count]

    # x, y, size, angle
    rows = [(*point.pt, point.size * scale, point.angle) for point in points]
    return np.array(rows, np.float32).reshape(-1, 4)


def _finder(detector: str, count: int) -> tuple[cv2.Feature2D, float]:
    """Return OpenCV's detector, and the factor that makes its sizes SIFT's sizes."""
    if detector == "sift":
        return cv2.SIFT.create(nfeatures=count), 1.0
    # ORB gives the size of its whole window, which is about four times SIFT's size
    if detector == "orb":
        return cv2.ORB.create(nfeatures=count), 0.25

    # BRISK has moved between OpenCV's modules; for the same window OpenCV's own descriptors of
    # patches take 5 of its sizes where they take 6.75 of SIFT's
    for module in (cv2, getattr(cv2, "xfeatures2d", None)):
        create = getattr(module, "BRISK_create", None)
        if create is not None:
            return create(), 5 / 6.75
    raise ModuleNotFoundError(
        f"OpenCV {cv2.__version__} has no BRISK; one that has: pip install opencv-contrib-python",
        name="cv2.xfeatures2d",
    )


# ---- descriptors ----


@torch.inference_mode()
def describe_patches(net: LocalNet, patches: torch.Tensor | np.ndarray) -> np.ndarray:
    """Describe patches by a local network, on the device where it is.

    Args:
        net: a `LocalNet`.
        patches: (N, 1, 32, 32) or (N, 32, 32) grey values, in 0..255 or 0..1 alike.

    Returns:
        (N, D) float32, rows of unit length.

    Raises:
        ValueError: `net` is a global network, which describes whole images.

    Example:
        >>> import torch
        >>> from solar import LocalNet
        >>> describe_patches(LocalNet("", width=4), torch.rand(3, 32, 32)).shape
        (3, 128)
    """
    check_local(net)

    # one grey channel
    patches = torch.as_tensor(patches)
    if patches.ndim == 3:
        patches = patches[:, None]  # (N, 32, 32) -> (N, 1, 32, 32)
    # a faster copy of the network, where the network is
    device = next(net.parameters()).device
    fast = last_as_product(folded(net))

    # batch by batch; the empty start makes no patches give (0, D)
    descriptors = [torch.zeros(0, net.dim)]
    for start in range(0, len(patches), BATCH):
        batch = patches[start : start + BATCH].to(device).float()
        descriptors.append(fast(batch).float().cpu())  # (B, 1, 32, 32) -> (B, D)
    return torch.cat(descriptors).numpy()


def describe_keypoints(net: LocalNet | str, image: ImageLike, keypoints: np.ndarray) -> np.ndarray:
    """Describe the windows of an image's keypoints.

    Args:
        net: a `LocalNet`, or 'sift' for RootSIFT on the same windows.
        image: as in `grey`.
        keypoints: (N, 4) rows x, y, size, angle.

    Returns:
        (N, D) float32, rows of unit length.

    Raises:
        ValueError: `net` is another word or a global network, or as in `cut_patches`.

    Example:
        >>> import numpy as np
        >>> image = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
        >>> describe_keypoints("sift", image, np.array([[30.0, 20.0, 4.0, 90.0]])).shape
        (1, 128)
    """
    check_local(net)

    # RootSIFT reads the image itself
    if isinstance(net, str):
        if net != "sift":
            raise ValueError(f"descriptor {net!r}: expected a local network or 'sift'")
        return _describe_by_sift(grey(image), keypoints)

    # a network reads patches; those of many thousand keypoints are never held all at once
    descriptors = [np.zeros((0, net.dim), np.float32)]
    for start in range(0, len(keypoints), CUT):
        patches = cut_patches(image, keypoints[start : start + CUT])
        descriptors.append(describe_patches(net, patches))
    return np.concatenate(descriptors)


def root_sift(histograms: np.ndarray) -> np.ndarray:
    """Turn SIFT's histograms into RootSIFT (Arandjelovic and Zisserman, 2012).

    The root of the shares: Euclidean distance then compares the histograms by Hellinger's kernel.

    Args:
        histograms: (N, 128), not negative.

    Returns:
        (N, 128) float32, rows of unit length; a zero row stays zero.
    """
    histograms = np.asarray(histograms, np.float32).reshape(-1, 128)
    sums = np.maximum(histograms.sum(1, keepdims=True), 1e-9)  # (N, 1)
    return np.sqrt(histograms / sums)  # the squares of a row add up to one


def _describe_by_sift(image: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """Return RootSIFT (N, 128) at keypoints (N, 4) of grey values (H, W)."""
    points = []
    for number, (x, y, size, angle) in enumerate(np.asarray(keypoints, float)):
        # OpenCV wants to know the level of SIFT's pyramid: size = 3.2 x 2^(octave + layer / 3),
        # with layer one of 1, 2, 3; octave and layer are packed into one number
        step = round(3 * np.log2(size / 3.2))  # 3 octave + layer
        layer = (step - 1) % 3 + 1
        octave = max((step - layer) // 3, -1)
        packed = octave & 255 | layer << 8
        points.append(cv2.KeyPoint(x, y, size, angle, 0, packed, number))

    # OpenCV leaves keypoints out that it cannot describe: their rows stay zero
    descriptors = np.zeros((len(points), 128), np.float32)
    if points:
        with opencv(image):
            described, histograms = cv2.SIFT.create().compute(image, points)
        if described:
            numbers = [point.class_id for point in described]
            descriptors[numbers] = root_sift(histograms)
    return descriptors


@dataclass(frozen=True)
class LocalFeatures:
    """The local features of one image.

    Attributes:
        keypoints: (N, 4) rows x, y, size, angle.
        descriptors: (N, D), rows of unit length.
    """

    keypoints: np.ndarray
    descriptors: np.ndarray

    def __len__(self) -> int:
        return len(self.keypoints)


def detect_and_describe(
    net: LocalNet | str, image: ImageLike, detector: str = "sift", count: int = 2000
) -> LocalFeatures:
    """Find the keypoints of an image and describe them.

    Args:
        net: as in `describe_keypoints`.
        image: as in `grey`.
        detector: 'sift' or 'orb'.
        count: the largest number of keypoints.

    Raises:
        FileNotFoundError: no such file.
        ValueError: as in `grey`, `detect` and `describe_keypoints`, or OpenCV cannot work on this
            image; the message names it.
    """
    check_local(net)

    # decode once, then detect and describe on the same grey values
    pixels = grey(image)  # (H, W)
    try:
        keypoints = detect(pixels, detector, count)  # (N, 4)
        descriptors = describe_keypoints(net, pixels, keypoints)  # (N, D)
    except OpenCVError as error:
        raise OpenCVError(f"{name_of(image)}: {error}") from error
    return LocalFeatures(keypoints, descriptors)
