"""Mini datasets on disk, in the published formats: written once, resumed after a kill, always the
same bytes.
"""

import csv
import io
import json
import multiprocessing
import pickle
import shutil
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from ..files import atomic, home
from .jobs import Job, jobs, run
from .phototour import phototour_files
from .recipes import DATASETS, IMAGE_SIZE, VERSION, Recipe


def _write(path: Path, content: bytes) -> None:
    with atomic(path) as temporary:
        Path(temporary).write_bytes(content)


def _table(header: tuple, rows) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _training_files(records: list[dict]) -> dict[str, bytes]:
    """train.csv, boxes_split1.csv (to learn from) and boxes_split2.csv (every eighth landmark: to
    choose with).
    """
    width, height = IMAGE_SIZE
    train, boxes = [], {0: [], 1: []}
    for number, record in enumerate(records):
        for name, (x0, y0, x1, y1) in zip(record["images"], record["boxes"]):
            train.append((name, "", record["landmark"]))
            box = f"{y0 / height:.6f} {x0 / width:.6f} {y1 / height:.6f} {x1 / width:.6f}"
            boxes[int(number % 8 == 7)].append((name, box))
    return {
        "train.csv": _table(("id", "url", "landmark_id"), train),
        "boxes_split1.csv": _table(("id", "box"), boxes[0]),
        "boxes_split2.csv": _table(("id", "box"), boxes[1]),
    }


def _benchmark_files(records: list[dict], name: str) -> dict[str, bytes]:
    """The ground-truth pickle, structured as the published gnd_roxford5k.pkl."""
    images = [image for record in records for image in record["images"]]
    index = {image: i for i, image in enumerate(images)}
    queries, ground_truth = [], []
    for record in records:
        for query in record["queries"]:
            queries.append(query["name"])
            lists = {"easy": [], "hard": [], "junk": []}
            for image, label in zip(record["images"], query["labels"]):
                lists[label].append(index[image])
            ground_truth.append(dict(bbx=list(query["box"]), **lists))
    content = dict(gnd=ground_truth, imlist=images, qimlist=queries)
    return {f"gnd_{name}.pkl": pickle.dumps(content, protocol=3)}


def _index_files(name: str, recipe: Recipe, records: list[dict], folder: Path) -> dict[str, bytes]:
    if recipe.kind == "train":
        return _training_files(records)
    if recipe.kind == "patches":
        return phototour_files(records, folder / "parts")
    if recipe.kind == "benchmark":
        return _benchmark_files(records, name)
    return {f"{name}.txt": "".join(f"{i}.jpg\n" for r in records for i in r["images"]).encode()}


def _part(folder: Path, job: Job) -> Path:
    return folder / "parts" / f"{job.seed}.json"


def _place(kind: str) -> str:
    return (
        "parts" if kind == "patches" else "jpg"
    )  # patches are kept until all are there to be laid on sheets


def _do(task: tuple[Path, Job]) -> None:
    folder, job = task
    files, record = run(job)
    for name, content in files.items():
        _write(folder / _place(job.kind) / name, content)
    _write(
        _part(folder, job), json.dumps(record).encode()
    )  # last: its presence says that the job is whole


def _work(folder: Path, todo: list[Job], workers: int | None, bar) -> None:
    tasks = [(folder, job) for job in todo]
    workers = min(workers or multiprocessing.cpu_count(), max(1, len(tasks)))
    if workers == 1:
        for task in tasks:
            _do(task)
            bar.update(task[1].views + task[1].queries)
        return
    with _processes().Pool(workers) as pool:
        sizes = iter([job.views + job.queries for job in todo])
        for _ in pool.imap(_do, tasks):
            bar.update(next(sizes))


def _processes():
    """How workers start: as copies of one server that has imported all this once, or anew where
    there is no forking.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def write(
    recipe: Recipe, folder: Path, name: str, workers: int | None = None, progress: bool = True
) -> Path:
    """Write the dataset of `recipe` into `folder`; returns it. What is there already is kept, never
    redone.

    Every landmark is one job; a job whose record lies in `parts/` is complete. A folder made by
    another version of the renderer is emptied first.
    """
    label = dict(version=VERSION, name=name, recipe=asdict(recipe))
    done, started = folder / "complete.json", folder / "recipe.json"
    if done.is_file() and json.loads(done.read_text()) == label:
        return folder
    if started.is_file() and json.loads(started.read_text()) != label:
        shutil.rmtree(folder)
    for sub in {"parts", _place(recipe.kind)}:
        (folder / sub).mkdir(parents=True, exist_ok=True)
    _write(started, json.dumps(label).encode())

    everything = jobs(recipe)
    todo = [job for job in everything if not _part(folder, job).is_file()]
    total = sum(job.views + job.queries for job in everything)
    left = sum(job.views + job.queries for job in todo)
    with tqdm(
        total=total,
        initial=total - left,
        desc=name,
        unit="photo",
        disable=None if progress else True,
    ) as bar:
        _work(folder, todo, workers, bar)
    records = [json.loads(_part(folder, job).read_text()) for job in everything]
    for file, content in _index_files(name, recipe, records, folder).items():
        _write(folder / file, content)
    _write(done, json.dumps(label).encode())
    return folder


def make(
    name: str, root: str | Path | None = None, workers: int | None = None, progress: bool = True
) -> Path:
    """Make the mini dataset `name` (see `DATASETS`) unless it is there, and return its folder.

    Args:
        root: folder that holds datasets; `home() / "data"` if None.
        workers: processes; all cores if None. The bytes do not depend on it.

    Raises:
        ValueError: no such mini dataset.
    """
    if name not in DATASETS:
        raise ValueError(f"unknown mini dataset {name!r}: expected one of {', '.join(DATASETS)}")
    folder = Path(root) if root is not None else home() / "data"
    return write(DATASETS[name], folder / name, name, workers, progress)


def records(folder: str | Path) -> list[dict]:
    """What the renderer noted of each landmark in a finished mini dataset: style, weather, boxes,
    labels.
    """
    paths = sorted((Path(folder) / "parts").glob("*.json"), key=lambda p: int(p.stem))
    if not paths:
        raise FileNotFoundError(f"{folder}: no mini dataset here; make one with `solar data mini`")
    return [json.loads(path.read_text()) for path in paths]


def contact_sheet(
    folder: str | Path, path: str | Path, rows: int = 8, columns: int = 8, width: int = 192
) -> Path:
    """Draw `rows` landmarks of a finished mini dataset, `columns` photographs of each, into the
    image file `path`.

    Of a set of patches, its first sheet.
    """
    import cv2
    import numpy as np

    folder, sheet = Path(folder), []
    if (folder / "patches0000.bmp").is_file():
        return _picture(path, cv2.imread(str(folder / "patches0000.bmp")))
    every = [r for r in records(folder) if r["images"]]
    for record in every[:: max(1, len(every) // rows)][:rows]:
        line = [
            cv2.imread(str(folder / "jpg" / f"{name}.jpg")) for name in record["images"][:columns]
        ]
        height = width * IMAGE_SIZE[1] // IMAGE_SIZE[0]
        line = [cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) for image in line]
        line += [np.zeros_like(line[0])] * (columns - len(line))
        sheet.append(np.hstack(line))
    return _picture(path, np.vstack(sheet))


def _picture(path: str | Path, picture) -> Path:
    import cv2

    if not (cv2.haveImageWriter(str(path)) and cv2.imwrite(str(path), picture)):
        raise OSError(
            f"{path}: the contact sheet could not be written; give a name that ends in .png or .jpg"
        )
    return Path(path)
