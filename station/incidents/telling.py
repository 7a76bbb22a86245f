"""Writing down what a report tells, with the news that its place is; at first, and when a better place comes."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from station.db import StationDatabase
from station.incidents import counting, events, lanes, locating, sightings
from station.incidents.intake import Report
from station.incidents.lanes import Heard
from station.seal import Unsealable
from station.vault import Vault

# Of the requests that gave a report a better place so many are remembered, to know one that is sent again.
MOST_REQUESTS = 20


def keep(
    db: StationDatabase,
    vault: Vault,
    scan: dict[str, Any],
    known: dict[str, Any],
    sent: Report,
    now: datetime,
) -> str:
    """Write what a report tells over what was `known` of it, and remember the place that everybody is told.

    Returns the kind of news that its place is.
    """
    sent = replace(sent, sighting=locating.fitting(db, vault, scan, known, sent.sighting, now))
    news = sightings.note_place(db, scan["incident_id"], scan, sent.sighting, vault, now)
    content = known | sightings.content_of(sent.sighting, sent.note, sent.phone, now)
    if news in sightings.TOLD:
        content["told"] = sightings.told(content)
    if content:
        _write(db, vault, scan, content, now)
    return news


def _write(
    db: StationDatabase, vault: Vault, scan: dict[str, Any], content: dict[str, Any], now: datetime
) -> None:
    db.write(
        "INSERT INTO scan_content (scan_id, content) VALUES (?, ?) "
        "ON CONFLICT (scan_id) DO UPDATE SET content = excluded.content",
        scan["id"],
        _sealed(vault, scan, content, now),
    )


def _sealed(vault: Vault, scan: dict[str, Any], content: dict[str, Any], now: datetime) -> bytes:
    try:
        return sightings.sealed_content(vault, scan, content)
    except Unsealable:  # a keys.db that was restored from an older copy than station.db
        vault.create_for_incident(scan["incident_id"], now)
        return sightings.sealed_content(vault, scan, content)


def add_place(
    db: StationDatabase, vault: Vault, scan: dict[str, Any], sent: Report, request_hash: bytes, now: datetime
) -> bool:
    """Put a better place, and what was told along with it, on the finder's own earlier report.

    The same request again changes nothing. False when the incident is closed: then this is a new report.
    """
    if not vault.has(f"incident/{scan['incident_id']}"):
        return False
    sealed = db.scalar("SELECT content FROM scan_content WHERE scan_id = ?", scan["id"])
    content = sightings.read_content(vault, scan, sealed)
    requests = content.get("requests", [])
    if request_hash.hex() in requests:
        return True
    if scan["closed_at"] is not None:
        return False
    known = content | {"requests": [*requests, request_hash.hex()][-MOST_REQUESTS:]}
    if not counting.has_room_for_place(db, vault, scan["incident_id"], sent, now):
        _write(db, vault, scan, known | sightings.content_of(sent.sighting, sent.note, sent.phone, now), now)
        return True
    news = keep(db, vault, scan, known, sent, now)
    lanes.note(db, scan, Heard(lanes.lane_of(sent), news, events.newest_id(db)), now)
    return True
