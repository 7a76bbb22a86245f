"""What a reviewer does beside the form: look at the card once, ask back, confirm the phone, say why it takes longer."""

from collections.abc import Callable

from flask import g, request
from flask.typing import ResponseReturnValue

from station.applications import confirming, decisions, pictures, questions
from station.errors import Conflict, Gone, Invalid, NotFound
from station.web import access, connection, elder_form, pages
from station.web.registration.blueprint import WHO, bp
from station.web.registration.review import application_here, decided_page, review_page


@bp.post("/applications/<int:application_id>/act")
@access.allowed(*WHO)
def act(application_id: int) -> ResponseReturnValue:
    """One act; the answer is the page again, with all that was typed and not yet saved."""
    found = application_here(application_id)
    typed = elder_form.read() if "name" in request.form else found.form
    if found.state != "received":
        return decided_page(found, typed), 409
    try:
        said = _ACTS.get(request.form.get("act", ""), _unknown)(application_id)
    except Invalid as error:
        return review_page(found, typed, [error]), error.status
    except (Conflict, Gone, NotFound) as error:
        return review_page(found, typed, wrong=pages.error_text(error)), error.status
    return review_page(application_here(application_id), typed, said=said, done=request.form["act"])


def _look(application_id: int) -> str:
    pictures.begin_viewing(*_storage(), application_id, by=g.staff.id, now=connection.now())
    return ""


def _ask(application_id: int) -> str:
    about, text = request.form.get("about", ""), request.form.get("text", "")
    questions.ask(*_storage(), application_id, about, text, by=g.staff.id, now=connection.now())
    return ""


def _take_back(application_id: int) -> str:
    question_id = request.args.get("question", 0, type=int)
    questions.take_back(*_storage(), application_id, question_id, by=g.staff.id, now=connection.now())
    return ""


def _rang(application_id: int) -> str:
    confirming.by_call(*_storage(), application_id, by=g.staff.id, now=connection.now())
    return ""


def _code(application_id: int) -> str:
    """The digits to read out."""
    return confirming.read_out(*_storage(), application_id, by=g.staff.id, now=connection.now())


def _delay(application_id: int) -> str:
    reason = request.form.get("delay", "")
    decisions.set_delay(*_storage(), application_id, reason, by=g.staff.id, now=connection.now())
    return ""


def _unknown(_application_id: int) -> str:
    raise Invalid("act", "Choose what to do.")


_ACTS: dict[str, Callable[[int], str]] = {
    "identity": _look,
    "ask": _ask,
    "take_back": _take_back,
    "rang": _rang,
    "code": _code,
    "delay": _delay,
}


def _storage() -> tuple[connection.StationDatabase, connection.Vault]:
    return connection.get_db(), connection.get_vault()
