"""My duty: take the shift over, answer and ask for swaps, try my own channels."""

from datetime import datetime

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import communities, duty, readiness, swaps
from station.errors import Invalid, UserError
from station.incidents import views
from station.web import access, connection, pages
from station.web.roster.blueprint import LEVELS, SERVE, bp, local_now, number, people, refresh

SHOWN_DAYS = 14
ANSWERS = ("accepted", "refused", "withdrawn")


@bp.get("/desk/duty")
@access.allowed(*SERVE)
def mine() -> ResponseReturnValue:
    return _page()


@bp.post("/desk/duty/take-over")
@access.allowed(*SERVE)
def take_over() -> ResponseReturnValue:
    """The incoming officer has heard the ring and sees the open cases on this page."""
    db, vault, timezone = connection.get_db(), connection.get_vault(), connection.config().timezone
    heard = request.form.get("heard") == "1"
    try:
        swaps.take_over(db, vault, by=g.staff.id, heard=heard, now=connection.now(), timezone=timezone)
    except UserError as error:
        return _page(error)
    return redirect(url_for(".mine", done="taken"), code=303)


@bp.post("/desk/duty/trial")
@access.allowed(*SERVE)
def try_mine() -> ResponseReturnValue:
    db, vault = connection.get_db(), connection.get_vault()
    try:
        readiness.try_out(db, vault, g.staff.id, by=g.staff.id, now=connection.now())
    except UserError as error:
        return _page(error)
    return redirect(url_for(".mine", done="tried") + "#channels", code=303)


@bp.post("/desk/swaps")
@access.allowed(*SERVE)
def ask() -> ResponseReturnValue:
    """Ask a colleague to take a turn of mine."""
    try:
        _ask()
    except UserError as error:
        return _page(error)
    return redirect(url_for(".mine", done="asked") + "#swaps", code=303)


@bp.post("/desk/swaps/<int:swap_id>")
@access.allowed(*SERVE)
def answer(swap_id: int) -> ResponseReturnValue:
    access.own_station(_station_of(swap_id))
    said = request.form.get("answer", "")
    try:
        if said not in ANSWERS:
            raise Invalid("answer", "Choose yes or no.")
        swaps.answer(
            connection.get_db(),
            connection.get_vault(),
            swap_id,
            said,
            by=g.staff.id,
            now=connection.now(),
            timezone=connection.config().timezone,
        )
    except UserError as error:
        return _page(error)
    refresh()
    return redirect(url_for(".mine", done=said) + "#swaps", code=303)


def _ask() -> None:
    to = number("to")
    if to is None:
        raise Invalid("to", "Choose a colleague.")
    gives, takes = request.form.get("gives", ""), request.form.get("takes", "")
    swaps.ask(
        connection.get_db(),
        connection.get_vault(),
        swaps.load(gives),
        swaps.load(takes) if takes else None,
        by=g.staff.id,
        to=to,
        now=connection.now(),
        timezone=connection.config().timezone,
    )


def _station_of(swap_id: int) -> int:
    found = swaps.get(connection.get_db(), swap_id)
    return int(connection.get_db().scalar("SELECT station FROM staff WHERE id = ?", found.from_id))


def _page(error: UserError | None = None) -> ResponseReturnValue:
    db, now, known = connection.get_db(), connection.now(), people()
    whole, local = duty.read(db, g.staff.station), local_now()
    on_now = {level: duty.on(whole, level, local) for level in duty.LEVELS}
    coming = duty.turns(whole, local, SHOWN_DAYS)
    shown = {
        "station": communities.station(db, g.staff.station),
        "people": known,
        "on_now": on_now,
        "until": _until(whole, local),
        "open": views.open_ones(db, g.staff.station),
        "takeovers": swaps.takeovers(db, g.staff.station),
        "reach": readiness.of(db, g.staff.id, now),
        "enough": readiness.ENOUGH,
        "waiting": swaps.waiting(db, g.staff.id),
        "mine": [(turn, swaps.dump(turn)) for who, turn in coming if who == g.staff.id],
        "theirs": [
            (known[who].name, turn, swaps.dump(turn))
            for who, turn in coming
            if who != g.staff.id and who in known
        ],
        "wrong": error,
        "wrong_text": pages.error_text(error) if error else "",
        "kept": request.form,
        "levels": LEVELS,
    }
    return render_template("roster/mine.html", **shown), error.status if error else 200


def _until(whole: duty.Roster, local: datetime) -> datetime | None:
    """Until when this officer is on without a break, as far as two days ahead."""
    until = None
    for stretch in duty.ahead(whole, local, 2):
        if g.staff.id not in (*stretch.on_duty, *stretch.backup):
            break
        until = stretch.ends
    return until
