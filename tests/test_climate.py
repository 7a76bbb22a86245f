"""The table of local temperatures is typed at the desk, with a preview of what it does to the ladder."""

import re
from datetime import UTC, datetime

import pytest
from conftest import Desk, Home, Wearer

from station.communities import Policy
from station.db import transaction
from station.incidents import reports, urgency
from station.incidents.intake import Report
from station.incidents.reports import Door
from station.incidents.urgency import JILIN, Month
from station.issuing import records

PAGE = {"Accept": "text/html"}
JANUARY_NIGHT = datetime(2027, 1, 14, 19, 0, tzinfo=UTC)


def cells(months: tuple[Month, ...] = JILIN, **other: str) -> dict[str, str]:
    typed = {}
    for n, month in enumerate(months, 1):
        typed |= {f"coldest{n}": str(month.coldest), f"warmest{n}": str(month.warmest)}
    return typed | other


def send(desk: Desk, do: str = "save", **typed: str):
    return desk.post(
        "/desk/climate", data={"csrf_token": desk.token, "do": do, **cells(), **typed}, headers=PAGE
    )


def rung(page: str) -> list[str]:
    """What stands before each step of the preview."""
    return re.findall(r"<li><strong>(.*?)</strong>", page)


def test_the_form_begins_with_jilin_s_winters_and_says_that_it_is_an_example(home, at_desk):
    page = at_desk("secretary").get("/desk/climate", headers=PAGE).text
    assert 'value="-23"' in page
    assert "吉林市的常年气温作为例子" in page
    assert urgency.climate(home.db, 1) == (), "looking saves nothing"


@pytest.mark.parametrize("role", ["secretary", "operator"])
def test_what_is_saved_hurries_the_next_incident_and_is_on_record(home: Home, wang: Wearer, at_desk, role):
    assert send(at_desk(role)).status_code == 303
    assert urgency.climate(home.db, 1) == JILIN
    row = home.db.row("SELECT action, object, role FROM audit ORDER BY seq DESC LIMIT 1")
    assert tuple(row.values()) == ("climate.save", "station/1", role)
    badge = records.get(home.db, wang.badge_id)
    report = Report("r1", "with_elder")
    incident = reports.report(home.db, home.vault, Door(1, badge.serial), report, JANUARY_NIGHT).incident_id
    policy = Policy.load(home.db.scalar("SELECT policy FROM incident WHERE id = ?", incident))
    assert policy.steps[1].after_s == Policy().steps[1].after_s / 3


def test_the_preview_says_who_is_rung_when_and_why(home, at_desk):
    desk = at_desk("secretary")
    page = send(desk, "preview", month="1", time="03:00").text
    assert "一月 03:00" in page
    assert "约 -23" in page
    assert "30 分钟" in page
    assert rung(page)[:3] == ["立即", "15 秒后", "30 秒后"]
    assert "（平时45 秒后）" in page
    assert urgency.climate(home.db, 1) == (), "a preview saves nothing"
    mild = send(desk, "preview", month="5", time="14:00").text
    assert rung(mild)[:3] == ["立即", "45 秒后", "90 秒后"]
    assert "警报照常" in mild


def test_a_health_note_hurries_more(at_desk):
    desk = at_desk("secretary")
    without, with_note = (
        send(desk, "preview", month="10", time="22:00", **more).text for more in ({}, {"notes": "1"})
    )
    assert rung(without)[1] == "30 秒后"
    assert rung(with_note)[1] == "22.5 秒后"


@pytest.mark.parametrize("typed", ["-23", "－23", "−23℃", "零下23度", " -23 °C ", "负23"])
def test_degrees_are_read_as_people_write_them(home, at_desk, typed):
    assert send(at_desk("secretary"), coldest1=typed).status_code == 303
    assert urgency.climate(home.db, 1)[0].coldest == -23


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("coldest1", "", "请填数字"),
        ("coldest1", "冷", "请填数字"),
        ("coldest1", "1-2", "请填数字"),
        ("warmest3", "nan", "请填数字"),
        ("warmest12", "1e1", "请填数字"),
        ("coldest2", "-61", "-60 到 50"),
        ("warmest7", "51", "-60 到 50"),
        ("coldest7", "29", "最低气温比最高气温还高"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_lost(home, at_desk, field, typed, words):
    answer = send(at_desk("secretary"), **{field: typed, "coldest5": "8.5"})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert re.search(rf'id="{field}-err">[^<]*{words}', answer.text)
    assert 'value="8.5"' in answer.text
    assert urgency.climate(home.db, 1) == ()


def test_who_is_on_duty_may_look_and_not_save(home, at_desk):
    with transaction(home.db):
        urgency.set_climate(home.db, 1, JILIN)
    desk = at_desk("duty")
    page = desk.get("/desk/climate?month=1&time=03:00", headers=PAGE).text
    assert "约 -23" in page
    assert 'name="do"' not in page
    assert send(desk).status_code == 403
