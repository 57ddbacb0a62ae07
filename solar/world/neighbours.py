"""Set landmarks beside each other: one is photographed, the others stand in the picture.

Book: the mini world (data sheet); chapter 4 (when attention helps) counts the others.
"""

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .atlas import mipmaps, pack
from .camera import Camera
from .clutter import draw_clutter
from .landmark import Landmark, building
from .photo import SAMPLES
from .solids import Polyhedron, Quadric
from .visibility import see


def moved(
    solid: Polyhedron | Quadric, shift: np.ndarray, textures: int = 0
) -> Polyhedron | Quadric:
    """Return a solid that stands elsewhere, painted alike.

    Args:
        solid: polyhedron or curved solid.
        shift: (3,) how far it is moved, metres.
        textures: added to the numbers of its textures.
    """
    lo = solid.lo + shift
    hi = solid.hi + shift
    if isinstance(solid, Quadric):
        texture = solid.texture + textures
        return replace(solid, centre=solid.centre + shift, texture=texture, lo=lo, hi=hi)
    faces = []
    for face in solid.faces:
        # texture coordinates u . (x, 1) stay what they were at the corners
        u = face.u - np.array([0, 0, 0, face.u[:3] @ shift])
        v = face.v - np.array([0, 0, 0, face.v[:3] @ shift])
        polygon = face.polygon + shift
        faces.append(replace(face, polygon=polygon, u=u, v=v, texture=face.texture + textures))
    return Polyhedron(faces, lo, hi)


class Other:
    """A landmark that stands in the pictures of another one: its building alone.

    Args:
        seed: number of the landmark.

    Attributes:
        solids: of the building.
        lo: (3,) lowest corner of its bounding box, metres.
        hi: (3,) highest corner of its bounding box, metres.
        rects: (T, 4) float32, where each texture lies in its atlas.
        mips: its atlas at full, half and quarter size.
    """

    def __init__(self, seed: int):
        _, builder = building(seed)
        self.seed = seed
        self.solids = builder.solids
        self.lo = np.min([solid.lo for solid in self.solids], 0)
        self.hi = np.max([solid.hi for solid in self.solids], 0)
        atlas, self.rects = pack(builder.textures)
        self.mips = mipmaps(atlas)


@lru_cache(maxsize=128)
def other(seed: int) -> Other:
    """Return the building of landmark `seed`; the last 128 are remembered."""
    return Other(seed)


class Placed(NamedTuple):
    """Another landmark, and where it stands."""

    other: Other
    shift: np.ndarray  # (3,) metres

    @property
    def lo(self) -> np.ndarray:
        """(3,) lowest corner of its bounding box, metres."""
        return self.other.lo + self.shift

    @property
    def hi(self) -> np.ndarray:
        """(3,) highest corner of its bounding box, metres."""
        return self.other.hi + self.shift

    def solids(self, textures: int = 0) -> list[Polyhedron | Quadric]:
        """Return its solids there; `textures` is added to the numbers of their textures."""
        return [moved(solid, self.shift, textures) for solid in self.other.solids]


class Scene(Landmark):
    """A landmark among others instead of houses; it is photographed as any landmark is.

    Args:
        landmark: what is photographed.
        things: (x, y, height, sprite) of trees and passers-by, see `clutter`.
        placed: the other landmarks.
    """

    def __init__(self, landmark: Landmark, things: list[tuple], placed: list[Placed]):
        self.seed = landmark.seed
        self.style = landmark.style
        self.lo = landmark.lo
        self.hi = landmark.hi
        self.n_own = landmark.n_own
        self.trees = things
        # the landmark and the ground, then the others, each with its textures below those before
        self.ground = self.n_own
        self.solids = [*landmark.solids[: self.n_own], landmark.solids[landmark.ground]]
        self.throws_shadow = list(landmark.throws_shadow)
        self.mips = landmark.mips
        rects = [landmark.rects]
        number = len(landmark.rects)
        for each in placed:
            solids = each.solids(number)
            self.solids += solids
            self.throws_shadow.append(solids)
            self.mips = _stacked(self.mips, each.other.mips)
            top = len(self.mips[0]) - len(each.other.mips[0])
            rects.append(each.other.rects + np.float32([0, top, 0, 0]))
            number += len(each.other.rects)
        self.atlas = self.mips[0]
        self.rects = np.concatenate(rects)


def _stacked(above: list[np.ndarray], below: list[np.ndarray]) -> list[np.ndarray]:
    """Return two atlases, at their three sizes each, as one: the second below the first."""
    stacked = []
    # whole rows at the smallest size, so that the second begins at the same place in all sizes
    step = 2 ** (len(above) - 1)
    rows = -(-len(above[0]) // step) * step
    for k, (first, second) in enumerate(zip(above, below)):
        start = rows // 2**k
        image = np.zeros((start + len(second), *second.shape[1:]), second.dtype)
        image[: min(start, len(first))] = first[:start]
        image[start:] = second
        stacked.append(image)
    return stacked


def mask(scene: Scene, camera: Camera) -> np.ndarray:
    """Return which pixels will show the landmark, without taking the photograph.

    Args:
        scene: what is photographed.
        camera: by which.

    Returns:
        (H, W) bool: the same as `Photo.own`.
    """
    fine = camera.scaled(SAMPLES)
    visible = see(fine, scene.solids)
    one = slice(SAMPLES // 2, None, SAMPLES)
    solid = visible.solid[one, one]
    depth = np.where(solid >= 0, fine.depth_from(visible.nearness[one, one]), np.inf)
    own = (solid >= 0) & (solid < scene.n_own)
    blank = np.zeros((*own.shape, 3), np.float32)
    draw_clutter(blank, depth, own, camera, scene.trees, np.zeros(3, np.float32))
    return own
