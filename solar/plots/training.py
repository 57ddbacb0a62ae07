"""Figures of how training went, and of the tuples it saw.

Book: chapter 7 (training on GL18).
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from .basics import BLUE, CURVES, GREEN, VERMILION, show

MARKERS = "os^D"


def validation_curves(curves: dict[str, list[float]], near: float = 2.5) -> None:
    """Draw validation mAP over epochs: all of it on the left, the part near the start on the right.

    Args:
        curves: run -> mAP in percent, of the start and then after every epoch; at most four runs.
        near: how many points below and above the start the right panel shows.
    """
    _, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    for axis in axes:
        for (name, values), colour, marker in zip(curves.items(), CURVES, MARKERS):
            epochs = range(len(values))
            axis.plot(epochs, values, marker=marker, markersize=4, color=colour, label=name)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set(xlabel="epoch", ylabel="held-out mAP, percent")

    # the first run's start is the middle of the right panel
    start = next(iter(curves.values()))[0]
    axes[1].set(ylim=(start - near, start + near), title="the same, near the start")
    axes[0].legend(frameon=False, fontsize=9)


def tuples(images, rows, words=None) -> None:
    """Draw query, positive and negatives of some tuples, one tuple per line.

    Args:
        images: paths or PIL images.
        rows: (T, 2 + K) numbers of images: query, positive, K negatives.
        words: for each tuple one word per negative, or None.
    """
    rows = np.asarray(rows)
    lines, columns = rows.shape
    figure, axes = plt.subplots(lines, columns, figsize=(1.6 * columns, 1.3 * lines), squeeze=False)
    for t, line in enumerate(axes):
        show(line[0], images[rows[t, 0]], "query", BLUE)
        show(line[1], images[rows[t, 1]], "positive", GREEN)
        for k, axis in enumerate(line[2:]):
            word = words[t][k] if words else "negative"
            show(axis, images[rows[t, 2 + k]], word, VERMILION)
    figure.subplots_adjust(wspace=0.06, hspace=0.25)


def _panels(number: int):
    """Return the axes of panels side by side, in an array (1, number)."""
    _, axes = plt.subplots(
        1, number, figsize=(3.6 * number, 3.2), layout="constrained", squeeze=False
    )
    return axes


def step_curves(runs: dict[str, dict[str, list[float]]], names: dict[str, str]) -> None:
    """Draw values over steps: one panel per value, one curve per run.

    Args:
        runs: run -> value -> one number per step; at most three runs.
        names: value -> words beside its axis.
    """
    axes = _panels(len(names))
    for axis, (name, words) in zip(axes[0], names.items()):
        for (run, values), colour, dash in zip(runs.items(), CURVES, ("-", "--", ":")):
            steps = range(1, len(values[name]) + 1)
            axis.plot(steps, values[name], dash, color=colour, label=run, linewidth=2)
        axis.set(xlabel="step", ylabel=words, ylim=(0, None))
    axes[0, 0].legend(frameon=False, fontsize=9, loc="lower right")


def epoch_curves(runs: dict[tuple[str, int], dict], names: dict[str, str]) -> None:
    """Draw values over epochs: one panel per value; the seeds of one recipe share a colour.

    Args:
        runs: (recipe, seed) -> what `training.run` returned; at most three recipes.
        names: value -> words above its panel; 'validation' is shown in percent.
    """
    axes = _panels(len(names))
    recipes = list(dict.fromkeys(recipe for recipe, _ in runs))  # each once, in order
    for axis, (name, words) in zip(axes[0], names.items()):
        for (recipe, seed), run in runs.items():
            # validation has a value before the first epoch, losses have none
            values = [epoch[name] for epoch in run["log"]]
            first = 1
            if name == "validation":
                values = [100 * value for value in [run["start"], *values]]
                first = 0
            epochs = range(first, first + len(values))

            # colour and marker tell the recipe, the dash tells the seed
            which = recipes.index(recipe)
            axis.plot(
                epochs,
                values,
                color=CURVES[which],
                marker=MARKERS[which],
                markersize=4,
                linestyle=("-", "--", ":")[seed % 3],
                label=f"{recipe}, seed {seed}",
            )
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set(xlabel="epoch")
        axis.set_title(words, fontsize=11)
    # below all panels, where no curve can be
    handles, labels = axes[0, 0].get_legend_handles_labels()
    axes[0, 0].figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
