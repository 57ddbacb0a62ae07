"""Local descriptors: all keypoints at once, against one by one.

At once is one sampling call and batches through the network; one by one is a warp and a pass for
each keypoint. Both ways read the same windows of the same image (scikit-learn's china.jpg). They
run in turn, on one thread; the best run of each counts. The ratio of processor seconds changes less
than that of the clock when the machine is busy. Run it as `python benchmarks/matching.py`.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

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


@dataclass
class Best:
    """The shortest times of one way, in seconds.

    Attributes:
        clock: of a clock on the wall.
        processor: of the processor, in this program alone.
    """

    clock: float = float("inf")
    processor: float = float("inf")

    def time(self, way: Callable, net, image: np.ndarray, keypoints: np.ndarray) -> None:
        """Run `way` once more, and keep its times if they are shorter."""
        clock = time.perf_counter()
        processor = time.process_time()
        way(net, image, keypoints)
        self.processor = min(self.processor, time.process_time() - processor)
        self.clock = min(self.clock, time.perf_counter() - clock)


def compare(
    slow: Callable, fast: Callable, net, image: np.ndarray, keypoints: np.ndarray, repeats: int
) -> tuple[Best, Best]:
    """Time two ways in turn, so that both meet what other programs do."""
    for way in (slow, fast):
        way(net, image, keypoints[:50])  # the first run warms up
    slow_best = Best()
    fast_best = Best()
    for _ in range(repeats):
        slow_best.time(slow, net, image, keypoints)
        fast_best.time(fast, net, image, keypoints)
    return slow_best, fast_best


def main() -> None:
    """Print patches per second both ways and their ratio, for each network."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--keypoints", type=int, default=500, help="largest number of keypoints (%(default)s)"
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=3,
        help="timed runs of each way; the shortest counts (%(default)s)",
    )
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    image = grey(load_sample_image("china.jpg"))
    keypoints = detect(image, count=options.keypoints)
    print(
        f"{len(keypoints)} keypoints, one thread, torch {torch.__version__}; "
        "patches per second of the processor, and both ratios"
    )

    # name, network, and the two ways
    cases = [("patches alone", None, cut_one_by_one, cut_at_once)]
    for width in WIDTHS:
        for name, soa in (("SOSNet", ""), ("SOLAR-local", "345")):
            net = LocalNet(soa, width).eval()
            cases.append((f"{name}, width {width}", net, describe_one_by_one, describe_at_once))

    for name, net, slow, fast in cases:
        one, all_ = compare(slow, fast, net, image, keypoints, options.repeats)
        print(
            f"{name:22} one by one {len(keypoints) / one.processor:8.0f}   "
            f"at once {len(keypoints) / all_.processor:8.0f}   "
            f"processor {one.processor / all_.processor:5.1f}x   "
            f"clock {one.clock / all_.clock:5.1f}x",
            flush=True,
        )


if __name__ == "__main__":
    main()
