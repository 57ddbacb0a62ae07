"""Score descriptors and matchers on warped photographs and on views of the mini world.

The photographs are those of `solar.world.photographs` that are tested on; nothing was learnt from
them. Each is warped by known homographies. The views are pairs of photographs of rendered landmarks
of which no dataset has images. Only keypoints whose point both images show count.

    python tools/local_table.py --work DIR --methods sift untrained mini-sosnet --name networks
    python tools/local_table.py --work DIR --methods sift+mnn xfeat aliked+lightglue --real 2000

A method is 'sift' (RootSIFT), 'untrained' (random weights), a local network by name or weights file
(all on SIFT keypoints, mutual nearest neighbours), or a matcher of others (`solar.local.peers`).
One job is a method on one photograph or landmark. Each leaves a file in DIR, so that the same call
goes on after an interruption; --name NAME then writes solar/results/local_NAME.json: what was
counted on every pair, and means with 95 % intervals over photographs or landmarks. It runs on one
thread, and tells seconds of processor time for a pair of images: features of both, and matches.
"""

import argparse
import hashlib
import json
import sys
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from experiments.local_methods import Found, Method, Methods
from experiments.local_pairs import FIRST_LANDMARK, two_views, warp_of
from experiments.local_summary import hours_of, summary_of, versions

from solar.files import atomic, in_one_line
from solar.files.results import RESULTS
from solar.images import read_image
from solar.local import matching_accuracy, pose_error, relative_pose, verify_geometry
from solar.local.accuracy import Expected, corner_error, count_right, under_homography
from solar.local.peers import peer_name
from solar.nets.checkpoints import path_of
from solar.world.covisible import intrinsics, places_in, pose_between
from solar.world.photographs import (
    PHOTOGRAPHS,
    photograph_path,
    photographs_at_hand,
    read_photograph,
)

REAL = ("montmartre_far.jpg", "montmartre_close.jpg")  # one place, from two distances
SHARES = ("precision", "recall", "matching_score")
# the settings that the jobs of each part depend on
USED = {
    "warps": ("count", "threshold", "longest", "warps"),
    "views": ("count", "threshold"),
    "real": ("count",),
}


@dataclass(frozen=True)
class Settings:
    """What all methods share; files of other settings are not mixed."""

    count: int = 400  # keypoints per image
    threshold: float = 3.0  # pixels by which a right match may be off
    longest: int = 480  # longer side of a photograph in pixels
    warps: int = 8  # of each photograph


# ---- one pair of images ----


def counted(found: Found, a_in_b: Expected, b_in_a: Expected, threshold: float) -> dict:
    """Return what was counted on a pair."""
    counts = count_right(found.a, found.b, found.matches, a_in_b, b_in_a, threshold)
    shares = {share: round(getattr(counts, share), 4) for share in SHARES}
    return asdict(counts) | shares | dict(seconds=round(found.seconds, 3))


def matched_points(found: Found) -> tuple[np.ndarray, np.ndarray]:
    """Return the places (M, 2) of all matches in the first image and in the second."""
    first = found.a[found.matches[:, 0], :2].astype(float)
    second = found.b[found.matches[:, 1], :2].astype(float)
    return first, second


def score_warp(method: Method, image: np.ndarray, number: int, settings: Settings) -> dict:
    """Score a method on a photograph and one warp of it."""
    other, homography = warp_of(image, number)
    size = (image.shape[1], image.shape[0])
    found = method(image, other)

    # where both images show the keypoints of the other
    forth = under_homography(found.a[:, :2], homography, size)
    back = under_homography(found.b[:, :2], np.linalg.inv(homography), size)
    row = counted(found, forth, back, settings.threshold)

    # all matches, and the homography that they agree on
    first, second = matched_points(found)
    for limit, share in matching_accuracy(first, second, homography).items():
        row[f"mma_{limit}"] = round(share, 4)
    estimate = verify_geometry(first, second).matrix
    error = corner_error(estimate, homography, size)
    return row | dict(corner_error=round(error, 3) if np.isfinite(error) else None)


def score_view(method: Method, seed: int, settings: Settings) -> dict:
    """Score a method on two views of a landmark."""
    one, two = two_views(seed)
    found = method(one.image, two.image)

    # where both photographs show the keypoints of the other
    forth = Expected(*places_in(one, two, found.a[:, :2]))
    back = Expected(*places_in(two, one, found.b[:, :2]))
    row = counted(found, forth, back, settings.threshold)

    # the pose of the second camera
    first, second = matched_points(found)
    pose = relative_pose(first, second, intrinsics(one.camera), intrinsics(two.camera))
    rotation, translation = pose_between(one.camera, two.camera)
    return row | dict(pose_error=round(pose_error(pose, rotation, translation), 3))


def score_real(method: Method, names: tuple[str, str]) -> dict:
    """Count what a method finds on two photographs of one place, at their own size.

    Nobody knows which matches are right; inliers agree with one fundamental matrix.
    """
    montmartre = next(one for one in PHOTOGRAPHS if one.name == "montmartre")
    paths = [photograph_path(montmartre).with_name(name) for name in names]
    images = [np.asarray(read_image(path, upright=True)) for path in paths]
    found = method(images[0], images[1])
    first, second = matched_points(found)
    geometry = verify_geometry(first, second, "fundamental")
    return dict(
        keypoints=[len(found.a), len(found.b)],
        matches=len(found.matches),
        inliers=int(geometry.inliers.sum()),
        seconds=round(found.seconds, 3),
    )


# ---- jobs ----


def weights_of(method: str) -> bytes:
    """Return the weights file of a local network; other methods have none here."""
    if method in ("sift", "untrained") or peer_name(method):
        return b""
    return path_of(method).read_bytes()


def job_file(work: Path, settings: Settings, part: str, method: str, item: str) -> Path:
    """Return the file of a job.

    Its name changes with a network's weights, and with the settings that the part looks at.
    """
    used = {name: value for name, value in asdict(settings).items() if name in USED[part]}
    label = json.dumps([used, method]).encode() + weights_of(method)
    digest = hashlib.sha256(label).hexdigest()[:12]
    return work / f"{part}-{item}-{Path(method).stem}-{digest}.json"


def run_part(
    part: str, items: dict, names: list[str], work: Path, settings: Settings, methods: Methods
) -> dict[str, dict[str, list[dict]]]:
    """Score methods on all items of a part; what lies in `work` is not done again.

    Args:
        part: 'warps', 'views' or 'real'.
        items: by name: photographs, seeds of landmarks, or two files' names.
        names: of the methods.
        work: folder of finished jobs.
        settings: what all methods share.
        methods: gives a method by its name.

    Returns:
        method -> item -> one dictionary per pair of images.
    """
    rows = {}
    for name in names:
        rows[name] = {}
        for item, source in items.items():
            path = job_file(work, settings, part, name, item)
            if not path.is_file():
                done = do(part, methods(name), source, settings)
                with atomic(path) as temporary:
                    temporary.write_text(json.dumps(done))
                print(f"{part} {item} {in_one_line(name)}: {done[0]['seconds']} s", flush=True)
            rows[name][item] = json.loads(path.read_text())
    return rows


def do(part: str, method: Method, source: Any, settings: Settings) -> list[dict]:
    """Score a method on an item: one dictionary per pair of images."""
    if part == "real":
        return [score_real(method, source)]
    if part == "views":
        return [score_view(method, source, settings)]
    image = read_photograph(source, settings.longest)
    return [score_warp(method, image, number, settings) for number in range(settings.warps)]


# ---- the command ----


def command_of(arguments: argparse.Namespace, words: list[str]) -> str:
    """Return the command that makes this table again, in a folder of the reader's."""
    work = f"{arguments.work}"
    return "python tools/local_table.py " + " ".join("DIR" if w == work else w for w in words)


def main(words: list[str] | None = None) -> None:
    """Do what is missing, print the summary and write it if it has a name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="the folder for finished jobs")
    parser.add_argument("--methods", nargs="+", default=["sift"], help="the first is compared with")
    parser.add_argument("--photographs", type=int, default=99, help="how many, at most")
    parser.add_argument("--landmarks", type=int, default=60, help="how many pairs of views")
    parser.add_argument("--warps", type=int, default=8, help="of each photograph")
    parser.add_argument("--count", type=int, default=400, help="keypoints per image, at most")
    parser.add_argument(
        "--real", type=int, default=0, help="keypoints of the real pair; 0: it is left out"
    )
    parser.add_argument("--name", help="write solar/results/local_NAME.json")
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    settings = Settings(count=arguments.count, warps=arguments.warps)

    # photographs by name, landmarks by seed
    at_hand = photographs_at_hand("test")[: arguments.photographs]
    seeds = range(FIRST_LANDMARK, FIRST_LANDMARK + arguments.landmarks)
    parts = {
        "warps": {each.name: each for each in at_hand},
        "views": {str(seed): seed for seed in seeds},
    }
    shared = ["right", *SHARES]
    measures = {"warps": [*shared, "mma_1", "mma_3", "mma_5"], "views": shared}
    result = dict(
        command=command_of(arguments, words or sys.argv[1:]),
        date=f"{date.today()}",
        threads=torch.get_num_threads(),
        settings=asdict(settings),
        versions=versions(),
    )
    methods = Methods(settings.count)
    for part, items in parts.items():
        if items:
            rows = run_part(part, items, arguments.methods, arguments.work, settings, methods)
            result[part] = dict(summary=summary_of(rows, measures[part]), pairs=rows)
            print(part, json.dumps(result[part]["summary"], indent=1))
    if arguments.real:
        large = replace(settings, count=arguments.real)
        pair = {"montmartre": REAL}
        names = arguments.methods
        rows = run_part("real", pair, names, arguments.work, large, Methods(large.count))
        found = {name: items["montmartre"][0] for name, items in rows.items()}
        result["real"] = dict(montmartre=found, files=REAL, count=large.count)
        print("real", json.dumps(found, indent=1))
    result["processor_hours"] = hours_of(result)
    if arguments.name:
        with atomic(RESULTS / f"local_{arguments.name}.json") as temporary:
            temporary.write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
