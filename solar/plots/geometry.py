"""Figures of two images' geometry: epipolar lines, the votes of RANSAC, methods side by side.

Book: chapter 12 (matching two photographs).
"""

import matplotlib.pyplot as plt
import numpy as np

from .basics import BLUE, DARK_GREY, GREEN, GREY, PALE_GREY, PURPLE, SKY, VERMILION, YELLOW
from .local import draw_matches, pixels_of

# points of one image and their lines in the other share a colour and a number
PAIRED = (BLUE, VERMILION, GREEN, PURPLE, SKY, YELLOW)


def epipolar_lines(a, b, fundamental: np.ndarray, here: np.ndarray, there: np.ndarray) -> None:
    """Draw points of one image, and the lines of the other on which they must lie.

    Args:
        a: the first image: a path, a PIL image or an array (H, W, 3) of bytes.
        b: the second image.
        fundamental: (3, 3), from the first image to the second.
        here: (n, 2) x and y of points in the first image; at most six.
        there: (n, 2) where the second image shows them; a row of nan where it does not.
    """
    a = pixels_of(a)
    b = pixels_of(b)
    _, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for axis, image in zip(axes, (a, b)):
        axis.imshow(image)
        axis.set(xlim=(-0.5, image.shape[1] - 0.5), ylim=(image.shape[0] - 0.5, -0.5))
        axis.axis("off")
    for number, (point, place, colour) in enumerate(zip(here, there, PAIRED), 1):
        # the line: all x, y with l0 x + l1 y + l2 = 0
        line = fundamental @ np.array([point[0], point[1], 1.0])
        ends = _ends_in(line, b.shape[1], b.shape[0])
        axes[1].plot(ends[:, 0], ends[:, 1], color=colour, linewidth=1.6)
        for axis, at in zip(axes, (point, place)):
            x, y = at
            axis.plot(x, y, "o", markersize=7, color=colour, markeredgecolor="white")
            words = dict(textcoords="offset points", color="white", fontsize=10)
            box = dict(boxstyle="round,pad=0.15", facecolor=colour, edgecolor="none")
            if np.isfinite(at).all():
                axis.annotate(str(number), at, xytext=(7, 5), bbox=box, **words)
    axes[0].set_title("points of one photograph", fontsize=10)
    axes[1].set_title("their epipolar lines in the other", fontsize=10)


def _ends_in(line: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return where a line (3,) crosses the image, (2, 2) x and y; nan where it does not.

    A line that runs more sideways than up is followed from the left edge to the right one.
    """
    if abs(line[1]) >= abs(line[0]):
        x = np.array([-0.5, width - 0.5])
        y = -(line[0] * x + line[2]) / line[1]
    else:
        y = np.array([-0.5, height - 0.5])
        x = -(line[1] * y + line[2]) / line[0]
    return np.stack([x, y], 1)


def votes(image, here: np.ndarray, there: np.ndarray, draws: dict, counts: np.ndarray) -> None:
    """Draw who votes for some draws of RANSAC, and the votes of all draws.

    A match is an arrow from its point in the first image to the place of its partner. Those that
    agree with the model of the draw are green; the sample is marked by circles.

    Args:
        image: the first image: a path, a PIL image or an array (H, W, 3) of bytes.
        here: (M, 2) x and y of the matched points in the first image.
        there: (M, 2) in the second.
        draws: title -> (numbers of the sample's matches, (M,) bool of the matches that agree).
        counts: (draws,) votes of every draw, in order.
    """
    pixels = pixels_of(image)
    _, axes = plt.subplots(
        1, len(draws) + 1, figsize=(3.4 * (len(draws) + 1), 2.7), layout="constrained"
    )
    for axis, (title, (sample, agree)) in zip(axes, draws.items()):
        axis.imshow(pixels.mean(2), cmap="gray", vmin=-120, vmax=330)
        for number in np.argsort(agree, kind="stable"):  # those that agree last, on top
            look = dict(color=VERMILION, linestyle=(0, (3, 2)), linewidth=0.5)
            if agree[number]:
                look = dict(color=GREEN, linestyle="-", linewidth=1.4)
            x = (here[number, 0], there[number, 0])
            y = (here[number, 1], there[number, 1])
            axis.plot(x, y, **look)
        drawn = here[sample]
        axis.plot(drawn[:, 0], drawn[:, 1], "o", markersize=8, mfc="none", color="black")
        axis.set(xlim=(-0.5, pixels.shape[1] - 0.5), ylim=(pixels.shape[0] - 0.5, -0.5))
        axis.set_title(f"{title}: {int(agree.sum())} of {len(agree)} agree", fontsize=10)
        axis.axis("off")

    # votes of each draw, and the best so far
    number = np.arange(1, len(counts) + 1)
    axes[-1].plot(number, counts, ".", markersize=3, color=PALE_GREY, label="a draw")
    best = np.maximum.accumulate(counts)
    axes[-1].step(number, best, where="post", color=BLUE, label="best so far")
    axes[-1].set(xlabel="draw", ylabel="matches that agree", ylim=(0, None))
    axes[-1].legend(frameon=False, fontsize=9, loc="center right")


def side_by_side(a, b, matchings: dict, right: dict | None = None) -> None:
    """Draw the matches of several methods on one pair of images, one below the other.

    Args:
        a: the first image: a path, a PIL image or an array (H, W, 3) of bytes.
        b: the second image.
        matchings: method -> its `Matching` of the two.
        right: method -> (M,) bool, which of its matches are right; None shows inliers.
    """
    _, axes = plt.subplots(
        len(matchings), 1, figsize=(9, 3.3 * len(matchings)), layout="constrained", squeeze=False
    )
    for axis, (name, matching) in zip(axes[:, 0], matchings.items()):
        good = matching.geometry.inliers
        word = "inliers"
        if right is not None:
            good = right[name]
            word = "right"
        draw_matches(axis, a, b, matching, good)
        title = f"{name}: {len(good)} matches, {int(np.sum(good))} {word}"
        axis.set_title(title, fontsize=10)


def error_shares(errors: dict[str, np.ndarray], limit: float, xlabel: str) -> None:
    """Draw for each method the share of pairs whose error lies below a threshold.

    The area under a curve, as a share of the panel, is the AUC at the limit.

    Args:
        errors: method -> one error per pair; infinity where there was no answer. At most five.
        limit: the largest threshold, where the axis ends.
        xlabel: words below the axis.
    """
    _, axis = plt.subplots(figsize=(6.2, 3.5), layout="constrained")
    looks = zip((BLUE, VERMILION, GREEN, PURPLE, DARK_GREY), ("-", "--", "-.", ":", "-"))
    for (name, values), (colour, dash) in zip(errors.items(), looks):
        # the curve steps up at each error
        known = np.sort(values[values <= limit])
        x = np.concatenate([[0], known, [limit]])
        shares = np.arange(len(known) + 1) / len(values)
        y = 100 * np.append(shares, shares[-1])
        axis.step(x, y, where="post", color=colour, linestyle=dash, label=name)
    axis.axvline(limit, color=GREY, linewidth=0.8)
    axis.set(xlabel=xlabel, ylabel="pairs, percent", xlim=(0, limit), ylim=(0, 100))
    axis.legend(frameon=False, fontsize=9, loc="upper left")
    axis.grid(alpha=0.25)
