"""Bug hunts: functions whose source is no help, to be told apart by experiments.

Book: chapter 5 (losses) and chapter 6 (traps of the losses).
"""

from collections.abc import Callable

import torch

from ..training.losses import second_order_loss, triplet_loss
from .basics import judge
from .losses import differences

# what a function of `loss_suspects` may be, with an experiment that gives it away
LOSS_KINDS = {
    "right": "compare it with solar.second_order_loss on a few random batches.",
    "plain distances": "give it one tuple on the circle, whose distances you know. Is the value "
    "made of their squares?",
    "a root for each tuple": "give it a tuple alone, then the same tuple four times. One root over "
    "the batch halves the loss; a mean of four roots leaves it.",
    "no root": "halve all differences. A root halves the loss; without one a quarter is left.",
    "another tuple's negatives": "change the negatives of the first tuple alone, and look at the "
    "gradient of every positive.",
}
LOSS_HIDDEN = (1, 4, 3, 0, 2)  # the kinds of A, B, ... by their numbers

# the same for `trap_suspects`
TRAP_KINDS = {
    "none": "it passes the experiments of all four traps.",
    "zero loss": "give it a positive that is near and negatives that are far. Is there a gradient?",
    "nan": "give it p = q, and look at the gradient.",
    "batch": "give it a batch, then its two halves. Is the mean of the halves the whole?",
    "collapse": "give it a batch in which all descriptors are the same. Is this the least value "
    "of all?",
}
TRAP_HIDDEN = (3, 0, 4, 2, 1)


def loss_suspects() -> dict[str, Callable]:
    """Return five functions of (q, p, n) that claim to be the second-order loss; one of them is.

    Returns:
        'A' ... 'E' -> a function of q (B, D), p (B, D) and n (B, K, D) that gives a scalar.

    Example:
        >>> list(loss_suspects())
        ['A', 'B', 'C', 'D', 'E']
    """

    def plain(q, p, n):
        to_q = (q[:, None] - n).norm(dim=-1)  # (B, K)
        to_p = (p[:, None] - n).norm(dim=-1)
        return torch.linalg.vector_norm(to_q - to_p) / len(q)

    def for_each(q, p, n):
        return torch.linalg.vector_norm(differences(q, p, n), dim=1).mean()

    def squared(q, p, n):
        return differences(q, p, n).square().sum() / len(q)

    def shifted(q, p, n):
        to_q = (q[:, None] - n).square().sum(-1)
        to_p = (p[:, None] - n.roll(1, 0)).square().sum(-1)
        return torch.linalg.vector_norm(to_q - to_p) / len(q)

    # in the order of LOSS_KINDS
    functions = (second_order_loss, plain, for_each, squared, shifted)
    return {letter: functions[number] for letter, number in zip("ABCDE", LOSS_HIDDEN)}


def trap_suspects() -> dict[str, Callable]:
    """Return five losses of (q, p, n), four of which have one trap of chapter 6 each.

    Returns:
        'A' ... 'E' -> a function of q (B, D), p (B, D) and n (B, K, D) that gives a scalar.

    Example:
        >>> q = p = torch.tensor([[1.0, 0.0]])
        >>> losses = trap_suspects()
        >>> losses["E"](q, p, -q[None])
        tensor(0.)
    """

    def for_each(q, p, n):
        return triplet_loss(q, p, n) + torch.linalg.vector_norm(differences(q, p, n), dim=1).mean()

    def hinge_alone(q, p, n):
        return triplet_loss(q, p, n, margin=0.1)

    def root(q, p, n):
        return triplet_loss(q, p, n) + differences(q, p, n).square().sum(1).sqrt().mean()

    def whole_batch(q, p, n):
        return triplet_loss(q, p, n) + second_order_loss(q, p, n)

    def differences_alone(q, p, n):
        return differences(q, p, n).square().sum(1).mean()

    # in the order of TRAP_KINDS
    functions = (for_each, hinge_alone, root, whole_batch, differences_alone)
    return {letter: functions[number] for letter, number in zip("ABCDE", TRAP_HIDDEN)}


def wrong_names(answer: object, hidden: tuple[int, ...], kinds: dict[str, str]) -> str | None:
    """Return the first reason why a reader's names for hidden functions are wrong, or None.

    Args:
        answer: what the reader's function returned; letter -> kind is expected.
        hidden: the kind, by its number, of each of the functions A, B, ...
        kinds: kind -> an experiment that gives it away.
    """
    letters = "ABCDE"
    if not isinstance(answer, dict):
        return "Return a dictionary: for each letter what it is."
    missing = [letter for letter in letters if letter not in answer]
    if missing:
        return f"No word on {', '.join(missing)}."
    unknown = [answer[letter] for letter in letters if answer[letter] not in kinds]
    if unknown:
        return f"{unknown[0]!r} is none of the kinds: {', '.join(map(repr, kinds))}."

    # how many are right, and one experiment for the first that is not
    names = list(kinds)
    truth = {letter: names[number] for letter, number in zip(letters, hidden)}
    wrong = [letter for letter in letters if answer[letter] != truth[letter]]
    if wrong:
        right = len(letters) - len(wrong)
        return f"{right} of {len(letters)} are right. With {wrong[0]}: {kinds[truth[wrong[0]]]}"
    return None


def why_wrong_which_loss(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `loss_suspects`, or None."""
    return wrong_names(function(), LOSS_HIDDEN, LOSS_KINDS)


def which_loss(function: Callable) -> None:
    """Check the bug hunt among the `loss_suspects` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `LOSS_KINDS`.

    Example:
        >>> which_loss(lambda: {"A": "right"})
        which_loss: not yet. No word on B, C, D, E.
    """
    judge("which_loss", why_wrong_which_loss, function)


def why_wrong_which_trap(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `trap_suspects`, or None."""
    return wrong_names(function(), TRAP_HIDDEN, TRAP_KINDS)


def which_trap(function: Callable) -> None:
    """Check the bug hunt among the `trap_suspects` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `TRAP_KINDS`.

    Example:
        >>> which_trap(lambda: {"A": "batch"})
        which_trap: not yet. No word on B, C, D, E.
    """
    judge("which_trap", why_wrong_which_trap, function)
