"""Who is to be told and who is to be rung, resolved at the moment it is due."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from station import addresses, consents, duty
from station.db import StationDatabase


@dataclass(frozen=True, order=True)
class Person:
    """Somebody who can be reached: a staff member or a family contact."""

    kind: str  # staff or contact
    id: int

    @property
    def staff_id(self) -> int | None:
        return self.id if self.kind == "staff" else None

    @property
    def contact_id(self) -> int | None:
        return self.id if self.kind == "contact" else None


def on_duty(
    db: StationDatabase, station: int, moment: datetime, timezone: str, level: str = "on_duty"
) -> list[Person]:
    active = {row["id"] for row in db.rows("SELECT id FROM staff WHERE station = ? AND active = 1", station)}
    ids = duty.at(duty.read(db, station), level, moment, timezone)
    return [Person("staff", staff_id) for staff_id in ids if staff_id in active]


def secretaries(db: StationDatabase, incident: dict[str, Any]) -> list[Person]:
    """Of the elder's home community and of the one where the elder was found, whichever station's these are.

    When neither is of the incident's own station, all of that station as well.
    """
    concerned = _concerned(db, incident)
    rows = db.rows(
        "SELECT id, station, community_id FROM staff WHERE role = 'secretary' AND active = 1 "
        "AND (station = ? OR community_id IN (SELECT value FROM json_each(?))) ORDER BY station <> ?, id",
        incident["station"],
        json.dumps(list(concerned)),
        incident["station"],
    )
    all_of_ours = incident["station"] not in concerned.values()
    return [
        Person("staff", row["id"])
        for row in rows
        if row["community_id"] in concerned or (all_of_ours and row["station"] == incident["station"])
    ]


def _concerned(db: StationDatabase, incident: dict[str, Any]) -> dict[int, int]:
    """The elder's home community and, as far as consented, the one where the elder was found; each with its station."""
    home = db.scalar("SELECT community_id FROM elder WHERE id = ?", incident["elder_id"])
    found = incident["community_id"]
    if found and not _may_tell_finding_community(db, incident):
        found = None
    rows = db.rows("SELECT id, station FROM community WHERE id IN (?, ?)", home, found)
    return {row["id"]: row["station"] for row in rows}


def everybody(db: StationDatabase, station: int) -> list[Person]:
    """All who work at the station; the operator keeps machines, not elders."""
    rows = db.rows(
        "SELECT id FROM staff WHERE station = ? AND active = 1 AND role <> 'operator' ORDER BY id", station
    )
    return [Person("staff", row["id"]) for row in rows]


def operators(db: StationDatabase, station: int) -> list[Person]:
    """Who can mend the roster and the channels when nobody else can be reached."""
    rows = db.rows(
        "SELECT id FROM staff WHERE station = ? AND active = 1 AND role = 'operator' ORDER BY id", station
    )
    return [Person("staff", row["id"]) for row in rows]


def who_can_mend(db: StationDatabase, station: int) -> list[Person]:
    """Who is told of a hole in the roster: the secretaries with a channel, else the operators."""
    rows = db.rows(
        "SELECT id FROM staff WHERE station = ? AND active = 1 AND role = 'secretary' ORDER BY id", station
    )
    found = [Person("staff", row["id"]) for row in rows]
    return [one for one in found if address_ids(db, one)] or operators(db, station)


def family(db: StationDatabase, incident: dict[str, Any]) -> list[Person]:
    """The contacts, in their order, when the family agreed to learn the place."""
    elder_id = incident["elder_id"]
    if elder_id is None or "family_place" not in consents.standing(db, elder_id):
        return []
    return relatives(db, incident)


def relatives(db: StationDatabase, incident: dict[str, Any]) -> list[Person]:
    """The contacts, in their order, whatever they agreed to: for what they must be told and holds no place.

    The family of somebody who has died hears of no badge any more.
    """
    rows = db.rows(
        "SELECT contact.id FROM contact JOIN elder ON elder.id = elder_id "
        "WHERE elder_id = ? AND elder.status <> 'deceased' ORDER BY position",
        incident["elder_id"],
    )
    return [Person("contact", row["id"]) for row in rows]


def to_notify(db: StationDatabase, incident: dict[str, Any], opened: datetime, timezone: str) -> list[Person]:
    """Who gets the notice: on duty when it opened, the secretaries, the family."""
    people = on_duty(db, incident["station"], opened, timezone)
    home = db.scalar("SELECT station FROM elder WHERE id = ?", incident["elder_id"])
    if home not in (None, incident["station"]):
        people += on_duty(db, home, opened, timezone)
    people += secretaries(db, incident)
    people += family(db, incident)
    return list(dict.fromkeys(people))


def on_rung(
    db: StationDatabase, incident: dict[str, Any], who: str, moment: datetime, timezone: str
) -> list[Person]:
    """Whom a rung of the ladder rings now."""
    station = incident["station"]
    if who == "secretaries":
        return secretaries(db, incident)
    if who == "everybody":
        return everybody(db, station)
    if who == "operators":
        return operators(db, station)
    return on_duty(db, station, moment, timezone, "backup" if who == "backup" else "on_duty")


def holding(incident: dict[str, Any]) -> list[Person]:
    """Who has claimed a slot."""
    held = (incident["on_site_by"], incident["liaison_by"])
    return [Person("staff", staff_id) for staff_id in dict.fromkeys(held) if staff_id]


def address_ids(db: StationDatabase, person: Person) -> list[int]:
    if person.kind == "staff":
        return addresses.of_staff(db, person.id)
    return addresses.of_contact(db, person.id)


def _may_tell_finding_community(db: StationDatabase, incident: dict[str, Any]) -> bool:
    elder_id = incident["elder_id"]
    return elder_id is None or "finding_community" in consents.standing(db, elder_id)
