"""Where photos are worked on: one at a time of all processes, by a thread that steps back for everybody else.

Decoding runs outside the interpreter's lock, but not outside the processor: two photos of 12 megapixels at once keep two
cores from every scan. A thread of low priority gives way to those who wait for an answer.
"""

import fcntl
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")

NICENESS = 10


def share(path: Path) -> None:
    """Take turns with all processes that name the same file. The lock of one that dies is given up by the system."""
    with suppress(OSError):  # a photo is worth more than its turn
        _turns.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def develop(work: Callable[[bytes], Made], data: bytes) -> Made:
    """What `work` makes of the bytes of a photo. Photos take turns: each needs up to 75 MB. Raises what `work` raises."""
    return _pool.submit(_in_turn, work, data).result()


def _in_turn(work: Callable[[bytes], Made], data: bytes) -> Made:
    for lock in _turns:
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        return work(data)
    finally:
        for lock in _turns:
            fcntl.flock(lock, fcntl.LOCK_UN)


def _step_back() -> None:
    with suppress(OSError):  # a system without priorities of threads
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


_turns: list[int] = []  # the open lock file, if `share` could open one
# The thread starts with the first photo, and so in the process that was forked.
_pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="photos", initializer=_step_back)
