"""What stands in the way of a photograph: trees, people, cars, lamps. Painted once, put in as flat
pictures.
"""

from functools import cache

import cv2
import numpy as np

from .textures import noise

TREES, PEOPLE, CARS, LAMP = range(8), range(8, 14), range(14, 17), 17
AA = cv2.LINE_AA


def _tree(rng, kind: int) -> np.ndarray:
    size = 128
    leaf = np.array(
        [(0.20, 0.33, 0.13), (0.28, 0.38, 0.15), (0.15, 0.28, 0.16), (0.45, 0.36, 0.14)][kind % 4]
    )
    sprite = np.zeros((size, size, 4), np.float32)
    cv2.line(sprite, (64, 127), (64, 60), (0.24, 0.18, 0.13, 1), 6)
    y, x = np.mgrid[0:size, 0:size] / size
    crown = np.full((size, size), -9.0)
    for _ in range(26):
        if kind % 3:  # broadleaf: a cloud of tufts
            radius, angle = rng.uniform(0, 0.28), rng.uniform(0, 2 * np.pi)
            cx, cy, tuft = (
                0.5 + radius * np.cos(angle),
                0.36 + 0.9 * radius * np.sin(angle),
                rng.uniform(0.07, 0.14),
            )
        else:  # conifer: a cone of tufts
            cy = rng.uniform(0.1, 0.82)
            cx, tuft = 0.5 + rng.uniform(-0.18, 0.18) * cy, 0.035 + 0.075 * cy
        crown = np.maximum(crown, 1.2 - np.sqrt((x - cx) ** 2 + (y - cy) ** 2) / tuft)
    cover = np.clip((crown + 0.28 * noise(size, 0.9, kind)) * 6, 0, 1)[..., None]
    shade = np.clip(
        0.75 + 0.2 * noise(size, 1.1, kind + 50) + 0.5 * (0.5 - y) - 0.25 * (x - 0.5), 0.3, 1.6
    )
    return (
        sprite * (1 - cover) + np.dstack([leaf * shade[..., None], np.ones((size, size))]) * cover
    )


def _person(rng, kind: int) -> np.ndarray:
    sprite = np.zeros((96, 48, 4), np.float32)
    coat, trousers = ((*rng.uniform(0.08, 0.75, 3), 1.0) for _ in range(2))
    skin = (*np.array([0.75, 0.58, 0.48]) * (1 - 0.1 * kind), 1.0)
    stride = int(rng.integers(0, 5))
    cv2.line(sprite, (21, 52), (20 - stride, 92), trousers, 7, AA)
    cv2.line(sprite, (28, 52), (29 + stride, 92), trousers, 7, AA)
    cv2.ellipse(sprite, (24, 36), (10, 19), 0, 0, 360, coat, -1, AA)
    cv2.line(sprite, (16, 26), (11, 50), coat, 5, AA)
    cv2.line(sprite, (32, 26), (37, 48), coat, 5, AA)
    cv2.circle(sprite, (24, 10), 7, skin, -1, AA)
    cv2.ellipse(sprite, (24, 8), (7, 5), 0, 180, 360, (0.2, 0.14, 0.1, 1), -1, AA)
    return sprite


def _car(rng) -> np.ndarray:
    sprite = np.zeros((48, 112, 4), np.float32)
    body = [(4, 40), (4, 24), (22, 20), (36, 6), (80, 6), (94, 20), (108, 24), (108, 40)]
    cv2.fillPoly(sprite, [np.array(body)], (*rng.uniform(0.1, 0.8, 3), 1.0), AA)
    for window in ([(30, 19), (40, 9), (56, 9), (56, 19)], [(60, 19), (60, 9), (77, 9), (87, 19)]):
        cv2.fillPoly(sprite, [np.array(window)], (0.15, 0.2, 0.25, 1), AA)
    for x in (26, 86):
        cv2.circle(sprite, (x, 38), 9, (0.07, 0.07, 0.07, 1), -1, AA)
        cv2.circle(sprite, (x, 38), 4, (0.5, 0.5, 0.5, 1), -1, AA)
    return sprite


def _lamp() -> np.ndarray:
    sprite = np.zeros((128, 16, 4), np.float32)
    cv2.line(sprite, (8, 127), (8, 14), (0.1, 0.1, 0.11, 1), 3)
    cv2.circle(sprite, (8, 10), 6, (0.95, 0.92, 0.8, 1), -1, AA)
    return sprite


@cache
def sprites() -> list[np.ndarray]:
    """Eight trees, six people, three cars, a lamp: (h, w, 4) float32, RGB already multiplied by
    coverage.
    """
    rng = np.random.default_rng(5)
    painted = (
        [_tree(rng, k) for k in TREES]
        + [_person(rng, k) for k in range(6)]
        + [_car(rng) for _ in CARS]
    )
    return [
        np.dstack([s[..., :3] * s[..., 3:], s[..., 3:]]).astype(np.float32)
        for s in (*painted, _lamp())
    ]


def passers_by(camera, rng, amount: float) -> list[tuple]:
    """Random (x, y, height in metres, sprite number) in front of the camera; `amount` scales how
    many.
    """
    right, forward = camera.rotation[0], camera.rotation[2] * (1, 1, 0)
    forward = forward / np.linalg.norm(forward)
    found = []
    for mean, kinds, near, far, side, height in (
        (5.0, PEOPLE, 7, 45, 16, (1.5, 1.9)),
        (0.5, CARS, 12, 30, 12, (1.4, 1.7)),
        (0.5, TREES, 16, 30, 12, (5, 9)),
        (0.4, [LAMP], 12, 30, 10, (4.6, 5.4)),
    ):
        for _ in range(rng.poisson(mean * amount)):
            spot = (
                camera.position
                + forward * rng.uniform(near, far)
                + right * rng.uniform(-side, side)
            )
            found.append((spot[0], spot[1], rng.uniform(*height), int(rng.choice(kinds))))
    return found


def put_in(image, depth, own, camera, things, light) -> None:
    """Draw `things` (as `passers_by` gives them) into image (H, W, 3), far ones first, hidden by
    nearer surfaces.

    `own` (H, W) bool loses the pixels that are covered by more than half.
    """
    width, height = camera.size
    for x, y, tall, kind in sorted(
        things, key=lambda t: -np.hypot(t[0] - camera.position[0], t[1] - camera.position[1])
    ):
        (foot, head), distance = camera.project(np.array([(x, y, 0.0), (x, y, tall)]))
        rows = foot[1] - head[1]
        if distance.min() < 3 or not 2 < rows < 3 * height:
            continue
        sprite = sprites()[kind]
        columns = rows * sprite.shape[1] / sprite.shape[0]
        shrink = cv2.INTER_AREA if rows < sprite.shape[0] else cv2.INTER_LINEAR
        sprite = cv2.resize(
            sprite, (max(1, round(columns)), max(1, round(rows))), interpolation=shrink
        )
        left, top = round(foot[0] - columns / 2), round(foot[1]) - sprite.shape[0]
        x0, y0 = max(left, 0), max(top, 0)
        x1, y1 = min(left + sprite.shape[1], width), min(top + sprite.shape[0], height)
        if x1 <= x0 or y1 <= y0:
            continue
        sprite, window = sprite[y0 - top : y1 - top, x0 - left : x1 - left], np.s_[y0:y1, x0:x1]
        sprite = sprite * (depth[window] > distance[0] - 0.5)[..., None]
        image[window] = image[window] * (1 - sprite[..., 3:]) + sprite[..., :3] * light
        own[window] &= sprite[..., 3] < 0.5
