"""The command line: `solar ...` or `python -m solar ...`; each command is a module of `solar.commands`."""

import argparse
import sys

from .commands import data, evaluate, explore, extract, pretrain, train
from .files import home

COMMANDS = (data, pretrain, train, extract, evaluate, explore)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = _Parser(
        prog="solar",
        description="Second-order attention and similarity for image retrieval, to read and to run.",
        epilog=f"Data are kept in {home()} (set SOLAR_HOME to move them).",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run a command; a foreseeable error prints one line and returns 2."""
    try:
        arguments = parser().parse_args(argv)
        return arguments.run(arguments)
    except (OSError, ValueError, ArithmeticError) as error:
        print(f"solar: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("solar: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
