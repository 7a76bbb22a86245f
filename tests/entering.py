"""Elders entered at the registration desk, and what that left in the tables."""

import io
import re
import uuid
from dataclasses import replace

import pytest
from conftest import NOW, WANG, Desk, Home
from PIL import Image

from station import clock, communities, elders, enrolment
from station.applications import intake
from station.db import transaction

LI = {
    "name": "李桂芬",
    "identity_number": "22021119460305004X",
    "address": "帝景小区105号楼2单元301",
    "community_id": "1",
    "contact1_name": "李强",
    "contact1_phone": "19900000123",
    "contact1_relation": "son",
    "health_notes": ["memory", "diabetes"],
    "consents": ["record", "family_place"],
    "history": "喜欢去江边。",
    "given_by": "relative",
}

# What may change although nothing was saved: the session, and the draft with its key.
BESIDE = ("session", "draft", "dek")


def form(**changes) -> dict:
    return {**LI, "form_id": uuid.uuid4().hex, "do": "save", **changes}


def id_of(answer) -> int:
    assert answer.status_code == 303, answer.text
    return int(re.fullmatch(r"/elders/(\d+)", answer.headers["Location"])[1])


def counts(home: Home, *without: str) -> dict[str, int]:
    """The number of rows of every table but the given ones."""
    found = {}
    for db in (home.db, home.vault.keys):
        for row in db.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"):
            if row["name"] not in without:
                found[row["name"]] = db.scalar(f"SELECT count(*) FROM {row['name']}")
    return found


def actions(home: Home) -> list[str]:
    return [row["action"] for row in home.db.rows("SELECT action FROM audit ORDER BY seq")]


def jpeg(width: int = 60, height: int = 80) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


@pytest.fixture
def far_away(home: Home) -> int:
    """An elder of another station that the same machine serves."""
    here = communities.station(home.db, 1)
    with transaction(home.db):
        communities.add_station(home.db, replace(here, number=2, name="江北社区防走失驿站"))
        place = communities.add_community(
            home.db, station=2, name="江北社区", lat=43.9, lon=126.5, radius_m=900
        )
    locality = enrolment.Locality("0432", "", frozenset([place]))
    typed = replace(WANG, community_id=str(place))
    checked = enrolment.check(typed, locality, NOW.date())
    return elders.register(home.db, home.vault, checked, form_id="far", station=2, by=None, now=NOW)


@pytest.fixture
def applied(home: Home) -> int:
    """A family's application that waits."""
    typed = replace(WANG, name="赵桂芝", contacts=(enrolment.ContactForm("赵刚", "19900000077", "son"),))
    locality = enrolment.Locality("0432", "吉林省吉林市丰满区龙城社区", frozenset([1, 2]))
    checked = enrolment.check(typed, locality, NOW.date())
    intake.receive(home.db, home.vault, typed, checked, form_id="b" * 32, station=1, now=NOW)
    return int(home.db.scalar("SELECT max(id) FROM application"))


def refuse(home: Home, elder_id: int, item: str) -> None:
    """The family has taken back its consent to something."""
    with transaction(home.db):
        home.db.insert(
            "consent",
            elder_id=elder_id,
            item=item,
            given=0,
            given_by="relative",
            means="desk",
            text_version="1",
            at=clock.text(NOW),
        )
