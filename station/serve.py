"""The parent process: migrates, opens the socket, starts the children, replaces those that die or hang."""

import ctypes
import fcntl
import logging
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from station import darkroom, heartbeat, processes
from station.config import Config
from station.errors import SettingError
from station.forked import Forked
from station.standby import LEADER

log = logging.getLogger("station.serve")

# Of glibc's malloc.h.
M_ARENA_MAX = -8
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1
LARGE = 1 << 20  # bytes

Missing = dict[str, str]  # why, by name
Socket = socket.socket
Post = Socket | None

LOOK_EVERY_S = 0.1
PAUSE_S = 0.5  # a fork is cheap, and an alert may wait for it
LIVED_S = 10.0  # a child that lived so long was healthy
FIRST_BEAT_S = 30.0
STOP_WITHIN_S = 7.0
TOLD_AFTER_S = 1.0  # whoever waits longer for the end is told why
READY_WITHIN_S = 10.0  # after that it is said what does not run
BROKEN_AFTER = 3  # deaths one after the other: whatever dies so often at its start will not begin by waiting
SETTLED_S = 2.0  # one that died at its start counts as running again after so long
LOUD, LOUD_AGAIN = (
    3,
    120,
)  # deaths in a row that are told one by one; then one a minute, or a log would fill the disk


@dataclass
class Child:
    """One child process and how often it had to be started."""

    name: str
    process: Forked
    started: float
    failures: int = 0
    again_at: float | None = None  # time.monotonic; set once it was found dead
    last_words: str = ""  # of what killed the one before
    sign: int | None = None  # of life, the last that was seen
    silent: int = 0  # looks since then


@dataclass
class Parent:
    """Keeps all other processes running until told to stop. `post` is the demonstration's mail server."""

    config: Config
    socket: socket.socket
    post: Post = None
    doors: darkroom.Pair = field(default_factory=darkroom.doors)
    children: dict[str, Child] = field(default_factory=dict)
    stopping: bool = False
    began: float = 0.0  # time.monotonic
    lacking: Missing | None = (
        None  # what did not run when it was looked at last; None before anything was said
    )

    def run(self, ready: Callable[[Missing], None]) -> None:
        """Start everything, call `ready`, and watch over all. Returns after SIGTERM or ^C.

        `ready` hears what does not run, and why: nothing once all are alive; after ten seconds, or as soon as it is
        clear that something cannot start, whatever is missing then. It is tried again for ever: pages that work
        without a sender still take reports.
        """
        self.began = time.monotonic()
        heartbeat.forget(self.config.beats, LEADER)
        for name in processes.NAMES:
            self._start(name, failures=0)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while not self.stopping:
            with suppress(OSError):  # the write is what matters, nobody reads it
                heartbeat.beat(self.config.beats, "parent")
            self._look_after_children()
            self._announce(ready)
            time.sleep(LOOK_EVERY_S)
        self._end_children()

    def _announce(self, ready: Callable[[Missing], None]) -> None:
        if self.lacking == {}:
            return
        missing = self._missing()
        if self.lacking is None and (not missing or self._waited_enough(missing)):
            self.lacking = missing
            if missing:
                told = "; ".join(f"{name}: {why}" for name, why in missing.items())
                log.error("does not run: %s. Trying on; reports are taken and kept meanwhile", told)
            ready(missing)
        elif self.lacking and not missing:
            self.lacking = missing
            log.warning("everything runs now")

    def _waited_enough(self, missing: Missing) -> bool:
        broken = [name for name, child in self.children.items() if child.failures >= BROKEN_AFTER]
        late = time.monotonic() - self.began > READY_WITHIN_S
        return late or bool(broken) and missing.keys() - {LEADER} <= set(broken)

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _start(self, name: str, failures: int, last_words: str = "") -> None:
        heartbeat.forget(self.config.beats, name)
        keep = self._sockets(name)
        run = partial(processes.run, name, self.config, *keep)
        process = Forked(name, run, keep=keep, loud=_is_told(failures))
        self.children[name] = Child(name, process, time.monotonic(), failures, last_words=last_words)

    def _sockets(self, name: str) -> list[Socket]:
        """What the child of this name is given, in the order of its parameters."""
        to_photos, photos = self.doors
        if processes.is_web(name):
            return [self.socket, to_photos]
        if name == processes.PHOTOS:
            return [photos]
        return [self.post] if self.post and name == processes.JOBS else []

    def _look_after_children(self) -> None:
        for child in list(self.children.values()):
            if child.process.poll() is not None:
                self._replace(child)
            elif self._hangs(child):
                log.error("%s gave no sign of life", child.name)
                child.process.send(signal.SIGKILL)  # a following look finds it dead
                child.silent = 0

    def _replace(self, child: Child) -> None:
        """Start a dead child again at once; one that keeps dying after a pause of half a second.

        The pause is a time to wait for, not a sleep: a jobs process that keeps dying must not delay the sender.
        """
        moment = time.monotonic()
        if child.again_at is None:
            if _is_told(child.failures):
                log.error("%s ended with status %s", child.name, child.process.poll())
            child.failures = 0 if moment - child.started > LIVED_S else child.failures + 1
            child.last_words = child.process.last_words or f"ended with status {child.process.poll()}"
            child.again_at = moment + _pause_s(child.failures)
        if moment >= child.again_at:
            self._start(child.name, child.failures, child.last_words)

    def _hangs(self, child: Child) -> bool:
        """Looks are counted, not seconds: while the machine or its disk stands still this process does too, and

        whoever was silent with it is not killed for that.
        """
        sign = heartbeat.last_ns(self.config.beats, child.name)
        child.sign, child.silent = sign, child.silent + 1 if sign == child.sign else 0
        patience = FIRST_BEAT_S if sign is None else heartbeat.patience_s(child.name)
        return child.silent * LOOK_EVERY_S > patience

    def _missing(self) -> Missing:
        """What does not run, and why. One that died at its start may give a sign of life before it dies again."""
        found = {}
        for name, child in self.children.items():
            settled = not child.failures or time.monotonic() - child.started > SETTLED_S
            if heartbeat.age_s(self.config.beats, name) is None or child.again_at or not settled:
                found[name] = child.last_words or "no sign of life yet"
        if heartbeat.age_s(self.config.beats, LEADER) is None:
            found[LEADER] = "nothing sends alerts"
        return found

    def _end_children(self) -> None:
        for child in self.children.values():
            child.process.send(signal.SIGTERM)
        until = time.monotonic() + STOP_WITHIN_S
        while self._lives() and time.monotonic() < until - STOP_WITHIN_S + TOLD_AFTER_S:
            time.sleep(LOOK_EVERY_S)
        if self._lives():
            log.warning(
                "ending; messages in the air have %d s to arrive, others wait for the next start",
                processes.DRAIN_S,
            )
        for child in self.children.values():
            child.process.end_within(until - time.monotonic())

    def _lives(self) -> bool:
        return any(child.process.poll() is None for child in self.children.values())


def _is_told(failures: int) -> bool:
    return failures < LOUD or failures % LOUD_AGAIN == 0


def _pause_s(failures: int) -> float:
    return 0.0 if failures < 2 else PAUSE_S


def alone(config: Config, wait_s: float = STOP_WITHIN_S + 1) -> None:
    """Hold the data folder for this process; a parent that is just ending is waited for.

    A second parent would take the channels and the address of the first away. Raises SettingError.
    """
    lock = os.open(processes.prepare(config) / "parent.lock", os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + wait_s
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() >= until:
            os.close(lock)
            raise SettingError(f"A station is running on {config.data_dir} already; stop it first.")
        time.sleep(LOOK_EVERY_S)


def set_limits() -> None:
    """What this process and all that it forks may take from the system. To be called before the first thread."""
    _many_files()
    _one_heap()


def _many_files() -> None:
    """Two thousand connections and their database handles need more files than a shell usually allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    if soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _one_heap() -> None:
    """All threads take their memory from one heap, and what is large goes back to the system when it is given back.

    By default glibc gives threads heaps of their own, eight for each processor, of which none ever shrinks; and once a
    large piece was given back, the next of its size comes from the heap, which keeps it. Other C libraries have one heap
    anyhow.
    """
    with suppress(OSError, AttributeError):
        set_option = ctypes.CDLL(None).mallopt
        set_option(M_ARENA_MAX, 1)
        set_option(M_MMAP_THRESHOLD, LARGE)
        set_option(M_TRIM_THRESHOLD, 2 * LARGE)
