"""The demonstration's phones: a page that shows what each phone would receive. Exists in `station demo` only."""

import base64
import json
import os
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import accounts, clock, elders, seal
from station.errors import NotFound
from station.vocabulary import N_, ROLES
from station.web import access, connection

bp = Blueprint("demo", __name__)

MOST = 300
LONGEST_FILE = 1_000_000  # bytes; then all but the last messages are dropped
PLACE = "demo|phones"

# What a message is about, by the kind that stands in it.
KINDS = {
    "soft_notice": N_("Somebody looked"),
    "notice": N_("Notice"),
    "ladder": N_("Ringing"),
    "place": N_("Place"),
    "message": N_("News"),
    "claimed": N_("Taken"),
    "closed": N_("Closed"),
    "drill": N_("Drill"),
    "entry": N_("Code for the family’s pages"),
    "code": N_("Code"),
    "application": N_("Application"),
}


@dataclass(frozen=True)
class Received:
    """One message as a phone got it."""

    who: str
    at: datetime
    body: dict[str, Any]


_lock = threading.Lock()


@bp.post("/demo/phones/<who>")
@access.public
def receive(who: str) -> ResponseReturnValue:
    """Take a webhook like any provider."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return "", 400
    with _lock:
        _keep({"who": who, "at": clock.text(connection.now()), "body": body})
    return "", 204


def _path() -> Path:
    return connection.config().data_dir / "demo-phones"


def _key() -> bytes:
    return connection.ring().derive("demo-phones")


def _keep(message: dict[str, Any]) -> None:
    """Append one sealed line (its links are keys to an incident) to the file that all web processes share."""
    line = base64.b64encode(seal.seal(_key(), json.dumps(message).encode(), PLACE)) + b"\n"
    path = _path()
    if path.exists() and path.stat().st_size > LONGEST_FILE:
        path.write_bytes(b"\n".join(path.read_bytes().splitlines()[-MOST:]) + b"\n")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def _received() -> list[Received]:
    """The last messages, oldest first; a retry of one that came already is shown once."""
    path = _path()
    known: dict[tuple[str, Any], Received] = {}
    for line in path.read_bytes().splitlines()[-MOST:] if path.exists() else ():
        one = json.loads(seal.unseal(_key(), base64.b64decode(line), PLACE))
        received = Received(one["who"], clock.parse(one["at"]), one["body"])
        known.setdefault((received.who, received.body.get("id")), received)
    return list(known.values())


@bp.get("/demo/phones")
@access.public
def phones() -> ResponseReturnValue:
    columns: dict[str, list[Received]] = {}
    for message in reversed(_received()):
        columns.setdefault(message.who, []).append(message)
    return render_template("demo_phones.html", columns=columns, owner=_owner, kinds=KINDS)


def _owner(who: str) -> tuple[str, str]:
    """Whose phone it is, in words: a name, and what the person has to do with it."""
    db, vault = connection.get_db(), connection.get_vault()
    if who == "applicants":
        return gettext("Families that apply"), gettext("their phones")
    if not who.startswith("family-"):
        row = db.row("SELECT id FROM staff WHERE username = ?", who)
        if row is None:
            return who, ""
        staff = accounts.get(db, vault, row["id"])
        return staff.name, gettext(ROLES[staff.role])
    contact_id = int(who.removeprefix("family-"))
    elder_id = db.scalar("SELECT elder_id FROM contact WHERE id = ?", contact_id)
    if elder_id is None:
        raise NotFound("There is no such phone.")
    names = {one.id: one.name for one in elders.contacts(db, vault, elder_id)}
    return names[contact_id], gettext("Family of %(name)s", name=elders.get(db, vault, elder_id).name)
