"""Build places of worship: cathedral, church, temple, mosque and pagoda.

Each function puts one building together with `build` and draws its sizes (metres) from `rng`. The
building stands on z = 0 with its front on y = 0 or near it, facing -y, and the middle on x = 0.
Draws come in a fixed order: a seed always gives the same building.
"""

import numpy as np

from .builder import Builder, Walls
from .chance import maybe, pick


def cathedral(build: Builder, rng: np.random.Generator) -> None:
    """Build a nave with one or two towers, perhaps a transept and a crossing tower."""
    width = rng.uniform(10, 15)
    length = rng.uniform(24, 38)
    height = rng.uniform(12, 18)
    tower_side = rng.uniform(5, 7.5)
    tower_height = height * rng.uniform(1.3, 2.1)
    # the nave and its gable roof
    ornament = pick(rng, "rose", "rose", None)
    build.box(0, length / 2, 0, width, length, height, Walls(portal=True, ornament=ornament))
    build.roof(0, length / 2, height, width, length, rng.uniform(5, 9), length)
    # towers to the left (-1), in the middle (0) or to the right (1) of the front, one kind of top
    places = pick(rng, (-1, 1), (-1, 1), (0,), (1,))
    top = pick(rng, "roof", "cone", "open", "open")
    for place in places:
        x = place * (width / 2 + tower_side / 2 - 1)
        # the left tower was never finished: it is lower
        share = rng.uniform(0.75, 1) if place < 0 else 1
        _cathedral_tower(build, rng, x, tower_side, tower_height * share, top)
    # a transept crosses the nave
    if maybe(rng, 0.6):
        transept_width = width + rng.uniform(8, 14)
        transept_depth = rng.uniform(7, 10)
        build.box(0, 0.65 * length, 0, transept_width, transept_depth, 0.9 * height)
    # a small round tower stands over the crossing
    if maybe(rng, 0.5):
        build.cylinder(0, 0.65 * length, height, 3.2, 6)
        if maybe(rng, 0.5):
            build.dome(0, 0.65 * length, height + 6, 3.4, 4)
        else:
            build.cone(0, 0.65 * length, height + 6, 3.4, 9)


def _cathedral_tower(
    build: Builder, rng: np.random.Generator, x: float, side: float, height: float, top: str
) -> None:
    """Build a square tower at `x`, with a roof, a cone or four pinnacles on top."""
    # the shaft; only a tower in the middle has the door
    y = side / 2 - 1.5
    ornament = pick(rng, "clock", None, None)
    walls = Walls(build.tower, portal=x == 0, ornament=ornament)
    build.box(x, y, 0, side, side, height, walls)
    if top == "roof":
        build.roof(x, y, height, side, side, rng.uniform(6, 15))
    elif top == "cone":
        build.cone(x, y, height, 0.45 * side, rng.uniform(7, 14))
    else:
        # an open platform with a pinnacle on every corner
        reach = side / 2 - 0.6
        for right, back in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
            pinnacle = rng.uniform(1.8, 3.5)
            build.box(x + right * reach, y + back * reach, height, 1.2, 1.2, pinnacle, build.wall)


def church(build: Builder, rng: np.random.Generator) -> None:
    """Build a nave with one tower, perhaps a transept."""
    width = rng.uniform(9, 14)
    length = rng.uniform(16, 26)
    height = rng.uniform(7, 11)
    # the nave and its gable roof
    walls = Walls(portal=True, ornament=pick(rng, "rose", None))
    build.box(0, length / 2, 0, width, length, height, walls)
    eaves = length + 0.6
    build.roof(0, length / 2, height, width + 0.8, eaves, rng.uniform(4, 8), eaves)
    # the tower, to the left, in the middle or to the right
    x = pick(rng, -1, 0, 1) * (width / 2 + 1.5)
    side = rng.uniform(4.5, 6)
    tower_height = rng.uniform(14, 24)
    y = side / 2 - 1
    walls = Walls(build.tower, portal=x == 0, ornament=pick(rng, "clock", None))
    build.box(x, y, 0, side, side, tower_height, walls)
    top = pick(rng, "roof", "onion", "cone")
    if top == "roof":
        build.roof(x, y, tower_height, side + 0.4, side + 0.4, rng.uniform(4, 13))
    elif top == "onion":
        # an onion, a lantern on it, and a small dome on the lantern
        build.dome(x, y, tower_height, 0.52 * side, 0.75 * side, 0.3)
        build.cylinder(x, y, tower_height + 0.6 * side, 0.7, 2.4)
        build.dome(x, y, tower_height + 0.6 * side + 2.4, 0.9, 1.4)
    else:
        drum = build.facade(2.5 * side, 3)
        build.cylinder(x, y, tower_height, 0.4 * side, 3, texture=drum)
        build.cone(x, y, tower_height + 3, 0.45 * side, rng.uniform(5, 12))
    # a transept
    if maybe(rng, 0.5):
        build.box(0, 0.55 * length, 0, 1.7 * width, 6, 0.8 * height)


def temple(build: Builder, rng: np.random.Generator) -> None:
    """Build a hall on steps with a row of columns in front, under a gable roof or a dome."""
    width = rng.uniform(16, 30)
    depth = rng.uniform(12, 26)
    height = rng.uniform(7, 12)
    z = build.steps(width + 2, depth + 2, int(rng.integers(2, 8)), depth / 2)
    # the hall, of one or two storeys
    porch = width * pick(rng, 1, 1, 0.55)
    walls = Walls(portal=True, storey=height / pick(rng, 1, 2))
    build.box(0, depth / 2 + 2, z, width - 3, depth - 4, height, walls)
    # the columns of the porch
    count = int(rng.integers(4, 10))
    radius = rng.uniform(0.4, 0.75)
    along = np.linspace(1 - porch / 2, porch / 2 - 1, count)
    build.columns(along, 0.4, z, radius, height)
    # the beam over the columns and the one around the hall
    build.box(0, 1.5, z + height, porch + 0.6, 4.4, 0.16 * height, build.plain)
    build.box(0, depth / 2 + 2, z + height, width - 2, depth - 3, 0.16 * height, build.plain)
    z += 1.16 * height
    _temple_top(build, rng, width, depth, porch, z)


def _temple_top(
    build: Builder, rng: np.random.Generator, width: float, depth: float, porch: float, z: float
) -> None:
    """Close a temple above its beams at height `z`: a gable over the porch, a roof or a dome."""
    if maybe(rng, 0.75):
        build.roof(0, 1.6, z, porch + 1, 5, rng.uniform(2, 4), 5)
    top = pick(rng, "roof", "dome", "lantern")
    if top == "roof":
        rise = rng.uniform(2, 5)
        build.roof(0, depth / 2 + 2, z, width - 2, depth - 3, rise, depth - 3)
        return
    # a dome on a drum
    y = depth / 2
    radius = rng.uniform(4, max(4.5, min(0.32 * width, 0.45 * depth)))
    drum = rng.uniform(2, 7)
    build.cylinder(0, y, z, radius, drum, texture=build.facade(2 * np.pi * radius, drum))
    build.dome(0, y, z + drum, 1.03 * radius, radius * rng.uniform(0.8, 1.3))
    # a lantern on the dome
    if top == "lantern":
        build.cylinder(0, y, z + drum + 0.9 * radius, 0.2 * radius, 3)
        build.dome(0, y, z + drum + 0.9 * radius + 3, 0.24 * radius, 0.3 * radius)


def mosque(build: Builder, rng: np.random.Generator) -> None:
    """Build a square hall under a dome, with a portal and one, two or four minarets."""
    width = rng.uniform(16, 24)
    height = rng.uniform(8, 12)
    y = width / 2
    z = build.steps(width + 2, width + 2, 2, width / 2)
    build.box(0, y, z, width, width, height, Walls(portal=True))
    # a portal stands before the hall; one storey fills it
    portal_width = rng.uniform(5, 9)
    portal_height = height * rng.uniform(0.9, 1.25)
    build.box(0, -0.8, 0, portal_width, 2.4, portal_height, Walls(portal=True, storey=20))
    # the dome on its drum, with a pole
    radius = width * rng.uniform(0.26, 0.4)
    bulb = pick(rng, 0, 0.25, 0.35)
    z = z + height
    build.cylinder(0, y, z, radius, 3, texture=build.facade(2 * np.pi * radius, 3))
    dome_height = radius * rng.uniform(1, 1.6)
    build.dome(0, y, z + 3, 1.05 * radius, dome_height, bulb)
    build.cylinder(0, y, z + 3 + 0.9 * dome_height, 0.25, 0.4 * radius + 2)
    # small domes near the corners
    if maybe(rng, 0.7):
        for right, back in ((-1, 0.14), (1, 0.14), (-1, 0.86), (1, 0.86)):
            x = 0.36 * right * width
            build.dome(x, back * width, z, 0.12 * width, 0.15 * width, bulb)
    _minarets(build, rng, width)


def _minarets(build: Builder, rng: np.random.Generator, width: float) -> None:
    """Build one, two or four thin towers at the corners of a square hall."""
    height = rng.uniform(20, 32)
    radius = rng.uniform(0.9, 1.6)
    out = width / 2 + rng.uniform(0, 4)
    ring = rng.uniform(0.45, 0.6)  # share of the height at which the lower gallery lies
    corners = ((-1, 0), (1, 0), (-1, 1), (1, 1))
    for right, back in corners[: pick(rng, 1, 2, 2, 4)]:
        x = right * out
        y = back * width
        build.cylinder(x, y, 0, radius, height, texture=build.wall)
        # two galleries, and a pointed roof
        for share in (ring, 0.8):
            build.cylinder(x, y, height * share, 1.6 * radius, 0.9)
        build.cone(x, y, height, 1.2 * radius, rng.uniform(3, 6))


def pagoda(build: Builder, rng: np.random.Generator) -> None:
    """Build two to six storeys, each smaller than the one below and under a roof of its own."""
    width = rng.uniform(8, 15)
    y = width / 2
    z = build.steps(width + 2, width + 2, 3, width / 2)
    storeys = int(rng.integers(2, 7))
    shrink = rng.uniform(0.78, 0.92)  # width of a storey over that of the one below
    storey_height = rng.uniform(3, 5)
    eaves = rng.uniform(1.2, 1.55)  # width of a roof over that of its storey
    rise = rng.uniform(1.4, 3.2)
    for k in range(storeys):
        wide = width * shrink**k
        build.box(0, y, z, wide, wide, storey_height, Walls(portal=k == 0, storey=9))
        z += storey_height
        # the topmost roof is higher than the others
        roof_height = rise * (1 + 0.8 * (k == storeys - 1))
        build.roof(0, y, z - 0.3, wide * eaves, wide * eaves, roof_height)
        z += 0.45 * rise
    # a pole on top
    build.cylinder(0, y, z, 0.4, rng.uniform(4, 9), 0.6)
