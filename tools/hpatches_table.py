"""Score descriptors and matchers on HPatches, where its files are present.

    python tools/hpatches_table.py --patches hpatches-release --tasks hpatches-benchmark/tasks
    python tools/hpatches_table.py --sequences hpatches-sequences-release --methods sift xfeat

The patches have three tasks, scored by mean average precision in percent: verification (the mean of
pairs of one sequence and of two), matching, and retrieval (the mean over all pools); each is the
mean of easy, hard and tough. The sequences are scored by the mean matching accuracy at 1, 3 and 5
pixels and the area under the curve of the homography's error, by light (i) and viewpoint (v).
Methods are those of `tools/local_table.py`; peers (with a plus) describe no single patches.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from experiments.local_methods import Method, Methods

from solar import LocalNet
from solar.images import read_image
from solar.local import corner_error, error_auc, hpatches, matching_accuracy, verify_geometry
from solar.local.hpatches_files import Sequence, load_sequences
from solar.local.keypoints import describe_patches
from solar.local.metrics import sift_of_patches
from solar.local.peers import peer_name
from solar.nets import load_local

LEVELS = ("e", "h", "t")
LIMITS = (1, 3, 5)  # pixels


def describer(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from patches (N, 32, 32) to descriptors (N, D) of a method."""
    if name == "sift":
        return sift_of_patches
    if name == "untrained":
        torch.manual_seed(0)
        return partial(describe_patches, LocalNet("", width=16).eval())
    return partial(describe_patches, load_local(name))


def score_patches(name: str, patches: hpatches.HPatches, tasks: hpatches.HPatchesTasks) -> dict:
    """Return the scores of the three tasks, in percent, the mean over the levels."""
    rows = hpatches.describe_hpatches(describer(name), patches)
    scores = {"verification": [], "matching": [], "retrieval": []}
    for level in LEVELS:
        both = hpatches.verification(rows, level, tasks)
        pools = hpatches.retrieval(rows, level, tasks)
        scores["verification"].append(np.mean(list(both.values())))
        scores["matching"].append(hpatches.matching(rows, level))
        # lists that are shorter than the smallest pool have no retrieval
        scores["retrieval"].append(np.mean(list(pools.values())) if pools else np.nan)
    return {task: round(100 * float(np.mean(values)), 2) for task, values in scores.items()}


def score_sequence(method: Method, sequence: Sequence) -> list[dict]:
    """Match the reference of a sequence with the five other images; one dictionary per pair."""
    images = [np.asarray(read_image(path)) for path in sequence.images]
    size = (images[0].shape[1], images[0].shape[0])
    rows = []
    for image, homography in zip(images[1:], sequence.homographies[1:], strict=True):
        found = method(images[0], image)
        first = found.a[found.matches[:, 0], :2]
        second = found.b[found.matches[:, 1], :2]
        accuracy = matching_accuracy(first, second, homography, LIMITS)
        row = {f"mma_{limit}": share for limit, share in accuracy.items()}
        estimate = verify_geometry(first, second).matrix
        rows.append(row | dict(matches=len(first), error=corner_error(estimate, homography, size)))
    return rows


def summary(rows: list[dict]) -> dict[str, float]:
    """Return the means over pairs of images."""
    table = dict(pairs=len(rows), matches=round(float(np.mean([row["matches"] for row in rows]))))
    for limit in LIMITS:
        shares = [row[f"mma_{limit}"] for row in rows]
        table[f"mma_{limit}"] = round(float(np.mean(shares)), 4)
    for limit, area in error_auc([row["error"] for row in rows], LIMITS).items():
        table[f"homography_auc_{limit}"] = round(area, 4)
    return table


def print_sequences(method: Method, sequences: list[Sequence]) -> None:
    """Score a method on all sequences, those of light (i) and of viewpoint (v) apart."""
    by_kind = {"i": [], "v": []}
    for sequence in sequences:
        by_kind[sequence.name[0]] += score_sequence(method, sequence)
    for kind, rows in by_kind.items():
        if rows:
            print(method.name, kind, summary(rows))


def main(words: list[str] | None = None) -> None:
    """Score all methods on what is given, and print the scores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", default=["sift", "mini-sosnet", "mini-solar-local"])
    parser.add_argument("--patches", type=Path, help="folder of hpatches-release")
    parser.add_argument("--tasks", type=Path, help="folder tasks of hpatches-benchmark")
    parser.add_argument("--split", default="full", help="of the lists (%(default)s)")
    parser.add_argument("--sequences", type=Path, help="folder of hpatches-sequences-release")
    parser.add_argument("--count", type=int, default=2000, help="keypoints per image, at most")
    arguments = parser.parse_args(words)
    if arguments.patches is None and arguments.sequences is None:
        parser.error("nothing to score: give --patches and --tasks, or --sequences")
    if (arguments.patches is None) != (arguments.tasks is None):
        parser.error("--patches and --tasks belong together: the lists name the patches")

    if arguments.patches:
        patches = hpatches.load_hpatches(arguments.patches)
        tasks = hpatches.load_hpatches_tasks(arguments.tasks, arguments.split)
        for name in arguments.methods:
            if not peer_name(name):
                print(name, score_patches(name, patches, tasks))
    if arguments.sequences:
        sequences = load_sequences(arguments.sequences)
        methods = Methods(arguments.count)
        for name in arguments.methods:
            print_sequences(methods(name), sequences)


if __name__ == "__main__":
    main()
