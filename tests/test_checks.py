"""Every check accepts the right answer, and tells each usual mistake by a hint of its own."""

import numpy as np
import pytest

from solar import checks, mac, spoc
from solar import gem as right_gem
from solar.evaluation import average_precision as right_ap

WRONG_GEM = {
    "root": lambda x, p: right_gem(x, p) ** p,
    "SPoC": lambda x, p: spoc(x),
    "MAC": lambda x, p: mac(x),
    "sum": lambda x, p: right_gem(x, p) * (x.shape[2] * x.shape[3]) ** (1 / p),
    "nan": lambda x, p: x.pow(p + 0.5).mean((2, 3)),
    "really used": lambda x, p: right_gem(x, 3.0),
    "shape": lambda x, p: right_gem(x, p).mean(1),
}
WRONG_AP = {
    "rectangles": lambda ranks: np.mean([(i + 1) / (r + 1) for i, r in enumerate(ranks)]),
    "number of positives": lambda ranks: right_ap(ranks) * len(ranks),
    "perfect list": lambda ranks: right_ap(ranks) if ranks[1] > 1 else 0.5,
}
WRONG_RANKING = {
    "Long vectors": lambda q, d: np.argsort(-(d @ q)),
    "worst": lambda q, d: np.argsort(d @ q / np.linalg.norm(d, axis=1)),
    "Normalise": lambda q, d: np.arange(len(d)),
}


@pytest.mark.parametrize(
    "check, answer",
    [
        (checks.gem, right_gem),
        (checks.average_precision, right_ap),
        (checks.ranking, lambda q, d: np.argsort(-(d @ q) / np.linalg.norm(d, axis=1))),
    ],
)
def test_right_answers_pass(check, answer, capsys):
    assert check(answer) is True
    assert "correct" in capsys.readouterr().out


@pytest.mark.parametrize(
    "check, word, answer",
    [(checks.gem, *pair) for pair in WRONG_GEM.items()]
    + [(checks.average_precision, *pair) for pair in WRONG_AP.items()]
    + [(checks.ranking, *pair) for pair in WRONG_RANKING.items()],
)
def test_usual_mistakes_get_their_hint(check, word, answer, capsys):
    assert check(answer) is False
    assert word in capsys.readouterr().out
