"""After kill -9: how long until the next message goes out, and how long no scan is answered."""

import os
import signal
import time
from pathlib import Path

from bench import load, stations
from bench.alert import Provider, provider_running
from bench.figures import Figure, at_most
from bench.stations import Station

KILLS = 8  # one in less than ten seconds after another, so that the pause of a child that keeps dying counts
PAUSE_S = 2.0


def run() -> list[Figure]:
    with provider_running() as provider, stations.running("--webhook", provider.url) as station:
        senders = [_until_told(station, provider, n) for n in range(KILLS)]
        webs = [_longest_silence(station, name) for name in ("web-1", "web-2") * (KILLS // 2)]
    return [
        at_most(f"kill -9 of the sender → next message, worst of {KILLS}", max(senders), 1.0, "s"),
        at_most(f"kill -9 of a web process: longest time without an answer, worst of {KILLS}", max(webs), 1.0, "s"),
    ]  # fmt: skip


def _until_told(station: Station, provider: Provider, n: int) -> float:
    """Seconds from the kill to the first notice of a scan that came right after it."""
    _kill(station, "sender")
    killed = time.monotonic()
    requests = station.scans([station.token(7000 + n)])
    scan = load.run(load.Plan(station.port, requests, volley=True), 201)
    told = provider.told(scan, within_s=30)
    time.sleep(PAUSE_S)
    return max(told) - killed


def _longest_silence(station: Station, name: str) -> float:
    """The longest time between two answers, with eight finders who come again at once when they are cut off."""
    plan = load.Plan(station.port, station.scans([station.page(n) for n in range(8)]), 8, 3.0, 40, again=True)
    finders = load.start(plan)
    time.sleep(1.0)
    _kill(station, name)
    scans = load.result(finders)
    time.sleep(PAUSE_S)
    answered = sorted(sent + took for sent, took in zip(scans.sent, scans.took, strict=True))
    return max(later - earlier for earlier, later in zip(answered, answered[1:], strict=False))


def _kill(station: Station, name: str) -> None:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            called = (folder / "comm").read_text().strip()
        except OSError:
            continue
        if parent == station.about["pid"] and called == f"station-{name}":
            os.kill(int(folder.name), signal.SIGKILL)
            return
    raise AssertionError(f"there is no {name}")
