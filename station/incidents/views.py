"""Reading incidents: for the console, for the person behind a link, and for the finder."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import accounts, clock, communities, elders, places, seal
from station.db import StationDatabase
from station.errors import NotFound
from station.incidents import counting, events, finders, rowless, sightings, states
from station.incidents.intake import Sighting
from station.incidents.states import FINDER
from station.issuing import records
from station.vault import Unsealable, Vault

FIRST_TOLD, NEWEST_TOLD = 3, 60  # of the reports, those that are opened; a flood brings thousands
STATUS_LIVES = timedelta(hours=24)  # a finder's page dies this long after closing


@dataclass(frozen=True)
class Brief:
    """One line of the console's list; no personal data."""

    id: int
    state: str
    version: int
    kind: str
    source: str
    station: int
    badge_number: str  # as printed, or empty
    badge_state: str  # made, worn, lost …, or empty when no badge is known
    opened_at: datetime
    ring_since: datetime
    arrives_at: datetime | None
    lease_until: datetime | None
    closed_at: datetime | None
    outcome: str | None
    on_site_by: int | None
    liaison_by: int | None
    community_id: int | None
    community_inside: bool
    elder_id: int | None
    prior_id: int | None
    scans: int
    last_act: str
    hurt: bool
    rings_again: bool  # see states.rings_again


@dataclass(frozen=True)
class Told:
    """One report of a finder or caller, opened for staff."""

    scan_id: int
    act: str
    at: datetime
    code: str
    point: places.Point | None
    accuracy_m: float | None
    place: str
    note: str
    phone: str
    basis: str = ""  # whence the point comes: see intake.Sighting
    near: str = ""
    ended: str = ""  # how the badge had ended by then: lost, replaced, revoked, returned
    more: int = 0  # so many more were counted here: the same from the same network, or what a flood repeats
    last_at: datetime | None = None  # of those
    last: str = ""  # what the last of those told: place, note and phone in one line
    last_point: places.Point | None = None


@dataclass(frozen=True)
class Said:
    side: str  # finder or station
    at: datetime
    text: str
    staff_id: int | None
    scan_id: int | None = None  # the finder who wrote it or to whom alone it was written; None is to all


@dataclass(frozen=True)
class Whole:
    """An incident as its page shows it. The elder's record is opened apart, with its audit row."""

    brief: Brief
    told: list[Told]
    said: list[Said]
    story: list[events.Event]  # without the inner part of long stretches
    counted: dict[int, int]  # by scan id: how many more of the same were counted
    handover: dict[str, Any] | None
    best: Sighting


@dataclass(frozen=True)
class FinderStatus:
    """What a finder's own page shows; nothing about the elder."""

    scan_id: int  # 0 for a counted report
    incident_id: int | None
    station: int
    serial: int | None
    state: str  # sent, seen, coming, with_elder, safe, closed
    act: str
    outcome: str | None
    code: str
    sent_at: datetime
    seen_at: datetime | None
    eta_minutes: int | None
    waiting_s: float  # how long nobody has taken it; 0 once somebody has
    is_taken: bool
    who: str  # a key of vocabulary.ROLES: who comes or takes care, never a name
    was_safe: bool  # whether the elder was at the station or handed over at any time
    has_place: bool
    said: list[Said]


_BRIEF = """
SELECT incident.*, badge.number, badge.state AS badge_state,
  (SELECT count(*) + coalesce(sum(more), 0) FROM scan LEFT JOIN scan_count ON scan_count.scan_id = scan.id
    WHERE scan.incident_id = incident.id) AS scans,
  (SELECT act FROM scan WHERE scan.incident_id = incident.id ORDER BY scan.id DESC LIMIT 1) AS last_act,
  EXISTS (SELECT 1 FROM scan WHERE scan.incident_id = incident.id AND act = 'hurt') AS hurt
FROM incident LEFT JOIN badge ON badge.id = incident.badge_id
"""

_PAGE = """
SELECT scan.*, incident.state, incident.outcome, incident.closed_at, incident.arrives_at, incident.ring_since, staff.role
FROM scan LEFT JOIN incident ON incident.id = scan.incident_id
LEFT JOIN staff ON staff.id = coalesce(incident.on_site_by, incident.liaison_by)
"""


def open_ones(db: StationDatabase, station: int) -> list[Brief]:
    """Open incidents of a station: unanswered first, then the newest."""
    rows = db.rows(
        f"{_BRIEF} WHERE incident.closed_at IS NULL AND incident.station = ? "
        "ORDER BY incident.state <> 'alerting', incident.id DESC",
        station,
    )
    return [_brief(row) for row in rows]


def closed_ones(db: StationDatabase, station: int, most: int = 30) -> list[Brief]:
    rows = db.rows(
        f"{_BRIEF} WHERE incident.closed_at IS NOT NULL AND incident.station = ? ORDER BY incident.id DESC LIMIT ?",
        station,
        most,
    )
    return [_brief(row) for row in rows]


def brief(db: StationDatabase, incident_id: int) -> Brief:
    row = db.row(f"{_BRIEF} WHERE incident.id = ?", incident_id)
    if row is None:
        raise NotFound("There is no such incident.")
    return _brief(row)


def whole(db: StationDatabase, vault: Vault, incident_id: int) -> Whole:
    """Everything about an incident but the elder's record."""
    told = _told(db, vault, incident_id)
    return Whole(
        brief=brief(db, incident_id),
        told=told,
        said=messages(db, vault, incident_id),
        story=events.told(db, incident_id),
        counted=counting.of_incident(db, incident_id),
        handover=_handover(db, vault, incident_id),
        best=_best(told),
    )


def best_place(db: StationDatabase, vault: Vault, incident_id: int) -> Sighting:
    """The place to go to: the newest point, with the newest words."""
    return _best(_told(db, vault, incident_id))


def messages(db: StationDatabase, vault: Vault, incident_id: int) -> list[Said]:
    """What was written between finder and station; nothing once the finder's data has expired."""
    return _said(vault, db.rows("SELECT * FROM message WHERE incident_id = ? ORDER BY id", incident_id))


def _said_with(db: StationDatabase, vault: Vault, incident_id: int, scan_id: int) -> list[Said]:
    """What one finder wrote and what the station wrote to them or to all; another finder's words are not theirs."""
    first = finders.first_of(db, scan_id)
    return _said(
        vault,
        db.rows(
            "SELECT * FROM message WHERE incident_id = ? AND (scan_id IS NULL OR scan_id = ? "
            "OR scan_id IN (SELECT scan_id FROM scan_follows WHERE first_id = ?)) ORDER BY id",
            incident_id,
            first,
            first,
        ),
    )


def _said(vault: Vault, rows: list[dict[str, Any]]) -> list[Said]:
    if not rows or not vault.has(f"incident/{rows[0]['incident_id']}"):
        return []
    return [
        Said(
            row["side"],
            clock.parse(row["at"]),
            vault.open(f"incident/{row['incident_id']}", f"message|{row['uid']}|content", row["content"]),
            row["staff_id"],
            row["scan_id"],
        )
        for row in rows
    ]


def elder_of(db: StationDatabase, vault: Vault, incident_id: int) -> elders.Elder | None:
    """The record that duty staff need now; the caller writes the audit row."""
    elder_id = db.scalar("SELECT elder_id FROM incident WHERE id = ?", incident_id)
    return elders.get(db, vault, elder_id) if elder_id else None


def finding_community(db: StationDatabase, shown: Brief) -> communities.Community | None:
    return communities.community(db, shown.community_id) if shown.community_id else None


def holders(db: StationDatabase, vault: Vault, shown: Brief) -> dict[str, accounts.Staff]:
    """Who holds which slot: `on_site`, `liaison`."""
    held = {"on_site": shown.on_site_by, "liaison": shown.liaison_by}
    return {slot: accounts.get(db, vault, staff_id) for slot, staff_id in held.items() if staff_id}


def finder_status(db: StationDatabase, vault: Vault, token: str, now: datetime) -> FinderStatus:
    """The page behind a finder's status address. Raises NotFound when it never was or has died."""
    row = _of_page(db, vault, token)
    if row is None or _has_died(row, now):
        raise NotFound(
            "This page has ended. If you still see the elder, scan the badge again or ring the hotline."
        )
    incident_id = row["incident_id"]
    alerting = row["state"] == "alerting"
    seen_at = _seen_at(db, incident_id)
    return FinderStatus(
        scan_id=row["id"],
        incident_id=incident_id,
        station=row["station"],
        serial=row["serial"],
        state="seen" if alerting and seen_at else FINDER[row["state"] or "alerting"],
        act=row["act"],
        outcome=row["outcome"],
        code=row["code"],
        sent_at=clock.parse(row["at"]),
        seen_at=seen_at,
        eta_minutes=_minutes_left(row["arrives_at"], now) if row["state"] == "going" else None,
        waiting_s=(now - clock.parse(row["ring_since"])).total_seconds() if alerting else 0.0,
        is_taken=bool(row["state"]) and not alerting,
        who=row["role"] or "",
        was_safe=_was_safe(db, incident_id),
        has_place=bool(row["has_place"]),
        said=_said_with(db, vault, incident_id, row["id"]) if incident_id else [],
    )


def _of_page(db: StationDatabase, vault: Vault, token: str) -> dict[str, Any] | None:
    """The scan behind a page's token, with its incident. A counted report has no scan of its own: its id is 0, and

    it shares nothing with the finder at whose scan it was counted but the incident.
    """
    row = db.row(f"{_PAGE} WHERE scan.status_hash = ?", seal.token_hash(token))
    counted = None if row else rowless.find(db, vault.ring, token)
    if counted is None:
        return row
    row = db.row(f"{_PAGE} WHERE scan.id = ?", counted.scan_id)
    return row if counted.own or not row else row | {"id": 0, "code": counted.code, "has_place": 0}


def _was_safe(db: StationDatabase, incident_id: int | None) -> bool:
    known = db.scalar(
        "SELECT 1 FROM event WHERE incident_id = ? AND kind = 'moved' AND to_state IN ('at_station', 'handed_over')",
        incident_id,
    )
    return known is not None


def _has_died(row: dict[str, Any], now: datetime) -> bool:
    ended = row["closed_at"] or (row["at"] if row["incident_id"] is None else None)
    return ended is not None and now - clock.parse(ended) > STATUS_LIVES


def _seen_at(db: StationDatabase, incident_id: int | None) -> datetime | None:
    at = db.scalar(
        "SELECT min(at) FROM event WHERE incident_id = ? AND kind IN ('seen', 'claimed')", incident_id
    )
    return clock.parse(at) if at else None


def _minutes_left(arrives_at: str | None, now: datetime) -> int | None:
    if arrives_at is None:
        return None
    return max(0, round((clock.parse(arrives_at) - now).total_seconds() / 60))


def _told(db: StationDatabase, vault: Vault, incident_id: int) -> list[Told]:
    rows = db.rows(
        "SELECT scan.*, scan_content.content, more, last_at, told, "
        "CASE WHEN badge.ended_at <= scan.at THEN badge.state ELSE '' END AS ended FROM scan "
        "LEFT JOIN badge ON badge.id = scan.badge_id "
        "LEFT JOIN scan_content ON scan_content.scan_id = scan.id "
        "LEFT JOIN scan_count ON scan_count.scan_id = scan.id "
        "WHERE scan.incident_id = ? AND (scan.id IN (SELECT id FROM scan WHERE incident_id = ? ORDER BY id LIMIT ?) "
        "OR scan.id IN (SELECT id FROM scan WHERE incident_id = ? ORDER BY id DESC LIMIT ?)) ORDER BY scan.id DESC",
        *(incident_id, incident_id, FIRST_TOLD, incident_id, NEWEST_TOLD),
    )
    return [_one_told(vault, row) for row in rows]


def _one_told(vault: Vault, row: dict[str, Any]) -> Told:
    try:
        content = sightings.read_content(vault, row, row["content"])
        last = counting.opened(vault, row, row["told"])
    except Unsealable:  # the finder's data has expired; the incident's story stays
        content = last = {}
    return Told(
        scan_id=row["id"],
        act=row["act"],
        at=clock.parse(row["at"]),
        code=row["code"],
        point=places.Point(content["lat"], content["lon"]) if "lat" in content else None,
        accuracy_m=content.get("accuracy_m"),
        place=content.get("place", ""),
        note=content.get("note", ""),
        phone=content.get("phone", ""),
        basis=content.get("basis", ""),
        near=content.get("near", ""),
        more=row["more"] or 0,
        last_at=clock.parse(row["last_at"]) if row["last_at"] else None,
        last=" · ".join(last[name] for name in ("place", "note", "phone") if name in last),
        last_point=places.Point(last["lat"], last["lon"]) if "lat" in last else None,
        ended=row["ended"],
    )


def _best(told: list[Told]) -> Sighting:
    """`told` is newest first."""
    with_point = next((one for one in told if one.point), None)
    words = next((one.place for one in told if one.place), "")
    if with_point is None:
        return Sighting(place=words)
    return Sighting(with_point.point, with_point.accuracy_m, words, with_point.basis, with_point.near)


def _handover(db: StationDatabase, vault: Vault, incident_id: int) -> dict[str, Any] | None:
    sealed = db.scalar("SELECT content FROM handover WHERE incident_id = ?", incident_id)
    if sealed is None or not vault.has(f"incident/{incident_id}"):
        return None
    found: dict[str, Any] = vault.open(f"incident/{incident_id}", f"handover|{incident_id}|content", sealed)
    return found


def _brief(row: dict[str, Any]) -> Brief:
    times: dict[str, Any] = {
        key: clock.parse(row[key]) if row[key] else None for key in ("arrives_at", "lease_until", "closed_at")
    }
    same = {
        key: row[key]
        for key in (
            "id", "state", "version", "kind", "source", "station", "outcome",
            "on_site_by", "liaison_by", "community_id", "elder_id", "prior_id", "scans",
        )
    }  # fmt: skip
    return Brief(
        **same,
        **times,
        badge_number=records.shown_number(row["number"]) if row["number"] else "",
        badge_state=row["badge_state"] or "",
        opened_at=clock.parse(row["opened_at"]),
        ring_since=clock.parse(row["ring_since"]),
        rings_again=states.rings_again(row),
        community_inside=bool(row["community_inside"]),
        last_act=row["last_act"] or "",
        hurt=bool(row["hurt"]),
    )
