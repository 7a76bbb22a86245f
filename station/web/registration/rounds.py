"""The round of a worker who brings badges: the list to walk by, on the phone and on paper, and each door."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import accounts, elders, vocabulary
from station.delivery import listing, refusing
from station.delivery.listing import Choice, Stop
from station.errors import Invalid
from station.issuing import records, trips
from station.issuing.records import Badge
from station.issuing.trips import Outcome
from station.web import access, connection, elder_form, pages
from station.web.registration.blueprint import WHO, badge_here, bp, my_station, note
from station.web.registration.record import Shown

DAYS_OFFERED = 22  # from today on, of the days for the next try


@bp.get("/deliveries")
@access.allowed(*WHO)
def rounds() -> ResponseReturnValue:
    return _list()


@bp.post("/deliveries/take")
@access.allowed(*WHO)
def take() -> ResponseReturnValue:
    """Into the bag with all that are ticked; from now on they are on their way."""
    chosen = [badge_here(badge_id).id for badge_id in request.form.getlist("badge", type=int)]
    if not chosen:
        return _list(Invalid("badge", "Tick at least one badge.")), 422
    trips.take(connection.get_db(), connection.get_vault(), chosen, by=g.staff.id, now=connection.now())
    return redirect(url_for(".rounds", who="me"), code=303)


@bp.get("/deliveries/sheet")
@access.allowed(*WHO)
def sheet() -> ResponseReturnValue:
    """The same doors on paper, without what a lost sheet should not tell: no full name, no phone, no illness."""
    found = _chosen(_stops())
    note("delivery.sheet", f"station/{g.staff.station}")
    return render_template(
        "registry/sheet.html",
        areas=listing.areas(found),
        count=len(found),
        station=my_station(),
        now=connection.now(),
    )


@bp.get("/deliveries/<int:badge_id>")
@access.allowed(*WHO)
def door(badge_id: int) -> ResponseReturnValue:
    badge = badge_here(badge_id)
    if badge.elder_id is None or badge.state in records.ENDED:
        return redirect(url_for(".rounds"), code=303)
    return door_page(badge)


@bp.post("/deliveries/<int:badge_id>/outcome")
@access.allowed(*WHO)
def outcome(badge_id: int) -> ResponseReturnValue:
    """What came of a try: nobody at home, agreed with the family, not wanted, put back."""
    badge = badge_here(badge_id)
    try:
        _note(badge)
    except Invalid as error:
        if badge.elder_id is None:
            raise
        return door_page(badge, {error.field: pages.error_text(error)}), 422
    return redirect(url_for(".rounds", who=request.form.get("who") or None), code=303)


def door_page(
    badge: Badge, wrong: dict[str, str] | None = None, code_error: dict[str, Any] | None = None
) -> str:
    """One door on a worker's phone, with its audit row."""
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    assert badge.elder_id is not None, "blank stock has no door"
    note("elder.view", f"elder/{badge.elder_id}")
    elder = elders.get(db, vault, badge.elder_id)
    return render_template(
        "registry/door.html",
        elder=elder,
        address=elder.address.removeprefix(my_station().address_prefix),
        shown=Shown.read(db, badge),
        trip=trips.of_badge(db, badge.id),
        staff=_staff(),
        now=now,
        today=elder_form.today(),
        days=[elder_form.today() + timedelta(days=n) for n in range(DAYS_OFFERED)],
        reasons=vocabulary.REFUSALS,
        form_id=elder_form.form_id(),
        wrong=wrong or {},
        code_error=code_error or {},
        next_on=request.form.get("next_on", ""),
    )


def _note(badge: Badge) -> None:
    """Raises Invalid, Conflict."""
    db, vault = connection.get_db(), connection.get_vault()
    said = {"today": elder_form.today(), "by": g.staff.id, "now": connection.now()}
    step = request.form.get("step", "")
    form_id = f"{elder_form.form_id()}-{step}"
    if step == "refused":
        refusing.refuse(db, vault, badge.id, request.form.get("reason", ""), form_id=form_id, **said)
    else:
        trips.note(db, vault, badge.id, Outcome(step, form_id, _day("next_on")), **said)


def _list(error: Invalid | None = None) -> str:
    everybody = _stops()
    shown, today = _chosen(everybody), elder_form.today()
    note("delivery.list", f"station/{g.staff.station}")
    return render_template(
        "registry/rounds.html",
        areas=listing.areas(shown),
        count=len(shown),
        all_areas=listing.areas(everybody),
        counts=_counts(everybody, today),
        query={key: request.args[key] for key in ("area", "who", "when") if request.args.get(key)},
        staff=_staff(),
        today=today,
        wrong=pages.error_text(error) if error else "",
    )


def _counts(found: Sequence[Stop], today: date) -> dict[str, int]:
    """How many doors each tab of the list leads to."""
    return {
        "due": sum(stop.trip.is_due(today) for stop in found),
        "mine": sum(stop.trip.carrier == g.staff.id for stop in found),
        "all": len(found),
    }


def _stops() -> list[Stop]:
    db, vault = connection.get_db(), connection.get_vault()
    return listing.stops(db, vault, g.staff.station, connection.now())


def _chosen(found: Sequence[Stop]) -> list[Stop]:
    """As the address of the page says: one area, what I carry, or also what is for later."""
    mine = request.args.get("who") == "me"
    later = mine or request.args.get("when") == "all"
    choice = Choice(request.args.get("area", ""), g.staff.id if mine else None, later)
    return [stop for stop in found if choice.takes(stop, elder_form.today())]


def _staff() -> dict[int, str]:
    db, vault = connection.get_db(), connection.get_vault()
    return {one.id: one.name for one in accounts.all_staff(db, vault, g.staff.station)}


def _day(name: str) -> date | None:
    """The date that a field holds; None when it holds none."""
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        return None
