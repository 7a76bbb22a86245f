"""A point for a place that was told in words; it never takes the place of one that a phone has found."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from station import clock, places
from station.db import StationDatabase, transaction
from station.errors import Conflict
from station.incidents import events, sightings
from station.incidents.intake import Sighting
from station.landmarks import matching
from station.landmarks.records import Landmark
from station.vault import Vault

# So long does what a phone has found outrank what words mean; later the elder may well be elsewhere.
FIX_HOLDS = timedelta(minutes=10)
# Of the newest reports with a place so many are looked at, however many a flood brings.
MOST_LOOKED_AT = 20


def located(db: StationDatabase, sighting: Sighting) -> Sighting:
    """The sighting with the point that its words mean without doubt; unchanged when it has one or they mean none."""
    if sighting.point or not sighting.place:
        return sighting
    found = matching.match(db, sighting.place)
    if found is None:
        return sighting
    return replace(sighting, point=found.point, accuracy_m=found.accuracy_m, basis="words", near=found.name)


def fitting(
    db: StationDatabase,
    vault: Vault,
    scan: dict[str, Any],
    known: dict[str, Any],
    sighting: Sighting,
    now: datetime,
) -> Sighting:
    """The sighting as it is to be written: without a point from words where there is a better one.

    `known` is what the same report told before.
    """
    if sighting.basis != "words":
        return sighting
    if _is_fix(known) or _has_fix(db, vault, scan["incident_id"], now - FIX_HOLDS):
        return Sighting(place=sighting.place)
    return sighting


def place_of(
    db: StationDatabase, vault: Vault, incident_id: int, scan_id: int | None = None
) -> places.Point | None:
    """Where a report says that it is, else the newest place of its incident; None when nobody told a point."""
    return next(
        (
            places.Point(told["lat"], told["lon"])
            for told in _told(db, vault, incident_id, scan_id)
            if "lat" in told
        ),
        None,
    )


def choose(
    db: StationDatabase, vault: Vault, incident_id: int, landmark: Landmark, *, by: int, now: datetime
) -> None:
    """Give the newest report in words the point of a landmark that an officer judged to be meant.

    Raises Conflict when the incident is closed, or no report waits for a point.
    """
    with transaction(db):
        scan, content = _in_words(db, vault, incident_id)
        sighting = Sighting(
            landmark.point, matching.ACCURACY_M[landmark.kind], content["place"], "officer", landmark.name
        )
        news = sightings.note_place(db, incident_id, scan, sighting, vault, now)
        content |= sightings.content_of(sighting, content.get("note", ""), content.get("phone", ""), now)
        if news in ("first", "later"):
            content["told"] = {key: content[key] for key in ("lat", "lon", "place", "basis")}
        db.write(
            "UPDATE scan_content SET content = ? WHERE scan_id = ?",
            sightings.sealed_content(vault, scan, content),
            scan["id"],
        )
        events.add(db, incident_id, "located", actor="staff", staff_id=by, scan_id=scan["id"], now=now)


def _in_words(db: StationDatabase, vault: Vault, incident_id: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The newest report whose words nobody has given a point yet, and what it told."""
    rows = db.rows(
        "SELECT scan.*, scan_content.content FROM scan JOIN scan_content ON scan_content.scan_id = scan.id "
        "JOIN incident ON incident.id = scan.incident_id AND incident.closed_at IS NULL "
        "WHERE scan.incident_id = ? AND scan.has_place = 1 ORDER BY scan.id DESC LIMIT ?",
        incident_id,
        MOST_LOOKED_AT,
    )
    for row in rows:
        content = sightings.read_content(vault, row, row["content"])
        if content.get("place") and not _is_fix(content):
            return row, content
    raise Conflict("No report waits for a point any more. Load the page again.")


def _is_fix(content: dict[str, Any]) -> bool:
    return "lat" in content and content.get("basis") != "words"


def _has_fix(db: StationDatabase, vault: Vault, incident_id: int, since: datetime) -> bool:
    told = _told(db, vault, incident_id)
    return any(_is_fix(content) and content["fixed_at"] > clock.text(since) for content in told)


def _told(
    db: StationDatabase, vault: Vault, incident_id: int, first: int | None = None
) -> Iterator[dict[str, Any]]:
    """What the newest reports with a place told, one report before all others."""
    rows = db.rows(
        "SELECT scan.*, scan_content.content FROM scan JOIN scan_content ON scan_content.scan_id = scan.id "
        "WHERE scan.incident_id = ? AND scan.has_place = 1 ORDER BY scan.id IS ? DESC, scan.id DESC LIMIT ?",
        incident_id,
        first,
        MOST_LOOKED_AT,
    )
    if rows and vault.has(f"incident/{incident_id}"):
        yield from (sightings.read_content(vault, row, row["content"]) for row in rows)
