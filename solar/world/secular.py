"""Build castle, triumphal arch, palace, clock tower and monument.

Each function puts one building together with `build` and draws its sizes (metres) from `rng`. The
building stands on z = 0 with its front on y = 0 or near it, facing -y, and the middle on x = 0.
Draws come in a fixed order: a seed always gives the same building.
"""

import numpy as np

from .builder import Builder, Walls
from .chance import maybe, pick


def castle(build: Builder, rng: np.random.Generator) -> None:
    """Build a hall with battlements, two to four round towers and a keep."""
    width = rng.uniform(22, 36)
    depth = 16.0
    height = rng.uniform(8, 13)
    # the hall
    build.box(0, depth / 2, 0, width, depth, height, Walls(portal=True))
    build.merlons(-width / 2, width / 2, 0.65, height)
    # round towers on the corners: front left, front right, back right, back left
    pointed = maybe(rng, 0.5)
    corners = ((-1, 0), (1, 0), (1, 1), (-1, 1))
    for right, back in corners[: pick(rng, 2, 3, 4)]:
        radius = rng.uniform(2.6, 4.4)
        tower_height = height * rng.uniform(1.1, 2.1)
        x = right * width / 2
        y = back * depth
        shaft = build.facade(2 * np.pi * radius, tower_height, Walls(build.tower))
        build.cylinder(x, y, 0, radius, tower_height, texture=shaft)
        if pointed:
            build.cone(x, y, tower_height, 1.18 * radius, radius * rng.uniform(1.6, 3))
        else:
            _battlements(build, x, y, tower_height, radius)
    # the keep rises from the hall
    keep = rng.uniform(7, 11)
    x = rng.uniform(-0.25, 0.25) * width
    keep_height = rng.uniform(5, 15)
    build.box(x, 10, height, keep, keep, keep_height, Walls(build.tower))
    z = height + keep_height
    if maybe(rng, 0.6):
        build.roof(x, 10, z, keep + 0.8, keep + 0.8, rng.uniform(3, 8))
    else:
        build.merlons(x - keep / 2, x + keep / 2, 10 - keep / 2 + 0.65, z)


def _battlements(build: Builder, x: float, y: float, z: float, radius: float) -> None:
    """Close a round tower at height `z`: a wider rim, a floor, and eight merlons around it."""
    build.cylinder(x, y, z, 1.12 * radius, 1.2)
    build.box(x, y, z + 1.0, 1.5 * radius, 1.5 * radius, 0.2, build.plain)
    for angle in np.arange(8) * np.pi / 4:
        merlon_x = x + radius * np.cos(angle)
        merlon_y = y + radius * np.sin(angle)
        build.box(merlon_x, merlon_y, z + 1.2, 0.9, 0.9, 1.1, build.wall)


def arch(build: Builder, rng: np.random.Generator) -> None:
    """Build a triumphal arch: piers, and one or three passages that one can look through."""
    width = rng.uniform(13, 22)
    depth = rng.uniform(5, 8)
    height = rng.uniform(10, 15)
    gate = rng.uniform(0.3, 0.42) * width
    spring = height * rng.uniform(0.4, 0.5)  # where the vault begins
    gates = [(0.0, gate, spring)]  # middle, width, spring of each passage
    # two lower passages beside it
    if maybe(rng, 0.45):
        width *= 1.35
        low = gate * rng.uniform(0.45, 0.6)
        out = gate / 2 + (width - gate) / 4
        gates = [(-out, low, 0.6 * spring), *gates, (out, low, 0.6 * spring)]
    # piers stand between the passages and at both ends
    edges = [-width / 2]
    for x, wide, _ in gates:
        edges += [x - wide / 2, x + wide / 2]
    edges.append(width / 2)
    storey = height / pick(rng, 1, 2)
    for left, right in zip(edges[::2], edges[1::2]):
        front = build.facade(right - left, height, Walls(storey=storey))
        build.box((left + right) / 2, depth / 2, 0, right - left, depth, height, front)
    for x, wide, start in gates:
        _vault(build, x, wide, start, depth, height)
    # a cornice, and the attic (a low storey) above it
    build.box(0, depth / 2, height, width + 0.8, depth + 0.8, 1, build.plain)
    attic = rng.uniform(2, 4.5)
    attic_width = width * rng.uniform(0.7, 0.98)
    build.box(0, depth / 2, height + 1, attic_width, 0.85 * depth, attic)
    # one or two columns on either side of the middle passage
    if maybe(rng, 0.7):
        radius = rng.uniform(0.45, 0.7)
        places = (gate / 2 + 1.6 * radius, width / 2 - 1.4 * radius)
        for side in (-1, 1):
            for place in places[: pick(rng, 1, 2)]:
                build.column(side * place, -1.3 * radius, 0, radius, height)
    # a pedestal with three figures
    if maybe(rng, 0.5):
        build.box(0, depth / 2, height + 1 + attic, 3, 2, 1.2, build.plain)
        for x in (-0.9, 0, 0.9):
            build.cylinder(x, depth / 2, height + 2.2 + attic, 0.45, 2.6, 0.5)


def _vault(
    build: Builder, x: float, gate: float, spring: float, depth: float, height: float
) -> None:
    """Close a passage `gate` wide: half a circle in six steps above `spring`, then wall."""
    y = depth / 2
    radius = gate / 2
    for k in range(6):
        # one step of the circle: blocks on both sides, as deep as the arch
        lower = k * np.pi / 12
        upper = (k + 1) * np.pi / 12
        z0 = spring + radius * np.sin(lower)
        z1 = spring + radius * np.sin(upper)
        hole = radius * np.cos(upper)
        for side in (-1, 1):
            middle = x + side * (hole + radius) / 2
            build.box(middle, y, z0, radius - hole, depth, z1 - z0, build.wall)
    crown = spring + radius
    build.box(x, y, crown, gate, depth, height - crown, build.wall)


def palace(build: Builder, rng: np.random.Generator) -> None:
    """Build a long block with a higher middle part, perhaps two pavilions and a porch."""
    width = rng.uniform(30, 46)
    depth = rng.uniform(10, 14)
    height = rng.uniform(9, 15)
    build.box(0, depth / 2, 0, width, depth, height, Walls(portal=True))
    if maybe(rng, 0.4):
        build.roof(0, depth / 2, height, width, depth, rng.uniform(3, 6))
    else:
        build.box(0, depth / 2, height, width + 0.6, depth + 0.6, 1, build.plain)
    # the middle part
    middle_width = rng.uniform(7, 12)
    middle_height = height * rng.uniform(1.02, 1.4)
    _palace_middle(build, rng, middle_width, depth, middle_height)
    # pavilions at both ends
    if maybe(rng, 0.6):
        rise = rng.uniform(3, 7)
        ridge = pick(rng, 0, depth + 0.4)
        y = depth / 2 - 1
        for side in (-1, 1):
            x = side * (width / 2 - 3)
            build.box(x, y, 0, 7, depth, 1.08 * height)
            build.roof(x, y, 1.08 * height, 7.4, depth + 0.4, rise, ridge)
    # a porch of four columns
    if maybe(rng, 0.5):
        along = np.linspace(0.8 - middle_width / 2, middle_width / 2 - 0.8, 4)
        build.columns(along, -2.6, 0, 0.45, 0.6 * height)
        build.box(0, -2.4, 0.6 * height, middle_width + 0.6, 1.8, 0.8, build.plain)


def _palace_middle(
    build: Builder, rng: np.random.Generator, width: float, depth: float, height: float
) -> None:
    """Build the middle part of a palace, under a gable, a dome or a pyramid."""
    # it stands 1.5 metres before the block
    y = depth / 2 - 1.5
    walls = Walls(portal=True, ornament=pick(rng, "clock", None, "rose"))
    build.box(0, y, 0, width, depth, height, walls)
    # what closes it above
    top = pick(rng, "gable", "dome", "pyramid")
    if top == "gable":
        build.roof(0, y, height, width, depth, 4, depth)
    elif top == "dome":
        build.cylinder(0, depth / 2, height, 0.38 * width, 3)
        build.dome(0, depth / 2, height + 3, 0.4 * width, 0.45 * width)
    else:
        build.roof(0, y, height, width, depth, rng.uniform(5, 9))


def clock_tower(build: Builder, rng: np.random.Generator) -> None:
    """Build a square tower of two to four stages, with a clock on any but the lowest."""
    width = rng.uniform(7, 11)
    y = width / 2
    z = build.steps(width + 3, width + 3, 3, width / 2)
    stages = pick(rng, 2, 3, 4)
    for k in range(stages):
        stage_height = rng.uniform(7, 15)
        wide = width * (1 - 0.14 * k)
        # the lowest stage has the door, the others perhaps an ornament
        ornament = pick(rng, "clock", None, "rose") if k else None
        walls = Walls(portal=k == 0, ornament=ornament)
        build.box(0, y, z, wide, wide, stage_height, walls)
        build.box(0, y, z + stage_height, 1.08 * wide, 1.08 * wide, 0.8, build.plain)
        z += stage_height + 0.8
    # a roof, or a drum with a dome or a cone
    top = pick(rng, "roof", "dome", "cone")
    wide = width * (1.04 - 0.14 * stages)
    if top == "roof":
        build.roof(0, y, z, wide, wide, rng.uniform(5, 13))
        return
    build.cylinder(0, y, z, 0.42 * wide, 4, texture=build.facade(2.6 * wide, 4))
    if top == "dome":
        build.dome(0, y, z + 4, 0.45 * wide, 0.6 * wide)
    else:
        build.cone(0, y, z + 4, 0.48 * wide, rng.uniform(6, 14))


def monument(build: Builder, rng: np.random.Generator) -> None:
    """Build a column, an obelisk or a round temple, on steps and a pedestal."""
    base = rng.uniform(6, 13)
    z = build.steps(base, base, int(rng.integers(3, 9)), 0)
    pedestal = rng.uniform(3, 7)
    walls = Walls(portal=maybe(rng, 0.5))
    build.box(0, 0, z, 0.7 * base, 0.7 * base, pedestal, walls)
    z += pedestal
    kind = pick(rng, "column", "obelisk", "rotunda")
    height = rng.uniform(14, 28)
    radius = rng.uniform(1.2, 2.3)
    if kind == "column":
        # with a figure on top
        shaft = build.facade(14, height, Walls(storey=2.5))
        build.cylinder(0, 0, z, radius, height, 0.15, shaft)
        build.box(0, 0, z + height, 3 * radius, 3 * radius, 0.9, build.plain)
        build.cylinder(0, 0, z + height + 0.9, 0.5 * radius, 3.4, 0.6)
    elif kind == "obelisk":
        # a very steep pyramid
        side = 2.6 * radius
        build.roof(0, 0, z, side, side, 2.2 * height, texture=build.wall)
    else:
        _rotunda(build, rng, z, 0.33 * base)
    # two small statues before it, in two cases of three
    for side in pick(rng, (), (-1, 1), (-1, 1)):
        x = 0.9 * side * base
        build.box(x, -0.6 * base, 0, 2.4, 2.4, 2.6, build.plain)
        build.cylinder(x, -0.6 * base, 2.6, 0.6, 2.6, 0.6)


def _rotunda(build: Builder, rng: np.random.Generator, z: float, radius: float) -> None:
    """Build six to eleven columns on a circle around a round wall, under a dome."""
    count = int(rng.integers(6, 12))
    for angle in np.arange(count) * 2 * np.pi / count:
        build.column(radius * np.cos(angle), radius * np.sin(angle), z, 0.4, 7)
    build.cylinder(0, 0, z, 0.62 * radius, 7, texture=build.wall)
    build.cylinder(0, 0, z + 7, 1.25 * radius, 1)
    build.dome(0, 0, z + 8, 1.15 * radius, radius * rng.uniform(0.8, 1.5))
