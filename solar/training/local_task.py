"""Training of the local net, which the authors never released: SOSNet's losses on pairs of patches
of one point.

A batch holds pairs of patches of as many points; every other pair of the batch gives negatives.
Both patches of a pair are mirrored and turned alike, by quarters, so that each point is there in
eight attitudes.
"""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from .. import distributed
from ..datasets import Patches, load_patches
from ..distributed import pick_device
from ..files import atomic, sha256
from ..local.metrics import described_by, score_patches
from ..nets.checkpoints import load, save
from ..nets.local_net import LocalNet
from .config import LocalConfig
from .loop import run, state_of
from .losses import hardest_triplet_loss, second_order_similarity

WARM_UP = 0.2  # share of all steps in which the learning rate rises


class LocalTask:
    """Task of `training.run`: a `LocalNet` learns from patches in PhotoTour's format.

    Args:
        data, held_out: patches to learn from and to choose with, in place of those that the
            configuration names.

    Raises:
        ValueError: fewer points with two patches than a batch needs.
    """

    def __init__(
        self,
        config: LocalConfig,
        device=None,
        data: Patches | None = None,
        held_out: Patches | None = None,
    ):
        self.config, self.device = config, pick_device(device)
        torch.manual_seed(config.seed)
        self.data, self.held_out = (
            data or load_patches(config.data),
            held_out or load_patches(config.held_out_set),
        )
        self.net = load(config.start) if config.start else LocalNet(config.soa, config.width)
        self.net.to(self.device, memory_format=torch.channels_last)
        order = np.argsort(self.data.points, kind="stable")
        _, start, number = np.unique(self.data.points[order], return_index=True, return_counts=True)
        self.points = [
            order[s : s + n] for s, n in zip(start, number) if n > 1
        ]  # the patches of each point
        if len(self.points) < config.batch_size or config.batch_size < 2:
            raise ValueError(
                f"{self.data.name}: {len(self.points)} points have two patches or more; a batch of {config.batch_size} "
                f"pairs needs as many, and two at least"
            )
        self.optimizer = torch.optim.AdamW(
            self.net.parameters(), lr=config.lr, weight_decay=config.weight_decay
        )
        self.schedule = None  # the rate is the batch's: it changes from step to step

    def batches(self, epoch: int) -> list[dict]:
        """Each point once, in random order, in two of its patches; what does not fill a batch is
        left out.

        Returns dicts: 'rows' (B, 2) numbers of patches, 'turns' (B, 3) bool (mirror, flip,
            transpose), 'lr'.
        """
        config, rng = self.config, np.random.default_rng([self.config.seed, epoch])
        steps = len(self.points) // config.batch_size
        chosen = rng.permutation(len(self.points))[: steps * config.batch_size]
        rows = torch.from_numpy(
            np.stack([rng.choice(self.points[i], 2, replace=False) for i in chosen])
        )
        turns = torch.from_numpy(rng.random((len(rows), 3)) < 0.5)
        parts = zip(rows.split(config.batch_size), turns.split(config.batch_size))
        return [
            dict(rows=r, turns=t, lr=self.lr_at(epoch * steps + step, config.epochs * steps))
            for step, (r, t) in enumerate(parts)
        ]

    def lr_at(self, step: int, steps: int) -> float:
        """The learning rate of a step: up and down along a cosine."""
        climb = max(1, round(WARM_UP * steps))
        if step < climb:
            return float(self.config.lr * (0.04 + 0.96 * (1 - np.cos(np.pi * step / climb)) / 2))
        return float(
            self.config.lr * (1 + np.cos(np.pi * (step - climb) / max(1, steps - climb))) / 2
        )

    def pairs(self, batch: dict) -> torch.Tensor:
        """The patches of a batch, mirrored and turned: (B, 2, 1, 32, 32) float32, 0..255."""
        x = torch.from_numpy(self.data.patches[batch["rows"].numpy()])[
            :, :, None
        ].float()  # (B, 2, 1, 32, 32)
        for column, change in enumerate(
            (lambda x: x.flip(-1), lambda x: x.flip(-2), lambda x: x.mT)
        ):
            x = torch.where(batch["turns"][:, column, None, None, None, None], change(x), x)
        return x

    def losses(self, batch: dict) -> dict[str, torch.Tensor]:
        """Both orders over one batch; each process describes its share of the pairs."""
        for group in self.optimizer.param_groups:
            group["lr"] = float(batch["lr"])
        config, n = self.config, len(batch["rows"])
        share = distributed.my_share(n)
        x = self.pairs({key: batch[key][share] for key in ("rows", "turns")}).to(self.device)
        self.net.train()
        d = (
            self.net(x.transpose(0, 1).flatten(0, 1)).unflatten(0, (2, -1)).transpose(0, 1)
        )  # (share, 2, 128)
        a, p = distributed.all_gather_rows(d, share, n).unbind(1)
        first, second = (
            hardest_triplet_loss(a, p, config.margin),
            second_order_similarity(a, p, config.neighbours),
        )
        return dict(loss=first + config.sos_weight * second, first=first, second=second)

    def names(self, batch: dict) -> list[str]:
        """Numbers of a batch's patches."""
        return [f"patch {i}" for i in batch["rows"].ravel().tolist()]

    @torch.no_grad()
    def validate(self) -> float:
        """1 - FPR95 on the held-out pairs: higher is better."""
        for buffer in self.net.buffers():  # each process's batch norms have seen its own share
            if distributed.world_size() > 1 and buffer.is_floating_point():
                torch.distributed.all_reduce(buffer)
                buffer /= distributed.world_size()
        return 1 - score_patches(described_by(self.net), self.held_out)


def train_local(
    config: LocalConfig, device=None, progress: bool = True, board=None, save_every: int = 0
) -> dict:
    """Train, keep the epoch of the best validation, write it (float16) with its data sheet (.json);
    returns the sheet.

    The same command goes on after a kill, to the very weights of an unbroken run (see
    `training.run`).
    """
    output = Path(config.output)
    with distributed.process_group(device) as device:
        task = LocalTask(config, device)
        found = run(task, output, config.epochs, config.seed, progress, board, save_every)
        if distributed.rank() > 0:
            return {}
    save(task.net, output, dtype=torch.float16)
    net = load(output)  # scores are those of the stored, rounded weights
    held_out = [
        round(100 * (1 - value), 2)
        for value in (found["start"], *(e["validation"] for e in found["log"]))
    ]
    sheet = dict(
        name=output.stem,
        sha256=sha256(output),
        bytes=output.stat().st_size,
        config=asdict(config),
        patches=len(task.data),
        points=len(task.points),
        best_epoch=found["best_epoch"],
        held_out=held_out,
        cpu_seconds=round(found["seconds"]),
        parameters=sum(p.numel() for p in net.parameters()),
        validation=round(100 * score_patches(described_by(net), task.held_out), 2),
    )
    if config.data == "mini-phototour":
        test = load_patches(
            "mini-phototour-test"
        )  # looked at for the first time when nothing is left to choose
        sheet["test"] = round(100 * score_patches(described_by(net), test), 2)
    with atomic(output.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(sheet, indent=2) + "\n")
    state_of(output).unlink(missing_ok=True)
    return sheet
