"""Checks of the local chapters: the right answer passes, each usual mistake meets its own hint."""

import numpy as np
import pytest
import torch

from solar import checks
from solar.local.matching import WINDOW, match
from solar.local.metrics import fpr95, project
from solar.training.losses import distances, hardest_in_batch


def far(a, p):
    return distances(a, p) + 10 * torch.eye(len(a))


def apart(a, p):
    return torch.cdist(a, a) - torch.cdist(p, p)


def window(x, y, size, angle, half=WINDOW / 2, sign=1, radians=np.radians):
    u, v = (np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * size * half).T
    c, s = np.cos(sign * radians(angle)), np.sin(sign * radians(angle))
    return np.stack([x + c * u - s * v, y + s * u + c * v], 1)


def flat(homography, points):
    return (np.column_stack([points, np.ones(len(points))]) @ homography.T)[:, :2]


ANSWERS = [
    ("hardest", hardest_in_batch, "correct"),
    ("hardest", lambda a, p: far(a, p).amin(1), "Only d"),
    ("hardest", lambda a, p: torch.minimum(far(a, p).amin(1), far(a, p).amin(0)), "are missing"),
    ("hardest", lambda a, p: distances(a, a).amin(1), "diagonal"),
    ("hardest", lambda a, p: hardest_in_batch(a, p) ** 2, "take the root"),
    ("hardest", lambda a, p: (a - p).norm(dim=1), "inside the pairs"),
    ("hardest", lambda a, p: hardest_in_batch(a, p).mean(), "shape"),
    ("hardest", lambda a, p: 2 * hardest_in_batch(a, p), "The least of"),
    ("similarity", lambda a, p: apart(a, p).square().sum(1).sqrt().mean(), "correct"),
    ("similarity", lambda a, p: apart(a, p).square().sum().sqrt(), "One root an anchor"),
    ("similarity", lambda a, p: apart(a, p).square().sum().sqrt() / 6, "whole batch"),
    ("similarity", lambda a, p: apart(a, p).square().sum(1).mean(), "root is missing"),
    ("similarity", lambda a, p: apart(a, p).square().sum(1).sqrt().sum(), "not the sum"),
    ("similarity", lambda a, p: apart(a, p).abs().sum(1).mean(), "Squares inside"),
    (
        "similarity",
        lambda a, p: (
            (torch.cdist(a, a) ** 2 - torch.cdist(p, p) ** 2).square().sum(1).sqrt().mean()
        ),
        "global",
    ),
    ("fpr95", fpr95, "correct"),
    ("fpr95", lambda d, s: (d[~s] <= np.percentile(d[s], 95)).mean(), "correct"),
    ("fpr95", lambda d, s: 100 * fpr95(d, s), "not percent"),
    ("fpr95", lambda d, s: 1 - fpr95(d, s), "rejected"),
    ("fpr95", lambda d, s: (d[s] <= np.percentile(d[~s], 95)).mean(), "exchanged"),
    ("fpr95", lambda d, s: fpr95(d, s) * (~s).mean(), "wrong pairs alone"),
    ("matches", match, "correct"),
    ("matches", lambda a, b, r: match(a, b, None), "ratio test is missing"),
    ("matches", lambda a, b, r: match(a, b, r, False), "mutual check is missing"),
    ("matches", lambda a, b, r: match(a, b, None, False), "all nearest"),
    ("matches", lambda a, b, r: match(a, b, r**0.5), "squared"),
    ("matches", lambda a, b, r: match(a, b, r).T, "shape"),
    ("corners", window, "correct"),
    ("corners", lambda *k: window(*k, radians=float), "degrees"),
    ("corners", lambda *k: window(*k, sign=-1), "other way"),
    ("corners", lambda *k: window(*k, sign=0), "not turned"),
    ("corners", lambda *k: window(*k, half=WINDOW), "Twice"),
    ("corners", lambda *k: window(*k, half=0.5), "WINDOW times"),
    ("project", project, "correct"),
    ("project", flat, "third coordinate is missing"),
    ("project", lambda h, p: project(h.T, p), "transposed"),
    ("project", lambda h, p: project(np.linalg.inv(h), p), "way back"),
]


@pytest.mark.parametrize("name, answer, words", ANSWERS)
def test_verdicts(name, answer, words, capsys):
    getattr(checks, name)(answer)
    said = capsys.readouterr().out
    assert said.startswith(f"{name}: ") and words in said and said.count("\n") == 1
    assert ("correct." in said) == (words == "correct")
