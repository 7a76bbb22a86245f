"""Who reports an elder that is being looked for already: what of it rings, and when; docs/decisions/0009 says why.

A report from a new source, or of another place, is a sighting. It rings in one of two lanes with a budget each, so
that no flood of one kind keeps the other from ringing. A ring tells of all that waits, so none can be left out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import clock
from station.db import StationDatabase, transaction
from station.incidents import events, sightings
from station.incidents.intake import Report
from station.incidents.states import WORTH_TELLING
from station.vault import Vault

# Between two rings of a lane; evidence comes first.
EVERY = {"evidence": timedelta(minutes=1), "plain": timedelta(minutes=5)}
CAPACITY = 3.0
# So long does one source ring once.
SOURCE_KNOWN = timedelta(minutes=30)
ACCURATE_M = 100.0
EVIDENCE_ACTS = ("hurt", "cannot_stay", "called", "phoned")
LEDGER = timedelta(hours=1)
# Of the newest incidents of a badge so many share a budget: whoever closes one does not fill it up again.
MOST_INCIDENTS = 20
SHORT_OF_ONE = 1e-6  # what adding up fractions of a token may lose


@dataclass(frozen=True)
class Heard:
    """What a report that joined an incident brought: its lane, its news of a place, the event that it made."""

    lane: str
    news: str
    event_id: int


def lane_of(sent: Report) -> str:
    """`evidence` for what a flood cannot send as lightly: an accurate fix, a number to ring back, a pressing need."""
    seen = sent.sighting
    fixed = seen.point is not None and seen.basis != "words" and seen.accuracy_m is not None
    if sent.phone or sent.act in EVIDENCE_ACTS or (fixed and (seen.accuracy_m or 0.0) < ACCURATE_M):
        return "evidence"
    return "plain"


def is_new(db: StationDatabase, incident_id: int, source: bytes, lane: str, now: datetime) -> bool:
    """Whether this source has not rung in this lane, nor in the lane above, for half an hour."""
    known = db.scalar(
        "SELECT 1 FROM sighting WHERE incident_id = ? AND source = ? AND lane IN ('evidence', ?) "
        "AND at > ? AND at <= ? LIMIT 1",
        incident_id,
        source,
        lane,
        clock.text(now - SOURCE_KNOWN),
        clock.text(now + clock.OUT_OF_ORDER),
    )
    return known is None


def note(db: StationDatabase, scan: dict[str, Any], heard: Heard, now: datetime) -> None:
    """Write a sighting down when its source is new or its place has moved; inside the caller's transaction."""
    moved = heard.news == "moved"
    # What an officer types while talking is no stranger's report; a place that moved is told all the same.
    phoned = scan["act"] == "phoned"
    new = not phoned and is_new(db, scan["incident_id"], scan["source"], heard.lane, now)
    if new or moved:
        db.insert(
            "sighting",
            event_id=heard.event_id,
            incident_id=scan["incident_id"],
            scan_id=scan["id"],
            source=scan["source"],
            lane=heard.lane,
            fresh=int(new and heard.news not in sightings.TOLD and not _is_told_apart(db, scan)),
            moved=int(moved),
            at=clock.text(now),
        )


def _is_told_apart(db: StationDatabase, scan: dict[str, Any]) -> bool:
    """Whether a report rings without its lane: it opened the incident, or is the first to say something grave."""
    incident_id, scan_id, act = scan["incident_id"], scan["id"], scan["act"]
    if not db.scalar("SELECT 1 FROM scan WHERE incident_id = ? AND id < ? LIMIT 1", incident_id, scan_id):
        return True
    if act not in WORTH_TELLING:
        return False
    said = db.scalar(
        "SELECT 1 FROM scan WHERE station = ? AND serial IS ? AND act = ? AND incident_id = ? AND id < ? LIMIT 1",
        scan["station"],
        scan["serial"],
        act,
        incident_id,
        scan_id,
    )
    return said is None


def waiting(db: StationDatabase) -> list[int]:
    """The open incidents in which a sighting may wait for its ring."""
    rows = db.rows(
        "SELECT id FROM incident WHERE closed_at IS NULL AND "
        "EXISTS (SELECT 1 FROM sighting WHERE incident_id = incident.id AND fresh + moved > 0)"
    )
    return [row["id"] for row in rows]


def ring(db: StationDatabase, vault: Vault, incident_id: int, now: datetime) -> bool:
    """Write the rings that are due as events, from which the messages follow; True when there were any.

    To be called by the one sender alone. What it reads is on the disk: a sender that starts anew goes on from there.
    """
    rang = [_ring_lane(db, vault, incident_id, lane, now) for lane in EVERY]
    return any(rang)


def is_waiting(db: StationDatabase, incident_id: int, lane: str) -> bool:
    """Whether some new source waits for this lane's next ring."""
    return _fresh(db, incident_id, lane) > 0


def left(rings: list[datetime], every: timedelta, now: datetime) -> float:
    """Tokens in a bucket that was full before these rings, oldest first. It never owes any."""
    tokens, since = CAPACITY, now
    for at in rings:
        since = min(since, at)
        tokens = max(0.0, min(CAPACITY, tokens + (at - since) / every) - 1)
        since = at
    return min(CAPACITY, tokens + (now - since) / every)


def _ring_lane(db: StationDatabase, vault: Vault, incident_id: int, lane: str, now: datetime) -> bool:
    elsewhere, count = moved(db, incident_id, lane), _fresh(db, incident_id, lane)
    if elsewhere is None and not count:
        return False
    if _tokens(db, incident_id, lane, now) < 1 - SHORT_OF_ONE:
        return False
    verdict = sightings.verdict(db, vault, elsewhere, now) if elsewhere is not None else "waits"
    if verdict == "waits" and not count:
        return False
    with transaction(db):
        if elsewhere is not None and verdict != "waits":
            _place(db, vault, incident_id, elsewhere, lane, verdict, now)
        if count and verdict != "later":
            events.add(db, incident_id, "rung", actor="sender", slot=lane, detail=str(count), now=now)
    return count > 0 or verdict == "later"


def _place(
    db: StationDatabase, vault: Vault, incident_id: int, scan_id: int, lane: str, verdict: str, now: datetime
) -> None:
    """A place is told to everybody, which is a ring of its lane too; or it is no news any more."""
    if verdict == "later":
        sightings.tell(db, vault, scan_id)
    slot = lane if verdict == "later" else None
    events.add(db, incident_id, "place", actor="sender", slot=slot, scan_id=scan_id, detail=verdict, now=now)


def _fresh(db: StationDatabase, incident_id: int, lane: str) -> int:
    """How many new sources came in after the last ring of their lane."""
    found: int = db.scalar(
        "SELECT count(*) FROM sighting WHERE incident_id = ? AND lane = ? AND fresh = 1 AND event_id > coalesce("
        "(SELECT max(id) FROM event WHERE incident_id = ? AND actor = 'sender' AND slot = ?), 0)",
        incident_id,
        lane,
        incident_id,
        lane,
    )
    return found


def moved(db: StationDatabase, incident_id: int, lane: str) -> int | None:
    """The scan with the newest place that was far from the told one and was neither told nor settled since."""
    found: int | None = db.scalar(
        "SELECT scan_id FROM sighting WHERE incident_id = ? AND lane = ? AND moved = 1 AND event_id > coalesce("
        "(SELECT max(id) FROM event WHERE incident_id = ? AND kind = 'place' "
        "AND detail NOT IN ('better', 'moved')), 0) ORDER BY event_id DESC LIMIT 1",
        incident_id,
        lane,
        incident_id,
    )
    return found


def _tokens(db: StationDatabase, incident_id: int, lane: str, now: datetime) -> float:
    """What is left of a lane's budget, from its rings of the last hour and the openings of the badge's incidents."""
    rings = []
    for incident in _of_badge(db, incident_id):
        rows = db.rows(
            "SELECT at FROM event WHERE incident_id = ? AND actor = 'sender' AND slot = ? ORDER BY id DESC LIMIT 100",
            incident["id"],
            lane,
        )
        rings += [clock.parse(at) for at in (incident["opened_at"], *(row["at"] for row in rows))]
    return left(sorted(at for at in rings if now - LEDGER < at <= now), EVERY[lane], now)


def _of_badge(db: StationDatabase, incident_id: int) -> list[dict[str, Any]]:
    """The newest incidents of the same badge, this one among them."""
    own = db.row("SELECT id, station, serial, opened_at FROM incident WHERE id = ?", incident_id)
    assert own is not None, "a sighting belongs to an incident"
    if own["serial"] is None:
        return [own]
    return db.rows(
        "SELECT id, opened_at FROM incident WHERE station = ? AND serial = ? ORDER BY id DESC LIMIT ?",
        own["station"],
        own["serial"],
        MOST_INCIDENTS,
    )
