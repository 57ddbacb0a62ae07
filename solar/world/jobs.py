"""What is done for one landmark of a recipe: its photographs are rendered and labelled."""

from dataclasses import dataclass

import cv2
import numpy as np

from .landmark import Landmark
from .light import WEATHERS
from .patches import landmark_patches
from .photo import Photo, choose_view, photograph
from .recipes import IMAGE_SIZE, QUERY_SIZE, Recipe
from .truth import box_of, shared

WEATHER_ODDS = dict(day=0.32, evening=0.18, overcast=0.18, fog=0.06, dusk=0.12, night=0.14)


def weather_of(rng) -> str:
    """A weather drawn with WEATHER_ODDS."""
    return str(rng.choice(list(WEATHERS), p=[WEATHER_ODDS[w] for w in WEATHERS]))


def training_photo(landmark: Landmark, view: int) -> Photo:
    """Photograph `view` of a training landmark or distractor: any view, any weather. (H, W) is 192
    x 256.
    """
    rng = np.random.default_rng([landmark.seed, view, 1])
    camera = choose_view(landmark, rng, IMAGE_SIZE, freedom=rng.uniform(0.2, 1))
    return photograph(landmark, camera, weather_of(rng), view, clutter=rng.uniform(0.3, 1.6))


def query_photo(landmark: Landmark, view: int) -> Photo:
    """A query: the landmark in the middle, by day, little in the way."""
    rng = np.random.default_rng([landmark.seed, view, 2])
    camera = choose_view(landmark, rng, QUERY_SIZE, freedom=0.25)
    return photograph(
        landmark, camera, "day" if rng.random() < 0.7 else "overcast", 1000 + view, clutter=0.4
    )


def database_photo(landmark: Landmark, view: int) -> Photo:
    """An image of a benchmark's database: from easy to hopeless, one in seven from behind."""
    rng = np.random.default_rng([landmark.seed, view, 3])
    freedom, behind = rng.choice([0.25, 0.6, 1.0, 1.0]), rng.random() < 0.14
    camera = choose_view(landmark, rng, IMAGE_SIZE, freedom, behind)
    return photograph(landmark, camera, weather_of(rng), view, clutter=rng.choice([0.7, 1.6]))


def jpeg(photo: Photo, seed: list[int]) -> bytes:
    """The photograph as a JPEG file, quality 70 to 95 by `seed`."""
    quality = int(np.random.default_rng([*seed, 4]).integers(70, 96))
    return cv2.imencode(".jpg", photo.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[
        1
    ].tobytes()


def strip_file(seed: int, patches: np.ndarray) -> dict[str, bytes]:
    """The patches (N, 64, 64) of a landmark as one tall PNG file; no file for none."""
    if not len(patches):
        return {}
    return {f"{seed}.png": cv2.imencode(".png", patches.reshape(-1, patches.shape[2]))[1].tobytes()}


@dataclass(frozen=True)
class Job:
    """All images of one landmark; jobs are independent, so any number of workers may share them."""

    kind: str
    seed: int
    views: int
    queries: int = 0


def jobs(recipe: Recipe) -> list[Job]:
    """The jobs of a recipe, in the order of its files."""
    asked = [
        Job(recipe.kind, recipe.first + i, recipe.views, recipe.queries)
        for i in range(recipe.landmarks)
    ]
    other = [
        Job(recipe.kind, recipe.first + 50_000 + i, recipe.other_views)
        for i in range(recipe.others)
    ]
    return asked + other


def run(job: Job) -> tuple[dict[str, bytes], dict]:
    """Render a job: its files by name (JPEG, or PNG for patches) and the record of its geometry,
    for JSON.
    """
    cv2.setNumThreads(1)
    if job.kind == "patches":
        patches, labels = landmark_patches(job.seed, job.views)
        record = dict(landmark=job.seed, images=[], queries=[], points=labels.tolist())
        return strip_file(job.seed, patches), record
    landmark = Landmark(job.seed)
    stem = f"{landmark.style}{job.seed:06d}"
    take = training_photo if job.kind in ("train", "distractors") else database_photo
    photos = {f"{stem}_{view:02d}": take(landmark, view) for view in range(job.views)}
    queries = {f"{stem}_q{view}": query_photo(landmark, view) for view in range(job.queries)}
    files = {
        f"{n}.jpg": jpeg(p, [job.seed, i]) for i, (n, p) in enumerate({**photos, **queries}.items())
    }
    record = dict(
        landmark=job.seed,
        style=landmark.style,
        images=list(photos),
        boxes=[box_of(p) for p in photos.values()],
        weather=[p.weather for p in photos.values()],
        queries=[
            dict(name=name, box=box_of(q), labels=[shared(q, p).label for p in photos.values()])
            for name, q in queries.items()
        ],
    )
    return files, record
