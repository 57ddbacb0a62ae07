"""Local descriptors: all keypoints at once, against one by one.

At once is one sampling call and batches through the network; one by one is a warp and a pass for
each keypoint. Both ways read the same windows of the same image (scikit-learn's china.jpg). Run it
as `python benchmarks/matching.py`.
"""

import argparse
import time
from collections.abc import Callable

import cv2
import numpy as np
import torch
from sklearn.datasets import load_sample_image

from solar import LocalNet
from solar.local.keypoints import describe_patches, detect
from solar.local.patches import WINDOW, cut_patches, grey
from solar.nets.local_net import PATCH

WIDTHS = (16, 32)  # channels of the first layer


def warp(image: np.ndarray, keypoint: np.ndarray) -> np.ndarray:
    """Cut out the patch of one keypoint, (32, 32): blur as its size asks for, then warp."""
    x, y, size, degrees = keypoint.astype(float)
    step = size * WINDOW / PATCH  # pixels of the image per pixel of the patch
    if step > 1:
        image = cv2.GaussianBlur(image, (0, 0), 0.5 * step)

    # the affine map from the patch to the image: turned and scaled about the keypoint
    angle = np.radians(degrees)
    cosine = step * np.cos(angle)
    sine = step * np.sin(angle)
    middle = (PATCH - 1) / 2
    to_image = np.array(
        [
            [cosine, -sine, x - middle * (cosine - sine)],
            [sine, cosine, y - middle * (sine + cosine)],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        image, to_image, (PATCH, PATCH), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def cut_one_by_one(net, image: np.ndarray, keypoints: np.ndarray) -> list[np.ndarray]:
    """Cut patches out by a loop of warps."""
    return [warp(image, keypoint) for keypoint in keypoints]


def describe_one_by_one(net: LocalNet, image: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """Describe by a warp and a pass through the network for each keypoint."""
    descriptors = []
    with torch.inference_mode():
        for keypoint in keypoints:
            patch = torch.from_numpy(warp(image, keypoint))[None, None].float()  # (1, 1, 32, 32)
            descriptors.append(net(patch))
        return torch.cat(descriptors).numpy()


def cut_at_once(net, image: np.ndarray, keypoints: np.ndarray) -> torch.Tensor:
    """Cut patches out by one sampling call."""
    return cut_patches(image, keypoints)


def describe_at_once(net: LocalNet, image: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """Describe by one sampling call, and batches through the network."""
    return describe_patches(net, cut_patches(image, keypoints))


def seconds(way: Callable, net, image: np.ndarray, keypoints: np.ndarray, repeats: int) -> float:
    """Return the shortest time of `way`, so that what other programs take is left out."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        way(net, image, keypoints)
        times.append(time.perf_counter() - start)
    return min(times[1:])  # the first run warms up


def main() -> None:
    """Print patches per second both ways and their ratio, for each network."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--keypoints", type=int, default=1000, help="largest number of keypoints (%(default)s)"
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=5,
        help="timed runs of each way; the shortest counts (%(default)s)",
    )
    options = parser.parse_args()
    torch.manual_seed(0)
    image = grey(load_sample_image("china.jpg"))
    keypoints = detect(image, count=options.keypoints)
    print(
        f"{len(keypoints)} keypoints, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}; patches per second"
    )

    # name, network, and the two ways
    cases = [("patches alone", None, cut_one_by_one, cut_at_once)]
    for width in WIDTHS:
        for name, soa in (("SOSNet", ""), ("SOLAR-local", "345")):
            net = LocalNet(soa, width).eval()
            cases.append((f"{name}, width {width}", net, describe_one_by_one, describe_at_once))

    for name, net, slow, fast in cases:
        slow_rate = len(keypoints) / seconds(slow, net, image, keypoints, options.repeats)
        fast_rate = len(keypoints) / seconds(fast, net, image, keypoints, options.repeats)
        print(
            f"{name:22} one by one {slow_rate:8.0f}   at once {fast_rate:8.0f}   "
            f"{fast_rate / slow_rate:5.1f}x",
            flush=True,
        )


if __name__ == "__main__":
    main()
