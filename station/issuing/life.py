"""From the checked file to the end of wear: printed, announced, scanned, handed over, ended."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from station import audit, clock
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid
from station.issuing import checks, proofs, records
from station.issuing.proofs import Shown
from station.issuing.records import ENDED, READY, Badge, shown_number
from station.seal import Keyring
from station.vault import Vault
from station.vocabulary import N_

WINDOW = timedelta(minutes=10)  # in which scans of an announced badge are tests
NOT_NOW = N_("The badge is not in a state that allows this. Load the page again to see where it stands.")


def mark_printed(db: StationDatabase, vault: Vault, badge_id: int, *, by: int, now: datetime) -> None:
    """The thing itself exists. Raises Conflict unless its file was made."""
    with transaction(db):
        if not print_one(db, vault.ring, badge_id, by=by, now=now):
            raise Conflict(NOT_NOW)


def print_one(db: StationDatabase, ring: Keyring, badge_id: int, *, by: int, now: datetime) -> bool:
    """The same inside the caller's transaction; False when the badge had moved on."""
    return _move(
        db, ring, badge_id, "printed", from_states=("made",), by=by, now=now, printed_at=clock.text(now)
    )


def announce(
    db: StationDatabase, vault: Vault, badge_id: int, *, why: str = "test", by: int, now: datetime
) -> None:
    """Open the ten-minute window in which scans of this badge are tests, and the first one proves the real thing.

    `why` is test, check or rehearsal. Raises Conflict for a badge that is not made, or has ended.
    """
    with transaction(db):
        open_window(db, vault.ring, badge_id, why=why, by=by, now=now)


def open_window(
    db: StationDatabase, ring: Keyring, badge_id: int, *, why: str, by: int, now: datetime
) -> None:
    """The same inside the caller's transaction."""
    if records.get(db, badge_id).state not in (*READY, "worn"):
        raise Conflict(NOT_NOW)
    db.write(
        "UPDATE badge SET window_until = ?, window_for = ?, window_by = ? WHERE id = ?",
        clock.text(now + WINDOW),
        why,
        by,
        badge_id,
    )
    audit.record(db, ring, staff_id=by, action="badge.announce", about=f"badge/{badge_id}", now=now)


def scanned(db: StationDatabase, vault: Vault, badge_id: int, now: datetime) -> None:
    """Somebody scanned the real thing inside its window: a made badge is now worn, a checked one is readable, and one
    whose number had only been typed is proven.

    Inside the caller's transaction, which writes the scan.
    """
    badge = records.get(db, badge_id)
    by = db.scalar("SELECT window_by FROM badge WHERE id = ?", badge_id)
    if badge.state in READY and badge.elder_id is not None:
        _put_on(db, vault.ring, badge, proof=proofs.WINDOW, by=by, now=now)
    elif checks.is_unproven(db, badge_id):
        checks.prove(db, vault.ring, badge_id, proofs.WINDOW, by=by, now=now)
    if badge.window_for == "check" and badge.window_until is not None:
        checks.record_scan(db, badge, badge.window_until - WINDOW, by, now)


def last_test(db: StationDatabase, badge: Badge) -> datetime | None:
    """When the real thing was last scanned in the newest window."""
    if badge.window_until is None:
        return None
    at = db.scalar(
        "SELECT max(at) FROM scan WHERE station = ? AND serial = ? AND act = 'test' AND at >= ? AND at < ?",
        badge.station,
        badge.serial,
        clock.text(badge.window_until - WINDOW),
        clock.text(badge.window_until),
    )
    return clock.parse(at) if at else None


def hand_over(
    db: StationDatabase, vault: Vault, badge_id: int, shown: Shown, *, by: int, now: datetime
) -> None:
    """Activate the badge that lies on the table, and write down how it was shown.

    Raises Invalid when that is no badge or another one, so that nobody goes home with a neighbour's badge.
    """
    badge = expect(db, vault.ring, badge_id, shown)
    if badge.state != "worn":  # pressed twice
        activate(db, vault, badge_id, proof=shown.proof, by=by, now=now)


def health_scan(
    db: StationDatabase, vault: Vault, badge_id: int, shown: Shown, *, by: int, now: datetime
) -> None:
    """The worker's camera read the worn badge's code.

    Raises Invalid for another badge or a number that was typed, Conflict unless the badge is worn.
    """
    if shown.proof == proofs.TYPED:
        raise Invalid("code", "Scan or photograph the badge itself; its number says nothing about its code.")
    badge = expect(db, vault.ring, badge_id, shown)
    with transaction(db):
        checks.record_read(db, vault.ring, badge, shown.proof, by=by, now=now)


def expect(db: StationDatabase, ring: Keyring, badge_id: int, shown: Shown) -> Badge:
    """The badge, when it is the one that was shown. Raises Invalid when that is no badge or another one."""
    badge = records.get(db, badge_id)
    found = records.by_code(db, ring, shown.code)
    if found is None:
        raise Invalid("code", "This is no badge number. Read it from the badge itself, or scan the code.")
    if found.id != badge.id:
        raise Invalid(
            "code",
            "This is badge %(other)s, but %(number)s was expected. Do not hand it over.",
            other=shown_number(found.number),
            number=shown_number(badge.number),
        )
    return badge


def activate(
    db: StationDatabase, vault: Vault, badge_id: int, *, proof: str = "", by: int | None, now: datetime
) -> None:
    """From now on the badge counts as worn, and what it replaces no longer does. Raises Conflict unless it is made.

    `proof` is one of proofs.PROOFS, or empty when nobody knows how the badge was shown.
    """
    with transaction(db):
        badge = records.get(db, badge_id)
        if badge.elder_id is None:
            raise Conflict("This badge belongs to no elder yet.")
        if badge.state not in READY:
            raise Conflict(NOT_NOW)
        _put_on(db, vault.ring, badge, proof=proof, by=by, now=now)


def end(
    db: StationDatabase, vault: Vault, badge_id: int, state: str, *, by: int | None, now: datetime
) -> None:
    """Mark as lost, replaced, revoked or returned. A scan of it still shows the hotline and still alerts."""
    if state not in ENDED:
        raise Conflict("A badge ends as lost, replaced, revoked or returned.")
    with transaction(db):
        if not end_one(db, vault.ring, badge_id, state, by=by, now=now):
            raise Conflict(NOT_NOW)


def end_one(
    db: StationDatabase, ring: Keyring, badge_id: int, state: str, *, by: int | None, now: datetime
) -> bool:
    """The same inside the caller's transaction; False when the badge had ended already."""
    states = ("ordered", *READY, "worn")
    return _move(db, ring, badge_id, state, from_states=states, by=by, now=now, ended_at=clock.text(now))


def bring_back(db: StationDatabase, ring: Keyring, badge_id: int, *, by: int, now: datetime) -> bool:
    """A badge that had ended came back after all; inside the caller's transaction. False when it is in use."""
    states = ("revoked", "lost")
    return _move(db, ring, badge_id, "returned", from_states=states, by=by, now=now, ended_at=clock.text(now))


def revive(db: StationDatabase, ring: Keyring, badge_id: int, state: str, *, by: int, now: datetime) -> bool:
    """Its ending was a mistake: the badge is what it was. Inside the caller's transaction."""
    return _move(
        db, ring, badge_id, state, from_states=("revoked", "returned"), by=by, now=now, ended_at=None
    )


def _put_on(
    db: StationDatabase, ring: Keyring, badge: Badge, *, proof: str, by: int | None, now: datetime
) -> None:
    """Wear it, and retire what it stands for: all that it replaces, and any temporary one."""
    at = clock.text(now)
    _move(db, ring, badge.id, "worn", from_states=READY, by=by, now=now, activated_at=at)
    if proof:
        checks.prove(db, ring, badge.id, proof, by=by, now=now)
    theirs = records.of_elder(db, badge.elder_id or 0)
    replaced = _replaced(badge, theirs)
    for old in theirs:
        stands_in = old.temporary and not badge.temporary and old.id != badge.id
        if old.id in replaced or stands_in:
            _move(db, ring, old.id, "replaced", from_states=(*READY, "worn"), by=by, now=now, ended_at=at)


def _replaced(badge: Badge, theirs: Sequence[Badge]) -> set[int]:
    """The badge in whose place this one was ordered, and on to the first: a misprint between them ends nothing."""
    before = {one.id: one.replaces for one in theirs}
    found: set[int] = set()
    last = badge.replaces
    while last is not None:
        found.add(last)
        last = before.get(last)
    return found


def _move(
    db: StationDatabase,
    ring: Keyring,
    badge_id: int,
    state: str,
    *,
    from_states: tuple[str, ...],
    by: int | None,
    now: datetime,
    **times: Any,
) -> bool:
    """Change the state if the badge is still where it was thought to be; inside the caller's transaction."""
    if db.scalar("SELECT state FROM badge WHERE id = ?", badge_id) not in from_states:
        return False
    ((column, at),) = times.items()
    db.write(f"UPDATE badge SET state = ?, {column} = ? WHERE id = ?", state, at, badge_id)  # noqa: S608
    audit.record(db, ring, staff_id=by, action=f"badge.{state}", about=f"badge/{badge_id}", now=now)
    return True
