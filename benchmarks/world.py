"""Milliseconds of processor time a photograph at three sizes, and a landmark's making.

python benchmarks/world.py
"""

import time

import cv2
import numpy as np

from solar.world import Landmark, choose_view, photograph

SIZES, LANDMARKS, WEATHERS = (
    ((160, 120), (256, 192), (320, 240)),
    8,
    ("day", "evening", "overcast", "night"),
)


def main() -> None:
    """Print one line a size."""
    cv2.setNumThreads(1)
    photograph(
        landmark := Landmark(0), choose_view(landmark, np.random.default_rng(0), SIZES[0])
    )  # warm caches
    start = time.process_time()
    landmarks = [Landmark(seed) for seed in range(1, LANDMARKS + 1)]
    print(f"a landmark        {(time.process_time() - start) / LANDMARKS * 1000:6.1f} ms")
    for size in SIZES:
        start = time.process_time()
        for landmark in landmarks:
            for view, weather in enumerate(WEATHERS):
                camera = choose_view(landmark, np.random.default_rng([landmark.seed, view]), size)
                photograph(landmark, camera, weather, view)
        each = (time.process_time() - start) / LANDMARKS / len(WEATHERS)
        print(f"a photograph {size[0]} x {size[1]}  {each * 1000:6.1f} ms")


if __name__ == "__main__":
    main()
