"""The parent process: migrates, opens the socket, starts the children, replaces those that die or hang."""

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

from station import heartbeat, processes
from station.config import Config
from station.errors import SettingError
from station.forked import Forked
from station.standby import LEADER

log = logging.getLogger("station.serve")

LOOK_EVERY_S = 0.1
PAUSE_S = 0.5  # a fork is cheap, and an alert may wait for it
LIVED_S = 10.0  # a child that lived so long was healthy
FIRST_BEAT_S = 30.0
STOP_WITHIN_S = 7.0


@dataclass
class Child:
    """One child process and how often it had to be started."""

    name: str
    process: Forked
    started: float
    failures: int = 0
    again_at: float | None = None  # time.monotonic; set once it was found dead


@dataclass
class Parent:
    """Keeps the web processes, sender and jobs running until told to stop."""

    config: Config
    socket: socket.socket
    children: dict[str, Child] = field(default_factory=dict)
    stopping: bool = False

    def run(self, ready: Callable[[], None]) -> None:
        """Start everything, call `ready` once all are alive, and watch over them. Returns after SIGTERM or ^C."""
        heartbeat.forget(self.config.beats, LEADER)
        for name in processes.NAMES:
            self._start(name, failures=0)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        announced = False
        while not self.stopping:
            self._look_after_children()
            if not announced and self._all_alive():
                announced = True
                ready()
            time.sleep(LOOK_EVERY_S)
        self._end_children()

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _start(self, name: str, failures: int) -> None:
        heartbeat.forget(self.config.beats, name)
        process = Forked(
            name,
            partial(processes.run, name, self.config, self.socket),
            keep=self.socket if processes.is_web(name) else None,
        )
        self.children[name] = Child(name, process, time.monotonic(), failures)

    def _look_after_children(self) -> None:
        for child in list(self.children.values()):
            if child.process.poll() is not None:
                self._replace(child)
            elif self._hangs(child):
                log.error("%s gave no sign of life", child.name)
                child.process.send(signal.SIGKILL)  # the next look finds it dead

    def _replace(self, child: Child) -> None:
        """Start a dead child again at once; one that keeps dying after a pause of half a second.

        The pause is a time to wait for, not a sleep: a jobs process that keeps dying must not delay the sender.
        """
        moment = time.monotonic()
        if child.again_at is None:
            log.error("%s ended with status %s", child.name, child.process.poll())
            child.failures = 0 if moment - child.started > LIVED_S else child.failures + 1
            child.again_at = moment + _pause_s(child.failures)
        if moment >= child.again_at:
            self._start(child.name, child.failures)

    def _hangs(self, child: Child) -> bool:
        age = heartbeat.age_s(self.config.beats, child.name)
        if age is None:
            return time.monotonic() - child.started > FIRST_BEAT_S
        return heartbeat.is_stale(child.name, age)

    def _all_alive(self) -> bool:
        names = (*self.children, LEADER)
        return all(heartbeat.age_s(self.config.beats, name) is not None for name in names)

    def _end_children(self) -> None:
        for child in self.children.values():
            child.process.send(signal.SIGTERM)
        until = time.monotonic() + STOP_WITHIN_S
        for child in self.children.values():
            child.process.end_within(until - time.monotonic())


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


def many_files() -> None:
    """Two thousand connections and their database handles need more files than a shell usually allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    if soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
