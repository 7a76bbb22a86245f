"""After an incident is closed: a few words of the staff on how it went, sealed like all that was typed in it."""

from dataclasses import dataclass
from datetime import datetime

from station import audit, clock
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid, NotFound
from station.incidents import events
from station.incidents.intake import clean
from station.vault import Vault

LONGEST = 500


@dataclass(frozen=True)
class Afterword:
    text: str
    staff_id: int
    at: datetime


def write(db: StationDatabase, vault: Vault, incident_id: int, text: str, *, by: int, now: datetime) -> None:
    """Keep the note of a closed incident; a later one takes its place. At most 500 characters.

    Raises NotFound, Conflict while it is open, Invalid without words.
    """
    words = clean(text)[:LONGEST]
    if not words:
        raise Invalid("afterword", "Write a few words first.")
    with transaction(db):
        row = db.row("SELECT closed_at FROM incident WHERE id = ?", incident_id)
        if row is None:
            raise NotFound("There is no such incident.")
        if row["closed_at"] is None:
            raise Conflict("Close the incident first; then say how it went.")
        db.write(
            "INSERT INTO afterword (incident_id, content, staff_id, at) VALUES (?, ?, ?, ?) ON CONFLICT (incident_id) "
            "DO UPDATE SET content = excluded.content, staff_id = excluded.staff_id, at = excluded.at",
            incident_id,
            vault.seal(f"incident/{incident_id}", f"afterword|{incident_id}|content", words),
            by,
            clock.text(now),
        )
        events.add(db, incident_id, "afterword", actor="staff", staff_id=by, now=now)
        about = f"incident/{incident_id}"
        audit.record(db, vault.ring, staff_id=by, action="incident.afterword", about=about, now=now)


def read(db: StationDatabase, vault: Vault, incident_id: int) -> Afterword | None:
    """The note, or None when there is none or the incident's words have expired."""
    row = db.row("SELECT * FROM afterword WHERE incident_id = ?", incident_id)
    if row is None or not vault.has(f"incident/{incident_id}"):
        return None
    words = vault.open(f"incident/{incident_id}", f"afterword|{incident_id}|content", row["content"])
    return Afterword(words, row["staff_id"], clock.parse(row["at"]))
