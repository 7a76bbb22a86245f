"""Who was told what, when: as a sheet for the printer, as a PDF file, as a table for spreadsheets, as JSON."""

from flask import Response, g, jsonify, render_template
from flask.typing import ResponseReturnValue

from station import accounts, clock, communities
from station.incidents import events
from station.incidents.views import Brief
from station.selfwatch import evidence
from station.selfwatch.evidence import Attempt
from station.web import access, connection
from station.web.desk import care, sheet, table, wording
from station.web.desk.blueprint import ACT, bp, own


@bp.get("/desk/incidents/<int:incident_id>/evidence")
@access.allowed(*ACT)
def proof(incident_id: int) -> ResponseReturnValue:
    shown = own(incident_id)
    found = _take_out(incident_id, "json" if access.wants_json() else "page")
    if access.wants_json():
        return jsonify(incident=str(incident_id), attempts=[_as_json(one) for one in found])
    db, vault = connection.get_db(), connection.get_vault()
    story = events.of_incident(db, incident_id)
    names = {one.id: one.name for one in accounts.all_staff(db, vault, shown.station)}
    return render_template(
        "desk/proof.html",
        brief=shown,
        station=communities.station(db, shown.station),
        found=found,
        story=[(event.at, wording.happened(event, names)) for event in story],
        person=care.person,
        what=care.what,
        detail=care.detail,
        now=connection.now(),
    )


@bp.get("/desk/incidents/<int:incident_id>/evidence.csv")
@access.allowed(*ACT)
def proof_csv(incident_id: int) -> ResponseReturnValue:
    shown = own(incident_id)
    body = table.of(_take_out(incident_id, "csv"))
    return _file(body, "text/csv", shown, "csv")


@bp.get("/desk/incidents/<int:incident_id>/evidence.pdf")
@access.allowed(*ACT)
def proof_pdf(incident_id: int) -> ResponseReturnValue:
    """Pages that can be filed and compared: the check sum on them stands in the audit log as well."""
    shown = own(incident_id)
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    content = sheet.of(shown, evidence.of_incident(db, vault, incident_id), g.staff.name)
    body = sheet.drawn(content)
    evidence.note(db, vault, incident_id, form=f"pdf {content.mark}", by=g.staff.id, now=now)
    return _file(body, "application/pdf", shown, "pdf")


def _file(body: bytes, kind: str, shown: Brief, ending: str) -> Response:
    """A file whose name says when it was only a drill."""
    name = f"{'drill' if shown.kind == 'drill' else 'incident'}-{shown.id}.{ending}"
    return Response(body, mimetype=kind, headers=[("Content-Disposition", f'attachment; filename="{name}"')])


def _take_out(incident_id: int, form: str) -> list[Attempt]:
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    return evidence.take_out(db, vault, incident_id, form=form, by=g.staff.id, now=now)


def _as_json(one: Attempt) -> dict[str, object]:
    who, role = care.person(one)
    return {
        "at": clock.text(one.at),
        "ended_at": clock.text(one.ended_at) if one.ended_at else None,
        "who": who,
        "role": role,
        "kind": one.kind,
        "step": one.step,
        "attempt": one.number,
        "channel": one.channel,
        "channel_kind": one.channel_kind,
        "result": one.outcome,
        "provider_id": one.provider_id,
        "receipt": one.receipt,
        "receipt_at": clock.text(one.receipt_at) if one.receipt_at else None,
        "receipt_word": one.receipt_word,
        "detail": one.detail,
    }
