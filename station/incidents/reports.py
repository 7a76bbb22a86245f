"""From a scan or a call to an incident: one durable transaction that opens it or joins the open one."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from station import clock, communities, seal
from station.db import StationDatabase, transaction
from station.errors import NotFound
from station.incidents import counting, events, finders, lanes, locating, rowless, sightings, telling, urgency
from station.incidents.counting import Crowded
from station.incidents.intake import Ignored, Report, Sighting
from station.incidents.lanes import Heard
from station.incidents.states import EVIDENCE
from station.issuing import life
from station.seal import Keyring
from station.together import together
from station.vault import Vault

# A finder's code is answered for as long as a call may follow a scan.
CODE_LIVES = timedelta(minutes=60)


@dataclass(frozen=True)
class Answer:
    """What the finder gets back."""

    incident_id: int | None
    status_token: str
    code: str
    ignored: list[Ignored] = field(default_factory=list)


@dataclass(frozen=True)
class Door:
    """Through which badge and from where a report came. `source` is a keyed hash, for damping only.

    `spooled` when it waited beside the database; then so many `more` of its kind gave way to it there.
    """

    station: int
    serial: int | None
    source: bytes = b""
    spooled: bool = False
    more: int = 0


@dataclass(frozen=True)
class Known:
    """What is fixed before a report is written: its public id, the fingerprint by which a repeat is known, its page,

    the badge.
    """

    uid: str
    request_hash: bytes
    page: str
    badge_id: int | None = None


def scan_uid(station: int, serial: int | None, request_id: str) -> str:
    """The id of the scan that a request makes; known before it is written, so that a spooled report has its page.

    The badge is part of it: the same request id at another badge is another report.
    """
    return seal.token_hash(f"scan|{station}|{serial}|{request_id}").hex()[:32]


def status_token(ring: Keyring, scan_uid: str) -> str:
    """The 128-bit token of a finder's own status page; made again on demand, only its hash is stored."""
    return seal.derived_token(ring, "status", scan_uid)


def waiting_token(ring: Keyring, station: int, serial: int | None, request_id: str) -> str:
    """The token of the page of a report that goes to the spool. It needs no database, then or later."""
    uid = scan_uid(station, serial, request_id)
    page = rowless.waiting_page(ring, station, serial, call_code(ring, request_id), uid)
    return page or status_token(ring, uid)


def report(db: StationDatabase, vault: Vault, door: Door, sent: Report, now: datetime) -> Answer:
    """Write a finder's report; on return it is on the disk. The same request id gets the first answer again.

    Raises StorageGone or a database error when it cannot be written; the caller then spools it.
    """
    request_hash = seal.token_hash(f"{door.station}|{door.serial}|{sent.request_id}")
    uid = scan_uid(door.station, door.serial, sent.request_id)
    waiting = waiting_token(vault.ring, door.station, door.serial, sent.request_id)
    known = Known(uid, request_hash, waiting if door.spooled else status_token(vault.ring, uid))
    sent = replace(sent, sighting=locating.located(db, sent.sighting))

    def once(db: StationDatabase) -> dict[str, Any]:
        first = db.row("SELECT * FROM scan WHERE request_hash = ?", request_hash)
        if first:
            return first | {"page": waiting if first["spooled"] else status_token(vault.ring, uid)}
        written = _write(db, vault, door, sent, known, now)
        if door.more:
            counting.add(db, written["id"], None, now, door.more)
        return written

    first = together(db, once)
    page = first.get("page", known.page)
    ignored = [*_ignored(db, vault, door, sent), *first.get("counted", ())]
    return Answer(first["incident_id"], page, first["code"], ignored)


def _ignored(db: StationDatabase, vault: Vault, door: Door, sent: Report) -> list[Ignored]:
    """A status page that is none, or another badge's, joins nothing; the finder is told so."""
    if not sent.status or rowless.is_page(vault.ring, sent.status):
        return []
    here = _here(db, door)
    known = db.scalar(
        "SELECT 1 FROM scan WHERE status_hash = ? AND station = ? AND serial IS ?",
        seal.token_hash(sent.status),
        here.station,
        here.serial,
    )
    return [] if known else [Ignored("status", "not_known")]


def _here(db: StationDatabase, door: Door) -> Door:
    """The door as this instance keeps it. A badge of a station that is not served here (another town's, or one that
    was given up) belongs to our first station, so that somebody is rung; its key is folded into a negative number,
    which no badge of ours has.
    """
    if door.serial is None or db.scalar("SELECT 1 FROM station WHERE number = ?", door.station):
        return door
    ours = db.scalar("SELECT min(number) FROM station")
    return (
        door if ours is None else replace(door, station=ours, serial=-1 - (door.station << 24 | door.serial))
    )


def _write(
    db: StationDatabase, vault: Vault, door: Door, sent: Report, known: Known, now: datetime
) -> dict[str, Any]:
    badge, asked = _badge(db, door), door
    # A badge that we know is of a station that we serve.
    door = door if badge else _here(db, door)
    known = replace(known, badge_id=badge["id"] if badge else None)
    announced = badge is not None and _in_window(badge["window_until"], now)
    act = "test" if announced else sent.act
    earlier = _earlier(db, door, sent, act)
    if earlier and telling.add_place(db, vault, earlier, sent, known.request_hash, now):
        return earlier | {"page": sent.status}
    sent = replace(sent, act=act)
    incident_id = None
    if act in EVIDENCE:
        incident_id = open_or_join(db, vault, door, badge, source="scan", now=now)
    if (not announced and _may_count(vault, door, asked, known)) and (
        counted := _count(db, vault, door, sent, incident_id, now)
    ):
        return counted | ({"page": known.page} if door.spooled else {})
    if incident_id is not None:
        return attach(db, vault, door, sent, incident_id=incident_id, known=known, now=now)
    scan = _insert_scan(db, vault, door, sent, None, known, now)
    events.add(db, None, act, actor="finder", scan_id=scan["id"], now=now)
    if badge and announced:
        life.scanned(db, vault, badge["id"], now)
    return scan


def attach(
    db: StationDatabase,
    vault: Vault,
    door: Door,
    sent: Report,
    *,
    incident_id: int,
    known: Known,
    now: datetime,
) -> dict[str, Any]:
    """Write one report of an incident with what it tells; inside the caller's transaction."""
    scan = _insert_scan(db, vault, door, sent, incident_id, known, now)
    if sent.status:
        finders.follow(db, scan["id"], sent.status)
    event_id = events.add(
        db, incident_id, "scan", actor="finder", scan_id=scan["id"], detail=sent.act, now=now
    )
    news = telling.keep(db, vault, scan, {}, sent, now)
    lanes.note(db, scan, Heard(lanes.lane_of(sent), news, event_id), now)
    return scan


def write_out(db: StationDatabase, vault: Vault, token: str, now: datetime) -> int:
    """The scan of a finder's page. A counted report gets a row of its own now: its finder has something to say.

    Raises NotFound when there is no such page, Crowded while a flood has used up all room.
    """
    known = _of_page(db, vault.ring, token)
    if known is not None:
        return known
    with transaction(db):
        known = _of_page(db, vault.ring, token)
        return _write_counted(db, vault, token, now) if known is None else known


def _of_page(db: StationDatabase, ring: Keyring, token: str) -> int | None:
    found: int | None = db.scalar("SELECT id FROM scan WHERE status_hash = ?", seal.token_hash(token))
    other = rowless.find(db, ring, token) if found is None else None
    return other.scan_id if other and other.own else found


def _write_counted(db: StationDatabase, vault: Vault, token: str, now: datetime) -> int:
    counted = rowless.find(db, vault.ring, token)
    first = counted and db.row("SELECT * FROM scan WHERE id = ?", counted.scan_id)
    if not counted or not first:
        raise NotFound("There is no such page.")
    if not counting.has_room(db, first["incident_id"], now):
        raise Crowded("Many reports came at once. Please ring the station and tell it there.")
    request_hash = seal.token_hash(f"counted|{token}")
    same = ("incident_id", "station", "serial", "badge_id", "act", "source", "at")
    scan_id = db.insert(
        "scan",
        uid=request_hash.hex()[:32],
        request_hash=request_hash,
        status_hash=seal.token_hash(token),
        code=counted.code,
        **{name: first[name] for name in same},
    )
    counting.take_out(db, counted.scan_id)
    kind = "scan" if first["incident_id"] else first["act"]
    events.add(db, first["incident_id"], kind, actor="finder", scan_id=scan_id, detail=first["act"], now=now)
    return scan_id


def _may_count(vault: Vault, door: Door, asked: Door, known: Known) -> bool:
    """A spooled report has been given its page; it may only be counted when that page needs no row."""
    return not door.spooled or (door == asked and rowless.is_page(vault.ring, known.page))


def _count(
    db: StationDatabase, vault: Vault, door: Door, sent: Report, incident_id: int | None, now: datetime
) -> dict[str, Any] | None:
    """Count one of a flood; None when it is to be written."""
    at = {"station": door.station, "serial": door.serial, "source": door.source}
    found = counting.anchor(db, vault, at, sent, incident_id, now)
    if found is None:
        return None
    told = sightings.content_of(sent.sighting, sent.note, sent.phone, now) if incident_id else {}
    counting.add(db, found["id"], counting.sealed(vault, found, told) if told else None, now)
    code = call_code(vault.ring, sent.request_id)
    page = rowless.counted_page(vault.ring, found["id"], code, sent.request_id)
    ignored = [Ignored(name, "only_counted") for name in ("lat", "place", "note", "phone") if name in told]
    return {"id": found["id"], "incident_id": incident_id, "code": code, "page": page, "counted": ignored}


def _in_window(until: str | None, now: datetime) -> bool:
    return until is not None and clock.text(now) < until


def _earlier(db: StationDatabase, door: Door, sent: Report, act: str) -> dict[str, Any] | None:
    """The finder's own earlier report that this one gives a place: same badge, same act."""
    if not sent.status or sent.sighting == Sighting():
        return None
    return db.row(
        "SELECT scan.*, incident.closed_at FROM scan JOIN incident ON incident.id = scan.incident_id "
        "WHERE scan.status_hash = ? AND scan.station = ? AND scan.serial IS ? AND scan.act = ?",
        seal.token_hash(sent.status),
        door.station,
        door.serial,
        act,
    )


def open_or_join(
    db: StationDatabase, vault: Vault, door: Door, badge: dict[str, Any] | None, *, source: str, now: datetime
) -> int:
    """The open incident of this badge or of its elder, else a new one; inside the caller's transaction."""
    elder_id = badge["elder_id"] if badge else None
    open_id = db.scalar(
        # The elder's may be led by another station, whose badge is still worn after a move.
        "SELECT id FROM incident WHERE closed_at IS NULL AND ((station = ? AND serial IS NOT NULL AND serial = ?) "
        "OR (elder_id IS NOT NULL AND elder_id = ?)) ORDER BY id LIMIT 1",
        door.station,
        door.serial,
        elder_id,
    )
    if open_id is not None:
        return int(open_id)
    return _open(db, vault, door, badge, source=source, now=now)


def _open(
    db: StationDatabase, vault: Vault, door: Door, badge: dict[str, Any] | None, *, source: str, now: datetime
) -> int:
    """Insert an incident; the ladder begins now."""
    elder_id = badge["elder_id"] if badge else None
    hurry = urgency.of_new(db, vault, door.station, elder_id, now)
    incident_id = db.insert(
        "incident",
        station=door.station,
        serial=door.serial,
        badge_id=badge["id"] if badge else None,
        elder_id=elder_id,
        kind=_kind(db, badge),
        source=source,
        opened_at=clock.text(now),
        ring_since=clock.text(now),
        policy=_policy(db, door.station, hurry),
        prior_id=_prior(db, door, elder_id),
    )
    vault.create_for_incident(incident_id, now)
    events.add(db, incident_id, "opened", actor="finder", to_state="alerting", detail=source, now=now)
    if hurry:
        events.add(db, incident_id, "urgent", actor="system", detail=hurry.dump(), now=now)
    return incident_id


def _kind(db: StationDatabase, badge: dict[str, Any] | None) -> str:
    """A drill is only what comes from the station's drill badge, and never while an elder wears it."""
    if badge is None or badge["elder_id"] is not None:
        return "live"
    return "drill" if db.scalar("SELECT 1 FROM drill_badge WHERE badge_id = ?", badge["id"]) else "live"


def _policy(db: StationDatabase, station: int, hurry: urgency.Urgency | None) -> str:
    stored = db.scalar("SELECT policy FROM station WHERE number = ?", station)
    if hurry is None:
        return str(stored or communities.Policy().dump())
    usual = communities.Policy.load(stored) if stored else communities.Policy()
    return urgency.hastened(usual, hurry.factor).dump()


def _prior(db: StationDatabase, door: Door, elder_id: int | None) -> int | None:
    """The incident before this one, of the same badge or the same elder."""
    found: int | None = db.scalar(
        "SELECT max(id) FROM (SELECT max(id) AS id FROM incident WHERE station = ? AND serial = ? "
        "UNION ALL SELECT max(id) FROM incident WHERE elder_id = ?)",
        door.station,
        door.serial,
        elder_id,
    )
    return found


def _insert_scan(
    db: StationDatabase,
    vault: Vault,
    door: Door,
    sent: Report,
    incident_id: int | None,
    known: Known,
    now: datetime,
) -> dict[str, Any]:
    scan: dict[str, Any] = {
        "uid": known.uid,
        "request_hash": known.request_hash,
        "incident_id": incident_id,
        "station": door.station,
        "serial": door.serial,
        "badge_id": known.badge_id,
        "act": sent.act,
        "status_hash": seal.token_hash(known.page),
        "code": call_code(vault.ring, sent.request_id),
        "source": door.source,
        "spooled": int(door.spooled),
        "at": clock.text(now),
    }
    return {**scan, "id": db.insert("scan", **scan), "has_place": 0}


def _badge(db: StationDatabase, door: Door) -> dict[str, Any] | None:
    return db.row(
        "SELECT id, elder_id, window_until FROM badge WHERE station = ? AND serial = ?",
        door.station,
        door.serial,
    )


def call_code(ring: Keyring, request_id: str) -> str:
    """The three digits beside the call button. What follows a ~ in a request id numbers the presses of one page."""
    return seal.three_digits(ring, request_id.split("~", 1)[0])
