"""Answers to the checks of chapter 12: matches, windows, homographies, lines, areas."""

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


def stub(*arguments):
    raise NotImplementedError("your turn")


def epipolar(fundamental, a, b, root=np.abs, numbers=2, divide=True):
    lines = np.column_stack([a, np.ones(len(a))]) @ fundamental.T
    off = root((np.column_stack([b, np.ones(len(b))]) * lines).sum(1))
    return off / np.linalg.norm(lines[:, :numbers], axis=1) if divide else off


def area(errors, limit):
    return np.maximum(1 - errors / limit, 0).mean()


def joined(errors, limit):
    below = np.sort(errors[errors < limit])
    shares = np.arange(len(below) + 1) / len(errors)
    x = np.concatenate([[0], below, [limit]])
    return np.trapezoid(np.append(shares, shares[-1]), x) / limit


def by_steps(errors, limit):
    # the curve itself, over a fine grid
    t = (np.arange(200_000) + 0.5) * limit / 200_000
    return np.searchsorted(np.sort(errors), t).mean() / len(errors)


def known(errors):
    return errors[np.isfinite(errors)]


EXERCISES = {
    "matches": Exercise(
        right=[match],
        start=stub,
        told="your turn",
        wrong=[
            ("ratio test is missing", lambda a, b, ratio: match(a, b, None)),
            ("mutual check is missing", lambda a, b, ratio: match(a, b, ratio, False)),
            ("all nearest", lambda a, b, ratio: match(a, b, None, False)),
            ("squared", lambda a, b, ratio: match(a, b, ratio**0.5)),
            ("wrong picture", other_way),
            ("shape", lambda a, b, ratio: match(a, b, ratio).T),
            ("Nearest below", lambda a, b, ratio: match(a, b, ratio)[:1]),
            ("are whole numbers", lambda a, b, ratio: match(a, b, ratio) + 0.0),
            ("columns are exchanged", lambda a, b, ratio: match(a, b, ratio)[:, ::-1]),
            ("ratio is squared", lambda a, b, ratio: match(a, b, ratio**2)),
            ("wrong for 0.95", lambda a, b, ratio: match(a, b, 0.8)),
        ],
    ),
    "epipolar": Exercise(
        right=[epipolar],
        start=stub,
        told="your turn",
        wrong=[
            ("(3,)", lambda fundamental, a, b: epipolar(fundamental, a, b).mean()),
            ("no sign", lambda fundamental, a, b: epipolar(fundamental, a, b, root=np.asarray)),
            ("Pixels", lambda fundamental, a, b: epipolar(fundamental, a, b, divide=False)),
            ("two numbers alone", lambda fundamental, a, b: epipolar(fundamental, a, b, numbers=3)),
            ("transposed", lambda fundamental, a, b: epipolar(fundamental.T, a, b)),
            ("squared", lambda fundamental, a, b: epipolar(fundamental, a, b) ** 2),
            ("Line l", lambda fundamental, a, b: epipolar(fundamental, b, a) + 1),
        ],
    ),
    "auc": Exercise(
        right=[area, by_steps],
        start=stub,
        told="your turn",
        wrong=[
            ("not percent", lambda errors, limit: 100 * area(errors, limit)),
            ("Divide the area", lambda errors, limit: limit * area(errors, limit)),
            ("last value", lambda errors, limit: (errors < limit).mean()),
            ("without an answer", lambda errors, limit: area(known(errors), limit)),
            (
                "not by those below",
                lambda errors, limit: area(errors[errors < limit], limit),
            ),
            ("not less", lambda errors, limit: (1 - known(errors) / limit).mean()),
            ("no straight lines", joined),
            ("above the curve", lambda errors, limit: 1 - area(errors, limit)),
            ("infinite error", lambda errors, limit: 1 - errors.mean() / limit),
            ("Each pair adds", lambda errors, limit: 0.123),
            ("is `limit` used", lambda errors, limit: area(errors, 10)),
            ("mean over pairs", lambda errors, limit: np.maximum(1 - errors / limit, 0)),
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
            ("x first", lambda *a: window(*a)[:, ::-1]),
            ("move them", lambda x, y, size, angle: window(0, 0, size, angle)),
            ("another order", lambda *a: window(*a)[::-1]),
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
            ("x first", lambda homography, points: project(homography, points)[:, ::-1]),
            ("rounded", lambda homography, points: project(homography, points).round()),
            (
                "number of the matrix",
                lambda homography, points: not_divided(homography, points) / homography[2, 2],
            ),
        ],
    ),
}
