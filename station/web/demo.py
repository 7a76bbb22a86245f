"""The demonstration's phones: a page that shows what each phone would receive. Exists in `station demo` only."""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from station import accounts, elders
from station.errors import NotFound
from station.web import access, connection

bp = Blueprint("demo", __name__)

MOST = 300


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
    return render_template("demo_phones.html", columns=columns, owner=_owner)


def _owner(who: str) -> str:
    """Whose phone it is, in words."""
    db, vault = connection.get_db(), connection.get_vault()
    if who.startswith("family-"):
        elder_id = db.scalar("SELECT elder_id FROM contact WHERE id = ?", who.removeprefix("family-"))
        if elder_id is None:
            raise NotFound("There is no such phone.")
        return elders.get(db, vault, elder_id).name
    row = db.row("SELECT id FROM staff WHERE username = ?", who)
    return accounts.get(db, vault, row["id"]).name if row else who
