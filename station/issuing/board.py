"""The board: what is on the way, what is late, what nobody has tried, and how long it takes."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from station import clock
from station.db import StationDatabase
from station.issuing import batches, checks, records, trips
from station.issuing.batches import Batch
from station.issuing.checks import DueForCheck
from station.issuing.records import Badge
from station.issuing.trips import Trip

TWO_DAYS = timedelta(hours=48)  # promised to families, from application to hand-over
LOOK_BACK = timedelta(days=90)
FORGOTTEN = timedelta(days=14)  # a badge that lies so long after it was made is not on its way

# The clock runs from the family's application for an elder's first badge; otherwise from the order or, for
# blank stock, from the moment it got its elder.
_SINCE = (
    "coalesce(CASE WHEN badge.id = (SELECT min(id) FROM badge AS one WHERE one.elder_id = badge.elder_id) "
    "THEN (SELECT min(created_at) FROM application WHERE application.elder_id = badge.elder_id) END, "
    "badge.bound_at, badge.ordered_at)"
)


@dataclass(frozen=True)
class Line:
    """A badge on its way to its elder."""

    badge: Badge
    since: datetime
    hours: int  # full ones since then
    is_late: bool
    trip: Trip  # to the door


@dataclass(frozen=True)
class Unserved:
    """An elder for whom no badge is worn or on its way; the clock runs all the same."""

    elder_id: int
    since: datetime
    hours: int
    is_late: bool


@dataclass(frozen=True)
class Pace:
    """Hours from application (or order) to hand-over, of the last 90 days; None while nothing was handed over."""

    handed_over: int
    median_h: float | None
    worst_h: float | None


@dataclass(frozen=True)
class Board:
    due: list[Line]  # late ones first, then the oldest
    unserved: list[Unserved]  # the longest first
    forgotten: list[Line]
    declined: list[Line]  # made, but the elder or the family does not want it
    blanks: list[Badge]
    unconfirmed: list[Badge]  # worn, but no contact has said that a message came
    unproven: list[Badge]  # worn, but only their number was typed
    to_check: list[DueForCheck]
    batches: list[Batch]  # but for those of which no badge is used any more
    in_files: set[int]  # badges that somebody has ordered in a print file already
    pace: Pace

    def only(self, elder_ids: Collection[int]) -> "Board":
        """The same for these elders alone; blank badges are nobody's."""

        def of(lines: list[Line]) -> list[Line]:
            return [line for line in lines if line.badge.elder_id in elder_ids]

        def worn(badges: list[Badge]) -> list[Badge]:
            return [badge for badge in badges if badge.elder_id in elder_ids]

        return replace(
            self,
            due=of(self.due),
            unserved=[one for one in self.unserved if one.elder_id in elder_ids],
            forgotten=of(self.forgotten),
            declined=of(self.declined),
            blanks=[],
            unconfirmed=worn(self.unconfirmed),
            unproven=worn(self.unproven),
            to_check=[one for one in self.to_check if one.badge.elder_id in elder_ids],
        )


def read(db: StationDatabase, station: int, now: datetime) -> Board:
    """Everything on a station's board; names stay with the elders' records."""
    waiting, refusing = lines(db, station, now), _refusing(db, station)
    wanted = [line for line in waiting if line.badge.elder_id not in refusing]
    lying = [line for line in wanted if line.badge.made_at and now - line.badge.made_at > FORGOTTEN]
    return Board(
        due=sorted((line for line in wanted if line not in lying), key=lambda line: line.since),
        unserved=unserved(db, station, now),
        forgotten=lying,
        declined=[line for line in waiting if line.badge.elder_id in refusing],
        blanks=[badge for badge in records.unfinished(db, station) if badge.elder_id is None],
        unconfirmed=unconfirmed(db, station),
        unproven=checks.unproven(db, station),
        to_check=checks.due(db, station, now),
        batches=[one for one in batches.newest(db, station) if one.ended < one.badges],
        in_files=batches.in_files(db, station),
        pace=pace(db, station, now),
    )


def pace(db: StationDatabase, station: int, now: datetime) -> Pace:
    """How long families waited. Temporary badges do not count: they are no answer to an application."""
    rows = db.rows(
        f"SELECT badge.activated_at, {_SINCE} AS since FROM badge WHERE station = ? "  # noqa: S608
        "AND elder_id IS NOT NULL AND temporary = 0 AND activated_at >= ?",
        station,
        clock.text(now - LOOK_BACK),
    )
    hours = [
        (clock.parse(row["activated_at"]) - clock.parse(row["since"])).total_seconds() / 3600 for row in rows
    ]
    return Pace(len(hours), median(hours) if hours else None, max(hours, default=None))


def unconfirmed(db: StationDatabase, station: int) -> list[Badge]:
    """Worn badges of its living elders of which no contact has confirmed a rehearsal's message."""
    rows = db.rows(
        "SELECT badge.* FROM badge JOIN elder ON elder.id = badge.elder_id AND elder.station = badge.station "
        "WHERE badge.station = ? AND badge.state = 'worn' AND elder.status = 'living' AND NOT EXISTS (SELECT 1 FROM rehearsal "
        "JOIN rehearsal_contact ON rehearsal_id = rehearsal.id "
        "WHERE rehearsal.badge_id = badge.id AND confirmed_at IS NOT NULL) ORDER BY badge.id",
        station,
    )
    return [records.from_row(row) for row in rows]


def unserved(db: StationDatabase, station: int, now: datetime) -> list[Unserved]:
    """Living elders without a badge who want one: none was ordered, or the last one ended and no other was ordered."""
    rows = db.rows(
        "SELECT id, coalesce((SELECT max(ended_at) FROM badge WHERE elder_id = elder.id), asked.at, created_at) "
        "AS since FROM elder LEFT JOIN (SELECT elder_id, min(created_at) AS at FROM application GROUP BY elder_id) "
        "AS asked ON asked.elder_id = elder.id WHERE station = ? AND status = 'living' "
        "AND NOT EXISTS (SELECT 1 FROM badge WHERE elder_id = elder.id "
        "AND state IN ('ordered', 'made', 'printed', 'worn')) "
        "AND NOT EXISTS (SELECT 1 FROM refusal WHERE elder_id = elder.id AND withdrawn_at IS NULL) ORDER BY since",
        station,
    )
    waits = [(row["id"], clock.parse(row["since"])) for row in rows]
    return [Unserved(elder_id, since, *_waited(since, now)) for elder_id, since in waits]


def elders_of(board: Board) -> Collection[int]:
    """Whose badges are on the board."""
    shown = [*board.due, *board.forgotten, *board.declined]
    to_check = (one.badge for one in board.to_check)
    badges = [*(one.badge for one in shown), *board.unconfirmed, *board.unproven, *to_check]
    wearers = {badge.elder_id for badge in badges if badge.elder_id is not None}
    return wearers | {one.elder_id for one in board.unserved}


def lines(db: StationDatabase, station: int, now: datetime) -> list[Line]:
    """Every badge that an elder has not got yet, with how far it has come."""
    rows = db.rows(
        f"SELECT badge.*, {_SINCE} AS since FROM badge WHERE station = ? "  # noqa: S608
        "AND elder_id IS NOT NULL AND state IN ('ordered', 'made', 'printed') ORDER BY id",
        station,
    )
    carried = trips.of_station(db, station)
    return [_line(row, carried.get(row["id"], trips.NONE), now) for row in rows]


def _refusing(db: StationDatabase, station: int) -> set[int]:
    """Elders who do not want a badge, as things stand."""
    rows = db.rows(
        "SELECT elder_id FROM refusal JOIN elder ON elder.id = refusal.elder_id "
        "WHERE elder.station = ? AND withdrawn_at IS NULL",
        station,
    )
    return {row["elder_id"] for row in rows}


def _line(row: dict[str, Any], trip: Trip, now: datetime) -> Line:
    since = clock.parse(row["since"])
    return Line(records.from_row(row), since, *_waited(since, now), trip)


def _waited(since: datetime, now: datetime) -> tuple[int, bool]:
    """Full hours, and whether these are more than were promised."""
    waited = now - since
    return int(waited.total_seconds() // 3600), waited > TWO_DAYS
