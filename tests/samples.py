"""Small things that several test files make: images, and a benchmark in the published layout."""

import pickle
from pathlib import Path

import numpy as np
from PIL import Image


def texture(seed: int, width: int = 64, height: int = 48) -> Image.Image:
    """A smooth pattern of its own kind for each seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 8
    waves = [
        np.sin(x * rng.uniform(0.2, 3) + y * rng.uniform(0.2, 3) + rng.uniform(0, 6))
        for _ in range(3)
    ]
    return Image.fromarray(np.uint8(127 + 120 * np.stack(waves, -1)))


def write_benchmark(folder: Path, name: str = "roxford5k") -> Path:
    """Three images and a query, with their ground truth, as a benchmark is published."""
    jpg = folder / name / "jpg"
    jpg.mkdir(parents=True)
    for image, colour in dict(a="red", b="blue", c="green", q="red").items():
        noise = Image.effect_noise((48, 32), 60).convert("RGB")
        path = jpg / f"{image}.jpg"
        noise.save(path)
        Image.blend(Image.open(path), Image.new("RGB", (48, 32), colour), 0.8).save(path)
    truth = dict(
        imlist=["a", "b", "c"],
        qimlist=["q"],
        gnd=[dict(bbx=[0, 0, 48, 32], easy=[0], hard=[2], junk=[1])],
    )
    (jpg.parent / f"gnd_{name}.pkl").write_bytes(pickle.dumps(truth))
    return jpg.parent
