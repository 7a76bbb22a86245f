"""The family's own pages: a contact enters with a code, sees the record and who looked, corrects, takes back, copies."""

import json
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from station import (
    audit,
    cards,
    clock,
    communities,
    consents,
    doorstep,
    elders,
    phones,
    portraits,
    vocabulary,
)
from station.care import copies, endings, halfyear, proposals, visits
from station.care.visits import Visitor
from station.db import transaction
from station.errors import Conflict, Invalid, Refused
from station.issuing import records
from station.web import access, connection, damping, elder_form, pages

bp = Blueprint("mine", __name__)

COOKIE = "station-family"
PATH = "/mine"
View = TypeVar("View", bound=Callable[..., Any])

_tries = damping.Damper(burst=10, every_s=6)
_asked = damping.Damper(burst=5, every_s=60)

# What a wish is about, with the names of its fields on the page.
TYPED = ("phone", "address", "history", "other")


def entered(view: View) -> View:
    """Only a contact with a session may call this view; `g.visitor` is who. Others are asked to enter."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if visitor() is None:
            return _home("")
        return cast(ResponseReturnValue, view(*args, **kwargs))

    return guarded  # type: ignore[return-value]


def visitor() -> Visitor | None:
    """The contact of this request's session, looked up once."""
    if "visitor" not in g:
        token = request.cookies.get(COOKIE, "")
        g.visitor = visits.of_session(connection.get_db(), token, connection.now()) if token else None
    found: Visitor | None = g.visitor
    return found


@bp.get("/mine")
@access.public
def home() -> ResponseReturnValue:
    """The record, or the door to it."""
    if visitor() is None:
        return render_template("family/enter.html", by_link=False)
    return _page()


@bp.post("/mine")
@access.public
def enter() -> ResponseReturnValue:
    """With a phone number and a code into the record; or have a code sent, if the number may have one."""
    phone = request.form.get("phone", "")
    try:
        number = phones.parse(phone, area_code=_area_code()).e164
    except ValueError as error:
        return _door(False, gettext(str(error)), "phone"), 422
    return _enter(visits.by_phone(connection.get_db(), connection.get_vault(), number), by_link=False)


@bp.get("/family/<token>")
@access.public
def by_link(token: str) -> ResponseReturnValue:
    """The door of one contact. It says the same whosever the link is, and nobody's as well."""
    return render_template("family/enter.html", by_link=True)


@bp.post("/family/<token>")
@access.public
def enter_by_link(token: str) -> ResponseReturnValue:
    return _enter(visits.by_link(connection.get_db(), token), by_link=True)


@bp.post("/mine/leave")
@access.public
def leave() -> ResponseReturnValue:
    """End the session: the phone may be somebody else's next."""
    token = request.cookies.get(COOKIE, "")
    if visitor() is not None:
        visits.leave(connection.get_db(), token)
    answer = make_response(_home(""))
    answer.delete_cookie(COOKIE, path=PATH)
    return answer


@bp.get("/mine/photo.jpg")
@access.public
def photo() -> ResponseReturnValue:
    who = visitor()
    if who is None:
        return render_template("family/enter.html", by_link=False)
    jpeg = portraits.jpeg(connection.get_db(), connection.get_vault(), who.elder_id)
    return Response(jpeg, mimetype="image/jpeg")


@bp.post("/mine/wishes")
@access.public
@entered
def wish() -> ResponseReturnValue:
    """Something is to be changed: the station is asked, and nothing changes before a worker has looked."""
    _only_while_it_runs()
    field = request.form.get("field", "")
    value: Any = request.form.getlist("value") if field == "health_notes" else request.form.get("value", "")
    try:
        proposals.propose(
            connection.get_db(), connection.get_vault(), g.visitor, field, value, now=connection.now()
        )
    except Invalid as error:
        return _page(wrong={"field": field, "text": pages.error_text(error), "typed": value}), 422
    return _home("#wishes")


@bp.post("/mine/relation")
@access.public
@entered
def relation() -> ResponseReturnValue:
    """Harmless, so it counts at once."""
    _only_while_it_runs()
    chosen = request.form.get("relation", "")
    proposals.change_relation(
        connection.get_db(), connection.get_vault(), g.visitor, chosen, now=connection.now()
    )
    return _home("#me")


@bp.post("/mine/withdraw")
@access.public
@entered
def withdraw() -> ResponseReturnValue:
    """Take back one consent; it counts when this answer arrives."""
    _only_while_it_runs()
    item = request.form.get("item", "")
    proposals.withdraw_consent(
        connection.get_db(), connection.get_vault(), g.visitor, item, now=connection.now()
    )
    return _home("#consents")


@bp.post("/mine/copy.<any(json, html):kind>")
@access.public
@entered
def copy(kind: str) -> ResponseReturnValue:
    """The whole copy: as JSON for other systems, as a page to be printed or kept as PDF by any browser."""
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    whole = copies.whole(db, vault, g.visitor, now)
    with transaction(db):
        audit.record(
            db, vault.ring, staff_id=None, action="family.copy", about=f"elder/{g.visitor.elder_id}",
            detail=f"contact/{g.visitor.contact_id}", now=now,
        )  # fmt: skip
    if kind == "html":
        return render_template("family/copy.html", **_shown(), made_at=now)
    text = json.dumps(whole, ensure_ascii=False, indent=2)
    headers = {"Content-Disposition": 'attachment; filename="record.json"'}
    return Response(text, mimetype="application/json", headers=headers)


def _home(part: str = "") -> Response:
    """Back to the page, in the language that was chosen there."""
    return redirect(url_for("mine.home", l=request.args.get("l")) + part, code=303)


def _enter(contacts: Sequence[int], *, by_link: bool) -> ResponseReturnValue:
    """Try the code that was typed, or call for one. Both answer alike whether or not there is such a contact."""
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    if request.form.get("do") == "send":
        if not _asked.allows(damping.source()):
            return _door(by_link, gettext("Too many tries. Wait a minute, then try again."), "code"), 429
        visits.send_codes(db, vault, contacts, now)
        return _door(by_link, sent=True)
    if not _tries.allows(damping.source()):
        return _door(by_link, gettext("Too many tries. Wait a minute, then try again."), "code"), 429
    try:
        token = visits.enter(db, vault, contacts, request.form.get("code", ""), now)
    except Refused as error:
        return _door(by_link, pages.error_text(error), "code"), 422
    answer = make_response(_home(""))
    answer.set_cookie(
        COOKIE, token, path=PATH, httponly=True, secure=connection.config().secure, samesite="Lax",
        max_age=int(visits.SESSION_LIVES.total_seconds()),
    )  # fmt: skip
    return answer


def _door(by_link: bool, error: str = "", field: str = "", sent: bool = False) -> str:
    phone = request.form.get("phone", "")
    return render_template(
        "family/enter.html", by_link=by_link, error=error, field=field, sent=sent, phone=phone
    )


def _page(wrong: dict[str, Any] | None = None) -> str:
    return render_template("family/mine.html", wrong=wrong or {}, **_shown())


def _shown() -> dict[str, Any]:
    """What the page and the printed copy show: the same as the JSON copy, in the reader's words."""
    db, vault, now, who = connection.get_db(), connection.get_vault(), connection.now(), g.visitor
    elder = elders.get(db, vault, who.elder_id)
    station = communities.station(db, elder.station)
    return {
        "elder": elder,
        "me": next(one for one in elder.contacts if one.id == who.contact_id),
        "others": [one for one in elder.contacts if one.id != who.contact_id],
        "station": station,
        "address": elder.address.removeprefix(station.address_prefix),
        "community": communities.community(db, elder.community_id).name,
        "confirmed_at": halfyear.last_confirmed(db, elder.id),
        "ending": endings.of_elder(db, elder.id),
        "badges": records.of_elder(db, elder.id),
        "door": doorstep.of_elder(db, elder.id, elder_form.today()),
        "incidents": [_times(row) for row in copies.incidents(db, elder.id)],
        "ledger": [{**row, "at": clock.parse(row["at"])} for row in consents.ledger(db, elder.id)],
        "looks": copies.who_looked(db, elder.id, now),
        "wishes": [
            one for one in proposals.of_elder(db, vault, elder.id) if one.contact_id == who.contact_id
        ],
        "wish_words": proposals.FIELDS,
        "notes": {code: text for code, (_, text) in vocabulary.HEALTH_NOTES.items()},
        "items": elder_form.shown_items(cards.of_elder(db, vault, elder.id)),
    }


def _times(row: dict[str, Any]) -> dict[str, Any]:
    return {name: clock.parse(text) if text and name != "outcome" else text for name, text in row.items()}


def _only_while_it_runs() -> None:
    """After the end of a record there is a copy to take, and nothing to change any more."""
    if endings.of_elder(connection.get_db(), g.visitor.elder_id) is not None:
        raise Conflict("This record has come to rest. Please ring the station if something is wrong in it.")


def _area_code() -> str:
    return communities.stations(connection.get_db())[0].area_code
