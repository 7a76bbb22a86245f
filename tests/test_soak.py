"""The long tests with real processes, each with its figure; `STATION_SOAK=0.05 make soak` does a twentieth of the work."""

import json
import math
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import crowd
import pytest
import requests
import targets
from crowd import Passers
from provider import Provider, code, mixture, reset, respond, swallow
from running import Running, wait_for
from targets import times

from bench.figures import percentile

pytestmark = pytest.mark.soak


def press(station: Running, serial: int) -> tuple[float, str]:
    """A report of a new badge: when its answer came, and its incident."""
    path = crowd.badge_path(station.data, serial) + "/scans"
    status, answer = crowd.post(station.base_url, path, {"act": "with_elder", "request_id": uuid.uuid4().hex})
    assert status == 201, answer
    return time.monotonic(), answer["incident"]


def arrivals(provider: Provider) -> dict[str, float]:
    """When the first notice of each incident came."""
    first: dict[str, float] = {}
    for request in list(provider.requests):
        message = json.loads(request.body)
        if message["kind"] == "notice":
            first.setdefault(message["incident"], request.arrived)
    return first


def resumed_after(station: Running, provider: Provider, kill: Callable[[], object]) -> float:
    """Seconds from the death of a process to the next message that the provider takes."""
    kill()
    died, seen = time.monotonic(), len(provider.taken())
    wait_for(lambda: len(provider.taken()) > seen, 60, every=0.01)
    return provider.taken()[seen].arrived - died


def all_told(station: Running, provider: Provider) -> Callable[[], bool]:
    return lambda: not crowd.untold(station.data, crowd.ids(provider.taken()))


def test_a_hundred_kills_of_the_sender_beside_a_flaky_provider(tmp_path: Path) -> None:
    """T1 and T9: whoever leads is killed, a thousand deliveries go through 503, resets and answers that never come."""
    faults = {respond(200): 70, respond(503): 15, reset(): 5, swallow(0.5): 5, code(45009, 500): 5}
    with Provider() as provider, crowd.start(tmp_path / "data", "--webhook", provider.url) as station:
        provider.otherwise = mixture(faults, seed=1)
        took = []
        with Passers(station, pause_s=0.6) as passers:
            for _ in range(times(100)):
                wait_for(passers.more(2), 60)
                took.append(resumed_after(station, provider, lambda: station.kill("sender")))
                wait_for(lambda: {"sender", "standby"} <= station.children().keys(), 60)
        provider.otherwise = respond(200)
        wait_for(all_told(station, provider), 180)
        taken = provider.taken()
        assert crowd.lost(station.data, passers.answered) == []
    unclear = sum(request.behaviour.startswith("swallow") for request in taken)
    repeated = len(taken) - len(crowd.ids(taken))
    targets.at_least("T1", f"{len(took)} kills of the sender: deliveries taken", len(taken), times(1000))
    targets.at_most("T1", "alerts or scans that were lost", 0, 0)
    targets.at_most(
        "T1", "deliveries that came twice (in the air or unclear)", repeated, unclear + 32 * len(took)
    )
    targets.at_most("T9", "kill → next message at the provider, worst", max(took), 2, "s")
    targets.at_most("T1", "… median", percentile(took, 0.5), 1, "s")


def test_five_hundred_kills_of_the_web_processes(tmp_path: Path) -> None:
    """T2: around the COMMIT of scans that come without a pause."""
    with Provider() as provider, crowd.start(tmp_path / "data", "--webhook", provider.url) as station:
        with Passers(station, threads=6, pause_s=0.02) as passers:
            for n in range(times(500)):
                with suppress(KeyError):  # its successor is not there yet
                    station.kill(f"web-{n % 2 + 1}")
                time.sleep(0.25)
            wait_for(passers.more(1), 60)
        wait_for(all_told(station, provider), 300)
        lost = crowd.lost(station.data, passers.answered)
        with crowd.disk(station.data) as (db, _):
            halves = "SELECT count(*) FROM incident WHERE id NOT IN (SELECT incident_id FROM scan)"
            assert db.scalar(halves) == 0
    targets.at_most("T2", f"{len(passers.answered)} scans, {times(500)} kills: lost", len(lost), 0)
    assert not lost


def test_from_a_press_to_the_provider_at_five_scans_a_second(tmp_path: Path) -> None:
    """T6, from the answer to the finder, which comes after COMMIT."""
    with Provider() as provider, crowd.start(tmp_path / "data", "--webhook", provider.url) as station:
        answered = {}
        for n in range(times(300)):
            began = time.monotonic()
            at, incident = press(station, 20_000 + n)
            answered[incident] = at
            time.sleep(max(0.0, 0.2 - (time.monotonic() - began)))
        wait_for(lambda: answered.keys() <= arrivals(provider).keys(), 60)
        came = arrivals(provider)
    took = [max(0.0, came[incident] - at) * 1000 for incident, at in answered.items()]
    targets.at_most("T6", "COMMIT → provider at 5 scans/s: p50", percentile(took, 0.5), 50, "ms")
    targets.at_most("T6", "… p99", percentile(took, 0.99), 250, "ms")


def test_a_thousand_scans_of_a_thousand_badges(tmp_path: Path) -> None:
    """T7."""
    with Provider() as provider, crowd.start(tmp_path / "data", "--webhook", provider.url) as station:
        paths = [crowd.badge_path(station.data, 30_000 + n) for n in range(times(1000))]
        took: list[float] = []

        def scan(n: int) -> tuple[int, dict]:
            began = time.monotonic()
            sent = {"act": "with_elder", "request_id": uuid.uuid4().hex}
            answer = crowd.post(station.base_url, paths[n] + "/scans", sent)
            took.append(time.monotonic() - began)
            return answer

        began = time.monotonic()
        answers = crowd.at_once(scan, len(paths), threads=min(64, len(paths)))
        incidents = {answer["incident"] for status, answer in answers if status == 201}
        wait_for(lambda: incidents <= arrivals(provider).keys(), 120)
        last = max(arrivals(provider)[incident] for incident in incidents) - began
    targets.at_least("T7", "scans of as many badges at once: kept", len(incidents), len(paths))
    targets.at_most("T7", "… answered: p99", percentile(took, 0.99) * 1000, 500, "ms")
    targets.at_most("T7", "… last first alert", last, 15, "s")
    assert len(incidents) == len(paths)


def test_a_database_that_is_locked_for_eight_seconds_loses_nothing(tmp_path: Path) -> None:
    """T10: another program holds the write lock; the page with the hotline does not wait for it."""
    with Provider() as provider, crowd.start(tmp_path / "data", "--webhook", provider.url) as station:
        pages = []
        with crowd.disk(station.data) as (db, _), Passers(station) as passers:
            db.conn.execute("BEGIN IMMEDIATE")
            until = time.monotonic() + 8
            while time.monotonic() < until:
                began = time.monotonic()
                assert "0432-62012345" in requests.get(station.elders[0]["scan_url"], timeout=30).text
                pages.append(time.monotonic() - began)
                time.sleep(0.2)
            db.conn.execute("ROLLBACK")
            wait_for(passers.more(3), 60)
        wait_for(lambda: not list((station.data / "spool").glob("*.report")), 60)
        wait_for(all_told(station, provider), 60)
        lost = crowd.lost(station.data, passers.answered)
    targets.at_most("T10", "database locked for 8 s: page with the hotline, worst", max(pages), 1, "s")
    targets.at_most("T10", "… reports that were lost", len(lost), 0)
    assert not lost


def test_two_hours_of_two_scans_a_second(tmp_path: Path) -> None:
    """T20."""
    minutes = 120 * targets.SCALE
    with Provider() as provider, crowd.start(tmp_path / "data", "--webhook", provider.url) as station:
        stop, serial, largest = threading.Event(), iter(range(50_000, 10**6)), 0
        desk = station.desk()

        def walk() -> None:
            while not stop.is_set():
                began = time.monotonic()
                _, incident = press(station, next(serial))
                shown = desk.get(f"/desk/incidents/{incident}").json()
                desk.post(f"/desk/incidents/{incident}/claim", {"slot": "both"})
                desk.post(
                    f"/desk/incidents/{incident}/move",
                    {"state": "closed", "version": shown["version"] + 1, "outcome": "false_alarm"},
                )
                stop.wait(max(0.0, 0.5 - (time.monotonic() - began)))

        running = threading.Thread(target=walk)
        running.start()
        time.sleep(minutes * 6)  # a tenth of the time to warm up
        before = memory(station)
        until = time.monotonic() + minutes * 54
        while time.monotonic() < until:
            largest = max(largest, (station.data / "station.db-wal").stat().st_size)
            time.sleep(1)
        stop.set()
        running.join(30)
        after = memory(station)
    # By pid, not by name: a sender that was slow may have changed places with the one that waits.
    print({f"{name} {pid}": f"{before.get((name, pid), '?')} → {kb} kB" for (name, pid), kb in after.items()})
    then, now = ({pid: kb for (_, pid), kb in one.items()} for one in (before, after))
    grown = max(now[pid] / then[pid] for pid in now.keys() & then.keys()) - 1
    targets.at_most(
        "T20", f"{minutes:.1f} min of 2 scans/s: growth of a process's memory", grown * 100, 5, "%"
    )
    targets.at_most("T20", "… processes that died", len(then.keys() - now.keys()), 0)
    targets.at_most("T20", "… largest write-ahead log", math.ceil(largest / 2**20), 64, "MB")


def memory(station: Running) -> dict[tuple[str, int], int]:
    """The resident memory of each process, by name and pid, in kB."""
    found = {}
    for name, pid in station.children().items():
        status = Path(f"/proc/{pid}/status").read_text()
        found[name, pid] = next(
            int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")
        )
    return found
