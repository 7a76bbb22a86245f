"""/healthz: is everything alive, for the console's banner and for whoever watches from outside."""

import shutil

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from station import heartbeat
from station.db import DatabaseError
from station.errors import StorageGone
from station.vault import Unsealable
from station.web import access, connection

bp = Blueprint("health", __name__)

LEAST_FREE_BYTES = 200 * 1024 * 1024


@bp.get("/healthz")
@access.public
def healthz() -> ResponseReturnValue:
    checks = {
        "database": _database(),
        "sender": _process("sender"),
        "jobs": _process("jobs"),
        "disk": _disk(),
        "spool": _spool(),
        "emergency": _emergency(),
    }
    ok = all(check["ok"] for check in checks.values())
    return jsonify(ok=ok, checks=checks), 200 if ok else 503


def _check(ok: bool, text: str) -> dict[str, object]:
    return {"ok": ok, "text": text}


def _database() -> dict[str, object]:
    try:
        connection.get_db().scalar("SELECT count(*) FROM station")
    except (StorageGone, DatabaseError, Unsealable):
        return _check(False, "the database cannot be read")
    return _check(True, "readable")


def _process(name: str) -> dict[str, object]:
    age = heartbeat.age_s(connection.config().beats, name)
    if age is None or heartbeat.is_stale(name, age):
        return _check(False, "no sign of life")
    return _check(True, "alive")


def _disk() -> dict[str, object]:
    free = shutil.disk_usage(connection.config().data_dir).free
    return _check(free >= LEAST_FREE_BYTES, f"{free // (1024 * 1024)} MB free")


def _spool() -> dict[str, object]:
    folder = connection.config().spool
    count = len(list(folder.glob("*.report"))) + len(list(folder.glob("*.damaged")))
    return _check(count == 0, f"{count} reports waiting")


def _emergency() -> dict[str, object]:
    content = connection.emergency().now()
    return _check(content is not None, "readable" if content else "the emergency file cannot be read")
