"""Bare Flask routes under the station's own server settings: what the page and the scans are measured against."""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import waitress.server
from flask import Flask, request

from bench import plain, stations
from station import webserver
from station.config import WEB_PROCESSES
from station.db import StationDatabase


def main() -> None:
    """`python -m bench.bare [FOLDER]` prints its port; with a folder, POST / writes the rows of a scan there.

    POST /read reads the same body and writes nothing. As many processes answer as the station has.
    """
    if sys.argv[1:]:
        with stations.opened(Path(sys.argv[1])) as (db, _):
            path = db.path
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    number = _forked()
    app = Flask("bare")
    app.add_url_rule("/", view_func=lambda: "ok")
    app.add_url_rule("/read", "read", _read, methods=["POST"])
    if sys.argv[1:]:
        app.add_url_rule("/", "write", _writing(path), methods=["POST"])
    if not number:
        print(listener.getsockname()[1], flush=True)
    else:
        _end_with_parent()
    with suppress(OSError):
        server = waitress.server.create_server(
            app,
            sockets=[listener],
            threads=webserver.THREADS,
            connection_limit=webserver.CONNECTIONS,
            asyncore_use_poll=True,
            send_bytes=1,
            channel_timeout=60,
            ident=None,
        )
        server.handle_accept = webserver.in_turn(server, number)
        server.run()


def _forked() -> int:
    """Which of the processes this is; 0 is the parent."""
    return next((n for n in range(1, WEB_PROCESSES) if not os.fork()), 0)


def _end_with_parent() -> None:
    def watch() -> None:
        parent = os.getppid()
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def _read() -> tuple[dict[str, Any], int]:
    return {"id": request.get_json()["request_id"]}, 201


def _writing(path: Path) -> Callable[[], tuple[dict[str, Any], int]]:
    """A route that writes the same two rows a scan in a durable transaction of its own; nothing is sealed or told."""
    local = threading.local()

    def write() -> tuple[dict[str, Any], int]:
        if not hasattr(local, "db"):
            local.db = StationDatabase(path)
        plain.one(local.db)
        return _read()

    return write


if __name__ == "__main__":
    main()
