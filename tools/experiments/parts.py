"""Table `parts`: the world of parts, where only the relations of positions tell a landmark."""

import numpy as np
import torch
from torch import Tensor

from solar.training.parts import PartsNet, landmark_precisions, learn
from solar.world.parts import CHANNELS, draw_images, draw_landmarks, vocabulary

from .ledger import Job
from .tables import ARMS, CHOOSING_SEED, SEEDS, Table, best, stamp

RATES = (4e-3, 8e-3, 1.6e-2)  # learning rates to choose from
SHARES = (0.9, 0.6, 0.4, 0.25)  # of the map that the landmark fills, in the images that score
IMAGES = 6  # of each landmark, at each share
# landmarks: how many, and the seed from which they are drawn
TRAIN = (400, 1)
VALIDATION = (100, 2)
TEST = (320, 4)
IMAGE_SEED = 55  # of the images that score


class Parts(Table):
    """A block, GeM and a linear layer learn from maps of parts, in each arm for as many steps."""

    name = "parts"

    def jobs(self, test: bool) -> list[Job]:
        choosing = []
        runs = []
        for arm in ARMS:
            grid = [Job.of("choosing", arm=arm, rate=rate, seed=CHOOSING_SEED) for rate in RATES]
            choosing += grid
            if not all(self.ledger.has(job) for job in grid):
                continue
            # the rate of this arm is known: its runs can be named
            records = [dict(job.settings) | self.ledger.read(job) for job in grid]
            rate = best(records, "rate")["rate"]
            runs += [Job.of("runs", arm=arm, rate=rate, seed=seed) for seed in SEEDS]
        return choosing + sorted(runs, key=lambda job: job["seed"])

    def run(self, job: Job) -> dict:
        which = VALIDATION if job.part == "choosing" else TEST
        scores = run(job["arm"], job["seed"], job["rate"], which)
        means = [np.mean(values) for values in scores.values()]
        record = dict(held_out=round(float(np.mean(means)), 2))
        if job.part == "choosing":
            return record
        # mAP in percent of each landmark, by the share that it fills
        return stamp(dict(ap={share: np.round(v, 2).tolist() for share, v in scores.items()}))


def run(arm: str, seed: int, rate: float, which: tuple[int, int]) -> dict[str, np.ndarray]:
    """Train one network and measure it.

    Args:
        arm: one of `ARMS`.
        seed: of the weights and of the training images.
        rate: learning rate.
        which: number and seed of the landmarks that measure it.

    Returns:
        The share that landmarks fill, as text -> their mAP in percent (L,).
    """
    words = vocabulary()

    def draw(landmarks: Tensor, share: float, generator: torch.Generator) -> Tensor:
        return draw_images(landmarks, share, generator, words).maps

    torch.manual_seed(seed)
    net = PartsNet(CHANNELS, arm)
    learn(net, draw_landmarks(*TRAIN), draw, seed, rate=rate)

    scores = {}
    wanted = draw_landmarks(*which).repeat_interleave(IMAGES, 0)
    for share in SHARES:
        maps = draw(wanted, share, torch.Generator().manual_seed(IMAGE_SEED))
        scores[str(share)] = 100 * landmark_precisions(net, maps, IMAGES)
    return scores
