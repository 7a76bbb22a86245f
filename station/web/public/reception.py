"""Taking in a finder's report: whatever was sent is read kindly, then kept in the database or in the spool."""

import json
from dataclasses import dataclass, replace
from typing import Any

from flask import jsonify, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from station import spool
from station.incidents import intake, reports
from station.incidents.intake import Ignored, Report, Sighting
from station.incidents.reports import Door
from station.web import connection, damping
from station.web.public import card, notices, page, remarks
from station.web.public.blueprint import source
from station.web.public.card import UNREACHABLE

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True)
class Kept:
    """A report on the disk: in an incident, on the console alone, or waiting in the spool."""

    incident_id: int | None
    status_token: str
    spooled: bool = False
    ignored: tuple[Ignored, ...] = ()  # what turned out only when it was written


def take(station: int, serial: int | None, here: Sighting | None = None) -> ResponseReturnValue:
    """Read and keep the report in the running request; the answer is true only after it is on the disk.

    `here` is where the finder stands when the report tells no better place: the poster's.
    """
    try:
        raw, unread = _body()
    except RequestEntityTooLarge:
        return notices.too_large(card.of_station(station))
    sent, ignored = intake.read(raw, card.point(station))
    if here:
        sent = replace(sent, sighting=_at(here, sent.sighting))
    try:
        kept = keep(station, serial, sent, damping.source())
    except OSError:  # not even the spool takes it
        return notices.not_saved([card.of_station(station)])
    return _answer(kept, [*unread, *ignored], remarks.of_form(sent))


def _at(here: Sighting, told: Sighting) -> Sighting:
    """What was told, with the place of the poster for what is missing."""
    words = told.place or here.place
    return replace(told if told.point else here, place=words)


def as_json(kept: Kept, ignored: list[Ignored], chosen: str = "") -> dict[str, Any]:
    """The answer's fields; docs/http-api.md describes them. `chosen` is the query of language and type size."""
    return {
        "ignored": [{"field": one.field, "reason": one.reason} for one in (*ignored, *kept.ignored)],
        "incident": None if kept.incident_id is None else str(kept.incident_id),
        "page": _page(kept, ignored, chosen),
        "status_url": f"/s/{kept.status_token}",
    }


def _page(kept: Kept, ignored: list[Ignored], chosen: str) -> str:
    """Where the finder reads on: their own page, which also says what was not taken as it was sent."""
    return f"/s/{kept.status_token}{remarks.query((*ignored, *kept.ignored), chosen)}"


def message() -> str:
    """The text of a finder's message; empty when none can be read."""
    text = _body()[0].get("text")
    return text if isinstance(text, str) else ""


def _body() -> tuple[dict[str, Any], list[Ignored]]:
    """The fields that were sent. What is no form and no JSON object is an empty report: somebody pressed."""
    if request.mimetype in FORMS:
        return request.form.to_dict(), []
    try:
        raw = json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError):
        raw = None
    return (raw, []) if isinstance(raw, dict) else ({}, [Ignored("body", "not_known")])


def keep(station: int, serial: int | None, sent: Report, network: bytes) -> Kept:
    """Put a report into the database, else into the spool. Raises OSError when neither takes it."""
    now = connection.now()
    door = Door(station, serial, source(network))
    try:
        answer = reports.report(connection.get_db(), connection.get_vault(), door, sent, now)
        return Kept(answer.incident_id, answer.status_token, ignored=tuple(answer.ignored))
    except UNREACHABLE:
        ring = connection.ring()
        spool.write(
            connection.config().spool,
            ring,
            sent,
            station=door.station,
            serial=door.serial,
            source=door.source,
            now=now,
        )
        return Kept(
            None,
            reports.waiting_token(ring, door.station, door.serial, sent.request_id),
            spooled=True,
        )


def _answer(kept: Kept, ignored: list[Ignored], of_form: list[Ignored]) -> ResponseReturnValue:
    if request.mimetype in FORMS:
        return redirect(_page(kept, [*ignored, *of_form], page.query()), code=303)
    return jsonify(as_json(kept, ignored, page.query())), 202 if kept.spooled else 201
