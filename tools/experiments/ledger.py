"""Jobs and their records: one JSON file a job, written whole, so that a kill loses one job."""

import json
from dataclasses import dataclass
from pathlib import Path

from solar.files import atomic


@dataclass(frozen=True)
class Job:
    """One piece of work; it depends on no other job that is not done.

    Attributes:
        part: which list of the results its record joins, such as 'choosing' or 'runs'.
        settings: (name, value) pairs that tell it from the other jobs of this part.
    """

    part: str
    settings: tuple[tuple[str, str | float | int], ...]

    @classmethod
    def of(cls, part: str, **settings) -> "Job":
        """Make a job from its settings."""
        return cls(part, tuple(settings.items()))

    @property
    def name(self) -> str:
        """Name of its files, without a suffix."""
        words = [
            f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"
            for key, value in self.settings
        ]
        return "_".join([self.part, *words]).replace("/", "-")

    def __getitem__(self, key: str):
        return dict(self.settings)[key]


class Ledger:
    """The records of the jobs of one table.

    Args:
        folder: where they lie.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, job: Job) -> Path:
        """Return the file of a job's record."""
        return self.folder / "records" / f"{job.name}.json"

    def weights(self, job: Job) -> Path:
        """Return the file of the weights that a job keeps."""
        return self.folder / "weights" / f"{job.name}.pt"

    def has(self, job: Job) -> bool:
        """Tell whether a job is done."""
        return self.path(job).is_file()

    def read(self, job: Job) -> dict | None:
        """Return the record of a job, or None if it is not done."""
        if not self.has(job):
            return None
        return json.loads(self.path(job).read_text(encoding="utf-8"))

    def write(self, job: Job, record: dict) -> None:
        """Write the record of a job, whole or not at all."""
        with atomic(self.path(job)) as temporary:
            temporary.write_text(json.dumps(record) + "\n", encoding="utf-8")


def write_results(results: dict, path: Path) -> None:
    """Write the results of a table, one record per line."""
    parts = []
    for key, value in results.items():
        is_records = isinstance(value, list) and value and isinstance(value[0], dict)
        if is_records:
            lines = ",\n".join("  " + json.dumps(record) for record in value)
            parts.append(f" {json.dumps(key)}: [\n{lines}\n ]")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value)}")
    with atomic(path) as temporary:
        temporary.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
