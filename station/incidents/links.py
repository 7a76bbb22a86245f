"""One-tap links: one person, one incident; a link shows the place, and lets an officer take the incident."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from station import clock, seal
from station.db import StationDatabase
from station.errors import Gone, NotFound
from station.seal import Keyring
from station.vault import Vault

MAY_CLAIM = ("duty", "secretary")


class Ended(Gone):
    """The link's incident is closed; `outcome` is a key of vocabulary.OUTCOMES."""

    def __init__(self, station: int, outcome: str) -> None:
        super().__init__("This incident is closed.")
        self.station = station
        self.outcome = outcome


@dataclass(frozen=True)
class Link:
    """Who holds a link, and to what. Exactly one of `staff_id` and `contact_id` is set."""

    incident_id: int
    staff_id: int | None
    contact_id: int | None
    role: str  # of the staff member; empty for a contact of the family

    @property
    def may_claim(self) -> bool:
        return self.role in MAY_CLAIM


def make(
    db: StationDatabase,
    vault: Vault,
    incident_id: int,
    *,
    staff_id: int | None = None,
    contact_id: int | None = None,
    now: datetime,
) -> str:
    """The token of one person's link to one incident; inside the caller's transaction.

    The same person and incident give the same token again: it is derived, and only its hash is stored.
    """
    make_all(db, vault, [(incident_id, staff_id, contact_id)], now)
    return token(vault.ring, incident_id, staff_id=staff_id, contact_id=contact_id)


def make_all(
    db: StationDatabase, vault: Vault, holders: Iterable[tuple[int, int | None, int | None]], now: datetime
) -> None:
    """The links of many, as (incident, staff member or None, contact or None); inside the caller's transaction."""
    rows = [
        {
            "token_hash": seal.token_hash(
                token(vault.ring, incident_id, staff_id=staff_id, contact_id=contact_id)
            ),
            "incident_id": incident_id,
            "staff_id": staff_id,
            "contact_id": contact_id,
            "created_at": clock.text(now),
        }
        for incident_id, staff_id, contact_id in holders
    ]
    db.insert_new("link", rows, "token_hash")


def token(
    ring: Keyring, incident_id: int, *, staff_id: int | None = None, contact_id: int | None = None
) -> str:
    """The same token, for a link that was made."""
    assert (staff_id is None) != (contact_id is None), "a link belongs to a staff member or to a contact"
    holder = f"staff|{staff_id}" if staff_id is not None else f"contact|{contact_id}"
    return seal.derived_token(ring, "link", f"{incident_id}|{holder}")


def is_known(db: StationDatabase, token: str) -> bool:
    """Whether this is somebody's link to an incident, open or closed."""
    return db.scalar("SELECT 1 FROM link WHERE token_hash = ?", seal.token_hash(token)) is not None


def open_link(db: StationDatabase, token: str) -> Link:
    """Whose link this is. Raises NotFound when it never was or its holder left, Ended when the incident is closed."""
    row = db.row(
        "SELECT link.incident_id, link.staff_id, link.contact_id, staff.role, staff.active, "
        "incident.station, incident.outcome "
        "FROM link JOIN incident ON incident.id = link.incident_id "
        "LEFT JOIN staff ON staff.id = link.staff_id WHERE link.token_hash = ?",
        seal.token_hash(token),
    )
    if row is None or (row["staff_id"] is not None and not row["active"]):
        raise NotFound("This link is not known. Ring the hotline.")
    if row["outcome"] is not None:
        raise Ended(row["station"], row["outcome"])
    return Link(row["incident_id"], row["staff_id"], row["contact_id"], row["role"] or "")
