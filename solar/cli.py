"""The command line: `solar ...` or `python -m solar ...`; each command is a module of
`solar.commands`.
"""

import argparse
import sys

from .commands import EXAMPLES, data, doctor, evaluate, explore, extract, match, pretrain, train
from .files import home

COMMANDS = (data, pretrain, train, extract, evaluate, explore, match, doctor)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = _Parser(
        prog="solar",
        description="Second-order attention and similarity for image retrieval, to read and to run.",
        formatter_class=EXAMPLES,
        epilog=f"Data are kept in {home()} (set SOLAR_HOME to move them). `solar COMMAND --help` shows examples.\n"
        "Exit status: 0 done; 2 not done, for a reason given in one line; 3 done, but something is not as it\n"
        "should be, and it is said what; 130 interrupted.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run a command; a foreseeable error prints one line and returns 2."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(
            errors="backslashreplace"
        )  # a path that the terminal's alphabet cannot spell
    try:
        arguments = parser().parse_args(argv)
        return arguments.run(arguments)
    except (OSError, ValueError, ArithmeticError) as error:
        narrow = (
            ""
            if sys.getfilesystemencoding() == "utf-8"
            else " (for names beyond ASCII, set PYTHONUTF8=1)"
        )
        print(f"solar: {error}{narrow}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("solar: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
