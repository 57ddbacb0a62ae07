"""A dataclass of settings as the options of a command.

One place says which settings there are, their types and their defaults: the dataclass.
"""

import argparse
from dataclasses import fields, replace
from typing import Any


def add_fields(parser: argparse.ArgumentParser, config: type, words: dict[str, str]) -> None:
    """Add an option for each field of the dataclass `config`; `image_size` becomes --image-size.

    An option that is not given is absent from the parsed arguments, so that the default of the
    dataclass, or the value of a preset, holds.

    Args:
        parser: gets the options; one that it has already is left as it is.
        config: the dataclass.
        words: help for each field; a field without is no option.
    """
    present = parser._option_string_actions
    for field in fields(config):
        option = option_of(field.name)
        if field.name not in words or option in present:
            continue
        # argparse takes a % in help for a placeholder
        help_text = f"{words[field.name]} ({field.default!r})".replace("%", "%%")
        parser.add_argument(option, type=field.type, default=argparse.SUPPRESS, help=help_text)


def option_of(name: str) -> str:
    """Return the option of a field.

    Example:
        >>> option_of("image_size")
        '--image-size'
    """
    return "--" + name.replace("_", "-")


def from_arguments(preset: Any, arguments: argparse.Namespace) -> Any:
    """Return a preset, a dataclass instance, changed to what was given as options.

    Args:
        preset: an instance of the dataclass.
        arguments: the parsed arguments.
    """
    names = [field.name for field in fields(preset)]
    given = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    return replace(preset, **given)


def refuse_strange(preset: Any, possible: set[str], arguments: argparse.Namespace) -> None:
    """Refuse options that a preset's dataclass does not have.

    Args:
        preset: an instance of the dataclass.
        possible: names of the fields of all presets.
        arguments: the parsed arguments; `preset` is the name of the preset, `command` that of the
            command.

    Raises:
        ValueError: names the options.
    """
    known = {field.name for field in fields(preset)}
    strange = sorted(name for name in possible - known if hasattr(arguments, name))
    if strange:
        names = ", ".join(map(option_of, strange))
        raise ValueError(
            f"the preset {arguments.preset} has no {names}; see solar {arguments.command} --help"
        )
