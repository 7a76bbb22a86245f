"""The sender's rounds besides the alerts: drills, the evening's look, the weekly report, the sign of life."""

from datetime import datetime

from station import communities, emergency
from station.alerts import bulletins, entries, mending
from station.config import Config
from station.db import StationDatabase
from station.selfwatch import auditor, drills, health, tonight, weekly
from station.selfwatch.tonight import Asked
from station.vault import Vault

PING_EVERY_S = 60.0
TOLD_STEP_S = 60.0  # a smaller step of the clock is corrected by time servers every day


def every_second(db: StationDatabase, vault: Vault, config: Config, now: datetime) -> list[int]:
    """What is due by the clock. Returns the incidents of drills that were ended, for their last messages."""
    ended = drills.tend(db, vault, timezone=config.timezone, now=now)
    for station in tonight.stations_due(db, config, now):
        tonight.post(db, Asked(config, station, checks(db, vault, config, now), now), by=None)
    if not config.demo:
        weekly.post_due(db, timezone=config.timezone, now=now)
    bulletins.plan(db, timezone=config.timezone, now=now)
    entries.plan(db, now)
    return ended


def mend(db: StationDatabase, config: Config, step_s: float, now: datetime) -> None:
    """Every fifteen seconds: what hangs in the air is freed, a step of the clock is written down, the guards are heard."""
    auditor.free_stuck(db, now)
    auditor.note_clock(db, step_s, now)
    failing = [name for name, check in health.room(config).items() if not check.ok]
    if abs(step_s) > TOLD_STEP_S:
        failing.append("clock")
    for station in communities.stations(db) if failing else []:
        mending.tell_of_machine(db, station.number, failing, timezone=config.timezone, now=now)


def is_well(db: StationDatabase, vault: Vault, config: Config, now: datetime) -> bool:
    """Whether the watcher outside may hear that all is well; silence makes it ring."""
    return all(check.ok for check in checks(db, vault, config, now).values())


def checks(db: StationDatabase, vault: Vault, config: Config, now: datetime) -> dict[str, health.Check]:
    readable = emergency.EmergencyFile(config.emergency_file, vault.ring).now() is not None
    return health.look(config, db, readable, now)
