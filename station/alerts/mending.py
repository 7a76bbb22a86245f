"""Channels that refuse for good while others carry the messages: who can mend them hears of it once a day."""

from datetime import datetime, timedelta

from station import clock, duty
from station.alerts import people, planned
from station.db import StationDatabase

LATELY = timedelta(minutes=10)
ATTEMPTS = 1000  # so many of the newest are looked at


def tell_of_refusals(db: StationDatabase, *, timezone: str, now: datetime) -> int:
    """Tell the operators, else the secretaries, of channels that have just refused; returns how many messages are new."""
    day = duty.local(now, timezone).date()
    new = 0
    for channel in _refusing(db, now):
        station, about = channel["station"], f"channel/{channel['id']}"
        for person in people.operators(db, station) or people.who_can_mend(db, station):
            key = f"{about}|{day}|{person.kind}{person.id}"
            new += planned.tell(db, "roster", key, person, about=about, now=now)
    return new


def _refusing(db: StationDatabase, now: datetime) -> list[dict[str, int]]:
    newest = db.scalar("SELECT max(id) FROM attempt") or 0
    return db.rows(
        "SELECT DISTINCT channel.id, channel.station FROM attempt JOIN alert ON alert.id = attempt.alert_id "
        "JOIN address ON address.id = alert.address_id JOIN channel ON channel.id = address.channel_id "
        "WHERE attempt.id > ? AND attempt.outcome = 'permanent' AND attempt.ended_at > ? "
        "AND address.active = 1 AND channel.active = 1",
        newest - ATTEMPTS,
        clock.text(now - LATELY),
    )
