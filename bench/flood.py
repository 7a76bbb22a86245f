"""Floods of forged scans over the real code, with a driven clock: does a true one ring, how late, at what price."""

import os
import random
import tempfile
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bench.figures import Figure, at_least, at_most
from bench.stations import BEGAN, opened
from station import addresses, clock, demo, places
from station.alerts import outbox, plan
from station.channels.base import Result
from station.db import StationDatabase, transaction
from station.incidents import acts, events, lanes, reports
from station.incidents.intake import Report, Sighting
from station.incidents.reports import Door
from station.vault import Vault

HOUR = timedelta(hours=1)
TICK = timedelta(seconds=2)  # of the sender; the real one looks fifty times a second
TRUE_SCANS = 50  # in an hour, each from a source of its own, at a moment of its own
HOURS, HOURS_IN_FULL = 1, 20
TIMEZONE = "Asia/Shanghai"
TABLES = ("scan", "event", "sighting", "scan_content", "scan_count", "alert", "attempt")


@dataclass(frozen=True)
class Flood:
    """Forged scans of one badge; `evidence` is the share that sends a forged place."""

    name: str
    a_minute: int
    sources: int
    evidence: float = 0.0
    minutes: int = 60


@dataclass
class Outcome:
    """Of one hour: for each true scan its lane and the seconds until somebody's phone rang (None: never)."""

    true_scans: list[tuple[str, float | None]] = field(default_factory=list)
    rings: dict[str, int] = field(default_factory=dict)  # by lane
    rows: int = 0
    reports: int = 0


FLOODS = (
    Flood("60 a minute, 1 source", 60, 1),
    Flood("600 a minute, 1,000 sources", 600, 1000),
    Flood("… half with a forged place", 600, 1000, 0.5),
)


def run(full: bool = False) -> list[Figure]:
    hours = HOURS_IN_FULL if full else HOURS
    # Each flood has a station of its own, so that as many run at once as there are processors.
    with ProcessPoolExecutor(max_workers=min(len(FLOODS), os.cpu_count() or 1)) as processes:
        outcomes = list(processes.map(_hours, FLOODS[::-1], [hours] * len(FLOODS)))[::-1]
    return [row for flood, found in zip(FLOODS, outcomes, strict=True) for row in _figures(flood, found)]


@contextmanager
def furnished() -> Iterator[tuple[StationDatabase, Vault]]:
    """A station whose people have phones. Nothing here is about the disk's speed, so it does not wait for it."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "data") as (db, vault):
        demo.furnish(db, vault, demo.Note(""), BEGAN)
        _give_phones(db, vault)
        db.conn.execute("PRAGMA synchronous = OFF")
        yield db, vault


def _give_phones(db: StationDatabase, vault: Vault) -> None:
    settings, now = {"secret": "between friends"}, BEGAN
    channel = addresses.add_channel(
        db, vault, station=1, kind="webhook", label="flood", settings=settings, allow_private=True, now=now
    )
    with transaction(db):
        for row in db.rows("SELECT id FROM staff"):
            there = f"http://127.0.0.1:9/{row['id']}"
            addresses.add(db, vault, channel_id=channel, destination=there, staff_id=row["id"])


def hour(db: StationDatabase, vault: Vault, flood: Flood, serial: int, seed: int) -> Outcome:
    """One hour of a flood at a badge of its own that was just found and whose incident somebody holds."""
    chance = random.Random(seed)
    began = BEGAN + timedelta(days=seed)
    before = _rows(db)
    first = reports.report(
        db, vault, Door(1, serial, b"finder"), Report(uuid.uuid4().hex, "with_elder"), began
    )
    assert first.incident_id is not None
    _tick(db, vault, first.incident_id, began)
    acts.claim(db, first.incident_id, "both", by=_officer(db), now=began)
    outcome, waiting = Outcome(), list[tuple[str, datetime, int]]()
    for moment, sent, source in _timeline(flood, chance, began):
        if sent is None:
            _tick(db, vault, first.incident_id, moment)
            continue
        if source.startswith(b"true"):
            waiting.append((lanes.lane_of(sent), moment, events.newest_id(db)))
        reports.report(db, vault, Door(1, serial, source), sent, moment)
        outcome.reports += 1
    outcome.true_scans = [(one[0], _delay(db, first.incident_id, *one)) for one in waiting]
    outcome.rings = _rings(db, first.incident_id, began)
    outcome.rows = _rows(db) - before
    return outcome


def _timeline(
    flood: Flood, chance: random.Random, began: datetime
) -> Iterator[tuple[datetime, Report | None, bytes]]:
    """Reports in the order of their moments, and None whenever the sender looks; it goes on until all have rung."""
    forged = [
        (
            chance.uniform(0, 60 * flood.minutes),
            _forged(flood, chance),
            b"%d" % chance.randrange(flood.sources),
        )
        for _ in range(flood.a_minute * flood.minutes)
    ]
    true = [
        (chance.uniform(0, 60 * flood.minutes), _true(n, chance), b"true%d" % n) for n in range(TRUE_SCANS)
    ]
    until = timedelta(minutes=flood.minutes) + HOUR / 10
    looks = [(n * TICK.total_seconds(), None, b"") for n in range(int(until / TICK))]
    for seconds, sent, source in sorted([*forged, *true, *looks], key=lambda one: one[0]):
        yield began + timedelta(seconds=seconds), sent, source


def _forged(flood: Flood, chance: random.Random) -> Report:
    return _report(chance) if chance.random() < flood.evidence else Report(uuid.uuid4().hex, "with_elder")


def _true(n: int, chance: random.Random) -> Report:
    return _report(chance) if n % 2 else Report(uuid.uuid4().hex, "with_elder")


def _report(chance: random.Random) -> Report:
    point = places.Point(43.82 + chance.uniform(-0.02, 0.02), 126.56 + chance.uniform(-0.02, 0.02))
    return Report(uuid.uuid4().hex, "with_elder", Sighting(point, 15.0))


def _tick(db: StationDatabase, vault: Vault, incident_id: int, now: datetime) -> None:
    """What the sender does at each look, with a provider that takes everything at once."""
    planned = db.scalar("SELECT max(event_id) FROM alert WHERE incident_id = ?", incident_id) or 0
    news = db.scalar(
        "SELECT 1 FROM event WHERE incident_id = ? AND id > ? AND kind = 'place' AND detail NOT IN ('better', 'moved')",
        incident_id,
        planned,
    )
    if lanes.ring(db, vault, incident_id, now) or news or not planned:
        plan.plan_incident(db, vault, incident_id, elapsed_s=0, timezone=TIMEZONE, now=now)
        while due := outbox.claim(db, now, 100):
            outbox.record(db, [(one, Result("ok")) for one in due], now)


def _delay(db: StationDatabase, incident_id: int, lane: str, moment: datetime, event_id: int) -> float | None:
    """Seconds until the first message of this lane that was made after the scan was on somebody's phone."""
    at = db.scalar(
        "SELECT min(accepted_at) FROM alert JOIN event ON event.id = alert.event_id WHERE alert.incident_id = ? "
        "AND event.id > ? AND (event.slot = ? OR (event.detail = 'later' AND ? = 'evidence'))",
        incident_id,
        event_id,
        lane,
        lane,
    )
    return (clock.parse(at) - moment).total_seconds() if at else None


def _rings(db: StationDatabase, incident_id: int, began: datetime) -> dict[str, int]:
    """How often each lane rang within the hour, the opening counted in both."""
    rows = db.rows(
        "SELECT slot, count(*) AS n FROM event WHERE incident_id = ? AND actor = 'sender' AND slot IS NOT NULL "
        "AND at < ? GROUP BY slot",
        incident_id,
        clock.text(began + HOUR),
    )
    return dict.fromkeys(lanes.EVERY, 1) | {row["slot"]: row["n"] + 1 for row in rows}


def _rows(db: StationDatabase) -> int:
    return sum(int(db.scalar(f"SELECT count(*) FROM {table}")) for table in TABLES)  # noqa: S608


def _officer(db: StationDatabase) -> int:
    return int(db.scalar("SELECT id FROM staff WHERE role = 'duty' ORDER BY id LIMIT 1"))


def _hours(flood: Flood, count: int) -> list[Outcome]:
    first = FLOODS.index(flood) * HOURS_IN_FULL
    with furnished() as (db, vault):
        return [hour(db, vault, flood, 50_000 + first + n, first + n) for n in range(count)]


def _figures(flood: Flood, hours: list[Outcome]) -> list[Figure]:
    true_scans = [one for outcome in hours for one in outcome.true_scans]
    rang = [(lane, delay) for lane, delay in true_scans if delay is not None]
    late = {lane: max((delay for one, delay in rang if one == lane), default=0.0) for lane in lanes.EVERY}
    rings = {lane: max(outcome.rings[lane] for outcome in hours) for lane in lanes.EVERY}
    written = max(outcome.rows / outcome.reports for outcome in hours)
    rows = max(outcome.rows for outcome in hours)
    return [
        at_least(f"{flood.name}: of {len(true_scans)} true scans rang", 100 * len(rang) / len(true_scans), 100, "%"),
        at_most("  latest ring of a true scan with a place", late["evidence"], 60 + TICK.total_seconds(), "s"),
        at_most("  latest ring of a bare true scan", late["plain"], 300 + TICK.total_seconds(), "s"),
        at_most("  rings a badge and hour, plain lane", rings["plain"], 16),
        at_most("  rings a badge and hour, both lanes", rings["plain"] + rings["evidence"] - 1, 80),
        Figure("  rows written an hour", f"{rows} ({written:.2f} a report)"),
    ]  # fmt: skip
