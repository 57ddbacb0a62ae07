"""`solar completion`: write what a shell needs to complete commands, options and names."""

from . import EXAMPLES

SHELLS = ("bash", "zsh", "tcsh")
EPILOG = """examples:
  solar completion bash > ~/.local/share/bash-completion/completions/solar
  solar completion zsh > ~/.zfunc/_solar      # with ~/.zfunc in $fpath
A new shell then completes `solar ma<TAB>`, `solar data rox<TAB>` and all options."""


def add(commands) -> None:
    """Add the command and its options to the command line.

    Args:
        commands: the subparsers of `solar`.
    """
    parser = commands.add_parser(
        "completion",
        help="let the shell complete commands and options",
        formatter_class=EXAMPLES,
        description="Print a script that lets the shell complete the words of `solar`.",
        epilog=EPILOG,
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell that reads the script")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Print the script.

    Args:
        arguments: the options of the command line, and `parser`, which knows all words.

    Returns:
        The exit status, 0.

    Raises:
        ModuleNotFoundError: shtab is not installed.
    """
    from ..files import optional

    shtab = optional("shtab", "shtab", "completion")
    print(shtab.complete(arguments.parser, shell=arguments.shell))
    return 0
