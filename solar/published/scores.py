"""The published scores of published networks, and which file is such a network.

The numbers are read from `scores.toml`. Whether a file holds the published weights is told by its
checksum alone, whatever the file is called.

Book: chapter 13 (the published models).
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from .catalogue import ENTRIES, of_kind
from .fetch import record_of

PROTOCOLS = ("easy", "medium", "hard")
KS = (1, 5, 10)  # depths of the published precisions
MILLION = 1_001_001  # distractors of revisitop1m


@dataclass(frozen=True)
class PublishedScores:
    """What was published about one network on one benchmark, in percent.

    Attributes:
        network: name of the network in the catalogue.
        benchmark: name of the benchmark in the catalogue.
        distractors: number of distractors, 0 or 1,001,001.
        source: where the numbers stand.
        map: protocol -> mAP.
        mp: protocol -> {k: mean precision at k}.
    """

    network: str
    benchmark: str
    distractors: int
    source: str
    map: dict[str, float]
    mp: dict[str, dict[int, float]]

    def numbers(self) -> dict[str, float]:
        """Return all numbers by their names, such as 'mAP hard' and 'mP@5 easy'."""
        named = {f"mAP {protocol}": value for protocol, value in self.map.items()}
        for protocol, by_depth in self.mp.items():
            named |= {f"mP@{k} {protocol}": value for k, value in by_depth.items()}
        return named


def read_scores(path: str | Path) -> list[PublishedScores]:
    """Read a file of published scores.

    Args:
        path: a TOML file in the form that `scores.toml` describes.
    """
    found = []
    for network, benchmarks in tomllib.loads(Path(path).read_text(encoding="utf-8")).items():
        for benchmark, kinds in benchmarks.items():
            for kind, table in kinds.items():
                # an empty text stands for a number that was not published
                mean_ap = {
                    protocol: value
                    for protocol, value in zip(PROTOCOLS, table["mAP"])
                    if value != ""
                }
                precision = {
                    protocol: dict(zip(KS, table[protocol]))
                    for protocol in PROTOCOLS
                    if protocol in table
                }
                count = MILLION if kind == "1m" else 0
                source = table["source"]
                found.append(PublishedScores(network, benchmark, count, source, mean_ap, precision))
    return found


SCORES = read_scores(Path(__file__).with_name("scores.toml"))


def published_scores(
    network: str | None, benchmark: str, distractors: int = 0
) -> PublishedScores | None:
    """Return what was published about a network on a benchmark; None if nothing was.

    Args:
        network: its name in the catalogue, or None for a network that was not published.
        benchmark: the name of the benchmark.
        distractors: number of distractors among its images.

    Example:
        >>> published_scores("resnet101-solar-best", "roxford5k").map["medium"]
        69.9
        >>> published_scores("resnet101-solar-best", "roxford5k", 1_001_001).map["medium"]
        53.49
        >>> published_scores("resnet101-solar-best", "mini-revisitop") is None
        True
    """
    wanted = (network, benchmark, distractors)
    for scores in SCORES:
        if (scores.network, scores.benchmark, scores.distractors) == wanted:
            return scores
    return None


def network_of(sha256: str) -> str | None:
    """Return the name of the published network whose file has this checksum, or None.

    Where the catalogue knows no checksum, that counts which `solar data` recorded when the file was
    fetched, or put in its place by hand.

    Args:
        sha256: 64 hexadecimal digits.

    Example:
        >>> network_of("0" * 64) is None
        True
    """
    for name in of_kind("weights"):
        entry = ENTRIES[name]
        for file in entry.files:
            known = file.digest.removeprefix("sha256:")
            if not known:
                known = record_of(entry.place()).get(file.path, {}).get("sha256", "")
            # no checksum is known of a file that is not here
            if known and known == sha256:
                return name
    return None
