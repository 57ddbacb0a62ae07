"""Write mini datasets to disk in the published formats.

Each landmark is one job (see `jobs`). Its images are written first and its record,
`parts/SEED.json`, last: a record says that the job is complete. Writing that was interrupted is
resumed, and the bytes are always the same.

Book: the mini world (data sheet).
"""

import json
import multiprocessing
import shutil
from dataclasses import asdict
from multiprocessing.context import BaseContext
from pathlib import Path

from tqdm import tqdm

from ..files import atomic, home
from .index_files import index_files
from .jobs import Job, jobs, run
from .recipes import DATASETS, VERSION, Recipe

PATIENCE = 2.0  # seconds between two looks at the processes that render


def _write(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    with atomic(path) as temporary:
        Path(temporary).write_bytes(content)


def _record_path(folder: Path, job: Job) -> Path:
    """Return where the record of a job lies."""
    return folder / "parts" / f"{job.seed}.json"


def _image_folder(kind: str) -> str:
    """Return the folder of the images; patches are parts, until all are laid on sheets."""
    return "parts" if kind in ("patches", "photographs") else "jpg"


def _do(folder: Path, job: Job) -> int:
    """Render a job and write its files; return how many photographs it took."""
    files, record = run(job)
    for name, content in files.items():
        _write(folder / _image_folder(job.kind) / name, content)
    # last: its presence says that the job is complete
    _write(_record_path(folder, job), json.dumps(record).encode())
    return job.photos


def _do_task(task: tuple[Path, Job]) -> int:
    """Do a job in a worker process, which takes one argument."""
    folder, job = task
    return _do(folder, job)


def _do_all(folder: Path, todo: list[Job], workers: int | None, bar: tqdm) -> None:
    """Do jobs, in this process or shared by several."""
    # never more processes than jobs
    workers = min(workers or multiprocessing.cpu_count(), max(1, len(todo)))
    if workers == 1:
        for job in todo:
            bar.update(_do(folder, job))
        return
    # several processes; they finish in any order, but report in the order of the jobs
    tasks = [(folder, job) for job in todo]
    with _process_context().Pool(workers) as pool:
        crew = _living()
        results = pool.imap(_do_task, tasks)
        for _ in tasks:
            bar.update(_next_result(results, crew))


def _living() -> set[int | None]:
    """Return the numbers of this process's running children."""
    return {child.pid for child in multiprocessing.active_children()}


def _next_result(results, crew: set[int | None]):
    """Wait for the next result of a pool whose workers are `crew`.

    A pool waits for ever for the work of a process that was killed; so we look at the processes.

    Raises:
        ChildProcessError: one of them has ended.
    """
    while True:
        try:
            return results.next(timeout=PATIENCE)
        except multiprocessing.TimeoutError:
            if crew - _living():
                raise ChildProcessError(
                    "a process that rendered was killed (too little memory?); the same command "
                    "continues from here, and --workers 1 needs the least memory"
                ) from None


def _process_context() -> BaseContext:
    """Return how workers start.

    They are copies of one server that has imported this module once, or start anew where processes
    cannot be forked.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _says(path: Path, label: dict) -> bool:
    """Tell whether a JSON file holds `label`."""
    return json.loads(path.read_text()) == label


def write(
    recipe: Recipe, folder: Path, name: str, workers: int | None = None, progress: bool = True
) -> Path:
    """Write the dataset of a recipe; what is complete already is kept.

    A folder that another version of the renderer has begun is emptied first.

    Args:
        recipe: contents of the dataset.
        folder: where it is written.
        name: of the dataset.
        workers: processes; all cores if None. The bytes do not depend on it.
        progress: show a progress bar.

    Returns:
        `folder`.
    """
    label = dict(version=VERSION, name=name, recipe=asdict(recipe))
    done = folder / "complete.json"
    started = folder / "recipe.json"
    if done.is_file() and _says(done, label):
        return folder
    if started.is_file() and not _says(started, label):
        shutil.rmtree(folder)
    for subfolder in {"parts", _image_folder(recipe.kind)}:
        (folder / subfolder).mkdir(parents=True, exist_ok=True)
    _write(started, json.dumps(label).encode())

    # render the landmarks that have no record yet
    every_job = jobs(recipe)
    todo = [job for job in every_job if not _record_path(folder, job).is_file()]
    total = sum(job.photos for job in every_job)
    left = sum(job.photos for job in todo)
    with tqdm(
        total=total,
        initial=total - left,
        desc=name,
        unit="photo",
        disable=None if progress else True,
    ) as bar:
        _do_all(folder, todo, workers, bar)

    # list all images, then say that the dataset is complete
    every_record = [json.loads(_record_path(folder, job).read_text()) for job in every_job]
    for file, content in index_files(name, recipe, every_record, folder / "parts").items():
        _write(folder / file, content)
    _write(done, json.dumps(label).encode())
    return folder


def make(
    name: str, root: str | Path | None = None, workers: int | None = None, progress: bool = True
) -> Path:
    """Make a mini dataset unless it is there already.

    Args:
        name: of the dataset, see `DATASETS`.
        root: folder that holds datasets; `home() / "data"` if None.
        workers: processes; all cores if None. The bytes do not depend on it.
        progress: show a progress bar.

    Returns:
        The folder of the dataset.

    Raises:
        ValueError: there is no such mini dataset.
    """
    if name not in DATASETS:
        raise ValueError(f"unknown mini dataset {name!r}: expected one of {', '.join(DATASETS)}")
    folder = Path(root) if root is not None else home() / "data"
    return write(DATASETS[name], folder / name, name, workers, progress)


def records(folder: str | Path) -> list[dict]:
    """Read what the renderer knows about each landmark of a finished mini dataset.

    Args:
        folder: of the dataset.

    Returns:
        One dictionary per landmark: "landmark" (seed), "style", "images", "boxes", "weather" and
        "queries" with their labels; for a set of patches "points".

    Raises:
        FileNotFoundError: there is no mini dataset in `folder`.
    """
    paths = sorted((Path(folder) / "parts").glob("*.json"), key=lambda path: int(path.stem))
    if not paths:
        raise FileNotFoundError(f"{folder}: no mini dataset here; make one with `solar data mini`")
    return [json.loads(path.read_text()) for path in paths]
