"""Child processes by fork: a new one begins with everything imported, so that a dead one is replaced at once."""

import gc
import logging
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NoReturn

log = logging.getLogger("station.forked")

SIGNALS = {signal.SIGTERM, signal.SIGINT}
POLL_S = 0.02
LONGEST_WORDS = 400  # bytes


class Forked:
    """A running child. Its standard input is a pipe that ends when this process does, however it dies."""

    def __init__(
        self, name: str, run: Callable[[], None], keep: Sequence[socket.socket] = (), *, loud: bool = True
    ) -> None:
        """`keep` are the sockets that the child goes on using; all other open files but the standard three are closed.

        When `run` breaks, a child that is `loud` logs where; `last_words` say it in any case. To be called while this
        process has one thread and no database open.
        """
        self.last_words = ""
        reading, self._lifeline = os.pipe()
        self._words, telling = os.pipe()
        os.set_blocking(self._words, False)
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()  # so that the collector does not touch, and thereby copy, what all children share
        # A signal between the fork and the child's own handlers would be taken by the parent's, and forgotten.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        self.pid = os.fork()
        if self.pid == 0:
            _become(
                name,
                partial(_tell, run, name, telling, loud=loud),
                reading,
                [telling, *(one.fileno() for one in keep)],
            )
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(reading)
        os.close(telling)
        self._status: int | None = None

    def poll(self) -> int | None:
        """The exit status (minus the signal that killed it), or None while it runs."""
        if self._status is None:
            with suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self._status = os.waitstatus_to_exitcode(status)
                    self._hear()
                    os.close(self._lifeline)
        return self._status

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            self.last_words = os.read(self._words, LONGEST_WORDS).decode(errors="replace")
        os.close(self._words)

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when it has ended. A pid is not another's before it was waited for."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def end_within(self, seconds: float) -> None:
        """Wait for its end; after so many seconds, kill it."""
        until = time.monotonic() + seconds
        while self.poll() is None and time.monotonic() < until:
            time.sleep(POLL_S)
        while self.poll() is None:
            self.send(signal.SIGKILL)
            time.sleep(POLL_S)


def _become(name: str, run: Callable[[], None], reading: int, kept: list[int]) -> NoReturn:
    status = 1
    try:
        os.dup2(reading, 0)
        _close_all_but(kept)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        call_myself(f"station-{name}")
        run()
        status = 0
    finally:  # the parent's code, into which this would return, must never run twice
        os._exit(status)


def _tell(run: Callable[[], None], name: str, telling: int, *, loud: bool) -> None:
    """Run, and when it breaks say of which kind and where: what the error itself says may quote somebody's data."""
    try:
        run()
    except BaseException as error:
        if loud:
            log.exception("%s broke", name)
        frames = traceback.extract_tb(error.__traceback__)
        where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
        os.write(telling, f"{type(error).__qualname__}{where}".encode()[:LONGEST_WORDS])
        raise


def _close_all_but(kept: list[int]) -> None:
    """Else it would hold its siblings' lifelines, which then never end, and the lock of the data folder."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    following = 3
    for number in sorted(kept):
        os.closerange(following, number)
        following = number + 1
    os.closerange(following, most)


def call_myself(name: str) -> None:
    """The name that ps and top show, where the system has this file."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name)
