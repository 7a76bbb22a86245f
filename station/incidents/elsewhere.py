"""Open incidents that another station leads and that concern this one: its elder, or found in one of its communities."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from station import clock, communities, consents, phones
from station.db import StationDatabase
from station.incidents import links, states
from station.issuing import records
from station.phones import Phone
from station.seal import Keyring

# Besides what `concerns` asks of each.
MAY_CONCERN = "incident.station <> ? AND (elder.station = ? OR community.station = ?)"


@dataclass(frozen=True)
class Elsewhere:
    """What a colleague of a concerned station sees at the desk: whom to ring, and the way to their own link."""

    id: int
    state: str
    rings_again: bool  # see states.rings_again
    opened_at: datetime
    badge_number: str  # as printed, or empty
    is_home: bool  # the elder is in this station's care; else the elder was found here
    led_by: str  # the other station's name
    hotline: Phone
    token: str  # of the reader's own link; empty when none was sent to them


def of_station(db: StationDatabase, ring: Keyring, station: int, staff_id: int) -> list[Elsewhere]:
    """Those open now, the newest first."""
    rows = db.rows(
        "SELECT incident.*, badge.number, elder.station AS home FROM incident "  # noqa: S608
        "LEFT JOIN badge ON badge.id = incident.badge_id LEFT JOIN elder ON elder.id = incident.elder_id "
        "LEFT JOIN community ON community.id = incident.community_id WHERE incident.closed_at IS NULL "
        f"AND incident.kind = 'live' AND {MAY_CONCERN} ORDER BY incident.id DESC",
        station,
        station,
        station,
    )
    return [_elsewhere(db, ring, row, station, staff_id) for row in rows if concerns(db, row, station)]


def concerns(db: StationDatabase, row: dict[str, Any], station: int) -> bool:
    """Whether this station may hear of another's incident: `row` has its elder_id and, as `home`, whose care that is.

    Where somebody was found may know only as the elder consented; of somebody nobody knows, always.
    """
    if row["home"] in (None, station):
        return True
    return "finding_community" in consents.standing(db, row["elder_id"])


def _elsewhere(
    db: StationDatabase, ring: Keyring, row: dict[str, Any], station: int, staff_id: int
) -> Elsewhere:
    leads = communities.station(db, row["station"])
    token = links.token(ring, row["id"], staff_id=staff_id)
    return Elsewhere(
        id=row["id"],
        state=row["state"],
        rings_again=states.rings_again(row),
        opened_at=clock.parse(row["opened_at"]),
        badge_number=records.shown_number(row["number"]) if row["number"] else "",
        is_home=row["home"] == station,
        led_by=leads.name,
        hotline=phones.from_e164(leads.hotline),
        token=token if links.is_known(db, token) else "",
    )
