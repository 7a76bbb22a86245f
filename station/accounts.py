"""Staff accounts, passwords, one-time codes and the sessions they open."""

import threading
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from station import audit, clock, seal
from station.db import StationDatabase, transaction
from station.errors import Invalid, NotFound, Refused
from station.vault import Vault

ROLES = ("worker", "duty", "secretary", "operator")
SHORTEST_PASSWORD = 10

# A session sleeps after half an hour at a desk, a shift of duty after twelve hours; none lives past a day.
IDLE = {
    "worker": timedelta(minutes=30),
    "secretary": timedelta(hours=12),
    "duty": timedelta(hours=12),
    "operator": timedelta(minutes=30),
}
LONGEST = timedelta(hours=24)

# 19 MiB and two passes (OWASP's first choice); two at a time, so that a flood of logins cannot starve a scan.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_hashing = threading.BoundedSemaphore(2)
_nobody = _hasher.hash("no such account")


@dataclass(frozen=True)
class Staff:
    """One account without its secrets."""

    id: int
    uid: str
    username: str
    role: str
    station: int
    community_id: int | None
    name: str
    phone: str  # E.164 or empty


@dataclass(frozen=True)
class NewStaff:
    username: str
    password: str
    role: str
    station: int
    name: str
    phone: str = ""
    community_id: int | None = None


def add(db: StationDatabase, vault: Vault, new: NewStaff, now: datetime) -> int:
    """Make an account. Raises Invalid when the password is short, the role unknown or the name taken."""
    if new.role not in ROLES:
        raise Invalid("role", "The role must be one of worker, duty, secretary, operator.")
    if len(new.password) < SHORTEST_PASSWORD:
        raise Invalid(
            "password", "The password needs at least %(count)s characters.", count=SHORTEST_PASSWORD
        )
    if db.scalar("SELECT 1 FROM staff WHERE username = ?", new.username):
        raise Invalid("username", "This account name is taken; choose another one.")
    uid = uuid.uuid4().hex
    vault.create([f"staff/{uid}"], now)
    person = vault.seal(f"staff/{uid}", f"staff|{uid}|person", {"name": new.name, "phone": new.phone})
    password_hash = _hasher.hash(new.password)
    with transaction(db):
        staff_id = db.insert(
            "staff",
            uid=uid,
            username=new.username,
            role=new.role,
            station=new.station,
            community_id=new.community_id,
            person=person,
            password_hash=password_hash,
            created_at=clock.text(now),
        )
        audit.record(db, vault.ring, staff_id=None, action="staff.add", about=f"staff/{staff_id}", now=now)
    return staff_id


def get(db: StationDatabase, vault: Vault, staff_id: int) -> Staff:
    row = db.row("SELECT * FROM staff WHERE id = ?", staff_id)
    if row is None:
        raise NotFound("There is no such account.")
    return _staff(vault, row)


def all_staff(db: StationDatabase, vault: Vault, station: int) -> list[Staff]:
    """The active accounts of one station."""
    rows = db.rows("SELECT * FROM staff WHERE station = ? AND active = 1 ORDER BY id", station)
    return [_staff(vault, row) for row in rows]


def names(db: StationDatabase, vault: Vault, ids: Collection[int]) -> dict[int, str]:
    """What these people are called, of whichever station they are, and also when their accounts have ended."""
    marks = ", ".join("?" * len(ids))
    rows = db.rows(f"SELECT * FROM staff WHERE id IN ({marks})", *ids)  # noqa: S608
    return {row["id"]: _staff(vault, row).name for row in rows}


def set_totp(db: StationDatabase, vault: Vault, username: str, now: datetime) -> str:
    """Demand a one-time code from now on; returns the otpauth:// address for the officer's app."""
    row = db.row("SELECT * FROM staff WHERE username = ?", username)
    if row is None:
        raise NotFound("There is no such account.")
    secret = pyotp.random_base32()
    with transaction(db):
        sealed = vault.seal(f"staff/{row['uid']}", f"staff|{row['uid']}|totp", secret)
        db.write("UPDATE staff SET totp = ?, totp_last = 0 WHERE id = ?", sealed, row["id"])
        audit.record(db, vault.ring, staff_id=None, action="staff.totp", about=f"staff/{row['id']}", now=now)
    return str(pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="防走失驿站"))


def set_password(db: StationDatabase, vault: Vault, username: str, password: str, now: datetime) -> None:
    """Change a password and end every session of the account."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(
            "password", "The password needs at least %(count)s characters.", count=SHORTEST_PASSWORD
        )
    password_hash = _hasher.hash(password)
    with transaction(db):
        if not db.write("UPDATE staff SET password_hash = ? WHERE username = ?", password_hash, username):
            raise NotFound("There is no such account.")
        db.write("DELETE FROM session WHERE staff_id = (SELECT id FROM staff WHERE username = ?)", username)
        audit.record(db, vault.ring, staff_id=None, action="staff.password", about="staff", now=now)


def log_in(db: StationDatabase, vault: Vault, username: str, password: str, code: str, now: datetime) -> str:
    """Open a session and return its token. Raises Refused; the same words whatever was wrong."""
    row = db.row("SELECT * FROM staff WHERE username = ? AND active = 1", username)
    with _hashing:
        right = _password_matches(row["password_hash"] if row else _nobody, password) and row is not None
    if not right or row is None:
        raise Refused("The account, password or code is not right. Please try again.")
    step = _totp_step(vault, row, code, now)
    token = seal.random_token()
    at = clock.text(now)
    with transaction(db):
        # A code works once, also when two people type it at the same moment.
        if step and not db.write(
            "UPDATE staff SET totp_last = ? WHERE id = ? AND totp_last < ?", step, row["id"], step
        ):
            raise Refused("The account, password or code is not right. Please try again.")
        db.insert("session", token_hash=seal.token_hash(token), staff_id=row["id"], created_at=at, seen_at=at)
        audit.record(db, vault.ring, staff_id=row["id"], action="login", about=f"staff/{row['id']}", now=now)
    return token


def of_session(db: StationDatabase, vault: Vault, token: str, now: datetime) -> Staff | None:
    """Whose session this is, or None when it ended, slept too long or never was. Marks it as seen once a minute."""
    row = db.row(
        "SELECT session.created_at AS began, session.seen_at, staff.* FROM session "
        "JOIN staff ON staff.id = session.staff_id WHERE session.token_hash = ? AND staff.active = 1",
        seal.token_hash(token),
    )
    if row is None:
        return None
    idle = now - clock.parse(row.pop("seen_at"))
    if idle > IDLE[row["role"]] or now - clock.parse(row.pop("began")) > LONGEST:
        return None
    if idle > timedelta(minutes=1):
        with transaction(db):
            db.write(
                "UPDATE session SET seen_at = ? WHERE token_hash = ?", clock.text(now), seal.token_hash(token)
            )
    return _staff(vault, row)


def log_out(db: StationDatabase, token: str) -> None:
    with transaction(db):
        db.write("DELETE FROM session WHERE token_hash = ?", seal.token_hash(token))


def forget_old_sessions(db: StationDatabase, now: datetime) -> None:
    with transaction(db):
        db.write("DELETE FROM session WHERE created_at < ?", clock.text(now - LONGEST))


def _password_matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except VerificationError:
        return False


def _totp_step(vault: Vault, row: dict[str, Any], code: str, now: datetime) -> int:
    """The time step of a right code (0 when the account needs none). Raises Refused."""
    if row["totp"] is None:
        return 0
    totp = pyotp.TOTP(vault.open(f"staff/{row['uid']}", f"staff|{row['uid']}|totp", row["totp"]))
    step = int(now.timestamp()) // 30
    for candidate in (step, step - 1, step + 1):
        if pyotp.utils.strings_equal(totp.generate_otp(candidate), code.strip()):
            return candidate
    raise Refused("The account, password or code is not right. Please try again.")


def _staff(vault: Vault, row: dict[str, Any]) -> Staff:
    person = vault.open(f"staff/{row['uid']}", f"staff|{row['uid']}|person", row["person"])
    return Staff(
        id=row["id"],
        uid=row["uid"],
        username=row["username"],
        role=row["role"],
        station=row["station"],
        community_id=row["community_id"],
        name=person["name"],
        phone=person["phone"],
    )
