"""`solar data`: the mini world, made or looked at; the published files, fetched."""

import json
import shutil

from ..datasets import build_index, load_benchmark, write_ground_truth
from ..files import home
from ..published.catalogue import ENTRIES, Entry
from ..published.fetch import fetch, file_states
from ..world import BOOK, DATASETS, contact_sheet, make
from . import EXAMPLES

WORDS = {"here": "is here", "begun": "has begun", "absent": "to fetch"}


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "data",
        help="make the mini world, fetch published files, or look at them",
        formatter_class=EXAMPLES,
        description="Make or fetch by name; what is there is kept, and what was broken off goes on.",
        epilog="examples:\n  solar data mini\n  solar data roxford5k --dry-run\n  solar data resnet101-solar-best\n"
        "  solar data gl18 --root /big/disk\n  solar data show --dataset mini-revisitop -o sheet.png\n"
        "  solar data json --dataset roxford5k -o gnd_roxford5k.json",
    )
    words = (
        "'mini': all that the book needs; 'show': a contact sheet; 'json': a ground truth as JSON; "
        f"a mini set: {', '.join(DATASETS)}; or published: {', '.join(ENTRIES)}"
    )
    names = ["mini", "show", "json", *DATASETS, *ENTRIES]
    parser.add_argument("what", choices=names, metavar="WHAT", help=words)
    parser.add_argument(
        "--root", help="folder that holds datasets' folders (default: data in SOLAR_HOME)"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="only say what is here, what to fetch, and from where",
    )
    parser.add_argument(
        "--offline", action="store_true", help="fetch nothing; check and unpack what lies there"
    )
    parser.add_argument(
        "--decode", action="store_true", help="gl18: read every image to its end, which takes hours"
    )
    parser.add_argument(
        "--workers", type=int, help="processes that make a mini set (default: all cores)"
    )
    parser.add_argument(
        "--dataset", default="mini-revisitop", help="for show and json (%(default)s)"
    )
    parser.add_argument(
        "-o", "--output", help="for show and json: file to write (contact-sheet.png, gnd_NAME.json)"
    )
    parser.add_argument("--json", action="store_true", help="print for a script")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Make, fetch or show, and print where it lies."""
    what = arguments.what
    if what in ENTRIES:
        return _published(ENTRIES[what], arguments)
    if what == "show":
        if arguments.dataset not in DATASETS:
            raise ValueError(
                f"unknown mini dataset {arguments.dataset!r}: expected one of {', '.join(DATASETS)}"
            )
        sheet = contact_sheet(
            make(arguments.dataset, arguments.root), arguments.output or "contact-sheet.png"
        )
        return _print([dict(name=arguments.dataset, path=str(sheet))], arguments.json)
    if what == "json":
        name = arguments.dataset
        bench = load_benchmark(name, arguments.root)
        if not bench.queries:
            raise ValueError(f"{name} is a list of distractors and has no ground truth")
        source = bench.queries[0].parents[1] / f"gnd_{name}.pkl"
        path = write_ground_truth(source, arguments.output or f"gnd_{name}.json")
        return _print([dict(name=name, path=str(path))], arguments.json)
    names = BOOK if what == "mini" else [what]
    if arguments.dry_run:
        places = [dict(name=name, path=str(_root(arguments) / name)) for name in names]
    else:
        places = [
            dict(name=n, path=str(make(n, arguments.root, workers=arguments.workers)))
            for n in names
        ]
    return _print(places, arguments.json)


def _root(arguments):
    return arguments.root or home() / "data"


def _print(places: list[dict], as_json: bool) -> int:
    print(json.dumps(places, indent=2) if as_json else "\n".join(place["path"] for place in places))
    return 0


def _published(entry: Entry, arguments) -> int:
    if arguments.dry_run:
        plan = plan_of(entry, arguments.root)
        print(json.dumps(plan, indent=2) if arguments.json else _words(plan))
        return 0
    folder = fetch(entry, arguments.root, arguments.offline)
    counts = build_index(folder, arguments.decode) if entry.name == "gl18" else {}
    _print([dict(name=entry.name, path=str(folder), **counts)], arguments.json)
    if not arguments.json:
        print(
            "".join(f"{name.replace('_', ' ')}: {count:,}\n" for name, count in counts.items()),
            end="",
        )
    return 0


def plan_of(entry: Entry, root=None) -> dict:
    """What `solar data` would do for an entry."""
    files = [
        dict(
            file=file.path,
            state=WORDS[state],
            mirrors=list(file.mirrors),
            size=file.size,
            digest=file.digest,
        )
        for group, state in file_states(entry, root)
        for file in group
    ]
    facts = {
        key: getattr(entry, key)
        for key in ("name", "what", "enables", "licence", "gigabytes", "by_hand")
    }
    folder = entry.place(root).absolute()
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    return dict(
        **facts, folder=str(folder), free=round(shutil.disk_usage(there).free / 1e9, 1), files=files
    )


def _words(plan: dict) -> str:
    lines = [
        f"{plan['name']}: {plan['what']}",
        f"  for        {plan['enables']}",
        f"  licence    {plan['licence']}",
        f"  room       about {plan['gigabytes']:g} GB of {plan['free']:g} GB free",
        f"  into       {plan['folder']}",
        f"  by hand    {plan['by_hand']}",
    ]
    for file in plan["files"]:
        lines.append(f"  {file['state']:9}  {file['file']}  <- {', then '.join(file['mirrors'])}")
    return "\n".join(lines)
