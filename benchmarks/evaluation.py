"""The revisited protocol among distractors: the plain way, ours, FAISS and the floor, each in a
process of its own.

    python benchmarks/evaluation.py --images 100000 300000 --folder /tmp/descriptors

70 queries, D = 2048, descriptors made up (said so): unit vectors, with positives near their query.
Files are read once before any clock starts. CPU seconds are those of all threads, and hardly change
when the machine is busy. Memory is the peak of the whole process, libraries included. The floor
reads the file once and multiplies each piece with the queries, and does nothing else.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

D, QUERIES, LABELLED = (
    2048,
    70,
    5000,
)  # labelled images stand in the database, all others are distractors
WAYS = {
    "plain": "concatenate, dot, full argsort, loop",
    "counting": "ours, float32 store",
    "half": "ours, float16 store",
    "published": "ours, the published .pt layout",
    "faiss": "FAISS flat, lists of 10,000",
    "floor": "read + matrix product",
}


def make(folder: Path, images: int) -> None:
    """Write database, queries, ground truth and distractors (float32, float16, `.pt`), a piece at a
    time.
    """
    import torch

    from solar.search.store import Store

    rng = np.random.default_rng(0)

    def unit(rows):
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    queries = unit(rng.standard_normal((QUERIES, D)))
    database = unit(rng.standard_normal((LABELLED, D)))
    truth = []
    for q in range(
        QUERIES
    ):  # as many labels as in ROxford: a positive has cosine 0.02 to 0.3 with its query
        index = np.arange(q * 70, q * 70 + 70)
        share = rng.uniform(0.02, 0.3, (70, 1))
        database[index] = unit(share * queries[q] + np.sqrt(1 - share**2) * database[index])
        truth.append(
            dict(easy=index[:30].tolist(), hard=index[30:55].tolist(), junk=index[55:].tolist())
        )
    folder.mkdir(parents=True)
    np.save(folder / "queries.npy", queries)
    np.save(folder / "database.npy", database)
    (folder / "truth.json").write_text(json.dumps(truth))
    count = images - LABELLED
    (folder / "plain").mkdir()
    rows = np.lib.format.open_memmap(
        folder / "plain" / "descriptors.npy", "w+", np.float32, (count, D)
    )
    for start in range(0, count, 20_000):
        stop = min(start + 20_000, count)
        rows[start:stop] = unit(rng.standard_normal((stop - start, D), dtype=np.float32))
    names = "".join(f"{i}\n" for i in range(count))
    for part, meta in (("names.txt", names), ("meta.json", json.dumps(dict(made="simulated")))):
        (folder / "plain" / part).write_text(meta)
    Store.write(folder / "half", Store.open(folder / "plain"), dtype=np.float16)
    columns = torch.from_file(str(folder / "columns.bin"), shared=True, size=D * count).view(
        D, count
    )
    for start in range(0, count, 20_000):
        columns[:, start : start + 20_000] = torch.from_numpy(
            np.ascontiguousarray(rows[start : start + 20_000].T)
        )
    torch.save(columns, folder / "published.pt")
    del columns
    (folder / "columns.bin").unlink()


def plain(truth, database, queries, folder: Path):
    """As the published evaluation does it: all in memory, all sorted, walked down a query at a
    time.
    """
    import torch

    from solar.search.protocol import PROTOCOLS, Report

    vectors = torch.load(folder / "published.pt").numpy()  # columns are images
    vectors = np.concatenate([database.T, vectors], axis=1)
    order = np.argsort(-np.dot(vectors.T, queries.T), axis=0)
    ranks = {protocol: [] for protocol in PROTOCOLS}
    for q, labels in enumerate(truth):
        for protocol, (positive, ignored) in PROTOCOLS.items():
            good, out = (
                [i for label in side for i in labels[label]] for side in (positive, ignored)
            )
            place = np.flatnonzero(np.isin(order[:, q], good))
            junk = np.flatnonzero(np.isin(order[:, q], out))
            ranks[protocol].append(place - np.searchsorted(junk, place))
    return Report.of_ranks(ranks)


def faiss_flat(truth, database, queries, folder: Path):
    """Exact search to a depth of 10,000: what stands deeper is lost."""
    import faiss

    from solar.search.protocol import evaluate_lists

    index = faiss.IndexFlatIP(D)
    index.add(database)
    rows = np.load(folder / "plain" / "descriptors.npy", mmap_mode="r")
    for start in range(0, len(rows), 50_000):
        index.add(np.asarray(rows[start : start + 50_000]))
    return evaluate_lists(truth, index.search(queries, min(10_000, index.ntotal))[1])


def floor(folder: Path, queries) -> None:
    """Read the file once, multiply every piece with the queries."""
    import torch

    wanted = torch.from_numpy(queries)
    piece = np.empty((8192, D), np.float32)
    with open(folder / "plain" / "descriptors.npy", "rb", buffering=0) as file:
        file.seek(128)
        while file.readinto(memoryview(piece).cast("B")):
            wanted @ torch.from_numpy(piece).T


def peak() -> float:
    """GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def one(way: str, folder: Path, repeats: int) -> dict:
    """Seconds (the best of `repeats`), GB and medium mAP of one way, measured in this process."""
    import solar

    truth = json.loads((folder / "truth.json").read_text())
    database, queries = np.load(folder / "database.npy"), np.load(folder / "queries.npy")
    solar.evaluate(truth, database, queries)  # libraries are loaded and warm
    times, report = [], None
    stores = dict(
        counting=folder / "plain", half=folder / "half", published=folder / "published.pt"
    )
    for _ in range(repeats):
        start, busy = time.perf_counter(), time.process_time()
        if way in stores:
            report = solar.evaluate(truth, database, queries, stores[way])
        elif way == "floor":
            floor(folder, queries)
        else:
            report = dict(plain=plain, faiss=faiss_flat)[way](truth, database, queries, folder)
        times.append((time.perf_counter() - start, time.process_time() - busy))
    seconds, cpu = map(min, zip(*times))
    return dict(seconds=seconds, cpu=cpu, gb=peak(), map=report and report.map["medium"])


def main() -> None:
    """One line a way: seconds, peak memory, and both as ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--images", type=int, nargs="+", default=[100_000], help="database with distractors"
    )
    parser.add_argument(
        "--folder", type=Path, required=True, help="where descriptors are made (26 bytes a number)"
    )
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="(all)")
    parser.add_argument("--repeats", type=int, default=3, help="the best counts (%(default)s)")
    parser.add_argument("--save", type=Path, help="add the numbers to this JSON file")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one == "make":
        make(arguments.folder, arguments.images[0])
        return
    if arguments.one:
        print(json.dumps(one(arguments.one, arguments.folder, arguments.repeats)))
        return
    for images in arguments.images:
        folder = arguments.folder / str(images)
        command = [
            sys.executable,
            __file__,
            "--folder",
            str(folder),
            "--repeats",
            str(arguments.repeats),
        ]
        if not folder.exists():  # in a process of its own: a child's peak begins with its parent's
            subprocess.run(
                [*command, "--images", str(images), "--one", "make"],
                check=True,
                stdout=subprocess.DEVNULL,
            )
        print(
            f"{images:,} images, made-up descriptors of {D}, {QUERIES} queries; best of {arguments.repeats}"
        )
        print(f"{'way':39}  seconds   x floor   plain/   CPU s   plain/   GB   plain/  medium mAP")
        found = {}
        for way in arguments.ways:
            for path in folder.rglob("*"):  # into the system's cache
                if path.is_file() and path.stem in ("descriptors", "published"):
                    subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)
            found[way] = json.loads(
                subprocess.run([*command, "--one", way], check=True, stdout=subprocess.PIPE).stdout
            )
        if arguments.save:
            runs = json.loads(arguments.save.read_text()) if arguments.save.exists() else {}
            arguments.save.write_text(json.dumps(runs | {str(images): found}, indent=2) + "\n")
        base, least = found.get("plain"), found.get("floor")
        for way, cost in found.items():
            beside = [f"{cost['seconds'] / least['seconds']:8.2f}" if least else " " * 8]
            beside += [f"{base['seconds'] / cost['seconds']:7.1f}x" if base else " " * 8]
            busy = f"{cost['cpu']:7.2f} " + (
                f"{base['cpu'] / cost['cpu']:7.1f}x" if base else " " * 8
            )
            ratio = f"{base['gb'] / cost['gb']:7.1f}x" if base else ""
            score = "" if cost["map"] is None else f"{100 * cost['map']:10.4f}"
            seconds, gb = f"{cost['seconds']:8.2f}", f"{cost['gb']:8.2f}"
            print(
                f"{WAYS[way]:39} {seconds}  {beside[0]} {beside[1]} {busy} {gb} {ratio:8} {score}",
                flush=True,
            )


if __name__ == "__main__":
    main()
