"""Take the photographs of a mini dataset: for training, as a query, for a benchmark's database.

What the database of a benchmark shows of a landmark, view by view, is PLAN, over and over:

* fair: by day, in the evening or under clouds, from before, with little in the way
* hard: in bad light, and one trouble more: from the side, far away, cut off, or behind a crowd
* hopeless: a speck on the horizon, or a detail that could be anywhere

Nothing is taken from behind: most buildings are symmetric, and their backs look like their fronts.
PLAN only says what is tried. The labels easy, hard and junk are measured afterwards, see `truth`.

Book: the mini world (data sheet).
"""

import numpy as np

from .landmark import Landmark
from .light import WEATHERS
from .photo import Photo, choose_view, photograph
from .recipes import IMAGE_SIZE, QUERY_SIZE

WEATHER_ODDS = dict(day=0.32, evening=0.18, overcast=0.18, fog=0.06, dusk=0.12, night=0.14)
FIRST_QUERY = 1000  # queries have seeds of their own, from this number on

# what is tried for view 0, 1, 2, ... of a landmark, one letter each: fair, hard, hopeless (X)
PLAN = "FHFHFFXFHFFHFFHF"
FAIR_LIGHT = ("day", "evening", "overcast")
BAD_LIGHT = ("dusk", "night", "fog")
HOPELESS = ("speck", "detail")


def draw_weather(rng: np.random.Generator) -> str:
    """Return the name of a weather, drawn from `rng` with the shares in WEATHER_ODDS."""
    return str(rng.choice(list(WEATHERS), p=[WEATHER_ODDS[name] for name in WEATHERS]))


def training_photo(landmark: Landmark, view: int) -> Photo:
    """Take a training image or distractor, 256 x 192 pixels: any view, any weather.

    Args:
        landmark: what is photographed.
        view: number of the image, which is its seed too.
    """
    rng = np.random.default_rng([landmark.seed, view, 1])
    camera = choose_view(landmark, rng, IMAGE_SIZE, freedom=rng.uniform(0.2, 1))
    weather = draw_weather(rng)
    return photograph(landmark, camera, weather, view, clutter=rng.uniform(0.3, 1.6))


def query_photo(landmark: Landmark, view: int) -> Photo:
    """Take a query, 384 x 288 pixels: the landmark in the middle, by day, little in the way.

    Args:
        landmark: what is photographed.
        view: number of the query, which is its seed too.
    """
    rng = np.random.default_rng([landmark.seed, view, 2])
    camera = choose_view(landmark, rng, QUERY_SIZE, freedom=0.15, aside=rng.uniform(0, 0.1))
    weather = "day" if rng.random() < 0.7 else "overcast"
    return photograph(landmark, camera, weather, FIRST_QUERY + view, clutter=0.4)


def database_photo(landmark: Landmark, view: int) -> Photo:
    """Take an image of a benchmark's database, 256 x 192 pixels: fair, hard or hopeless.

    Args:
        landmark: what is photographed.
        view: number of the image, which is its seed too; PLAN says what is tried.
    """
    rng = np.random.default_rng([landmark.seed, view, 3])
    kind = PLAN[view % len(PLAN)]
    if kind == "F":
        return _fair_photo(landmark, view, rng)
    if kind == "H":
        return _hard_photo(landmark, view, rng)
    return _hopeless_photo(landmark, view, rng)


def _fair_photo(landmark: Landmark, view: int, rng: np.random.Generator) -> Photo:
    """Take image number `view` so that the landmark is plain to see."""
    camera = choose_view(landmark, rng, IMAGE_SIZE, freedom=0.1, aside=rng.uniform(0, 0.2))
    return photograph(landmark, camera, _one_of(FAIR_LIGHT, rng), view, clutter=1.0)


def _hard_photo(landmark: Landmark, view: int, rng: np.random.Generator) -> Photo:
    """Take image number `view` in bad light, with one trouble more."""
    # each trouble changes one thing
    troubles = {
        "side": dict(aside=rng.uniform(0.4, 0.7)),
        "far": dict(farther=rng.uniform(2, 3.5)),
        "cut": dict(zoom=rng.uniform(2, 3.5)),
        "crowd": {},
    }
    weather = _one_of(BAD_LIGHT, rng)
    trouble = _one_of(tuple(troubles), rng)
    clutter = 8.0 if trouble == "crowd" else 1.0
    camera = choose_view(landmark, rng, IMAGE_SIZE, freedom=0.6, **troubles[trouble])
    return photograph(landmark, camera, weather, view, clutter)


def _hopeless_photo(landmark: Landmark, view: int, rng: np.random.Generator) -> Photo:
    """Take image number `view` so that hardly anything can be told from it."""
    weather = draw_weather(rng)
    if _one_of(HOPELESS, rng) == "speck":
        camera = choose_view(landmark, rng, IMAGE_SIZE, farther=rng.uniform(9, 13))
    else:
        camera = choose_view(landmark, rng, IMAGE_SIZE, zoom=rng.uniform(7, 10))
    return photograph(landmark, camera, weather, view)


def _one_of(names: tuple[str, ...], rng: np.random.Generator) -> str:
    """Return one of several names, each as likely as any other."""
    return names[rng.integers(len(names))]
