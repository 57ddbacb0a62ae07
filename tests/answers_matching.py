"""Answers to the checks of chapter 12: matches, windows, homographies."""

import numpy as np
from checking import Exercise

from solar.local.matching import WINDOW, match
from solar.local.metrics import project


def other_way(a, b, ratio):
    swapped = match(b, a, ratio)[:, ::-1]
    return swapped[np.argsort(swapped[:, 0])]


def window(x, y, size, angle, half=WINDOW / 2, sign=1, radians=np.radians):
    u, v = (np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * size * half).T
    c = np.cos(sign * radians(angle))
    s = np.sin(sign * radians(angle))
    return np.stack([x + c * u - s * v, y + s * u + c * v], 1)


def not_divided(homography, points):
    return (np.column_stack([points, np.ones(len(points))]) @ homography.T)[:, :2]


EXERCISES = {
    "matches": Exercise(
        right=[match],
        start=lambda a, b, ratio: np.stack([np.arange(len(a)), (a @ b.T).argmax(1)], 1),
        told="These are all nearest neighbours: now the two tests.",
        wrong=[
            ("ratio test is missing", lambda a, b, ratio: match(a, b, None)),
            ("mutual check is missing", lambda a, b, ratio: match(a, b, ratio, False)),
            ("all nearest", lambda a, b, ratio: match(a, b, None, False)),
            ("squared", lambda a, b, ratio: match(a, b, ratio**0.5)),
            ("wrong picture", other_way),
            ("shape", lambda a, b, ratio: match(a, b, ratio).T),
            ("Nearest below", lambda a, b, ratio: match(a, b, ratio)[:1]),
        ],
    ),
    "corners": Exercise(
        right=[window],
        start=lambda x, y, size, angle: window(x, y, size, 0),
        told="It is not turned.",
        wrong=[
            ("degrees", lambda *keypoint: window(*keypoint, radians=float)),
            ("other way", lambda *keypoint: window(*keypoint, sign=-1)),
            ("not turned", lambda *keypoint: window(*keypoint, sign=0)),
            ("Twice", lambda *keypoint: window(*keypoint, half=WINDOW)),
            ("WINDOW times", lambda *keypoint: window(*keypoint, half=0.5)),
            ("shape", lambda *keypoint: window(*keypoint)[:3]),
            ("Scale a square", lambda *keypoint: np.zeros((4, 2))),
        ],
    ),
    "project": Exercise(
        right=[project],
        start=not_divided,
        told="The division by the third coordinate is missing.",
        wrong=[
            ("third coordinate is missing", not_divided),
            ("transposed", lambda homography, points: project(homography.T, points)),
            ("way back", lambda homography, points: project(np.linalg.inv(homography), points)),
            ("shape", lambda homography, points: project(homography, points).T),
            ("Append 1", lambda homography, points: points),
        ],
    ),
}
