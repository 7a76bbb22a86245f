"""Time and memory of a piece of work, in a process of its own."""

import multiprocessing
import resource
import time
from collections.abc import Callable
from typing import NamedTuple


class Outcome(NamedTuple):
    """Seconds, bytes of the file, and the most memory the process ever had in MB."""

    wall_s: float
    cpu_s: float
    size: int
    peak_mb: float


def measured(work: Callable[[int], int], count: int) -> Outcome:
    """What the work takes in a process of its own."""
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[Outcome] = context.Queue()
    process = context.Process(target=_measure, args=(work, count, queue))
    process.start()
    outcome = queue.get()
    process.join()
    return outcome


def _measure(work: Callable[[int], int], count: int, queue: "multiprocessing.Queue[Outcome]") -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    size = work(count)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    queue.put(Outcome(wall, cpu, size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
