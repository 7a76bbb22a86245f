"""From a finder's press to the message at the provider: calm, beside busy writers, and in a burst."""

import json
import socketserver
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bench import load, plain, stations
from bench.figures import Figure, at_least, at_most, percentile
from bench.stations import Station
from station import clock
from station.channels import registry
from station.channels.base import Outgoing

SECONDS, RATE = 40.0, 5.0
WRITERS = 16
BURST = 250


class Provider(socketserver.ThreadingTCPServer):
    """Takes every webhook and remembers when the first notice of each incident came (time.monotonic)."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def __init__(self) -> None:
        self.first: dict[str, float] = {}
        super().__init__(("127.0.0.1", 0), Taker)

    def told(self, scans: load.Outcome, within_s: float) -> list[float]:
        """When the first notice of each scan's incident came; waits for those that did not come yet."""
        incidents = {json.loads(body)["incident"] for body in scans.body}
        until = time.monotonic() + within_s
        while not incidents <= self.first.keys() and time.monotonic() < until:
            time.sleep(0.01)
        return [self.first[incident] for incident in incidents & self.first.keys()]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Taker(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        arrived, length = time.monotonic(), 0
        for line in iter(self.rfile.readline, b"\r\n"):
            if not line:
                return  # the client is gone
            if line.lower().startswith(b"content-length:"):
                length = int(line[15:])
        message = json.loads(self.rfile.read(length))
        if message["kind"] == "notice":
            assert isinstance(self.server, Provider)
            self.server.first.setdefault(message["incident"], arrived)
        self.wfile.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


def run() -> list[Figure]:
    with provider_running() as provider, stations.running("--webhook", provider.url) as station:
        calm = _steady(station, 3000)
        calm_told = _arrivals(provider, calm)
        writers = load.start(load.Plan(station.port, station.scans([station.page(0)]), WRITERS, SECONDS + 1))
        with ThreadPoolExecutor(1) as other:
            disk = other.submit(_bare_transactions)
            beside = _steady(station, 4000)
        beside_told = _arrivals(provider, beside)
        load.result(writers)
        plan = load.Plan(station.port, _new_badges(station, 5000, BURST), volley=True)
        burst = load.run(plan, 201)
        burst_told = _arrivals(provider, burst)
        floor = _bare_loop(provider, BURST)
    return [
        Figure(
            f"bare loop over the HTTP client, {BURST} messages: p50, p99, all",
            f"{_two(floor)}, {sum(floor):.2f} s",
        ),
        *_spread("5 scans/s", calm, calm_told),
        *_spread(f"5 scans/s beside {WRITERS} busy writers", beside, beside_told),
        Figure("… a transaction of bare SQLite on that disk meanwhile: p50, p99", _two(disk.result())),
        at_least(f"burst of {BURST}: incidents whose notice came", len(burst_told), BURST),
        at_most("… press → last incident's first notice", max(burst_told) - min(burst.sent), 3.0, "s"),
    ]


def _bare_loop(provider: Provider, count: int) -> list[float]:
    """Seconds that each of so many messages takes without any station: what no sender can be faster than."""
    took = []
    for n in range(count):
        now = clock.utcnow()
        message = Outgoing(
            id=f"floor-{n}", incident="0", kind="floor", title="", text="x" * 200, url=provider.url, station="",
            badge_number=None, location=None, attempt=1, at=now,
        )  # fmt: skip
        began = time.monotonic()
        result = registry.send("webhook", {"secret": "s"}, provider.url, message, now=now, allow_private=True)
        assert result.outcome == "ok", result
        took.append(time.monotonic() - began)
    return took


def _bare_transactions() -> list[float]:
    """Seconds of each of as many durable transactions in a file of their own: what the disk alone makes wait."""
    took = []
    with tempfile.TemporaryDirectory() as folder, stations.opened(Path(folder)) as (db, _):
        for _ in range(int(SECONDS * RATE)):
            began = time.monotonic()
            plain.one(db)
            took.append(time.monotonic() - began)
            time.sleep(max(0.0, 1 / RATE - took[-1]))
    return took


def _two(took: list[float]) -> str:
    p50, p99 = (percentile(took, share) * 1000 for share in (0.5, 0.99))
    return f"{p50:.1f} ms, {p99:.1f} ms"


def _steady(station: Station, serial: int) -> load.Outcome:
    requests = _new_badges(station, serial, int(SECONDS * RATE))
    return load.run(load.Plan(station.port, requests, threads=5, seconds=SECONDS, rate=RATE), 201)


def _new_badges(station: Station, serial: int, count: int) -> list[str]:
    return station.scans([station.token(serial + n) for n in range(count)])


def _arrivals(provider: Provider, scans: load.Outcome) -> list[float]:
    """When the first notice of each scan's incident came (time.monotonic), in the order of the scans."""
    provider.told(scans, within_s=60)
    incidents = [json.loads(body)["incident"] for body in scans.body]
    return [provider.first[incident] for incident in incidents if incident in provider.first]


def _spread(name: str, scans: load.Outcome, told: list[float]) -> list[Figure]:
    """The answer comes after COMMIT; a notice that is faster than the answer counts as 0."""
    moments = list(zip(scans.sent, scans.took, told, strict=True))
    since_commit = [max(0.0, came - sent - took) for sent, took, came in moments]
    return [
        at_most(f"COMMIT → provider, {name}: p50", percentile(since_commit, 0.5) * 1000, 50, "ms"),
        at_most("… p99", percentile(since_commit, 0.99) * 1000, 250, "ms"),
        Figure("… press → COMMIT, as the finder's answer: p50, p99", _two(scans.took)),
        Figure("… press → provider: p50, p99", _two([came - sent for sent, _, came in moments])),
    ]


@contextmanager
def provider_running() -> Iterator[Provider]:
    with Provider() as provider:
        threading.Thread(target=provider.serve_forever, args=(0.01,), daemon=True).start()
        yield provider
        provider.shutdown()
