"""What runs out in silence: balances, templates, the domain. Looked at by all of the desk, typed by secretary and operator."""

from collections.abc import Mapping
from datetime import date

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import duty
from station.errors import Invalid, InvalidForm
from station.selfwatch import supplies
from station.selfwatch.supplies import Supply
from station.vocabulary import N_
from station.web import access, connection, pages
from station.web.desk.blueprint import LOOK, bp
from station.web.desk.tonight import item_words

EDIT = ("secretary", "operator")
TEMPLATES = {"approved": N_("approved"), "in_review": N_("in review"), "rejected": N_("rejected")}
UNITS = {"yuan": N_("yuan in the account"), "messages": N_("messages")}


@bp.get("/desk/supplies")
@access.allowed(*LOOK)
def supplies_page() -> ResponseReturnValue:
    return _page()


@bp.post("/desk/supplies/channels/<int:channel_id>")
@access.allowed(*EDIT)
def save_supply(channel_id: int) -> ResponseReturnValue:
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    try:
        supplies.keep(
            db, vault, g.staff.station, channel_id, request.form, today=_today(), by=g.staff.id, now=now
        )
    except InvalidForm as error:
        wrong = {one.field: pages.error_text(one) for one in error.errors}
        return _page(at=channel_id, wrong=wrong, status=error.status)
    return redirect(url_for(".supplies_page", saved=1), code=303)


@bp.post("/desk/supplies/domain")
@access.allowed(*EDIT)
def save_domain() -> ResponseReturnValue:
    db, vault, host = connection.get_db(), connection.get_vault(), connection.config().host
    typed = request.form.get("domain_until", "")
    try:
        supplies.keep_domain(db, vault, host, typed, by=g.staff.id, now=connection.now())
    except Invalid as error:
        return _page(wrong={error.field: pages.error_text(error)}, status=error.status)
    return redirect(url_for(".supplies_page", saved=1), code=303)


def _page(*, at: int = 0, wrong: Mapping[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    """`at` is the channel whose form is wrong; 0 is the domain's."""
    db, config, today = connection.get_db(), connection.config(), _today()
    found = supplies.of_station(db, g.staff.station, config.timezone)
    until = supplies.domain_until(db, config.host)
    page = render_template(
        "desk/supplies.html",
        found=[(one, supplies.findings(one, connection.now(), today)) for one in found],
        typed={one.channel_id: _typed(one, today, at) for one in found},
        host=config.host if config.secure else "",
        until=until,
        domain=supplies.domain(until, today),
        words=item_words,
        templates=TEMPLATES,
        units=UNITS,
        at=at,
        wrong=wrong or {},
        today=today,
        may_edit=g.staff.role in EDIT,
    )
    return page, status


def _typed(one: Supply, today: date, at: int) -> dict[str, str]:
    """What the fields of a channel show: what was just typed, else what is kept."""
    if one.channel_id == at:
        return dict(request.form)
    return {
        "source": one.source,
        "amount": "" if one.typed is None else f"{one.typed:g}",
        "noted": (one.noted or today).isoformat(),
        "warn_below": f"{one.warn_below:g}",
        "template_state": one.template_state,
        "template_until": one.template_until.isoformat() if one.template_until else "",
    }


def _today() -> date:
    return duty.local(connection.now(), connection.config().timezone).date()
