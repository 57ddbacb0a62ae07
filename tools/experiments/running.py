"""Does the jobs of a table that are missing, in this process or several, and merges the records."""

import functools
import multiprocessing
import os
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path

import torch

from . import registry
from .frozen import is_ready
from .ledger import Job, write_results
from .tables import Table


@functools.cache
def table_of(name: str, work: Path) -> Table:
    """Return a table; a process makes each once, and keeps the maps that it has opened."""
    return registry.table_class(name)(work)


def one_thread() -> None:
    """Compute with one thread: the same sums on any number of cores."""
    torch.set_num_threads(1)


def do(name: str, work: Path, job: Job) -> dict:
    """Do one job and write its record; it may be called in another process."""
    table = table_of(name, work)
    started = time.process_time()
    record = table.run(job)
    # processor time, that of earlier processes included where the job knows it
    seconds = round(time.process_time() - started, 1)
    record = dict(record, seconds=max(seconds, record.get("seconds", 0)))
    table.ledger.write(job, record)
    return record


def pending(table: Table, test: bool) -> list[Job]:
    """Return the jobs that can be done now and are not."""
    return [job for job in table.jobs(test) if not table.ledger.has(job)]


def run_table(name: str, work: Path, output: Path, processes: int = 1, test: bool = False) -> None:
    """Do all jobs of a table that are missing; then write its results to `output`.

    Args:
        name: of the table.
        work: folder for maps, weights and records.
        output: folder of the results files; a file is written when no job is missing.
        processes: that work side by side.
        test: whether the test set may be read.
    """
    table = table_of(name, work)
    absent = [need for need in table.needs if not is_ready(need)]
    if absent:
        print(f"{name}: waits for {', '.join(absent)} (`solar data NAME` renders a mini set)")
        return
    one_thread()
    table.prepare(test)
    if processes == 1:
        while jobs := pending(table, test):
            report(name, jobs[0], do(name, work, jobs[0]), len(jobs) - 1)
    else:
        share(table, processes, test)
    publish(table, output, test)


def share(table: Table, processes: int, test: bool) -> None:
    """Do all missing jobs in several processes."""
    # libraries that the processes load read this when they are loaded
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, one_thread) as pool:
        running = {}
        while True:
            # no more jobs are handed out than there are processes: a later job may be better known
            waiting = [job for job in pending(table, test) if job not in running.values()]
            for job in waiting[: processes - len(running)]:
                running[pool.submit(do, table.name, table.work, job)] = job
            if not running:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                report(table.name, running.pop(future), future.result(), len(waiting) - 1)


def report(name: str, job: Job, record: dict, left: int) -> None:
    """Print one line about a job that is done."""
    numbers = []
    for key in ("held_out", "medium"):
        if key in record:
            numbers.append(f"{key} {record[key]:.2f}")
    words = ", ".join([*numbers, f"{record['seconds']:.0f} s", f"{max(left, 0)} left so far"])
    print(f"{name} {job.name}: {words}", flush=True)


def publish(table: Table, output: Path, test: bool) -> None:
    """Write the results: always into the work folder, and to `output` when no job is missing."""
    results = table.results(test)
    write_results(results, table.work / f"{table.name}.json")
    if not pending(table, test):
        write_results(results, output / f"{table.name}.json")


def status(name: str, work: Path, test: bool = False) -> str:
    """Return one line: what is done, what is missing, and the hours that were measured."""
    table = table_of(name, work)
    absent = [need for need in table.needs if not is_ready(need)]
    if absent:
        return f"{name}: waits for {', '.join(absent)}"
    jobs = table.jobs(test)
    records = [record for job in jobs if (record := table.ledger.read(job)) is not None]
    hours = sum(record["seconds"] for record in records) / 3600
    missing = len(jobs) - len(records)
    return f"{name}: {len(records)} jobs done, {missing} known and missing, {hours:.2f} hours"
