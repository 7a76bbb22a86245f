"""Badge health: what was found when somebody looked at a worn badge, and which are due for a look."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from station import audit, clock, communities
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid
from station.issuing import records
from station.issuing.proofs import TYPED
from station.issuing.records import Badge
from station.seal import Keyring
from station.vault import Vault

PRESSED_TWICE = timedelta(minutes=1)
RESULTS = ("readable", "worn_out", "missing", "refused")


# The look by hand of the moment in which it was handed over is the typed number. Of badges that are older than
# this rule nothing is known, and nothing is said.
_UNPROVEN = (
    "badge.state = 'worn' AND EXISTS (SELECT 1 FROM badge_check WHERE badge_id = badge.id AND means = 'hand' "
    "AND at = badge.activated_at) "
    "AND NOT EXISTS (SELECT 1 FROM badge_check WHERE badge_id = badge.id AND means = 'scan')"
)


@dataclass(frozen=True)
class Check:
    at: datetime
    result: str  # one of RESULTS
    means: str  # scan: the real thing was read; hand: somebody looked and said so; typed: handed over by its number
    staff_id: int | None


@dataclass(frozen=True)
class DueForCheck:
    badge: Badge
    last_seen: datetime  # when it was last known to be well


def record(db: StationDatabase, vault: Vault, badge_id: int, result: str, *, by: int, now: datetime) -> None:
    """Write down what a worker found. Raises Conflict unless the badge is worn."""
    if result not in RESULTS:
        raise Invalid("result", "Choose what you found.")
    _require_worn(records.get(db, badge_id))
    with transaction(db):
        _insert(db, badge_id, result, "hand", by, now)
        audit.record(
            db, vault.ring, staff_id=by, action=f"badge.check.{result}", about=f"badge/{badge_id}", now=now
        )


def record_read(
    db: StationDatabase, ring: Keyring, badge: Badge, proof: str, *, by: int, now: datetime
) -> None:
    """The worker's own camera read the code; inside the caller's transaction. Raises Conflict unless it is worn."""
    _require_worn(badge)
    record_scan(db, badge, now - PRESSED_TWICE, by, now)
    audit.record(
        db, ring, staff_id=by, action="badge.check.readable", about=f"badge/{badge.id}", detail=proof, now=now
    )


def record_scan(db: StationDatabase, badge: Badge, began: datetime, by: int | None, now: datetime) -> None:
    """A scan in an announced check: readable, once a window; inside the caller's transaction."""
    if not db.scalar(
        "SELECT 1 FROM badge_check WHERE badge_id = ? AND means = 'scan' AND at >= ?",
        badge.id,
        clock.text(began),
    ):
        _insert(db, badge.id, "readable", "scan", by, now)


def prove(
    db: StationDatabase, ring: Keyring, badge_id: int, proof: str, *, by: int | None, now: datetime
) -> None:
    """Write down how a badge was shown, one of proofs.PROOFS; inside the caller's transaction.

    A number that was typed is a look by hand. Once the real thing was read there is nothing more to prove.
    """
    if not db.scalar("SELECT 1 FROM badge_check WHERE badge_id = ? AND means = 'scan'", badge_id):
        _insert(db, badge_id, "readable", "hand" if proof == TYPED else "scan", by, now)
    audit.record(
        db, ring, staff_id=by, action="badge.shown", about=f"badge/{badge_id}", detail=proof, now=now
    )


def is_unproven(db: StationDatabase, badge_id: int) -> bool:
    """Whether the badge is worn because its number was typed, and nothing has read the real thing since."""
    return bool(db.scalar(f"SELECT 1 FROM badge WHERE id = ? AND {_UNPROVEN}", badge_id))  # noqa: S608


def unproven(db: StationDatabase, station: int) -> list[Badge]:
    """All such badges of a station's living elders."""
    rows = db.rows(
        "SELECT badge.* FROM badge JOIN elder ON elder.id = badge.elder_id "  # noqa: S608
        f"AND elder.station = badge.station WHERE badge.station = ? AND elder.status = 'living' AND {_UNPROVEN} ORDER BY badge.id",
        station,
    )
    return [records.from_row(row) for row in rows]


def of_badge(db: StationDatabase, badge_id: int) -> list[Check]:
    """Newest first."""
    rows = db.rows(
        "SELECT badge_check.at, result, staff_id, CASE WHEN means = 'hand' AND badge_check.at = activated_at "
        "THEN 'typed' ELSE means END AS means FROM badge_check JOIN badge ON badge.id = badge_id "
        "WHERE badge_id = ? ORDER BY badge_check.id DESC",
        badge_id,
    )
    return [Check(clock.parse(row["at"]), row["result"], row["means"], row["staff_id"]) for row in rows]


def due(db: StationDatabase, station: int, now: datetime) -> list[DueForCheck]:
    """Worn badges that nobody has found readable for as long as the station's policy says, or whose last check
    was not good; longest first.
    """
    every = timedelta(days=communities.station(db, station).policy.check_days)
    rows = db.rows(
        "SELECT badge.*, coalesce((SELECT max(at) FROM badge_check WHERE badge_id = badge.id "
        "AND result = 'readable'), badge.activated_at) AS last_seen, "
        "(SELECT result FROM badge_check WHERE badge_id = badge.id ORDER BY id DESC LIMIT 1) AS last_result "
        "FROM badge JOIN elder ON elder.id = badge.elder_id AND elder.station = badge.station "
        "WHERE badge.station = ? AND badge.state = 'worn' AND elder.status = 'living' ORDER BY last_seen",
        station,
    )
    return [
        DueForCheck(records.from_row(row), clock.parse(row["last_seen"]))
        for row in rows
        if row["last_seen"] <= clock.text(now - every) or row["last_result"] in ("worn_out", "missing")
    ]


def _require_worn(badge: Badge) -> None:
    if badge.state != "worn":
        raise Conflict("Only a badge that is worn can be checked.")


def _insert(
    db: StationDatabase, badge_id: int, result: str, means: str, by: int | None, now: datetime
) -> None:
    db.insert("badge_check", badge_id=badge_id, at=clock.text(now), staff_id=by, result=result, means=means)
