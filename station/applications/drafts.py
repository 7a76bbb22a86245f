"""A family's application while it is being written: saved with every page, resumed by a code, destroyed when forgotten."""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from station import clock, seal, vocabulary
from station.applications import intake, pictures, records
from station.applications.intake import Arrival
from station.applications.records import Details
from station.db import StationDatabase, transaction
from station.enrolment import ElderForm, Enrolment
from station.errors import NotFound, UserError
from station.vault import Vault

LIVES = timedelta(days=14)  # since it was saved last
# Twelve digits, because figures are read over the phone and typed on any of them; who guesses at random finds one of a
# thousand drafts in 10^9 tries, and tries are slowed down.
CODE_DIGITS = 12
MOST = 20_000  # of one instance: a flood fills a disk no further


class TooMany(UserError):
    status = 503


@dataclass(frozen=True)
class Content:
    """What has been typed so far."""

    form: ElderForm = field(default_factory=ElderForm)
    done: tuple[str, ...] = ()  # the pages that were gone through
    email: str = ""
    language: str = "zh"


@dataclass(frozen=True)
class Draft:
    uid: str
    code: str
    content: Content
    saved_at: datetime

    @property
    def ends_at(self) -> datetime:
        return self.saved_at + LIVES


def begin(db: StationDatabase, vault: Vault, content: Content, now: datetime) -> Draft:
    """A new draft under a code of its own. Raises TooMany."""
    if db.scalar("SELECT count(*) FROM application_draft") >= MOST:
        raise TooMany("Too many applications are being written just now. Please ring the station.")
    uid = uuid.uuid4().hex
    vault.create([records.key(uid)], now)
    at = clock.text(now)
    with transaction(db):
        code = _free_code(db)
        db.insert(
            "application_draft",
            uid=uid,
            code_hash=seal.token_hash(code),
            content=_sealed(vault, uid, content),
            created_at=at,
            saved_at=at,
        )
    return Draft(uid, code, content, now)


def get(db: StationDatabase, vault: Vault, code: str, now: datetime) -> Draft:
    """The draft of a code as it is typed. Raises NotFound, also when it was forgotten."""
    digits = records.digits(code)
    row = db.row("SELECT * FROM application_draft WHERE code_hash = ?", seal.token_hash(digits))
    if row is None or clock.parse(row["saved_at"]) + LIVES < now:
        raise NotFound("No application has this code. Compare its digits, or begin a new one.")
    return _draft(vault, row, digits)


def save(
    db: StationDatabase, vault: Vault, draft: Draft, change: Callable[[Content], Content], now: datetime
) -> Draft:
    """Change what is on file by now, so that two phones that write one application each keep what they typed."""
    with transaction(db):
        row = db.row("SELECT * FROM application_draft WHERE uid = ?", draft.uid)
        if row is None:
            raise NotFound("No application has this code. Compare its digits, or begin a new one.")
        content = change(_draft(vault, row, draft.code).content)
        db.write(
            "UPDATE application_draft SET content = ?, saved_at = ? WHERE uid = ?",
            _sealed(vault, draft.uid, content),
            clock.text(now),
            draft.uid,
        )
    return replace(draft, content=content, saved_at=now)


def send(
    db: StationDatabase, vault: Vault, draft: Draft, checked: Enrolment, *, station: int, now: datetime
) -> None:
    """Put a whole draft into the queue, under the same code. Sent twice, it is there once."""
    details = Details(
        draft.content.email,
        draft.content.language,
        vocabulary.CONSENT_VERSION,
        clock.text(now),
        draft.code[-4:],
    )
    arrival = Arrival(
        draft.uid, draft.code, f"draft-{draft.uid}", station, draft.content.form, checked, details
    )
    with transaction(db):
        row = db.row("SELECT * FROM application_draft WHERE uid = ?", draft.uid)
        if row is None:  # the first of two presses was quicker
            return
        made = intake.add(db, vault, arrival, now)
        if row["confirmed_index"] == vault.blind("phone", checked.contacts[0].phone):
            db.write(
                "UPDATE application SET confirmed_by = 'sms', confirmed_at = ? WHERE id = ?",
                row["confirmed_at"],
                made,
            )
        db.write("DELETE FROM application_draft WHERE uid = ?", draft.uid)


def discard(db: StationDatabase, vault: Vault, uid: str, now: datetime) -> None:
    """Destroy a draft, its pictures and its key. An application that was sent stays."""
    for kind in pictures.KINDS:
        pictures.destroy(db, vault, uid, kind, now)
    with transaction(db):
        if not db.write("DELETE FROM application_draft WHERE uid = ?", uid):
            return
        db.write("DELETE FROM application_picture WHERE uid = ?", uid)
        db.write("DELETE FROM phone_code WHERE uid = ?", uid)
    vault.destroy(records.key(uid), now)


def forget_old(db: StationDatabase, vault: Vault, now: datetime) -> None:
    """Destroy drafts on which nobody has gone on."""
    for row in db.rows("SELECT uid FROM application_draft WHERE saved_at < ?", clock.text(now - LIVES)):
        discard(db, vault, row["uid"], now)


def _free_code(db: StationDatabase) -> str:
    """A code that neither a draft nor an application has."""
    while True:
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        taken = db.scalar(
            "SELECT 1 FROM application_draft WHERE code_hash = ? "
            "UNION ALL SELECT 1 FROM application WHERE code_hash = ?",
            seal.token_hash(code),
            seal.token_hash(code),
        )
        if not taken:
            return code


def _sealed(vault: Vault, uid: str, content: Content) -> bytes:
    return vault.seal(records.key(uid), f"application_draft|{uid}|content", asdict(content))


def _draft(vault: Vault, row: dict[str, Any], code: str) -> Draft:
    uid = row["uid"]
    raw = vault.open(records.key(uid), f"application_draft|{uid}|content", row["content"])
    content = Content(**{**raw, "form": records.form_of(raw["form"]), "done": tuple(raw["done"])})
    return Draft(uid, code, content, clock.parse(row["saved_at"]))
