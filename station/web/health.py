"""/healthz: is everything alive, for the console's banner and for whoever watches from outside."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from station.web import access, alive

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@access.public
def healthz() -> ResponseReturnValue:
    checks = alive.checks()
    ok = all(check.ok for check in checks.values())
    shown = {name: {"ok": check.ok, "text": check.text} for name, check in checks.items()}
    return jsonify(ok=ok, checks=shown), 200 if ok else 503
