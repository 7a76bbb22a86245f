"""A familiar voice on an elder's record: recorded or uploaded, listened to, taken away."""

from flask import Response, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from station import voices
from station.errors import Invalid
from station.web import access, connection, pages
from station.web.registration.blueprint import WHO, bp, elder_here, note
from station.web.registration.record import record_page


@bp.post("/elders/<int:elder_id>/voice")
@access.allowed(*WHO)
def set_voice(elder_id: int) -> ResponseReturnValue:
    elder_here(elder_id)
    db, vault, sent = connection.get_db(), connection.get_vault(), request.files.get("voice")
    try:
        if sent is None or not sent.filename:
            raise Invalid("voice", "Choose or record a voice first.")
        clip = voices.check(sent.read(voices.MAX_BYTES + 1))
        voices.keep(db, vault, elder_id, clip, by=g.staff.id, now=connection.now())
    except Invalid as error:
        return record_page(elder_id, voice_error=pages.error_text(error)), 422
    return redirect(url_for(".record", elder_id=elder_id), code=303)


@bp.get("/elders/<int:elder_id>/voice")
@access.allowed(*WHO)
def voice(elder_id: int) -> ResponseReturnValue:
    """To listen to it. In pieces when asked so, since some browsers play nothing else."""
    elder_here(elder_id)
    clip = voices.clip(connection.get_db(), connection.get_vault(), elder_id)
    note("elder.voice.hear", f"elder/{elder_id}")
    answer = Response(clip.audio, mimetype=clip.kind)
    return answer.make_conditional(request, accept_ranges=True, complete_length=len(clip.audio))


@bp.post("/elders/<int:elder_id>/voice/off")
@access.allowed(*WHO)
def drop_voice(elder_id: int) -> ResponseReturnValue:
    elder_here(elder_id)
    db, vault = connection.get_db(), connection.get_vault()
    voices.drop(db, vault, elder_id, by=g.staff.id, now=connection.now())
    return redirect(url_for(".record", elder_id=elder_id), code=303)
