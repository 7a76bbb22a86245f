"""A badge's life: ordered, drawn and checked, handed over, worn, ended. Files are sealed in the database."""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from badges import files
from badges.artwork import BadgeText
from badges.errors import BadgeError
from badges.files import BadgeFiles
from station import audit, clock, communities, damm, phones, seal
from station.db import StationDatabase, transaction
from station.errors import Conflict, NotFound
from station.seal import Keyring
from station.vault import Vault

ENDED = ("lost", "replaced", "revoked", "returned")
WINDOW = timedelta(minutes=10)  # in which scans of an announced badge are tests
SHORTEST_NUMBER = 5  # digits before the check digit; grows when the short ones run out
_TRIES = 8


@dataclass(frozen=True)
class Badge:
    id: int
    station: int
    serial: int
    number: str  # the short public number with its check digit
    elder_id: int | None
    state: str
    key_digit: str
    artwork: str
    theme: str
    problem: str
    ordered_at: datetime
    made_at: datetime | None
    activated_at: datetime | None
    window_until: datetime | None


def order(db: StationDatabase, vault: Vault, elder_id: int, *, by: int | None, now: datetime) -> int:
    """Order a badge for an elder; the job process draws it. A second press returns the badge on order."""
    with transaction(db):
        waiting = db.scalar("SELECT id FROM badge WHERE elder_id = ? AND state = 'ordered'", elder_id)
        if waiting is not None:
            return int(waiting)
        elder = db.row("SELECT station FROM elder WHERE id = ?", elder_id)
        if elder is None:
            raise NotFound("There is no such elder in the register.")
        station = communities.station(db, elder["station"])
        last = db.scalar("SELECT max(serial) FROM badge WHERE station = ?", station.number)
        badge_id = db.insert(
            "badge",
            station=station.number,
            serial=(last or 0) + 1,
            number=_free_number(db),
            elder_id=elder_id,
            state="ordered",
            key_digit=vault.ring.newest_badge_key,
            artwork=station.artwork,
            theme=station.theme,
            ordered_by=by,
            ordered_at=clock.text(now),
        )
        audit.record(db, vault.ring, staff_id=by, action="badge.order", about=f"badge/{badge_id}", now=now)
    return badge_id


def make(db: StationDatabase, vault: Vault, badge_id: int, base_url: str, now: datetime) -> None:
    """Draw and check the files of an ordered badge. A badge that fails its check stays ordered, with the reason."""
    badge = get(db, badge_id)
    if badge.state != "ordered":
        return
    try:
        made = _draw(db, vault.ring, badge, base_url)
    except BadgeError as error:
        with transaction(db):
            db.write("UPDATE badge SET problem = ? WHERE id = ?", error.code, badge_id)
        return
    vault.create([f"station/{badge.station}"], now)
    with transaction(db):
        changed = db.write(
            "UPDATE badge SET state = 'made', made_at = ?, problem = '' WHERE id = ? AND state = 'ordered'",
            clock.text(now),
            badge_id,
        )
        if changed:
            _keep_files(db, vault, badge, made, now)


def redraw(db: StationDatabase, vault: Vault, badge_id: int, base_url: str, now: datetime) -> None:
    """Draw the files of a made badge anew, for example after the station's address changed. Raises BadgeError."""
    badge = get(db, badge_id)
    made = _draw(db, vault.ring, badge, base_url)
    with transaction(db):
        db.write("DELETE FROM badge_file WHERE badge_id = ?", badge_id)
        _keep_files(db, vault, badge, made, now)


def _draw(db: StationDatabase, ring: Keyring, badge: Badge, base_url: str) -> BadgeFiles:
    """Files that badges.files has already decoded and compared; here the decoded digits are opened as well."""
    station = communities.station(db, badge.station)
    text = BadgeText(
        url=url(ring, badge, base_url),
        station_name=station.name,
        hotline=phones.from_e164(station.hotline).shown,
        number=shown_number(badge.number),
        relaxed=not base_url.startswith("https://"),
    )
    made = files.make(text, artwork=badge.artwork, theme=badge.theme)
    for reading in made.report.readings:
        _check_token(ring, badge, reading.url)
    return made


def waiting(db: StationDatabase) -> list[int]:
    """Ordered badges that have not failed, oldest first."""
    return [
        row["id"]
        for row in db.rows("SELECT id FROM badge WHERE state = 'ordered' AND problem = '' ORDER BY id")
    ]


def unfinished(db: StationDatabase, station: int) -> list[Badge]:
    """Badges of a station that are not yet in their elders' hands, oldest first."""
    rows = db.rows(
        "SELECT * FROM badge WHERE station = ? AND state IN ('ordered', 'made') ORDER BY id", station
    )
    return [_badge(row) for row in rows]


def file(db: StationDatabase, vault: Vault, badge_id: int, kind: str) -> bytes:
    """One checked file of a badge. Raises NotFound while there is none."""
    badge = get(db, badge_id)
    row = db.row("SELECT content FROM badge_file WHERE badge_id = ? AND kind = ?", badge_id, kind)
    if row is None:
        raise NotFound("This badge has no checked file yet. Wait a moment and load the page again.")
    return vault.open_bytes(f"station/{badge.station}", f"badge_file|{badge_id}|{kind}", row["content"])


def activate(db: StationDatabase, vault: Vault, badge_id: int, *, by: int | None, now: datetime) -> None:
    """Hand the badge over: from now on it counts as worn. Raises Conflict unless it is made and waiting."""
    _move(db, vault, badge_id, "worn", from_states=("made",), column="activated_at", by=by, now=now)


def end(db: StationDatabase, vault: Vault, badge_id: int, state: str, *, by: int, now: datetime) -> None:
    """Mark as lost, replaced, revoked or returned. A scan of it still shows the hotline and still alerts."""
    if state not in ENDED:
        raise Conflict("A badge ends as lost, replaced, revoked or returned.")
    _move(
        db, vault, badge_id, state, from_states=("ordered", "made", "worn"), column="ended_at", by=by, now=now
    )


def announce(db: StationDatabase, vault: Vault, badge_id: int, *, by: int, now: datetime) -> None:
    """Open the ten-minute window in which scans of this badge are tests (activation, health check, rehearsal)."""
    get(db, badge_id)
    with transaction(db):
        db.write("UPDATE badge SET window_until = ? WHERE id = ?", clock.text(now + WINDOW), badge_id)
        audit.record(db, vault.ring, staff_id=by, action="badge.announce", about=f"badge/{badge_id}", now=now)


def get(db: StationDatabase, badge_id: int) -> Badge:
    row = db.row("SELECT * FROM badge WHERE id = ?", badge_id)
    if row is None:
        raise NotFound("There is no such badge.")
    return _badge(row)


def of_elder(db: StationDatabase, elder_id: int) -> list[Badge]:
    """All badges an elder ever had, newest first."""
    return [
        _badge(row) for row in db.rows("SELECT * FROM badge WHERE elder_id = ? ORDER BY id DESC", elder_id)
    ]


def by_serial(db: StationDatabase, station: int, serial: int) -> Badge | None:
    row = db.row("SELECT * FROM badge WHERE station = ? AND serial = ?", station, serial)
    return _badge(row) if row else None


def by_number(db: StationDatabase, digits: str) -> Badge | None:
    row = db.row("SELECT * FROM badge WHERE number = ?", digits)
    return _badge(row) if row else None


def url(ring: Keyring, badge: Badge, base_url: str) -> str:
    """What the badge's code says. Made again from the serial; no token is stored."""
    return f"{base_url}/{seal.badge_token(ring, badge.station, badge.serial, badge.key_digit)}"


def shown_number(digits: str) -> str:
    """A badge number as it is printed and spoken: the check digit apart, such as 48217-3."""
    return f"{digits[:-1]}-{digits[-1]}"


def _free_number(db: StationDatabase) -> str:
    """A random unused number. When short ones are nearly used up the tries fail and it grows by a digit."""
    length = SHORTEST_NUMBER
    while True:
        for _ in range(_TRIES):
            digits = f"{secrets.randbelow(9 * 10 ** (length - 1)) + 10 ** (length - 1)}"
            digits += damm.check_digit(digits)
            if not db.scalar("SELECT 1 FROM badge WHERE number = ?", digits):
                return digits
        length += 1


def _move(
    db: StationDatabase,
    vault: Vault,
    badge_id: int,
    state: str,
    *,
    from_states: tuple[str, ...],
    column: str,
    by: int | None,
    now: datetime,
) -> None:
    marks = ", ".join("?" * len(from_states))
    with transaction(db):
        changed = db.write(
            f"UPDATE badge SET state = ?, {column} = ? WHERE id = ? AND state IN ({marks})",  # noqa: S608
            state,
            clock.text(now),
            badge_id,
            *from_states,
        )
        if not changed:
            raise Conflict(
                "The badge is not in a state that allows this. Load the page again to see where it stands."
            )
        audit.record(db, vault.ring, staff_id=by, action=f"badge.{state}", about=f"badge/{badge_id}", now=now)


def _check_token(ring: Keyring, badge: Badge, decoded_url: str) -> None:
    """The digits that a decoder read from the finished file must open to this very badge."""
    opened = seal.open_badge_token(ring, decoded_url.rsplit("/", 1)[-1])
    if opened != (badge.station, badge.serial):
        raise AssertionError("a finished badge decodes to another badge")


def _keep_files(db: StationDatabase, vault: Vault, badge: Badge, made: BadgeFiles, now: datetime) -> None:
    report = asdict(made.report)
    for reading in report["readings"]:
        del reading["url"]  # it holds the badge's token, which no database may hold
    checked = json.dumps(report, ensure_ascii=False, default=str)
    for kind, content in (("pdf", made.pdf), ("png", made.png), ("svg", made.svg)):
        db.insert(
            "badge_file",
            badge_id=badge.id,
            kind=kind,
            sha256=seal.sha256(content),
            content=vault.seal(f"station/{badge.station}", f"badge_file|{badge.id}|{kind}", content),
            checked_at=clock.text(now),
            checked_with=checked,
        )


def _badge(row: dict[str, Any]) -> Badge:
    times: dict[str, Any] = {
        key: clock.parse(row[key]) if row[key] else None
        for key in ("made_at", "activated_at", "window_until")
    }
    plain = {
        key: row[key]
        for key in (
            "id",
            "station",
            "serial",
            "number",
            "elder_id",
            "state",
            "key_digit",
            "artwork",
            "theme",
            "problem",
        )
    }
    return Badge(**plain, **times, ordered_at=clock.parse(row["ordered_at"]))
