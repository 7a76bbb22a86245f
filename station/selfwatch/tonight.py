"""Is tonight covered? Looked at every evening at eight and whenever somebody asks: green, or a list of what to mend."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from station import clock, communities, duty, holidays, readiness
from station.alerts import bulletins, people
from station.alerts.mending import CALENDAR_DAYS
from station.config import Config
from station.db import StationDatabase, transaction
from station.incidents import urgency
from station.selfwatch import drills, supplies
from station.selfwatch.finding import Item, judge
from station.selfwatch.health import Check

HOUR = 20  # local time
AHEAD = timedelta(hours=24)
LOOK_EVERY = timedelta(minutes=10)
HOTLINE_FRESH = timedelta(days=7)
BACKUP_FRESH = timedelta(hours=26)
CERTIFICATE_LEFT = timedelta(days=14)
DRILL_FRESH = timedelta(days=8)


@dataclass(frozen=True)
class Ready:
    """Somebody of the next 24 hours' roster, and how surely a message reaches them."""

    staff_id: int
    reach: readiness.Reach


@dataclass(frozen=True)
class Look:
    items: list[Item]
    people: list[Ready]

    @property
    def good(self) -> bool:
        return not any(item.state == "mend" for item in self.items)


@dataclass(frozen=True)
class Asked:
    """About which instance and station, with what /healthz says, and when."""

    config: Config
    station: int
    checks: dict[str, Check]
    now: datetime


def look(db: StationDatabase, asked: Asked) -> Look:
    """Everything, from what is on the disk; nothing is asked of the network."""
    uncovered, staff_ids = _roster(db, asked)
    ready = [Ready(one, readiness.of(db, one, asked.now)) for one in staff_ids]
    items = [
        judge("roster", not uncovered, minutes=uncovered),
        judge("reach", all(one.reach.enough for one in ready), count=sum(not one.reach.enough for one in ready)),
        *_machine(asked.checks),
        _backup(db, asked.now),
        *_certificate(db, asked),
        _hotline(db, asked),
        _drill(db, asked),
        *_supplies(db, asked),
        *_holidays(db, asked),
        *_unknown(db, asked),
    ]  # fmt: skip
    return Look(items, ready)


def post(db: StationDatabase, asked: Asked, *, by: int | None) -> int | None:
    """Look, and keep the result for the sender to send to duty and secretaries."""
    found = look(db, asked)
    content = [
        {"code": item.code, "state": item.state, "values": item.values}
        for item in found.items
        if item.state != "good"
    ]
    day = _local(asked).date().isoformat()
    return bulletins.post(
        db, asked.station, "tonight", day=day, good=found.good, content=content, by=by, now=asked.now
    )


def is_due(db: StationDatabase, config: Config, station: int, now: datetime) -> bool:
    """Whether this evening's look is still to come. A demonstration has no night of its own."""
    local = now.astimezone(ZoneInfo(config.timezone))
    if config.demo or local.hour < HOUR:
        return False
    return not bulletins.is_posted(db, station, "tonight", local.date().isoformat())


def note_hotline(db: StationDatabase, station: int, *, by: int, now: datetime) -> None:
    """Somebody rang the hotline from another phone, and it was answered."""
    with transaction(db):
        db.insert("hotline_test", station=station, staff_id=by, at=clock.text(now))


def _roster(db: StationDatabase, asked: Asked) -> tuple[int, list[int]]:
    """The minutes of the next 24 hours without anybody on duty, and everybody who is on duty or backup in them."""
    uncovered, found = 0, []
    for n in range(int(AHEAD / LOOK_EVERY)):
        moment, timezone = asked.now + n * LOOK_EVERY, asked.config.timezone
        on_duty = people.on_duty(db, asked.station, moment, timezone)
        found += on_duty + people.on_duty(db, asked.station, moment, timezone, "backup")
        uncovered += 0 if on_duty else int(LOOK_EVERY.total_seconds() // 60)
    return uncovered, list(dict.fromkeys(one.id for one in found))


def _machine(checks: dict[str, Check]) -> list[Item]:
    failing = [name for name, check in checks.items() if not check.ok]
    return [Item("machine", "mend", {"check": name}) for name in failing] or [Item("machine", "good")]


def _backup(db: StationDatabase, now: datetime) -> Item:
    at = db.scalar("SELECT value FROM meta WHERE key = 'backup_at'")
    if at is None:
        return Item("no_backup", "mend")
    age = now - clock.parse(at)
    return judge("backup", age <= BACKUP_FRESH, hours=int(age.total_seconds() // 3600))


def _certificate(db: StationDatabase, asked: Asked) -> list[Item]:
    """Of what was learnt when somebody last asked; a demonstration without https needs none."""
    if not asked.config.secure:
        return []
    until = db.scalar("SELECT value FROM meta WHERE key = ?", f"certificate {asked.config.host}")
    if until is None:
        return [Item("certificate_unknown", "unknown")]
    left = clock.parse(until) - asked.now
    return [judge("certificate", left >= CERTIFICATE_LEFT, days=max(0, left.days))]


def _hotline(db: StationDatabase, asked: Asked) -> Item:
    at = db.scalar("SELECT max(at) FROM hotline_test WHERE station = ?", asked.station)
    return judge("hotline", at is not None and asked.now - clock.parse(at) <= HOTLINE_FRESH)


def _drill(db: StationDatabase, asked: Asked) -> Item:
    last = next((one for one in drills.newest(db, asked.station, 2) if one.ended_at), None)
    if last is None or asked.now - last.started_at > DRILL_FRESH:
        return Item("no_drill", "unknown")
    return judge("drill", last.claimed_s is not None)


def _supplies(db: StationDatabase, asked: Asked) -> list[Item]:
    """Of what was learnt when providers were asked last, and of what was typed."""
    today = _local(asked).date()
    found = []
    for supply in supplies.of_station(db, asked.station, asked.config.timezone):
        found += supplies.findings(supply, asked.now, today)
    if asked.config.secure:
        found.append(supplies.domain(supplies.domain_until(db, asked.config.host), today))
    return found


def _holidays(db: StationDatabase, asked: Asked) -> list[Item]:
    """Tomorrow's holiday, unless somebody has entered a change for it; holidays that the calendar does not know."""
    tomorrow = _local(asked).date() + timedelta(days=1)
    run = next(iter(holidays.days_off(tomorrow, 1)), None)
    found = []
    if run and not duty.is_changed(duty.read(db, asked.station), tomorrow, tomorrow):
        found.append(Item("holiday", "soon", {"day": f"{tomorrow:%m-%d}"}))
    year = holidays.unknown_year(tomorrow, CALENDAR_DAYS)
    if year is not None:  # the operators get a message of their own
        found.append(Item("calendar", "soon", {"year": year, "quiet": True}))
    return found


def _unknown(db: StationDatabase, asked: Asked) -> list[Item]:
    """What nobody has told the station, so that it is not forgotten."""
    found = []
    if not urgency.climate(db, asked.station):
        found.append(Item("climate", "unknown"))
    return found


def _local(asked: Asked) -> datetime:
    return asked.now.astimezone(ZoneInfo(asked.config.timezone))


def stations_due(db: StationDatabase, config: Config, now: datetime) -> list[int]:
    """The stations whose evening look is still to come."""
    return [one.number for one in communities.stations(db) if is_due(db, config, one.number, now)]
