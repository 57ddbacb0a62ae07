"""Published scores side by side."""

import matplotlib.pyplot as plt


def million(scores: dict[str, tuple[float, float]], mark: str) -> None:
    """Method -> (mAP without, mAP with a million distractors), percent: a line between them; `mark`
    is bold.
    """
    _, axis = plt.subplots(figsize=(7.5, 0.42 * len(scores) + 0.9))
    for place, (name, (alone, among)) in enumerate(scores.items()):
        colour = "#D55E00" if name == mark else "#666666"
        axis.plot(
            [among, alone],
            [place, place],
            color=colour,
            linewidth=4 if name == mark else 2,
            zorder=1,
        )
        axis.scatter(
            [alone],
            [place],
            color=colour,
            marker="o",
            label="alone" if not place else None,
            zorder=2,
        )
        axis.scatter(
            [among],
            [place],
            color=colour,
            marker="D",
            label="+ 1 M" if not place else None,
            zorder=2,
        )
        axis.annotate(
            f"−{alone - among:.1f}",
            ((alone + among) / 2, place),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=colour,
        )
    axis.set(yticks=range(len(scores)), xlabel="medium mAP, percent")
    axis.set_yticklabels(scores)
    for label, name in zip(axis.get_yticklabels(), scores):
        label.set_fontweight("bold" if name == mark else "normal")
    axis.invert_yaxis()
    axis.margins(y=0.12)
    axis.legend(frameon=False, loc="upper right")
