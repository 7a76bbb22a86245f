"""An application from home at the station's records: a draft, and the same sent."""

import io
from datetime import timedelta

import pytest
from conftest import NOW, Home
from PIL import Image

from station import enrolment
from station.applications import drafts, pictures, records
from station.applications.drafts import Content
from station.enrolment import ContactForm, ElderForm

ZHAO = ElderForm(
    name="赵桂芝",
    identity_number="220211194411020022",
    address="江畔小区7号楼1单元202",
    community_id="1",
    contacts=(ContactForm("赵刚", "199 0000 0077", "son"),),
    consents=("record", "photo"),
)
PHONE = "+8619900000077"


def later(**parts: float):
    return NOW + timedelta(**parts)


def jpeg(colour: str = "teal", size: tuple[int, int] = (640, 400)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


def checked(form: ElderForm = ZHAO) -> enrolment.Enrolment:
    return enrolment.check(form, enrolment.Locality("0432", "吉林省", frozenset([1, 2])), NOW.date())


@pytest.fixture
def draft(home: Home) -> drafts.Draft:
    return drafts.begin(home.db, home.vault, Content(ZHAO), NOW)


@pytest.fixture
def sent(home: Home, draft) -> records.Application:
    """The draft with both pictures, sent."""
    pictures.keep(home.db, home.vault, draft.uid, "identity", jpeg(), NOW)
    pictures.keep(home.db, home.vault, draft.uid, "portrait", jpeg("tan"), NOW)
    drafts.send(home.db, home.vault, draft, checked(), station=1, now=NOW)
    return records.by_code(home.db, home.vault, draft.code)
