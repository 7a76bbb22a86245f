"""Is everything alive and is there room: the checks of /healthz, of the sign of life and of the evening."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from station import clock, heartbeat
from station.config import WEB_PROCESSES, Config
from station.db import DatabaseError, StationDatabase
from station.selfwatch import auditor

LEAST_FREE_BYTES = 200 * 1024 * 1024
MOST_LOG_BYTES = 64 * 1024 * 1024  # of the write-ahead log; a reader that never ends keeps it from being cut
LATEST = timedelta(seconds=60)  # so long may a message wait for the sender
CLOCK_REMEMBERED = timedelta(minutes=10)
AHEAD = timedelta(seconds=60)


@dataclass(frozen=True)
class Check:
    ok: bool
    text: str  # English, for the operator


def look(config: Config, db: StationDatabase | None, emergency: bool, now: datetime) -> dict[str, Check]:
    """Every check by its name. `db` is None when it cannot be opened; `emergency`: its file can be read."""
    readable = db is not None and _is_readable(db)
    checks = {
        "database": Check(readable, "readable" if readable else "the database cannot be read"),
        "sender": _process(config, "sender"),
        "jobs": _process(config, "jobs"),
        "photos": _process(config, "photos"),
        "web": _web(config),
        **room(config),
        "spool": _spool(config),
        "emergency": Check(emergency, "readable" if emergency else "the emergency file cannot be read"),
    }
    if db is not None and readable:
        checks["alerts"] = _alerts(db, now)
        checks["reach"] = _reach(db)
        checks["clock"] = _clock(db, now)
    return checks


def room(config: Config) -> dict[str, Check]:
    """What runs full while all goes on."""
    return {"disk": _disk(config), "log": _log(config)}


def free_bytes(config: Config) -> int:
    return shutil.disk_usage(config.data_dir).free


def log_bytes(config: Config) -> int:
    """The size of the write-ahead log."""
    path = Path(f"{config.database}-wal")
    return path.stat().st_size if path.exists() else 0


def _is_readable(db: StationDatabase) -> bool:
    try:
        db.scalar("SELECT count(*) FROM station")
    except DatabaseError:
        return False
    return True


def _process(config: Config, name: str) -> Check:
    age = heartbeat.age_s(config.beats, name)
    if age is None or heartbeat.is_stale(name, age):
        return Check(False, "no sign of life")
    return Check(True, "alive")


def _web(config: Config) -> Check:
    names = [f"web-{n}" for n in range(1, WEB_PROCESSES + 1)]
    alive = sum(_process(config, name).ok for name in names)
    return Check(alive == len(names), f"{alive} of {len(names)} alive")


def _disk(config: Config) -> Check:
    free = free_bytes(config)
    return Check(free >= LEAST_FREE_BYTES, f"{free // (1024 * 1024)} MB free")


def _log(config: Config) -> Check:
    size = log_bytes(config)
    return Check(size <= MOST_LOG_BYTES, f"write-ahead log of {size // (1024 * 1024)} MB")


def _spool(config: Config) -> Check:
    count = sum(1 for path in config.spool.glob("*") if path.suffix in (".report", ".damaged"))
    return Check(count == 0, f"{count} reports waiting")


def _alerts(db: StationDatabase, now: datetime) -> Check:
    """A sender that beats and yet sends nothing."""
    oldest = db.scalar("SELECT min(due_at) FROM alert WHERE state = 'pending'")
    waited = (now - clock.parse(oldest)).total_seconds() if oldest else 0.0
    if waited <= LATEST.total_seconds():
        return Check(True, "none is late")
    return Check(False, f"the oldest message has been waiting for {waited:.0f} s")


def _reach(db: StationDatabase) -> Check:
    """An incident rings, and every channel of everybody has refused it: only somebody outside can help."""
    lost = db.scalar(
        "SELECT min(incident.id) FROM incident JOIN event ON event.incident_id = incident.id "
        "AND event.kind = 'unmanned' AND event.detail = 'nowhere' AND event.slot = 'round' || ring_round "
        "WHERE incident.state = 'alerting' AND NOT EXISTS (SELECT 1 FROM alert WHERE "
        "alert.incident_id = incident.id AND kind = 'ladder' AND accepted_at > event.at)"
    )
    if lost is None:
        return Check(True, "rings are taken by somebody's channel")
    return Check(False, f"every channel of everybody has refused the rings of incident {lost}")


def _clock(db: StationDatabase, now: datetime) -> Check:
    """A step of the machine's clock, as the sender noticed it or as the records show it."""
    newest = db.scalar("SELECT at FROM event ORDER BY id DESC LIMIT 1")
    ahead = clock.parse(newest) - now if newest else timedelta(0)
    if ahead > AHEAD:
        return Check(False, f"the clock is {ahead.total_seconds():.0f} s behind what is on record")
    if auditor.count(db, "clock", now - CLOCK_REMEMBERED):
        return Check(False, "the clock has stepped within ten minutes; look at its synchronisation")
    return Check(True, "steady")
