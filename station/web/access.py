"""Who may call a view. Every view carries one of these marks; a test walks all routes."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import accounts
from station.errors import NotFound, Refused
from station.web import connection

View = TypeVar("View", bound=Callable[..., Any])

COOKIE = "station-session"
NOT_KEPT = ("csrf_token", "password")
TYPED_BLIND = "secret-"  # how the fields of secrets begin; what was typed there never comes back in a page


def public(view: View) -> View:
    """Everybody may call this view; it grants nothing."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def signed(view: View) -> View:
    """Another system calls this view; the view itself looks at the signature, before anything else."""
    view.access = "signed"  # type: ignore[attr-defined]
    return view


def unguessable(view: View) -> View:
    """A provider calls this view; the path is the secret, and the view looks at it before anything else."""
    view.access = "unguessable"  # type: ignore[attr-defined]
    return view


def allowed(*roles: str, unless: Callable[[], bool] = lambda: False) -> Callable[[View], View]:
    """Only signed-in staff of these roles may call this view; `g.staff` is who.

    A program for which `unless` is true may call it too; then nobody is signed in.
    """
    assert set(roles) <= set(accounts.ROLES), roles

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            if unless():
                return cast(ResponseReturnValue, view(*args, **kwargs))
            staff = signed_in()
            if staff is None:
                return _ask_to_log_in()
            if staff.role not in roles:
                raise Refused("Your account may not do this. Ask the operator of your station.")
            answer: ResponseReturnValue = view(*args, **kwargs)
            return answer

        guarded.access = roles  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return mark


def signed_in() -> accounts.Staff | None:
    """The staff member of this request's session, looked up once."""
    if "staff" not in g:
        token = request.cookies.get(COOKIE, "")
        db, vault = connection.get_db(), connection.get_vault()
        g.staff = accounts.of_session(db, vault, token, connection.now()) if token else None
    found: accounts.Staff | None = g.staff
    return found


def own_station(station: int) -> None:
    """Stop a look at another station's data; it is as if it did not exist."""
    if g.staff.station != station:
        raise NotFound("This belongs to another station.")


def wants_json() -> bool:
    """Whether the caller asked for JSON rather than a page."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
    return request.is_json or best == "application/json"


def typed_fields() -> list[tuple[str, str]]:
    """What the person typed into the form of this request, in order."""
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in NOT_KEPT and not name.startswith(TYPED_BLIND)
    ]


def _ask_to_log_in() -> ResponseReturnValue:
    if wants_json() or request.accept_mimetypes.best == "text/event-stream":
        abort(401)
    typed = typed_fields()
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("account.login"))
    if not typed:
        return redirect(url_for("account.login"), code=303)
    # The session slept while the form was open. The login page carries what was typed, so that nothing is lost.
    page = render_template(
        "login.html",
        error=gettext("You were away for long. Log in once more; what you typed is kept."),
        resume={"path": request.path, "typed": typed, "had_file": bool(request.files)},
    )
    return page, 401
