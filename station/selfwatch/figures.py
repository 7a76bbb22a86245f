"""Numbers for monitoring, counted in the database at the moment of asking: web processes are many and get replaced."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from station import clock, heartbeat
from station.config import WEB_PROCESSES, Config
from station.db import StationDatabase
from station.incidents import states
from station.selfwatch import health

PROCESSES = (
    *(f"web-{n}" for n in range(1, WEB_PROCESSES + 1)),
    "sender",
    "sender-1",
    "sender-2",
    "jobs",
    "photos",
)


@dataclass(frozen=True)
class Family:
    """One metric with its samples: values of the labels, and the number."""

    name: str
    kind: str  # gauge or counter
    help: str
    labels: tuple[str, ...] = ()
    samples: Sequence[tuple[tuple[str, ...], float]] = ()


def all_of(db: StationDatabase, config: Config, now: datetime) -> Iterator[Family]:
    """Every metric; no name, number or place of anybody."""
    yield _open(db)
    yield _unacted(db, now)
    yield from _dwell(db)
    yield _attempts(db)
    yield _alerts(db)
    yield _overdue(db, now)
    yield _repairs(db)
    yield from _machine(config, db, now)


def _open(db: StationDatabase) -> Family:
    rows = db.rows(
        "SELECT kind, state, count(*) AS n FROM incident WHERE closed_at IS NULL GROUP BY kind, state"
    )
    known = {(row["kind"], row["state"]): row["n"] for row in rows}
    pairs = [(kind, state) for kind in ("live", "drill") for state in states.ORDER if state != "closed"]
    samples = [(pair, float(known.get(pair, 0))) for pair in pairs]
    return Family("station_incidents_open", "gauge", "Open incidents by state.", ("kind", "state"), samples)


def _unacted(db: StationDatabase, now: datetime) -> Family:
    oldest = db.scalar("SELECT min(ring_since) FROM incident WHERE state = 'alerting' AND kind = 'live'")
    age = max(0.0, (now - clock.parse(oldest)).total_seconds()) if oldest else 0.0
    return Family(
        "station_unacted_seconds", "gauge",
        "How long the oldest live incident that nobody has taken has been ringing; 0 when there is none.",
        samples=[((), age)],
    )  # fmt: skip


def _dwell(db: StationDatabase) -> Iterator[Family]:
    """Of live incidents; a state that lasts is counted once it is left."""
    rows = db.rows(
        "SELECT to_state AS state, count(*) AS n, sum(seconds) AS seconds FROM (SELECT to_state, "
        "(julianday(lead(at) OVER (PARTITION BY incident_id ORDER BY id)) - julianday(at)) * 86400 AS seconds, "
        "incident_id FROM event WHERE to_state IS NOT NULL AND incident_id IN "
        "(SELECT id FROM incident WHERE kind = 'live')) WHERE seconds IS NOT NULL GROUP BY to_state"
    )
    yield Family(
        "station_state_seconds", "counter", "Seconds that live incidents spent in each state they have left.",
        ("state",), [((row["state"],), max(0.0, row["seconds"])) for row in rows],
    )  # fmt: skip
    yield Family(
        "station_state_left", "counter", "How often live incidents left each state.",
        ("state",), [((row["state"],), float(row["n"])) for row in rows],
    )  # fmt: skip


def _attempts(db: StationDatabase) -> Family:
    rows = db.rows(
        "SELECT channel.kind AS channel, outcome, count(*) AS n FROM attempt "
        "JOIN alert ON alert.id = attempt.alert_id JOIN address ON address.id = alert.address_id "
        "JOIN channel ON channel.id = address.channel_id WHERE outcome <> 'sending' GROUP BY channel.kind, outcome"
    )
    return Family(
        "station_attempts", "counter", "Attempts to deliver a message, by kind of channel and result.",
        ("channel", "result"), [((row["channel"], row["outcome"]), float(row["n"])) for row in rows],
    )  # fmt: skip


def _alerts(db: StationDatabase) -> Family:
    known = {
        row["state"]: row["n"]
        for row in db.rows(
            "SELECT state, count(*) AS n FROM alert WHERE state IN ('pending', 'sending') GROUP BY state"
        )
    }
    return Family(
        "station_alerts_waiting", "gauge", "Messages that wait or are in the air.", ("state",),
        [((state,), float(known.get(state, 0))) for state in ("pending", "sending")],
    )  # fmt: skip


def _overdue(db: StationDatabase, now: datetime) -> Family:
    oldest = db.scalar("SELECT min(due_at) FROM alert WHERE state = 'pending'")
    late = max(0.0, (now - clock.parse(oldest)).total_seconds()) if oldest else 0.0
    return Family(
        "station_alert_late_seconds", "gauge", "How late the oldest waiting message is.", samples=[((), late)]
    )


def _repairs(db: StationDatabase) -> Family:
    kinds = ("late_alert", "stuck_attempt", "clock")
    known = {
        row["kind"]: row["n"] for row in db.rows("SELECT kind, sum(count) AS n FROM repair GROUP BY kind")
    }
    return Family(
        "station_repairs", "counter", "What the auditor found undone and mended.", ("kind",),
        [((kind,), float(known.get(kind, 0))) for kind in kinds],
    )  # fmt: skip


def _machine(config: Config, db: StationDatabase, now: datetime) -> Iterator[Family]:
    yield Family(
        "station_process_silent_seconds", "gauge", "Seconds since each process last said that it lives; -1: never.",
        ("process",), [((name,), _age(config, name)) for name in PROCESSES],
    )  # fmt: skip
    yield _one("station_disk_free_bytes", "Free room on the disk of the data.", health.free_bytes(config))
    yield _one("station_log_bytes", "Size of the write-ahead log.", health.log_bytes(config))
    size = config.database.stat().st_size
    yield _one("station_database_bytes", "Size of the database.", size)
    at = db.scalar("SELECT value FROM meta WHERE key = 'backup_at'")
    age = (now - clock.parse(at)).total_seconds() if at else -1.0
    yield _one("station_backup_age_seconds", "Age of the newest backup; -1: none was made.", age)


def _age(config: Config, name: str) -> float:
    age = heartbeat.age_s(config.beats, name)
    return -1.0 if age is None else age


def _one(name: str, help_text: str, value: float) -> Family:
    return Family(name, "gauge", help_text, samples=[((), float(value))])
