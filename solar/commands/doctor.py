"""`solar doctor`: what this machine can do, which files are here, and whether it computes right."""

import argparse
import json

from . import EXAMPLES, FLAWED


def add(commands: argparse._SubParsersAction) -> None:
    """Describe the command and its options."""
    parser = commands.add_parser(
        "doctor",
        help="look at versions, device, disk and files, and run a short self-test",
        formatter_class=EXAMPLES,
        description="Say what is here and complete, what each missing file would enable, and\n"
        "whether numbers come out right.",
        epilog="examples:\n"
        "  solar doctor\n"
        "  solar doctor --full\n"
        "  solar doctor --json | jq .sound\n"
        "exit status: 0 all is sound (a file that is merely absent is no fault);\n"
        f"  {FLAWED} something is broken; 2 an error",
    )
    parser.add_argument(
        "--root",
        help="the folder that holds the folders of datasets (default: data in SOLAR_HOME)",
    )
    parser.add_argument(
        "--full", action="store_true", help="read all published files and compare their checksums"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON for a script")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Examine everything and print the report."""
    from ..doctor import examine

    report = examine(arguments.root, arguments.full)
    print(json.dumps(report, indent=2) if arguments.json else _words(report))
    return 0 if report["sound"] else FLAWED


def _words(report: dict) -> str:
    """Say the report in lines of text."""
    # one line for each fact about the machine, then a table of files and one of tests
    lines = [
        "versions   " + _versions_in_words(report["versions"]),
        "device     " + _device_in_words(report["device"]),
        "disk       " + _disk_in_words(report["disk"]),
        "mini world " + _mini_in_words(report["mini"]),
        "published",
        *(_line(row["state"], row["name"], 24, _why(row)) for row in report["published"]),
        "self-test",
        *(_test_in_words(test) for test in report["self_test"]),
        "all is sound" if report["sound"] else "something is wrong: see above",
    ]
    return "\n".join(lines)


def _line(state: str, name: str, width: int, words: str) -> str:
    """Set a line of a table: state, name in `width` columns, remarks."""
    return f"  {state:8} {name:{width}} {words}".rstrip()


def _versions_in_words(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _device_in_words(device: dict) -> str:
    gpus = [f"{gpu['name']} ({gpu['gigabytes']:g} GB)" for gpu in device["gpus"]]
    return f"{device['chosen']}, {device['threads']} threads; {', '.join(gpus) or 'no GPU'}"


def _disk_in_words(disk: dict) -> str:
    words = f"{disk['folder']}: {disk['gigabytes_free']:g} GB free"
    if not disk["writable"]:
        words += "; NOT WRITABLE: set SOLAR_HOME to a folder that is"
    return words


def _mini_in_words(rows: list[dict]) -> str:
    words = ", ".join(f"{row['name']} {row['state']}" for row in rows)
    if any(row["state"] != "whole" for row in rows):
        words += "; `solar data mini` makes it"
    return words


def _why(row: dict) -> str:
    """Say what is wrong with a published name, or what it would enable."""
    # a complete one needs no remark, and a reason goes before a use
    if row["why"] or row["state"] == "whole":
        return row["why"]
    return f"{row['gigabytes']:g} GB, for {row['enables']}"


def _test_in_words(test: dict) -> str:
    if test["right"]:
        return _line("right", test["name"], 32, "")
    return _line("WRONG", test["name"], 32, f"found {test['found']}, expected {test['expected']}")
