"""The console: open incidents, who is on duty, the form for a call."""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import g, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from station import accounts, communities, doubts, duty, phones
from station.accounts import Staff
from station.communities import Station
from station.doubts import Doubt
from station.incidents import elsewhere, events, feed, repeats, views
from station.incidents.elsewhere import Elsewhere
from station.incidents.feed import Quiet
from station.incidents.views import Brief
from station.web import access, connection
from station.web.desk import answers, wording
from station.web.desk.blueprint import LOOK, bp, sees_people

RECENT = timedelta(hours=24)


@dataclass(frozen=True)
class Row:
    """One incident in the list."""

    brief: Brief
    where: str
    holders: list[str]
    again: bool  # the elder is lost again and again


@dataclass(frozen=True)
class Board:
    """What stands beside every case. `last` is the newest event that the lists already show."""

    last: int
    station: Station
    open: list[Row]
    closed: list[Brief]
    elsewhere: list[Elsewhere]
    quiet: list[Quiet]
    on_duty: list[Staff]
    backup: list[Staff]
    doubts: list[Doubt]
    doubts_count: int
    form_id: str
    call: dict[str, str] = field(default_factory=dict)

    def tel_of(self, e164: str) -> str:
        return phones.from_e164(e164).tel_uri

    def shown_phone(self, e164: str) -> str:
        return phones.from_e164(e164).shown


@bp.get("/desk")
@access.allowed(*LOOK)
def console() -> ResponseReturnValue:
    return page()


@bp.get("/desk/incidents")
@access.allowed(*LOOK)
def incidents() -> ResponseReturnValue:
    """Open incidents, unanswered first; without `open=1` also those closed lately."""
    if not access.wants_json():
        return page()
    db = connection.get_db()
    found = views.open_ones(db, g.staff.station)
    if request.args.get("open") != "1":
        found += views.closed_ones(db, g.staff.station)
    return jsonify([answers.line(shown) for shown in found])


def page(*, status: int = 200, **shown: Any) -> ResponseReturnValue:
    """The console without a case; `shown` may hold the words of a call form and what was wrong with it."""
    return render_template("desk/console.html", board=board(**shown), **shown), status


def board(call: dict[str, str] | None = None, **_: Any) -> Board:
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    number = g.staff.station
    last = events.newest_id(db)  # before the lists, so that nothing falls between them and the feed
    station = communities.station(db, number)
    recent = [one for one in views.closed_ones(db, number) if one.closed_at and now - one.closed_at < RECENT]
    everybody = {staff.id: staff for staff in accounts.all_staff(db, vault, number)}
    roster, timezone = duty.read(db, number), connection.config().timezone
    on_duty, backup = (
        [everybody[n] for n in duty.at(roster, level, now, timezone) if n in everybody]
        for level in duty.LEVELS
    )
    doubted, count = doubts.unseen(db, vault, number)
    return Board(
        last=last,
        station=station,
        open=[_row(station, one) for one in views.open_ones(db, number)],
        closed=recent,
        elsewhere=elsewhere.of_station(db, connection.ring(), number, g.staff.id) if sees_people() else [],
        quiet=feed.quiet(db, number, now - RECENT),
        on_duty=on_duty,
        backup=backup,
        doubts=doubted,
        doubts_count=count,
        form_id=uuid.uuid4().hex,
        call=call or {},
    )


def _row(station: Station, shown: Brief) -> Row:
    db, vault = connection.get_db(), connection.get_vault()
    best = views.best_place(db, vault, shown.id) if sees_people() else None
    names = [staff.name for staff in views.holders(db, vault, shown).values()]
    again = sees_people() and shown.elder_id is not None
    again = again and repeats.of_elder(db, shown.elder_id or 0, connection.now()).is_flagged
    return Row(shown, wording.where(station, best) if best else "", list(dict.fromkeys(names)), again)
