"""What all tables have in common: jobs, records, and the results that they are merged into."""

import datetime
import platform
from pathlib import Path

import numpy as np
import torch

import solar

from .ledger import Job, Ledger
from .plans import PLANS, WRITTEN

ARMS = ("none", "identity", "even", "soa")
RATES = (3e-4, 1e-3, 3e-3)  # learning rates to choose from
SEEDS = (0, 1, 2, 3, 4)  # of the runs that are reported
CHOOSING_SEED = 100  # of the runs that choose


class Table:
    """A table of results. A subclass says which jobs it needs, and how one is done.

    Args:
        work: folder for maps, weights and records.

    Attributes:
        name: of the table, and of its results file.
        needs: datasets without which nothing can be done.
        ledger: the records of its jobs.
    """

    name: str
    needs: tuple[str, ...] = ()

    def __init__(self, work: Path):
        self.work = work
        self.ledger = Ledger(work / self.name)

    def jobs(self, test: bool) -> list[Job]:
        """Return all jobs that are known so far; what follows a choice comes after the choice.

        Args:
            test: whether the test set may be read.
        """
        raise NotImplementedError

    def prepare(self, test: bool) -> None:
        """Make what all jobs share, before several processes look for it."""

    def run(self, job: Job) -> dict:
        """Do a job and return its record."""
        raise NotImplementedError

    def results(self, test: bool) -> dict:
        """Merge the records of all jobs that are done."""
        parts: dict[str, list] = {}
        seconds = 0
        for job in self.jobs(test):
            record = self.ledger.read(job)
            if record is not None:
                seconds += record["seconds"]
                self.merge(parts, job, record)
        return dict(
            table=self.name,
            command=f"python tools/ablation.py {self.name} --work DIR",
            plan=PLANS[self.name],
            planned=WRITTEN,
            processor_hours=round(seconds / 3600, 2),
            threads=1,
            versions=versions(),
            date=datetime.date.today().isoformat(),
            **parts,
        )

    def merge(self, parts: dict[str, list], job: Job, record: dict) -> None:
        """Add a record to the list of its part."""
        parts.setdefault(job.part, []).append(dict(job.settings) | record)


def versions() -> dict[str, str]:
    """Return the versions of what computes."""
    return dict(
        solar=solar.__version__,
        python=platform.python_version(),
        numpy=np.__version__,
        torch=torch.__version__,
        machine=platform.machine(),
    )


def stamp(record: dict) -> dict:
    """Add today's date to a record."""
    return record | dict(date=datetime.date.today().isoformat())


def best(records: list[dict], *keys: str) -> dict | None:
    """Return the record with the best held-out mAP; of equals the one with the smallest settings.

    Args:
        records: of the jobs that choose.
        keys: settings, which break ties.
    """
    if not records:
        return None
    return max(records, key=lambda one: (one["held_out"], *[-one[key] for key in keys]))
