"""The weekly report of the drills, to the secretaries, every Monday morning."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from station import communities
from station.alerts import bulletins
from station.db import StationDatabase
from station.selfwatch import drills

WEEKDAY, HOUR = 0, 9  # Monday, local time
WEEK = timedelta(days=7)


def post_due(db: StationDatabase, *, timezone: str, now: datetime) -> None:
    """Keep this week's report of each station, once it is time and until the day is over."""
    local = now.astimezone(ZoneInfo(timezone))
    if local.weekday() != WEEKDAY or local.hour < HOUR:
        return
    day = local.date().isoformat()
    for station in communities.stations(db):
        if not bulletins.is_posted(db, station.number, "report", day):
            content = summary(db, station.number, now)
            good = bool(content["drills"]) and content["drills"] == content["answered"]
            bulletins.post(
                db, station.number, "report", day=day, good=good, content=content, by=None, now=now
            )


def summary(db: StationDatabase, station: int, now: datetime) -> dict[str, int]:
    """The drills of the last seven days in numbers: how many, how many answered, seconds to the claim, who was silent."""
    found = [one for one in drills.newest(db, station, 50) if now - one.started_at < WEEK and one.ended_at]
    claimed = [one.claimed_s for one in found if one.claimed_s is not None]
    return {
        "drills": len(found),
        "answered": len(claimed),
        "slowest_s": round(max(claimed, default=0)),
        "silent": len({staff_id for one in found for staff_id in one.silent}),
    }
