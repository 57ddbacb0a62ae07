"""Render and label all images of one landmark: the unit of work when a dataset is written.

Book: the mini world (data sheet).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .landmark import Landmark
from .light import WEATHERS
from .patches import landmark_patches
from .photo import Photo, choose_view, photograph
from .recipes import IMAGE_SIZE, OTHERS, QUERY_SIZE, Recipe
from .truth import box_of, shared

WEATHER_ODDS = dict(day=0.32, evening=0.18, overcast=0.18, fog=0.06, dusk=0.12, night=0.14)
FIRST_QUERY = 1000  # queries have seeds of their own, from this number on


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
    camera = choose_view(landmark, rng, QUERY_SIZE, freedom=0.25)
    weather = "day" if rng.random() < 0.7 else "overcast"
    return photograph(landmark, camera, weather, FIRST_QUERY + view, clutter=0.4)


def database_photo(landmark: Landmark, view: int) -> Photo:
    """Take an image of a benchmark's database, 256 x 192 pixels: from easy to hopeless.

    One in seven is taken from behind.

    Args:
        landmark: what is photographed.
        view: number of the image, which is its seed too.
    """
    rng = np.random.default_rng([landmark.seed, view, 3])
    freedom = rng.choice([0.25, 0.6, 1.0, 1.0])
    behind = rng.random() < 0.14
    camera = choose_view(landmark, rng, IMAGE_SIZE, freedom, behind)
    weather = draw_weather(rng)
    return photograph(landmark, camera, weather, view, clutter=rng.choice([0.7, 1.6]))


def jpeg(photo: Photo, seed: list[int]) -> bytes:
    """Return a photograph as a JPEG file.

    Args:
        photo: the photograph.
        seed: numbers from which the quality, 70 to 95, is drawn.
    """
    quality = int(np.random.default_rng([*seed, 4]).integers(70, 96))
    bgr = photo.image[..., ::-1]
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


@dataclass(frozen=True)
class Job:
    """All images of one landmark.

    Jobs do not depend on each other, so that any number of processes may share them.
    """

    kind: str  # of the recipe
    seed: int  # of the landmark
    views: int  # images
    queries: int = 0  # query images

    @property
    def photos(self) -> int:
        """Photographs to take."""
        return self.views + self.queries


def jobs(recipe: Recipe) -> list[Job]:
    """Return the jobs of a recipe, in the order in which its files list them.

    Args:
        recipe: contents of a dataset.

    Example:
        >>> jobs(Recipe("train", first=7, landmarks=2, views=12))[1]
        Job(kind='train', seed=8, views=12, queries=0)
    """
    asked = [
        Job(recipe.kind, recipe.first + i, recipe.views, recipe.queries)
        for i in range(recipe.landmarks)
    ]
    # no queries ask for the others
    others = [
        Job(recipe.kind, recipe.first + OTHERS + i, recipe.other_views)
        for i in range(recipe.others)
    ]
    return asked + others


def run(job: Job) -> tuple[dict[str, bytes], dict]:
    """Render a job.

    Args:
        job: which landmark, and how many images of it.

    Returns:
        {file name: content} of its images (JPEG; PNG for patches), and the record of what is known
        about them, for JSON.
    """
    cv2.setNumThreads(1)
    if job.kind == "patches":
        return _render_patches(job)
    return _render_images(job)


def _render_patches(job: Job) -> tuple[dict[str, bytes], dict]:
    """Return the patches of a landmark as one tall PNG file (if there are any), and the record."""
    patches, labels = landmark_patches(job.seed, job.views)
    record = dict(landmark=job.seed, images=[], queries=[], points=labels.tolist())
    if not len(patches):
        return {}, record
    strip = patches.reshape(-1, patches.shape[2])  # (N, 64, 64) -> (64 N, 64)
    return {f"{job.seed}.png": cv2.imencode(".png", strip)[1].tobytes()}, record


def _render_images(job: Job) -> tuple[dict[str, bytes], dict]:
    """Return the images and queries of a landmark as JPEG files, and the record."""
    landmark = Landmark(job.seed)
    take = training_photo if job.kind in ("train", "distractors") else database_photo
    # photographs by their name, without ".jpg"
    stem = f"{landmark.style}{job.seed:06d}"
    images = {f"{stem}_{view:02d}": take(landmark, view) for view in range(job.views)}
    queries = {f"{stem}_q{view}": query_photo(landmark, view) for view in range(job.queries)}
    files = {}
    for i, (name, photo) in enumerate([*images.items(), *queries.items()]):
        files[f"{name}.jpg"] = jpeg(photo, [job.seed, i])
    # each query is labelled against each image
    labelled = []
    for name, query in queries.items():
        labels = [shared(query, image).label for image in images.values()]
        labelled.append(dict(name=name, box=box_of(query), labels=labels))
    record = dict(
        landmark=job.seed,
        style=landmark.style,
        images=list(images),
        boxes=[box_of(image) for image in images.values()],
        weather=[image.weather for image in images.values()],
        queries=labelled,
    )
    return files, record
