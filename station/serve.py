"""The parent process: migrates, opens the socket, starts the children, replaces those that die or hang."""

import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from station import heartbeat, processes
from station.config import Config, to_environ

log = logging.getLogger("station.serve")

LOOK_EVERY_S = 0.1
LONGEST_PAUSE_S = 5.0
FIRST_BEAT_S = 30.0
STOP_WITHIN_S = 7.0


@dataclass
class Child:
    """One child process and how often it had to be started."""

    name: str
    process: "subprocess.Popen[bytes]"
    started: float
    failures: int = 0


@dataclass
class Parent:
    """Keeps web, sender and jobs running until told to stop."""

    config: Config
    socket: socket.socket
    children: dict[str, Child] = field(default_factory=dict)
    stopping: bool = False

    def run(self, ready: Callable[[], None]) -> None:
        """Start everything, call `ready` once all are alive, and watch over them. Returns after SIGTERM or ^C."""
        for name in processes.CHILDREN:
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
        command = [sys.executable, "-m", "station", "child", name]
        keep: tuple[int, ...] = ()
        if name == "web":
            command += ["--listener", str(self.socket.fileno())]
            keep = (self.socket.fileno(),)
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, env={**os.environ, **to_environ(self.config)}, stdin=subprocess.PIPE, pass_fds=keep
        )
        self.children[name] = Child(name, process, time.monotonic(), failures)

    def _look_after_children(self) -> None:
        for child in list(self.children.values()):
            if child.process.poll() is not None:
                self._replace(child, f"ended with status {child.process.returncode}")
            elif self._hangs(child):
                child.process.kill()
                child.process.wait()
                self._replace(child, "gave no sign of life")

    def _replace(self, child: Child, why: str) -> None:
        """Start a dead child again at once; one that keeps dying after a pause that grows to five seconds."""
        lived = time.monotonic() - child.started
        failures = 0 if lived > 10 else child.failures + 1
        log.error("%s %s; starting it again", child.name, why)
        if failures > 1:
            time.sleep(min(LONGEST_PAUSE_S, 0.25 * 2**failures))
        if child.process.stdin:
            child.process.stdin.close()
        self._start(child.name, failures)

    def _hangs(self, child: Child) -> bool:
        age = heartbeat.age_s(self.config.beats, child.name)
        if age is None:
            return time.monotonic() - child.started > FIRST_BEAT_S
        return age > heartbeat.STALE_S

    def _all_alive(self) -> bool:
        return all(heartbeat.age_s(self.config.beats, name) is not None for name in self.children)

    def _end_children(self) -> None:
        for child in self.children.values():
            with suppress(ProcessLookupError):
                child.process.terminate()
        until = time.monotonic() + STOP_WITHIN_S
        for child in self.children.values():
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, until - time.monotonic()))
            if child.process.poll() is None:
                child.process.kill()
                child.process.wait()


def many_files() -> None:
    """Two thousand connections and their database handles need more files than a shell usually allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    if soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
