"""Signs of life of the processes: a file each, holding the machine's own count of seconds, which no clock step moves."""

import os
import time
from pathlib import Path

NAMES = ("web", "sender", "jobs")
STALE_S = 10.0


def beat(folder: Path, name: str) -> None:
    """Say "I am alive"; cheap enough for every turn of a loop."""
    draft = folder / f".{name}.{os.getpid()}"
    draft.write_text(f"{time.monotonic():.3f}")
    draft.rename(folder / f"{name}.beat")


def age_s(folder: Path, name: str) -> float | None:
    """Seconds since a process last said so; None when it never did (or before the machine was restarted)."""
    try:
        age = time.monotonic() - float((folder / f"{name}.beat").read_text())
    except (OSError, ValueError):
        return None
    return age if age >= 0 else None


def forget(folder: Path, name: str) -> None:
    (folder / f"{name}.beat").unlink(missing_ok=True)
