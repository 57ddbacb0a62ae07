"""Take the pictures of one landmark in a crowd.

Of one view there are several pictures: with 0, 1, 2 or 4 other landmarks. Camera, weather, light
and passers-by are the same in all of them: from picture to picture the others alone change.

Book: the mini world (data sheet); chapter 4 (when attention helps) counts the others.
"""

import numpy as np

from .crowd import STRATA, View, draw_others, draw_view
from .landmark import Landmark
from .light import grey_wall
from .neighbours import Placed, Scene
from .photo import Photo, choose_view, photograph
from .recipes import IMAGE_SIZE, OTHERS, QUERY_SIZE, Crowd
from .truth import box_of

CROWDS = (0, 1, 2, 4)  # numbers of other landmarks
CANDIDATES = 60  # others that are tried, until enough of them have found a place
WEATHER_ODDS = dict(day=0.45, evening=0.2, overcast=0.35)
FIRST_EASY = 2  # images of this stratum and those above are easy, those below are hard
QUERY = 1000  # number of the first query, which is its seed too


def crowd_view(landmark: Landmark, number: int) -> tuple[View, str]:
    """Draw a view and its weather; four views in a row have all four strata.

    Args:
        landmark: what is photographed.
        number: of the view, which is its seed too.
    """
    order = np.random.default_rng([landmark.seed, number // len(STRATA), 5]).permutation(4)
    rng = np.random.default_rng([landmark.seed, number, 6])
    weather = str(rng.choice(list(WEATHER_ODDS), p=list(WEATHER_ODDS.values())))
    return draw_view(landmark, rng, IMAGE_SIZE, int(order[number % 4])), weather


def crowd_photo(
    landmark: Landmark, view: View, weather: str, number: int, placed: list[Placed]
) -> Photo:
    """Photograph a view with other landmarks in it.

    Args:
        landmark: what is photographed.
        view: where from, see `crowd_view`.
        weather: a name in `WEATHERS`.
        number: of the view.
        placed: the other landmarks, see `draw_others`.

    Example:
        >>> landmark = Landmark(0)
        >>> view, weather = crowd_view(landmark, 0)
        >>> alone = crowd_photo(landmark, view, weather, 0, [])
        >>> bool(alone.own.mean() == view.area)
        True
    """
    scene = Scene(landmark, view.things, placed)
    return photograph(scene, view.camera, weather, number, clutter=0, grey=grey_wall(weather))


def crowd_query(landmark: Landmark, number: int) -> Photo:
    """Take a query: the landmark alone, by day, large in the picture, nobody in the way.

    Args:
        landmark: what is photographed.
        number: of the query, which is its seed too.
    """
    rng = np.random.default_rng([landmark.seed, number, 8])
    camera = choose_view(landmark, rng, QUERY_SIZE, freedom=0.25)
    scene = Scene(landmark, landmark.trees, [])
    return photograph(scene, camera, "day", QUERY + number, clutter=0, grey=grey_wall("day"))


def crowd_pictures(seed: int, recipe: Crowd) -> tuple[dict[str, Photo], dict[str, Photo], dict]:
    """Take all pictures of one landmark.

    Args:
        seed: of the landmark.
        recipe: of the dataset.

    Returns:
        images and queries, name -> photograph, and the record: "strata" and "areas" (shares of the
        picture with no others), "seen" (those in these pictures), "hidden" (shares of the landmark
        that the others hide) and "others" (seeds) of each image, beside what all records have.
    """
    landmark = Landmark(seed)
    stem = f"{landmark.style}{seed:06d}"
    images = {}
    views = []
    others = []
    for number in range(recipe.views):
        rng = np.random.default_rng([seed, number, 9])
        # everything is drawn as if the crowd were large: small ones begin alike
        seeds = rng.choice(recipe.pool, CANDIDATES, replace=False) + recipe.first + OTHERS
        count = int(rng.choice(CROWDS))
        if recipe.beside is not None:
            count = recipe.beside
        view, weather = crowd_view(landmark, number)
        placed = draw_others(landmark, view.camera, rng, seeds.tolist(), count)
        views.append(view)
        others.append([each.other.seed for each in placed])
        name = f"{stem}_{number:02d}"
        images[name] = crowd_photo(landmark, view, weather, number, placed)
    queries = {f"{stem}_q{k}": crowd_query(landmark, k) for k in range(recipe.queries)}

    # every image of the landmark is a positive: where it fills much of the picture, an easy one
    labels = ["easy" if view.stratum >= FIRST_EASY else "hard" for view in views]
    seen = [float(image.own.mean()) for image in images.values()]
    record = dict(
        landmark=seed,
        style=landmark.style,
        images=list(images),
        boxes=[box_of(image) for image in images.values()],
        weather=[image.weather for image in images.values()],
        strata=[view.stratum for view in views],
        areas=[view.area for view in views],
        seen=seen,
        hidden=[1 - now / view.area for now, view in zip(seen, views)],
        others=others,
        queries=[
            dict(name=name, box=box_of(query), labels=labels) for name, query in queries.items()
        ],
    )
    return images, queries, record
