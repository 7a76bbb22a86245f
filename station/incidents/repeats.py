"""Elders who get lost again and again: found from the incidents, so that somebody looks for the reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from station import clock
from station.db import StationDatabase

SOON, MOST_SOON = timedelta(days=90), 2
YEAR, MOST_A_YEAR = timedelta(days=365), 3


@dataclass(frozen=True)
class Repeats:
    """How often an elder was lost lately."""

    in_90_days: int
    in_a_year: int

    @property
    def is_flagged(self) -> bool:
        return self.in_90_days >= MOST_SOON or self.in_a_year >= MOST_A_YEAR


def of_elder(db: StationDatabase, elder_id: int, now: datetime) -> Repeats:
    """Real incidents up to now: tests, drills, false alarms and found badges do not count."""
    return _since(db, [elder_id], now).get(elder_id, Repeats(0, 0))


def flagged(db: StationDatabase, elder_ids: list[int], now: datetime) -> dict[int, Repeats]:
    """Those of some elders who are lost again and again."""
    return {elder: found for elder, found in _since(db, elder_ids, now).items() if found.is_flagged}


def _since(db: StationDatabase, elder_ids: list[int], now: datetime) -> dict[int, Repeats]:
    marks = ", ".join("?" * len(elder_ids))
    rows = db.rows(
        "SELECT elder_id, sum(opened_at >= ?) AS soon, count(*) AS year FROM incident "  # noqa: S608
        f"WHERE elder_id IN ({marks}) AND kind = 'live' AND opened_at >= ? AND opened_at <= ? "
        "AND coalesce(outcome, '') NOT IN ('test', 'drill', 'false_alarm', 'tag_only', 'merged') GROUP BY elder_id",
        clock.text(now - SOON),
        *elder_ids,
        clock.text(now - YEAR),
        clock.text(now),
    )
    return {row["elder_id"]: Repeats(row["soon"], row["year"]) for row in rows}
