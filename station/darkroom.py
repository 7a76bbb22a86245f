"""Where photos are worked on: one at a time of all processes, by a thread that steps back for everybody else.

Decoding runs outside the interpreter's lock, but not outside the processor: two photos of 12 megapixels at once keep two
cores from every scan. A thread of low priority gives way to those who wait for an answer.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")

NICENESS = 10


class Turns:
    """A lock of all processes that named the same file; where none was named, or none can be made, nobody waits."""

    def __init__(self) -> None:
        self._file: int | None = None

    def share(self, path: Path) -> None:
        """Name the file. The system gives up the lock of a process that dies."""
        with suppress(OSError):  # a photo is worth more than its turn
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def mine(self) -> Iterator[None]:
        if self._file is None:
            yield
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)


def develop(work: Callable[[bytes], Made], data: bytes) -> Made:
    """What `work` makes of the bytes of a photo. Photos take turns: each needs up to 75 MB. Raises what `work` raises."""
    return _pool.submit(_in_turn, work, data).result()


def _in_turn(work: Callable[[bytes], Made], data: bytes) -> Made:
    with turns.mine():
        return work(data)


def _step_back() -> None:
    with suppress(OSError):  # a system without priorities of threads
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


turns = Turns()
# The thread starts with the first photo, and so in the process that was forked.
_pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="photos", initializer=_step_back)
