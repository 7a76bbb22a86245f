"""The evidence as a PDF file: its text can be read, its pages belong together, and a copy can be compared."""

import hashlib
import re
from datetime import timedelta

import pypdfium2
import pytest
from conftest import NOW, Home, Wearer
from doors import scan
from provider import Provider
from watch import Watch, connect

from badges import document
from badges.document import Document, Table
from station.db import transaction
from station.incidents import acts
from station.incidents.acts import Move

DUTY = 2


@pytest.fixture
def incident(home: Home, wang: Wearer, gateway: Provider) -> int:
    """It rang for six minutes before it was closed, so that several pages are needed."""
    connect(home, gateway, NOW)
    watch = Watch(home, gateway, NOW)
    incident_id = scan(home, wang)
    for seconds in (0, 46, 91, 151, 301, 421):
        watch.at(seconds)
    later = NOW + timedelta(seconds=430)
    acts.move(home.db, home.vault, incident_id, Move("closed", 1, outcome="reunited"), by=DUTY, now=later)
    with transaction(home.db):
        home.db.write("UPDATE attempt SET provider_id = 'p-' || id")
    return incident_id


def pages(file: bytes) -> list[str]:
    opened = pypdfium2.PdfDocument(file)
    texts = [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in opened]
    opened.close()
    return texts


def taken(at_desk, incident: int, role: str = "duty", language: str = "zh") -> bytes:
    got = at_desk(role).get(f"/desk/incidents/{incident}/evidence.pdf?l={language}")
    assert (got.status_code, got.content_type) == (200, "application/pdf")
    return got.data


def test_every_page_names_station_incident_and_its_number(home, incident, at_desk):
    found = pages(taken(at_desk, incident))
    assert len(found) > 1
    for n, text in enumerate(found, 1):
        assert f"龙城社区防走失驿站，事件 #{incident}" in text
        assert f"第 {n} 页，共 {len(found)} 页" in text
    assert found[0].count("何时通知了谁、什么内容") == 1


def test_every_attempt_stands_there_with_the_station_s_own_time(home, incident, at_desk):
    text = "".join(pages(taken(at_desk, incident)))
    for row in home.db.rows("SELECT id FROM attempt"):
        assert re.search(rf"\bp-{row['id']}\b", text), row
    assert "2026-11-22 03:00:00 +08:00" in text, "19:00 in UTC"
    assert "Asia/Shanghai" in text
    for word in ("王强", "孙丽", "家属联系人 1", "回执", "phones"):
        assert word in text
    for hidden in ("王秀兰", "张伟", "19900000002", "糖尿病", "帝景小区"):
        assert hidden not in text


def test_a_copy_can_be_compared(home, incident, at_desk):
    found = pages(taken(at_desk, incident))
    whole, table = re.findall(r"\b[0-9a-f]{64}\b", found[-1].replace("\n", " "))
    assert all(f"SHA-256 {whole[:16]}" in text for text in found)
    row = home.db.row("SELECT action, detail FROM audit ORDER BY seq DESC LIMIT 1")
    assert (row["action"], row["detail"]) == ("incident.evidence", f"pdf {whole[:16]}")
    file = at_desk("duty").get(f"/desk/incidents/{incident}/evidence.csv").data
    assert table == hashlib.sha256(file).hexdigest()
    with transaction(home.db):
        home.db.write("UPDATE attempt SET provider_id = 'forged' WHERE id = 3")
    assert whole not in "".join(pages(taken(at_desk, incident)))


def test_it_speaks_english_too(incident, at_desk):
    found = pages(taken(at_desk, incident, language="en"))
    assert f"Page 1 of {len(found)}" in found[0]
    assert "Who was told what, when" in found[0]


def test_a_drill_says_so_on_every_page_and_in_the_names_of_its_files(home, incident, at_desk):
    with transaction(home.db):
        home.db.write("UPDATE incident SET kind = 'drill' WHERE id = ?", incident)
    found = pages(taken(at_desk, incident))
    assert all("演练" in text.splitlines()[0] for text in found)
    for ending in ("pdf", "csv"):
        got = at_desk("duty").get(f"/desk/incidents/{incident}/evidence.{ending}")
        assert f'"drill-{incident}.{ending}"' in got.headers["Content-Disposition"]


@pytest.mark.parametrize("role", ["worker", "operator"])
def test_who_acts_in_no_incident_gets_no_file(incident, at_desk, role):
    got = at_desk(role).get(
        f"/desk/incidents/{incident}/evidence.pdf", headers={"Accept": "application/json"}
    )
    assert got.status_code == 403


def document_of(*rows: list[str]) -> bytes:
    table = Table("Table", (("One", 30.0), ("Two", 243.0)), rows)
    return document.draw(Document("Title", "Heading", "Foot", "Page %(n)s of %(count)s", tables=(table,)))


def test_an_odd_character_never_keeps_the_evidence_back():
    """An emoji, a control character, a letter that runs from right to left, a rare character of a name."""
    [text] = pages(document_of(["a😀b", "\x07א"], ["鄠邑", "𠮷"]))
    assert "a〓b" in text
    assert "鄠邑" in text


def test_a_cell_longer_than_a_page_goes_on_over_the_page():
    found = pages(document_of(["x", "漫长 " * 4000], ["y", "end"]))
    assert len(found) > 1
    assert "".join(found).count("漫长") == 4000
    assert "end" in found[-1]


def test_the_same_content_is_the_same_file():
    assert document_of(["a", "b"]) == document_of(["a", "b"])
    assert document_of(["a", "b"]) != document_of(["a", "c"])


def test_the_fonts_are_inside():
    opened = pypdfium2.PdfDocument(document_of(["王强", "b"]))
    fonts = {one.get_font() for one in opened[0].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT])}
    assert fonts
    assert all(font.is_embedded for font in fonts)
    opened.close()


def test_each_character_stands_where_its_font_has_it():
    """An opening bracket fills the right half of its box."""
    opened = pypdfium2.PdfDocument(document_of(["（", "b"]))
    text = opened[0].get_textpage()
    left, _, _, _ = text.get_charbox(text.get_text_range().index("（"))
    assert left > (document.MARGIN + 0.4 * 2.9) * 72 / 25.4
    opened.close()
