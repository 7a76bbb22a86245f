"""One elder's record: seen, corrected, marked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from station import (
    accounts,
    addresses,
    ages,
    cards,
    clock,
    communities,
    consents,
    coverage,
    institutions,
    portraits,
    trials,
    voices,
)
from station.care import endings, halfyear, moves
from station.db import StationDatabase
from station.errors import Invalid
from station.incidents import repeats
from station.issuing import batches, checks, life, records, rehearsals, trips
from station.issuing.batches import Batch
from station.issuing.checks import Check
from station.issuing.records import Badge
from station.issuing.rehearsals import Answer
from station.issuing.trips import Trip
from station.web import access, connection, elder_form, pages
from station.web.registration import relatives
from station.web.registration.blueprint import WHO, bp, elder_here, my_station, note


@dataclass(frozen=True)
class Shown:
    """A badge on the record, with what became of it since it was made."""

    badge: Badge
    batch: Batch | None  # the newest print file that it is in
    tested_at: datetime | None  # when the real thing was last scanned in its newest window
    checks: list[Check]
    answers: dict[int, Answer]  # by contact, of the newest rehearsal
    is_confirmed: bool
    is_unproven: bool  # its number was typed, and nothing has read the real thing since
    trip: Trip  # to the door

    @classmethod
    def read(cls, db: StationDatabase, badge: Badge) -> "Shown":
        batch, seen = batches.of_badge(db, badge.id), checks.of_badge(db, badge.id)
        answers, known = rehearsals.answers(db, badge), rehearsals.is_confirmed(db, badge.id)
        unproven, trip = checks.is_unproven(db, badge.id), trips.of_badge(db, badge.id)
        return cls(badge, batch, life.last_test(db, badge), seen, answers, known, unproven, trip)


@bp.get("/elders/<int:elder_id>")
@access.allowed(*WHO)
def record(elder_id: int) -> ResponseReturnValue:
    return record_page(elder_id)


@bp.get("/elders/<int:elder_id>/photo.jpg")
@access.allowed(*WHO)
def photo(elder_id: int) -> ResponseReturnValue:
    elder_here(elder_id)
    jpeg = portraits.jpeg(connection.get_db(), connection.get_vault(), elder_id)
    note("elder.photo.view", f"elder/{elder_id}")
    return Response(jpeg, mimetype="image/jpeg")


@bp.post("/elders/<int:elder_id>/photo")
@access.allowed(*WHO)
def set_photo(elder_id: int) -> ResponseReturnValue:
    elder_here(elder_id)
    try:
        jpeg = elder_form.read_photo()
        if not jpeg:
            raise Invalid("photo", "Choose a photo first.")
    except Invalid as error:
        return record_page(elder_id, photo_error=pages.error_text(error)), 422
    _keep_photo(elder_id, jpeg)
    return redirect(url_for(".record", elder_id=elder_id), code=303)


def record_page(
    elder_id: int,
    photo_error: str = "",
    voice_error: str = "",
    way_error: dict[str, Any] | None = None,
    code_error: dict[str, Any] | None = None,
) -> Response:
    """The record as a page, with its audit row; errors of the small forms on it stand beside them."""
    db, vault, elder = connection.get_db(), connection.get_vault(), elder_here(elder_id)
    note("elder.view", f"elder/{elder_id}")
    ledger = consents.ledger(db, elder_id)
    html = render_template(
        "registry/record.html",
        elder=elder,
        again=_again(elder_id),
        age=ages.of(elder.birth_date, elder_form.today()),
        community=communities.community(db, elder.community_id).name,
        badges=[Shown.read(db, badge) for badge in records.of_elder(db, elder_id)],
        code_error=code_error or {},
        now=connection.now(),
        today=elder_form.today(),
        ledger=[{**row, "at": clock.parse(row["at"])} for row in ledger],
        staff={one.id: one.name for one in accounts.all_staff(db, vault, elder.station)}
        | accounts.names(db, vault, {row["staff_id"] for row in ledger if row["staff_id"]}),
        items=elder_form.shown_items(cards.of_elder(db, vault, elder_id)),
        station=my_station(),
        photo_error=photo_error,
        voice_error=voice_error,
        has_voice=voices.exists(db, elder_id),
        refusal=coverage.refusal_of(db, elder_id),
        trial=trials.of_elder(db, elder_id),
        lives_in=institutions.of_elder(db, elder_id),
        houses=institutions.of_station(db, vault, elder.station),
        form_id=elder_form.form_id(),
        ways=addresses.ways_of_elder(db, vault, elder_id),
        channels=addresses.channels(db, elder.station),
        way_error=way_error or {},
        family=relatives.family_of(elder_id, elder.contacts),
        confirmed_at=halfyear.last_confirmed(db, elder_id),
        is_old=halfyear.last_confirmed(db, elder_id) + halfyear.HALF_YEAR <= connection.now(),
        ending=endings.of_elder(db, elder_id),
        offered=moves.of_elder(db, elder_id),
    )
    # A voice can be recorded here, and nowhere else.
    return Response(
        html,
        mimetype="text/html",
        headers=[("Permissions-Policy", "geolocation=(), camera=(self), microphone=(self)")],
    )


def _again(elder_id: int) -> repeats.Repeats | None:
    """How often the elder was lost lately, when that is too often."""
    found = repeats.of_elder(connection.get_db(), elder_id, connection.now())
    return found if found.is_flagged else None


def _keep_photo(elder_id: int, jpeg: bytes) -> None:
    if jpeg:
        db, vault = connection.get_db(), connection.get_vault()
        portraits.keep(db, vault, elder_id, jpeg, by=g.staff.id, now=connection.now())
