"""Deliveries in the story of an incident: a line for the first to each person by each way, which stands for all later ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from station import clock
from station.db import StationDatabase
from station.incidents import events
from station.incidents.events import Event

KIND = "delivered"


@dataclass(frozen=True)
class Delivered:
    """What such a line says: by which kind of channel, when by the provider's clock; a contact by its place in the list."""

    way: str
    at: datetime
    contact: int  # 0 for a member of the staff


def note(
    db: StationDatabase, way: str, attempt: Mapping[str, Any], told_at: str | None, now: datetime
) -> None:
    """Write the line when this is the first delivery to that person by this kind of channel; inside the caller's

    transaction. `attempt` has incident_id, staff_id, contact_id. Rings come every two minutes for as long as nobody
    acts, so a line for each would bury the story; the table of attempts has every one.
    """
    if attempt["incident_id"] is None:
        return
    slot = f"contact{_place(db, attempt['contact_id'])}" if attempt["contact_id"] else None
    known = db.scalar(
        "SELECT 1 FROM event WHERE incident_id = ? AND kind = 'delivered' AND staff_id IS ? AND slot IS ? "
        "AND substr(detail, 1, ?) = ?",
        attempt["incident_id"],
        attempt["staff_id"],
        slot,
        len(way) + 1,
        f"{way} ",
    )
    if known is None:
        detail = f"{way} {told_at or clock.text(now)}"
        who = attempt["staff_id"]
        events.add(db, attempt["incident_id"], KIND, actor="system", staff_id=who, slot=slot, detail=detail, now=now)  # fmt: skip


def read(event: Event) -> Delivered:
    """What a line of this kind holds."""
    way, _, at = event.detail.partition(" ")
    return Delivered(way, clock.parse(at), int((event.slot or "0").removeprefix("contact")))


def later(db: StationDatabase, incident_id: int) -> dict[tuple[int | None, int, str], int]:
    """How many more deliveries stand behind each line: by staff member, contact's place and kind of channel."""
    rows = db.rows(
        "SELECT alert.staff_id, coalesce(contact.position, 0) AS contact, channel.kind, count(*) - 1 AS more "
        "FROM alert JOIN attempt ON attempt.alert_id = alert.id "
        "JOIN delivery_report ON delivery_report.attempt_id = attempt.id AND delivery_report.state = 'delivered' "
        "JOIN address ON address.id = alert.address_id JOIN channel ON channel.id = address.channel_id "
        "LEFT JOIN contact ON contact.id = alert.contact_id WHERE alert.incident_id = ? GROUP BY 1, 2, 3",
        incident_id,
    )
    return {(row["staff_id"], row["contact"], row["kind"]): row["more"] for row in rows}


def _place(db: StationDatabase, contact_id: int) -> int:
    """The contact's place in the list; 0 when it was removed since."""
    return int(db.scalar("SELECT position FROM contact WHERE id = ?", contact_id) or 0)
