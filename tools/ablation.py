"""Make the tables of the second-order chapters: when attention helps, and what the losses do.

Each table asks a question that was written down before its runs (`experiments/plans.py`). A run
starts from a network that is there, learns with one seed, and is measured after its last epoch: no
epoch is chosen. Learning rates, and weights of the second-order loss, are chosen on held-out
landmarks, with a seed of their own, from one grid for all arms. Every record is a file of its own
in the work folder, so the same command continues where it was stopped. What is trained now is
measured on a benchmark as soon as that is rendered; the test set is read at the very end.

    python tools/ablation.py lite --work ablation --processes 2
    python tools/ablation.py --work ablation                # all tables, one after the other
    python tools/ablation.py --work ablation --list         # what is done, what is missing
    python tools/ablation.py lite --work ablation --test    # reads the test set, at the very end
"""

import argparse
import sys
from pathlib import Path

from experiments import registry, running

RESULTS = Path(__file__).resolve().parents[1] / "solar" / "results"


def main() -> int:
    """Do what is missing in one table or in all, and say what was done."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table", nargs="?", choices=registry.MODULES, help="one table; all if none")
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for maps, weights and records (3 GB)"
    )
    parser.add_argument("--processes", type=int, default=1, help="side by side (%(default)s)")
    parser.add_argument(
        "--output", type=Path, default=RESULTS, help="folder of the results (%(default)s)"
    )
    parser.add_argument("--list", action="store_true", help="say what is missing, and do nothing")
    parser.add_argument("--test", action="store_true", help="read the test set too")
    arguments = parser.parse_args()

    names = [arguments.table] if arguments.table else list(registry.MODULES)
    work = arguments.work.resolve()
    for name in names:
        if not arguments.list:
            running.run_table(name, work, arguments.output, arguments.processes, arguments.test)
        print(running.status(name, work, arguments.test))
    return 0


if __name__ == "__main__":
    sys.exit(main())
