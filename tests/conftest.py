"""What several test files share."""

import os
from pathlib import Path

import pytest
import torch

REFERENCE = Path(os.environ.get("SOLAR_REFERENCE", Path(__file__).parents[2] / "shared" / "reference"))


def reference(path: str) -> Path:
    """A published file kept outside the project; the test is skipped where it is absent (set SOLAR_REFERENCE)."""
    if not (REFERENCE / path).exists():
        pytest.skip(f"no {path} in {REFERENCE}; set SOLAR_REFERENCE to a folder that has it")
    return REFERENCE / path


def published_state(name: str, device="meta") -> dict[str, torch.Tensor]:
    """A state dict of zeros with the names, shapes and types of a published file, in its order."""
    state = {}
    for line in reference(f"state_dict_keys_{name}.txt").read_text().splitlines():
        key, shape, kind = line.split("\t")
        size = [int(n) for n in shape.strip("()").split(",") if n.strip()]
        state[key] = torch.zeros(size, dtype=getattr(torch, kind.removeprefix("torch.")), device=device)
    return state
