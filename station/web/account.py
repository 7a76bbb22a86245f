"""Logging in and out, and the choice of language."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFProtect, generate_csrf

from station import accounts
from station.errors import Refused
from station.web import access, connection, damping, language

bp = Blueprint("account", __name__)
csrf = CSRFProtect()

# A path of ours has letters, digits and dashes only; anything else could lead a browser to another host.
_OWN_PATH = re.compile(r"(/[a-z0-9-]+)+")

HOME = {
    "duty": "desk.console",
    "secretary": "desk.console",
    "worker": "registry.people",
    "operator": "desk.console",
}

_tries = damping.Damper(burst=10, every_s=6)
_tries_of_account = damping.Damper(burst=20, every_s=20)


@bp.get("/login")
@access.public
def login() -> ResponseReturnValue:
    if access.signed_in():
        return redirect(home())
    return render_template("login.html", error="")


@bp.post("/login")
@csrf.exempt
@access.public
def open_session() -> ResponseReturnValue:
    """JSON needs no CSRF token (it grants nothing that the password does not); the form checks its own."""
    if not request.is_json:
        csrf.protect()
    words = _typed()
    username = words["username"]
    try:
        if not (_tries.allows(damping.source()) and _tries_of_account.allows(username.lower().encode())):
            raise Refused("Too many tries. Wait a minute, then try again.")
        token = accounts.log_in(
            connection.get_db(),
            connection.get_vault(),
            username,
            words["password"],
            words["code"],
            connection.now(),
        )
    except Refused as error:
        if access.wants_json():
            raise
        page = render_template(
            "login.html", error=gettext(error.message), username=username, resume=_resume()
        )
        return page, 403
    return _welcome(token)


def _resume() -> dict[str, Any] | None:
    """The form that was interrupted by a sleeping session, as the login page carried it along."""
    path = request.form.get("resume_path", "")
    if not _OWN_PATH.fullmatch(path):
        return None
    names, values = request.form.getlist("resume_name"), request.form.getlist("resume_value")
    had_file = bool(request.form.get("resume_file"))
    return {"path": path, "typed": list(zip(names, values, strict=False)), "had_file": had_file}


def _typed() -> dict[str, str]:
    sent = request.get_json(silent=True) if request.is_json else request.form
    typed = sent if isinstance(sent, Mapping) else {}
    return {name: str(typed.get(name, "")) for name in ("username", "password", "code")}


def _welcome(token: str) -> ResponseReturnValue:
    request.cookies = {**request.cookies, access.COOKIE: token}  # type: ignore[assignment]
    g.pop("staff", None)
    response = make_response(_after_login())
    response.set_cookie(
        access.COOKIE, token, httponly=True, samesite="Lax", secure=connection.config().secure, path="/"
    )
    return response


def _after_login() -> ResponseReturnValue:
    if access.wants_json():
        return jsonify(ok=True)
    resume = _resume()
    if resume is None:
        return redirect(home(), code=303)
    return render_template("expired.html", **resume)


@bp.post("/logout")
@access.allowed(*accounts.ROLES)
def log_out() -> ResponseReturnValue:
    accounts.log_out(connection.get_db(), request.cookies.get(access.COOKIE, ""))
    response = redirect(url_for(".login"), code=303)
    response.delete_cookie(access.COOKIE)
    return response


@bp.get("/desk/session")
@access.allowed(*accounts.ROLES)
def session() -> ResponseReturnValue:
    return jsonify(
        username=g.staff.username, role=g.staff.role, station=g.staff.station, csrf_token=generate_csrf()
    )


@bp.post("/language")
@access.allowed(*accounts.ROLES)
def choose_language() -> ResponseReturnValue:
    chosen = request.form.get("language", "")
    response = redirect(home(), code=303)
    if chosen in language.STAFF:
        response.set_cookie(
            language.COOKIE, chosen, max_age=31536000, samesite="Lax", secure=connection.config().secure
        )
    return response


def home() -> str:
    """The page on which the signed-in person's work begins."""
    staff = access.signed_in()
    return url_for(HOME[staff.role]) if staff else url_for(".login")
