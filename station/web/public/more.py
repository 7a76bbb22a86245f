"""What a finder's own page leads to: a photo or a voice that the station shows, and the proof of help."""

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station.errors import Conflict, NotFound
from station.incidents import receipts, reports, views
from station.incidents.counting import Crowded
from station.incidents.receipts import NobodyHelped
from station.web import access, connection, damping, pages
from station.web.public import card, notices, page, unlocked
from station.web.public.blueprint import bp, checked, storage
from station.web.public.card import UNREACHABLE

confirmations = damping.Damper(burst=10, every_s=30)


@bp.get("/s/<token>/photo")
@access.public
def photo(token: str) -> ResponseReturnValue:
    """The elder's photo, while the officer shows it on this very page."""
    try:
        return Response(unlocked.photo(checked(token)), mimetype="image/jpeg")
    except (NotFound, *UNREACHABLE):
        return notices.ended()


@bp.get("/s/<token>/voice")
@access.public
def voice(token: str) -> ResponseReturnValue:
    """The familiar voice, while the officer lets it be played. In pieces, since iPhones play nothing else."""
    try:
        clip = unlocked.voice(checked(token))
    except (NotFound, *UNREACHABLE):
        return notices.ended()
    answer = Response(clip.audio, mimetype=clip.kind)
    return answer.make_conditional(request, accept_ranges=True, complete_length=len(clip.audio))


@bp.post("/s/<token>/receipt")
@access.public
def take_receipt(token: str) -> ResponseReturnValue:
    db, vault = storage()
    try:
        views.finder_status(db, vault, checked(token), connection.now())
        receipts.issue(db, vault, reports.write_out(db, vault, token, connection.now()), connection.now())
    except NotFound:
        return notices.ended()
    except NobodyHelped:
        return _none(
            gettext("For this matter there is no receipt. If that is wrong, please ring the station.")
        )
    except Crowded as error:
        return _none(pages.error_text(error))
    except Conflict:
        return _none(gettext("The receipt can be taken when the elder is safe."))
    return redirect(f"/s/{token}/receipt{page.query()}", code=303)


@bp.get("/s/<token>/receipt")
@access.public
def receipt(token: str) -> ResponseReturnValue:
    """To be printed or kept as a picture: date, station and code, nothing of the elder."""
    db, vault = storage()
    try:
        found = views.finder_status(db, vault, checked(token), connection.now())
    except NotFound:
        return notices.ended()
    taken = receipts.taken(db, vault.ring, found.scan_id) if found.scan_id else None
    if taken is None:
        return notices.ended()
    return page.render("receipt.html", receipt=taken, status=f"/s/{token}")


@bp.get("/receipt")
@access.public
def confirm_form() -> ResponseReturnValue:
    return page.render("confirm.html", asked=False, receipt=None, typed="")


@bp.post("/receipt")
@access.public
def confirm() -> ResponseReturnValue:
    """Whether the station knows a code. Slowed down, so that no code is found by trying."""
    if not confirmations.allows(damping.source()):
        text = gettext("Many codes were typed from this network. Wait a minute, or simply ring the station.")
        return notices.answer(notices.Notice(gettext("Please wait"), text), 429, card.hotlines())
    typed = request.form.get("code", "")[:40]
    found = receipts.confirm(connection.get_db(), connection.ring(), typed)
    return page.render("confirm.html", 200 if found else 404, asked=True, receipt=found, typed=typed)


def _none(text: str) -> ResponseReturnValue:
    return notices.answer(notices.Notice(gettext("No receipt yet"), text), 409, card.hotlines())
