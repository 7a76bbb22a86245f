"""Whether a message would reach the people of the roster: by which channels one lately did, and trials to find out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from station import addresses, audit, clock, seal
from station.db import StationDatabase, transaction
from station.errors import Gone, Invalid, NotFound
from station.seal import Keyring
from station.vault import Vault

GOOD_FOR = timedelta(days=30)
ENOUGH = 2  # channels, so that one dead provider or phone does not silence a person
TRIAL_LIVES = timedelta(hours=1)
AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Way:
    """One working address of a person, and when a message last arrived there."""

    address_id: int
    channel: str  # the label of its channel
    accepted_at: datetime | None  # a provider took a message
    confirmed_at: datetime | None  # the person said that a trial came


@dataclass(frozen=True)
class Reach:
    """How well one person can be reached."""

    ways: list[Way] = field(default_factory=list)
    verified: int = 0  # channels on which a message arrived within thirty days

    @property
    def enough(self) -> bool:
        return self.verified >= ENOUGH


def of_all(db: StationDatabase, staff_ids: Iterable[int], now: datetime) -> dict[int, Reach]:
    return {staff_id: of(db, staff_id, now) for staff_id in staff_ids}


def of(db: StationDatabase, staff_id: int, now: datetime) -> Reach:
    """The channels of one staff member; verified is one on which a message was accepted or confirmed lately."""
    rows = db.rows(
        "SELECT address.id, channel.id AS channel_id, channel.label, "
        "(SELECT max(accepted_at) FROM alert WHERE address_id = address.id AND accepted_at IS NOT NULL) AS accepted_at, "
        "(SELECT max(confirmed_at) FROM trial WHERE address_id = address.id) AS confirmed_at "
        "FROM address JOIN channel ON channel.id = address.channel_id "
        "WHERE staff_id = ? AND address.active = 1 AND channel.active = 1 ORDER BY address.id",
        staff_id,
    )
    fresh = clock.text(now - GOOD_FOR)
    verified = {
        row["channel_id"] for row in rows if max(row["accepted_at"] or "", row["confirmed_at"] or "") > fresh
    }
    ways = [
        Way(row["id"], row["label"], _time(row["accepted_at"]), _time(row["confirmed_at"])) for row in rows
    ]
    return Reach(ways, len(verified))


def try_out(db: StationDatabase, vault: Vault, staff_id: int, *, by: int, now: datetime) -> int:
    """Ask for a trial on every channel of a person; the sender sends them. Returns how many.

    Raises Invalid when the person has no channel at all, or was tried less than a minute ago.
    """
    ids = addresses.of_staff(db, staff_id)
    if not ids:
        raise Invalid("trial", "This person has no channel yet. Ask the operator to add one.")
    since = clock.text(now - AGAIN_AFTER)
    with transaction(db):
        marks = ", ".join("?" * len(ids))
        if db.scalar(
            f"SELECT 1 FROM trial WHERE asked_at > ? AND address_id IN ({marks})",  # noqa: S608
            since,
            *ids,
        ):
            raise Invalid("trial", "A trial is on its way. Wait a minute before the next.")
        for address_id in ids:
            at = clock.text(now)
            db.insert(
                "trial",
                address_id=address_id,
                token_hash=seal.token_hash(_token(vault.ring, address_id, at)),
                asked_by=by,
                asked_at=at,
            )
        audit.record(db, vault.ring, staff_id=by, action="trial.ask", about=f"staff/{staff_id}", now=now)
    return len(ids)


def note_confirmed(db: StationDatabase, at: datetime, now: datetime) -> None:
    """Write down for every way of the staff without a fresh trial that one was confirmed at that time; for a demonstration,

    whose people are invented, and so are their answers.
    """
    rows = db.rows(
        "SELECT id, staff_id FROM address WHERE staff_id IS NOT NULL AND id NOT IN "
        "(SELECT address_id FROM trial WHERE confirmed_at > ?)",
        clock.text(now - GOOD_FOR / 2),
    )
    with transaction(db):
        for row in rows:
            db.insert(
                "trial",
                address_id=row["id"],
                token_hash=seal.token_hash(f"confirmed|{row['id']}|{clock.text(at)}"),
                asked_by=row["staff_id"],
                asked_at=clock.text(at),
                confirmed_at=clock.text(at),
            )


def token(db: StationDatabase, ring: Keyring, trial_id: int) -> str:
    """The link of a trial; made again on demand, only its hash is stored. Raises NotFound."""
    row = db.row("SELECT address_id, asked_at FROM trial WHERE id = ?", trial_id)
    if row is None:
        raise NotFound("This link is not known. Ring the hotline.")
    return _token(ring, row["address_id"], row["asked_at"])


def is_confirmed(db: StationDatabase, link: str, now: datetime) -> bool:
    """Whether the trial behind a link is confirmed. Raises NotFound when it never was, Gone when it is too old."""
    row = db.row("SELECT asked_at, confirmed_at FROM trial WHERE token_hash = ?", seal.token_hash(link))
    if row is None:
        raise NotFound("This link is not known. Ring the hotline.")
    if row["confirmed_at"] is None and now - clock.parse(row["asked_at"]) > TRIAL_LIVES:
        raise Gone("This trial is too old. Ask for a new one at the desk.")
    return row["confirmed_at"] is not None


def confirm(db: StationDatabase, link: str, now: datetime) -> None:
    """The person has the message on their own phone. A second press changes nothing."""
    if is_confirmed(db, link, now):
        return
    with transaction(db):
        db.write(
            "UPDATE trial SET confirmed_at = ? WHERE token_hash = ? AND confirmed_at IS NULL",
            clock.text(now),
            seal.token_hash(link),
        )


def _token(ring: Keyring, address_id: int, at: str) -> str:
    return seal.derived_token(ring, "trial", f"{address_id}|{at}")


def _time(text: str | None) -> datetime | None:
    return clock.parse(text) if text else None
