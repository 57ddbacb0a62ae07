"""Results of worker processes, in order; whatever happens to the workers, the work ends.

Workers can fail: the system kills one for its memory, or there are no more processes to be had.
Whoever waits for a result must then see that it will never come. Here each worker writes to a pipe
of its own, and only the worker holds the end it writes to. So the pipe ends with the worker, and
who reads from it knows at once. (`torch.utils.data.DataLoader` hands results over in shared memory,
which is small in many containers, and waits for ever where it is full.)

Book: chapter 10 (one million distractors).
"""

import multiprocessing
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TypeVar

import torch
from tqdm import tqdm

Result = TypeVar("Result")

LONGEST_END = 5  # seconds that a worker gets to end


def in_order(function: Callable[[int], Result], count: int, workers: int) -> Iterator[Result]:
    """Yield function(0), function(1), ..., computed ahead by worker processes.

    If a worker fails, this process computes what is left, and says so in one line on stderr.

    Args:
        function: of a number; it and its results can be pickled. Foreseeable errors are results,
            since an exception ends the worker.
        count: how often it is called.
        workers: the number of processes; 0: this process calls it.

    Example:
        >>> list(in_order(str, 3, workers=0))
        ['0', '1', '2']
    """
    done = 0
    if workers > 0:
        try:
            for result in _by_workers(function, count, min(workers, count)):
                done += 1
                yield result
        except (OSError, EOFError, MemoryError, pickle.UnpicklingError) as error:
            reason = "killed, or out of memory" if isinstance(error, EOFError) else str(error)
            message = f"solar: a worker process failed ({reason}); going on without workers"
            tqdm.write(message, file=sys.stderr)  # above a progress bar, if there is one

    # without workers, or what they left undone
    for number in range(done, count):
        yield function(number)


def _by_workers(function: Callable[[int], Result], count: int, workers: int) -> Iterator[Result]:
    """Yield the results of workers, of which number i computes i, i + workers, ...

    Raises:
        EOFError: a worker has ended before its work was done.
        OSError: a worker cannot be started, or has ended while it wrote.
    """
    processes: list[multiprocessing.Process] = []
    pipes: list = []  # the ends to read from
    try:
        # start all; this process closes its copy of the end that a worker writes to
        for first in range(workers):
            reader, writer = multiprocessing.Pipe(duplex=False)
            pipes.append(reader)
            with writer:
                numbers = range(first, count, workers)
                arguments = (function, numbers, reader, writer)
                process = multiprocessing.Process(target=_work, args=arguments, daemon=True)
                process.start()
            processes.append(process)
        # their results in turn: a worker that is ahead waits until its pipe is read
        for number in range(count):
            yield pipes[number % workers].recv()
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(LONGEST_END)


def _work(
    function: Callable[[int], object], numbers: range, reader: Connection, writer: Connection
) -> None:
    """Compute some results in a worker process, and send them."""
    # 1. the other process alone reads, so that this one sees it end; and it alone is interrupted
    reader.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)  # the threads of the other process are not in this one

    # 2. while a thread sends a result, the next one is computed. After an exception the worker
    # ends: the other process calls the function itself, and meets the exception where it can tell
    sending = None
    with suppress(Exception), ThreadPoolExecutor(1) as sender:
        for number in numbers:
            result = function(number)
            if sending is not None:
                sending.result()
            sending = sender.submit(writer.send, result)
        if sending is not None:
            sending.result()
    writer.close()
