"""Incidents as JSON; ids are text, times ISO 8601 in UTC."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from station import clock
from station.accounts import Staff
from station.incidents import views
from station.incidents.disclosures import Disclosure
from station.incidents.intake import Sighting
from station.incidents.views import Brief
from station.landmarks.records import Near
from station.web import connection
from station.web.desk import wording
from station.web.desk.blueprint import sees_people
from station.web.desk.case import Case, Person


def line(shown: Brief) -> dict[str, Any]:
    """One incident of the list; where it is only for those who see people."""
    db, vault = connection.get_db(), connection.get_vault()
    best = views.best_place(db, vault, shown.id) if sees_people() else Sighting()
    finding = views.finding_community(db, shown)
    names = {slot: staff.name for slot, staff in views.holders(db, vault, shown).items()}
    return {
        "id": str(shown.id),
        "state": shown.state,
        "version": shown.version,
        "kind": shown.kind,
        "source": shown.source,
        "badge_number": shown.badge_number,
        "badge_state": shown.badge_state,
        "opened_at": clock.text(shown.opened_at),
        "arrives_at": _time(shown.arrives_at),
        "closed_at": _time(shown.closed_at),
        "outcome": shown.outcome,
        "on_site_by": names.get("on_site"),
        "liaison_by": names.get("liaison"),
        "place": place(best),
        "community": finding.name if finding else None,
        "scans": shown.scans,
        "act": shown.last_act,
        "hurt": shown.hurt,
    }


def place(sighting: Sighting) -> dict[str, Any] | None:
    if sighting == Sighting():
        return None
    return {
        "lat": sighting.point.lat if sighting.point else None,
        "lon": sighting.point.lon if sighting.point else None,
        "accuracy_m": sighting.accuracy_m,
        "place": sighting.place,
    }


def whole(case: Case) -> dict[str, Any]:
    """One incident with all that its page shows."""
    return line(case.brief) | {
        "station": case.brief.station,
        "hotline": case.station.hotline,
        "prior": str(case.brief.prior_id) if case.brief.prior_id else None,
        "urgency": _urgency(case),
        "repeats": asdict(case.care.again) if case.care.again else None,
        "offset": case.spot.offset if case.spot else None,
        "map_links": {link.app: link.url for link in case.spot.links} if case.spot else {},
        "secretaries": [_colleague(staff) for staff in case.secretaries],
        "elder": elder(case.person) if case.person else None,
        "contacts": contacts(case.person) if case.person else [],
        "candidates": [
            {
                "landmark": str(one.landmark.landmark_id),
                "name": one.landmark.name,
                "kind": one.landmark.kind,
                "offset": one.offset,
            }
            for one in case.maybe
        ],
        "safe_places": [_safe(near) for near in case.safe],
        "told": [_told(case, told) for told in case.whole.told],
        "messages": [
            {
                "from": said.side,
                "at": clock.text(said.at),
                "text": said.text,
                "by": case.names.get(said.staff_id or 0),
            }
            for said in case.whole.said
        ],
        "timeline": [{"at": clock.text(line.at), "text": line.text} for line in case.story()],
        "handover": case.whole.handover,
        "helpers": [
            {"scan": str(one.scan_id), "code": one.code, "at": clock.text(one.at), "act": one.act}
            for one in case.showing.finders
        ],
        "disclosures": [_disclosure(case, one) for one in case.showing.shown],
    }


def _urgency(case: Case) -> dict[str, Any] | None:
    hurry = case.care.hurry
    if hurry is None:
        return None
    return {"factor": hurry.factor, "minutes": hurry.minutes, "degrees": hurry.degrees, "why": case.care.why}


def elder(person: Person) -> dict[str, Any]:
    record = person.record
    return {
        "id": str(record.id),
        "name": record.name,
        "call_name": record.call_name,
        "age": person.age,
        "sex": record.sex,
        "address": record.address,
        "community": person.home,
        "health_notes": person.notes,
        "history": record.history,
        "status": record.status,
        "has_photo": record.has_photo,
    }


def contacts(person: Person) -> list[dict[str, Any]]:
    kept = ("position", "name", "phone", "relation")
    return [{key: asdict(contact)[key] for key in kept} for contact in person.record.contacts]


def _safe(near: Near) -> dict[str, Any]:
    place = near.landmark
    return {
        "landmark": str(place.id),
        "name": place.name,
        "distance_m": near.distance_m,
        "hours": place.hours,
        "phone": place.phone,
    }


def _told(case: Case, told: views.Told) -> dict[str, Any]:
    return {
        "at": clock.text(told.at),
        "act": told.act,
        "code": told.code,
        "place": place(Sighting(told.point, told.accuracy_m, told.place)),
        "basis": told.basis,
        "near": told.near,
        "offset": wording.offset(case.station, told.point) if told.point else None,
        "note": told.note,
        "phone": told.phone,
        "more": told.more,
        "more_until": clock.text(told.last_at) if told.last_at else None,
        "newest": told.last,
    }


def _disclosure(case: Case, one: Disclosure) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "scan": str(one.scan_id),
        "item": one.item,
        "reason": one.reason,
        "cause": one.cause,
        "words": one.words,
        "by": case.names.get(one.staff_id),
        "at": clock.text(one.at),
        "until": clock.text(one.ended_at or one.until),
        "live": case.showing.is_live(one) and bool(case.showing.offers),
    }


def _colleague(staff: Staff) -> dict[str, str]:
    return {"name": staff.name, "phone": staff.phone}


def _time(moment: datetime | None) -> str | None:
    return clock.text(moment) if moment else None
