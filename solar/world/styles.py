"""Ten styles of landmarks. A style says how a building is put together; its seed chooses everything
else.
"""

import numpy as np

from .solids import Builder


def pick(rng, *choices):
    """One of `choices`."""
    return choices[rng.integers(len(choices))]


def maybe(rng, share: float) -> bool:
    """True with probability `share`."""
    return rng.random() < share


def cathedral(b: Builder, rng) -> None:
    w, l, h = rng.uniform(10, 15), rng.uniform(24, 38), rng.uniform(12, 18)
    side, tall = rng.uniform(5, 7.5), h * rng.uniform(1.3, 2.1)
    b.box(0, l / 2, 0, w, l, h, portal=True, ornament=pick(rng, "rose", "rose", None))
    b.roof(0, l / 2, h, w, l, rng.uniform(5, 9), l)
    places, top = pick(rng, (-1, 1), (-1, 1), (0,), (1,)), pick(rng, "roof", "cone", "open", "open")
    for place in places:
        x, y = place * (w / 2 + side / 2 - 1), side / 2 - 1.5
        height = tall * (rng.uniform(0.75, 1) if place < 0 else 1)
        b.box(
            x,
            y,
            0,
            side,
            side,
            height,
            style=b.tower,
            portal=place == 0,
            ornament=pick(rng, "clock", None, None),
        )
        if top == "roof":
            b.roof(x, y, height, side, side, rng.uniform(6, 15))
        elif top == "cone":
            b.cone(x, y, height, 0.45 * side, rng.uniform(7, 14))
        else:
            for sx, sy in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
                b.box(
                    x + sx * (side / 2 - 0.6),
                    y + sy * (side / 2 - 0.6),
                    height,
                    1.2,
                    1.2,
                    rng.uniform(1.8, 3.5),
                    b.wall,
                )
    if maybe(rng, 0.6):  # transept
        b.box(0, 0.65 * l, 0, w + rng.uniform(8, 14), rng.uniform(7, 10), 0.9 * h)
    if maybe(rng, 0.5):  # crossing
        b.cylinder(0, 0.65 * l, h, 3.2, 6)
        b.dome(0, 0.65 * l, h + 6, 3.4, 4) if maybe(rng, 0.5) else b.cone(
            0, 0.65 * l, h + 6, 3.4, 9
        )


def temple(b: Builder, rng) -> None:
    w, d, h = rng.uniform(16, 30), rng.uniform(12, 26), rng.uniform(7, 12)
    z = b.steps(w + 2, d + 2, int(rng.integers(2, 8)), d / 2)
    porch = w * pick(rng, 1, 1, 0.55)
    b.box(0, d / 2 + 2, z, w - 3, d - 4, h, portal=True, storey=h / pick(rng, 1, 2))
    b.columns(
        1 - porch / 2, porch / 2 - 1, 0.4, z, int(rng.integers(4, 10)), rng.uniform(0.4, 0.75), h
    )
    b.box(0, 1.5, z + h, porch + 0.6, 4.4, 0.16 * h, b.plain)
    b.box(0, d / 2 + 2, z + h, w - 2, d - 3, 0.16 * h, b.plain)
    z += 1.16 * h
    if maybe(rng, 0.75):
        b.roof(0, 1.6, z, porch + 1, 5, rng.uniform(2, 4), 5)
    top = pick(rng, "roof", "dome", "lantern")
    if top == "roof":
        b.roof(0, d / 2 + 2, z, w - 2, d - 3, rng.uniform(2, 5), d - 3)
        return
    r, drum = rng.uniform(4, max(4.5, min(0.32 * w, 0.45 * d))), rng.uniform(2, 7)
    b.cylinder(0, d / 2, z, r, drum, texture=b.facade(2 * np.pi * r, drum))
    b.dome(0, d / 2, z + drum, 1.03 * r, r * rng.uniform(0.8, 1.3))
    if top == "lantern":
        b.cylinder(0, d / 2, z + drum + 0.9 * r, 0.2 * r, 3)
        b.dome(0, d / 2, z + drum + 0.9 * r + 3, 0.24 * r, 0.3 * r)


def castle(b: Builder, rng) -> None:
    w, d, h = rng.uniform(22, 36), 16.0, rng.uniform(8, 13)
    b.box(0, d / 2, 0, w, d, h, portal=True)
    b.merlons(-w / 2, w / 2, 0.65, h)
    pointed = maybe(rng, 0.5)
    for sx, sy in ((-1, 0), (1, 0), (1, 1), (-1, 1))[: pick(rng, 2, 3, 4)]:
        r, tall, x, y = rng.uniform(2.6, 4.4), h * rng.uniform(1.1, 2.1), sx * w / 2, sy * d
        b.cylinder(x, y, 0, r, tall, texture=b.facade(2 * np.pi * r, tall, b.tower))
        if pointed:
            b.cone(x, y, tall, 1.18 * r, r * rng.uniform(1.6, 3))
            continue
        b.cylinder(x, y, tall, 1.12 * r, 1.2)
        b.box(x, y, tall + 1.0, 1.5 * r, 1.5 * r, 0.2, b.plain)  # the tower's floor
        for a in np.arange(8) * np.pi / 4:
            b.box(x + r * np.cos(a), y + r * np.sin(a), tall + 1.2, 0.9, 0.9, 1.1, b.wall)
    keep, x, tall = rng.uniform(7, 11), rng.uniform(-0.25, 0.25) * w, rng.uniform(5, 15)
    b.box(x, 10, h, keep, keep, tall, style=b.tower)
    if maybe(rng, 0.6):
        b.roof(x, 10, h + tall, keep + 0.8, keep + 0.8, rng.uniform(3, 8))
    else:
        b.merlons(x - keep / 2, x + keep / 2, 10 - keep / 2 + 0.65, h + tall)


def vault(b: Builder, x: float, gate: float, spring: float, depth: float, height: float) -> None:
    """What closes a passage `gate` wide above `spring`: half a circle in steps, then wall up to
    `height`.
    """
    y = depth / 2
    for k in range(6):
        a, e = k * np.pi / 12, (k + 1) * np.pi / 12
        z0, z1 = spring + gate / 2 * np.sin(a), spring + gate / 2 * np.sin(e)
        hole = gate / 2 * np.cos(e)
        for side in (-1, 1):
            b.box(x + side * (hole + gate / 2) / 2, y, z0, gate / 2 - hole, depth, z1 - z0, b.wall)
    crown = spring + gate / 2
    b.box(x, y, crown, gate, depth, height - crown, b.wall)


def arch(b: Builder, rng) -> None:
    """A triumphal arch: piers, and one or three passages that one can look through."""
    w, d, h = rng.uniform(13, 22), rng.uniform(5, 8), rng.uniform(10, 15)
    gate, spring = rng.uniform(0.3, 0.42) * w, h * rng.uniform(0.4, 0.5)
    gates = [(0.0, gate, spring)]
    if maybe(rng, 0.45):  # two lower ones beside it
        w *= 1.35
        low = gate * rng.uniform(0.45, 0.6)
        out = gate / 2 + (w - gate) / 4
        gates = [(-out, low, 0.6 * spring), *gates, (out, low, 0.6 * spring)]
    ends = [-w / 2, *(x + s * wide / 2 for x, wide, _ in gates for s in (-1, 1)), w / 2]
    storey = h / pick(rng, 1, 2)
    for left, right in zip(ends[::2], ends[1::2]):
        front = b.facade(right - left, h, storey=storey)
        b.box((left + right) / 2, d / 2, 0, right - left, d, h, front)
    for x, wide, start in gates:
        vault(b, x, wide, start, d, h)
    b.box(0, d / 2, h, w + 0.8, d + 0.8, 1, b.plain)
    attic = rng.uniform(2, 4.5)
    b.box(0, d / 2, h + 1, w * rng.uniform(0.7, 0.98), 0.85 * d, attic)
    if maybe(rng, 0.7):
        r = rng.uniform(0.45, 0.7)
        for side in (-1, 1):
            for at in (gate / 2 + 1.6 * r, w / 2 - 1.4 * r)[: pick(rng, 1, 2)]:
                b.column(side * at, -1.3 * r, 0, r, h)
    if maybe(rng, 0.5):
        b.box(0, d / 2, h + 1 + attic, 3, 2, 1.2, b.plain)
        for x in (-0.9, 0, 0.9):
            b.cylinder(x, d / 2, h + 2.2 + attic, 0.45, 2.6, 0.5)


def palace(b: Builder, rng) -> None:
    w, d, h = rng.uniform(30, 46), rng.uniform(10, 14), rng.uniform(9, 15)
    b.box(0, d / 2, 0, w, d, h, portal=True)
    if maybe(rng, 0.4):
        b.roof(0, d / 2, h, w, d, rng.uniform(3, 6))
    else:
        b.box(0, d / 2, h, w + 0.6, d + 0.6, 1, b.plain)
    cw, ch, y = rng.uniform(7, 12), h * rng.uniform(1.02, 1.4), d / 2 - 1.5
    b.box(0, y, 0, cw, d, ch, portal=True, ornament=pick(rng, "clock", None, "rose"))
    top = pick(rng, "gable", "dome", "pyramid")
    if top == "gable":
        b.roof(0, y, ch, cw, d, 4, d)
    elif top == "dome":
        b.cylinder(0, d / 2, ch, 0.38 * cw, 3)
        b.dome(0, d / 2, ch + 3, 0.4 * cw, 0.45 * cw)
    else:
        b.roof(0, y, ch, cw, d, rng.uniform(5, 9))
    if maybe(rng, 0.6):  # pavilions
        rise, ridge = rng.uniform(3, 7), pick(rng, 0, d + 0.4)
        for side in (-1, 1):
            b.box(side * (w / 2 - 3), d / 2 - 1, 0, 7, d, 1.08 * h)
            b.roof(side * (w / 2 - 3), d / 2 - 1, 1.08 * h, 7.4, d + 0.4, rise, ridge)
    if maybe(rng, 0.5):  # porch
        b.columns(0.8 - cw / 2, cw / 2 - 0.8, -2.6, 0, 4, 0.45, 0.6 * h)
        b.box(0, -2.4, 0.6 * h, cw + 0.6, 1.8, 0.8, b.plain)


def clock_tower(b: Builder, rng) -> None:
    w = rng.uniform(7, 11)
    y, z = w / 2, b.steps(w + 3, w + 3, 3, w / 2)
    stages = pick(rng, 2, 3, 4)
    for k in range(stages):
        h, wide = rng.uniform(7, 15), w * (1 - 0.14 * k)
        b.box(
            0,
            y,
            z,
            wide,
            wide,
            h,
            portal=k == 0,
            ornament=pick(rng, "clock", None, "rose") if k else None,
        )
        b.box(0, y, z + h, 1.08 * wide, 1.08 * wide, 0.8, b.plain)
        z += h + 0.8
    top, w = pick(rng, "roof", "dome", "cone"), w * (1.04 - 0.14 * stages)
    if top == "roof":
        b.roof(0, y, z, w, w, rng.uniform(5, 13))
        return
    b.cylinder(0, y, z, 0.42 * w, 4, texture=b.facade(2.6 * w, 4))
    b.dome(0, y, z + 4, 0.45 * w, 0.6 * w) if top == "dome" else b.cone(
        0, y, z + 4, 0.48 * w, rng.uniform(6, 14)
    )


def mosque(b: Builder, rng) -> None:
    w, h = rng.uniform(16, 24), rng.uniform(8, 12)
    y, z = w / 2, b.steps(w + 2, w + 2, 2, w / 2)
    b.box(0, y, z, w, w, h, portal=True)
    b.box(0, -0.8, 0, rng.uniform(5, 9), 2.4, h * rng.uniform(0.9, 1.25), portal=True, storey=20)
    r, bulb, z = w * rng.uniform(0.26, 0.4), pick(rng, 0, 0.25, 0.35), z + h
    b.cylinder(0, y, z, r, 3, texture=b.facade(2 * np.pi * r, 3))
    tall = r * rng.uniform(1, 1.6)
    b.dome(0, y, z + 3, 1.05 * r, tall, bulb)
    b.cylinder(0, y, z + 3 + 0.9 * tall, 0.25, 0.4 * r + 2)
    if maybe(rng, 0.7):
        for sx, sy in ((-1, 0.14), (1, 0.14), (-1, 0.86), (1, 0.86)):
            b.dome(0.36 * sx * w, sy * w, z, 0.12 * w, 0.15 * w, bulb)
    tall, r, out, rings = (
        rng.uniform(20, 32),
        rng.uniform(0.9, 1.6),
        w / 2 + rng.uniform(0, 4),
        rng.uniform(0.45, 0.6),
    )
    for sx, sy in ((-1, 0), (1, 0), (-1, 1), (1, 1))[: pick(rng, 1, 2, 2, 4)]:  # minarets
        b.cylinder(sx * out, sy * w, 0, r, tall, texture=b.wall)
        for share in (rings, 0.8):
            b.cylinder(sx * out, sy * w, tall * share, 1.6 * r, 0.9)
        b.cone(sx * out, sy * w, tall, 1.2 * r, rng.uniform(3, 6))


def pagoda(b: Builder, rng) -> None:
    w = rng.uniform(8, 15)
    y, z = w / 2, b.steps(w + 2, w + 2, 3, w / 2)
    storeys, shrink, tall = int(rng.integers(2, 7)), rng.uniform(0.78, 0.92), rng.uniform(3, 5)
    eaves, rise = rng.uniform(1.2, 1.55), rng.uniform(1.4, 3.2)
    for k in range(storeys):
        wide = w * shrink**k
        b.box(0, y, z, wide, wide, tall, portal=k == 0, storey=9)
        z += tall
        b.roof(0, y, z - 0.3, wide * eaves, wide * eaves, rise * (1 + 0.8 * (k == storeys - 1)))
        z += 0.45 * rise
    b.cylinder(0, y, z, 0.4, rng.uniform(4, 9), 0.6)


def church(b: Builder, rng) -> None:
    w, l, h = rng.uniform(9, 14), rng.uniform(16, 26), rng.uniform(7, 11)
    b.box(0, l / 2, 0, w, l, h, portal=True, ornament=pick(rng, "rose", None))
    b.roof(0, l / 2, h, w + 0.8, l + 0.6, rng.uniform(4, 8), l + 0.6)
    x, side, tall = pick(rng, -1, 0, 1) * (w / 2 + 1.5), rng.uniform(4.5, 6), rng.uniform(14, 24)
    y = side / 2 - 1
    b.box(
        x, y, 0, side, side, tall, style=b.tower, portal=x == 0, ornament=pick(rng, "clock", None)
    )
    top = pick(rng, "roof", "onion", "cone")
    if top == "roof":
        b.roof(x, y, tall, side + 0.4, side + 0.4, rng.uniform(4, 13))
    elif top == "onion":
        b.dome(x, y, tall, 0.52 * side, 0.75 * side, 0.3)
        b.cylinder(x, y, tall + 0.6 * side, 0.7, 2.4)
        b.dome(x, y, tall + 0.6 * side + 2.4, 0.9, 1.4)
    else:
        b.cylinder(x, y, tall, 0.4 * side, 3, texture=b.facade(2.5 * side, 3))
        b.cone(x, y, tall + 3, 0.45 * side, rng.uniform(5, 12))
    if maybe(rng, 0.5):
        b.box(0, 0.55 * l, 0, 1.7 * w, 6, 0.8 * h)


def monument(b: Builder, rng) -> None:
    """A column, an obelisk or a round temple on steps."""
    base = rng.uniform(6, 13)
    z, h = b.steps(base, base, int(rng.integers(3, 9)), 0), rng.uniform(3, 7)
    b.box(0, 0, z, 0.7 * base, 0.7 * base, h, portal=maybe(rng, 0.5))
    z += h
    kind, tall, r = (
        pick(rng, "column", "obelisk", "rotunda"),
        rng.uniform(14, 28),
        rng.uniform(1.2, 2.3),
    )
    if kind == "column":
        b.cylinder(0, 0, z, r, tall, 0.15, b.facade(14, tall, storey=2.5))
        b.box(0, 0, z + tall, 3 * r, 3 * r, 0.9, b.plain)
        b.cylinder(0, 0, z + tall + 0.9, 0.5 * r, 3.4, 0.6)
    elif kind == "obelisk":
        b.roof(0, 0, z, 2.6 * r, 2.6 * r, 2.2 * tall, texture=b.wall)
    else:
        count, out = int(rng.integers(6, 12)), 0.33 * base
        for a in np.arange(count) * 2 * np.pi / count:
            b.column(out * np.cos(a), out * np.sin(a), z, 0.4, 7)
        b.cylinder(0, 0, z, 0.62 * out, 7, texture=b.wall)
        b.cylinder(0, 0, z + 7, 1.25 * out, 1)
        b.dome(0, 0, z + 8, 1.15 * out, out * rng.uniform(0.8, 1.5))
    for side in pick(rng, (), (-1, 1), (-1, 1)):
        b.box(0.9 * side * base, -0.6 * base, 0, 2.4, 2.4, 2.6, b.plain)
        b.cylinder(0.9 * side * base, -0.6 * base, 2.6, 0.6, 2.6, 0.6)


STYLES = {
    "cathedral": cathedral,
    "temple": temple,
    "castle": castle,
    "arch": arch,
    "palace": palace,
    "tower": clock_tower,
    "mosque": mosque,
    "pagoda": pagoda,
    "church": church,
    "monument": monument,
}
