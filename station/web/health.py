"""/healthz: is everything alive, for the console's banner and for whoever watches from outside."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from station.db import DatabaseError, StationDatabase
from station.errors import StorageGone
from station.selfwatch import health
from station.selfwatch.health import Check
from station.vault import Unsealable
from station.web import access, connection

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@access.public
def healthz() -> ResponseReturnValue:
    checks = look()
    ok = all(check.ok for check in checks.values())
    shown = {name: {"ok": check.ok, "text": check.text} for name, check in checks.items()}
    return jsonify(ok=ok, checks=shown), 200 if ok else 503


def look() -> dict[str, Check]:
    """Every check, from this web process's point of view."""
    emergency = connection.emergency().now() is not None
    return health.look(connection.config(), _database(), emergency, connection.now())


def _database() -> StationDatabase | None:
    try:
        return connection.get_db()
    except (StorageGone, DatabaseError, Unsealable):
        return None
