"""Waitress as the station uses it: several processes on one listening socket, each with its share of connections."""

import mmap
import os
import socket
import threading
import time
from collections.abc import Callable

import waitress.server
from waitress.task import ThreadedTaskDispatcher

from station.app import create_app
from station.config import WEB_PROCESSES, Config
from station.seal import Keyring

THREADS = 256 // WEB_PROCESSES
CONNECTIONS = 2000
LARGEST_REQUEST = (
    32 * 1024 * 1024
)  # bytes; what is larger than a page allows still gets a page with the hotline
LAST_ANSWERS_S = 0.5
STEP_BACK_S = 0.0005

# How many connections each web process holds, in memory that all share after the fork.
_held = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("I")


def serve(config: Config, ring: Keyring, listener: socket.socket, number: int, stop: threading.Event) -> None:
    """Serve pages on the socket that the parent opened, as web process `number` (from 0), until `stop`."""
    server = waitress.server.create_server(
        create_app(config, ring),
        sockets=[listener],
        _dispatcher=threads(THREADS),
        connection_limit=CONNECTIONS,
        max_request_body_size=LARGEST_REQUEST,
        asyncore_use_poll=True,
        send_bytes=1,
        recv_bytes=65536,
        channel_request_lookahead=1,  # so that a console that left frees its stream at once
        channel_timeout=60,
        ident=None,
        **_proxy(config),
    )
    server.handle_accept = in_turn(server, number)
    threading.Thread(target=_end_at, args=(server, stop), daemon=True).start()
    server.run()


class LastFirst:
    """A condition (see threading.Condition) that wakes whoever came last."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._waiting: list[threading.Lock] = []

    def wait(self) -> None:
        turn = threading.Lock()
        turn.acquire()
        self._waiting.append(turn)
        self._lock.release()
        try:
            turn.acquire()
        finally:
            self._lock.acquire()

    def notify(self) -> None:
        if self._waiting:
            self._waiting.pop().release()

    def notify_all(self) -> None:
        while self._waiting:
            self.notify()


def threads(count: int) -> ThreadedTaskDispatcher:
    """So many threads for requests, of which a few do nearly everything.

    Each thread that ever worked keeps freed memory for its next turn; taken in rotation, all of them do.
    """
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.queue_cv = LastFirst(dispatcher.lock)
    dispatcher.set_thread_count(count)
    return dispatcher


def in_turn(server: waitress.server.BaseWSGIServer, number: int) -> Callable[[], None]:
    """Accept a connection; whoever holds more than another steps back for a moment, and the other takes it.

    Without this the process that woke first takes all connections of a burst, and with keep-alive it keeps them.
    One that hangs does not hold the others up for longer than that moment.
    """
    accept = server.handle_accept

    def handle_accept() -> None:
        _held[number] = len(server.active_channels)
        if _held[number] > min(_held[:WEB_PROCESSES]):
            time.sleep(STEP_BACK_S)
        accept()
        _held[number] = len(server.active_channels)

    return handle_accept


def _end_at(server: waitress.server.BaseWSGIServer, stop: threading.Event) -> None:
    """Take no more connections, let running answers go out, and end with the streams, which never end by themselves."""
    stop.wait()
    server.accepting = False
    time.sleep(LAST_ANSWERS_S)
    os._exit(0)


def _proxy(config: Config) -> dict[str, object]:
    if not config.trusted_proxy:
        return {}
    return {
        "trusted_proxy": config.trusted_proxy,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
        "clear_untrusted_proxy_headers": True,
    }
