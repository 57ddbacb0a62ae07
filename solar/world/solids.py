"""Define the shapes that landmarks consist of: convex solids, and curved ones with one equation.

All coordinates are metres in the world; z points up.
"""

from dataclasses import dataclass

import numpy as np

SWATCH = 12.8  # metres: side of the repeating pieces of wall and roof


@dataclass
class Face:
    """A convex plane face.

    Args:
        polygon: (V, 3) corners in metres, counter-clockwise seen from outside.
        normal: (3,) unit vector, outwards.
        u: (4,) the texture coordinate at point x is u . (x, 1): 0 is the left edge of the texture,
            1 its right edge; beyond, it repeats.
        v: (4,) the same from the top of the texture to its bottom.
        texture: number of the texture.
    """

    polygon: np.ndarray
    normal: np.ndarray
    u: np.ndarray
    v: np.ndarray
    texture: int


@dataclass
class Polyhedron:
    """A convex solid.

    Args:
        faces: its faces.
        lo: (3,) lowest corner of its bounding box, metres.
        hi: (3,) highest corner of its bounding box, metres.
    """

    faces: list[Face]
    lo: np.ndarray
    hi: np.ndarray


@dataclass
class Quadric:
    """A solid of revolution: cylinder, cone, dome or onion.

    Its surface is x^2 + y^2 + A z^2 + B z + C = 0 for z in [0, 1], in its own coordinates
    (point - centre) / scale. The texture runs once around it and once up.

    Args:
        centre: (3,) middle of its base, metres.
        scale: (3,) unit lengths of its own coordinates, metres.
        shape: the numbers A, B, C.
        texture: number of the texture.
        lo: (3,) lowest corner of its bounding box, metres.
        hi: (3,) highest corner of its bounding box, metres.
    """

    centre: np.ndarray
    scale: np.ndarray
    shape: tuple[float, float, float]
    texture: int
    lo: np.ndarray
    hi: np.ndarray


def convex_solid(vertices: np.ndarray | list[tuple], faces: list[tuple]) -> Polyhedron:
    """Return a convex solid from its corners.

    Args:
        vertices: (V, 3) corners, metres.
        faces: (corner numbers, u, v, texture) for each; the corners in order around the face.
    """
    vertices = np.asarray(vertices, float)
    middle = vertices.mean(0)  # inside the solid
    built = []
    for corners, u, v, texture in faces:
        polygon = vertices[list(corners)]
        normal = np.cross(polygon[1] - polygon[0], polygon[2] - polygon[0])
        normal /= np.linalg.norm(normal)
        # an inward normal: the corners were listed clockwise
        if normal @ (polygon[0] - middle) < 0:
            polygon = polygon[::-1]
            normal = -normal
        built.append(Face(polygon, normal, np.array(u, float), np.array(v, float), texture))
    return Polyhedron(built, vertices.min(0), vertices.max(0))


def solid_of_revolution(
    base: tuple[float, float, float],
    radius: float,
    height: float,
    shape: tuple[float, float, float],
    texture: int,
) -> Quadric:
    """Return a quadric that stands upright.

    Args:
        base: (x, y, z) middle of its base, metres.
        radius: metres per unit of its own x and y; its widest part must not exceed it.
        height: metres.
        shape: the numbers A, B, C of `Quadric`.
        texture: number of the texture.
    """
    x, y, z = base
    return Quadric(
        centre=np.array([x, y, z], float),
        scale=np.array([radius, radius, height], float),
        shape=shape,
        texture=texture,
        lo=np.array([x - radius, y - radius, z], float),
        hi=np.array([x + radius, y + radius, z + height], float),
    )
