"""What comes back later for a message that went out: receipts of its delivery, and presses that take the incident."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import addresses, clock
from station.alerts import outbox
from station.channels.inbound import Door, Inbound, NotAuthentic, Reply, Told, Unreadable
from station.channels.registry import KINDS
from station.db import StationDatabase, transaction
from station.errors import NotFound, UserError
from station.incidents import deliveries, events, presses
from station.vault import Vault
from station.vocabulary import N_

KEPT_DAYS = 30  # of the counts by the day
# A provider's clock is believed when what it says can be.
_EARLY, _LATE = timedelta(hours=1), timedelta(minutes=5)

# What a card's button says after it was pressed; a button takes about ten characters.
WORDS = {
    "taken": N_("You have it"),
    "mine": N_("You have it"),
    "held": N_("A colleague has it"),
    "closed": N_("It is over"),
    "may_not": N_("Ring the hotline"),
    "unknown": N_("Open the link"),
}


class NotSigned(UserError):
    """A request at a channel's door that its provider has not signed."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "This request is not signed with the channel's secret, or its time is more than five minutes off."
        )


class NotUnderstood(UserError):
    """A request at a channel's door that its provider would not make."""

    status = 400

    def __init__(self) -> None:
        super().__init__("This request could not be understood.")


@dataclass(frozen=True)
class AtDoor:
    """A channel that is being spoken to."""

    channel_id: int
    kind: str
    door: Door
    came: Inbound


def enter(db: StationDatabase, vault: Vault, code: str, came: Inbound) -> AtDoor:
    """The channel at whose door a request stands; its settings are put into `came`. Raises NotFound."""
    row = addresses.at_door(db, vault, code)
    door = KINDS[row["kind"]].door if row and row["kind"] in KINDS else None
    if row is None or door is None:
        raise NotFound("There is no such address.")
    settings, _ = addresses.open_channel(db, vault, row["id"])
    if not all(settings.get(name) for name in door.needs):
        raise NotFound("There is no such address.")
    opened = Inbound(settings, came.body, came.query, came.signature, came.now)
    return AtDoor(row["id"], row["kind"], door, opened)


def greet(db: StationDatabase, at: AtDoor) -> Reply:
    """The answer to the first call of a provider that makes one. Raises NotFound, NotSigned."""
    if at.door.greet is None:
        raise NotFound("There is no such address.")
    try:
        return at.door.greet(at.came)
    except NotAuthentic as error:
        _count(db, at, {"refused": 1})
        raise NotSigned from error


def hear(db: StationDatabase, vault: Vault, at: AtDoor) -> str:
    """Take in what a request says; a key of WORDS when something was pressed in it, else empty.

    The same again changes nothing, in whatever order it comes. Raises NotSigned, NotUnderstood.
    """
    try:
        told = at.door.read(at.came)
    except NotAuthentic as error:
        _count(db, at, {"refused": 1})
        raise NotSigned from error
    except Unreadable as error:
        _count(db, at, {"refused": 1})
        raise NotUnderstood from error
    found = [(one, _find(db, at.channel_id, one)) for one in told]
    _keep(db, at, found)
    outcome = ""
    for one, attempt in found:
        if one.pressed:
            outcome = _press(db, vault, at, one, attempt) if attempt else "unknown"
    return outcome


def reply(at: AtDoor, words: str) -> Reply:
    """What the provider expects to hear; `words` stand on the button that was pressed."""
    return at.door.reply(at.came, words)


def counts(db: StationDatabase, channel_id: int, now: datetime) -> dict[str, int]:
    """How often something came in at a channel's door in the last seven days, by what it was."""
    rows = db.rows(
        "SELECT what, sum(count) AS count FROM door_count WHERE channel_id = ? AND day > ? GROUP BY what",
        channel_id,
        _day(now - timedelta(days=7)),
    )
    return {row["what"]: row["count"] for row in rows}


def _find(db: StationDatabase, channel_id: int, told: Told) -> dict[str, Any] | None:
    """The attempt that is meant, among those of this very channel: by our own name of it, else by the provider's id."""
    columns = (
        "SELECT attempt.id, attempt.alert_id, attempt.number, attempt.started_at, alert.attempts, "
        "alert.incident_id, alert.staff_id, alert.contact_id, alert.kind, alert.address_id FROM attempt JOIN alert ON alert.id = attempt.alert_id "
        "JOIN address ON address.id = alert.address_id "
    )
    alert, _, rest = told.ref.partition("-")
    number = rest.partition("-")[0]
    if alert.isascii() and alert.isdigit() and number.isascii() and number.isdigit():
        row = db.row(
            columns + "WHERE attempt.alert_id = ? AND attempt.number = ? AND address.channel_id = ?",
            int(alert[:18]),
            int(number[:18]),
            channel_id,
        )
        if row:
            return row
    if not told.provider_id:
        return None
    return db.row(
        columns + "WHERE attempt.provider_id = ? AND address.channel_id = ? ORDER BY attempt.id DESC",
        told.provider_id,
        channel_id,
    )


def _keep(db: StationDatabase, at: AtDoor, found: list[tuple[Told, dict[str, Any] | None]]) -> None:
    """Write what was said of deliveries, all in one transaction; what is known already is not written again."""
    if not found:
        return
    counted: dict[str, int] = {}
    with transaction(db):
        for told, attempt in found:
            what = "unknown" if attempt is None else _note(db, at, told, attempt)
            if what:
                counted[what] = counted.get(what, 0) + 1
        _add(db, at, counted)


def _note(db: StationDatabase, at: AtDoor, told: Told, attempt: dict[str, Any]) -> str:
    """One attempt's report; what it said when that is new, else empty. Once delivered it stays delivered."""
    if not told.state:
        return ""
    before = db.scalar("SELECT state FROM delivery_report WHERE attempt_id = ?", attempt["id"])
    if before == told.state or before == "delivered":
        return ""
    db.write(
        "INSERT INTO delivery_report (attempt_id, state, word, told_at, at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (attempt_id) DO UPDATE SET state = excluded.state, word = excluded.word, "
        "told_at = excluded.told_at, at = excluded.at",
        attempt["id"],
        told.state,
        told.word,
        _believed(told.at, attempt, at.came.now),
        clock.text(at.came.now),
    )
    if told.state == "delivered":
        outbox.report_delivered(db, attempt["alert_id"], at.came.now)
        deliveries.note(db, at.kind, attempt, _believed(told.at, attempt, at.came.now), at.came.now)
    elif attempt["number"] == attempt["attempts"]:  # else a later attempt speaks for the message
        _failed(db, at, told, attempt)
    return told.state


def _failed(db: StationDatabase, at: AtDoor, told: Told, attempt: dict[str, Any]) -> None:
    """The next way at once; the event wakes the sender, which looks whether the next rung is due now."""
    detail = f"the provider reported {told.word or 'a failure'}: not delivered"
    failed = outbox.report_failed(db, attempt["alert_id"], detail, at.came.now)
    if failed and attempt["incident_id"] is not None and attempt["kind"] in ("notice", "ladder"):
        events.add(
            db,
            attempt["incident_id"],
            "undelivered",
            actor="system",
            staff_id=attempt["staff_id"],
            detail=at.kind,
            now=at.came.now,
        )


def _press(
    db: StationDatabase, vault: Vault, at: AtDoor, told: Told, attempt: dict[str, Any]
) -> presses.Outcome | str:
    """Take the incident for whom the message went to, once for each attempt; a key of WORDS."""
    if attempt["incident_id"] is None or attempt["staff_id"] is None:
        return "may_not"
    if told.by and not _is_theirs(db, vault, attempt, told.by):
        return "may_not"
    if db.scalar("SELECT pressed_at FROM delivery_report WHERE attempt_id = ?", attempt["id"]):
        return presses.standing(db, attempt["incident_id"], by=attempt["staff_id"])
    outcome = presses.take(
        db, attempt["incident_id"], by=attempt["staff_id"], means=told.pressed, now=at.came.now
    )
    # After the claim, not before: whoever pressed and was cut off by a crash must be heard when it is said again.
    with transaction(db):
        db.write(
            "INSERT INTO delivery_report (attempt_id, at, pressed_at) VALUES (?, ?, ?) "
            "ON CONFLICT (attempt_id) DO UPDATE SET pressed_at = excluded.pressed_at",
            attempt["id"],
            clock.text(at.came.now),
            clock.text(at.came.now),
        )
    return outcome


def _is_theirs(db: StationDatabase, vault: Vault, attempt: dict[str, Any], account: str) -> bool:
    """Whether the account that pressed is the one to which the message went; providers do not tell capitals apart."""
    address = addresses.open_address(db, vault, attempt["address_id"])
    return address is not None and address.destination.strip().casefold() == account.casefold()


def _believed(at: datetime | None, attempt: dict[str, Any], now: datetime) -> str | None:
    sensible = at is not None and clock.parse(attempt["started_at"]) - _EARLY <= at <= now + _LATE
    return clock.text(at) if at and sensible else None


def _count(db: StationDatabase, at: AtDoor, counted: dict[str, int]) -> None:
    with transaction(db):
        _add(db, at, counted)


def _add(db: StationDatabase, at: AtDoor, counted: dict[str, int]) -> None:
    for what, count in counted.items():
        db.write(
            "INSERT INTO door_count (channel_id, day, what, count) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (channel_id, day, what) DO UPDATE SET count = count + excluded.count",
            at.channel_id,
            _day(at.came.now),
            what,
            count,
        )
    if counted:
        oldest = _day(at.came.now - timedelta(days=KEPT_DAYS))
        db.write("DELETE FROM door_count WHERE channel_id = ? AND day < ?", at.channel_id, oldest)


def _day(moment: datetime) -> str:
    return clock.text(moment)[:10]
