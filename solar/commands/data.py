"""`solar data`: make the mini world, fetch published files, or look at either.

Book: chapter 13 (the published models).
"""

import argparse
import json
import os
import shutil
from pathlib import Path

from ..files import home, in_one_line
from ..published.catalogue import ENTRIES, Entry
from ..published.fetch import fetch, file_states
from ..world.recipes import BOOK, DATASETS
from . import EXAMPLES

STATE_WORDS = {"here": "is here", "begun": "has begun", "absent": "to fetch"}
SHOWN_FACTS = ("name", "what", "enables", "licence", "gigabytes", "by_hand")  # in the plan
EPILOG = """\
examples:
  solar data mini
  solar data roxford5k --dry-run
  solar data resnet101-solar-best
  solar data gl18 --root /big/disk
  solar data show --dataset mini-revisitop -o sheet.png
  solar data json --dataset roxford5k -o gnd_roxford5k.json"""


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "data",
        help="make the mini world, fetch published files, or look at them",
        formatter_class=EXAMPLES,
        description="Make or fetch data by name. What is there is kept, and what was interrupted "
        "is resumed.",
        epilog=EPILOG,
    )
    what_help = (
        "'mini': all that the book needs; 'show': draw a contact sheet; 'json': write a ground "
        f"truth as JSON; a mini set: {', '.join(DATASETS)}; or a published name: "
        f"{', '.join(ENTRIES)}"
    )
    names = ["mini", "show", "json", *DATASETS, *ENTRIES]

    # what to do, and where
    parser.add_argument("what", choices=names, metavar="WHAT", help=what_help)
    parser.add_argument(
        "--root", help="folder that holds the dataset folders (default: data in SOLAR_HOME)"
    )

    # for published names
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="only print what is here, what would be fetched, and from where",
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="fetch nothing; verify and unpack files that lie there",
    )
    parser.add_argument(
        "--decode", action="store_true", help="gl18: decode every image, which takes hours"
    )

    # for mini sets, 'show' and 'json'
    parser.add_argument(
        "--workers", type=int, help="processes that make a mini set (default: one per core)"
    )
    parser.add_argument(
        "--dataset",
        default="mini-revisitop",
        help="dataset of 'show' and 'json', or a ground truth's path (%(default)s)",
    )
    parser.add_argument(
        "-o",
        "--output",
        help="file that 'show' and 'json' write (default: contact-sheet.png or gnd_NAME.json, if "
        "there is none yet)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for a script")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make, fetch or show what was asked for, print where it lies and return the exit status."""
    what = arguments.what
    if what in ENTRIES:
        return _fetch(ENTRIES[what], arguments)
    if what == "show":
        return _show(arguments)
    if what == "json":
        return _write_json(arguments)
    names = BOOK if what == "mini" else [what]
    return _make(names, arguments)


def _make(names: list[str], arguments: argparse.Namespace) -> int:
    """Make mini sets, or print where they would lie."""
    from ..world import make

    results = []
    for name in names:
        if arguments.dry_run:
            folder = Path(arguments.root or home() / "data") / name
        else:
            folder = make(name, arguments.root, workers=arguments.workers)
        results.append(dict(name=name, path=str(folder)))
    return _print(results, arguments.json)


def _show(arguments: argparse.Namespace) -> int:
    """Draw the contact sheet of a mini set."""
    from ..world import contact_sheet, make

    name = arguments.dataset
    if name not in DATASETS:
        raise ValueError(
            f"unknown mini dataset {in_one_line(name)!r}: expected one of {', '.join(DATASETS)}"
        )
    output = _output(arguments, "contact-sheet.png")
    folder = make(name, arguments.root)
    if folder.resolve() in output.resolve().parents:
        raise ValueError(f"{output}: lies in the dataset itself; choose another name with -o")
    sheet = contact_sheet(folder, output)
    return _print([dict(name=name, path=str(sheet))], arguments.json)


def _write_json(arguments: argparse.Namespace) -> int:
    """Write a benchmark's ground truth as JSON."""
    from ..datasets import is_name, write_ground_truth

    # by a path, or by a known name
    name = arguments.dataset
    is_path = not is_name(name) and Path(name).suffix == ".pkl"
    truth = Path(name) if is_path else _ground_truth_of(name, arguments.root)
    output = _output(arguments, f"{truth.stem}.json")
    path = write_ground_truth(truth, output)
    return _print([dict(name=name, path=str(path))], arguments.json)


def _ground_truth_of(name: str, root: str | None) -> Path:
    """Return the ground truth of a benchmark that is there, or made now."""
    from ..datasets import load_benchmark
    from ..datasets.ground_truth import find_ground_truth

    benchmark = load_benchmark(name, root)
    if not benchmark.queries:
        raise ValueError(f"{name} is a list of distractors and has no ground truth")
    folder = benchmark.queries[0].parents[1]  # queries lie in its folder `jpg`
    truth = find_ground_truth(folder, name)
    if truth is None:
        raise FileNotFoundError(f"{folder}: the ground truth has gone")
    return truth


def _output(arguments: argparse.Namespace, default: str) -> Path:
    """Return the file to write; the default name never takes the place of a file."""
    if arguments.output:
        return Path(arguments.output)
    if os.path.lexists(default):
        raise ValueError(f"{default}: is there already; -o {default} replaces it")
    return Path(default)


def _fetch(entry: Entry, arguments: argparse.Namespace) -> int:
    """Fetch a published entry, or print what fetching it would do."""
    if arguments.dry_run:
        plan = plan_of(entry, arguments.root)
        print(json.dumps(plan, indent=2) if arguments.json else _in_words(plan))
        return 0

    folder = fetch(entry, arguments.root, arguments.offline)
    counts = {}
    if entry.name == "gl18":  # a million images: an index says which of them can be used
        from ..datasets import build_index

        counts = build_index(folder, arguments.decode)
    _print([dict(name=entry.name, path=str(folder), **counts)], arguments.json)
    if not arguments.json:
        for name, count in counts.items():
            print(f"{name.replace('_', ' ')}: {count:,}")
    return 0


def _print(results: list[dict], as_json: bool) -> int:
    """Print results as JSON, or the path of each, and return the exit status of success."""
    if as_json:
        print(json.dumps(results, indent=2))
    else:
        print("\n".join(result["path"] for result in results))
    return 0


def plan_of(entry: Entry, root: str | Path | None = None) -> dict:
    """Return what `solar data` would do for an entry.

    Args:
        entry: an entry of the catalogue.
        root: the folder that holds dataset folders; `$SOLAR_HOME/data` if None.

    Returns:
        facts of the entry; folder: where it goes; free: gigabytes left on that disk; files: one
        dict per file, with its state.
    """
    files = []
    for group, state in file_states(entry, root):
        for file in group:
            facts = dict(
                file=file.path,
                state=STATE_WORDS[state],
                mirrors=list(file.mirrors),
                size=file.size,
                digest=file.digest,
            )
            files.append(facts)

    # the disk is that of the nearest folder that exists
    folder = entry.place(root).absolute()
    existing = next(path for path in (folder, *folder.parents) if path.is_dir())
    free = round(shutil.disk_usage(existing).free / 1e9, 1)

    plan = {fact: getattr(entry, fact) for fact in SHOWN_FACTS}
    return plan | dict(folder=str(folder), free=free, files=files)


def _in_words(plan: dict) -> str:
    """Return a plan as lines to read."""
    lines = [
        f"{plan['name']}: {plan['what']}",
        f"  for        {plan['enables']}",
        f"  licence    {plan['licence']}",
        f"  room       about {plan['gigabytes']:g} GB of {plan['free']:g} GB free",
        f"  into       {plan['folder']}",
        f"  by hand    {plan['by_hand']}",
    ]
    for file in plan["files"]:
        mirrors = ", then ".join(file["mirrors"])
        lines.append(f"  {file['state']:9}  {file['file']}  <- {mirrors}")
    return "\n".join(lines)
