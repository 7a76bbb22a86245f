"""The load generator, in a process of its own: keep-alive clients, or a volley that is sent all at once."""

import json
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from bench.figures import percentile


@dataclass(frozen=True)
class Plan:
    """What to send. `{id}` in a request becomes a new id each time; requests are taken in turn."""

    port: int
    requests: list[str]
    threads: int = 8
    seconds: float = 1.5
    rate: float = 0.0  # requests a second over all threads; 0 is as fast as answers come
    volley: bool = False  # all requests at once, each on a connection of its own
    again: bool = False  # who is cut off connects and sends once more


@dataclass
class Outcome:
    """Of each request: when it was sent (time.monotonic), how long the answer took (seconds), status, body."""

    sent: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    body: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        ends = [sent + took for sent, took in zip(self.sent, self.took, strict=True)]
        return len(ends) / (max(ends) - min(self.sent))

    def ms(self, share: float) -> float:
        return percentile(self.took, share) * 1000


def get(path: str, **headers: str) -> str:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""])


def post(path: str, body: dict) -> str:
    text = json.dumps(body)
    length = len(text.replace("{id}", "0" * 32))
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    return head + text


def start(plan: Plan) -> "subprocess.Popen[bytes]":
    """Begin; `result` waits for the end. Several may run side by side."""
    running = subprocess.Popen(
        [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert running.stdin
    running.stdin.write(json.dumps(asdict(plan)).encode() + b"\n")
    running.stdin.flush()
    return running


def result(running: "subprocess.Popen[bytes]") -> Outcome:
    output, _ = running.communicate(timeout=300)
    return Outcome(**json.loads(output))


def stopped(running: "subprocess.Popen[bytes]") -> Outcome:
    """End it before its time; what is under way is still waited for."""
    running.terminate()
    return result(running)


def run(plan: Plan, expect: int) -> Outcome:
    """Send the plan and wait. Every answer must have the expected status, or the figure would be worth nothing."""
    outcome = result(start(plan))
    strange = [status for status in outcome.status if status != expect]
    assert not strange, f"{len(strange)} of {len(outcome.status)} answers were {set(strange)}"
    return outcome


def _keep_sending(plan: Plan, first: int, outcome: Outcome, begins: float) -> None:
    client, n = _connected(plan.port), first
    due = begins + (first / plan.rate if plan.rate else 0)
    while due < begins + plan.seconds and not _ended.is_set():
        time.sleep(max(0.0, due - time.monotonic()))
        # At a fixed rate the wait for a late answer counts: the next scan was due, whoever was slow.
        sent = due if plan.rate else time.monotonic()
        request = _filled(plan.requests[n % len(plan.requests)])
        try:
            status, body = _asked(client, request)
        except OSError:
            if not plan.again:
                raise
            client = _connected(plan.port)
            status, body = _asked(client, request)
        _note(outcome, sent, status, body)
        n += plan.threads
        due = due + plan.threads / plan.rate if plan.rate else time.monotonic()
    client.close()


def _connected(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), 30)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _asked(client: socket.socket, request: bytes) -> tuple[int, str]:
    client.sendall(request)
    return _answer(client)


def _volley(plan: Plan, outcome: Outcome) -> None:
    waiting = selectors.DefaultSelector()
    clients = [socket.create_connection(("127.0.0.1", plan.port), 30) for _ in plan.requests]
    requests = [_filled(request) for request in plan.requests]
    for client, request in zip(clients, requests, strict=True):
        waiting.register(client, selectors.EVENT_READ, time.monotonic())
        client.sendall(request)
    while waiting.get_map():
        for key, _ in waiting.select():
            assert isinstance(key.fileobj, socket.socket)
            status, body = _answer(key.fileobj)
            _note(outcome, key.data, status, body)
            waiting.unregister(key.fileobj)
            key.fileobj.close()


def _filled(request: str) -> bytes:
    return request.replace("{id}", uuid.uuid4().hex).encode()


def _answer(client: socket.socket) -> tuple[int, str]:
    got = b""
    while b"\r\n\r\n" not in got:
        more = client.recv(65536)
        if not more:
            raise ConnectionError("the server hung up")
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += client.recv(65536)
    return int(head[9:12]), body.decode("utf-8", "replace") if body[:1] == b"{" else ""


def _note(outcome: Outcome, sent: float, status: int, body: str) -> None:
    # One list each and the interpreter's lock: appends of two threads may interleave, so all four go in as one.
    with _noting:
        for column, value in (
            (outcome.sent, sent),
            (outcome.took, time.monotonic() - sent),
            (outcome.status, status),
            (outcome.body, body),
        ):
            column.append(value)  # type: ignore[attr-defined]


_noting = threading.Lock()
_ended = threading.Event()


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: _ended.set())
    plan, outcome = Plan(**json.loads(sys.stdin.readline())), Outcome()
    if plan.volley:
        _volley(plan, outcome)
    else:
        begins = time.monotonic() + 0.1
        _together(
            [
                threading.Thread(target=_keep_sending, args=(plan, n, outcome, begins))
                for n in range(plan.threads)
            ]
        )
    json.dump(asdict(outcome), sys.stdout)


def _together(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
