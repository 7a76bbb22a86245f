"""Other systems that hand in applications: their keys, their signatures, and the numbers they give."""

import hmac
import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from station import audit, clock, seal
from station.applications import intake, records
from station.applications.records import Application, Details
from station.db import IntegrityError, StationDatabase, transaction
from station.enrolment import ElderForm, Enrolment
from station.errors import Conflict, Invalid, NotFound, UserError
from station.vault import Vault
from station.vocabulary import N_

WINDOW_S = 300  # a signature is as old as this at most, or ahead by a wrong clock
_SIGNED = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


class Unsigned(UserError):
    """A request that no partner has signed. It never says which part was wrong."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            N_(
                "This request is not signed by a partner of the station, or its time is more than five minutes off."
            )
        )


@dataclass(frozen=True)
class Partner:
    id: int
    uid: str
    name: str
    active: bool
    created_at: datetime


@dataclass(frozen=True)
class Handed:
    """One request of a partner: its own number of the application, the bytes that it signed, when the family agreed."""

    partner: Partner
    client_id: str
    body: bytes
    agreed: Details = Details()


def add(db: StationDatabase, vault: Vault, name: str, now: datetime) -> tuple[Partner, str]:
    """A new partner and its secret, which is shown this once. Raises Conflict when the name is taken."""
    if not name.strip():
        raise Invalid("name", "Give the partner a name.")
    uid, secret = uuid.uuid4().hex[:12], seal.random_token()
    vault.create([f"partner/{uid}"], now)
    sealed = vault.seal(f"partner/{uid}", f"partner|{uid}|secret", secret.encode())
    try:
        with transaction(db):
            new = db.insert("partner", uid=uid, name=name.strip(), secret=sealed, created_at=clock.text(now))
            audit.record(db, vault.ring, staff_id=None, action="partner.add", about=f"partner/{new}", now=now)
    except IntegrityError as error:
        raise Conflict("There is a partner of this name already.") from error
    return Partner(new, uid, name.strip(), True, now), secret


def all_partners(db: StationDatabase) -> list[Partner]:
    rows = db.rows("SELECT id, uid, name, active, created_at FROM partner ORDER BY id")
    return [
        Partner(r["id"], r["uid"], r["name"], bool(r["active"]), clock.parse(r["created_at"])) for r in rows
    ]


def end(db: StationDatabase, vault: Vault, name: str, now: datetime) -> None:
    """Take a partner's key out of use. What it handed in stays. Raises NotFound."""
    with transaction(db):
        row = db.row("SELECT id FROM partner WHERE name = ? AND active = 1", name)
        if row is None:
            raise NotFound("There is no such partner, or it has ended already.")
        db.write("UPDATE partner SET active = 0 WHERE id = ?", row["id"])
        audit.record(
            db, vault.ring, staff_id=None, action="partner.end", about=f"partner/{row['id']}", now=now
        )


def sign(secret: str, what: bytes, at: datetime) -> str:
    """The signature header for a body (of a POST) or a path (of a GET)."""
    moment = str(int(at.timestamp()))
    return f"t={moment},v1={_code(secret, moment, what)}"


def authentic(
    db: StationDatabase, vault: Vault, uid: str, signature: str, what: bytes, now: datetime
) -> Partner:
    """The partner that signed `what` within the last five minutes. Raises Unsigned."""
    row = db.row("SELECT * FROM partner WHERE uid = ? AND active = 1", uid)
    signed = _SIGNED.fullmatch(signature)
    if row is None or signed is None or abs(now.timestamp() - int(signed[1])) > WINDOW_S:
        raise Unsigned
    secret = vault.open_bytes(f"partner/{uid}", f"partner|{uid}|secret", row["secret"]).decode()
    if not hmac.compare_digest(_code(secret, signed[1], what), signed[2]):
        raise Unsigned
    return Partner(row["id"], uid, row["name"], True, clock.parse(row["created_at"]))


def receive(
    db: StationDatabase,
    vault: Vault,
    handed: Handed,
    form: ElderForm,
    checked: Enrolment,
    *,
    station: int,
    now: datetime,
) -> tuple[str, bool]:
    """Put an application into the families' queue; its case code, and whether it is new.

    The same client id with the same body again changes nothing; with another body it raises Conflict.
    """
    known = of_client(db, vault, handed.partner, handed.client_id) is not None
    _claim(db, vault, handed, now)
    form_id = _form_id(vault, handed.partner, handed.client_id)
    code = intake.receive(
        db, vault, form, checked, form_id=form_id, station=station, details=handed.agreed, now=now
    )
    return code, not known


def _claim(db: StationDatabase, vault: Vault, handed: Handed, now: datetime) -> None:
    """Bind the client's number to this very body, before anything is kept. Raises Conflict."""
    content = vault.blind("partner-body", seal.sha256(handed.body))
    partner, index = handed.partner, _client_index(vault, handed.partner, handed.client_id)
    with transaction(db):
        fresh = db.write(
            "INSERT OR IGNORE INTO partner_application (partner_id, client_index, body_index, form_id, at) "
            "VALUES (?, ?, ?, ?, ?)",
            partner.id,
            index,
            content,
            _form_id(vault, partner, handed.client_id),
            clock.text(now),
        )
        if fresh:
            audit.record(
                db, vault.ring, staff_id=None, action="partner.apply", about=f"partner/{partner.id}", now=now
            )
    if content != db.scalar(
        "SELECT body_index FROM partner_application WHERE partner_id = ? AND client_index = ?",
        partner.id,
        index,
    ):
        raise Conflict(
            "This client_id was sent before with other content. Take a new one for a new application."
        )


def of_client(db: StationDatabase, vault: Vault, partner: Partner, client_id: str) -> Application | None:
    """The partner's own application of this number."""
    form_id = _form_id(vault, partner, client_id)
    found = db.scalar("SELECT id FROM application WHERE form_id = ?", form_id)
    return None if found is None else records.get(db, vault, found)


def sender(db: StationDatabase, application_id: int) -> str:
    """The name of the partner that handed an application in; empty when a family did."""
    found = db.scalar(
        "SELECT partner.name FROM application JOIN partner_application USING (form_id) "
        "JOIN partner ON partner.id = partner_id WHERE application.id = ?",
        application_id,
    )
    return found or ""


def checked_number(client_id: object) -> str:
    """The client's number of an application. Raises Invalid."""
    if not isinstance(client_id, str) or not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", client_id):
        raise Invalid("client_id", "client_id is 1 to 64 letters, digits, dots, dashes or underscores.")
    return client_id


def _code(secret: str, moment: str, what: bytes) -> str:
    return hmac.digest(secret.encode(), moment.encode() + b"." + what, "sha256").hex()


def _client_index(vault: Vault, partner: Partner, client_id: str) -> bytes:
    return vault.blind("partner-client", f"{partner.uid}/{client_id}")


def _form_id(vault: Vault, partner: Partner, client_id: str) -> str:
    return f"partner-{partner.uid}-{_client_index(vault, partner, client_id).hex()}"
