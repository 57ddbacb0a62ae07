"""Figures of ablations: where the arms look, all runs, differences, and single landmarks.

Book: chapter 8 (the ablation) and the experiment log.
"""

import matplotlib.pyplot as plt
import numpy as np

from .basics import BLUE, CURVES, DARK_GREY, GREY, PROTOCOL_COLOURS, VERMILION

MARKERS = {"easy": "^", "medium": "o", "hard": "v"}


def plan_words(results: dict) -> str:
    """Return the plan of a table as Markdown, one line per item, and when and how long it ran.

    Args:
        results: of a table, as `solar.results` reads them: 'plan', 'planned' (its day, where it was
            noted), 'date', 'processor_hours' and 'command'.

    Example:
        >>> plan = dict(question="Does it help?", primary=dict(a="soa", b="identity"))
        >>> results = dict(plan=plan, date="2026-11-26", processor_hours=2, command="make it")
        >>> print(plan_words(results))
        - **question**: Does it help?
        - **primary**: a = soa, b = identity
        - **run**: finished on 2026-11-26, 2 core hours, `make it`
    """
    lines = []
    for key, said in results["plan"].items():
        lines.append(f"- **{key}**: {_words(said)}")
    if "planned" in results:
        lines.insert(0, f"- **written on**: {results['planned']}")
    lines.append(
        f"- **run**: finished on {results['date']}, {results['processor_hours']} core hours, "
        f"`{results['command']}`"
    )
    return "\n".join(lines)


def _words(said: str | int | list | dict) -> str:
    """Say one item of a plan; what stands in brackets is a list of its own."""
    if isinstance(said, list):
        return "; ".join(said)
    if not isinstance(said, dict):
        return str(said)
    pieces = []
    for name, value in said.items():
        words = f"({_words(value)})" if isinstance(value, dict) else value
        pieces.append(f"{name} = {words}")
    return ", ".join(pieces)


def arms(maps: dict[str, np.ndarray]) -> None:
    """Draw the attention maps of several blocks side by side, on one scale from 0 to 1.

    Args:
        maps: title -> (N, N), row i tells where position i looks.
    """
    figure, axes = plt.subplots(
        1, len(maps), figsize=(2.9 * len(maps), 2.9), layout="constrained", squeeze=False
    )
    for axis, (title, rows) in zip(axes[0], maps.items()):
        image = axis.imshow(rows, cmap="Greys", vmin=0, vmax=1)
        axis.set_title(title, fontsize=11)
        positions = range(len(rows))
        axis.set(xlabel="position looked at", xticks=positions, yticks=positions)
    axes[0, 0].set_ylabel("position that looks")
    figure.colorbar(image, ax=axes[0, -1], shrink=0.8)


def all_runs(scores: dict[str, dict[str, np.ndarray]], starts: dict[str, float]) -> None:
    """Draw the mAP of every run: one panel per protocol, one column per arm.

    Args:
        scores: protocol -> arm -> (S,) mAP in percent, one value per seed.
        starts: protocol -> mAP before any training, a grey line.
    """
    _, axes = plt.subplots(
        1, len(scores), figsize=(3.6 * len(scores), 3.2), layout="constrained", squeeze=False
    )
    for axis, (protocol, of_arms) in zip(axes[0], scores.items()):
        axis.axhline(starts[protocol], color=GREY, linewidth=1, label="start")
        for place, values in enumerate(of_arms.values()):
            # seeds stand a little beside each other, so that none hides another
            shift = np.linspace(-0.12, 0.12, len(values))
            colour = PROTOCOL_COLOURS[protocol]
            axis.plot(place + shift, values, MARKERS[protocol], color=colour, markersize=5)
            width = [place - 0.25, place + 0.25]
            axis.plot(width, [np.mean(values)] * 2, color=DARK_GREY, linewidth=2)
        axis.set(xticks=range(len(of_arms)), xlim=(-0.5, len(of_arms) - 0.5))
        axis.set_xticklabels(of_arms)
        axis.set_title(protocol, fontsize=11)
    axes[0, 0].set_ylabel("mAP, percent")
    axes[0, 0].legend(frameon=False, fontsize=9)


def differences_between(
    rows: dict[str, dict[str, tuple[float, float, float]]], primary: tuple[str, str] | None = None
) -> None:
    """Draw differences with their intervals: one line per pair of arms and protocol.

    Args:
        rows: words for a pair of arms -> protocol -> (mean, low, high) in points of mAP.
        primary: the pair and the protocol that were named beforehand; they are drawn bold.
    """
    lines = sum(len(of_pair) for of_pair in rows.values())
    _, axis = plt.subplots(figsize=(7.2, 0.27 * lines + 0.35 * len(rows) + 0.7))
    axis.axvline(0, color=GREY, linewidth=1, zorder=0)
    height = 0.0
    for pair, of_pair in rows.items():
        axis.text(0.0, height, pair, transform=axis.get_yaxis_transform(), fontsize=10, va="center")
        for protocol, (mean, low, high) in of_pair.items():
            height += 1
            bold = (pair, protocol) == primary
            axis.errorbar(
                mean,
                height,
                xerr=[[mean - low], [high - mean]],
                fmt=MARKERS[protocol],
                color=PROTOCOL_COLOURS[protocol],
                linewidth=3.5 if bold else 1.5,
                markersize=8 if bold else 5,
                capsize=3,
                label=protocol if pair == next(iter(rows)) else None,
            )
        height += 1.4
    axis.set(yticks=[], xlabel="points of mAP", ylim=(height - 0.6, -0.8))
    axis.spines["left"].set_visible(False)
    axis.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))


def landmark_scatter(theirs: np.ndarray, ours: np.ndarray, names: tuple[str, str]) -> None:
    """Draw each landmark as a point: its average precision in one arm and in another.

    Args:
        theirs: (L,) percent, along the axis below.
        ours: (L,) percent, along the axis on the left.
        names: words for the arm below and for the arm on the left.
    """
    _, axis = plt.subplots(figsize=(4.4, 4.4), layout="constrained")
    axis.plot([0, 100], [0, 100], color=GREY, linewidth=1, zorder=0)
    above = ours > theirs
    for chosen, colour, marker in ((above, BLUE, "o"), (~above, VERMILION, "s")):
        axis.plot(theirs[chosen], ours[chosen], marker, color=colour, markersize=4, alpha=0.7)

    # how many points lie on either side of the line
    for x, y, number in ((4, 94, above.sum()), (70, 6, (ours < theirs).sum())):
        axis.text(x, y, f"{number} landmarks", fontsize=10)
    axis.set(
        xlabel=f"average precision, {names[0]}",
        ylabel=f"average precision, {names[1]}",
        xlim=(0, 101),
        ylim=(0, 101),
        aspect="equal",
    )


def distances_over_epochs(runs: dict[str, list[list[dict]]], names: dict[str, str]) -> None:
    """Draw distances of images over epochs: one panel per setting, one line per kind and seed.

    Args:
        runs: panel title -> logs of its seeds, each a list of {'epoch': ..., key: distance}.
        names: key of a distance -> words for it.
    """
    _, axes = plt.subplots(
        1,
        len(runs),
        figsize=(3.7 * len(runs), 3.2),
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    for axis, (title, logs) in zip(axes[0], runs.items()):
        for (key, words), colour, dash in zip(names.items(), CURVES, ("-", "--", ":")):
            for seed, log in enumerate(logs):
                epochs = [entry["epoch"] for entry in log]
                values = [entry[key] for entry in log]
                label = None if seed else words
                axis.plot(epochs, values, dash, color=colour, marker=".", label=label)
        axis.set(xlabel="epoch", ylim=(0, None))
        axis.set_title(title, fontsize=11)
    axes[0, 0].set_ylabel("distance of descriptors")
    axes[0, 0].legend(frameon=False, fontsize=9)
