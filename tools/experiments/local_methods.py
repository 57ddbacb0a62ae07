"""Methods that match two images, by their names; the seconds of processor time that each takes.

Several methods share features ('aliked+mnn' and 'aliked+lightglue' have those of ALIKED), and all
warps of a photograph are matched with the photograph itself. Features are therefore kept.
"""

import hashlib
import time
from dataclasses import dataclass

import numpy as np
import torch

from solar import LocalNet
from solar.local.keypoints import LocalFeatures, describe_keypoints, detect
from solar.local.matching import match
from solar.local.peers import extract_features, match_features, peer_name
from solar.nets import load_local


@dataclass(frozen=True)
class Found:
    """What a method found on two images.

    Attributes:
        a: (N, 4) keypoints of the first image.
        b: (N', 4) keypoints of the second.
        matches: (M, 2) numbers of keypoints, in `a` and in `b`.
        seconds: of processor time, for the features of both and for the matches.
    """

    a: np.ndarray
    b: np.ndarray
    matches: np.ndarray
    seconds: float


class Features:
    """The features of images, of one kind; each image is worked on once.

    Args:
        name: 'sift', 'untrained', a local network by name or weights file (all on SIFT keypoints),
            or a peer, whose features stand before the plus.
        count: keypoints of an image, at most.
    """

    def __init__(self, name: str, count: int):
        self.name = name
        self.count = count
        self.kept: dict[str, tuple[LocalFeatures, float]] = {}
        self.net: LocalNet | str = "sift"
        if name == "untrained":
            torch.manual_seed(0)
            self.net = LocalNet("", width=16).eval()
        elif name != "sift" and not peer_name(name):
            self.net = load_local(name)

        # the first image costs more than the others: a network is loaded, memory is asked for
        blank = np.random.default_rng(0).integers(0, 255, (128, 128, 3)).astype(np.uint8)
        self.find(blank)

    def __call__(self, image: np.ndarray) -> tuple[LocalFeatures, float]:
        """Return the features of an image (H, W, 3) uint8, and seconds of processor time."""
        digest = hashlib.sha256(image.tobytes()).hexdigest()
        if digest not in self.kept:
            start = time.process_time()
            features = self.find(image)
            self.kept[digest] = (features, time.process_time() - start)
        return self.kept[digest]

    def find(self, image: np.ndarray) -> LocalFeatures:
        """Find and describe keypoints."""
        if peer_name(self.name):
            return extract_features(self.name, image, self.count)
        keypoints = detect(image, count=self.count)
        return LocalFeatures(keypoints, describe_keypoints(self.net, image, keypoints))


class Method:
    """A method that matches two images.

    Args:
        name: of a method, as in `Features`.
        features: of its kind.
    """

    def __init__(self, name: str, features: Features):
        self.name = name
        self.features = features

    def __call__(self, a: np.ndarray, b: np.ndarray) -> Found:
        """Match two images (H, W, 3) uint8."""
        first, first_seconds = self.features(a)
        second, second_seconds = self.features(b)
        start = time.process_time()
        if peer_name(self.name):
            matches = match_features(self.name, first, second)
        else:
            matches = match(first.descriptors, second.descriptors, ratio=None)
        seconds = first_seconds + second_seconds + time.process_time() - start
        return Found(first.keypoints, second.keypoints, matches, seconds)


class Methods:
    """Methods by name; those with the same features share them.

    Args:
        count: keypoints of an image, at most.
    """

    def __init__(self, count: int):
        self.count = count
        self.features: dict[str, Features] = {}

    def __call__(self, name: str) -> Method:
        """Return a method."""
        full = peer_name(name)
        kind = full.split("+")[0] + "+" if full else name
        if kind not in self.features:
            self.features[kind] = Features(name, self.count)
        return Method(name, self.features[kind])
