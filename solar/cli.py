"""The command line: `solar ...` or `python -m solar ...`; each command is a module of its own.

A command describes its options without importing anything heavy: torch, OpenCV and pandas are
imported by the command that runs (`tests/test_startup.py`).
"""

import argparse
import sys

from . import __version__
from .commands import EXAMPLES, data, doctor, evaluate, explore, extract, match, pretrain, train
from .files import home

COMMANDS = (data, pretrain, train, extract, evaluate, explore, match, doctor)
EPILOG = """\
Data are kept in {home}; set SOLAR_HOME to move them. `solar COMMAND --help` shows examples.
Exit status: 0 done; 2 not done, with the reason in one line; 3 done, but the printed report says
that something is wrong; 130 interrupted."""


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line and points to the help."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """Build the parser of all commands with their options.

    Example:
        >>> parser().parse_args(["data", "mini", "--dry-run"]).what
        'mini'
    """
    top = _Parser(
        prog="solar",
        description="Second-order attention and similarity for image retrieval.",
        formatter_class=EXAMPLES,
        epilog=EPILOG.format(home=home()),
    )
    top.add_argument("--version", action="version", version=f"solar {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit status; a foreseeable error prints one line.

    Args:
        argv: the words after `solar`; those of this process if None.
    """
    if hasattr(sys.stdout, "reconfigure"):
        # a path may hold letters that the terminal's encoding lacks
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        arguments = parser().parse_args(argv)
        return arguments.run(arguments)
    except (OSError, ValueError, ArithmeticError) as error:
        print(f"solar: {error}{_encoding_hint()}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("solar: interrupted; the same command continues from here", file=sys.stderr)
        return 130


def _encoding_hint() -> str:
    """Return a hint for machines whose file names are limited to ASCII, else nothing."""
    if sys.getfilesystemencoding() == "utf-8":
        return ""
    return " (for names beyond ASCII, set PYTHONUTF8=1)"
