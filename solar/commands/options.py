"""A dataclass of settings as the options of a command: one place says what there is, its type and
its default.
"""

import argparse
from dataclasses import fields, replace


def add_fields(parser: argparse.ArgumentParser, config: type, words: dict[str, str]) -> None:
    """An option for each field of the dataclass `config` that `words` explains; `image_size`
    becomes --image-size.

    What is not asked for is not in the parsed arguments: the dataclass's own default, or a preset's
    value, holds.
    """
    for field in fields(config):
        option = "--" + field.name.replace("_", "-")
        if field.name in words and option not in parser._option_string_actions:
            words_and_default = f"{words[field.name]} ({field.default!r})".replace("%", "%%")
            parser.add_argument(
                option, type=field.type, default=argparse.SUPPRESS, help=words_and_default
            )


def from_arguments(config, arguments: argparse.Namespace):
    """The dataclass `config`, a type or a preset of it, changed to what was asked for.

    Raises:
        ValueError: a word where this dataclass has a number.
    """
    asked = {}
    for field in fields(config):
        if hasattr(arguments, field.name):
            value = getattr(arguments, field.name)
            try:
                asked[field.name] = field.type(value)
            except ValueError as error:
                option = "--" + field.name.replace("_", "-")
                raise ValueError(f"{option} {value!r}: expected {field.type.__name__}") from error
    return config(**asked) if isinstance(config, type) else replace(config, **asked)
