"""Applications of families as they are kept: the sealed form, its state, and the code that opens both."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from station import audit, clock, seal, vocabulary
from station.consents import Given
from station.db import StationDatabase
from station.enrolment import ContactForm, ElderForm
from station.errors import NotFound
from station.vault import Vault

_WITH_QUESTIONS = (
    "SELECT application.*, EXISTS (SELECT 1 FROM application_question "
    "WHERE application_id = application.id AND answered_at IS NULL) AS asked FROM application"
)


@dataclass(frozen=True)
class Details:
    """What comes with an application from home beside the form itself."""

    email: str = ""
    language: str = "zh"
    consent_version: str = ""  # of the texts to which the family said yes
    consented_at: str = ""  # when it did; as stored
    code_tail: str = ""  # the last digits of the case code, by which a message says what it is about


@dataclass(frozen=True)
class Application:
    id: int
    uid: str
    station: int
    state: str  # received, approved, refused, withdrawn (by the family)
    asked: bool  # a question to the family is open
    reason: str
    elder_id: int | None
    created_at: datetime
    decided_at: datetime | None
    form: ElderForm  # empty once it was destroyed
    details: Details = field(default_factory=Details)
    confirmed_by: str = ""  # how the phone was confirmed: sms, station, call; empty when it was not
    confirmed_at: datetime | None = None
    delay: str = ""  # a key of vocabulary.DELAYS
    decided_by: int | None = None  # of the staff


def key(uid: str) -> str:
    """The name of the key under which an application, or the draft it was, is sealed."""
    return f"application/{uid}"


def seal_form(vault: Vault, uid: str, form: ElderForm) -> bytes:
    return vault.seal(key(uid), f"application|{uid}|form", asdict(form))


def seal_details(vault: Vault, uid: str, details: Details) -> bytes:
    return vault.seal(key(uid), f"application|{uid}|details", asdict(details))


def waiting(db: StationDatabase, vault: Vault, station: int) -> list[Application]:
    """Applications that nobody has decided, oldest first."""
    rows = db.rows(
        f"{_WITH_QUESTIONS} WHERE station = ? AND state = 'received' ORDER BY id",  # noqa: S608
        station,
    )
    return [_application(vault, row) for row in rows]


def decided(db: StationDatabase, vault: Vault, station: int, most: int) -> list[Application]:
    """The ones that were decided last, newest first; their forms are empty once they were destroyed."""
    rows = db.rows(
        f"{_WITH_QUESTIONS} WHERE station = ? AND state <> 'received' ORDER BY decided_at DESC LIMIT ?",  # noqa: S608
        station,
        most,
    )
    return [_application(vault, row) for row in rows]


def count_waiting(db: StationDatabase, station: int) -> int:
    return int(
        db.scalar("SELECT count(*) FROM application WHERE station = ? AND state = 'received'", station)
    )


def get(db: StationDatabase, vault: Vault, application_id: int) -> Application:
    row = db.row(f"{_WITH_QUESTIONS} WHERE id = ?", application_id)  # noqa: S608
    if row is None:
        raise NotFound("There is no such application.")
    return _application(vault, row)


def by_code(db: StationDatabase, vault: Vault, code: str) -> Application:
    """The application of a case code as the family types it. Raises NotFound."""
    row = db.row(f"{_WITH_QUESTIONS} WHERE code_hash = ?", seal.token_hash(digits(code)))  # noqa: S608
    if row is None:
        raise NotFound("No application has this case code. Compare its digits, or ask the station.")
    return _application(vault, row)


def by_uid(db: StationDatabase, vault: Vault, uid: str) -> Application:
    row = db.row(f"{_WITH_QUESTIONS} WHERE uid = ?", uid)  # noqa: S608
    if row is None:
        raise NotFound("There is no such application.")
    return _application(vault, row)


def phone_ends_with(db: StationDatabase, vault: Vault, application: Application, typed: str) -> bool:
    """Whether these are the last four digits of the first contact's phone."""
    index = db.scalar("SELECT tail_index FROM application WHERE id = ?", application.id)
    if index is None:  # from before there was an index, or handed in by another system
        phone = next((contact.phone for contact in application.form.contacts), "")
        index = tail_index(vault, application.uid, digits(phone))
    return bool(index == tail_index(vault, application.uid, digits(typed)))


def tail_index(vault: Vault, uid: str, phone: str) -> bytes:
    """The fingerprint of a phone's last four digits; bound to its application, so that equal ones do not show."""
    return vault.blind("phone-tail", f"{uid}/{phone[-4:]}")


def digits(typed: str) -> str:
    """The digits in what was typed, full-width ones as well."""
    return "".join(str(int(c)) for c in typed if c.isdecimal())


def shown_code(code: str) -> str:
    """A code in groups of four, as people read and write it."""
    return " ".join(code[n : n + 4] for n in range(0, len(code), 4))


def form_of(raw: Mapping[str, Any]) -> ElderForm:
    """The inverse of dataclasses.asdict, after a way through JSON."""
    contacts = tuple(ContactForm(**contact) for contact in raw["contacts"])
    lists = {name: tuple(value) for name, value in raw.items() if isinstance(value, list)}
    return ElderForm(**{**raw, **lists, "contacts": contacts})


def consent_of(application: Application) -> Given:
    """What the family agreed to, when, and in which words."""
    form, details = application.form, application.details
    return Given(
        items=form.consents,
        given_by=form.given_by if form.given_by in vocabulary.GIVEN_BY else "relative",
        text_version=details.consent_version or vocabulary.CONSENT_VERSION,
        means="online",
        at=clock.parse(details.consented_at) if details.consented_at else application.created_at,
    )


def without_number(form: ElderForm) -> ElderForm:
    """The form as it is kept after the decision: the identity number has been compared and is needed no more."""
    return replace(form, identity_number="")


def note(
    db: StationDatabase,
    vault: Vault,
    action: str,
    application_id: int,
    detail: str = "",
    *,
    by: int | None,
    now: datetime,
) -> None:
    """A row of the audit log about an application; inside the caller's transaction. `by` is None for the family."""
    about = f"application/{application_id}"
    audit.record(db, vault.ring, staff_id=by, action=action, about=about, detail=detail, now=now)


def _application(vault: Vault, row: Mapping[str, Any]) -> Application:
    uid = row["uid"]
    form, details = ElderForm(), Details()
    if row["form"]:
        form = form_of(vault.open(key(uid), f"application|{uid}|form", row["form"]))
    if row["details"]:
        details = Details(**vault.open(key(uid), f"application|{uid}|details", row["details"]))
    return Application(
        id=row["id"],
        uid=uid,
        station=row["station"],
        state=row["state"],
        asked=bool(row["asked"]),
        reason=row["reason"],
        elder_id=row["elder_id"],
        created_at=clock.parse(row["created_at"]),
        decided_at=clock.parse(row["decided_at"]) if row["decided_at"] else None,
        form=form,
        details=details,
        confirmed_by=row["confirmed_by"],
        confirmed_at=clock.parse(row["confirmed_at"]) if row["confirmed_at"] else None,
        delay=row["delay"],
        decided_by=row["decided_by"],
    )
