"""Badges as they stand in the database: found by number, serial, elder or what a camera read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from station import clock, damm, seal
from station.db import StationDatabase
from station.errors import NotFound
from station.seal import Keyring

ENDED = ("lost", "replaced", "revoked", "returned")
UNFINISHED = ("ordered", "made", "printed")
READY = ("made", "printed")  # there is a checked file, and perhaps the thing itself


@dataclass(frozen=True)
class Badge:
    id: int
    station: int
    serial: int
    number: str  # the short public number with its check digit
    elder_id: int | None  # None for blank stock
    state: str
    key_digit: str
    form: str  # badge, cloth or card
    artwork: str
    theme: str
    temporary: bool
    replaces: int | None
    problem: str
    window_for: str  # why scans are tests until window_until: test, check or rehearsal
    ordered_at: datetime
    bound_at: datetime | None  # when a blank badge got its elder
    made_at: datetime | None
    printed_at: datetime | None
    activated_at: datetime | None
    ended_at: datetime | None
    window_until: datetime | None

    def is_announced(self, now: datetime) -> bool:
        """Whether scans of this badge are tests at the moment."""
        return self.window_until is not None and now < self.window_until


def get(db: StationDatabase, badge_id: int) -> Badge:
    row = db.row("SELECT * FROM badge WHERE id = ?", badge_id)
    if row is None:
        raise NotFound("There is no such badge.")
    return from_row(row)


def of_elder(db: StationDatabase, elder_id: int) -> list[Badge]:
    """All badges an elder ever had, newest first."""
    rows = db.rows("SELECT * FROM badge WHERE elder_id = ? ORDER BY id DESC", elder_id)
    return [from_row(row) for row in rows]


def unfinished(db: StationDatabase, station: int) -> list[Badge]:
    """Badges of a station that are not yet in their elders' hands, oldest first; blank stock is among them."""
    rows = db.rows(
        "SELECT * FROM badge WHERE station = ? AND state IN ('ordered', 'made', 'printed') ORDER BY id",
        station,
    )
    return [from_row(row) for row in rows]


def by_serial(db: StationDatabase, station: int, serial: int) -> Badge | None:
    row = db.row("SELECT * FROM badge WHERE station = ? AND serial = ?", station, serial)
    return from_row(row) if row else None


def by_number(db: StationDatabase, digits: str) -> Badge | None:
    row = db.row("SELECT * FROM badge WHERE number = ?", digits)
    return from_row(row) if row else None


def by_code(db: StationDatabase, ring: Keyring, code: str) -> Badge | None:
    """The badge that somebody typed by its number, or that a camera read as its whole address."""
    code = code.strip()
    opened = seal.open_badge_token(ring, code.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1])
    if opened is not None:
        return by_serial(db, *opened)
    digits = "".join(str(int(one)) for one in code if one.isdecimal())
    return by_number(db, digits) if len(digits) <= 12 and damm.is_valid(digits) else None


def url(ring: Keyring, badge: Badge, base_url: str) -> str:
    """What the badge's code says. Made again from the serial; no token is stored."""
    return f"{base_url}/{seal.badge_token(ring, badge.station, badge.serial, badge.key_digit)}"


def shown_number(digits: str) -> str:
    """A badge number as it is printed and spoken: the check digit apart, such as 48217-3."""
    return f"{digits[:-1]}-{digits[-1]}"


_TIMES = ("bound_at", "made_at", "printed_at", "activated_at", "ended_at", "window_until")
_PLAIN = (
    "id", "station", "serial", "number", "elder_id", "state", "key_digit", "form", "artwork", "theme",
    "replaces", "problem", "window_for",
)  # fmt: skip


def from_row(row: dict[str, Any]) -> Badge:
    """A badge from a row that has all columns of its table."""
    times: dict[str, Any] = {key: clock.parse(row[key]) if row[key] else None for key in _TIMES}
    plain: dict[str, Any] = {key: row[key] for key in _PLAIN}
    return Badge(
        **plain, **times, ordered_at=clock.parse(row["ordered_at"]), temporary=bool(row["temporary"])
    )
