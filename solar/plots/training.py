"""How training went."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from .basics import show


def validation_curves(curves: dict[str, list[float]], near: float = 2.5) -> None:
    """Validation mAP in percent, the start first and then after every epoch, one curve a run.

    On the left all of it, on the right what lies within `near` points of the start.
    """
    _, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    for axis in axes:
        for (name, values), colour, marker in zip(
            curves.items(), ("#0072B2", "#D55E00", "#009E73", "#CC79A7"), "os^D"
        ):
            axis.plot(
                range(len(values)), values, marker=marker, markersize=4, color=colour, label=name
            )
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set(xlabel="epoch", ylabel="held-out mAP, percent")
    start = next(iter(curves.values()))[0]
    axes[1].set(ylim=(start - near, start + near), title="the same, near the start")
    axes[0].legend(frameon=False, fontsize=9)


def tuples(images, rows, words=None) -> None:
    """Query, positive and negatives of some tuples, a line each.

    Args:
        images: paths.  rows: (T, 2 + K) numbers of images.  words: of each tuple, a word for each
            negative; or None.
    """
    rows = np.asarray(rows)
    figure, axes = plt.subplots(
        *rows.shape, figsize=(1.6 * rows.shape[1], 1.3 * len(rows)), squeeze=False
    )
    for t, line in enumerate(axes):
        show(line[0], images[rows[t, 0]], "query", "#0072B2")
        show(line[1], images[rows[t, 1]], "positive", "#009E73")
        for j, axis in enumerate(line[2:]):
            show(axis, images[rows[t, 2 + j]], words[t][j] if words else "negative", "#D55E00")
    figure.subplots_adjust(wspace=0.06, hspace=0.25)


def step_curves(runs: dict[str, dict[str, list[float]]], names: dict[str, str]) -> None:
    """Values over steps: a panel for each of `names` (value -> words of its axis), a curve for each
    run.
    """
    _, axes = plt.subplots(
        1, len(names), figsize=(4.6 * len(names), 3.2), layout="constrained", squeeze=False
    )
    for axis, (name, words) in zip(axes[0], names.items()):
        for (run, values), colour, dash in zip(
            runs.items(), ("#0072B2", "#D55E00", "#009E73"), ("-", "--", ":")
        ):
            axis.plot(
                range(1, len(values[name]) + 1),
                values[name],
                dash,
                color=colour,
                label=run,
                linewidth=2,
            )
        axis.set(xlabel="step", ylabel=words, ylim=(0, None))
    axes[0, 0].legend(frameon=False, fontsize=9, loc="lower right")


def epoch_curves(runs: dict[tuple[str, int], dict], names: dict[str, str]) -> None:
    """Values over epochs: a panel for each of `names` (value -> words of its axis); seeds of one
    recipe share a colour.

    Args:
        runs: (recipe, seed) -> what `training.run` returned.
    """
    _, axes = plt.subplots(
        1, len(names), figsize=(4.6 * len(names), 3.2), layout="constrained", squeeze=False
    )
    recipes = list(dict.fromkeys(recipe for recipe, _ in runs))
    for axis, (name, words) in zip(axes[0], names.items()):
        for (recipe, seed), found in runs.items():
            values, which = [epoch[name] for epoch in found["log"]], recipes.index(recipe)
            before = [found["start"]] if name == "validation" else []
            look = dict(
                color=("#0072B2", "#D55E00", "#009E73")[which], marker="os^"[which], markersize=4
            )
            look["linestyle"] = ("-", "--", ":")[seed % 3]
            axis.plot(
                range(1 - len(before), len(values) + 1),
                before + values,
                **look,
                label=f"{recipe}, seed {seed}",
            )
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set(xlabel="epoch", ylabel=words)
    axes[0, -1].legend(frameon=False, fontsize=9, loc="lower right")
