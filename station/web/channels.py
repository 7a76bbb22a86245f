"""The operator's page of channels: how people are reached, set up without a command line and tried for real."""

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import communities, ways
from station.channels.base import Result
from station.channels.registry import KINDS
from station.errors import Invalid, InvalidForm, NotFound
from station.web import access, connection, pages

bp = Blueprint("channels", __name__)


@bp.get("/channels")
@access.allowed("operator")
def listing() -> ResponseReturnValue:
    return _page()


@bp.get("/channels/new/<channel_kind>")
@access.allowed("operator")
def new(channel_kind: str) -> ResponseReturnValue:
    return _form(channel_kind, {}, {})


@bp.post("/channels/new/<channel_kind>")
@access.allowed("operator")
def set_up(channel_kind: str) -> ResponseReturnValue:
    typed = dict(access.typed_fields())
    try:
        ways.set_up(
            connection.get_db(),
            connection.get_vault(),
            station=g.staff.station,
            kind=channel_kind,
            label=typed.get("label", ""),
            settings=_settings(channel_kind),
            by=g.staff.id,
            now=connection.now(),
        )
    except InvalidForm as error:
        wrong = {one.field: pages.error_text(one) for one in error.errors}
        return _form(channel_kind, typed, wrong), 422
    return redirect(url_for(".listing"), code=303)


@bp.post("/channels/<int:channel_id>/switch")
@access.allowed("operator")
def switch(channel_id: int) -> ResponseReturnValue:
    db, vault, on = connection.get_db(), connection.get_vault(), request.form.get("on") == "yes"
    ways.switch(db, vault, g.staff.station, channel_id, on=on, by=g.staff.id, now=connection.now())
    return redirect(url_for(".listing"), code=303)


@bp.post("/channels/<int:channel_id>/door")
@access.allowed("operator")
def renew_door(channel_id: int) -> ResponseReturnValue:
    """Another address for the provider's reports; a page that is loaded again renews nothing."""
    db, vault = connection.get_db(), connection.get_vault()
    ways.renew_door(db, vault, g.staff.station, channel_id, by=g.staff.id, now=connection.now())
    return redirect(url_for(".listing", renewed=channel_id, _anchor=f"channel-{channel_id}"), code=303)


@bp.post("/channels/<int:channel_id>/test")
@access.allowed("operator")
def test(channel_id: int) -> ResponseReturnValue:
    db, now = connection.get_db(), connection.now()
    words = gettext("A test of this channel. Nothing has happened; no need to do anything.")
    station = communities.station(db, g.staff.station)
    try:
        result = ways.try_out(
            db,
            connection.get_vault(),
            ways.trial(station.name, words, connection.config().base_url, now),
            station=g.staff.station,
            channel_id=channel_id,
            destination=request.form.get("destination", ""),
            by=g.staff.id,
            now=now,
        )
    except Invalid as error:
        return _page(tested=channel_id, wrong=pages.error_text(error)), 422
    return _page(tested=channel_id, result=result)


def _settings(kind: str) -> dict[str, str]:
    """What was typed for the settings of this kind. Fields are named after them, so that nothing else gets in."""
    channel = KINDS.get(kind)
    names = (*channel.required, *channel.optional) if channel else ()
    return {name: request.form.get(_field(kind, name), "") for name in names}


def _field(kind: str, name: str) -> str:
    return f"{access.TYPED_BLIND if name in KINDS[kind].secret else 'set-'}{name}"


def _page(tested: int = 0, result: Result | None = None, wrong: str = "") -> str:
    return render_template(
        "channels/list.html",
        cards=ways.cards(connection.get_db(), connection.get_vault(), g.staff.station, connection.now()),
        receipts=f"{connection.config().base_url}/receipts/",
        kinds=ways.NAMES,
        destinations=ways.DESTINATIONS,
        renewed=request.args.get("renewed", type=int),
        tested=tested,
        typed=request.form.get("destination", ""),
        result=result,
        wrong=wrong,
    )


def _form(kind: str, typed: dict[str, str], wrong: dict[str, str]) -> str:
    channel = KINDS.get(kind)
    if channel is None:
        raise NotFound("There is no such kind of channel.")
    return render_template(
        "channels/new.html",
        kind=kind,
        channel=channel,
        name=ways.NAMES[kind],
        settings=ways.SETTINGS,
        fields={name: _field(kind, name) for name in (*channel.required, *channel.optional)},
        typed=typed,
        wrong=wrong,
    )
