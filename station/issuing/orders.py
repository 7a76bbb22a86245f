"""Badges are ordered: for an elder, in place of another, for today only, or blank for the field."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from station import audit, clock, communities, damm
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid, NotFound
from station.issuing import batches, life, records
from station.issuing.records import READY, Badge
from station.vault import Vault
from station.vocabulary import N_

SHORTEST_NUMBER = 5  # digits before the check digit; grows when the short ones run out
MOST_BLANKS = 200
FORMS = ("badge", "cloth", "card")
REASONS = ("lost", "stolen", "damaged", "worn_out", "misprinted")  # for another badge of the same elder
_TRIES = 8


@dataclass(frozen=True)
class _Wish:
    """What sort of badge, for whom, in place of which other one."""

    form: str = "badge"
    elder_id: int | None = None
    temporary: bool = False
    replaces: int | None = None
    reason: str = ""


def order(
    db: StationDatabase,
    vault: Vault,
    elder_id: int,
    *,
    form: str = "badge",
    temporary: bool = False,
    by: int | None,
    now: datetime,
) -> int:
    """Order a badge for an elder; the job process draws it. A second press returns the badge on order.

    A temporary one comes with a page for the station's own printer. Raises Conflict when the record has ended.
    """
    with transaction(db):
        waiting = db.scalar(
            "SELECT id FROM badge WHERE elder_id = ? AND state = 'ordered' AND form = ? AND temporary = ?",
            elder_id,
            form,
            int(temporary),
        )
        if waiting is not None:
            return int(waiting)
        badge = _add(db, vault, _station_of(db, elder_id), _Wish(form, elder_id, temporary), by=by, now=now)
        if temporary:
            batches.add(db, vault, "sheet", [badge], by=by, now=now)
    return badge.id


def reissue(
    db: StationDatabase, vault: Vault, badge_id: int, *, reason: str = "", by: int | None, now: datetime
) -> int:
    """Order a badge in place of another, in the same form. The old one counts until the new one is handed over.

    `reason` is one of REASONS or empty; it stays in the audit log.
    A second press returns the badge on order. Raises Conflict for a blank badge, Invalid for another reason.
    """
    if reason and reason not in REASONS:
        raise Invalid("reason", "Choose why a new badge is needed.")
    with transaction(db):
        old = records.get(db, badge_id)
        if old.elder_id is None:
            raise Conflict("This badge belongs to no elder yet.")
        known = db.scalar(
            "SELECT id FROM badge WHERE replaces = ? AND state IN ('ordered', 'made', 'printed')", badge_id
        )
        if known is not None:
            return int(known)
        wish = _Wish(old.form, old.elder_id, replaces=old.id, reason=reason)
        return _add(db, vault, _station_of(db, old.elder_id), wish, by=by, now=now).id


def renew(db: StationDatabase, vault: Vault, elder_id: int, *, by: int, now: datetime) -> None:
    """The elder has come from another station: order a badge of this one in place of each that is worn or on its way.

    Inside the caller's transaction. What is worn counts until the new one is handed over; what is not yet worn
    names the other station's hotline, and ends at once.
    """
    station = db.scalar("SELECT station FROM elder WHERE id = ?", elder_id)
    for old in records.of_elder(db, elder_id):
        if old.station == station or old.temporary or old.state in records.ENDED:
            continue
        if old.state != "worn":
            life.end_one(db, vault.ring, old.id, "replaced", by=by, now=now)
        wish = _Wish(old.form, elder_id, replaces=old.id, reason="moved")
        _add(db, vault, station, wish, by=by, now=now)


def order_blanks(
    db: StationDatabase,
    vault: Vault,
    station: int,
    count: int,
    *,
    form: str = "badge",
    by: int | None,
    now: datetime,
) -> list[int]:
    """Order badges without an elder, to be bound in the field. Raises Invalid for a count out of 1 to 200."""
    if not 1 <= count <= MOST_BLANKS:
        raise Invalid("count", "Choose a number from 1 to %(most)s.", most=MOST_BLANKS)
    with transaction(db):
        return [_add(db, vault, station, _Wish(form), by=by, now=now).id for _ in range(count)]


def bind(
    db: StationDatabase, vault: Vault, elder_id: int, code: str, *, station: int, by: int, now: datetime
) -> int:
    """Give a blank badge of the station to an elder; `code` is its number or what a camera read.

    Inside the caller's transaction, which also tells an incident that the badge has opened already.
    Raises Invalid when it is no badge of the station, is not made, or belongs to somebody.
    """
    badge = records.by_code(db, vault.ring, code)
    if badge is None or badge.station != station:
        raise Invalid("code", "This is no badge of this station. Read the number from the badge itself.")
    if badge.elder_id == elder_id:  # pressed twice
        return badge.id
    _station_of(db, elder_id)
    bound = db.write(
        "UPDATE badge SET elder_id = ?, bound_at = ? "
        "WHERE id = ? AND elder_id IS NULL AND state IN ('made', 'printed')",
        elder_id,
        clock.text(now),
        badge.id,
    )
    if not bound:
        raise Invalid("code", _why_not(badge))
    audit.record(
        db, vault.ring, staff_id=by, action="badge.bind", about=f"badge/{badge.id}",
        detail=f"elder/{elder_id}", now=now,
    )  # fmt: skip
    return badge.id


def _why_not(badge: Badge) -> str:
    if badge.elder_id is not None:
        return N_("This badge belongs to somebody already. Take another one.")
    if badge.state == "ordered":
        return N_("This badge is still being made.")
    assert badge.state not in READY, "a blank badge that is made can be bound"
    return N_("This badge is no longer in use. Take another one.")


def _station_of(db: StationDatabase, elder_id: int) -> int:
    """The station that orders the elder's badges. Raises Conflict when the record has ended: nobody is there to wear one."""
    row = db.row("SELECT station, status FROM elder WHERE id = ?", elder_id)
    if row is None:
        raise NotFound("There is no such elder in the register.")
    if row["status"] != "living":
        raise Conflict("This record has ended. Take that back first.")
    return int(row["station"])


def _add(
    db: StationDatabase, vault: Vault, station: int, wish: _Wish, *, by: int | None, now: datetime
) -> Badge:
    """One badge in the station's design; inside the caller's transaction."""
    if wish.form not in FORMS:
        raise Invalid("form", "Choose a badge, a cloth label or a card.")
    design = communities.station(db, station)
    last = db.scalar("SELECT max(serial) FROM badge WHERE station = ?", station)
    badge_id = db.insert(
        "badge",
        station=station,
        serial=(last or 0) + 1,
        number=_free_number(db),
        elder_id=wish.elder_id,
        state="ordered",
        key_digit=vault.ring.newest_badge_key,
        form=wish.form,
        artwork=design.artwork,
        theme=design.theme,
        temporary=int(wish.temporary),
        replaces=wish.replaces,
        ordered_by=by,
        ordered_at=clock.text(now),
    )
    audit.record(
        db, vault.ring, staff_id=by, action="badge.order", about=f"badge/{badge_id}",
        detail=wish.reason, now=now,
    )  # fmt: skip
    return records.get(db, badge_id)


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
