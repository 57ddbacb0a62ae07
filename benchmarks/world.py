"""Measure the processor time per landmark, and per photograph at three sizes, in milliseconds.

python benchmarks/world.py
"""

import time

import cv2
import numpy as np

from solar.world import Landmark, choose_view, photograph

SIZES = ((160, 120), (256, 192), (320, 240))  # width and height in pixels
LANDMARKS = 8
WEATHERS = ("day", "evening", "overcast", "night")


def warm_up() -> None:
    """Fill the caches of noise, clouds and sprites, so that they are not measured."""
    landmark = Landmark(0)
    photograph(landmark, choose_view(landmark, np.random.default_rng(0), SIZES[0]))


def main() -> None:
    """Print one line for landmarks, then one per size."""
    cv2.setNumThreads(1)
    warm_up()
    # time per landmark
    start = time.process_time()
    landmarks = [Landmark(seed) for seed in range(1, LANDMARKS + 1)]
    seconds = (time.process_time() - start) / LANDMARKS
    print(f"a landmark        {seconds * 1000:6.1f} ms")
    # time per photograph: every landmark in every weather
    for size in SIZES:
        start = time.process_time()
        for landmark in landmarks:
            for view, weather in enumerate(WEATHERS):
                camera = choose_view(landmark, np.random.default_rng([landmark.seed, view]), size)
                photograph(landmark, camera, weather, view)
        seconds = (time.process_time() - start) / LANDMARKS / len(WEATHERS)
        print(f"a photograph {size[0]} x {size[1]}  {seconds * 1000:6.1f} ms")


if __name__ == "__main__":
    main()
