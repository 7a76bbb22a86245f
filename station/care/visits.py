"""How a contact enters the family's own pages: a link of theirs, a code that lives shortly, a short session."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from station import audit, clock, seal
from station.db import StationDatabase, transaction
from station.errors import NotFound, Refused
from station.seal import Keyring
from station.vault import Vault

TOLD_LIVES = timedelta(days=7)  # a code that the worker printed or read out
SENT_LIVES = timedelta(minutes=10)
SESSION_LIVES = timedelta(minutes=20)
SENT_APART = timedelta(minutes=1)
MOST_SENT = 5  # a day
MOST_TRIES = 5  # of one code


@dataclass(frozen=True)
class Slip:
    """What a worker hands to a contact, once; neither is kept as it is."""

    link: str  # 32 hexadecimal digits
    code: str  # 8 digits
    until: datetime


@dataclass(frozen=True)
class Visitor:
    """A contact who has entered, and whose record it is about."""

    contact_id: int
    elder_id: int
    station: int


def is_admitted(db: StationDatabase, contact_id: int) -> bool:
    """Whether the station lets this contact enter at all."""
    known = db.scalar("SELECT 1 FROM family_entry WHERE contact_id = ? AND ended_at IS NULL", contact_id)
    return known is not None


def admit(
    db: StationDatabase, vault: Vault, elder_id: int, contact_id: int, *, by: int, now: datetime
) -> Slip:
    """Let a contact enter, and make a code for the first time; an older code that was told no longer counts.

    Raises NotFound when the contact is not one of the elder's.
    """
    with transaction(db):
        _of_elder(db, elder_id, contact_id)
        turn = _turn(db, vault.ring, contact_id, by=by, now=now)
        _end_codes(db, contact_id, now)
        code = _make_code(db, vault, contact_id, "told", by=by, now=now)
        _note(db, vault, "family.admit", elder_id, contact_id, by=by, now=now)
    return Slip(link(vault.ring, contact_id, turn), code, now + TOLD_LIVES)


def shut_out(
    db: StationDatabase, vault: Vault, elder_id: int, contact_id: int, *, by: int, now: datetime
) -> None:
    """End the contact's link, codes and sessions at once."""
    with transaction(db):
        _of_elder(db, elder_id, contact_id)
        db.write(
            "UPDATE family_entry SET ended_at = ? WHERE contact_id = ? AND ended_at IS NULL",
            clock.text(now),
            contact_id,
        )
        _end_codes(db, contact_id, now)
        db.write("DELETE FROM family_session WHERE contact_id = ?", contact_id)
        _note(db, vault, "family.shut_out", elder_id, contact_id, by=by, now=now)


def by_link(db: StationDatabase, token: str) -> list[int]:
    """Whose link this is; empty when it is nobody's or was ended."""
    rows = db.rows(
        "SELECT contact_id FROM family_entry WHERE token_hash = ? AND ended_at IS NULL",
        seal.token_hash(token),
    )
    return [row["contact_id"] for row in rows]


def by_phone(db: StationDatabase, vault: Vault, phone: str) -> list[int]:
    """The contacts with this number (E.164) who may enter; one person may look after several elders."""
    rows = db.rows(
        "SELECT contact.id FROM contact JOIN family_entry ON contact_id = contact.id "
        "WHERE phone_index = ? AND ended_at IS NULL ORDER BY contact.id",
        vault.blind("phone", phone),
    )
    return [row["id"] for row in rows]


def send_codes(db: StationDatabase, vault: Vault, contacts: Sequence[int], now: datetime) -> None:
    """Call for a code by message to each contact, unless one is on its way or today's are used up.

    The sender reads what was written here and composes the message; the caller's page says the same in every case.
    """
    with transaction(db):
        for contact_id in contacts:
            since = clock.text(now - timedelta(days=1))
            sent = db.rows(
                "SELECT made_at FROM family_code WHERE contact_id = ? AND means = 'sent' AND made_at > ? "
                "ORDER BY made_at DESC",
                contact_id,
                since,
            )
            fresh = bool(sent) and clock.parse(sent[0]["made_at"]) > now - SENT_APART
            if is_admitted(db, contact_id) and not fresh and len(sent) < MOST_SENT:
                _make_code(db, vault, contact_id, "sent", by=None, now=now)


def code_of(db: StationDatabase, ring: Keyring, code_id: int) -> str:
    """The digits of a code made before, for the message that carries it."""
    made_at = db.scalar("SELECT made_at FROM family_code WHERE id = ?", code_id)
    return _digits(ring, code_id, made_at)


def enter(db: StationDatabase, vault: Vault, contacts: Sequence[int], typed: str, now: datetime) -> str:
    """Open a session with a code of one of the contacts, which is used up by it; returns the session's token.

    Every wrong try counts against all open codes of these contacts; the fifth ends them.
    Raises Refused, in the same words whatever was wrong.
    """
    digits = "".join(str(int(c)) for c in typed if c.isdecimal())
    with transaction(db):
        found = _matching(db, vault, contacts, digits, now)
        if found is None:
            _count_try(db, contacts, now)
        else:
            token = _open_session(db, vault, found, now)
    if found is None:
        raise Refused("The code is not right, or no longer valid. Ask the station for a new one.")
    return token


def of_session(db: StationDatabase, token: str, now: datetime) -> Visitor | None:
    """Who has entered; None when the session is over or the station has shut the contact out."""
    row = db.row(
        "SELECT contact.id, elder_id, elder.station FROM family_session "
        "JOIN contact ON contact.id = family_session.contact_id JOIN elder ON elder.id = elder_id "
        "JOIN family_entry ON family_entry.contact_id = contact.id "
        "WHERE family_session.token_hash = ? AND until > ? AND ended_at IS NULL",
        seal.token_hash(token),
        clock.text(now),
    )
    return None if row is None else Visitor(row["id"], row["elder_id"], row["station"])


def leave(db: StationDatabase, token: str) -> None:
    with transaction(db):
        db.write("DELETE FROM family_session WHERE token_hash = ?", seal.token_hash(token))


def forget_old(db: StationDatabase, now: datetime) -> None:
    """Drop sessions that are over, and codes that no longer count a day later."""
    at, yesterday = clock.text(now), clock.text(now - timedelta(days=1))
    if db.scalar("SELECT 1 FROM family_session WHERE until <= ? LIMIT 1", at) or db.scalar(
        "SELECT 1 FROM family_code WHERE until < ? LIMIT 1", yesterday
    ):
        with transaction(db):
            db.write("DELETE FROM family_session WHERE until <= ?", at)
            db.write("DELETE FROM family_code WHERE until < ?", yesterday)


def link(ring: Keyring, contact_id: int, turn: int) -> str:
    """The same link again, for an entry that was given."""
    return seal.derived_token(ring, "family-link", f"{contact_id}|{turn}")


def _turn(db: StationDatabase, ring: Keyring, contact_id: int, *, by: int, now: datetime) -> int:
    """The entry of a contact: a link that counts stays, one that was ended is followed by another."""
    row = db.row("SELECT turn, ended_at FROM family_entry WHERE contact_id = ?", contact_id)
    if row and row["ended_at"] is None:
        return int(row["turn"])
    turn = row["turn"] + 1 if row else 1
    token = seal.token_hash(link(ring, contact_id, turn))
    db.write("DELETE FROM family_entry WHERE contact_id = ?", contact_id)
    db.insert(
        "family_entry",
        contact_id=contact_id,
        turn=turn,
        token_hash=token,
        given_by=by,
        given_at=clock.text(now),
    )
    return turn


def _make_code(
    db: StationDatabase, vault: Vault, contact_id: int, means: str, *, by: int | None, now: datetime
) -> str:
    """One more code; inside the caller's transaction. Its digits follow from the keyring and its number alone."""
    made_at, lives = clock.text(now), TOLD_LIVES if means == "told" else SENT_LIVES
    values = {"contact_id": contact_id, "means": means, "made_by": by, "made_at": made_at}
    code_id = db.insert("family_code", **values, code_index=b"", until=clock.text(now + lives))
    code = _digits(vault.ring, code_id, made_at)
    db.write("UPDATE family_code SET code_index = ? WHERE id = ?", _index(vault, contact_id, code), code_id)
    return code


def _digits(ring: Keyring, code_id: int, made_at: str) -> str:
    return f"{int(seal.derived_token(ring, 'family-code', f'{code_id}|{made_at}'), 16) % 10**8:08d}"


def _index(vault: Vault, contact_id: int, code: str) -> bytes:
    # Keyed: eight digits behind a plain hash are guessed in a second by whoever has the file.
    return vault.blind("family-code", f"{contact_id}|{code}")


def _matching(
    db: StationDatabase, vault: Vault, contacts: Sequence[int], digits: str, now: datetime
) -> int | None:
    """The contact whose open code this is."""
    found = None
    for contact_id in contacts:
        rows = db.rows(
            "SELECT code_index FROM family_code WHERE contact_id = ? AND ended_at IS NULL AND until > ? AND tries < ?",
            contact_id,
            clock.text(now),
            MOST_TRIES,
        )
        wanted = _index(vault, contact_id, digits)
        if any(hmac.compare_digest(row["code_index"], wanted) for row in rows):
            found = contact_id
    return found


def _count_try(db: StationDatabase, contacts: Sequence[int], now: datetime) -> None:
    for contact_id in contacts:
        db.write(
            "UPDATE family_code SET tries = tries + 1, ended_at = CASE WHEN tries + 1 >= ? THEN ? END "
            "WHERE contact_id = ? AND ended_at IS NULL",
            MOST_TRIES,
            clock.text(now),
            contact_id,
        )


def _open_session(db: StationDatabase, vault: Vault, contact_id: int, now: datetime) -> str:
    token = seal.random_token()
    _end_codes(db, contact_id, now)
    until = clock.text(now + SESSION_LIVES)
    db.insert("family_session", token_hash=seal.token_hash(token), contact_id=contact_id, until=until)
    elder_id = db.scalar("SELECT elder_id FROM contact WHERE id = ?", contact_id)
    _note(db, vault, "family.enter", elder_id, contact_id, by=None, now=now)
    return token


def _end_codes(db: StationDatabase, contact_id: int, now: datetime) -> None:
    db.write(
        "UPDATE family_code SET ended_at = ? WHERE contact_id = ? AND ended_at IS NULL",
        clock.text(now),
        contact_id,
    )


def _of_elder(db: StationDatabase, elder_id: int, contact_id: int) -> None:
    if not db.scalar("SELECT 1 FROM contact WHERE id = ? AND elder_id = ?", contact_id, elder_id):
        raise NotFound("This contact is not there any more. Load the page again.")


def _note(
    db: StationDatabase,
    vault: Vault,
    action: str,
    elder_id: int,
    contact_id: int,
    *,
    by: int | None,
    now: datetime,
) -> None:
    audit.record(
        db, vault.ring, staff_id=by, action=action, about=f"elder/{elder_id}", detail=f"contact/{contact_id}", now=now
    )  # fmt: skip
