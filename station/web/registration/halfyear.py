"""The half-yearly look at each record: what is to be asked, one question after the other, on a phone or at the desk."""

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import duty, elders, portraits, search
from station.care import halfyear
from station.care.halfyear import Question, Work
from station.elders import Elder
from station.issuing import records
from station.web import access, connection
from station.web.registration.blueprint import WHO, bp, elder_here, my_communities, my_station, note
from station.web.registration.trying import due_count

# Where each wrong fact is mended.
MENDING = {"home": "address", "health": "health_notes", "photo": "photo"}


@bp.get("/elders/checks")
@access.allowed(*WHO)
def checks_due() -> ResponseReturnValue:
    """Whose half year is over, and how many records are true."""
    work, names = _work()
    fresh, every = halfyear.confirmed_lately(connection.get_db(), g.staff.station, connection.now())
    return render_template(
        "registry/checks.html", work=work, names=names, fresh=fresh, every=every,
        communities={area.id: area.name for area in my_communities()}, samples=due_count(),
    )  # fmt: skip


@bp.get("/elders/checks/print")
@access.allowed(*WHO)
def print_checks() -> ResponseReturnValue:
    """A list for a walk from door to door: name and door, ends of phone numbers, boxes. No illness, no photo."""
    work, _ = _work()
    db, vault = connection.get_db(), connection.get_vault()
    for one in work:
        note("elder.checklist", f"elder/{one.elder_id}")
    people = [elders.get(db, vault, one.elder_id) for one in work]
    return render_template(
        "registry/checks_print.html", people=people, station=my_station(), now=connection.now(),
        badges={one.id: [b.number for b in records.of_elder(db, one.id) if b.state == "worn"] for one in people},
    )  # fmt: skip


@bp.post("/elders/checks/seen")
@access.allowed(*WHO)
def put_away_week() -> ResponseReturnValue:
    halfyear.put_away(connection.get_db(), g.staff.station, this_week(), by=g.staff.id, now=connection.now())
    return redirect(url_for(".people"), code=303)


@bp.get("/elders/<int:elder_id>/check")
@access.allowed(*WHO)
def check_record(elder_id: int) -> ResponseReturnValue:
    elder = elder_here(elder_id)
    note("elder.check", f"elder/{elder_id}")
    db = connection.get_db()
    asked = halfyear.questions(db, elder_id)
    return render_template(
        "registry/check.html",
        elder=elder,
        address=elder.address.removeprefix(my_station().address_prefix),
        contacts={one.id: one for one in elder.contacts},
        asked=asked,
        now_asked=_chosen(asked),
        done=sum(one.answer == "yes" for one in asked),
        photo_at=portraits.added_at(db, elder_id),
        confirmed_at=halfyear.last_confirmed(db, elder_id),
        is_whole=request.args.get("whole") == "1",
        words=halfyear,
        next_one=next(
            (one.elder_id for one in _due() if one.elder_id != elder_id and one.state == "due"), None
        ),
    )


@bp.post("/elders/<int:elder_id>/check")
@access.allowed(*WHO)
def answer_check(elder_id: int) -> ResponseReturnValue:
    """One press, one answer. A wrong fact leads straight to where it is mended."""
    elder = elder_here(elder_id)
    code, said = request.form.get("question", ""), request.form.get("answer", "")
    contact_id = request.form.get("contact_id", type=int)
    whole = halfyear.answer(
        connection.get_db(),
        connection.get_vault(),
        elder_id,
        (code, contact_id),
        said,
        by=g.staff.id,
        now=connection.now(),
    )
    if said == "no":
        return redirect(_mending(elder, code, contact_id), code=303)
    return redirect(url_for(".check_record", elder_id=elder_id, whole=1 if whole else None), code=303)


def this_week() -> str:
    return halfyear.week_of(duty.local(connection.now(), connection.config().timezone))


def reminder() -> int | None:
    """How many records this week's reminder on the board counts."""
    return halfyear.reminder(connection.get_db(), g.staff.station, this_week())


def _due() -> list[Work]:
    return halfyear.due(connection.get_db(), g.staff.station, connection.now())


def _work() -> tuple[list[Work], dict[int, str]]:
    """The work of the station, and the names of those whom it is about; who was erased is not among them."""
    db, vault, work = connection.get_db(), connection.get_vault(), _due()
    found = search.people(db, vault, {one.elder_id for one in work}, station=g.staff.station)
    names = {one.elder_id: one.name for one in found}
    return [one for one in work if one.elder_id in names], names


def _chosen(asked: list[Question]) -> Question | None:
    """The question that the address names, else the first without an answer, else the first that does not hold."""
    wanted = request.args.get("at", -1, type=int)
    if 0 <= wanted < len(asked):
        return asked[wanted]
    unanswered = [one for one in asked if not one.answer]
    wrong = [one for one in asked if one.answer != "yes"]
    return next(iter(unanswered or wrong), None)


def _mending(elder: Elder, code: str, contact_id: int | None) -> str:
    if code == "photo":
        return url_for(".record", elder_id=elder.id) + "#photo-title"
    place = next((n for n, one in enumerate(elder.own_contacts, 1) if one.id == contact_id), 1)
    field = f"contact{place}_phone" if code == "phone" else MENDING[code]
    return url_for(".edit", elder_id=elder.id) + f"#{field}"
