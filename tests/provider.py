"""Providers to send alerts to: real servers on 127.0.0.1 that misbehave as told.

with Provider() as provider:
    provider.script(reset(), respond(503))   # the next two requests; then `provider.otherwise`
    ...                                      # send to provider.url
    assert provider.wait_for(3)[-1].taken
"""

import hashlib
import hmac
import json
import random
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import listener
from listener import Listener, Wait, drip


@dataclass(frozen=True)
class Request:
    """One request as it came; `arrived` is monotonic seconds, `taken` whether the provider has the message."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    arrived: float
    behaviour: str
    taken: bool
    server_name: str | None

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Behaviour:
    """How one request is treated: `act` after it was read, or at once where `reads` is False."""

    name: str
    act: Callable[[socket.socket, Wait], None]
    taken: bool = False
    reads: bool = True


def respond(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """Answer at once; header names are written with underscores: Retry_After="5"."""
    answer = _head(status, len(body), headers) + body
    return Behaviour(f"{status}", lambda sock, _wait: sock.sendall(answer), taken=200 <= status < 300)


def code(errcode: object, status: int = 200) -> Behaviour:
    """Answer as WeCom does: HTTP 200 whatever happened, and the truth in the body."""
    body = json.dumps({"errcode": errcode, "errmsg": "ok" if errcode == 0 else "failed, hint: [1]"}).encode()
    answer = _head(status, len(body), {"Content_Type": "application/json"}) + body
    return Behaviour(f"code {errcode}", lambda sock, _wait: sock.sendall(answer), taken=errcode == 0)


def redirect(to: str, status: int = 307) -> Behaviour:
    return respond(status, Location=to)


def reset() -> Behaviour:
    """Read the request, then break the connection with a TCP reset."""
    return Behaviour("reset", lambda sock, _wait: listener.reset(sock))


def vanish() -> Behaviour:
    """Read the request, then close the connection without a word."""
    return Behaviour("vanish", lambda _sock, _wait: None)


def hang(seconds: float = 20) -> Behaviour:
    """Accept the connection and never read from it."""
    return Behaviour("hang", lambda sock, _wait: _silence(sock, seconds), reads=False)


def swallow(seconds: float = 20) -> Behaviour:
    """Take the message and never say so: the client cannot know."""
    return Behaviour("swallow", lambda sock, _wait: _silence(sock, seconds), taken=True)


def slow(seconds: float, then: Behaviour) -> Behaviour:
    """Wait, then do something else."""
    return Behaviour(
        f"slow {then.name}",
        lambda sock, wait: None if wait(seconds) else then.act(sock, wait),
        taken=then.taken,
    )


def drip_headers(every: float = 0.05, size: int = 400) -> Behaviour:
    """Say 200 and then send a header that never ends, byte by byte, for 20 s unless told otherwise."""
    return Behaviour(
        "drip headers", lambda sock, wait: drip(sock, wait, b"HTTP/1.1 200 OK\r\nX-Long: ", every, size)
    )


def drip_body(status: int = 200, every: float = 0.05, size: int = 400) -> Behaviour:
    """Answer with a body that comes byte by byte."""
    start = _head(status, size, {})
    return Behaviour(
        "drip body", lambda sock, wait: drip(sock, wait, start, every, size), taken=200 <= status < 300
    )


def raw(answer: bytes, *, taken: bool = False) -> Behaviour:
    """Answer with these very bytes."""
    return Behaviour("raw", lambda sock, _wait: sock.sendall(answer), taken=taken)


def mixture(shares: Mapping[Behaviour, float], seed: int) -> Callable[[], Behaviour]:
    """Choose a behaviour for each request by weight, the same way for the same seed: `provider.otherwise = …`."""
    chance, lock = random.Random(seed), threading.Lock()

    def choose() -> Behaviour:
        with lock:
            return chance.choices(list(shares), list(shares.values()))[0]

    return choose


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Check X-Station-Signature as a receiver would, from the documented format alone."""
    parts = dict(part.partition("=")[::2] for part in headers.get("x-station-signature", "").split(","))
    expected = hmac.new(
        secret.encode(), parts.get("t", "").encode() + b"." + body, hashlib.sha256
    ).hexdigest()
    return parts.get("t", "").isdecimal() and hmac.compare_digest(parts.get("v1", ""), expected)


class Provider:
    """An HTTP server that records requests and treats each as the script says, one request a connection.

    `otherwise` (a Behaviour, or a function that returns one) rules when the script is empty. With `certificate`
    (a PEM file with key and chain) it speaks TLS.
    """

    def __init__(self, certificate: Path | None = None, port: int = 0) -> None:
        self.otherwise: Behaviour | Callable[[], Behaviour] = respond(200)
        self.requests: list[Request] = []
        self.connections = 0
        self._script: deque[Behaviour] = deque()
        self._arrival = threading.Condition()
        self._encrypted = certificate is not None
        self._server = Listener(self._handle, certificate, port)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def script(self, *behaviours: Behaviour) -> None:
        """Treat the next requests like this, in this order."""
        self._script.extend(behaviours)

    def wait_for(self, count: int, timeout: float = 30) -> list[Request]:
        """Return the requests once there are so many; fails when they do not come."""
        with self._arrival:
            came = self._arrival.wait_for(lambda: len(self.requests) >= count, timeout)
            assert came, f"{len(self.requests)} of {count} requests came"
            return list(self.requests)

    def taken(self) -> list[Request]:
        """Return the requests whose message the provider has, whether or not the client learned of it."""
        with self._arrival:
            return [request for request in self.requests if request.taken]

    def _handle(self, sock: socket.socket) -> None:
        behaviour = self._next()
        if not self._encrypted:
            return self._treat(sock, behaviour, None)
        with self._server.encrypt(sock) as tls:
            return self._treat(tls, behaviour, getattr(tls, "server_name", None))

    def _treat(self, sock: socket.socket, behaviour: Behaviour, server_name: str | None) -> None:
        if behaviour.reads:
            method, path, headers, body = _read_request(sock)
            seen = (behaviour.name, behaviour.taken, server_name)
            self._record(Request(method, path, headers, body, time.monotonic(), *seen))
        behaviour.act(sock, self._server.closing.wait)

    def _next(self) -> Behaviour:
        with self._arrival:
            self.connections += 1
            if self._script:
                return self._script.popleft()
        return self.otherwise if isinstance(self.otherwise, Behaviour) else self.otherwise()

    def _record(self, request: Request) -> None:
        with self._arrival:
            self.requests.append(request)
            self._arrival.notify_all()


def _head(status: int, length: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Told", f"Content-Length: {length}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def _read_request(sock: socket.socket) -> tuple[str, str, dict[str, str], bytes]:
    with sock.makefile("rb") as stream:
        first = stream.readline().decode("latin-1").split()
        if len(first) != 3:
            raise ConnectionError("the client left without a request")
        headers = {}
        for line in iter(stream.readline, b"\r\n"):
            if not line:
                raise ConnectionError("the client died within its request")
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        body = stream.read(length := int(headers.get("content-length", 0)))
        if len(body) < length:
            raise ConnectionError("the client died within its request")
        return first[0], first[1], headers, body


def _silence(sock: socket.socket, seconds: float) -> None:
    # Ends early when the client leaves or the server closes, so that a flaky provider does not collect threads.
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    poll.poll(seconds * 1000)
