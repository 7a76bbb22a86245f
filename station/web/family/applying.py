"""A family applies from its phone: one question a page, each saved as it is sent, resumed by a code."""

from collections.abc import Sequence
from dataclasses import replace

from flask import redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import applicants, cards, communities, enrolment
from station.applications import confirming, drafts, pictures, records
from station.applications.drafts import Content, Draft
from station.enrolment import ContactForm, ElderForm
from station.errors import Invalid, NotFound
from station.web import access, connection, damping, drafting, elder_form, language, pages
from station.web.family import blueprint, steps
from station.web.family.blueprint import bp, may_ask, station_of, to
from station.web.family.steps import Step

_ALL = ", ".join(steps.NAMES)
_TYPED = ", ".join(name for name in steps.NAMES if name not in ("code", *blueprint.PICTURE_PAGES))


@bp.get("/apply")
@access.public
def apply() -> ResponseReturnValue:
    return _start()


@bp.post("/apply")
@access.public
def begin() -> ResponseReturnValue:
    """A new draft; what was typed into a page whose draft had gone is taken along."""
    if not blueprint.begun.allows(damping.source()):
        return _start(too_many=True), 429
    content = Content(ElderForm(given_by=""), language=language.current())
    draft = drafts.begin(connection.get_db(), connection.get_vault(), content, connection.now())
    drafting.remember(draft)
    return redirect(_carry(draft) or to("page", step=steps.NAMES[0]), code=303)


@bp.get(f"/apply/<any({_ALL}):step>")
@access.public
def page(step: str) -> ResponseReturnValue:
    draft, this = drafting.current(), steps.BY_NAME[step]
    if draft is None:
        return ask_for_code(step)
    errors = steps.wrong(draft.content, this.fields) if "wrong" in request.args else []
    said = session.pop("said", ["", "", ""])
    if said[0] == step:
        errors = [Invalid(said[1], said[2]), *(one for one in errors if one.field != said[1])]
    return show(draft, this, errors), 422 if errors else 200


@bp.post(f"/apply/<any({_TYPED}):step>")
@access.public
def save(step: str) -> ResponseReturnValue:
    """Keep what was typed, right or wrong; go on when it is right.

    Every answer is a redirect, also when something is wrong: a browser asked to go back shows no page that was sent.
    """
    draft, this = drafting.current(request.form.get("draft", "")), steps.BY_NAME[step]
    if draft is None:
        return _sent_already() or ask_for_code(step)
    draft = _keep(draft, this.read)
    drafting.remember(draft)
    if request.form.get("do") == "later":
        return redirect(to("later"), code=303)
    errors = steps.wrong(draft.content, this.fields)
    return again(step, errors[0]) if errors else went_through(draft, step)


@bp.get("/apply/check")
@access.public
def check() -> ResponseReturnValue:
    draft = drafting.current()
    return _answers(draft) if draft else ask_for_code("check")


@bp.post("/apply/send")
@access.public
def send() -> ResponseReturnValue:
    """Put the application into the queue; pressed twice, it is there once."""
    draft = drafting.current(request.form.get("draft", ""))
    if draft is None:
        return _sent_already() or ask_for_code("check")
    if steps.wrong(draft.content):
        return redirect(to("check", tried=1), code=303)
    db, vault, form = connection.get_db(), connection.get_vault(), draft.content.form
    station = station_of(form.community_id).number
    drafts.send(db, vault, draft, steps.checked(form), station=station, now=connection.now())
    drafting.follow(records.by_uid(db, vault, draft.uid))
    drafting.forget(draft.uid)
    session["sent"] = [draft.uid, draft.code]
    return redirect(to("sent"), code=303)


@bp.get("/apply/sent")
@access.public
def sent() -> ResponseReturnValue:
    """The receipt, as often as it is looked at in this browser."""
    uid, code = session.get("sent", ["", ""])
    if not uid:
        return render_template("family/status.html", code="", errors={})
    found = records.by_uid(connection.get_db(), connection.get_vault(), uid)
    station = communities.station(connection.get_db(), found.station)
    return render_template(
        "family/receipt.html", code=records.shown_code(code), station=station, application=found
    )


@bp.get("/apply/later")
@access.public
def later() -> ResponseReturnValue:
    draft = drafting.current()
    if draft is None:
        return ask_for_code("")
    return render_template("family/later.html", **_of(draft), next=steps.following(draft.content, ""))


@bp.post("/apply/leave")
@access.public
def leave() -> ResponseReturnValue:
    """This browser forgets the draft, as it should on a borrowed phone; or the station forgets it for good."""
    draft = drafting.current(request.form.get("draft", ""))
    if draft:
        if request.form.get("do") == "destroy":
            drafts.discard(connection.get_db(), connection.get_vault(), draft.uid, connection.now())
        drafting.forget(draft.uid)
    return redirect(to("apply"), code=303)


@bp.get("/apply/resume")
@access.public
def resume() -> ResponseReturnValue:
    return ask_for_code("")


@bp.post("/apply/resume")
@access.public
def go_on() -> ResponseReturnValue:
    """Open the draft of a code; one that was sent already leads to its status page."""
    code = request.form.get("code", "")
    if not may_ask():
        return ask_for_code("", gettext("Too many tries. Wait a minute, then try again.")), 429
    db, vault = connection.get_db(), connection.get_vault()
    try:
        draft = drafts.get(db, vault, code, connection.now())
    except NotFound as error:
        try:
            records.by_code(db, vault, code)
        except NotFound:
            return ask_for_code("", pages.error_text(error)), 404
        return render_template("family/status.html", code=code, errors={}, was_sent=True)
    drafting.remember(draft)
    return redirect(_carry(draft) or to("page", step=steps.following(draft.content, "")), code=303)


def again(step: str, error: Invalid) -> ResponseReturnValue:
    """The page once more, with what is wrong on it."""
    session["said"] = [step, error.field, pages.error_text(error)]
    return redirect(to("page", step=step, wrong=1), code=303)


def show(draft: Draft, step: Step, errors: Sequence[Invalid] = (), **more: object) -> str:
    """A page of the application."""
    names = [one.name for one in steps.of(draft.content)]
    texts = [(error.field, pages.error_text(error)) for error in errors]
    form = draft.content.form
    return render_template(
        f"family/steps/{step.name}.html",
        **_of(draft),
        **fields_of(draft.content, texts),
        step=step,
        number=names.index(step.name) + 1 if step.name in names else 1,
        total=len(names),
        before=_before(names, step.name),
        action=_action(step.name),
        pictures=pictures.of(connection.get_db(), draft.uid),
        items=shown_if_all_agreed(form),
        **_of_code(draft, step),
        **more,
    )


def fields_of(
    content: Content, texts: Sequence[tuple[str, str]], only: int | None = None
) -> dict[str, object]:
    """What every page of fields is given, whether of a draft or of an answer to the station `only`."""
    stations = communities.stations(connection.get_db())
    places = communities.communities(connection.get_db())
    station = station_of(content.form.community_id)
    is_sure = bool(content.form.community_id) or len({one.address_prefix for one in stations}) == 1
    return {
        "prefix": station.address_prefix if is_sure else "",
        "typed": content.form,
        "email": content.email,
        "contacts": elder_form.padded(content.form.contacts),
        "options": elder_form.options(one for one in places if only in (None, one.station)),
        "station": station,
        "problems": texts,
        "errors": dict(texts),
        "asked_items": steps.ASKED_ITEMS,
        "can_mail": applicants.can_mail(connection.get_db(), station.number),
    }


def shown_if_all_agreed(form: ElderForm) -> cards.PublicItems:
    """What strangers would see with every tick on the page about them."""
    every = replace(form, consents=(*form.consents, *steps.SHOWN_ITEMS, "health_notes"))
    return cards.preview(enrolment.unchecked(every))


def went_through(draft: Draft, step: str) -> ResponseReturnValue:
    """This page is done: on to the next one."""

    def tick(content: Content) -> Content:
        return replace(content, done=tuple(dict.fromkeys((*content.done, step))))

    draft = _keep(draft, tick)
    following = steps.following(draft.content, step)
    return redirect(to("check") if following == "check" else to("page", step=following), code=303)


def ask_for_code(step: str, error: str = "") -> str:
    """No draft is open in this browser: ask for its code, and carry what was typed."""
    typed = [(name, value) for name, value in access.typed_fields() if name not in ("draft", "do", "code")]
    carried = step or request.form.get("carried", "")
    return render_template(
        "family/resume.html",
        typed=[one for one in typed if one[0] != "carried"],
        carried=carried if request.method == "POST" else "",
        code=request.form.get("code", ""),
        errors={"code": error} if error else {},
    )


def _carry(draft: Draft) -> str:
    """Take in what was typed on a page whose draft had gone; where that page is, or empty."""
    step = steps.BY_NAME.get(request.form.get("carried", ""))
    if step is None:
        return ""
    drafting.remember(_keep(draft, step.read))
    return to("page", step=step.name)


def _keep(draft: Draft, change: steps.Reader) -> Draft:
    return drafts.save(connection.get_db(), connection.get_vault(), draft, change, connection.now())


def _start(**more: object) -> str:
    draft = drafting.current()
    station = station_of(draft.content.form.community_id if draft else "")
    following = steps.following(draft.content, "") if draft else ""
    return render_template("family/start.html", station=station, draft=draft, next=following, **more)


def _answers(draft: Draft) -> ResponseReturnValue:
    """The last look at everything that was typed."""
    errors = steps.wrong(draft.content)
    form = draft.content.form
    missing = [(steps.step_of(error.field), pages.error_text(error)) for error in errors]
    tried = bool(missing) and "tried" in request.args
    page = render_template(
        "family/check.html",
        **_of(draft),
        **fields_of(draft.content, []),
        steps=steps.of(draft.content),
        missing=missing,
        tried=tried,
        items=cards.preview(enrolment.unchecked(form)),
        pictures=pictures.of(connection.get_db(), draft.uid),
        others=[one for one in form.contacts[1:] if one != ContactForm()],
    )
    return page, 422 if tried else 200


def _of_code(draft: Draft, step: Step) -> dict[str, object]:
    """What the page of the phone's code is given."""
    if step.name != "code":
        return {}
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    index = vault.blind("phone", steps.mobile(draft.content.form))
    return {
        "confirmed": confirming.of_draft(db, draft.uid, index),
        "was_sent": confirming.is_on_its_way(db, draft.uid, index, now),
    }


def _before(names: list[str], name: str) -> str:
    """The page before this one; the start page before the first."""
    at = names.index(name) if name in names else 0
    return to("page", step=names[at - 1]) if at else to("apply")


def _action(name: str) -> str:
    if name == "code":
        return to("confirm")
    return to("picture" if name in blueprint.PICTURE_PAGES else "save", step=name)


def _of(draft: Draft) -> dict[str, object]:
    return {"draft": draft, "code": records.shown_code(draft.code), "ends_at": draft.ends_at}


def _sent_already() -> ResponseReturnValue | None:
    """A page of an application that was sent meanwhile: its receipt, or the way to its state."""
    uid = request.form.get("draft", "")
    if uid and uid == session.get("sent", [""])[0]:
        return redirect(to("sent"), code=303)
    code = drafting.sent_elsewhere(uid)
    return render_template("family/status.html", code=code, errors={}, was_sent=True) if code else None
