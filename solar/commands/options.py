"""A dataclass of settings as the options of a command: one place says what there is, its type and its default."""

import argparse
from dataclasses import fields


def add_fields(parser: argparse.ArgumentParser, config: type, words: dict[str, str]) -> None:
    """An option for each field of the dataclass `config` that `words` explains; `image_size` becomes --image-size."""
    for field in fields(config):
        if field.name in words:
            option = "--" + field.name.replace("_", "-")
            words_and_default = f"{words[field.name]} (%(default)s)"
            parser.add_argument(option, type=field.type, default=field.default, help=words_and_default)


def from_arguments(config: type, arguments: argparse.Namespace):
    """The dataclass `config` filled with what was asked for; fields without an option keep their defaults."""
    return config(**{f.name: getattr(arguments, f.name) for f in fields(config) if hasattr(arguments, f.name)})
