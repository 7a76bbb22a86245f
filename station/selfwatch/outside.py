"""What must be asked of the world outside: certificate and balances. The job process asks, so that no page waits."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from station import addresses, clock
from station.channels import balance, beacon
from station.config import Config
from station.db import StationDatabase, transaction
from station.selfwatch import supplies
from station.vault import Vault

HOUR = 19  # local time: an hour before the evening's look
WANTED = "outside wanted"
ASKED = "outside asked"


def want(db: StationDatabase, now: datetime) -> None:
    """Somebody wants it asked now; the answers are there within seconds."""
    _remember(db, WANTED, clock.text(now))


def ask_due(
    db: StationDatabase, vault: Vault, config: Config, now: datetime, tell: Callable[[], None] = lambda: None
) -> None:
    """Ask if somebody wants it, and by itself once a day before the evening's look. May take ten seconds a question.

    `tell` is called between them.
    """
    wanted = db.scalar("SELECT 1 FROM meta WHERE key = ?", WANTED)
    if not wanted and not _is_time(db, config, now):
        return
    with transaction(db):
        db.write("DELETE FROM meta WHERE key = ?", WANTED)
    # Before the asking: a process that dies of a question must not die of it all night.
    _remember(db, ASKED, _today(config, now))
    ask(db, vault, config, now, tell)


def ask(
    db: StationDatabase, vault: Vault, config: Config, now: datetime, tell: Callable[[], None] = lambda: None
) -> None:
    """The certificate of the base URL's own server, and what is left on every channel that is paid in advance."""
    if config.secure:
        until = beacon.certificate_until(config.host)
        _remember(db, f"certificate {config.host}", clock.text(until or now))
    for channel_id, kind in supplies.to_ask(db):
        tell()
        settings, allow_private = addresses.open_channel(db, vault, channel_id)
        found = balance.ask(kind, settings, now=now, allow_private=allow_private)
        supplies.note_answer(db, channel_id, found, now)


def _is_time(db: StationDatabase, config: Config, now: datetime) -> bool:
    """A demonstration has no evening of its own."""
    if config.demo or now.astimezone(ZoneInfo(config.timezone)).hour < HOUR:
        return False
    return bool(db.scalar("SELECT value FROM meta WHERE key = ?", ASKED) != _today(config, now))


def _today(config: Config, now: datetime) -> str:
    return now.astimezone(ZoneInfo(config.timezone)).date().isoformat()


def _remember(db: StationDatabase, key: str, value: str) -> None:
    with transaction(db):
        db.write(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            key,
            value,
        )
