"""A badge that is scanned from many networks, and the staff's messages about it."""

import uuid
from datetime import timedelta

import pytest
from conftest import NOW, Home, Wearer

from station import places
from station.incidents import acts, reports
from station.incidents.intake import Report, Sighting
from station.incidents.reports import Door
from station.issuing import records

DUTY = 2
JSON = {"Accept": "application/json"}
HERE = Sighting(places.Point(43.8255, 126.5601), 15.0)
FAR = Sighting(places.Point(43.8355, 126.5701), 8.0)  # 1.3 km from HERE


@pytest.fixture
def scan(home: Home, wang: Wearer):
    """`scan(seconds, "source", act=…)` reports Wang's badge from a network."""
    serial = records.get(home.db, wang.badge_id).serial

    def report(seconds: float = 0, source: str = "finder", act: str = "with_elder", **sent) -> reports.Answer:
        door = Door(1, serial, source.encode())
        report = Report(uuid.uuid4().hex, act, **sent)
        return reports.report(home.db, home.vault, door, report, NOW + timedelta(seconds=seconds))

    return report


@pytest.fixture
def held(home, watch, scan) -> int:
    """An open incident that the officer on duty has taken, so that the ladder is silent."""
    incident = scan().incident_id
    watch.at(0)
    acts.claim(home.db, incident, "both", by=DUTY, now=NOW)
    watch.at(1)
    return incident


def count(home: Home, table: str) -> int:
    return home.db.scalar(f"SELECT count(*) FROM {table}")  # noqa: S608
