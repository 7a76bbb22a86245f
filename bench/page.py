"""The finder's page against a bare Flask route under the same server, alone and beside consoles and hostile clients."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from bench import load, stations
from bench.figures import Figure, at_least, at_most, median_ratio
from bench.stations import Station

ROUNDS = 5
BADGES = 4000  # at each, a page is asked for so seldom that none is remembered from before
CONSOLES, IDLE, DRIPPERS = 100, 300, 80
PHONE = {"Accept_Encoding": "gzip", "Accept_Language": "zh-CN,zh;q=0.9,en;q=0.8"}


def run() -> list[Figure]:
    with stations.running(elders=BADGES) as station, bare() as port:
        pages = [load.get(station.page(n), **PHONE) for n in range(8)]
        tokens = [station.token(stations.FIRST_SERIAL + n) for n in range(BADGES)]
        others = [load.get(token, **PHONE) for token in tokens]
        route = load.Plan(port, [load.get("/")])
        rows = _against_bare(load.Plan(station.port, pages), load.Plan(station.port, others), route)
        steady = load.Plan(station.port, pages, threads=4, seconds=3, rate=100)
        for name, crowd in (
            (f"{CONSOLES} open consoles", _consoles),
            (f"{IDLE} idle sockets", _idle),
            (f"{DRIPPERS} dripping clients", _drippers),
        ):
            rows.append(_beside(name, steady, station, crowd))
        return rows


def _against_bare(page: load.Plan, others: load.Plan, bare: load.Plan) -> list[Figure]:
    for plan in (page, others, bare):  # caches and connections of a server that has just started
        load.run(plan, 200)
    rounds = [tuple(load.run(plan, 200) for plan in (page, others, bare)) for _ in range(ROUNDS)]
    ours, each_new, theirs = (median(one.rate for one in outcomes) for outcomes in zip(*rounds, strict=True))
    new = median_ratio([(b.rate, c.rate) for _, b, c in rounds])
    return [
        Figure("finder pages a second, 8 connections, 8 badges", f"{ours:.0f}"),
        Figure("bare Flask route, same server and run", f"{theirs:.0f}"),
        at_least(
            "page : bare route, pages a second", median_ratio([(a.rate, c.rate) for a, _, c in rounds]), 0.7
        ),
        at_most(
            "page : bare route, p99", median_ratio([(a.ms(0.99), c.ms(0.99)) for a, _, c in rounds]), 2.0
        ),
        Figure(
            "the same when every page is another badge's", f"{each_new:.0f} a second, {new:.2f} of the route"
        ),
    ]


def _beside(name: str, plan: load.Plan, station: Station, crowd) -> Figure:  # type: ignore[no-untyped-def]
    # A console that left keeps its stream until the next heartbeat, so the crowd comes once, between two calm looks.
    calm = [load.run(plan, 200)]
    with crowd(station):
        crowded = [load.run(plan, 200) for _ in range(3)]
    calm.append(load.run(plan, 200))
    beside, alone_ms = (median(one.ms(0.99) for one in outcomes) for outcomes in (crowded, calm))
    ratio = median(one.ms(0.5) for one in crowded) / median(one.ms(0.5) for one in calm)
    held = beside <= max(50.0, 2 * alone_ms)
    return Figure(
        f"page at 100/s beside {name}: p50 ratio, p99",
        f"{ratio:.2f}, {beside:.1f} ms (alone {alone_ms:.1f} ms)",
        "p99 ≤ 50 ms or 2 × alone",
        "holds" if held else "MISSED",
    )


@contextmanager
def bare(*folder: Path) -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-m", "bench.bare", *folder], stdout=subprocess.PIPE) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def _held(port: int, count: int, first: bytes) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(count)
        ]
        for client in clients:
            client.sendall(first)
        yield clients


@contextmanager
def _consoles(station: Station) -> Iterator[None]:
    cookies = stations.sessions(station.data, CONSOLES)
    with _held(station.port, CONSOLES, b"") as clients:
        for client, cookie in zip(clients, cookies, strict=True):
            client.sendall(load.get("/desk/events", Accept="text/event-stream", Cookie=cookie).encode())
        for client in clients:
            assert client.recv(4096).startswith(b"HTTP/1.1 200"), "a console got no stream"
        yield


@contextmanager
def _idle(station: Station) -> Iterator[None]:
    with _held(station.port, IDLE, b""):
        yield


@contextmanager
def _drippers(station: Station) -> Iterator[None]:
    ended = threading.Event()
    with _held(station.port, DRIPPERS, b"GET / HTTP/1.1\r\nX-Drip: ") as clients:
        dripping = threading.Thread(target=_drip, args=(clients, ended))
        dripping.start()
        yield
        ended.set()
        dripping.join()


def _drip(clients: list[socket.socket], ended: threading.Event) -> None:
    while not ended.wait(0.1):
        for client in clients:
            client.sendall(b"x")
