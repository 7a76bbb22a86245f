"""Bare Flask routes under the station's own server settings: what the page and the scans are measured against."""

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import waitress.server
from flask import Flask, request

from bench import plain, stations
from station import webserver
from station.db import StationDatabase


def main() -> None:
    """`python -m bench.bare [FOLDER]` prints its port; with a folder, POST / writes the rows of a scan there."""
    app = Flask("bare")
    app.add_url_rule("/", view_func=lambda: "ok")
    if sys.argv[1:]:
        app.add_url_rule("/", "write", _writing(Path(sys.argv[1])), methods=["POST"])
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    with suppress(OSError):
        waitress.server.create_server(
            app,
            sockets=[listener],
            threads=webserver.THREADS,
            connection_limit=webserver.CONNECTIONS,
            asyncore_use_poll=True,
            send_bytes=1,
            channel_timeout=60,
            ident=None,
        ).run()


def _writing(folder: Path) -> Callable[[], tuple[dict[str, Any], int]]:
    """A route that writes the same two rows a scan in a durable transaction of its own; nothing is sealed or told."""
    local = threading.local()
    with stations.opened(folder) as (db, _):
        path = db.path

    def write() -> tuple[dict[str, Any], int]:
        if not hasattr(local, "db"):
            local.db = StationDatabase(path)
        plain.one(local.db)
        return {"id": request.get_json()["request_id"]}, 201

    return write


if __name__ == "__main__":
    main()
