"""The command line: `solar ...` or `python -m solar ...`; each command is a module of its own.

A command describes its options without importing anything heavy: torch, OpenCV and pandas are
imported by the command that runs (`tests/test_startup.py`).
"""

import argparse
import difflib
import os
import sys

from . import __version__
from .commands import (
    EXAMPLES,
    completion,
    data,
    doctor,
    evaluate,
    explore,
    extract,
    match,
    net,
    pretrain,
    train,
)
from .files import home

COMMANDS = (data, pretrain, train, extract, evaluate, explore, match, net, doctor, completion)
EPILOG = """\
Data are kept in {home}; set SOLAR_HOME to move them.
`solar COMMAND --help` shows examples.
Exit status: 0 done; 2 not done, with the reason in one line; 3 done, but the printed report says
that something is wrong; 130 interrupted."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and which suggests the word that was meant."""

    def error(self, message: str):
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")

    def _check_value(self, action: argparse.Action, value) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            close = difflib.get_close_matches(str(value), known, n=1)
            if close:
                message = f"{value!r} is not known: did you mean {close[0]}?"
                raise argparse.ArgumentError(None, message)
        super()._check_value(action, value)


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
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
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
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()  # a closed pipe is noticed here, not when Python ends
    except BrokenPipeError:
        _discard_output()
        return 141  # what a shell reports for a program that a closed pipe ended
    except KeyboardInterrupt:
        print("solar: interrupted; the same command continues from here", file=sys.stderr)
        return 130
    except Exception as error:
        reason = _reason(error)
        if reason is None:
            raise  # a fault of ours: the traceback is wanted
        print(f"solar: {reason}{_encoding_hint()}", file=sys.stderr)
        return 2


def _run(argv: list[str] | None) -> int:
    """Parse the words and run the command they name; without a command, print the help."""
    top = parser()
    arguments = top.parse_args(argv)
    if arguments.command is None:
        top.print_help()
        return 0
    arguments.parser = top  # whoever completes words needs to know all of them
    return arguments.run(arguments)


def _reason(error: Exception) -> str | None:
    """Return what a foreseeable error says, in one line; None for any other error.

    Errors of torch and OpenCV are known by their names, so that neither is imported for this.
    """
    names = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    text = " ".join(str(error).split())
    out_of_memory = (
        isinstance(error, MemoryError)
        or "torch.OutOfMemoryError" in names
        or "can't allocate memory" in text
    )
    if out_of_memory:
        return "out of memory; try a smaller --image-size, a smaller --batch or fewer --workers"
    if "cv2.error" in names:
        return f"OpenCV could not do it: {text[:200]}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        return str(error)
    if isinstance(error, (OSError, ValueError, ArithmeticError)):
        return str(error)
    return None


def _discard_output() -> None:
    """Send what is still to be printed nowhere, so that Python does not complain when it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        pass  # the output is not a file of the system, as in a test: nothing to do


def _encoding_hint() -> str:
    """Return a hint for machines whose file names are limited to ASCII, else nothing."""
    if sys.getfilesystemencoding() == "utf-8":
        return ""
    return " (for names beyond ASCII, set PYTHONUTF8=1)"
