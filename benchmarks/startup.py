"""Starting: processor seconds and peak memory of `import solar` and of each `--help`.

They are compared with a program that imports at once what the package needs somewhere. Every
command runs in a process of its own, several times, and the quickest run counts. Run it as
`python benchmarks/startup.py`.
"""

import argparse
import os
import resource
import subprocess
import sys

from solar.cli import COMMANDS

EAGER = "import torch, torchvision, cv2, pandas, scipy.stats, matplotlib.pyplot"


def measure(command: list[str]) -> tuple[float, float]:
    """Return processor seconds (user and system) and peak MiB of one process."""
    # the peak that the system keeps is the largest of all children: a process between us and the
    # command has that one child alone
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = usage.ru_utime + usage.ru_stime
        os.write(writing, f"{seconds} {usage.ru_maxrss / 1024}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        seconds, mebibytes = answer.read().split()
    os.waitpid(child, 0)
    return float(seconds), float(mebibytes)


def main() -> None:
    """Print a line for each command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=3, help="runs of each (%(default)s)")
    repeats = parser.parse_args().repeats

    # what is measured, by the words that a reader would type
    names = [command.__name__.rpartition(".")[2] for command in COMMANDS]
    python = [sys.executable]
    commands = {
        "import solar": [*python, "-c", "import solar"],
        "solar --version": [*python, "-m", "solar", "--version"],
        "solar --help": [*python, "-m", "solar", "--help"],
    }
    for name in names:
        commands[f"solar {name} --help"] = [*python, "-m", "solar", name, "--help"]

    # the least of several runs: other work on the machine only ever adds
    eager_runs = [measure([*python, "-c", EAGER]) for _ in range(repeats)]
    eager_seconds, eager_memory = min(eager_runs)
    print(f"{'everything imported':24} {eager_seconds:6.2f} s {eager_memory:6.0f} MiB")
    for words, command in commands.items():
        seconds, memory = min(measure(command) for _ in range(repeats))
        print(
            f"{words:24} {seconds:6.2f} s {memory:6.0f} MiB"
            f"   1/{eager_seconds / seconds:.0f} of the time,"
            f" 1/{eager_memory / memory:.0f} of the memory",
            flush=True,
        )


if __name__ == "__main__":
    main()
