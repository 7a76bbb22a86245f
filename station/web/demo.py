"""The demonstration's phones: a page that shows what each phone would receive. Exists in `station demo` only."""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import accounts, elders
from station.errors import NotFound
from station.vocabulary import N_, ROLES
from station.web import access, connection

bp = Blueprint("demo", __name__)

MOST = 300

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
}


@dataclass(frozen=True)
class Received:
    """One message as a phone got it."""

    who: str
    at: datetime
    body: dict[str, Any]


_messages: deque[Received] = deque(maxlen=MOST)
_lock = threading.Lock()


@bp.post("/demo/phones/<who>")
@access.public
def receive(who: str) -> ResponseReturnValue:
    """Take a webhook like any provider; a retry of a message that came already is shown once."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return "", 400
    received = Received(who, connection.now(), body)
    with _lock:
        if not any(one.who == who and one.body.get("id") == body.get("id") for one in _messages):
            _messages.append(received)
    return "", 204


@bp.get("/demo/phones")
@access.public
def phones() -> ResponseReturnValue:
    with _lock:
        received = list(_messages)
    columns: dict[str, list[Received]] = {}
    for message in reversed(received):
        columns.setdefault(message.who, []).append(message)
    return render_template("demo_phones.html", columns=columns, owner=_owner, kinds=KINDS)


def _owner(who: str) -> tuple[str, str]:
    """Whose phone it is, in words: a name, and what the person has to do with it."""
    db, vault = connection.get_db(), connection.get_vault()
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
