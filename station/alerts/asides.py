"""What messages to staff say that belong to no incident: the roster, its holidays, channels and the machine."""

from datetime import date, datetime
from typing import Any

from station import duty, holidays, readiness
from station.db import StationDatabase
from station.seal import Keyring
from station.staff_words import GUARDS

GAPS_TOLD = 3
PAGES = {"channel": "channels", "gaps": "desk/roster", "holiday": "desk/roster", "calendar": "desk/roster", "machine": "desk/tonight"}  # fmt: skip


def words(db: StationDatabase, about: str, station: int, local: datetime) -> dict[str, Any]:
    """What the template needs; `about` is the alert's, such as gaps/1, channel/7 or machine/disk."""
    what, _, which = about.partition("/")
    gaps = duty.gaps_ahead(duty.read(db, station), local) if what == "gaps" else []
    return {
        "what": what,
        "gaps": "; ".join(f"{_day_time(begin)}-{_day_time(end)}" for begin, end in gaps[:GAPS_TOLD]),
        "channel": db.scalar("SELECT label FROM channel WHERE id = ?", which) if what == "channel" else "",
        "holiday": holidays.starting(date.fromisoformat(which)) if what == "holiday" else None,
        "year": which if what == "calendar" else "",
        "guard": GUARDS[which] if what == "machine" else "",
        "shown": None,
    }


def page(db: StationDatabase, ring: Keyring, about: str) -> str:
    """Where the link of such a message leads."""
    what, _, which = about.partition("/")
    if what == "trial":
        return f"ok/{readiness.token(db, ring, int(which))}"
    return PAGES.get(what, "desk/duty")


def _day_time(moment: datetime) -> str:
    return moment.strftime("%m-%d %H:%M")
