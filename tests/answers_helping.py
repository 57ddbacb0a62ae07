"""Answers to the checks of chapter 4: shares of attention, where a curve overtakes, gains."""

import numpy as np
from checking import Exercise

from solar.checks.basics import YOUR_TURN


def own_share(attention, own):
    total = []
    for A, mask in zip(attention.double(), own):
        rows = A - A.diagonal().diag()
        rows = rows / rows.sum(1, keepdim=True)
        total += rows[mask][:, mask].sum(1).tolist()
    return np.mean(total)


def to_own(attention, own):
    return (attention * own[:, None]).sum(2)


def not_divided(attention, own):
    return (to_own(attention, own) - attention.diagonal(dim1=1, dim2=2))[own].mean()


def overtaking(steps, one, other):
    above = np.asarray(one) > np.asarray(other)
    if not above[-1]:
        return np.inf
    below = np.flatnonzero(~above)
    return steps[below[-1] + 1] if len(below) else steps[0]


def gains(soa, control):
    difference = soa - control
    return difference.mean(), (difference.mean(0) > 0).mean()


def stub(*arguments):
    raise NotImplementedError(YOUR_TURN)


def of_pictures(attention, own):
    """The mean of the means of each picture."""
    return np.mean([own_share(a[None], o[None]) for a, o in zip(attention, own)])


def not_below(steps, one, other):
    """Equal counts as above."""
    ahead = [all(np.greater_equal(one[i:], other[i:])) for i in range(len(steps))]
    return steps[ahead.index(True)] if any(ahead) and one[-1] > other[-1] else np.inf


EXERCISES = {
    "even_share": Exercise(
        right=[lambda own, positions: (own - 1) / (positions - 1)],
        start=lambda own, positions: own / positions,
        told="The position that looks is one of the own ones: it is not among the others.",
        wrong=[
            ("35 positions are left", lambda own, positions: (own - 1) / positions),
            ("eight are others", lambda own, positions: own / (positions - 1)),
            ("expect 8 / 35", lambda own, positions: 0.5),
            ("one number", lambda own, positions: [(own - 1) / (positions - 1)]),
            ("not by the clutter", lambda own, positions: own / (positions - own)),
            ("share of the clutter", lambda own, positions: (positions - own) / (positions - 1)),
            ("not percent", lambda own, positions: 100 * (own - 1) / (positions - 1)),
            ("expect 8 / 35", lambda own, positions: 8 / 35),
        ],
    ),
    "own_share": Exercise(
        right=[own_share],
        start=stub,
        told=YOUR_TURN,
        wrong=[
            ("pays to itself", lambda a, own: to_own(a, own)[own].mean()),
            ("divide by what is left", not_divided),
            ("Only the rows of own", lambda a, own: to_own(a, own).mean()),
            ("reads columns", lambda a, own: own_share(a.transpose(1, 2), own)),
            ("one number", to_own),
            ("diagonal to zero", lambda a, own: 0.5),
            ("sum over own positions", lambda a, own: own_share(a, own) * own.sum()),
            ("pictures' means", of_pictures),
        ],
    ),
    "overtaking": Exercise(
        right=[overtaking],
        start=stub,
        told=YOUR_TURN,
        wrong=[
            ("*stay* above", lambda steps, a, b: steps[int(np.argmax(np.array(a) > b))]),
            ("return the step", lambda steps, a, b: overtaking(steps, a, b) / 100),
            ("last step at which", lambda steps, a, b: overtaking(steps, a, b) - 100),
            ("expect the fourth", lambda steps, a, b: 0),
            ("never overtakes", lambda steps, a, b: 300),
            (
                "first step on",
                lambda steps, a, b: np.inf if a[-1] < b[-1] else 300,
            ),
            ("it was at 300 already", lambda steps, a, b: steps[-1]),
            ("neither is above", not_below),
        ],
    ),
    "paired_gain": Exercise(
        right=[gains],
        start=lambda soa, control: (
            soa.max(0).mean() - control.mean(),
            (soa > control).any(0).mean(),
        ),
        told="The best of three seeds against a mean is no gain: take the mean of both arms.",
        wrong=[
            ("two numbers", lambda soa, control: (soa - control).mean()),
            ("best of three seeds", lambda s, c: (s.mean(1).max() - c.mean(), gains(s, c)[1])),
            ("sign", lambda soa, control: gains(control, soa)),
            ("all seeds and landmarks", lambda soa, control: (1.0, 0.5)),
            ("may be luck", lambda s, c: (gains(s, c)[0], (s > c).any(0).mean())),
            ("are not landmarks", lambda s, c: (gains(s, c)[0], (s > c).mean())),
            ("above zero", lambda s, c: (gains(s, c)[0], 0.0)),
            ("stays where it is", lambda s, c: (gains(s, c)[0], ((s - c).mean(0) >= 0).mean())),
            ("from 0 to 1", lambda s, c: (gains(s, c)[0], 100 * gains(s, c)[1])),
        ],
    ),
}
