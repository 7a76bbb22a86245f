"""Is tonight covered? The page, and what can be pressed on it."""

from flask import g, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import accounts, clock
from station.alerts import bulletins, letters
from station.selfwatch import outside, tonight
from station.selfwatch.finding import Item
from station.selfwatch.tonight import Asked, Look
from station.staff_words import TONIGHT
from station.web import access, alive, connection
from station.web.desk.blueprint import ACT, LOOK, bp, word


@bp.get("/desk/tonight")
@access.allowed(*LOOK)
def evening() -> ResponseReturnValue:
    db, vault = connection.get_db(), connection.get_vault()
    found = tonight.look(db, _asked())
    if access.wants_json():
        return jsonify(_as_json(found))
    return render_template(
        "desk/tonight.html",
        found=found,
        words=item_words,
        labels={code: label for code, (label, _) in TONIGHT.items()},
        names={one.id: one.name for one in accounts.all_staff(db, vault, g.staff.station)},
        told=bulletins.newest(db, g.staff.station, "tonight"),
        now=connection.now(),
    )


@bp.post("/desk/tonight")
@access.allowed(*LOOK)
def send_evening() -> ResponseReturnValue:
    """Send it to duty and secretaries now."""
    tonight.post(connection.get_db(), _asked(), by=g.staff.id)
    return _done()


@bp.post("/desk/tonight/ask")
@access.allowed(*LOOK)
def ask_outside() -> ResponseReturnValue:
    """Certificate and balances; the answers are here within seconds, the job process asks."""
    outside.want(connection.get_db(), connection.now())
    if access.wants_json():
        return _done()
    page = ".supplies_page" if word("back") == "supplies" else ".evening"
    return redirect(url_for(page, asked=1), code=303)


@bp.post("/desk/tonight/hotline")
@access.allowed(*ACT)
def hotline_answered() -> ResponseReturnValue:
    """Somebody rang the hotline from another phone, and it was answered."""
    tonight.note_hotline(connection.get_db(), g.staff.station, by=g.staff.id, now=connection.now())
    return _done()


def _done() -> ResponseReturnValue:
    if access.wants_json():
        return jsonify(_as_json(tonight.look(connection.get_db(), _asked())))
    return redirect(url_for(".evening"), code=303)


def _asked() -> Asked:
    return Asked(connection.config(), g.staff.station, alive.checks(), connection.now())


def item_words(item: Item) -> str:
    """What is to be done about it."""
    return letters.tonight_words({"code": item.code, "values": item.values}, gettext)


def _as_json(found: Look) -> dict[str, object]:
    return {
        "good": found.good,
        "at": clock.text(connection.now()),
        "items": [
            {
                "code": item.code,
                "state": item.state,
                "text": item_words(item) if item.state != "good" else gettext(TONIGHT[item.code][0]),
            }
            for item in found.items
        ],
    }
