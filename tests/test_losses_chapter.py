"""Chapter 4: exercises tell each usual mistake by a hint of its own, figures and sliders show what
they are told.
"""

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402

from solar import checks, contrastive_loss, plots, second_order_loss  # noqa: E402


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def along(q, p, n):
    return torch.einsum("bd,bkd->bk", q - p, n)  # (B, K)


def gradient(q, p, n):
    difference = (q - n).square().sum(1) - (p - n).square().sum(1)
    return (
        2 * difference @ (q - n) / difference.norm()
        if difference.norm() > 0
        else torch.zeros_like(q)
    )


RIGHT = [
    (checks.second_order, second_order_loss),
    (checks.second_order, lambda q, p, n: 2 * torch.linalg.vector_norm(along(q, p, n)) / len(q)),
    (checks.second_order_gradient, gradient),
    (checks.weight_for_parts, lambda weight, parts: weight / parts**0.5),
]
WRONG = [
    (checks.second_order, "number", lambda q, p, n: along(q, p, n)),
    (
        checks.second_order,
        "root is missing",
        lambda q, p, n: 4 * along(q, p, n).square().sum() / len(q),
    ),
    (checks.second_order, "every tuple", lambda q, p, n: 2 * along(q, p, n).norm(dim=1).mean()),
    (checks.second_order, "number of tuples", lambda q, p, n: 2 * along(q, p, n).norm()),
    (
        checks.second_order,
        "nothing inside",
        lambda q, p, n: 2 * along(q, p, n).square().mean().sqrt(),
    ),
    (
        checks.second_order,
        "distances",
        lambda q, p, n: (
            ((q[:, None] - n).norm(dim=-1) - (p[:, None] - n).norm(dim=-1)).norm() / len(q)
        ),
    ),
    (
        checks.second_order,
        "no number",
        lambda q, p, n: 2 * along(q, p, n).square().sum().sqrt() / len(q),
    ),
    (checks.second_order, "Differences", contrastive_loss),
    (checks.second_order_gradient, "(5,)", lambda q, p, n: gradient(q, p, n)[:3]),
    (checks.second_order_gradient, "factor 2", lambda q, p, n: gradient(q, p, n) / 2),
    (
        checks.second_order_gradient,
        "Divide by the loss",
        lambda q, p, n: gradient(q, p, n) * second_order_loss(q[None], p[None], n[None]),
    ),
    (checks.second_order_gradient, "sign", lambda q, p, n: -gradient(q, p, n)),
    (
        checks.second_order_gradient,
        "0 / 0",
        lambda q, p, n: gradient(q, p, n) * (q - p).norm() / (q - p).norm(),
    ),
    (checks.second_order_gradient, "Chain rule", lambda q, p, n: q),
    (checks.weight_for_parts, "other way", lambda weight, parts: weight * parts**0.5),
    (checks.weight_for_parts, "softens", lambda weight, parts: weight / parts),
    (checks.weight_for_parts, "expect", lambda weight, parts: weight),
]


@pytest.mark.parametrize("check, answer", RIGHT)
def test_right_answers_pass(check, answer, capsys):
    check(answer)
    assert "correct" in capsys.readouterr().out


@pytest.mark.parametrize("check, word, answer", WRONG)
def test_usual_mistakes_get_their_hint(check, word, answer, capsys):
    check(answer)
    out = capsys.readouterr().out
    assert "not yet" in out and word in out


def test_points_stand_where_their_angles_say():
    assert np.allclose(plots.on_circle([0, 90, 180]), [[1, 0], [0, 1], [-1, 0]], atol=1e-12)
    plots.circle(plt.gca(), *plots.on_circle([0, 90, 180]), arrows=dict(q=(0.0, 0.5)))
    words = [text.get_text() for text in plt.gca().get_legend().get_texts()]
    assert words == ["$d^2(q, p)$ = 2.00", "$d^2(q, n)$ = 4.00", "$d^2(p, n)$ = 2.00"]


def test_both_orders_of_one_tuple():
    found = plots.losses_of(*plots.on_circle([0, 90, 180]))
    assert found == pytest.approx({"first order": 0.0, "second order": 2.0})


def test_sliders_move_the_picture():
    live = plots.LiveCircle()
    before = live.picture.value
    live.sliders["n"].value = -100
    assert before[:4] == live.picture.value[:4] == b"\x89PNG" and before != live.picture.value
    assert not plt.get_fignums()  # nothing is left open


def test_places_without_loss_are_hatched_and_curves_are_their_values():
    plots.surfaces(np.arange(3), np.arange(2), {"a": np.array([[0, 0, 1.0], [0, 2, 3]])}, "x", "y")
    assert any(
        "///" in c.hatches for c in plt.gcf().axes[0].collections if getattr(c, "hatches", None)
    )
    plots.blind_spots([0, 1], {"t": {"a": np.array([2, 3])}}, "x", marks=dict(t=(0.5,)))
    curve, mark = plt.gcf().axes[0].lines
    assert curve.get_ydata().tolist() == [2, 3] and mark.get_xdata()[0] == 0.5


def test_a_sphere_is_coloured_by_its_values():
    asked = []
    axis = plt.figure().add_subplot(projection="3d")
    plots.sphere(
        axis, (1, 0, 0), (0, 1, 0), lambda n: asked.append(n) or np.abs(n[:, 0]), "title", "loss"
    )
    assert np.allclose(np.linalg.norm(asked[0], axis=1), 1) and axis.get_title() == "title"


def test_histograms_are_shares():
    plots.histograms({"a": np.array([0.1, 0.1, 0.9])}, "x", [0, 0.5, 1])
    assert plt.gca().patches[0].get_xy()[:, 1].max() == pytest.approx(2 / 3)
