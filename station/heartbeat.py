"""Signs of life: an empty file a process, stamped with the machine's own count of seconds, which no clock step moves."""

import os
import time
from functools import cache
from pathlib import Path

# Tests shorten it: ten seconds of waiting are long for a test and short for a disk that stalls.
STALE_S = float(os.environ.get("STATION_STALE_S") or 10.0)
# A web process that is replaced drops the answers under way, so it gets longer: at a load of nine on two cores one
# that was well was silent for ten seconds.
STALE_OF_OTHERS_S = 3 * STALE_S


def beat(folder: Path, name: str) -> None:
    """Say "I am alive"; cheap enough for every turn of a loop.

    Only the time stamp is written: that needs no room, and nobody may die of a full disk by saying so.
    """
    path = _path(folder, name)
    moment = time.monotonic_ns()
    try:
        os.utime(path, ns=(moment, moment))
    except FileNotFoundError:
        path.touch(mode=0o600)
        os.utime(path, ns=(moment, moment))


def patience_s(name: str) -> float:
    """A process that has been silent for more seconds counts as hung."""
    return STALE_S if name.startswith("sender") else STALE_OF_OTHERS_S


def is_stale(name: str, age: float) -> bool:
    """Whether a process that has been silent for `age` seconds counts as hung."""
    return age > patience_s(name)


def age_s(folder: Path, name: str) -> float | None:
    """Seconds since a process last said so; None when it never did (or before the machine was restarted)."""
    # The stamp first: a process that says so between the two would seem to have done it in the future.
    stamp = last_ns(folder, name)
    if stamp is None:
        return None
    age = time.monotonic_ns() - stamp
    # A file that was made this instant still carries the wall clock's time, which is far ahead.
    return age / 1e9 if age >= 0 else None


def last_ns(folder: Path, name: str) -> int | None:
    """The stamp of a process's last sign of life, in nanoseconds; None when it never gave one."""
    try:
        return _path(folder, name).stat().st_mtime_ns
    except OSError:
        return None


def forget(folder: Path, name: str) -> None:
    _path(folder, name).unlink(missing_ok=True)


@cache
def _path(folder: Path, name: str) -> Path:
    """Kept: each new Path enters its parts in the interpreter's table of names, and twenty a second make that grow."""
    return folder / f"{name}.beat"
