"""What one ring of an open incident tells of: every new source that waited for it, the surest and nearest first."""

from dataclasses import dataclass
from typing import Any

from station import places
from station.db import StationDatabase
from station.incidents import lanes, sightings
from station.incidents.intake import Sighting
from station.vault import Vault

MOST_OPENED = 100  # of each lane, the newest; all are counted


@dataclass(frozen=True)
class Digest:
    """The sightings of one ring. `sure` of them came in the lane of evidence; `places` has no two alike."""

    count: int
    sure: int
    act: str  # of the first one
    places: list[Sighting]


def of_event(db: StationDatabase, vault: Vault, event_id: int | None) -> Digest | None:
    """What the ring in this event tells of; None when the event is no ring, or nothing new came with it."""
    event = db.row("SELECT id, incident_id, actor, slot FROM event WHERE id = ?", event_id)
    if event is None or event["actor"] != "sender" or event["slot"] not in lanes.EVERY:
        return None
    waited = {lane: _waited(db, event, lane) for lane in lanes.EVERY}
    count = sum(number for number, _ in waited.values())
    if not count:
        return None
    home = _home(db, event["incident_id"])
    found: list[tuple[str, Sighting]] = []
    for _, rows in waited.values():
        opened = [(row["act"], _place(vault, row)) for row in rows]
        found += sorted(opened, key=lambda one: _distance(one[1], home))
    told = list(dict.fromkeys(place for _, place in found if place.point or place.place))
    return Digest(count, waited["evidence"][0], found[0][0], told)


def _waited(db: StationDatabase, event: dict[str, Any], lane: str) -> tuple[int, list[dict[str, Any]]]:
    """How many new sources of a lane had not rung before this event, and the newest of them."""
    since = db.scalar(
        "SELECT max(id) FROM event WHERE incident_id = ? AND actor = 'sender' AND slot = ? AND id < ?",
        event["incident_id"],
        lane,
        event["id"],
    )
    between = (event["incident_id"], lane, since or 0, event["id"])
    count = db.scalar(
        "SELECT count(*) FROM sighting WHERE incident_id = ? AND lane = ? AND fresh = 1 "
        "AND event_id > ? AND event_id < ?",
        *between,
    )
    rows = db.rows(
        "SELECT scan.*, scan_content.content FROM sighting JOIN scan ON scan.id = sighting.scan_id "
        "LEFT JOIN scan_content ON scan_content.scan_id = scan.id "
        "WHERE sighting.incident_id = ? AND lane = ? AND fresh = 1 AND event_id > ? AND event_id < ? "
        "ORDER BY event_id DESC LIMIT ?",
        *between,
        MOST_OPENED,
    )
    return int(count), rows


def _place(vault: Vault, row: dict[str, Any]) -> Sighting:
    return sightings.as_sighting(sightings.read_content(vault, row, row["content"]))


def _distance(place: Sighting, home: places.Point) -> tuple[bool, float]:
    """Those without a point come last."""
    return place.point is None, places.distance_m(place.point, home) if place.point else 0.0


def _home(db: StationDatabase, incident_id: int) -> places.Point:
    """The middle of the elder's community, else the station. Nearer to the door would tell where the door is."""
    row = db.row(
        "SELECT coalesce(community.lat, station.lat) AS lat, coalesce(community.lon, station.lon) AS lon "
        "FROM incident JOIN station ON station.number = incident.station "
        "LEFT JOIN elder ON elder.id = incident.elder_id "
        "LEFT JOIN community ON community.id = elder.community_id WHERE incident.id = ?",
        incident_id,
    )
    assert row is not None, "a ring belongs to an incident of a station"
    return places.Point(row["lat"], row["lon"])
