"""A press without a page: key 1 in a call, a button on a card. It cannot choose, so it takes whatever is free."""

from datetime import datetime
from typing import Literal

from station.db import StationDatabase
from station.errors import Conflict
from station.incidents import acts, links

Outcome = Literal["taken", "mine", "held", "closed", "may_not"]


def take(db: StationDatabase, incident_id: int, *, by: int, means: str, now: datetime) -> Outcome:
    """Take both slots of an incident, else the one that is free; what came of it.

    mine: the officer holds a part already and nothing else is free; held: colleagues have it; may_not: the account
    may not take incidents, or has been closed. Whoever presses and finds nothing to take has answered all the same,
    which is written down: a drill asks who did.
    """
    staff = db.row("SELECT role, active FROM staff WHERE id = ?", by)
    if staff is None or not staff["active"] or staff["role"] not in links.MAY_CLAIM:
        return "may_not"
    try:
        # A colleague may press between the look and the claim; the second look then sees what is left.
        for _ in range(2):
            slot = _free(acts.open_row(db, incident_id), by)
            if slot in ("mine", "held"):
                acts.seen(db, incident_id, by=by, now=now, means=means)
                return slot
            try:
                acts.claim(db, incident_id, slot, by=by, now=now, means=means)
            except Conflict:
                continue
            return "taken"
    except Conflict:
        return "closed"
    return "held"


def standing(db: StationDatabase, incident_id: int, *, by: int) -> Outcome:
    """How it stands for who pressed before, without taking anything."""
    row = db.row("SELECT on_site_by, liaison_by, closed_at FROM incident WHERE id = ?", incident_id)
    if row is None or row["closed_at"] is not None:
        return "closed"
    return "mine" if by in (row["on_site_by"], row["liaison_by"]) else "held"


def _free(row: dict[str, int | None], by: int) -> Literal["both", "on_site", "liaison", "mine", "held"]:
    on_site, liaison = row["on_site_by"], row["liaison_by"]
    if on_site is None:
        return "both" if liaison in (None, by) else "on_site"
    if liaison is None:
        return "both" if on_site == by else "liaison"
    return "mine" if by in (on_site, liaison) else "held"
