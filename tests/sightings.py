"""Finders' reports and phone calls, as the tests of the desk need them."""

import uuid

import pytest
from conftest import NOW, Desk, Home, Wearer

from station import clock, places
from station.incidents import calls, reports
from station.incidents.intake import Report, Sighting
from station.incidents.reports import Answer, Door
from station.issuing import records

MARKET = places.Point(43.8168, 126.5683)  # 690 m south-east of the station


def scan(home: Home, wearer: Wearer, act: str = "with_elder", **told) -> Answer:
    """A press on the page behind a badge. `told`: point, accuracy_m, place, note, phone."""
    badge = records.get(home.db, wearer.badge_id)
    sighting = Sighting(told.get("point"), told.get("accuracy_m"), told.get("place", ""))
    sent = Report(uuid.uuid4().hex, act, sighting, told.get("note", ""), told.get("phone", ""))
    return reports.report(home.db, home.vault, Door(badge.station, badge.serial), sent, clock.utcnow())


def incident(home: Home, serial: int) -> int:
    """Somebody is with the wearer of a badge of which no more is known than its serial number."""
    sent = Report(uuid.uuid4().hex, "with_elder")
    opened = reports.report(home.db, home.vault, Door(1, serial), sent, NOW).incident_id
    assert opened
    return opened


def at_market(home: Home, wearer: Wearer, act: str = "with_elder") -> Answer:
    return scan(
        home,
        wearer,
        act,
        point=MARKET,
        accuracy_m=15.0,
        place="东市场公交站旁",
        note="穿红棉袄",
        phone="19900000055",
    )


def call_in(home: Home, **said) -> int:
    """Somebody rings without a badge number."""
    call = calls.Call(uuid.uuid4().hex, **({"place": "解放路口"} | said))
    return calls.take(home.db, home.vault, call, station=1, by=2, now=clock.utcnow())


@pytest.fixture
def lost(home, wang):
    """Granny Wang stands at the market; a finder has said so."""
    return at_market(home, wang).incident_id


def views_of_elders(home: Home) -> int:
    return home.db.scalar("SELECT count(*) FROM audit WHERE action = 'elder.view'")


def state(home: Home, incident_id: int) -> tuple[str, int]:
    """Where an incident stands, and its version."""
    return tuple(home.db.row("SELECT state, version FROM incident WHERE id = ?", incident_id).values())


def lead(home: Home, officer: Desk, incident_id: int, *states: str, **more: str) -> None:
    """An officer's steps, one after the other."""
    path = f"/desk/incidents/{incident_id}/move"
    for state in states:
        version = home.db.scalar("SELECT version FROM incident WHERE id = ?", incident_id)
        step = {"state": state, "version": version, **more}
        assert officer.post(path, json=step, headers={"Accept": "application/json"}).status_code == 200
