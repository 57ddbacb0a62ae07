"""Checks of chapters 11 and 12: hard negatives, similarity, FPR; matches, windows, homographies."""

import numpy as np
import pytest
import torch
from checking import Exercise, exercises_of, right_answers, verdict, wrong_answers

from solar.local.matching import WINDOW, match
from solar.local.metrics import fpr95, project
from solar.training.losses import distances, hardest_in_batch


def off_diagonal(a, p):
    return distances(a, p) + 10 * torch.eye(len(a))


def easiest(a, p):
    apart = torch.stack([distances(a, p), distances(a, a), distances(p, p)])
    return torch.cat([apart, apart[:1].mT]).masked_fill(torch.eye(len(a)) > 0, -1).amax((0, 2))


def squares(a, p):
    return (torch.cdist(a, a) - torch.cdist(p, p)).square()


def global_form(a, p):
    difference = torch.cdist(a, a) ** 2 - torch.cdist(p, p) ** 2
    return difference.square().sum(1).sqrt().mean()


def roles_exchanged(d, same):
    return (d[same] <= np.percentile(d[~same], 95)).mean()


def share_of_accepted(d, same):
    accepted = d <= np.sort(d[same])[int(np.ceil(0.95 * same.sum())) - 1]
    return (accepted & ~same).sum() / accepted.sum()


def other_way(a, b, ratio):
    swapped = match(b, a, ratio)[:, ::-1]
    return swapped[np.argsort(swapped[:, 0])]


def window(x, y, size, angle, half=WINDOW / 2, sign=1, radians=np.radians):
    u, v = (np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * size * half).T
    c = np.cos(sign * radians(angle))
    s = np.sin(sign * radians(angle))
    return np.stack([x + c * u - s * v, y + s * u + c * v], 1)


def not_divided(homography, points):
    return (np.column_stack([points, np.ones(len(points))]) @ homography.T)[:, :2]


EXERCISES = {
    "hardest": Exercise(
        right=[hardest_in_batch],
        start=lambda a, p: (torch.cdist(a, p) + 10 * torch.eye(len(a))).amin(1),
        told="Only d(a_i, p_j) so far: a negative may be an anchor too, and p_i looks for its own.",
        wrong=[
            ("Only d", lambda a, p: off_diagonal(a, p).amin(1)),
            (
                "are missing",
                lambda a, p: torch.minimum(off_diagonal(a, p).amin(1), off_diagonal(a, p).amin(0)),
            ),
            ("diagonal", lambda a, p: distances(a, a).amin(1)),
            ("take the root", lambda a, p: hardest_in_batch(a, p) ** 2),
            ("inside the pairs", lambda a, p: (a - p).norm(dim=1)),
            ("easiest", easiest),
            ("shape", lambda a, p: hardest_in_batch(a, p).mean()),
            ("The least of", lambda a, p: 2 * hardest_in_batch(a, p)),
        ],
    ),
    "similarity": Exercise(
        right=[lambda a, p: squares(a, p).sum(1).sqrt().mean()],
        start=global_form,
        told="Squared distances are SOLAR's global form; the local one takes plain ones.",
        wrong=[
            ("Not a number", lambda a, p: torch.tensor(float("nan"))),
            ("One root an anchor", lambda a, p: squares(a, p).sum().sqrt()),
            ("whole batch", lambda a, p: squares(a, p).sum().sqrt() / 6),
            ("root is missing", lambda a, p: squares(a, p).sum(1).mean()),
            ("not the sum", lambda a, p: squares(a, p).sum(1).sqrt().sum()),
            ("Squares inside", lambda a, p: squares(a, p).sqrt().sum(1).mean()),
            ("global", global_form),
            ("Mean over i", lambda a, p: torch.tensor(7.0)),
        ],
    ),
    "fpr95": Exercise(
        right=[fpr95, lambda d, same: (d[~same] <= np.percentile(d[same], 95)).mean()],
        start=roles_exchanged,
        told="The roles are exchanged: the threshold comes from the right pairs.",
        wrong=[
            ("not percent", lambda d, same: 100 * fpr95(d, same)),
            ("rejected", lambda d, same: 1 - fpr95(d, same)),
            ("not by all accepted", share_of_accepted),
            ("exchanged", roles_exchanged),
            ("wrong pairs alone", lambda d, same: fpr95(d, same) * (~same).mean()),
            ("right way round", lambda d, same: 0.99),
            ("accepts 95 %", lambda d, same: 0.0),
        ],
    ),
    "matches": Exercise(
        right=[match],
        start=lambda a, b, ratio: np.stack([np.arange(len(a)), (a @ b.T).argmax(1)], 1),
        told="These are all nearest neighbours: now the two tests.",
        wrong=[
            ("ratio test is missing", lambda a, b, ratio: match(a, b, None)),
            ("mutual check is missing", lambda a, b, ratio: match(a, b, ratio, False)),
            ("all nearest", lambda a, b, ratio: match(a, b, None, False)),
            ("squared", lambda a, b, ratio: match(a, b, ratio**0.5)),
            ("wrong picture", other_way),
            ("shape", lambda a, b, ratio: match(a, b, ratio).T),
            ("Nearest below", lambda a, b, ratio: match(a, b, ratio)[:1]),
        ],
    ),
    "corners": Exercise(
        right=[window],
        start=lambda x, y, size, angle: window(x, y, size, 0),
        told="It is not turned.",
        wrong=[
            ("degrees", lambda *keypoint: window(*keypoint, radians=float)),
            ("other way", lambda *keypoint: window(*keypoint, sign=-1)),
            ("not turned", lambda *keypoint: window(*keypoint, sign=0)),
            ("Twice", lambda *keypoint: window(*keypoint, half=WINDOW)),
            ("WINDOW times", lambda *keypoint: window(*keypoint, half=0.5)),
            ("shape", lambda *keypoint: window(*keypoint)[:3]),
            ("Scale a square", lambda *keypoint: np.zeros((4, 2))),
        ],
    ),
    "project": Exercise(
        right=[project],
        start=not_divided,
        told="The division by the third coordinate is missing.",
        wrong=[
            ("third coordinate is missing", not_divided),
            ("transposed", lambda homography, points: project(homography.T, points)),
            ("way back", lambda homography, points: project(np.linalg.inv(homography), points)),
            ("shape", lambda homography, points: project(homography, points).T),
            ("Append 1", lambda homography, points: points),
        ],
    ),
}


def test_every_exercise_of_the_subject_is_tested():
    assert set(EXERCISES) == exercises_of("local")


@pytest.mark.parametrize("name, answer", right_answers(EXERCISES))
def test_right_answers_pass(name, answer, capsys):
    assert verdict(name, answer, capsys) == "correct."


@pytest.mark.parametrize("name", EXERCISES)
def test_the_unfinished_answer_of_the_chapter_gets_its_hint(name, capsys):
    exercise = EXERCISES[name]
    assert verdict(name, exercise.start, capsys) == f"not yet. {exercise.told}"


@pytest.mark.parametrize("name, hint, answer", wrong_answers(EXERCISES))
def test_wrong_answers_get_their_hint(name, hint, answer, capsys):
    told = verdict(name, answer, capsys)
    assert told.startswith("not yet. ")
    assert hint in told
