"""Libraries that only some work needs."""

import importlib
from types import ModuleType


def optional(module: str, package: str, purpose: str) -> ModuleType:
    """Import a library that is not among the package's own requirements.

    Args:
        module: what is imported, such as 'scipy.stats'.
        package: what is installed, such as 'scipy'.
        purpose: what it is for, in a few words; the beginning of the message.

    Raises:
        ModuleNotFoundError: it is not installed; the message says how to install it.

    Example:
        >>> optional("json", "json", "this example").loads("[1]")
        [1]
        >>> optional("no_such_library", "no-such-library", "this example")
        Traceback (most recent call last):
        ModuleNotFoundError: this example needs a library: pip install no-such-library
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        message = f"{purpose} needs a library: pip install {package}"
        raise ModuleNotFoundError(message, name=error.name) from error
