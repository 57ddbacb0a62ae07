"""What each notebook of the book cost in the build at hand, held against what is recorded.

Another machine is faster or slower. So the processor seconds of a notebook are divided by those
of a fixed piece of work that its own kernel does at the end (`kernel_cost.py`). This share, and the
peak of memory, may not exceed the recorded values by more than a factor.

    tools/book_costs.py            print the costs of the last build, and what exceeds its budget
    tools/book_costs.py --record   record the costs of the last build in tools/budgets.json
"""

import argparse
import json
import sys
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.executors.basic import (
    ExecutionWorkerLocalSerial,
    JupyterExecutorLocalSerial,
)
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).resolve().parents[1]
BUDGETS = ROOT / "tools" / "budgets.json"
MORE_TIME = 2.5  # times the recorded share that a notebook may take
MORE_MEMORY = 1.5  # times the recorded memory
KEY = "cost"  # of a stored notebook's metadata
RECORD = "tools/book_costs.py --record"


class _Measuring(ExecutionWorkerLocalSerial):
    """Runs a notebook and keeps in its metadata what it cost."""

    @staticmethod
    def execute(project_nb, data):
        """Run a notebook with one more cell, which measures and is taken away again."""
        notebook = project_nb.nb
        script = str(Path(__file__).with_name("kernel_cost.py"))
        code = f"import runpy\nrunpy.run_path({script!r}, run_name='__main__')"
        notebook.cells.append(new_code_cell(code))
        try:
            return ExecutionWorkerLocalSerial.execute(project_nb, data)
        finally:
            # a notebook that failed before has no output here
            outputs = notebook.cells.pop().outputs
            if outputs and "text" in outputs[0]:
                notebook.metadata[KEY] = json.loads(outputs[0].text)


class MeasuringExecutor(JupyterExecutorLocalSerial):
    """jupyter-cache's executor, which also measures."""

    _EXECUTION_WORKER = _Measuring


def costs(root: Path) -> dict[str, dict]:
    """Return what each notebook cost when it was last run, by its name.

    Args:
        root: the folder of the book.

    Returns:
        Processor `seconds`, `memory` in units of 2^20 bytes (None where it is not known), and the
        seconds of the `reference` work; nothing for notebooks that were not measured.
    """
    folder = root / "_build" / ".jupyter_cache"
    if not folder.is_dir():
        return {}
    cache = get_cache(folder)
    found = {}
    for record in cache.list_cache_records():
        notebook = cache.get_cache_bundle(record.pk).nb
        if KEY in notebook.metadata:
            found[Path(record.uri).stem] = dict(notebook.metadata[KEY])
    return dict(sorted(found.items()))


def share_of(cost: dict) -> float:
    """Return how many times as long as the reference work a notebook took."""
    return cost["seconds"] / cost["reference"]


def over_budget(measured: dict[str, dict], recorded: dict[str, dict]) -> list[str]:
    """Return a line for each notebook that costs too much, or has no budget.

    Args:
        measured: what `costs` returned.
        recorded: by the notebook's name, its `share` of the reference work and its `memory`.
    """
    complaints = []
    for name, cost in measured.items():
        if name not in recorded:
            complaints.append(f"{name} has no budget: run {RECORD} and commit tools/budgets.json")
            continue
        budget = recorded[name]
        most = MORE_TIME * budget["share"]
        if share_of(cost) > most:
            complaints.append(
                f"{name} took {cost['seconds']:.0f} s of processor time, {share_of(cost):.0f} times"
                f" the reference work of the same kernel; recorded are {budget['share']:.0f} times,"
                f" allowed {most:.0f}. Make it faster, or run {RECORD} if it has to be slower"
            )
        most = MORE_MEMORY * budget["memory"]
        if cost["memory"] is not None and cost["memory"] > most:
            complaints.append(
                f"{name} held {cost['memory']:.0f} MiB; recorded are {budget['memory']:.0f} MiB,"
                f" allowed {most:.0f}. Let it hold less, or run {RECORD} if it has to hold more"
            )
    return complaints


def record(measured: dict[str, dict], file: Path) -> None:
    """Write the costs of a build as the budgets of those to come; others in the file stay."""
    recorded = json.loads(file.read_text()) if file.is_file() else {}
    for name, cost in measured.items():
        memory = cost["memory"] or recorded.get(name, {}).get("memory")
        if memory is None:
            raise ValueError(f"the memory of {name} is not known: record on Linux or macOS")
        recorded[name] = dict(share=round(share_of(cost), 1), memory=round(memory))
    file.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")


def check(root: Path, file: Path = BUDGETS) -> list[str]:
    """Return a line for each notebook of the last build that exceeds its budget in `file`."""
    recorded = json.loads(file.read_text()) if file.is_file() else {}
    return over_budget(costs(root), recorded)


def main() -> int:
    """Print or record the costs of the last build."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", action="store_true", help="write tools/budgets.json")
    measured = costs(ROOT)
    if parser.parse_args().record:
        record(measured, BUDGETS)
    print("processor s   times the reference   MiB")
    for name, cost in measured.items():
        memory = "unknown" if cost["memory"] is None else f"{cost['memory']:.0f}"
        print(f"{cost['seconds']:11.1f}   {share_of(cost):19.0f}   {memory:>7}  {name}")
    complaints = check(ROOT)
    for line in complaints:
        print(f"book_costs: {line}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
