"""The tables by their names, in the order in which they are made; each is loaded when asked for."""

import importlib

MODULES = {
    "last": ("fine_tuning", "LastStage"),
    "lite": ("fine_tuning", "Lite"),
    "agreement": ("agreement", "Agreement"),
    "mini": ("fine_tuning", "Mini"),
    "parts": ("parts", "Parts"),
    "crowd": ("one_block", "Crowd"),
    "relations": ("relations", "Relations"),
    "local": ("local", "Local"),
    "local_long": ("local", "LocalLong"),
}


def table_class(name: str) -> type:
    """Return the class of a table."""
    module, attribute = MODULES[name]
    return getattr(importlib.import_module(f".{module}", __package__), attribute)
