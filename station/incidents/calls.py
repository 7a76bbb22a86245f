"""Somebody rings the hotline: the officer on the phone opens an incident, or joins the scan's, in seconds."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from station import audit, clock, heard, places, seal, search
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid
from station.incidents import events, locating, reports
from station.incidents.intake import LONGEST_NOTE, LONGEST_PHONE, LONGEST_PLACE, Report, Sighting, clean
from station.incidents.reports import Door
from station.issuing import checks, orders, records
from station.issuing.proofs import TYPED, Shown
from station.vault import Vault

MOST_MEANT = 6


@dataclass(frozen=True)
class Call:
    """What the officer types while talking; all of it may be empty but one of number and place."""

    form_id: str
    number: str = ""  # a badge number, or the three digits of the finder's page
    place: str = ""
    phone: str = ""
    note: str = ""
    elder_id: int | None = None
    point: places.Point | None = None


def take(db: StationDatabase, vault: Vault, call: Call, *, station: int, by: int, now: datetime) -> int:
    """Open or join the incident of a call and return its id; the same form again returns the same one.

    Raises Invalid on a number that is no badge and no code, Conflict when a code fits several pages.
    """
    request_hash = seal.token_hash(f"call|{call.form_id}")
    known = db.scalar("SELECT incident_id FROM scan WHERE request_hash = ?", request_hash)
    if known is not None:
        return int(known)
    serial, elder_id = _whose(db, call, station, now)
    if (
        serial is None
        and elder_id is None
        and not (call.place.strip() or call.phone.strip() or call.note.strip())
    ):
        raise Invalid("number", "Type the badge number, the three digits of the page, or the place in words.")
    door = Door(station, serial)
    with transaction(db):
        badge = _badge(db, door, elder_id)
        incident_id = reports.open_or_join(db, vault, door, badge, source="call", now=now)
        uid = uuid.uuid4().hex
        page = reports.status_token(vault.ring, uid)
        known = reports.Known(uid, request_hash, page, badge["id"] if badge else None)
        _write_call(db, vault, door, call, incident_id, known, now)
        audit.record(
            db, vault.ring, staff_id=by, action="incident.call", about=f"incident/{incident_id}", now=now
        )
    return incident_id


def _whose(db: StationDatabase, call: Call, station: int, now: datetime) -> tuple[int | None, int | None]:
    """The badge's serial and the elder that the number or the chosen elder leads to."""
    if call.elder_id is not None:
        return None, call.elder_id
    digits = "".join(str(int(c)) for c in call.number if c.isdecimal())
    if not digits:
        return None, None
    if len(digits) == 3:
        return _by_code(db, digits, station, now), None
    row = db.row(
        "SELECT serial FROM badge WHERE number = ? AND station = ?", search.badge_digits(digits), station
    )
    if row is None:
        raise _no_such_number(db, call.number, station)
    return row["serial"], None


def _no_such_number(db: StationDatabase, typed: str, station: int) -> Invalid:
    near = meant(db, typed, station)
    if not near:
        return Invalid(
            "number", "No badge has this number. Ask the caller to read it once more, digit by digit."
        )
    return Invalid(
        "number",
        "No badge has this number. Ask the caller whether it is one of these: %(numbers)s",
        numbers=", ".join(records.shown_number(number) for number in near),
    )


def meant(db: StationDatabase, typed: str, station: int) -> list[str]:
    """Numbers of badges that the caller may have read wrong or by half."""
    return [number for number, _ in heard.like(db, typed, station=station)][:MOST_MEANT]


def _by_code(db: StationDatabase, code: str, station: int, now: datetime) -> int:
    rows = db.rows(
        "SELECT DISTINCT serial FROM scan WHERE station = ? AND code = ? AND at > ? AND serial IS NOT NULL",
        station,
        code,
        clock.text(now - reports.CODE_LIVES),
    )
    if not rows:
        raise Invalid(
            "number", "No page with these three digits was opened in the last hour. Ask for the badge number."
        )
    if len(rows) > 1:
        raise Conflict("Two open pages show the same three digits. Ask for the number on the badge.")
    return int(rows[0]["serial"])


def _badge(db: StationDatabase, door: Door, elder_id: int | None) -> dict[str, Any] | None:
    """The badge that the caller named, or the elder alone when the caller named a person."""
    if elder_id is not None:
        return {"id": None, "elder_id": elder_id}
    return db.row(
        "SELECT id, elder_id FROM badge WHERE station = ? AND serial = ?", door.station, door.serial
    )


def _write_call(
    db: StationDatabase,
    vault: Vault,
    door: Door,
    call: Call,
    incident_id: int,
    known: reports.Known,
    now: datetime,
) -> None:
    sent = Report(
        request_id=uuid.uuid4().hex,
        act="phoned",
        sighting=locating.located(db, Sighting(call.point, None, clean(call.place)[:LONGEST_PLACE])),
        note=clean(call.note)[:LONGEST_NOTE],
        phone=clean(call.phone)[:LONGEST_PHONE],
    )
    reports.attach(db, vault, door, sent, incident_id=incident_id, known=known, now=now)
    events.add(db, incident_id, "called_in", actor="staff", now=now)


def identify(
    db: StationDatabase, vault: Vault, incident_id: int, elder_id: int, *, by: int, now: datetime
) -> int:
    """Say who the elder of an incident is; joins the elder's other open incident when there is one.

    Returns the id of the incident that goes on.
    """
    with transaction(db):
        other = db.scalar(
            "SELECT id FROM incident WHERE elder_id = ? AND closed_at IS NULL AND id <> ?",
            elder_id,
            incident_id,
        )
        if other is not None:
            raise Conflict(
                "This elder already has open incident #%(id)s. Close this one as belonging to it.", id=other
            )
        changed = db.write(
            "UPDATE incident SET elder_id = ?, version = version + 1 WHERE id = ? AND closed_at IS NULL "
            "AND elder_id IS NULL",
            elder_id,
            incident_id,
        )
        if not changed:
            raise Conflict("This incident is closed or already has an elder. Load the page again.")
        events.add(db, incident_id, "identified", actor="staff", staff_id=by, now=now)
        audit.record(
            db, vault.ring, staff_id=by, action="incident.identify", about=f"incident/{incident_id}", now=now
        )
    return incident_id


def bind(
    db: StationDatabase, vault: Vault, elder_id: int, shown: Shown, *, station: int, by: int, now: datetime
) -> int:
    """Give a blank badge to an elder, and say in its open incident, if it was scanned before, whose it is now.

    The incident stays without an elder when the elder has another open one; the desk then sees both.
    Raises Invalid as orders.bind does.
    """
    with transaction(db):
        badge_id = orders.bind(db, vault, elder_id, shown.code, station=station, by=by, now=now)
        if shown.proof != TYPED:
            checks.prove(db, vault.ring, badge_id, shown.proof, by=by, now=now)
        open_id = db.scalar(
            "SELECT id FROM incident WHERE badge_id = ? AND closed_at IS NULL AND elder_id IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM incident AS other WHERE other.elder_id = ? AND other.closed_at IS NULL)",
            badge_id,
            elder_id,
        )
        if open_id is not None:
            db.write(
                "UPDATE incident SET elder_id = ?, version = version + 1 WHERE id = ?", elder_id, open_id
            )
            events.add(db, open_id, "identified", actor="staff", staff_id=by, detail="bound", now=now)
            audit.record(
                db, vault.ring, staff_id=by, action="incident.identify", about=f"incident/{open_id}", now=now
            )
    return badge_id
