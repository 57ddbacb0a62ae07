"""Checks of the exercises on ablations, and five laboratories, four of which err.

Book: chapter 8 (the ablation).
"""

from collections.abc import Callable

import numpy as np

from .basics import judge, same
from .hunts import wrong_names

# what a laboratory of `laboratories` may do, with an experiment that gives it away
LABORATORY_KINDS = {
    "honest": "it passes the experiments of all four mistakes.",
    "chosen on the test set": "change the validation landmarks alone, so that another rate becomes "
    "the best there. Does the report change?",
    "one arm tuned": "let another rate be the control's best, on both sets. Does the report change "
    "as it should?",
    "best seed": "let the seeds of our arm differ, some up and some down, with the same mean. Is "
    "the report the difference of the means?",
    "landmarks left out": "let our arm lose all on a few landmarks of the test set. Does the "
    "report fall?",
}
LABORATORY_HIDDEN = (2, 4, 0, 3, 1)  # the kinds of A, B, ... by their numbers


def laboratories() -> dict[str, Callable]:
    """Return five laboratories, which report the gain of a method over its control.

    Returns:
        'A' ... 'E' -> a function of two arrays (2, R, S, L), average precisions on validation
        landmarks and on test landmarks: of our arm and the control, at R rates, with S seeds, on L
        landmarks. It returns the gain that the laboratory prints.

    Example:
        >>> same_everywhere = np.ones((2, 3, 5, 20))
        >>> float(laboratories()["C"](same_everywhere, same_everywhere))
        0.0
    """

    def by_validation(validation, test):
        rates = validation.mean((2, 3)).argmax(1)  # the best of each arm: (2,)
        return test[0, rates[0]].mean() - test[1, rates[1]].mean()

    def by_test(validation, test):
        rates = test.mean((2, 3)).argmax(1)
        return test[0, rates[0]].mean() - test[1, rates[1]].mean()

    def ours_alone(validation, test):
        rate = validation[0].mean((1, 2)).argmax()
        return test[0, rate].mean() - test[1, 0].mean()

    def top_seed(validation, test):
        rates = validation.mean((2, 3)).argmax(1)
        return test[0, rates[0]].mean(1).max() - test[1, rates[1]].mean()

    def without_worst(validation, test):
        rates = validation.mean((2, 3)).argmax(1)
        points = (test[0, rates[0]] - test[1, rates[1]]).mean(0)  # (L,)
        kept = np.sort(points)[len(points) // 5 :]
        return kept.mean()

    # in the order of LABORATORY_KINDS
    functions = (by_validation, by_test, ours_alone, top_seed, without_worst)
    return {letter: functions[number] for letter, number in zip("ABCDE", LABORATORY_HIDDEN)}


def why_wrong_which_laboratory(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `laboratories`, or None."""
    return wrong_names(function(), LABORATORY_HIDDEN, LABORATORY_KINDS)


def which_laboratory(function: Callable) -> None:
    """Check the bug hunt among the `laboratories` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `LABORATORY_KINDS`.

    Example:
        >>> which_laboratory(lambda: {"A": "honest"})
        which_laboratory: not yet. No word on B, C, D, E.
    """
    judge("which_laboratory", why_wrong_which_laboratory, function)


def why_wrong_credit(function: Callable) -> str | None:
    """Return the first reason why `function` does not divide a gain, or None."""
    answer = function(50.0, 61.0, 56.0, 58.0)

    if np.shape(answer) != (2,):
        return f"The shape is {np.shape(answer)}; expected two numbers."
    if same(answer, [8, 0]) or same(answer, [8, -3]):
        return "soa - none is the whole gain: the parameters alone bring a part of it."
    if same(answer, [6, 2]):
        return "`even` looks elsewhere too. The parameters alone are those of `identity`."
    if same(answer, [-3, 11]):
        return "First the parameters, then attention."
    if same(answer, [-11, 3]) or same(answer, [11, 3]):
        return "A sign is wrong: a loss is negative."
    if not same(np.sum(answer), 8):
        return "Both parts together are the whole gain, soa - none."
    if not same(answer, [11, -3]):
        return "Which arm has the parameters of the block, and looks nowhere else?"
    if not same(function(40.0, 42.0, 41.0, 47.0), [2, 5]):
        return "Right for these four numbers only: compute with the arguments."
    return None


def credit(function: Callable) -> None:
    """Check the exercise on dividing a gain and print a verdict.

    Args:
        function: `function(none, identity, even, soa)` takes the mAP of four arms and gives two
            numbers: what the block's parameters bring, and what attention adds to that.

    Example:
        >>> credit(lambda none, identity, even, soa: (soa - none, 0))
        credit: not yet. soa - none is the whole gain: the parameters alone bring a part of it.
    """
    judge("credit", why_wrong_credit, function)


def why_wrong_crossed(function: Callable) -> str | None:
    """Return the first reason why `function` does not draw seeds and landmarks, or None."""
    # two seeds that differ, on landmarks that do not; then the other way round. In both, the mean
    # of a draw is 0, 5 or 10, and its deviation 5 / sqrt(2)
    by_seed = np.repeat([[0.0], [10.0]], 40, 1)  # (2, 40)
    by_landmark = np.repeat([[0.0, 10.0]], 6, 0)  # (6, 2)
    right = 5 / np.sqrt(2)
    means = np.asarray(function(by_seed, 2000, np.random.default_rng(0)), float)
    if means.shape != (2000,):
        return f"The shape is {means.shape}; expected one mean for each draw, (draws,)."
    again = np.asarray(function(by_seed, 2000, np.random.default_rng(0)), float)
    if not same(means, again):
        return "The same generator gives other draws: use `rng` for all of them."
    of_seeds = means.std()
    of_landmarks = np.std(function(by_landmark, 2000, np.random.default_rng(1)))

    if of_seeds < 0.01 and of_landmarks < 0.01:
        return "All draws are the same: draw with replacement."
    if of_seeds < 0.01:
        return "Seeds are never drawn. Another five runs would have given other numbers."
    if of_landmarks < 0.01:
        return "Landmarks are never drawn. Another benchmark would have others."
    if of_seeds < 0.8 * right:
        return "Draw whole rows: a seed that is drawn brings all its landmarks."
    if of_landmarks < 0.8 * right:
        return "Draw whole columns: all seeds are measured on the same landmarks."
    if max(of_seeds, of_landmarks) > 1.2 * right:
        return "Draw as many seeds and landmarks as there are, and take the mean."
    if not 4.5 < means.mean() < 5.5:
        return "The mean of a draw is the mean of its cells."
    return _why_not_crossed(function)


def _why_not_crossed(function: Callable) -> str | None:
    """Return why draws of uneven differences, 4 seeds x 12 landmarks, are not crossed, or None."""
    rng = np.random.default_rng(5)
    points = rng.exponential(1, (4, 12)) ** 2
    means = np.asarray(function(points, 4000, np.random.default_rng(2)), float)

    # the same by whole numbers of draws: (4000, 4) and (4000, 12)
    rows = rng.multinomial(4, np.full(4, 1 / 4), 4000)
    columns = rng.multinomial(12, np.full(12, 1 / 12), 4000)
    right = np.einsum("ds,sl,dl->d", rows, points, columns) / 48
    if len(np.unique(means)) < 2000:
        return "Many draws are copies of others: make each one anew."
    if abs(means.mean() - right.mean()) > 0.1 * right.std():
        return "The mean of a draw is the mean of its cells, not another number in their middle."
    if not 0.93 < means.std() / right.std() < 1.07:
        return (
            "Draw as many seeds and as many landmarks as there are, in one draw, and take the mean "
            "of the cells where they meet."
        )
    return None


def crossed(function: Callable) -> None:
    """Check the exercise on the crossed bootstrap and print a verdict.

    Args:
        function: `function(points, draws, rng)` takes differences (seeds, landmarks), draws seeds
            and landmarks with replacement, and gives the mean of each draw, (draws,).

    Example:
        >>> crossed(lambda points, draws, rng: np.full(draws, points.mean()))
        crossed: not yet. All draws are the same: draw with replacement.
    """
    judge("crossed", why_wrong_crossed, function)


def why_wrong_power(function: Callable) -> str | None:
    """Return the first reason why `function` does not measure power, or None."""
    # differences of 400 landmarks: mean 5, deviation 6
    points = np.random.default_rng(3).normal(size=400)
    points = 5 + 6 * (points - points.mean()) / points.std()
    of_none = float(function(points, 0.0, 80, 1000, np.random.default_rng(0)))
    of_some = float(function(points, 1.5, 80, 1000, np.random.default_rng(1)))

    if not 0 <= min(of_none, of_some) <= max(of_none, of_some) <= 1:
        return "A share of the trials lies between 0 and 1."
    if of_none > 0.5:
        return _why_so_many(of_none)
    if same(of_none, 0) and same(of_some, 0):
        return "No trial sees anything. The interval of a mean is made of its standard error."
    if of_some < 0.2:
        return "The true difference must be added: it is what the trials look for."
    if of_some > 0.95:
        return "So many trials see it only with more landmarks: draw `landmarks` of them."
    # 1.5 points are 2.24 standard errors: Phi(2.24 - 1.96) = 0.61
    if abs(of_some - 0.61) > 0.07:
        return "An interval at 95 % has 1.96 standard errors on each side of the mean."
    of_less = float(function(points, -1.5, 80, 1000, np.random.default_rng(1)))
    if abs(of_less - 0.61) > 0.07 or not 0.01 < of_none < 0.1:
        return "A difference below zero is seen as often: an interval below zero excludes it too."
    function(points, 1.0, 500, 10, np.random.default_rng(1))  # more than there are
    return None


def _why_so_many(share: float) -> str:
    """Return why more than half of the trials see a difference that is not there."""
    if share > 0.99:
        return "The experiment that was made had a mean of its own: take it away first."
    if share > 0.9:
        return "This is the share of trials that see nothing: which of them exclude zero?"
    return (
        "The standard error of a trial's mean is the deviation of its points, over the root of "
        "`landmarks`."
    )


def power(function: Callable) -> None:
    """Check the exercise on power and print a verdict.

    Args:
        function: `function(points, difference, landmarks, trials, rng)` gives the share of trials
            whose 95 % interval excludes zero. A trial draws `landmarks` of the differences
            `points` (L,), whose mean has been replaced by the true `difference`.

    Example:
        >>> power(lambda points, difference, landmarks, trials, rng: 1.0)
        power: not yet. The experiment that was made had a mean of its own: take it away first.
    """
    judge("power", why_wrong_power, function)
