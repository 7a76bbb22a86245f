"""Where photos are worked on: one thread of each process, which steps back for everybody else.

Decoding runs outside the interpreter's lock, but not outside the processor: two photos of 12 megapixels at once keep two
cores from every scan. A thread of low priority gives way to those who wait for an answer.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

Made = TypeVar("Made")

NICENESS = 10


def develop(work: Callable[[bytes], Made], data: bytes) -> Made:
    """What `work` makes of the bytes of a photo. Photos take turns: each needs up to 75 MB. Raises what `work` raises."""
    return _pool.submit(work, data).result()


def _step_back() -> None:
    with suppress(OSError):  # a system without priorities of threads
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


# The thread starts with the first photo, and so in the process that was forked.
_pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="photos", initializer=_step_back)
