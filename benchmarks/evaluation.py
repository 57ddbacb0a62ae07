"""The revisited protocol among distractors: time and memory of several ways to evaluate.

    python benchmarks/evaluation.py --images 100000 300000 --folder /tmp/descriptors

The ways are the plain one, ours, FAISS and the floor, each in a process of its own. There are 70
queries, D = 2048. The descriptors are made up (said so): unit vectors, with positives near their
query. Files are read once before any clock starts. CPU seconds are those of all threads, and hardly
change when the machine is busy. Memory is the peak of the whole process, libraries included. The
floor reads the file once and multiplies each piece with the queries, and does nothing else.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

D = 2048  # numbers per descriptor
QUERIES = 70
LABELLED = 5000  # images in the database; all others are distractors
LABELS_PER_QUERY = 70  # 30 easy, 25 hard, 15 junk: as many as in ROxford
DEPTH = 10_000  # length of FAISS's lists
CHUNK = 20_000  # descriptors that are made at once
WAYS = {
    "plain": "concatenate, dot, full argsort, loop",
    "counting": "ours, float32 store",
    "half": "ours, float16 store",
    "published": "ours, the published .pt layout",
    "faiss": "FAISS flat, lists of 10,000",
    "floor": "read + matrix product",
}
STORES = {"counting": "plain", "half": "half", "published": "published.pt"}  # way -> what it reads


# ---- made-up descriptors -------------------------------------------------------------------------


def unit(rows: np.ndarray) -> np.ndarray:
    """Scale rows to unit length, float32."""
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def make(folder: Path, images: int) -> None:
    """Write database, queries, ground truth and distractors (float32, float16, `.pt`)."""
    from solar.search import Store

    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    make_database(folder, rng)

    # a store of float32, written by hand a chunk at a time: all of it may not fit in memory
    count = images - LABELLED
    store = folder / "plain"
    store.mkdir()
    rows = np.lib.format.open_memmap(store / "descriptors.npy", "w+", np.float32, (count, D))
    for start in range(0, count, CHUNK):
        stop = min(start + CHUNK, count)
        rows[start:stop] = unit(rng.standard_normal((stop - start, D), dtype=np.float32))
    (store / "names.txt").write_text("".join(f"{i}\n" for i in range(count)))
    (store / "meta.json").write_text(json.dumps(dict(made="simulated")))

    # the same in the two other forms
    Store.write(folder / "half", Store.open(store), dtype=np.float16)
    make_published(folder, rows)


def make_database(folder: Path, rng: np.random.Generator) -> None:
    """Write queries, database and ground truth; a positive's cosine to its query is 0.02 to 0.3."""
    # directions of chance, then each query's images are turned a little towards it
    queries = unit(rng.standard_normal((QUERIES, D)))
    database = unit(rng.standard_normal((LABELLED, D)))
    truth = []
    for q in range(QUERIES):
        index = np.arange(q * LABELS_PER_QUERY, (q + 1) * LABELS_PER_QUERY)
        share = rng.uniform(0.02, 0.3, (LABELS_PER_QUERY, 1))
        database[index] = unit(share * queries[q] + np.sqrt(1 - share**2) * database[index])
        numbers = index.tolist()
        truth.append(dict(easy=numbers[:30], hard=numbers[30:55], junk=numbers[55:]))
    np.save(folder / "queries.npy", queries)
    np.save(folder / "database.npy", database)
    (folder / "truth.json").write_text(json.dumps(truth))


def make_published(folder: Path, rows: np.ndarray) -> None:
    """Write the tensor D x N of the published files, by way of a file that is mapped."""
    import torch

    count = len(rows)
    mapped = folder / "columns.bin"
    columns = torch.from_file(str(mapped), shared=True, size=D * count).view(D, count)
    for start in range(0, count, CHUNK):
        piece = np.ascontiguousarray(rows[start : start + CHUNK].T)  # (D, n)
        columns[:, start : start + CHUNK] = torch.from_numpy(piece)
    torch.save(columns, folder / "published.pt")
    del columns
    mapped.unlink()


# ---- the ways ------------------------------------------------------------------------------------


def plain(truth, database, queries, folder: Path):
    """Evaluate as the published code does: all in memory, all sorted, walked down by query."""
    import torch

    from solar.search.protocol import PROTOCOLS, report_of_ranks, split_labels

    # columns are images: (D, N)
    vectors = torch.load(folder / "published.pt").numpy()
    vectors = np.concatenate([database.T, vectors], axis=1)
    order = np.argsort(-np.dot(vectors.T, queries.T), axis=0)  # (N, Q)
    ranks = {name: [] for name in PROTOCOLS}
    # ranks of the positives in the sorted list, less the ignored images before each
    for q, labels in enumerate(truth):
        for name, protocol in PROTOCOLS.items():
            positive, ignored = split_labels(labels, protocol)
            rank = np.flatnonzero(np.isin(order[:, q], positive))
            junk = np.flatnonzero(np.isin(order[:, q], ignored))
            ranks[name].append(rank - np.searchsorted(junk, rank))
    return report_of_ranks(ranks)


def faiss_flat(truth, database, queries, folder: Path):
    """Search exactly, to a depth of 10,000: what stands deeper is lost."""
    import faiss

    from solar.search import evaluate_lists

    # an index of all descriptors as they are, compared by dot product
    index = faiss.IndexFlatIP(D)
    index.add(database)
    rows = np.load(folder / "plain" / "descriptors.npy", mmap_mode="r")
    for start in range(0, len(rows), 50_000):
        index.add(np.asarray(rows[start : start + 50_000]))
    _, lists = index.search(queries, min(DEPTH, index.ntotal))
    return evaluate_lists(truth, lists)


def counting(truth, database, queries, store: Path):
    """Evaluate by counting, from a store or from the published file."""
    import solar

    return solar.evaluate(truth, database, queries, store)


def floor(queries, folder: Path) -> None:
    """Read the file once, multiply every piece with the queries."""
    import torch

    query_tensor = torch.from_numpy(queries)
    piece = np.empty((8192, D), np.float32)
    with (folder / "plain" / "descriptors.npy").open("rb", buffering=0) as file:
        file.seek(128)  # behind the head
        while file.readinto(memoryview(piece).cast("B")):
            query_tensor @ torch.from_numpy(piece).T


def go(way: str, truth, database, queries, folder: Path):
    """Evaluate one way; return its report, or None for the floor."""
    # the ways that are not ours, then the three stores
    if way == "plain":
        return plain(truth, database, queries, folder)
    if way == "faiss":
        return faiss_flat(truth, database, queries, folder)
    if way == "floor":
        return floor(queries, folder)
    return counting(truth, database, queries, folder / STORES[way])


# ---- measuring -----------------------------------------------------------------------------------


def peak() -> float:
    """Return the largest memory of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def measure(way: str, folder: Path, repeats: int) -> dict:
    """Return seconds (the best of `repeats`), GB and medium mAP of one way, in this process."""
    truth = json.loads((folder / "truth.json").read_text())
    database = np.load(folder / "database.npy")
    queries = np.load(folder / "queries.npy")
    counting(truth, database, queries, None)  # libraries are loaded and warm
    # seconds on the clock, and seconds of all threads
    wall = []
    cpu = []
    for _ in range(repeats):
        start = time.perf_counter()
        cpu_start = time.process_time()
        report = go(way, truth, database, queries, folder)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - cpu_start)
    score = None if report is None else report.map["medium"]
    return dict(seconds=min(wall), cpu=min(cpu), gb=peak(), map=score)


def measure_all(images: int, arguments: argparse.Namespace) -> dict[str, dict]:
    """Return the costs of all ways, way -> `measure`, each in a process of its own."""
    folder = arguments.folder / str(images)
    command = [sys.executable, __file__, "--folder", str(folder)]
    command += ["--repeats", str(arguments.repeats)]
    if not folder.exists():
        # in a process of its own: the peak of a child begins with that of its parent
        make_command = [*command, "--images", str(images), "--one", "make"]
        subprocess.run(make_command, check=True, stdout=subprocess.DEVNULL)

    costs = {}
    for way in arguments.ways:
        # all files into the system's cache
        for path in folder.rglob("*"):
            if path.is_file() and path.stem in ("descriptors", "published"):
                subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)
        done = subprocess.run([*command, "--one", way], check=True, stdout=subprocess.PIPE)
        costs[way] = json.loads(done.stdout)
    return costs


def table(costs: dict[str, dict]) -> list[str]:
    """Return one line per way: seconds, CPU seconds and memory, also as ratios."""
    # what the others are compared with, if it was measured
    base = costs.get("plain")
    least = costs.get("floor")
    lines = [f"{'way':39}  seconds   x floor   plain/   CPU s   plain/   GB   plain/  medium mAP"]
    for way, cost in costs.items():
        cells = [f"{WAYS[way]:39}", f"{cost['seconds']:8.2f} "]
        cells.append(f"{cost['seconds'] / least['seconds']:8.2f}" if least else " " * 8)
        cells.append(times_less(base, cost, "seconds"))
        cells.append(f"{cost['cpu']:7.2f}")
        cells.append(times_less(base, cost, "cpu"))
        cells.append(f"{cost['gb']:8.2f}")
        cells.append(times_less(base, cost, "gb"))
        cells.append("" if cost["map"] is None else f"{100 * cost['map']:10.4f}")
        lines.append(" ".join(cells))
    return lines


def times_less(base: dict | None, cost: dict, key: str) -> str:
    """Return how many times less than the plain way a way costs."""
    return f"{base[key] / cost[key]:7.1f}x" if base else " " * 8


def main() -> None:
    """Print a table for each number of images."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--images",
        type=int,
        nargs="+",
        default=[100_000],
        help="number of images, database and distractors together (%(default)s)",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        required=True,
        help="folder in which descriptors are made; they take 26 bytes per number",
    )
    parser.add_argument(
        "--ways", nargs="+", choices=WAYS, default=list(WAYS), help="ways to measure (all)"
    )
    parser.add_argument(
        "--repeats", type=int, default=3, help="runs of each way, the best counts (%(default)s)"
    )
    parser.add_argument("--save", type=Path, help="JSON file to add the numbers to")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # what a child process does
    arguments = parser.parse_args()
    # a child process: one way, or the making
    if arguments.one == "make":
        make(arguments.folder, arguments.images[0])
        return
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.folder, arguments.repeats)))
        return

    # the parent: a table for each size, saved beside those of earlier runs
    for images in arguments.images:
        costs = measure_all(images, arguments)
        if arguments.save:
            runs = json.loads(arguments.save.read_text()) if arguments.save.exists() else {}
            runs[str(images)] = costs
            arguments.save.write_text(json.dumps(runs, indent=2) + "\n")
        print(
            f"{images:,} images, made-up descriptors of {D}, {QUERIES} queries; "
            f"best of {arguments.repeats}"
        )
        print("\n".join(table(costs)), flush=True)


if __name__ == "__main__":
    main()
