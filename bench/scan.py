"""Durable scans over HTTP against bare SQLite transactions on the same disk; a thousand scans at once."""

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench import load, page, stations
from bench.figures import Figure, at_least, at_most, median_ratio
from bench.stations import Station

ROUNDS = 5
SECONDS = 2.0
CROWD = 1000
SENT = {"request_id": "{id}"}


def run() -> list[Figure]:
    with stations.running() as station, tempfile.TemporaryDirectory() as folder:
        return _against_plain(station, Path(folder)) + _at_once(station)


def _against_plain(station: Station, folder: Path) -> list[Figure]:
    requests = station.scans([station.page(n) for n in range(8)])
    scans = load.Plan(station.port, requests, threads=16, seconds=SECONDS)
    load.run(scans, 201)
    both = [(load.run(scans, 201), _plain(folder)) for _ in range(ROUNDS)]
    writes, reads = (replace(scans, requests=[load.post(path, SENT)]) for path in ("/", "/read"))
    floor = median(_floor(folder, writes) for _ in range(3))
    ceiling = median(_floor(folder, reads) for _ in range(3))
    return [
        Figure("durable scans a second, 16 connections", f"{median(one.rate for one, _ in both):.0f}"),
        Figure(
            "bare SQLite, same rows, synchronous=FULL", f"{median(rate for _, rate in both):.0f} a second"
        ),
        at_least("scans : bare SQLite transactions", median_ratio([(a.rate, rate) for a, rate in both]), 0.6),
        Figure("bare Flask route that writes the same rows, same server", f"{floor:.0f} a second"),
        Figure("bare Flask route that reads the request and writes nothing", f"{ceiling:.0f} a second"),
        Figure("one of 16 scans at a time: p50, p99", _spread([one for one, _ in both])),
    ]


def _spread(outcomes: list[load.Outcome]) -> str:
    p50, p99 = (median(one.ms(share) for one in outcomes) for share in (0.5, 0.99))
    return f"{p50:.0f} ms, {p99:.0f} ms"


def _at_once(station: Station) -> list[Figure]:
    """Every badge of a thousand in the same instant, each on a connection of its own; each opens an incident."""
    paths = [station.token(serial) for serial in range(2000, 2000 + CROWD)]
    plan = load.Plan(station.port, station.scans(paths), volley=True)
    outcome = load.run(plan, 201)
    again = load.run(replace(plan, requests=station.scans([station.page(n % 8) for n in range(CROWD)])), 201)
    incidents = {json.loads(body)["incident"] for body in outcome.body}
    with page.bare() as port:
        floor = load.run(load.Plan(port, [load.get("/")] * CROWD, volley=True), 200)
    return [
        at_least("1,000 scans of 1,000 badges at once: incidents", len(incidents), CROWD),
        at_most("… p99 until the answer", outcome.ms(0.99), 500, "ms"),
        at_most("1,000 more scans of 8 badges at once: p99", again.ms(0.99), 500, "ms"),
        Figure("1,000 requests at once of a bare Flask route: p99", f"{floor.ms(0.99):.0f} ms"),
    ]


def _floor(folder: Path, plan: load.Plan) -> float:
    """What Flask and the server leave of SQLite's rate, with nothing of ours between them."""
    with page.bare(folder / "floor") as port:
        return load.run(replace(plan, port=port), 201).rate


def _plain(folder: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "bench.plain", folder / "plain", str(SECONDS)],
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(json.loads(done.stdout))
