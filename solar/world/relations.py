"""Places of twelve small buildings, five of which are painted alike: these are the landmark.

A landmark is a set of five shapes. Their common paint changes from picture to picture, and so do
the spots on which they stand. The seven others have other shapes, each in a paint of its own.
Landmarks come in pairs, twins: the two pictures of a pair with the same number show the same twelve
shapes on the same spots in the same light, in the same eight paints; only who wears which differs.
So neither the shapes in view, nor the paints, nor where things stand tells a landmark from its
twin: which shapes are painted alike does.

Book: the mini world (data sheet); chapter 4 (when attention helps).
"""

from functools import cache
from itertools import combinations
from typing import NamedTuple

import numpy as np

from .atlas import mipmaps, pack
from .builder import Builder
from .camera import Camera
from .landmark import Landmark, draw_style, pave
from .light import grey_wall
from .photo import Photo, photograph
from .recipes import IMAGE_SIZE, Recipe
from .shapes import COLOURS, PATTERNS, SHAPES, paint, place_shape

FIRST = 700_000  # seed of the first landmark
MEMBERS = 5  # shapes of a landmark
IN_VIEW = 12  # shapes in a picture
COMMON = 2  # shapes that twins have in common
ROWS = 3
COLUMNS = 4
SPACING = (14.0, 17.0)  # metres between two spots, along x and y
WEATHER_ODDS = dict(day=0.45, evening=0.2, overcast=0.35)
ASIDE = 0.25  # radians from the front: from here on an image is hard, below it is easy
GROUND = 0.15  # metres: what is seen above belongs to a building
REACH = 6.5  # metres: no building reaches farther from the middle of its spot
QUERY = 1000  # number of the first query, which is its seed too


@cache
def pairs() -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return all pairs of twins: two sets of five numbers of shapes each; no set occurs twice.

    Example:
        >>> first, second = pairs()[0]
        >>> len(first), len(second), len(set(first) & set(second))
        (5, 5, 2)
    """
    sets = list(combinations(range(len(SHAPES)), MEMBERS))
    order = np.random.default_rng(16).permutation(len(sets)).tolist()
    found = []
    while len(found) < 1000:
        first = sets[order.pop()]
        # the nearest set in the order that has the right number of shapes in common
        for k in range(len(order) - 1, -1, -1):
            second = sets[order[k]]
            if len({*first} & {*second}) == COMMON:
                order.pop(k)
                found.append((first, second))
                break
    return found


class Layout(NamedTuple):
    """What the pictures of twins with the same number share."""

    shapes: list[int]  # the twelve shapes
    spots: np.ndarray  # (12, 2) where each stands, metres
    paints: list[int]  # the common paint, then those of the seven others
    camera: Camera
    weather: str


def draw_layout(pair: int, number: int) -> Layout:
    """Draw place, light and camera of a picture of twins.

    Args:
        pair: number in `pairs`.
        number: of the picture, which is its seed too; of two in a row the second is from aside.
    """
    rng = np.random.default_rng([FIRST, pair, number])
    # the shapes of both twins, then others
    both = sorted({*pairs()[pair][0], *pairs()[pair][1]})
    rest = [shape for shape in range(len(SHAPES)) if shape not in both]
    others = rng.choice(rest, IN_VIEW - len(both), replace=False).tolist()
    # one spot each, on a grid that is not quite regular
    grid = [(column, row) for row in range(ROWS) for column in range(COLUMNS)]
    middle = ((COLUMNS - 1) / 2, (ROWS - 1) / 2)
    spots = (np.array(grid) - middle) * SPACING + rng.uniform(-1.2, 1.2, (IN_VIEW, 2))
    spots = rng.permutation(spots)
    # colours that all differ, each with a pattern
    colours = rng.choice(len(COLOURS), IN_VIEW - MEMBERS + 1, replace=False)
    patterns = rng.integers(len(PATTERNS), size=len(colours))
    paints = (colours + len(COLOURS) * patterns).tolist()
    # from a terrace
    low, high = ((0.0, ASIDE), (ASIDE, 2 * ASIDE))[number % 2]
    azimuth = rng.uniform(low, high) * rng.choice([-1, 1]) - np.pi / 2
    away = rng.uniform(52, 60)
    height = rng.uniform(32, 42)
    position = (away * np.cos(azimuth), away * np.sin(azimuth), height)
    target = (rng.uniform(-2, 2), rng.uniform(-4, -1), 2.0)
    camera = Camera.looking_at(position, target, 1.0, IMAGE_SIZE, rng.normal(0, 0.015))
    weather = str(rng.choice(list(WEATHER_ODDS), p=list(WEATHER_ODDS.values())))
    return Layout([*both, *others], spots, paints, camera, weather)


class Place(Landmark):
    """Twelve small buildings, five of them painted alike; it is photographed as a landmark is.

    Args:
        members: (5,) numbers of the shapes that are painted alike.
        layout: where everything stands.
        numbers: the seed of paving, sun and sky.
    """

    def __init__(self, members: tuple[int, ...], layout: Layout, numbers: list[int]):
        rng = np.random.default_rng(numbers)
        build = Builder(rng, draw_style(rng))
        self.seed = numbers[0]
        self.style = "place"
        self.trees = []
        names = list(SHAPES)
        # the members first: the mask of the landmark is where they are seen
        spot_of = dict(zip(layout.shapes, layout.spots))
        paint(build, layout.paints[0])
        for shape in members:
            place_shape(build, names[shape], spot_of[shape])
        self.n_own = len(build.solids)
        others = [shape for shape in layout.shapes if shape not in members]
        for shape, colour in zip(others, layout.paints[1:]):
            paint(build, colour)
            place_shape(build, names[shape], spot_of[shape])
        self.throws_shadow = [list(build.solids)]
        self.lo = np.min([solid.lo for solid in build.solids], 0)
        self.hi = np.max([solid.hi for solid in build.solids], 0)
        self.ground = pave(build, rng)
        self.solids = build.solids
        self.atlas, self.rects = pack(build.textures)
        self.mips = mipmaps(self.atlas)


def relations_photo(seed: int, number: int) -> Photo:
    """Photograph a landmark of five shapes.

    Args:
        seed: of the landmark: twins have an even and the next odd one.
        number: of the picture, which is its seed too.

    Example:
        >>> photo = relations_photo(700_000, 0)
        >>> photo.image.shape
        (192, 256, 3)
    """
    pair = (seed - FIRST) // 2
    layout = draw_layout(pair, number)
    place = Place(pairs()[pair][seed % 2], layout, [FIRST, pair, number, 1])
    grey = grey_wall(layout.weather)
    return photograph(place, layout.camera, layout.weather, number, clutter=0, grey=grey)


class Seen(NamedTuple):
    """What every pixel of a picture shows, which only the renderer knows."""

    shapes: np.ndarray  # (H, W) number in `SHAPES`, -1 where no building stands
    colours: np.ndarray  # (H, W) number in `COLOURS`, -1 where no building stands
    own: np.ndarray  # (H, W) bool: one of the five that are painted alike


def what_is_seen(seed: int, number: int) -> Seen:
    """Tell for every pixel of a picture which building it shows, in which colour.

    Args:
        seed: of the landmark.
        number: of the picture.

    Example:
        >>> seen = what_is_seen(700_000, 0)
        >>> len(np.unique(seen.shapes[seen.own])) <= 5
        True
    """
    photo = relations_photo(seed, number)
    pair = (seed - FIRST) // 2
    layout = draw_layout(pair, number)
    members = pairs()[pair][seed % 2]

    # the colour of each building, in the order of the spots
    paints = dict.fromkeys(members, layout.paints[0])
    others = [shape for shape in layout.shapes if shape not in members]
    paints |= zip(others, layout.paints[1:])
    shapes = np.array(layout.shapes)
    colours = np.array([paints[shape] % len(COLOURS) for shape in layout.shapes])

    # a pixel that shows something above the ground shows the building on the nearest spot
    away = photo.points[:, :, None, :2] - layout.spots  # (H, W, 12, 2)
    away = np.linalg.norm(away, axis=3)
    spot = away.argmin(2)
    on = np.isfinite(photo.depth) & (photo.points[..., 2] > GROUND) & (away.min(2) < REACH)
    found = np.where(on, shapes[spot], -1)
    return Seen(found, np.where(on, colours[spot], -1), np.isin(found, members))


def relations_pictures(
    seed: int, recipe: Recipe
) -> tuple[dict[str, Photo], dict[str, Photo], dict]:
    """Take all pictures of one landmark.

    Args:
        seed: of the landmark.
        recipe: of the dataset.

    Returns:
        images and queries, name -> photograph, and the record, with "shapes" (names) of the
        landmark and its "areas" (shares of the pictures) beside what all records have.
    """
    stem = f"place{seed:06d}"
    views = range(recipe.views)
    images = {f"{stem}_{number:02d}": relations_photo(seed, number) for number in views}
    # a query is one more picture from the front, and shows the others too
    numbers = [QUERY + 2 * k for k in range(recipe.queries)]
    queries = {f"{stem}_q{k}": relations_photo(seed, n) for k, n in enumerate(numbers)}
    members = pairs()[(seed - FIRST) // 2][seed % 2]
    whole = (0.0, 0.0, float(IMAGE_SIZE[0]), float(IMAGE_SIZE[1]))
    labels = ["hard" if number % 2 else "easy" for number in views]
    record = dict(
        landmark=seed,
        style="place",
        images=list(images),
        boxes=[whole for _ in images],
        weather=[image.weather for image in images.values()],
        shapes=[list(SHAPES)[shape] for shape in members],
        areas=[float(image.own.mean()) for image in images.values()],
        queries=[dict(name=name, box=whole, labels=labels) for name in queries],
    )
    return images, queries, record
