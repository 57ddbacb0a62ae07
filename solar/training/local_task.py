"""Training of a local network on patches, with SOSNet's losses.

How SOLAR's authors trained theirs is not known: they did not release it. This is our own way.

A batch holds pairs of patches, each pair of another point; every other pair of the batch gives
negatives. Both patches of a pair are mirrored and turned alike, by quarters, so that each point is
seen in eight attitudes.

Source: SOSNet, Tian et al., 2019, for the losses; SOLAR, section 5.3, for the blocks.
Book: chapter 11 (a local descriptor).
"""

from pathlib import Path

import numpy as np
import torch

from .. import distributed
from ..datasets import Patches, load_patches, test_patches_of
from ..local.metrics import described_by, score_patches
from ..nets.checkpoints import load_local, save
from ..nets.local_net import LocalNet, with_attention
from .config import LocalConfig
from .datasheet import write_sheet
from .loop import Task, run, state_of
from .losses import hardest_triplet_loss, second_order_similarity

WARM_UP = 0.2  # share of all steps in which the learning rate rises
FIRST_LR = 0.04  # learning rate of the first step, as a share of the highest


class LocalTask(Task):
    """A `LocalNet` that learns from patches in PhotoTour's format.

    Args:
        config: the settings.
        device: 'cpu', 'cuda', 'mps', or None for the fastest.
        train_patches: patches to learn from; None for those that the configuration names.
        val_patches: patches that choose the best epoch; None for those that the configuration
            names.

    Attributes:
        net: the network that learns.
        points: for each point with two patches or more, the indices of its patches.

    Raises:
        ValueError: fewer points with two patches than a batch needs, or a kind of block without
            layers that get one.
    """

    net: LocalNet
    config: LocalConfig

    def __init__(
        self,
        config: LocalConfig,
        device: str | torch.device | None = None,
        train_patches: Patches | None = None,
        val_patches: Patches | None = None,
    ):
        self.config = config
        self.device = distributed.pick_device(device)
        # a control without a place for it would silently be the network without blocks
        if config.block not in ("soa", "none") and not (config.soa or config.start):
            raise ValueError(
                f"block={config.block!r}, but no layer has a block: name layers too, as soa='345'"
            )

        # patches, and the network: new, or one that was trained before, with its own blocks or new
        torch.manual_seed(config.seed)
        self.train_patches = train_patches or load_patches(config.data)
        self.val_patches = val_patches or load_patches(config.held_out_set)
        if config.start:
            self.net = load_local(config.start)
            if config.soa and not self.net.soa:
                self.net = with_attention(self.net, config.soa, config.block)
        else:
            self.net = LocalNet(config.soa, config.width, config.block)
        channels_last = torch.channels_last
        self.net.to(self.device, memory_format=channels_last)  # pyright: ignore[reportCallIssue]

        # only a point with two patches or more gives a pair
        self.points = _patches_of_points(self.train_patches.points)
        if len(self.points) < config.batch_size or config.batch_size < 2:
            raise ValueError(
                f"{self.train_patches.name}: {len(self.points)} points have two patches or more; a "
                f"batch of {config.batch_size} pairs needs as many, and two at least"
            )

        # no schedule: the learning rate changes from step to step and comes with the batch
        self.optimizer = torch.optim.AdamW(
            self.net.parameters(), lr=config.lr, weight_decay=config.weight_decay
        )

    # ---- batches ---------------------------------------------------------------------------------

    def batches(self, epoch: int) -> list[dict]:
        """Return the batches of an epoch: each point once, in random order, in two of its patches.

        Points that do not fill a last batch are left out.

        Args:
            epoch: number of the epoch, from 0.

        Returns:
            One dict per step: 'patch_ids' (B, 2) indices of patches, 'turns' (B, 3) bool (mirror,
            flip, transpose), and 'lr', the learning rate.
        """
        config = self.config
        rng = np.random.default_rng([config.seed, epoch])

        # points for all steps, two patches of each, and how each pair is turned
        steps = len(self.points) // config.batch_size
        chosen = rng.permutation(len(self.points))[: steps * config.batch_size]
        pairs = [rng.choice(self.points[point], 2, replace=False) for point in chosen]
        patch_ids = torch.from_numpy(np.stack(pairs))  # (steps * B, 2)
        turns = torch.from_numpy(rng.random((len(patch_ids), 3)) < 0.5)  # (steps * B, 3)

        # cut into steps
        batches = []
        parts = zip(patch_ids.split(config.batch_size), turns.split(config.batch_size))
        for step, (some_ids, some_turns) in enumerate(parts):
            lr = self.lr_at(epoch * steps + step, config.epochs * steps)
            batches.append(dict(patch_ids=some_ids, turns=some_turns, lr=lr))
        return batches

    def lr_at(self, step: int, steps: int) -> float:
        """Return the learning rate of a step: up and down along a cosine.

        Args:
            step: number of the step, from 0, over all epochs.
            steps: number of steps of all epochs.
        """
        highest = self.config.lr
        rising = max(1, round(WARM_UP * steps))  # number of steps in which it rises
        if step < rising:
            share = (1 - np.cos(np.pi * step / rising)) / 2  # from 0 to 1
            return float(highest * (FIRST_LR + (1 - FIRST_LR) * share))
        angle = np.pi * (step - rising) / max(1, steps - rising)  # from 0 to pi
        return float(highest * (1 + np.cos(angle)) / 2)

    def pairs(self, batch: dict) -> torch.Tensor:
        """Return the patches of a batch, mirrored and turned: (B, 2, 1, 32, 32) float32, 0..255."""
        patches = self.train_patches.patches[batch["patch_ids"].numpy()]  # (B, 2, 32, 32) uint8
        x = torch.from_numpy(patches)[:, :, None].float()  # (B, 2, 1, 32, 32)

        # each turn is done where its column says so
        mirror, flip, transpose = batch["turns"][:, :, None, None, None, None].unbind(1)
        x = torch.where(mirror, x.flip(-1), x)
        x = torch.where(flip, x.flip(-2), x)
        return torch.where(transpose, x.mT, x)

    def names(self, batch: dict) -> list[str]:
        """Return the numbers of a batch's patches."""
        return [f"patch {i}" for i in batch["patch_ids"].ravel().tolist()]

    # ---- one step --------------------------------------------------------------------------------

    def losses(self, batch: dict) -> dict[str, torch.Tensor]:
        """Return 'loss', 'first' and 'second' of a batch; each process describes its share."""
        # the learning rate of this step
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = float(batch["lr"])

        # this process's share of the pairs
        n = len(batch["patch_ids"])
        share = distributed.my_share(n)
        mine = dict(patch_ids=batch["patch_ids"][share], turns=batch["turns"][share])
        x = self.pairs(mine).to(self.device)  # (share, 2, 1, 32, 32)

        # describe all anchors, then all positives, in one batch
        self.net.train()
        x = x.transpose(0, 1).flatten(0, 1)  # (2 * share, 1, 32, 32)
        d = self.net(x)  # (2 * share, 128)
        d = d.unflatten(0, (2, -1)).transpose(0, 1)  # (share, 2, 128)
        a, p = distributed.all_gather_rows(d, share, n).unbind(1)  # (B, 128), (B, 128)

        # both orders
        first = hardest_triplet_loss(a, p, config.margin)
        second = second_order_similarity(a, p, config.neighbours)
        return dict(loss=first + config.sos_weight * second, first=first, second=second)

    # ---- after an epoch --------------------------------------------------------------------------

    @torch.no_grad()
    def validate(self) -> float:
        """Return 1 - FPR95 on the held-out pairs; higher is better."""
        distributed.average_buffers(self.net)
        return 1 - score_patches(described_by(self.net), self.val_patches)


def _patches_of_points(points: np.ndarray) -> list[np.ndarray]:
    """Return the indices of the patches of each point that has two or more.

    `points` (N,) is the point of each patch.
    """
    # sorted by point, the patches of a point are a run
    order = np.argsort(points, kind="stable")
    _, start, size = np.unique(points[order], return_index=True, return_counts=True)
    return [order[s : s + n] for s, n in zip(start, size) if n > 1]


def train_local(
    config: LocalConfig,
    device: str | None = None,
    progress: bool = True,
    board: str | Path | None = None,
    save_every: int = 0,
) -> dict:
    """Train a local network; write its weights (float16) and their data sheet (.json).

    The same call continues after an interruption, to the weights of an unbroken run (see
    `loop.run`). Under torchrun all processes work together.

    Args:
        config: the settings; `config.output` is the file to write.
        device: 'cpu', 'cuda', 'mps', or None for the fastest.
        progress: whether to show a progress bar and one line per epoch.
        board: folder for TensorBoard; None for none.
        save_every: steps between two saved states; 0 for once per epoch.

    Returns:
        The data sheet, with FPR95 in percent; under torchrun an empty dictionary on all processes
        but the first.

    Raises:
        ValueError, FileNotFoundError, FloatingPointError: see `LocalTask` and `loop.run`.
    """
    output = Path(config.output)
    with distributed.process_group(device) as device:
        task = LocalTask(config, device)
        result = run(
            task,
            output,
            config.epochs,
            config.seed,
            progress,
            board,
            save_every=save_every,
            keep=config.keep,
        )
        if not distributed.is_first():
            return {}

    # scores are those of the stored, rounded weights
    save(task.net, output, dtype=torch.float16)
    net = load_local(output)
    describe = described_by(net)
    scores = dict(validation=_percent(score_patches(describe, task.val_patches)))
    # the test patches are looked at here for the first time, when nothing is left to choose
    test_set = test_patches_of(config.data)
    if test_set is not None:
        scores["test"] = _percent(score_patches(describe, load_patches(test_set)))

    # what chose the epoch, from the start on; nothing did if the last one is kept
    validations = []
    if config.keep == "best":
        validations = [result["start"], *(entry["validation"] for entry in result["log"])]

    # the data sheet; the state is no longer needed
    sheet = write_sheet(
        net,
        output,
        config,
        scores,
        patches=len(task.train_patches),
        points=len(task.points),
        best_epoch=result["best_epoch"],
        held_out=[_percent(1 - value) for value in validations],
        cpu_seconds=round(result["seconds"]),
    )
    state_of(output).unlink(missing_ok=True)
    return sheet


def _percent(share: float) -> float:
    """Return a share as percent with two digits."""
    return round(100 * share, 2)
