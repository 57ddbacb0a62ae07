"""Figures of published scores.

Book: chapter 13 (the published models).
"""

import matplotlib.pyplot as plt

from .basics import DARK_GREY, VERMILION


def million(scores: dict[str, tuple[float, float]], mark: str) -> None:
    """Draw the mAP of methods alone and among a million distractors, with a line between the two.

    Args:
        scores: method -> (mAP alone, mAP among a million distractors), in percent.
        mark: the method to draw bold.
    """
    _, axis = plt.subplots(figsize=(7.5, 0.42 * len(scores) + 0.9))
    for y, (name, (alone, among)) in enumerate(scores.items()):
        colour = VERMILION if name == mark else DARK_GREY
        width = 4 if name == mark else 2
        axis.plot([among, alone], [y, y], color=colour, linewidth=width, zorder=1)

        # a marker at each end; the first method adds the words to the legend
        for value, marker, words in ((alone, "o", "alone"), (among, "D", "+ 1 M")):
            label = None if y else words
            axis.scatter([value], [y], color=colour, marker=marker, label=label, zorder=2)

        # the loss above the line
        axis.annotate(
            f"\N{MINUS SIGN}{alone - among:.1f}",
            ((alone + among) / 2, y),
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
    axis.invert_yaxis()  # the first method on top
    axis.margins(y=0.12)
    axis.legend(frameon=False, loc="upper right")
