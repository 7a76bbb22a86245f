"""A passer-by doubts a badge or its page: kept for the staff, whoever says it and however clumsily."""

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import doubts, vocabulary
from station.doubts import Told
from station.errors import NotFound
from station.incidents.intake import clean
from station.web import access, connection, damping
from station.web.public import card, notices, page
from station.web.public.blueprint import bp, by_number, numbers, source, storage
from station.web.public.card import UNREACHABLE

told_doubts = damping.Damper(burst=5, every_s=60)


@bp.get("/doubt")
@access.public
def doubt_form() -> ResponseReturnValue:
    return _form(number=request.args.get("n", "")[:20])


@bp.post("/doubt")
@access.public
def tell_doubt() -> ResponseReturnValue:
    """The same answer whether the badge number is one of ours or not."""
    kind, note = request.form.get("kind", ""), clean(request.form.get("note", ""))
    number = request.form.get("number", "")[:20]
    if kind not in vocabulary.DOUBTS:
        return _form(number=number, note=note, wrong=gettext("Choose what is wrong.")), 422
    if not told_doubts.allows(damping.source()):
        return _too_many()
    try:
        kept = _keep(number, kind, note)
    except UNREACHABLE:
        return notices.not_saved(card.hotlines())
    if not kept:
        return _too_many()
    return page.render("doubt.html", told=True, hotlines=card.hotlines(), number="", note="", wrong="")


def _form(*, number: str, note: str = "", wrong: str = "") -> Response:
    return page.render(
        "doubt.html", told=False, hotlines=card.hotlines(), number=number, note=note, wrong=wrong
    )


def _keep(number: str, kind: str, note: str) -> bool:
    """A badge that nobody named, or that is none of ours, is told to the first station."""
    db, vault = storage()
    badge = by_number(number) if number and numbers.allows(damping.source()) else None
    station = badge.station if badge else db.scalar("SELECT min(number) FROM station")
    if station is None:
        raise NotFound("There is no station here yet.")
    told = Told(station, badge.serial if badge else None, kind, note, source(damping.source()))
    return doubts.keep(db, vault, told, connection.now())


def _too_many() -> ResponseReturnValue:
    text = gettext("Many reports came at once. Please ring the station and tell it there.")
    return notices.answer(notices.Notice(gettext("Please ring the station"), text), 429, card.hotlines())
