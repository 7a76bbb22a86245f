"""The gazetteer at the desk: list, enter, edit, retire, take in from a table, hand out as a table, posters."""

import base64
import binascii
import gzip
import zlib
from dataclasses import fields
from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from badges import poster
from badges.errors import BadgeError
from badges.poster import PosterText
from station import phones, tables
from station.errors import Invalid, InvalidForm, UserError
from station.landmarks import files, records
from station.landmarks.records import Entry, Landmark
from station.vocabulary import LANDMARKS
from station.web import access, connection, pages
from station.web.registration.blueprint import WHO, bp, my_communities, my_station

MOST_SHOWN = 200
TOO_LARGE = tables.REASONS["too_large"]
LARGEST_KEPT = 450_000  # characters of a table on its way through the preview; a form may hold 500,000


@bp.get("/landmarks")
@access.allowed(*WHO)
def landmarks() -> ResponseReturnValue:
    return _list()


@bp.get("/landmarks/new")
@access.allowed(*WHO)
def new_landmark() -> ResponseReturnValue:
    return _form(Entry())


@bp.post("/landmarks")
@access.allowed(*WHO)
def add_landmark() -> ResponseReturnValue:
    """Enter one; the same form sent twice makes one."""
    typed = _typed()
    try:
        checked = records.check(typed, my_station(), my_communities())
    except InvalidForm as error:
        return _form(typed, error=error), 422
    db, ring = connection.get_db(), connection.ring()
    records.add(db, ring, checked, station=g.staff.station, by=g.staff.id, now=connection.now())
    return _to_list()


@bp.get("/landmarks/<int:landmark_id>")
@access.allowed(*WHO)
def landmark(landmark_id: int) -> ResponseReturnValue:
    """One landmark with its form."""
    here = _here(landmark_id)
    return _form(_entry(here), here)


@bp.post("/landmarks/<int:landmark_id>")
@access.allowed(*WHO)
def change_landmark(landmark_id: int) -> ResponseReturnValue:
    here, typed = _here(landmark_id), _typed()
    db, ring = connection.get_db(), connection.ring()
    try:
        checked = records.check(typed, my_station(), my_communities())
        records.change(db, ring, here.id, checked, by=g.staff.id, now=connection.now())
    except UserError as error:
        return _form(typed, here, error), error.status
    return _to_list()


@bp.post("/landmarks/<int:landmark_id>/retire")
@access.allowed(*WHO)
def retire_landmark(landmark_id: int) -> ResponseReturnValue:
    here = _here(landmark_id)
    records.retire(connection.get_db(), connection.ring(), here.id, by=g.staff.id, now=connection.now())
    return _to_list()


@bp.get("/landmarks/<int:landmark_id>/poster.pdf")
@access.allowed(*WHO)
def landmark_poster(landmark_id: int) -> ResponseReturnValue:
    """A poster for the door, A6 or, with ?size=a5, twice as large."""
    here, station = _here(landmark_id), my_station()
    url = f"{connection.config().base_url}/p/{here.code}"
    text = PosterText(url, here.name, phones.from_e164(station.hotline).shown, station.name)
    size = "a5" if request.args.get("size") == "a5" else "a6"
    try:
        content = poster.draw(text, size=size, theme=station.theme)
    except BadgeError as error:
        wrong = Invalid("name", "No poster can be made of this name: %(reason)s", reason=str(error))
        return _form(_entry(here), here, wrong), 422
    headers = {"Content-Disposition": f'attachment; filename="poster-{here.code}-{size}.pdf"'}
    return Response(content, mimetype="application/pdf", headers=headers)


@bp.get("/landmarks/export.csv")
@access.allowed(*WHO)
def export_landmarks() -> ResponseReturnValue:
    content = files.write(records.listing(connection.get_db(), g.staff.station), my_communities())
    headers = {"Content-Disposition": 'attachment; filename="landmarks.csv"'}
    return Response(content, mimetype="text/csv", headers=headers)


@bp.post("/landmarks/import")
@access.allowed(*WHO)
def import_landmarks() -> ResponseReturnValue:
    """First a preview with what is wrong in each row; then, by the second button, what is right is saved."""
    crs = request.form.get("crs", "wgs84")
    try:
        content = _kept() if request.form.get("do") == "save" else _uploaded()
        found = files.read(content, crs, my_station(), my_communities())
    except Invalid as error:
        return _list(error), 422
    if request.form.get("do") == "save":
        db, ring, now = connection.get_db(), connection.ring(), connection.now()
        records.take_in(db, ring, found.good, station=g.staff.station, by=g.staff.id, now=now)
        return _to_list()
    kept = base64.b64encode(gzip.compress(content, mtime=0)).decode()
    if len(kept) > LARGEST_KEPT:
        return _list(Invalid("file", TOO_LARGE)), 422
    return render_template(
        "registry/landmarks_preview.html", found=found, kept=kept, crs=crs, text=pages.error_text
    )


def _uploaded() -> bytes:
    file = request.files.get("file")
    content = file.read() if file else b""
    if not content:
        raise Invalid("file", "Choose a file first.")
    return content


def _kept() -> bytes:
    """The table of the preview, which came along in the page."""
    try:
        packed = base64.b64decode(request.form.get("kept", ""), validate=True)
        unpacked = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, tables.LARGEST + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise Invalid("file", "Choose the file once more.") from error
    return unpacked


def _here(landmark_id: int) -> Landmark:
    """A landmark of the caller's own station. Raises NotFound for any other."""
    found = records.get(connection.get_db(), landmark_id)
    access.own_station(found.station)
    return found


def _typed() -> Entry:
    plain, form = Entry(), request.form
    texts: dict[str, Any] = {one.name: form.get(one.name, getattr(plain, one.name)) for one in fields(Entry)}
    return Entry(**texts | {"safe": bool(form.get("safe"))})


def _entry(one: Landmark) -> Entry:
    return Entry(
        kind=one.kind,
        name=one.name,
        lat=str(one.lat),
        lon=str(one.lon),
        also=one.also,
        safe=one.safe,
        hours=one.hours,
        phone=phones.from_e164(one.phone).shown if one.phone else "",
        community_id=str(one.community_id or ""),
    )


def _form(typed: Entry, here: Landmark | None = None, error: UserError | None = None) -> str:
    errors = error.errors if isinstance(error, InvalidForm) else [error] if isinstance(error, Invalid) else []
    shown: dict[str, Any] = {one.field: pages.error_text(one) for one in errors}
    other = pages.error_text(error) if error and not errors else ""
    return render_template(
        "registry/landmark.html",
        typed=typed,
        here=here,
        errors=shown,
        other=other,
        kinds=[(code, gettext(text)) for code, text in LANDMARKS.items()],
        choices=[("", gettext("the one around it")), *((one.id, one.name) for one in my_communities())],
    )


def _list(error: Invalid | None = None) -> str:
    query = request.args.get("q", "").strip()
    known = records.listing(connection.get_db(), g.staff.station)
    found = [one for one in known if query in one.name or query in one.also] if query else known
    return render_template(
        "registry/landmarks.html",
        found=found[:MOST_SHOWN],
        count=len(found),
        total=len(known),
        query=query,
        wrong=pages.error_text(error) if error else "",
        communities={one.id: one.name for one in my_communities()},
    )


def _to_list() -> ResponseReturnValue:
    return redirect(url_for(".landmarks"), code=303)
