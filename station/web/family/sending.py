"""What of an application is no text: the code that confirms the phone, and the two pictures."""

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from station import darkroom, photos
from station.applications import confirming, pictures
from station.applications.confirming import TooOften
from station.errors import Gone, Invalid, NotFound
from station.web import access, connection, damping, drafting
from station.web.family import applying, blueprint, steps
from station.web.family.blueprint import bp, station_of, to

_WORK = {"identity": "document", "portrait": "portrait"}


@bp.post("/apply/code")
@access.public
def confirm() -> ResponseReturnValue:
    """Have a code sent, type it, or go on without."""
    draft = drafting.current(request.form.get("draft", ""))
    if draft is None:
        return applying.ask_for_code("code")
    form, does = draft.content.form, request.form.get("do", "")
    phone = steps.mobile(form)
    if not phone:
        return redirect(to("page", step="you"), code=303)
    if does == "skip":
        return applying.went_through(draft, "code")
    try:
        if does == "send":
            send_code(draft.uid, phone, station_of(form.community_id).number)
            return redirect(to("page", step="code"), code=303)
        take_code(draft.uid, phone)
    except (Invalid, TooOften) as error:
        wrong = error if isinstance(error, Invalid) else Invalid("code", error.message)
        return applying.again("code", wrong)
    return applying.went_through(draft, "code")


@bp.post("/apply/<any(identity, portrait):step>")
@access.public
def picture(step: str) -> ResponseReturnValue:
    """Keep a picture, take it away, or go on without."""
    draft = drafting.current(request.form.get("draft", ""))
    if draft is None:
        return applying.ask_for_code(step)
    drafting.remember(draft)
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    if request.form.get("do") == "remove":
        pictures.destroy(db, vault, draft.uid, step, now)
        return redirect(to("page", step=step), code=303)
    try:
        jpeg = read(step)
    except Invalid as error:
        return applying.again(step, error)
    if jpeg:
        pictures.keep(db, vault, draft.uid, step, jpeg, now)
        return redirect(to("page", step=step), code=303)
    if request.form.get("do") == "later":
        return redirect(to("later"), code=303)
    return applying.went_through(draft, step)


@bp.get("/apply/<any(identity, portrait):step>.jpg")
@access.public
def shown(step: str) -> ResponseReturnValue:
    """A picture for the one who has just sent it; nothing for everybody else."""
    draft = drafting.current()
    try:
        jpeg = pictures.jpeg(connection.get_db(), connection.get_vault(), draft.uid if draft else "", step)
    except (NotFound, Gone):
        return "", 204
    return Response(jpeg, mimetype="image/jpeg")


@bp.errorhandler(RequestEntityTooLarge)
def too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """A picture beyond all measure: its page again, with the reason. Other pages have nothing that large."""
    step, draft = (request.view_args or {}).get("step", ""), drafting.current()
    if draft and step in blueprint.PICTURE_PAGES:
        reason = photos.REASONS["too_big"]
        return applying.show(draft, steps.BY_NAME[step], [Invalid("picture", reason)]), 413
    return blueprint.too_large(error)


def read(kind: str) -> bytes:
    """The picture of this request, cleaned; empty when none was chosen. Raises Invalid."""
    sent = request.files.get("picture")
    if sent is None or not sent.filename:
        return b""
    if not blueprint.pictured.allows(damping.source()):
        raise Invalid(
            "picture", "Many pictures have just come from your network. Wait a minute, then try again."
        )
    try:
        return darkroom.room.develop(_WORK[kind], sent.read(photos.MAX_BYTES + 1))
    except photos.PhotoError as error:
        raise Invalid("picture", photos.REASONS[error.code], **error.params) from None


def send_code(uid: str, phone: str, station: int) -> None:
    confirming.send(
        connection.get_db(), connection.get_vault(), uid, phone=phone, station=station, now=connection.now()
    )


def take_code(uid: str, phone: str) -> None:
    """Compare the code that was typed. Raises Invalid, TooOften."""
    vault = connection.get_vault()
    typed, index = request.form.get("code", ""), vault.blind("phone", phone)
    confirming.confirm(connection.get_db(), vault, uid, typed, phone_index=index, now=connection.now())
