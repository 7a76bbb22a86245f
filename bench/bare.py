"""A bare Flask route under the station's own server settings: what the page is measured against."""

import socket
from contextlib import suppress

import waitress.server
from flask import Flask

from station import webserver


def main() -> None:
    app = Flask("bare")
    app.add_url_rule("/", view_func=lambda: "ok")
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


if __name__ == "__main__":
    main()
