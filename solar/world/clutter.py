"""Put trees, people, cars and street lamps in the way of a photograph.

Each is a sprite: a flat image (h, w, 4) with red, green, blue and coverage in 0..1, painted once
and drawn upright on the ground, as large as its distance makes it.
"""

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from .camera import Camera
from .textures import noise

# numbers of the sprites
TREES = range(8)
PEOPLE = range(8, 14)
CARS = range(14, 17)
LAMP = 17

AA = cv2.LINE_AA  # smooth edges
LEAVES = ((0.20, 0.33, 0.13), (0.28, 0.38, 0.15), (0.15, 0.28, 0.16), (0.45, 0.36, 0.14))
SKIN = np.array([0.75, 0.58, 0.48])
CAR_BODY = ((4, 40), (4, 24), (22, 20), (36, 6), (80, 6), (94, 20), (108, 24), (108, 40))
CAR_WINDOWS = (
    ((30, 19), (40, 9), (56, 9), (56, 19)),
    ((60, 19), (60, 9), (77, 9), (87, 19)),
)


def _tree(rng: np.random.Generator, kind: int) -> np.ndarray:
    """Paint tree number `kind`, (128, 128, 4)."""
    size = 128
    leaf = np.array(LEAVES[kind % 4])
    # the trunk
    sprite = np.zeros((size, size, 4), np.float32)
    cv2.line(sprite, (64, 127), (64, 60), (0.24, 0.18, 0.13, 1), 6)
    # the crown is the union of 26 round tufts; positions and sizes are shares of the sprite's side
    y, x = np.mgrid[0:size, 0:size] / size
    crown = np.full((size, size), -9.0)
    for _ in range(26):
        if kind % 3:  # broadleaf: a cloud of tufts
            radius = rng.uniform(0, 0.28)
            angle = rng.uniform(0, 2 * np.pi)
            cx = 0.5 + radius * np.cos(angle)
            cy = 0.36 + 0.9 * radius * np.sin(angle)
            tuft = rng.uniform(0.07, 0.14)
        else:  # conifer: a cone of tufts
            cy = rng.uniform(0.1, 0.82)
            cx = 0.5 + rng.uniform(-0.18, 0.18) * cy
            tuft = 0.035 + 0.075 * cy
        crown = np.maximum(crown, 1.2 - np.sqrt((x - cx) ** 2 + (y - cy) ** 2) / tuft)
    # noise frays its edge; it is brighter above and on the left
    cover = np.clip((crown + 0.28 * noise(size, 0.9, kind)) * 6, 0, 1)[..., None]
    shade = 0.75 + 0.2 * noise(size, 1.1, kind + 50) + 0.5 * (0.5 - y) - 0.25 * (x - 0.5)
    shade = np.clip(shade, 0.3, 1.6)
    leaves = np.dstack([leaf * shade[..., None], np.ones((size, size))])
    return sprite * (1 - cover) + leaves * cover


def _person(rng: np.random.Generator, kind: int) -> np.ndarray:
    """Paint person number `kind`, (96, 48, 4)."""
    sprite = np.zeros((96, 48, 4), np.float32)
    # colours with coverage 1, and how far the feet are apart in pixels
    coat = (*rng.uniform(0.08, 0.75, 3), 1.0)
    trousers = (*rng.uniform(0.08, 0.75, 3), 1.0)
    skin = (*SKIN * (1 - 0.1 * kind), 1.0)
    stride = int(rng.integers(0, 5))
    # legs, body, arms, head, hair
    cv2.line(sprite, (21, 52), (20 - stride, 92), trousers, 7, AA)
    cv2.line(sprite, (28, 52), (29 + stride, 92), trousers, 7, AA)
    cv2.ellipse(sprite, (24, 36), (10, 19), 0, 0, 360, coat, -1, AA)
    cv2.line(sprite, (16, 26), (11, 50), coat, 5, AA)
    cv2.line(sprite, (32, 26), (37, 48), coat, 5, AA)
    cv2.circle(sprite, (24, 10), 7, skin, -1, AA)
    cv2.ellipse(sprite, (24, 8), (7, 5), 0, 180, 360, (0.2, 0.14, 0.1, 1), -1, AA)
    return sprite


def _car(rng: np.random.Generator) -> np.ndarray:
    """Paint a car from the side, (48, 112, 4): body, windows and wheels."""
    sprite = np.zeros((48, 112, 4), np.float32)
    cv2.fillPoly(sprite, [np.array(CAR_BODY)], (*rng.uniform(0.1, 0.8, 3), 1.0), AA)
    for window in CAR_WINDOWS:
        cv2.fillPoly(sprite, [np.array(window)], (0.15, 0.2, 0.25, 1), AA)
    for x in (26, 86):
        cv2.circle(sprite, (x, 38), 9, (0.07, 0.07, 0.07, 1), -1, AA)
        cv2.circle(sprite, (x, 38), 4, (0.5, 0.5, 0.5, 1), -1, AA)
    return sprite


def _lamp() -> np.ndarray:
    """Paint a street lamp, (128, 16, 4)."""
    sprite = np.zeros((128, 16, 4), np.float32)
    cv2.line(sprite, (8, 127), (8, 14), (0.1, 0.1, 0.11, 1), 3)
    cv2.circle(sprite, (8, 10), 6, (0.95, 0.92, 0.8, 1), -1, AA)
    return sprite


@cache
def sprites() -> list[np.ndarray]:
    """Return eight trees, six people, three cars and a lamp.

    Returns:
        Arrays (h, w, 4) float32; red, green and blue are already multiplied by coverage.
    """
    # in the order of their numbers
    rng = np.random.default_rng(5)
    painted = [_tree(rng, kind) for kind in range(len(TREES))]
    painted += [_person(rng, kind) for kind in range(len(PEOPLE))]
    painted += [_car(rng) for _ in CARS]
    painted.append(_lamp())
    # multiply by coverage once and for all: blending then needs no division
    finished = []
    for sprite in painted:
        cover = sprite[..., 3:]
        finished.append(np.dstack([sprite[..., :3] * cover, cover]).astype(np.float32))
    return finished


class _Crowd(NamedTuple):
    """How many things of one kind stand in the way, and where; lengths in metres."""

    mean: float  # expected number
    kinds: range  # numbers of their sprites
    near: float  # smallest and largest distance before the camera
    far: float
    side: float  # largest distance to the left or right of the optical axis
    low: float  # smallest and largest height
    high: float


CROWDS = (
    _Crowd(5.0, PEOPLE, near=7, far=45, side=16, low=1.5, high=1.9),
    _Crowd(0.5, CARS, near=12, far=30, side=12, low=1.4, high=1.7),
    _Crowd(0.5, TREES, near=16, far=30, side=12, low=5, high=9),
    _Crowd(0.4, range(LAMP, LAMP + 1), near=12, far=30, side=10, low=4.6, high=5.4),
)


def passers_by(camera: Camera, rng: np.random.Generator, amount: float) -> list[tuple]:
    """Draw people, cars, trees and lamps in front of a camera.

    Args:
        camera: the camera.
        rng: draws their number (Poisson), place, height and kind.
        amount: factor of their expected number; 0 for none.

    Returns:
        (x, y, height, sprite) of each: metres, and the number of its sprite.
    """
    # the camera's axes on the ground
    right = camera.rotation[0]
    forward = camera.rotation[2] * (1, 1, 0)
    forward = forward / np.linalg.norm(forward)
    things = []
    for crowd in CROWDS:
        for _ in range(rng.poisson(crowd.mean * amount)):
            # a random spot before the camera, within the bounds of its kind
            ahead = forward * rng.uniform(crowd.near, crowd.far)
            aside = right * rng.uniform(-crowd.side, crowd.side)
            spot = camera.position + ahead + aside
            height = rng.uniform(crowd.low, crowd.high)
            things.append((spot[0], spot[1], height, int(rng.choice(crowd.kinds))))
    return things


def _resized(kind: int, rows: float) -> tuple[np.ndarray, float]:
    """Return sprite number `kind` at a height of `rows` pixels, and its exact width in pixels."""
    sprite = sprites()[kind]
    columns = rows * sprite.shape[1] / sprite.shape[0]
    size = (max(1, round(columns)), max(1, round(rows)))
    method = cv2.INTER_AREA if rows < sprite.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(sprite, size, interpolation=method), columns


def draw_clutter(
    image: np.ndarray,
    depth: np.ndarray,
    own: np.ndarray,
    camera: Camera,
    things: list[tuple],
    light: np.ndarray,
) -> None:
    """Draw things into an image, far ones first, hidden by nearer surfaces.

    Args:
        image: (H, W, 3) float32, changed in place.
        depth: (H, W) metres.
        own: (H, W) bool, pixels that show the landmark, changed in place: those that a thing covers
            by half or more become False.
        camera: takes the image.
        things: (x, y, height, sprite) of each, as `passers_by` returns them.
        light: (3,) colour of the light on them.
    """
    width, height = camera.size

    def distance_on_ground(thing: tuple) -> float:
        return np.hypot(thing[0] - camera.position[0], thing[1] - camera.position[1])

    for x, y, tall, kind in sorted(things, key=distance_on_ground, reverse=True):
        # feet and head in the image; not nearer than 3 metres, neither tiny nor enormous
        (foot, head), distance = camera.project(np.array([(x, y, 0.0), (x, y, tall)]))
        rows = foot[1] - head[1]
        if distance.min() < 3 or not 2 < rows < 3 * height:
            continue
        sprite, columns = _resized(kind, rows)
        # its place in the image, and the part of it that lies inside
        left = round(foot[0] - columns / 2)
        top = round(foot[1]) - sprite.shape[0]
        x0 = max(left, 0)
        y0 = max(top, 0)
        x1 = min(left + sprite.shape[1], width)
        y1 = min(top + sprite.shape[0], height)
        if x1 <= x0 or y1 <= y0:
            continue
        sprite = sprite[y0 - top : y1 - top, x0 - left : x1 - left]
        window = np.s_[y0:y1, x0:x1]
        # nothing where a surface stands before it, then blend by coverage
        sprite = sprite * (depth[window] > distance[0] - 0.5)[..., None]
        cover = sprite[..., 3:]
        image[window] = image[window] * (1 - cover) + sprite[..., :3] * light
        own[window] &= sprite[..., 3] < 0.5
