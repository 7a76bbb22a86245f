"""Which of the sender processes sends: one holds the lock, the other waits for its end or its silence."""

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

from station import heartbeat
from station.forked import call_myself

LEADER = "sender"  # under this name the one that sends gives its signs of life
LOOK_EVERY_S = 0.05
# Looks at a silent leader before another one leads. They are counted, not timed: on a machine that is overloaded
# whoever waits gets fewer turns too, so that a leader that is merely slow keeps its place.
SILENT_LOOKS = round(heartbeat.STALE_S / 5 / LOOK_EVERY_S)


class Standby:
    """One sender process in its wait for the lead. The system gives its lock back however a process dies."""

    def __init__(self, beats: Path, name: str) -> None:
        self._beats = beats
        self._name = name
        self._held = False
        self._lock = os.open(beats / "sender.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def wait(self, stop: threading.Event) -> bool:
        """Wait until this process is to lead; False when it is to end instead."""
        call_myself("station-standby")
        seen, silent = heartbeat.last_ns(self._beats, LEADER), 0
        while not stop.is_set():
            heartbeat.beat(self._beats, self._name)
            if self._take_lock() or silent >= SILENT_LOOKS:
                call_myself("station-sender")
                self.lead()
                return True
            stop.wait(LOOK_EVERY_S)
            sign = heartbeat.last_ns(self._beats, LEADER)
            seen, silent = sign, silent + 1 if sign == seen else 0
        return False

    def lead(self) -> None:
        """Say that the leader lives. One that took over from a hung process gets the lock when that one dies."""
        heartbeat.beat(self._beats, self._name)
        heartbeat.beat(self._beats, LEADER)
        self._take_lock()

    def step_back(self, stop: threading.Event) -> None:
        """Another process leads now; it is left the time to take the lock."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        self._held = False
        stop.wait(20 * LOOK_EVERY_S)

    def _take_lock(self) -> bool:
        if not self._held:
            with suppress(BlockingIOError):
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._held = True
        return self._held
