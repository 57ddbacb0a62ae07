"""`solar doctor`: what this machine can do, what is here and whole, and whether it computes right."""

import json

from . import EXAMPLES, FLAWED


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "doctor",
        help="versions, device, disk, files, and a short self-test",
        formatter_class=EXAMPLES,
        description="Say what is here and whole, what each missing thing would enable, and whether numbers come out "
        "right.\nExits with 0 if all is sound, with 3 if something is broken; what is merely absent is no fault.",
        epilog="examples:\n  solar doctor\n  solar doctor --full\n  solar doctor --json | jq .sound",
    )
    parser.add_argument(
        "--root", help="folder that holds datasets' folders (default: data in SOLAR_HOME)"
    )
    parser.add_argument(
        "--full", action="store_true", help="read all published files and compare their checksums"
    )
    parser.add_argument("--json", action="store_true", help="print for a script")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Examine and print."""
    from ..doctor import examine

    found = examine(arguments.root, arguments.full)
    print(json.dumps(found, indent=2) if arguments.json else _words(found))
    return 0 if found["sound"] else FLAWED


def _words(found: dict) -> str:
    device, disk = found["device"], found["disk"]
    gpus = (
        ", ".join(f"{gpu['name']} ({gpu['gigabytes']:g} GB)" for gpu in device["gpus"]) or "no GPU"
    )
    lines = [
        "versions   "
        + ", ".join(f"{name} {version}" for name, version in found["versions"].items()),
        f"device     {device['chosen']}, {device['threads']} threads; {gpus}",
        f"disk       {disk['folder']}: {disk['gigabytes_free']:g} GB free"
        + ("" if disk["writable"] else "; NOT WRITABLE: set SOLAR_HOME to a folder that is"),
        "mini world "
        + ", ".join(f"{row['name']} {row['state']}" for row in found["mini"])
        + (
            ""
            if all(row["state"] == "whole" for row in found["mini"])
            else "; `solar data mini` makes it"
        ),
        "published",
    ]
    for row in found["published"]:
        words = row["why"] or (
            "" if row["state"] == "whole" else f"{row['gigabytes']:g} GB, for {row['enables']}"
        )
        lines.append(f"  {row['state']:8} {row['name']:24} {words}".rstrip())
    lines.append("self-test")
    for row in found["self_test"]:
        words = "" if row["right"] else f"found {row['found']}, expected {row['expected']}"
        lines.append(
            f"  {'right' if row['right'] else 'WRONG':8} {row['name']:32} {words}".rstrip()
        )
    lines.append("all is sound" if found["sound"] else "something is wrong: see above")
    return "\n".join(lines)
