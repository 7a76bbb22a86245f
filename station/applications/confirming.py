"""Whether the phone that was typed is in the applicant's hand: a code sent to it, or one that the station reads out."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import clock
from station.applications import records
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid, NotFound, UserError
from station.vault import Vault

DIGITS = 6
TRIES = 5  # of one code
SMS_LIVES = timedelta(minutes=15)
READ_OUT_LIVES = timedelta(days=7)
# So that nobody has the station pay for messages to others: at most so many within so long.
APART = timedelta(seconds=60)
MOST_TO_A_PHONE = ((3, timedelta(hours=1)), (5, timedelta(days=1)))
MOST_OF_A_DRAFT = (6, timedelta(days=1))
MOST_OF_A_STATION = (200, timedelta(days=1))


class TooOften(UserError):
    """So many codes were sent already that the next one has to wait; the application goes on without."""

    status = 429


@dataclass(frozen=True)
class _To:
    """For whom a code is: a draft or application, its station, the phone by index and, to be sent to, in full."""

    uid: str
    station: int
    index: bytes
    phone: str = ""


@dataclass(frozen=True)
class Code:
    """A code on its way to a phone."""

    id: int
    uid: str  # of the draft or application
    station: int
    means: str  # sms, station
    phone: str  # E.164; empty when it is read out
    digits: str
    ends_at: datetime


def send(db: StationDatabase, vault: Vault, uid: str, *, phone: str, station: int, now: datetime) -> int:
    """Make a code to be sent to `phone` (E.164), whose message the sender finds. Raises TooOften."""
    with transaction(db):
        _hold_limits(db, vault, uid, phone, station, now)
        return _make(db, vault, _To(uid, station, vault.blind("phone", phone), phone), "sms", now)


def read_out(db: StationDatabase, vault: Vault, application_id: int, *, by: int, now: datetime) -> str:
    """The code that a worker reads out to the applicant, on the phone that was typed; the same for its whole life."""
    row = _application(db, application_id)
    known = _newest(db, row["uid"], "station", now)
    if known:
        return _opened(vault, known).digits
    with transaction(db):
        made = _make(db, vault, _To(row["uid"], row["station"], row["phone_index"]), "station", now)
        records.note(db, vault, "application.code", application_id, by=by, now=now)
    return get(db, vault, made).digits


def confirm(
    db: StationDatabase, vault: Vault, uid: str, typed: str, *, phone_index: bytes, now: datetime
) -> None:
    """Take a code that the applicant typed. Raises Invalid, TooOften after too many wrong ones.

    `phone_index` is the blind index of the phone that the form holds now: a code to another phone proves nothing.
    """
    tried = records.digits(typed)
    rows = [row for means in ("sms", "station") if (row := _newest(db, uid, means, now))]
    if not rows:
        raise Invalid("code", "This code has run out. Have a new one sent.")
    if all(row["tries"] >= TRIES for row in rows):
        raise TooOften("This code was typed wrongly too often. Have a new one sent.")
    for row in rows:
        if (
            row["phone_index"] == phone_index
            and row["tries"] < TRIES
            and hmac.compare_digest(_opened(vault, row).digits, tried)
        ):
            _keep(db, uid, row["means"], phone_index, now)
            return
    with transaction(db):
        for row in rows:
            db.write("UPDATE phone_code SET tries = tries + 1 WHERE id = ?", row["id"])
    raise Invalid("code", "This is not the code. Compare the six digits.")


def by_call(db: StationDatabase, vault: Vault, application_id: int, *, by: int, now: datetime) -> None:
    """A worker has rung the phone and reached the applicant; a second press changes nothing."""
    row = _application(db, application_id)
    with transaction(db):
        if _write_application(db, row["uid"], "call", row["phone_index"], now):
            records.note(db, vault, "application.rang", application_id, by=by, now=now)


def of_draft(db: StationDatabase, uid: str, phone_index: bytes) -> bool:
    """Whether the phone that a draft holds now was confirmed."""
    found = db.scalar("SELECT confirmed_index FROM application_draft WHERE uid = ?", uid)
    return bool(found == phone_index)


def is_on_its_way(db: StationDatabase, uid: str, phone_index: bytes, now: datetime) -> bool:
    """Whether a code to this phone was sent and can still be typed."""
    row = _newest(db, uid, "sms", now)
    return row is not None and row["phone_index"] == phone_index


def get(db: StationDatabase, vault: Vault, code_id: int) -> Code:
    row = db.row("SELECT * FROM phone_code WHERE id = ?", code_id)
    if row is None:
        raise NotFound("This code has run out. Have a new one sent.")
    return _opened(vault, row)


def forget_old(db: StationDatabase, now: datetime) -> None:
    """Codes that ran out are counted for a day more, against abuse, and then forgotten."""
    before = clock.text(now - timedelta(days=2))
    if db.scalar("SELECT 1 FROM phone_code WHERE ends_at < ? LIMIT 1", before):
        with transaction(db):
            db.write("DELETE FROM phone_code WHERE ends_at < ?", before)


def _make(db: StationDatabase, vault: Vault, to: _To, means: str, now: datetime) -> int:
    own = secrets.token_hex(16)
    content = {"digits": f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}", "phone": to.phone}
    return db.insert(
        "phone_code",
        own=own,
        uid=to.uid,
        station=to.station,
        means=means,
        phone_index=to.index,
        content=vault.seal(records.key(to.uid), f"phone_code|{own}|content", content),
        made_at=clock.text(now),
        ends_at=clock.text(now + (SMS_LIVES if means == "sms" else READ_OUT_LIVES)),
    )


def _hold_limits(
    db: StationDatabase, vault: Vault, uid: str, phone: str, station: int, now: datetime
) -> None:
    index = vault.blind("phone", phone)
    counted = [
        *(("phone_index", index, limit) for limit in MOST_TO_A_PHONE),
        ("uid", uid, (1, APART)),
        ("uid", uid, MOST_OF_A_DRAFT),
        ("station", station, MOST_OF_A_STATION),
    ]
    for column, value, (most, within) in counted:
        sent = db.scalar(
            f"SELECT count(*) FROM phone_code WHERE {column} = ? AND means = 'sms' AND made_at > ?",  # noqa: S608
            value,
            clock.text(now - within),
        )
        if sent >= most:
            if within == APART:
                raise TooOften(
                    "A code has just been sent. Wait a minute; without a code the application goes on all the same."
                )
            raise TooOften("No more codes can be sent today. Go on without: the station rings you.")


def _keep(db: StationDatabase, uid: str, means: str, index: bytes, now: datetime) -> None:
    with transaction(db):
        db.write(
            "UPDATE application_draft SET confirmed_index = ?, confirmed_at = ? WHERE uid = ?",
            index,
            clock.text(now),
            uid,
        )
        _write_application(db, uid, means, index, now)
        db.write("DELETE FROM phone_code WHERE uid = ? AND means = 'station'", uid)


def _write_application(db: StationDatabase, uid: str, means: str, index: bytes, now: datetime) -> int:
    return db.write(
        "UPDATE application SET confirmed_by = ?, confirmed_at = ? "
        "WHERE uid = ? AND phone_index = ? AND confirmed_by = ''",
        means,
        clock.text(now),
        uid,
        index,
    )


def _newest(db: StationDatabase, uid: str, means: str, now: datetime) -> dict[str, Any] | None:
    return db.row(
        "SELECT * FROM phone_code WHERE uid = ? AND means = ? AND ends_at > ? ORDER BY id DESC LIMIT 1",
        uid,
        means,
        clock.text(now),
    )


def _opened(vault: Vault, row: dict[str, Any]) -> Code:
    content = vault.open(records.key(row["uid"]), f"phone_code|{row['own']}|content", row["content"])
    return Code(
        row["id"], row["uid"], row["station"], row["means"], content["phone"], content["digits"],
        clock.parse(row["ends_at"]),
    )  # fmt: skip


def _application(db: StationDatabase, application_id: int) -> dict[str, Any]:
    row = db.row("SELECT uid, station, phone_index, state FROM application WHERE id = ?", application_id)
    if row is None:
        raise NotFound("There is no such application.")
    if row["state"] != "received":
        raise Conflict("This application has been decided already.")
    return row
