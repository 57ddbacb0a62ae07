"""The scores of a benchmark as a table, as data frames and as JSON.

Book: chapter 9 (the revisited protocol).
"""

import json
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas

from .rows import Rows
from .store import Store

TIES = "of two equal scores, the image of the smaller index stands above"


@dataclass(frozen=True)
class Report:
    """Scores of a benchmark, all between 0 and 1; `print` shows them as a table in percent.

    Attributes:
        map: protocol -> mean average precision.
        mp: protocol -> k -> mean precision at k.
        ap: protocol -> (Q,) average precisions; nan for a query without positives, which is left
            out of the means.
        precision: protocol -> k -> (Q,) precisions at k; nan likewise.
        ranks: protocol -> for each query the zero-based, ascending ranks of its positives among the
            images that are not ignored.
        provenance: how the scores came about: sizes, tie rule, versions, and what else the maker
            knows.

    Example:
        >>> import numpy as np
        >>> import solar
        >>> truth = [dict(easy=[0], hard=[2], junk=[])]
        >>> report = solar.evaluate(truth, database=np.eye(3), queries=np.eye(3)[:1])
        >>> print(report)
                   mAP    mP@1   mP@5  mP@10
        easy    100.00  100.00 100.00 100.00
        medium   79.17  100.00  66.67  66.67
        hard     25.00    0.00  50.00  50.00
        >>> report.map["hard"]
        0.25
    """

    map: dict[str, float]
    mp: dict[str, dict[int, float]]
    ap: dict[str, np.ndarray]
    precision: dict[str, dict[int, np.ndarray]]
    ranks: dict[str, list[np.ndarray]]
    provenance: dict[str, Any] = field(default_factory=dict)

    def frame(self) -> pandas.DataFrame:
        """Return the means in percent, one row per protocol."""
        # protocol -> name of a score -> its value
        rows = {}
        for protocol, mean_ap in self.map.items():
            row = {"mAP": mean_ap}
            for k, precision in self.mp[protocol].items():
                row[f"mP@{k}"] = precision
            rows[protocol] = row
        return 100 * pandas.DataFrame.from_dict(rows, orient="index")

    def queries(self) -> pandas.DataFrame:
        """Return each query's scores in percent, one row per query.

        The columns are (protocol, 'AP') and (protocol, 'P@k'); nan where a query has no positive.
        """
        # (protocol, name of a score) -> (Q,) values
        columns = {}
        for protocol, ap in self.ap.items():
            columns[protocol, "AP"] = ap
            for k, precision in self.precision[protocol].items():
                columns[protocol, f"P@{k}"] = precision
        return 100 * pandas.DataFrame(columns).rename_axis("query")

    def json(self) -> str:
        """Return means, each query's AP and the provenance as JSON; null stands for no positive."""
        # JSON has neither arrays nor nan
        content: dict[str, Any] = dict(map={}, mp={}, ap={}, provenance=self.provenance)
        for protocol in self.map:
            content["map"][protocol] = _null_if_nan(self.map[protocol])
            content["mp"][protocol] = {k: _null_if_nan(v) for k, v in self.mp[protocol].items()}
            content["ap"][protocol] = [_null_if_nan(float(v)) for v in self.ap[protocol]]
        return json.dumps(content, indent=2)

    def __str__(self) -> str:
        # the head: names of the scores, as wide as their columns
        depths = list(next(iter(self.mp.values())))  # the ks
        width = max(7, *(len(protocol) for protocol in self.map))
        heads = " ".join(f"{f'mP@{k}':>6}" for k in depths)
        lines = [f"{'':{width}}    mAP  {heads}"]
        # one line per protocol, in percent
        for protocol, mean_ap in self.map.items():
            precisions = " ".join(f"{100 * self.mp[protocol][k]:6.2f}" for k in depths)
            lines.append(f"{protocol:{width}} {100 * mean_ap:6.2f}  {precisions}")
        return "\n".join(lines)


def _null_if_nan(value: float) -> float | None:
    """Return what JSON writes for a score: null for nan, which JSON does not have."""
    return None if np.isnan(value) else value


def provenance_of(parts: list[Rows], queries: Rows) -> dict[str, Any]:
    """Return what is known of the descriptors that were evaluated.

    Args:
        parts: the database, and the parts of the distractors.
        queries: (Q, D).
    """
    # what stores tell of their making; arrays tell nothing
    stores = [
        dict(name=part.path.name, rows=len(part), **part.meta)
        for part in parts
        if isinstance(part, Store)
    ]
    return dict(
        images=len(parts[0]),
        distractors=sum(len(part) for part in parts[1:]),
        queries=len(queries),
        length=queries.shape[1],
        ties=TIES,
        stores=stores,
        versions={name: version(name) for name in ("torch", "numpy")},
    )
