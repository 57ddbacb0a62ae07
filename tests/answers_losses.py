"""Answers to the checks of chapter 5: the second-order loss and its gradient."""

import torch
from checking import Exercise

from solar import second_order_loss, triplet_loss


def stub(*arguments):
    raise NotImplementedError("your turn")


def along(q, p, n):
    """Half the difference of squared distances, for vectors of unit length: (B, K)."""
    return torch.einsum("bd,bkd->bk", q - p, n)


def plain_distances(q, p, n):
    return (q[:, None] - n).norm(dim=-1) - (p[:, None] - n).norm(dim=-1)


def norm(x):
    return torch.linalg.vector_norm(x)


def gradient(q, p, n):
    difference = (q - n).square().sum(1) - (p - n).square().sum(1)
    if difference.norm() == 0:
        return torch.zeros_like(q)
    return 2 * difference @ (q - n) / difference.norm()


def loss_of(q, p, n):
    """The loss of a single tuple."""
    return second_order_loss(q[None], p[None], n[None])


def gradient_by_p(q, p, n):
    return gradient(p, q, n)


def without_signs(q, p, n):
    difference = (q - n).square().sum(1) - (p - n).square().sum(1)
    return 2 * difference.abs() @ (q - n) / difference.norm()


def of_the_identity(q, p, n):
    difference = (q - n).square().sum(1) - (p - n).square().sum(1)
    return -2 * difference @ n / difference.norm()


def with_numpy(q, p, n):
    """The right gradient of a tensor that still has one of its own."""
    return gradient(q.clone().requires_grad_(), p, n)


def by_autograd(q, p, n):
    free = q.clone().requires_grad_()
    return torch.autograd.grad(loss_of(free, p, n), free)[0]


EXERCISES = {
    "second_order": Exercise(
        right=[
            second_order_loss,
            lambda q, p, n: 2 * norm(along(q, p, n)) / len(q),
            lambda q, p, n: norm(2 * along(q, p, n) / len(q)),
        ],
        start=stub,
        told="your turn",
        wrong=[
            ("one number", along),
            ("factor 2 is missing", lambda q, p, n: norm(along(q, p, n)) / len(q)),
            ("Two factors are missing", lambda q, p, n: norm(along(q, p, n))),
            ("root is missing", lambda q, p, n: 4 * along(q, p, n).square().sum() / len(q)),
            ("root is missing", lambda q, p, n: along(q, p, n).square().sum()),
            ("every tuple", lambda q, p, n: 2 * along(q, p, n).norm(dim=1).mean()),
            ("every tuple", lambda q, p, n: along(q, p, n).norm(dim=1).sum()),
            ("by the number of tuples B.", lambda q, p, n: 2 * norm(along(q, p, n))),
            ("not by B K", lambda q, p, n: 2 * norm(along(q, p, n)) / n[..., 0].numel()),
            ("number of negatives K", lambda q, p, n: 2 * norm(along(q, p, n)) / n.shape[1]),
            ("nothing inside", lambda q, p, n: 2 * along(q, p, n).square().mean().sqrt()),
            ("nothing inside", lambda q, p, n: 2 * norm(along(q, p, n)) / len(q) ** 0.5),
            ("as SOSNet has them", lambda q, p, n: norm(plain_distances(q, p, n)) / len(q)),
            ("absolute values", lambda q, p, n: 2 * along(q, p, n).abs().sum() / len(q)),
            ("before you square", lambda q, p, n: 2 * along(q, p, n).sum().square().sqrt() / 3),
            ("sign", lambda q, p, n: -second_order_loss(q, p, n)),
            ("negatives n do not enter", lambda q, p, n: (q - p).norm()),
            ("positives p do not enter", lambda q, p, n: (q @ n[0].T).norm()),
            ("gradient is no number", lambda q, p, n: 2 * along(q, p, n).square().sum().sqrt() / 3),
            (
                "an eps under the root",
                lambda q, p, n: (4 * along(q, p, n).square().sum() + 1e-6).sqrt() / 3,
            ),
            ("no gradient passes", lambda q, p, n: second_order_loss(q, p, n).item()),
            ("no gradient passes", lambda q, p, n: second_order_loss(q, p, n).detach()),
            ("Differences", triplet_loss),
            ("It stops with RuntimeError", lambda q, p, n: (q - n).norm() / len(q)),
            ("length of q", lambda q, p, n: 2 * norm(along(q, p, n)) / 3),
            ("differences cancel", lambda q, p, n: 2 * norm(along(q, p, n).mean(1)) / len(q)),
            ("detach neither", lambda q, p, n: second_order_loss(q, p.detach(), n)),
        ],
    ),
    "second_order_gradient": Exercise(
        right=[gradient, with_numpy],
        start=stub,
        told="your turn",
        wrong=[
            ("(5,)", lambda q, p, n: gradient(q, p, n)[:3]),
            ("factor 2", lambda q, p, n: gradient(q, p, n) / 2),
            ("Divide by the loss:", lambda q, p, n: gradient(q, p, n) * loss_of(q, p, n)),
            ("Divide by the loss:", lambda q, p, n: 2 * gradient(q, p, n) * loss_of(q, p, n)),
            ("once", lambda q, p, n: gradient(q, p, n) / loss_of(q, p, n)),
            ("sign", lambda q, p, n: -gradient(q, p, n)),
            ("by p", gradient_by_p),
            ("absolute value", without_signs),
            ("not a mean", lambda q, p, n: gradient(q, p, n) / len(n)),
            ("on the sphere", of_the_identity),
            ("0 / 0", lambda q, p, n: gradient(q, p, n) * (q - p).norm() / (q - p).norm()),
            ("Chain rule", lambda q, p, n: q),
            ("Twice too large", lambda q, p, n: 2 * gradient(q, p, n)),
            ("unit length", lambda q, p, n: gradient(q, p, n) / norm(gradient(q, p, n))),
            ("along the sphere", lambda q, p, n: gradient(q, p, n) - gradient(q, p, n) @ q * q),
            ("by autograd", by_autograd),
        ],
    ),
}
