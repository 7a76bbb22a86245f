"""A point for a place that was told in words; it never takes the place of one that a phone has found."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from station import clock
from station.db import StationDatabase
from station.incidents import sightings
from station.incidents.intake import Sighting
from station.landmarks import matching
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


def _is_fix(content: dict[str, Any]) -> bool:
    return "lat" in content and content.get("basis") != "words"


def _has_fix(db: StationDatabase, vault: Vault, incident_id: int, since: datetime) -> bool:
    rows = db.rows(
        "SELECT scan.*, scan_content.content FROM scan JOIN scan_content ON scan_content.scan_id = scan.id "
        "WHERE scan.incident_id = ? AND scan.has_place = 1 ORDER BY scan.id DESC LIMIT ?",
        incident_id,
        MOST_LOOKED_AT,
    )
    contents = (sightings.read_content(vault, row, row["content"]) for row in rows)
    return any(_is_fix(content) and content["fixed_at"] > clock.text(since) for content in contents)
