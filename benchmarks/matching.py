"""Local descriptors: one sampling call and one batch for all keypoints, against a warp and a pass
for each.

Both ways read the same windows of the same photograph (scikit-learn's china.jpg) and must agree.
Run it as `python benchmarks/matching.py`.
"""

import argparse
import time

import cv2
import numpy as np
import torch
from sklearn.datasets import load_sample_image

from solar import LocalNet
from solar.local.matching import WINDOW, cut_patches, describe_patches, detect, grey
from solar.nets.local_net import PATCH


def warp(picture: np.ndarray, keypoint: np.ndarray) -> np.ndarray:
    """The patch of one keypoint, (32, 32): blur the picture as its size asks for, then warp."""
    x, y, size, angle = keypoint.astype(float)
    step, angle = size * WINDOW / PATCH, np.radians(angle)
    c, s, middle = step * np.cos(angle), step * np.sin(angle), (PATCH - 1) / 2
    there = np.array([[c, -s, x - middle * (c - s)], [s, c, y - middle * (s + c)]])
    picture = cv2.GaussianBlur(picture, (0, 0), 0.5 * step) if step > 1 else picture
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        picture, there, (PATCH, PATCH), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def cut_one_by_one(net, picture, keypoints):
    """A loop of warps."""
    return [warp(picture, keypoint) for keypoint in keypoints]


def describe_one_by_one(net, picture, keypoints):
    """A warp and a pass through the network for each keypoint."""
    with torch.inference_mode():
        patches = (
            torch.from_numpy(warp(picture, keypoint))[None, None].float() for keypoint in keypoints
        )
        return torch.cat([net(patch) for patch in patches]).numpy()


def cut_at_once(net, picture, keypoints):
    """One sampling call."""
    return cut_patches(picture, keypoints)


def describe_at_once(net, picture, keypoints):
    """One sampling call, and batches through the network."""
    return describe_patches(net, cut_patches(picture, keypoints))


def seconds(way, net, picture, keypoints, repeats: int) -> float:
    """Shortest time of `way`: what other programs take away is left out."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        way(net, picture, keypoints)
        times.append(time.perf_counter() - start)
    return min(times[1:])  # the first run warms up


def main() -> None:
    """Print patches a second both ways and their ratio, for each network."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--keypoints", type=int, default=1000, help="of the photograph (%(default)s)"
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=5,
        help="timed runs of each, the shortest counts (%(default)s)",
    )
    options = parser.parse_args()
    torch.manual_seed(0)
    picture = grey(load_sample_image("china.jpg"))
    keypoints = detect(picture, count=options.keypoints)
    print(
        f"{len(keypoints)} keypoints, {torch.get_num_threads()} threads, torch {torch.__version__}; patches a second"
    )
    cases = [("patches alone", None, cut_one_by_one, cut_at_once)] + [
        (
            f"{name}, width {width}",
            LocalNet(soa, width).eval(),
            describe_one_by_one,
            describe_at_once,
        )
        for width in (16, 32)
        for name, soa in (("SOSNet", ""), ("SOLAR-local", "345"))
    ]
    for name, net, slow, fast in cases:
        one, all_ = (seconds(way, net, picture, keypoints, options.repeats) for way in (slow, fast))
        n = len(keypoints)
        print(
            f"{name:22} one by one {n / one:8.0f}   at once {n / all_:8.0f}   {one / all_:5.1f}x",
            flush=True,
        )


if __name__ == "__main__":
    main()
