"""How much attention falls where."""

import matplotlib.pyplot as plt

LOOKS = (("#D55E00", "o", -0.13), ("#0072B2", "s", 0.13))  # colour, marker, shift


def shares(
    panels: dict[str, dict[str, dict[str, tuple[float, float, float]]]],
    even: dict[str, float],
    xlabel: str,
):
    """Dots with intervals: panel -> line -> name -> (mean, low, high), at most two names; shares
    between 0 and 1.

    even: line -> the share that attention would have which looks everywhere alike, drawn as a grey
        tick.
    """
    figure, _ = plt.subplots(
        1, len(panels), figsize=(4.6 * len(panels), 3.1), sharey=True, layout="constrained"
    )
    for axis, (title, lines) in zip(figure.axes, panels.items()):
        for y, (line, values) in enumerate(lines.items()):
            axis.plot(
                [100 * even[line]],
                [y],
                "|",
                color="#666666",
                markersize=26,
                label="" if y else "even attention",
            )
            for (name, (mean, low, high)), (colour, marker, shift) in zip(values.items(), LOOKS):
                axis.plot([100 * low, 100 * high], [y + shift] * 2, color=colour, linewidth=2)
                axis.plot([100 * mean], [y + shift], marker, color=colour, label="" if y else name)
        axis.set(
            title=title, xlabel=xlabel, xlim=(0, 100), yticks=range(len(lines)), yticklabels=lines
        )
        axis.grid(axis="x", alpha=0.25)
    figure.axes[0].invert_yaxis()
    figure.axes[0].legend(frameon=False, fontsize=9, loc="center right")
