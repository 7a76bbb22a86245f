"""A family follows its application: how far it is, by when, what is asked back, and the code that confirms its phone."""

from collections.abc import Sequence
from dataclasses import replace

from flask import redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import applicants, communities, phones, progress
from station.applications import decisions, pictures, questions, records
from station.applications.confirming import TooOften
from station.applications.drafts import Content
from station.applications.questions import Question
from station.applications.records import Application
from station.enrolment import ElderForm, Enrolment
from station.errors import Conflict, Invalid, InvalidForm, NotFound
from station.family_words import ASKABLE
from station.vocabulary import N_
from station.web import access, connection, drafting, elder_form, pages
from station.web.family import applying, blueprint, sending, steps
from station.web.family.blueprint import bp, may_ask, to

_WRONG = N_(
    "These digits belong to no application here. Compare the code and the last four digits of the first phone."
)


@bp.get("/apply/status")
@access.public
def status() -> ResponseReturnValue:
    return _ask()


@bp.post("/apply/status")
@access.public
def look_up() -> ResponseReturnValue:
    """Code and phone together open the page; which of both was wrong is not told."""
    code, tail = request.form.get("code", ""), request.form.get("tail", "")
    if not may_ask() or not blueprint.phone_guessed.allows(records.digits(code).encode() or b"none"):
        return _ask(code, gettext("Too many tries. Wait a minute, then try again.")), 429
    db, vault = connection.get_db(), connection.get_vault()
    try:
        found = records.by_code(db, vault, code)
    except NotFound:
        return _ask(code, gettext(_WRONG)), 404
    if not records.phone_ends_with(db, vault, found, tail):
        return _ask(code, gettext(_WRONG)), 404
    drafting.follow(found)
    return redirect(to("progress_page"), code=303)


@bp.get("/apply/progress")
@access.public
def progress_page() -> ResponseReturnValue:
    found = drafting.followed()
    return _progress(found) if found else _ask()


@bp.post("/apply/progress")
@access.public
def confirm_phone() -> ResponseReturnValue:
    """Have a code sent, or type the one that came or that the station read out."""
    found = drafting.followed()
    if found is None:
        return _ask()
    if request.form.get("do") == "leave":
        drafting.stop_following()
        session.pop("sent", None)
        return redirect(to("status"), code=303)
    if found.state == "withdrawn":
        return redirect(to("progress_page"), code=303)
    phone = _phone(found)
    try:
        if request.form.get("do") == "send":
            sending.send_code(found.uid, phone, found.station)
        else:
            sending.take_code(found.uid, phone)
    except (Invalid, TooOften) as error:
        return _progress(found, pages.error_text(error)), error.status
    return redirect(to("progress_page"), code=303)


@bp.get("/apply/withdraw")
@access.public
def ask_to_withdraw() -> ResponseReturnValue:
    """What taking the application back means, and the press that does it."""
    found = drafting.followed()
    if found is None:
        return _ask()
    if found.state != "received":
        return _progress(found)
    return render_template("family/withdraw.html")


@bp.post("/apply/withdraw")
@access.public
def withdraw() -> ResponseReturnValue:
    """Take the application back; pressed twice, it is gone once."""
    found = drafting.followed()
    if found is None:
        return _ask()
    decisions.withdraw(*_storage(), found.id, now=connection.now())
    session.pop("sent", None)
    return redirect(to("progress_page"), code=303)


@bp.get("/apply/questions/<int:question_id>")
@access.public
def question(question_id: int) -> ResponseReturnValue:
    found = drafting.followed()
    if found is None:
        return _ask()
    try:
        asked = _open(found, question_id)
    except NotFound:
        return _progress(found)
    return _question(found, asked, _content(found), [])


@bp.post("/apply/questions/<int:question_id>")
@access.public
def answer(question_id: int) -> ResponseReturnValue:
    """Answer on the page that was asked about; a wrong field is shown beside it and nothing typed is lost."""
    found = drafting.followed()
    if found is None:
        return _ask()
    asked = _open(found, question_id)
    content, note = _content(found), request.form.get("note", "")
    step = steps.ANSWERED_ON.get(asked.about)
    try:
        if asked.about in pictures.KINDS:
            _take_picture(found, asked.about)
        elif step:
            content = step.read(content)
            _check_still_ours(found, content)
        elif not note.strip():
            raise Invalid("note", "Write an answer.")
        errors = steps.wrong(content, step.fields) if step and asked.about not in pictures.KINDS else []
        changed = _changed(content) if step and not errors and asked.about not in pictures.KINDS else None
    except Invalid as error:
        errors, changed = [error], None
    if errors:
        return _question(found, asked, content, errors, note=note), 422
    db, vault = connection.get_db(), connection.get_vault()
    questions.answer(db, vault, asked, note, changed=changed, now=connection.now())
    return redirect(to("progress_page"), code=303)


@bp.errorhandler(Conflict)
def decided(error: Conflict) -> ResponseReturnValue:
    """The station was quicker than the answer."""
    return render_template("family/sorry.html", text=pages.error_text(error)), error.status


def _ask(code: str = "", error: str = "") -> str:
    errors = {"code": error} if error else {}
    return render_template("family/status.html", code=code, errors=errors)


def _progress(found: Application, error: str = "") -> str:
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    promise = progress.promise(db, found, connection.config().timezone, now)
    door = progress.door(db, found, elder_form.today())
    return render_template(
        "family/progress.html",
        application=found,
        marks=progress.marks(db, found),
        promise=promise,
        reason=progress.late_reason(found, door) if promise.is_late else "",
        door=door,
        questions=questions.open_of(db, vault, found.id) if found.state == "received" else [],
        told=applicants.told(db, found.uid),
        station=communities.station(db, found.station),
        can_text=applicants.can_text(db, vault, found.station) and _phone(found).startswith("+861"),
        identity=pictures.of(db, found.uid).get("identity"),
        words_of=ASKABLE,
        errors={"code": error} if error else {},
    )


def _question(
    found: Application, asked: Question, content: Content, errors: Sequence[Invalid], note: str = ""
) -> str:
    texts = [(error.field, pages.error_text(error)) for error in errors]
    step = steps.ANSWERED_ON.get(asked.about)
    return render_template(
        f"family/steps/{step.name if step else 'other'}.html",
        **applying.fields_of(content, texts, only=found.station),
        step=step,
        question=asked,
        note=note,
        action=to("answer", question_id=asked.id),
        before=to("progress_page"),
        pictures={},
        items=applying.shown_if_all_agreed(content.form),
    )


def _open(found: Application, question_id: int) -> Question:
    asked = [] if found.state == "withdrawn" else questions.open_of(*_storage(), found.id)
    one = next((one for one in asked if one.id == question_id), None)
    if one is None:
        raise NotFound("This question has been answered already, or the station has taken it back.")
    return one


def _storage() -> tuple[connection.StationDatabase, connection.Vault]:
    return connection.get_db(), connection.get_vault()


def _content(found: Application) -> Content:
    return replace(Content(found.form), email=found.details.email)


def _check_still_ours(found: Application, content: Content) -> None:
    """An application stays with the station that asks; nobody there could read another one's community. Raises Invalid."""
    if blueprint.station_of(content.form.community_id).number != found.station:
        raise Invalid("community_id", "Choose the community in which the elder lives.")


def _changed(content: Content) -> tuple[ElderForm, Enrolment]:
    try:
        return content.form, steps.checked(content.form)
    except InvalidForm as error:
        raise error.errors[0] from error


def _take_picture(found: Application, kind: str) -> None:
    jpeg = sending.read(kind)
    if not jpeg:
        raise Invalid("picture", "Choose a picture, or take one.")
    pictures.keep(connection.get_db(), connection.get_vault(), found.uid, kind, jpeg, connection.now())


def _phone(found: Application) -> str:
    """The first phone in E.164; empty once the form was destroyed."""
    station = communities.station(connection.get_db(), found.station)
    typed = found.form.contacts[0].phone if found.form.contacts else ""
    try:
        return phones.parse(typed, area_code=station.area_code).e164
    except ValueError:
        return ""
