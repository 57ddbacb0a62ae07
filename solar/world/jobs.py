"""Render and label all images of one landmark: the unit of work when a dataset is written.

Book: the mini world (data sheet).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from .crowd_photos import crowd_pictures
from .landmark import Landmark
from .patches import landmark_patches
from .photo import Photo
from .photograph_patches import photograph_patches
from .recipes import OTHERS, Crowd, Recipe, Relations
from .relations import relations_pictures
from .takes import database_photo, query_photo, training_photo
from .truth import box_of, shared


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


@dataclass(frozen=True)
class SceneJob(Job):
    """All images of one landmark whose pictures follow a recipe of their own."""

    recipe: Crowd | Relations = field(kw_only=True)


def jobs(recipe: Recipe) -> Sequence[Job]:
    """Return the jobs of a recipe, in the order in which its files list them.

    Args:
        recipe: contents of a dataset.

    Example:
        >>> jobs(Recipe("train", first=7, landmarks=2, views=12))[1]
        Job(kind='train', seed=8, views=12, queries=0)
    """
    if isinstance(recipe, (Crowd, Relations)):
        seeds = range(recipe.first, recipe.first + recipe.landmarks)
        return [
            SceneJob("scene", seed, recipe.views, recipe.queries, recipe=recipe) for seed in seeds
        ]
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
    if job.kind in ("patches", "photographs"):
        return _render_patches(job)
    if isinstance(job, SceneJob):
        return _render_scenes(job)
    return _render_images(job)


def _render_patches(job: Job) -> tuple[dict[str, bytes], dict]:
    """Return the patches of a landmark as one tall PNG file (if there are any), and the record.

    A photograph is treated like a landmark: its number is the seed, its warps are the views.
    """
    cut = photograph_patches if job.kind == "photographs" else landmark_patches
    patches, labels = cut(job.seed, job.views)
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
    return _files(images, queries, job.seed), record


def _render_scenes(job: SceneJob) -> tuple[dict[str, bytes], dict]:
    """Return the images and queries of a landmark among others as JPEG files, and the record."""
    if isinstance(job.recipe, Crowd):
        images, queries, record = crowd_pictures(job.seed, job.recipe)
    else:
        images, queries, record = relations_pictures(job.seed, job.recipe)
    return _files(images, queries, job.seed), record


def _files(images: dict[str, Photo], queries: dict[str, Photo], seed: int) -> dict[str, bytes]:
    """Return the JPEG files, by name, of photographs of landmark `seed`."""
    files = {}
    for i, (name, photo) in enumerate([*images.items(), *queries.items()]):
        files[f"{name}.jpg"] = jpeg(photo, [seed, i])
    return files
