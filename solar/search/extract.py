"""From many images to a store on disk: shared among processes, resumed after any interruption.

A store in the making has one byte per row in `rows.state`: to do, described, or unreadable. A row
is written to disk before its byte, so that a byte never lies, whenever the process is killed.
Processes write different rows of the same files, and need not talk to each other.

Book: chapter 10 (one million distractors).
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from tqdm import tqdm

from ..files import atomic
from ..images import name_of
from ..nets import check_global
from .describe import check_list, iter_descriptors, length_of
from .options import DescribeOptions, Describer
from .store_files import (
    DONE,
    OLDER_SETTINGS,
    SKIPPED,
    STATES,
    TODO,
    empty_rows,
    read_meta,
    read_names,
    write_meta,
    write_names,
)

LONGEST_LOCK = 10  # seconds that giving a file its name takes at most, on a disk without links


def extract(  # noqa: PLR0913 - three arguments say what is described, seven have a default
    net: Describer,
    images: Sequence,
    out: str | Path,
    names: Sequence[object] | None = None,
    boxes: Sequence | None = None,
    half: bool = False,
    meta: dict[str, Any] | None = None,
    shard: tuple[int, int] = (0, 1),
    progress: bool = False,
    options: DescribeOptions | None = None,
    **changes: Any,
) -> list[str]:
    """Describe images into a store; called again, continue with the rows that are still to do.

    Args:
        net: as in `describe`.
        images: paths, PIL images, arrays or tensors, N of them.
        out: folder of the store.
        names: what the rows are called; the images' paths if None.
        boxes: a box (x0, y0, x1, y1) in pixels for each image, or None.
        half: store float16, which takes half the space.
        meta: what else `meta.json` is to tell, such as the network's checksum.
        shard: (i, n) describes the rows i, i + n, i + 2 n ... only; the last of n processes
            completes the store.
        progress: show a progress bar.
        options: how images are read and described; the paper's way if None.
        **changes: fields of `DescribeOptions` that differ from `options`.

    Returns:
        Names of all images so far that could not be read. They are listed in `skipped.txt`, their
        rows stay zero, and the next call tries them again.

    Raises:
        ValueError: `out` holds the store of other images or options, the disk is too full, or the
            network describes patches.
        TypeError: an option has an unknown name.
    """
    # what is asked for
    out = Path(out)
    options = (options or DescribeOptions()).changed(**changes)
    check_global(net)
    check_list(images)
    if names is None:
        names = [_row_name(image) for image in images]
    names = [str(name) for name in names]
    this, processes = shard
    if not 0 <= this < processes:
        raise ValueError(f"shard {this}/{processes}: expected i/n with 0 <= i < n")

    # 1. lay out the files, or check those of an earlier call for the same work
    # (the settings go to `meta.json`: descriptors made in another way are never mixed in)
    settings = dict(
        meta or {},
        image_size=options.image_size,
        scales=list(options.scales),
        upright=options.upright,
        whitening=options.whitening_digest,
        length=length_of(net, options),
        dtype="float16" if half else "float32",
    )
    _begin(out, names, settings)

    # 2. this process's rows that are not described yet; unreadable images get another try
    states = np.load(out / STATES, mmap_mode="r+")  # (N,), shared by all processes
    mine = np.arange(this, len(names), processes)
    states[mine[states[mine] == SKIPPED]] = TODO
    todo = mine[states[mine] == TODO]

    # 3. describe them
    done = len(mine) - len(todo)
    hidden = None if progress else True  # None: on terminals only
    with tqdm(total=len(mine), initial=done, unit="image", disable=hidden) as bar:
        # only what is to do is decoded; numbers count within it
        my_images = [images[i] for i in todo]
        my_boxes = None if boxes is None else [boxes[i] for i in todo]
        writer = _Writer(out, todo, states, bar)
        stream = iter_descriptors(net, my_images, my_boxes, options, failed=writer.skip)
        for numbers, descriptors in stream:
            writer.write(numbers, descriptors)

    # 4. complete the store if these were the last
    states.flush()
    return _finish(out, names, states)


def _row_name(image: object) -> str:
    """Return what the row of an image is called: its path, or the kind of image it is."""
    return os.fspath(image) if isinstance(image, str | Path) else name_of(image)


class _Writer:
    """Writes the rows of some images, and then their states, as they come.

    Args:
        out: folder of the store.
        todo: (n,) rows of the images that are described; image i of these has row todo[i].
        states: (N,) of all rows, on disk.
        bar: shows the progress.
    """

    def __init__(self, out: Path, todo: np.ndarray, states: np.ndarray, bar: tqdm):
        self.rows = np.load(out / "descriptors.npy", mmap_mode="r+")  # (N, D)
        self.todo = todo
        self.states = states
        self.bar = bar

    def write(self, numbers: list[int], descriptors: np.ndarray) -> None:
        # float32 becomes what the store holds
        self.rows[self.todo[numbers]] = descriptors
        self.rows.flush()  # to the disk, before the states say so
        self.states[self.todo[numbers]] = DONE
        self.bar.update(len(numbers))

    def skip(self, number: int, error: Exception) -> None:
        # its row stays zero
        self.states[self.todo[number]] = SKIPPED
        tqdm.write(f"skipped: {error}", file=sys.stderr)  # a bar that is not drawn has no file
        self.bar.update()


# ---- the files of a store in the making ----------------------------------------------------------


def _begin(out: Path, names: list[str], settings: dict[str, Any]) -> None:
    """Lay out the files of a store, or check that those which are there belong to the same work."""
    dtype = np.dtype(settings["dtype"])
    shape = (len(names), settings["length"])
    out.mkdir(parents=True, exist_ok=True)

    # 1. the states of the rows: all to do, or, for a store that was complete, as it was left
    if not (out / "descriptors.npy").exists():
        _check_space(out, shape, dtype)
        _write_once(out / STATES, lambda path: _save(path, np.full(len(names), TODO, np.uint8)))
    elif not (out / STATES).exists():
        states = _final_states(out)
        _write_once(out / STATES, lambda path: _save(path, states))

    # 2. names and settings: written by the first process, and the same for all that follow
    versions = {name: version(name) for name in ("torch", "torchvision", "numpy", "pillow")}
    meta = dict(settings, versions=versions)
    _write_once(out / "names.txt", lambda path: write_names(path, names))
    _write_once(out / "meta.json", lambda path: write_meta(path, meta))
    _check_same_work(out, names, settings)

    # 3. room for the descriptors
    _write_once(out / "descriptors.npy", lambda path: empty_rows(path, shape, dtype))


def _check_space(out: Path, shape: tuple[int, int], dtype: np.dtype) -> None:
    """Raise ValueError if the disk does not have room for the descriptors."""
    # in bytes
    count, dim = shape
    needed = count * dim * dtype.itemsize
    free = shutil.disk_usage(out).free
    if needed > free:
        raise ValueError(
            f"{out}: {count} descriptors need {needed / 1e9:.1f} GB, the disk has {free / 1e9:.1f}"
        )


def _final_states(out: Path) -> np.ndarray:
    """Return the states (N,) of a complete store: described, but for what could not be read."""
    skipped = set()
    if (out / "skipped.txt").exists():
        skipped = set(read_names(out / "skipped.txt"))
    names = read_names(out / "names.txt")
    return np.array([SKIPPED if name in skipped else DONE for name in names], np.uint8)


def _check_same_work(out: Path, names: list[str], settings: dict[str, Any]) -> None:
    """Raise ValueError if the store in `out` is of other images or was made otherwise."""
    theirs = OLDER_SETTINGS | read_meta(out)
    ours = OLDER_SETTINGS | json.loads(json.dumps(settings))  # as JSON gives it back: no tuples
    other = [key for key in ours if ours[key] != theirs.get(key)]
    if not other and read_names(out / "names.txt") == names:
        return
    # say what differs
    what = f"other {', '.join(other)}" if other else "another list of images"
    raise ValueError(
        f"{out}: holds a store made with {what}; choose another folder, or delete this one"
    )


def _write_once(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file unless it is there.

    The file appears when it is complete. Of several processes that try, one succeeds, and the
    others use its file.
    """
    if path.exists():
        return
    # each process writes a file of its own, then tries to give it the name
    temporary = path.with_name(f".{uuid4().hex}.tmp")
    try:
        write(temporary)
        _give_name(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _give_name(temporary: Path, path: Path) -> None:
    """Give a file its name in one step, unless there is a file of this name."""
    try:
        os.link(temporary, path)  # unlike a move, it fails if the other file is there
    except FileExistsError:
        pass
    except (OSError, NotImplementedError, AttributeError):
        # no hard links here: exFAT and FAT, many network and cloud folders, some systems
        _move_unless_there(temporary, path)


def _move_unless_there(temporary: Path, path: Path) -> None:
    """Move a file to its name, unless there is one, on a disk without hard links.

    Raises:
        TimeoutError: another process was killed while it did the same.
    """
    # a process may move only while it holds the lock, a file that just one process can make
    lock = path.with_name(f".{path.name}.lock")
    deadline = time.monotonic() + LONGEST_LOCK
    while not path.exists():
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{lock}: left there by a process that was killed; delete this file, and run "
                    "the same command again"
                ) from None
            time.sleep(0.01)
            continue
        try:
            # another process may have been faster between the look and the lock
            if not path.exists():
                temporary.replace(path)
        finally:
            lock.unlink()


def _save(path: Path, array: np.ndarray) -> None:
    with path.open("wb") as file:
        np.save(file, array)


def _finish(out: Path, names: list[str], states: np.ndarray) -> list[str]:
    """List what was skipped; when no row is left to do, the store is complete."""
    complete = bool((states != TODO).all())
    skipped = [names[i] for i in np.flatnonzero(states == SKIPPED)]
    # the list names unreadable images of all processes so far; it goes when there are none
    if skipped:
        with atomic(out / "skipped.txt") as temporary:
            write_names(temporary, skipped)
    if complete and not skipped:
        (out / "skipped.txt").unlink(missing_ok=True)
    # a store without states is complete: `Store.open` accepts it
    if complete:
        (out / STATES).unlink(missing_ok=True)
    return skipped
