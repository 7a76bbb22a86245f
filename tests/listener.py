"""The server under the test providers: a thread for each connection, and an end that leaves none behind."""

import contextlib
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

Wait = Callable[[float], bool]  # waits so many seconds; True when the server is closing


class Listener(socketserver.ThreadingTCPServer):
    """A server on a free port of 127.0.0.1, a thread for each connection, that ends at once with all of them."""

    allow_reuse_address = True
    request_queue_size = 512

    def __init__(
        self, handle: Callable[[socket.socket], None], certificate: Path | None, port: int = 0
    ) -> None:
        self.closing = threading.Event()
        self._handle = handle
        self._context = _server_context(certificate) if certificate else None
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), socketserver.BaseRequestHandler)

    def encrypt(self, sock: socket.socket) -> ssl.SSLSocket:
        """Do the server's side of a TLS handshake."""
        assert self._context, "give the server a certificate"
        tls = self._context.wrap_socket(sock, server_side=True)
        self._open.add(tls)
        return tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        # The client may leave at any moment, which is what half of the behaviours are for.
        with contextlib.suppress(OSError):
            self._handle(request)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        self.close_request(request)

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.005,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.server_close()


def drip(sock: socket.socket, wait: Wait, start: bytes, every: float, size: int) -> None:
    """Send the start at once and then one byte each `every` seconds."""
    sock.sendall(start)
    for _ in range(size):
        if wait(every):
            return
        sock.sendall(b"x")


def reset(sock: socket.socket, words: bytes = b"") -> None:
    """Send the words, then break the connection; closing with a linger time of zero sends a reset."""
    if words:
        sock.sendall(words)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def _server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda tls, name, _context: setattr(tls, "server_name", name)
    return context
