"""From many pictures to a store on disk: shared out among processes, and resumed after any
interruption.

A store in the making has a byte for each row in `rows.state`: to do, described, or unreadable. A
row is written to disk before its byte, so a byte never lies, whenever the process is killed.
Processes write different rows of the same files.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..files import atomic
from .describe import PAPER_SCALES, iter_descriptors
from .store import DONE, SKIPPED, STATES, TODO, empty_rows, read_names


def extract(
    net,
    images: Sequence,
    out: str | Path,
    names: Sequence[str] | None = None,
    boxes: Sequence | None = None,
    image_size: int | None = 1024,
    scales: Sequence[float] = PAPER_SCALES,
    half: bool = False,
    meta: dict | None = None,
    shard: tuple[int, int] = (0, 1),
    batch_size: int = 16,
    workers: int = 0,
    device: str | None = None,
    progress: bool = False,
) -> list[str]:
    """Describe pictures into the store `out`; called again, it goes on with the rows that are still
    to do.

    Args:
        images, boxes, image_size, scales, batch_size, workers, device: as `describe`.
        names: what the rows are called (the images' paths if None).
        half: store float16, half the room.
        meta: what else `meta.json` is to tell, such as the network's checksum.
        shard: (i, n): describe rows i, i + n, i + 2 n ... only; the last of the n processes
            finishes the store.

    Returns:
        Names of all images so far that could not be read. They are listed in `skipped.txt`, their
        rows stay zero, and the next call tries them again.

    Raises:
        ValueError: `out` holds the store of other images or settings, or the disk is too full.
    """
    out, dtype = Path(out), np.dtype(np.float16 if half else np.float32)
    names = [str(each) for each in (images if names is None else names)]
    settings = dict(
        meta or {}, image_size=image_size, scales=list(scales), length=net.dim, dtype=dtype.name
    )
    if not 0 <= shard[0] < shard[1]:
        raise ValueError(f"shard {shard[0]}/{shard[1]}: expected i/n with 0 <= i < n")
    _begin(out, names, settings, dtype)
    rows, states = (
        np.load(out / "descriptors.npy", mmap_mode="r+"),
        np.load(out / STATES, mmap_mode="r+"),
    )
    mine = np.arange(shard[0], len(names), shard[1])
    states[mine[states[mine] == SKIPPED]] = TODO
    todo = mine[states[mine] == TODO]

    def failed(i: int, error: Exception) -> None:
        states[todo[i]] = SKIPPED
        tqdm.write(f"skipped: {error}", file=bar.fp)
        bar.update()

    with tqdm(
        total=len(mine), initial=len(mine) - len(todo), unit="image", disable=not progress
    ) as bar:
        chosen = [images[i] for i in todo], None if boxes is None else [boxes[i] for i in todo]
        for numbers, found in iter_descriptors(
            net, *chosen, image_size, scales, batch_size, workers, device, failed
        ):
            rows[todo[numbers]] = found
            rows.flush()  # to the disk, before the states say so
            states[todo[numbers]] = DONE
            bar.update(len(numbers))
    states.flush()
    return _finish(out, names, states)


def _begin(out: Path, names: list[str], settings: dict, dtype) -> None:
    """Lay out the files of a store, or check that those which are there belong to the same work."""
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "descriptors.npy").exists():
        need, free = len(names) * settings["length"] * dtype.itemsize, shutil.disk_usage(out).free
        if need > free:
            raise ValueError(
                f"{out}: {len(names)} descriptors need {need / 1e9:.1f} GB, the disk has {free / 1e9:.1f}"
            )
        _claim(out / STATES, lambda path: _save(path, np.full(len(names), TODO, np.uint8)))
    elif not (out / STATES).exists():  # finished: but for what could not be read
        skipped = set(read_names(out / "skipped.txt")) if (out / "skipped.txt").exists() else set()
        states = [SKIPPED if name in skipped else DONE for name in read_names(out / "names.txt")]
        _claim(out / STATES, lambda path: _save(path, np.array(states, np.uint8)))
    versions = {name: version(name) for name in ("torch", "torchvision", "numpy", "pillow")}
    meta = json.dumps(dict(settings, versions=versions), indent=2) + "\n"
    _claim(out / "names.txt", lambda path: path.write_text("".join(f"{name}\n" for name in names)))
    _claim(out / "meta.json", lambda path: path.write_text(meta))
    found = json.loads((out / "meta.json").read_text())
    other = [key for key in settings if json.loads(meta)[key] != found.get(key)]
    if other or read_names(out / "names.txt") != names:
        what = f"other {', '.join(other)}" if other else "another list of images"
        raise ValueError(
            f"{out}: holds a store made with {what}; choose another folder, or delete this one"
        )
    _claim(
        out / "descriptors.npy",
        lambda path: empty_rows(path, (len(names), settings["length"]), dtype),
    )


def _claim(path: Path, write: Callable[[Path], object]) -> None:
    """Make a file unless it is there; it is never there by half, and of two processes that try,
    only one makes it.
    """
    if path.exists():
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink(missing_ok=True)


def _save(path: Path, array: np.ndarray) -> None:
    with open(path, "wb") as file:
        np.save(file, array)


def _finish(out: Path, names: list[str], states: np.ndarray) -> list[str]:
    """List what was skipped; when no row is left to do, the store is complete."""
    skipped = [names[i] for i in np.flatnonzero(states == SKIPPED)]
    if skipped:
        with atomic(out / "skipped.txt") as temporary:
            temporary.write_text("".join(f"{name}\n" for name in skipped))
    elif (states != TODO).all():
        (out / "skipped.txt").unlink(missing_ok=True)
    if (states != TODO).all():
        (out / STATES).unlink(missing_ok=True)
    return skipped
