"""How training went."""

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator


def validation_curves(curves: dict[str, list[float]], near: float = 2.5) -> None:
    """Validation mAP in percent, the start first and then after every epoch, one curve a run.

    On the left all of it, on the right what lies within `near` points of the start.
    """
    _, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    for axis in axes:
        for (name, values), colour, marker in zip(curves.items(), ("#0072B2", "#D55E00", "#009E73", "#CC79A7"), "os^D"):
            axis.plot(range(len(values)), values, marker=marker, markersize=4, color=colour, label=name)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set(xlabel="epoch", ylabel="held-out mAP, percent")
    start = next(iter(curves.values()))[0]
    axes[1].set(ylim=(start - near, start + near), title="the same, near the start")
    axes[0].legend(frameon=False, fontsize=9)
